package keep

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"apel/contactdb"
	"apel/media"

	"filippo.io/age"
	"go.uber.org/zap"
)

func keeping(t *testing.T, r Rules) *Keeper {
	t.Helper()
	dir := t.TempDir()
	store, err := contactdb.Open(contactdb.Config{Path: filepath.Join(dir, "apel.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(store.Check(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	k, err := New(Config{Dir: dir, Store: store, Log: zap.NewNop(), Rules: r})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// trailOf gives the entries of a verb.
func trailOf(t *testing.T, k *Keeper, verb string) (all []contactdb.AuditEntry) {
	t.Helper()
	for e, err := range k.store.AuditTrail(contactdb.AuditFilter{Verb: verb}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestARecordingIsEncryptedToEachRecipientAndThePlainOneIsGone(t *testing.T) {
	var keys []*age.X25519Identity
	u := Rules{}
	for range 2 {
		key, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		keys, u.Recipients = append(keys, key), append(u.Recipients, key.Recipient().String())
	}
	k := keeping(t, u)
	rel := "recordings/2026/11/25/a1.wav"
	plain := filepath.Join(k.dir, rel)
	if err := os.MkdirAll(filepath.Dir(plain), 0o700); err != nil {
		t.Fatal(err)
	}
	voice := bytes.Repeat([]byte("a voice "), 20_000)
	if err := os.WriteFile(plain, voice, 0o600); err != nil {
		t.Fatal(err)
	}
	stored, sum, err := k.Seal(rel, "plain")
	if err != nil || stored != rel+".age" {
		t.Fatal(stored, err)
	}
	left, err := filepath.Glob(filepath.Join(k.dir, "recordings/*/*/*/*"))
	if err != nil || len(left) != 1 || left[0] != plain+".age" {
		t.Errorf("on the disk: %v, %v", left, err)
	}
	if got, err := fileSum(plain + ".age"); err != nil || got != sum {
		t.Errorf("the sum is not of what is stored: %s, %v", got, err)
	}
	for i, key := range keys {
		f, err := k.OpenRecording(stored)
		if err != nil {
			t.Fatal(err)
		}
		r, err := age.Decrypt(f, key)
		if err != nil {
			t.Fatalf("recipient %d: %v", i, err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, voice) {
			t.Errorf("recipient %d hears something else, %v", i, err)
		}
		f.Close()
	}
}

func TestARecordingThatCouldNotBeEncryptedIsLater(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	k := keeping(t, Rules{Recipients: []string{key.Recipient().String()}})
	rel := "recordings/2026/11/25/a1.wav"
	plain := filepath.Join(k.dir, rel)
	if err := os.MkdirAll(plain+".age.part", 0o700); err != nil { // in the way
		t.Fatal(err)
	}
	if err := os.WriteFile(plain, []byte("a voice"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := k.Seal(rel, "plain"); err == nil {
		t.Fatal("nothing was in the way")
	}
	there := func() bool { _, err := os.Stat(plain); return err == nil }
	k.sealLeft(time.Now())
	if !there() {
		t.Error("a recording that its call may be encrypting was taken")
	}
	k.sealLeft(time.Now().Add(time.Hour)) // still in the way
	if !there() {
		t.Error("a recording that cannot be encrypted is lost")
	}
	if err := os.Remove(plain + ".age.part"); err != nil {
		t.Fatal(err)
	}
	k.sealLeft(time.Now().Add(time.Hour))
	if there() {
		t.Error("the recording is plain still")
	}
	f, err := k.OpenRecording(rel) // as its record says
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := age.Decrypt(f, key)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != "a voice" {
		t.Errorf("heard is %q, %v", got, err)
	}
}

func TestARecipientThatIsNoneIsRefusedAtOnce(t *testing.T) {
	if _, err := New(Config{Rules: Rules{Recipients: []string{"age1nonsense"}}}); err == nil || !strings.Contains(err.Error(), "keygen") {
		t.Error(err)
	}
}

// A service is killed after a recording was encrypted and before it was noted,
// or in the middle of a call: the next life finds either.
func TestARecordingOfTheLastLifeIsEncryptedToo(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"recording", "encrypted"} {
		k := keeping(t, Rules{Recipients: []string{key.Recipient().String()}})
		now := time.Now()
		a := attemptOf(t, k, now)
		rel := "recordings/2026/11/25/" + a.ID + ".wav"
		rec, err := media.NewRecorder(filepath.Join(k.dir, rel), nil)
		if err != nil {
			t.Fatal(err)
		}
		if how == "encrypted" {
			if _, err := rec.Close(); err != nil {
				t.Fatal(err)
			}
			if _, _, err := k.Seal(rel, ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.store.Note(a.ID, contactdb.Notes{PlacedAt: now, Recording: rel}); err != nil {
			t.Fatal(err)
		}
		if err := k.store.Remember("x", []byte("y")); err != nil { // a note is not waited for, this is
			t.Fatal(err)
		}
		live, err := k.store.Live()
		if err != nil || len(live) != 1 {
			t.Fatal(live, err)
		}
		k.Finish(live[0])
		if _, err := k.store.Recover(context.Background(), "", now, func(contactdb.Attempt) (time.Time, string) { return now, "" }); err != nil {
			t.Fatal(err)
		}
		r, err := k.store.RecordOf(a.ID)
		sum, err2 := fileSum(filepath.Join(k.dir, rel+".age"))
		if err != nil || err2 != nil || r.Recording != rel+".age" || r.RecordingSHA256 != sum {
			t.Errorf("%s: record %q %q, stored %q; %v %v", how, r.Recording, r.RecordingSHA256, sum, err, err2)
		}
		if _, err := os.Stat(filepath.Join(k.dir, rel)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the plain recording is there: %v", how, err)
		}
		if how == "recording" {
			_, _ = rec.Close() // its file is gone from under it
		}
	}
}

// attemptOf makes one live attempt.
func attemptOf(t *testing.T, k *Keeper, now time.Time) contactdb.Attempt {
	t.Helper()
	if _, err := k.store.ApplyCampaign("c", []byte("v1"), now); err != nil {
		t.Fatal(err)
	}
	_, err := k.store.Import(context.Background(), "l", now, func(yield func(contactdb.Contact, error) bool) {
		yield(contactdb.Contact{Phone: "+40722111333", Zones: []string{"Europe/Bucharest"}}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	res, err := k.store.Lease(context.Background(), contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: "c", Now: now}, Version: 1, Lists: []contactdb.Source{{List: "l"}}, Max: 1, Owner: "x", TTL: time.Hour,
		Open:  func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict { return contactdb.Verdict{Kind: contactdb.Yes} },
	})
	if err != nil || len(res.Attempts) != 1 {
		t.Fatal(res, err)
	}
	return res.Attempts[0]
}

func TestOldRecordingsAreForgottenByTheDayAndItIsWrittenDown(t *testing.T) {
	k := keeping(t, Rules{Recordings: 30 * 24 * time.Hour})
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, day := range []string{"2026/09/01", "2026/10/25", "2026/10/26", "2026/11/25", "2026/99/99"} {
		dir := filepath.Join(k.dir, "recordings", day)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "a.wav"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k.retain(now)
	left, err := filepath.Glob(filepath.Join(k.dir, "recordings/*/*/*/a.wav"))
	if err != nil || len(left) != 3 || !strings.Contains(left[0], "2026/10/26") {
		t.Errorf("left %v, %v", left, err)
	}
	all := trailOf(t, k, "retention.recordings")
	if len(all) != 2 || all[0].Object != "recordings/2026/09/01" || all[0].Who != "apel" || all[0].Detail["files"] != "1" {
		t.Errorf("%+v", all)
	}
}

// Each kind goes when its own time is over and not before, and the trail says which.
func TestWhatIsKeptOfACallGrowsLessAsTimeGoesBy(t *testing.T) {
	const aDay = 24 * time.Hour
	k := keeping(t, Rules{Notes: 30 * aDay, Verdicts: 40 * aDay, Numbers: 60 * aDay, Contacts: 90 * aDay})
	called := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	a := attemptOf(t, k, called)
	_, err := k.store.Settle(context.Background(), contactdb.Settlement{Record: contactdb.Record{ID: a.ID, PlacedAt: called, EndedAt: called, Outcome: contactdb.Busy, Note: "secret"},
		NextTry: called.Add(aDay), Evidence: []byte("heard")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.store.Audit(context.Background(), contactdb.AuditEntry{At: called, Who: "ana", Verb: "contact.edit", Phone: a.Contact.Phone, After: map[string]string{"name": "Ana"}}); err != nil {
		t.Fatal(err)
	}
	left := func() (all []string) {
		r, err := k.store.RecordOf(a.ID)
		edits := trailOf(t, k, "contact.edit")
		contacts, err2 := k.store.ContactsByPhone(a.Contact.Phone)
		_, err3 := k.store.Evidence(a.ID)
		if err != nil || err2 != nil || err3 != nil && !errors.Is(err3, contactdb.ErrNotFound) || len(edits) != 1 || r.Outcome != contactdb.Busy || edits[0].Who != "ana" {
			t.Fatal(r, edits, err, err2, err3)
		}
		for _, k := range []struct {
			what  string
			there bool
		}{
			{"note", r.Note == "secret"}, {"edit", edits[0].After["name"] == "Ana"}, {"verdict", err3 == nil},
			{"number", r.Phone == a.Contact.Phone}, {"whose edit", edits[0].Phone == a.Contact.Phone}, {"contact", len(contacts) == 1},
		} {
			if k.there {
				all = append(all, k.what)
			}
		}
		return all
	}
	for _, at := range []struct {
		days int
		left string
	}{
		{30, "note, edit, verdict, number, whose edit, contact"}, {31, "verdict, number, whose edit, contact"}, {40, "verdict, number, whose edit, contact"},
		{41, "number, whose edit, contact"}, {60, "number, whose edit, contact"}, {61, "contact"}, {90, "contact"}, {91, ""},
	} {
		k.retain(called.Add(time.Duration(at.days) * aDay))
		if got := strings.Join(left(), ", "); got != at.left {
			t.Errorf("after %d days there are %q, want %q", at.days, got, at.left)
		}
	}
	for verb, want := range map[string]int{"notes": 2, "numbers": 2, "verdicts": 1, "contacts": 1} { // of records and of the trail
		if n := len(trailOf(t, k, "retention."+verb)); n != want {
			t.Errorf("%s: %d entries of the trail, want %d", verb, n, want)
		}
	}
	if v, err := k.store.Verify(context.Background()); err != nil || !v.OK {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestADiskThatIsNearlyFullHasNoRoom(t *testing.T) {
	k := keeping(t, Rules{MinFree: 1 << 60})
	if err := k.Room(); err == nil || !strings.Contains(err.Error(), "make room") {
		t.Error(err)
	}
	if err := keeping(t, Rules{MinFree: 1}).Room(); err != nil {
		t.Error(err)
	}
}

func TestAnchorsAreKeptOnceADayAlsoOverARestart(t *testing.T) {
	var kept []contactdb.Heads
	u := Rules{AnchorEvery: 24 * time.Hour, Anchor: func(_ context.Context, h contactdb.Heads) (string, error) {
		kept = append(kept, h)
		return "elsewhere", nil
	}}
	k := keeping(t, u)
	now := time.Now()
	if again := k.anchor(now); again != u.AnchorEvery || len(kept) != 1 {
		t.Errorf("again in %s, kept %v", again, kept)
	}
	if wait := k.nextAnchor(now.Add(20 * time.Hour)); wait != 4*time.Hour {
		t.Errorf("the next in %s", wait)
	}
	if e := trailOf(t, k, "record.anchor"); len(e) != 1 || e[0].Detail["where"] != "elsewhere" {
		t.Errorf("%+v", e)
	}
	k.rules.Anchor = func(context.Context, contactdb.Heads) (string, error) { return "", errors.New("no network") }
	if again := k.anchor(now); again != anchorRetry || len(trailOf(t, k, "record.anchor")) != 1 {
		t.Errorf("an anchor that was not kept: again in %s", again)
	}
}

func TestRowsThatImportsRefusedAreForgottenWithOldContacts(t *testing.T) {
	k := keeping(t, Rules{Contacts: 30 * 24 * time.Hour})
	now := time.Now()
	dir := filepath.Join(k.dir, "rejects")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"old.csv": 31 * 24 * time.Hour, "new.csv": time.Hour} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("Ana;+40"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	k.retain(now)
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 || filepath.Base(left[0]) != "new.csv" {
		t.Errorf("left %v, %v", left, err)
	}
	if all := trailOf(t, k, "retention.rejects"); len(all) != 1 || all[0].Detail["files"] != "1" {
		t.Errorf("%+v", all)
	}
}

func TestAnErasedPersonsRecordingIsNotEncryptedMeanwhile(t *testing.T) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	k := keeping(t, Rules{Recipients: []string{key.Recipient().String()}})
	rel := "recordings/2026/11/25/a1.wav"
	plain := filepath.Join(k.dir, rel)
	if err := os.MkdirAll(filepath.Dir(plain), 0o700); err != nil {
		t.Fatal(err)
	}
	slow := filepath.Join(k.dir, "slow") // a pipe: it is opened once somebody writes
	if err := errors.Join(syscall.Mkfifo(plain, 0o600), os.Link(plain, slow)); err != nil {
		t.Fatal(err)
	}
	var both sync.WaitGroup
	sealing := make(chan struct{})
	both.Go(func() {
		close(sealing)
		_, _, _ = k.Seal(rel, "plain") // or it comes too late, and finds nothing
	})
	<-sealing
	time.Sleep(20 * time.Millisecond) // it is on its way
	erased := make(chan error, 1)
	both.Go(func() { erased <- k.removeRecordings([]string{rel}) })
	for range 20 { // until it is removed, or waits
		if _, err := os.Stat(plain); err != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	over := make(chan struct{})
	go func() { both.Wait(); close(over) }()
	for going := true; going; {
		voice, err := os.OpenFile(slow, os.O_RDWR, 0) // does not wait for a reader
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-over:
			going = false
		case <-time.After(5 * time.Millisecond): // the reader has it open
		}
		voice.Close()
	}
	if err := <-erased; err != nil {
		t.Fatal(err)
	}
	if left, err := filepath.Glob(plain + "*"); err != nil || len(left) > 0 {
		t.Fatalf("the person is erased, and left are %v, %v", left, err)
	}
}

// A disk that refused something leaves the part of a recording that was written.
func TestTheBeginningOfARecordingIsErasedToo(t *testing.T) {
	k := keeping(t, Rules{})
	rel := "recordings/2026/11/25/a1.wav"
	part := filepath.Join(k.dir, rel+".part")
	if err := os.MkdirAll(filepath.Dir(part), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(part, []byte("a voice"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := k.removeRecordings([]string{rel}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(part); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the voice is there still: %v", err)
	}
}
