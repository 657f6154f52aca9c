package dialer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
	"apel/media"

	"filippo.io/age"
)

func keeping(t *testing.T, u Upkeep) *Service {
	t.Helper()
	s, err := Open(Config{Data: t.TempDir(), Upkeep: u})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.store.Check(), s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// trailOf gives the entries of a verb.
func trailOf(t *testing.T, s *Service, verb string) (all []contactdb.AuditEntry) {
	t.Helper()
	for e, err := range s.store.AuditTrail(contactdb.AuditFilter{Verb: verb}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestARecordingIsEncryptedToEachRecipientAndThePlainOneIsGone(t *testing.T) {
	var keys []*age.X25519Identity
	u := Upkeep{}
	for range 2 {
		key, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		keys, u.Recipients = append(keys, key), append(u.Recipients, key.Recipient().String())
	}
	s := keeping(t, u)
	rel := "recordings/2026/11/25/a1.wav"
	plain := filepath.Join(s.cfg.Data, rel)
	if err := os.MkdirAll(filepath.Dir(plain), 0o700); err != nil {
		t.Fatal(err)
	}
	voice := bytes.Repeat([]byte("a voice "), 20_000)
	if err := os.WriteFile(plain, voice, 0o600); err != nil {
		t.Fatal(err)
	}
	stored, sum, err := s.sealRecording(rel, "plain")
	if err != nil || stored != rel+".age" {
		t.Fatal(stored, err)
	}
	left, err := filepath.Glob(filepath.Join(s.cfg.Data, "recordings/*/*/*/*"))
	if err != nil || len(left) != 1 || left[0] != plain+".age" {
		t.Errorf("on the disk: %v, %v", left, err)
	}
	if got, err := fileSum(plain + ".age"); err != nil || got != sum {
		t.Errorf("the sum is not of what is stored: %s, %v", got, err)
	}
	for i, key := range keys {
		f, err := s.OpenRecording(stored)
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
	s := keeping(t, Upkeep{Recipients: []string{key.Recipient().String()}})
	rel := "recordings/2026/11/25/a1.wav"
	plain := filepath.Join(s.cfg.Data, rel)
	if err := os.MkdirAll(plain+".age.part", 0o700); err != nil { // in the way
		t.Fatal(err)
	}
	if err := os.WriteFile(plain, []byte("a voice"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.sealRecording(rel, "plain"); err == nil {
		t.Fatal("nothing was in the way")
	}
	there := func() bool { _, err := os.Stat(plain); return err == nil }
	s.sealLeft(time.Now())
	if !there() {
		t.Error("a recording that its call may be encrypting was taken")
	}
	s.sealLeft(time.Now().Add(time.Hour)) // still in the way
	if !there() {
		t.Error("a recording that cannot be encrypted is lost")
	}
	if err := os.Remove(plain + ".age.part"); err != nil {
		t.Fatal(err)
	}
	s.sealLeft(time.Now().Add(time.Hour))
	if there() {
		t.Error("the recording is plain still")
	}
	f, err := s.OpenRecording(rel) // as its record says
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
	if _, err := Open(Config{Data: t.TempDir(), Upkeep: Upkeep{Recipients: []string{"age1nonsense"}}}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "keygen") {
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
		s := keeping(t, Upkeep{Recipients: []string{key.Recipient().String()}})
		now := time.Now()
		a := attemptOf(t, s, now)
		rel := "recordings/2026/11/25/" + a.ID + ".wav"
		rec, err := media.NewRecorder(filepath.Join(s.cfg.Data, rel), nil)
		if err != nil {
			t.Fatal(err)
		}
		if how == "encrypted" {
			if _, err := rec.Close(); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.sealRecording(rel, ""); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.store.Note(a.ID, contactdb.Notes{PlacedAt: now, Recording: rel}); err != nil {
			t.Fatal(err)
		}
		if err := s.store.Remember("x", []byte("y")); err != nil { // a note is not waited for, this is
			t.Fatal(err)
		}
		live, err := s.store.Live()
		if err != nil || len(live) != 1 {
			t.Fatal(live, err)
		}
		s.finishRecording(live[0])
		if _, err := s.store.Recover(context.Background(), "", now, func(contactdb.Attempt) (time.Time, string) { return now, "" }); err != nil {
			t.Fatal(err)
		}
		r, err := s.store.RecordOf(a.ID)
		sum, err2 := fileSum(filepath.Join(s.cfg.Data, rel+".age"))
		if err != nil || err2 != nil || r.Recording != rel+".age" || r.RecordingSHA256 != sum {
			t.Errorf("%s: record %q %q, stored %q; %v %v", how, r.Recording, r.RecordingSHA256, sum, err, err2)
		}
		if _, err := os.Stat(filepath.Join(s.cfg.Data, rel)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: the plain recording is there: %v", how, err)
		}
		if how == "recording" {
			_, _ = rec.Close() // its file is gone from under it
		}
	}
}

// attemptOf makes one live attempt.
func attemptOf(t *testing.T, s *Service, now time.Time) contactdb.Attempt {
	t.Helper()
	if _, err := s.store.ApplyCampaign("c", []byte("v1"), now); err != nil {
		t.Fatal(err)
	}
	_, err := s.store.Import(context.Background(), "l", now, func(yield func(contactdb.Contact, error) bool) {
		yield(contactdb.Contact{Phone: "+40722111333", Zones: []string{"Europe/Bucharest"}}, nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.store.Lease(context.Background(), contactdb.LeaseRequest{
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
	s := keeping(t, Upkeep{Recordings: 30 * 24 * time.Hour})
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for _, day := range []string{"2026/09/01", "2026/10/25", "2026/10/26", "2026/11/25", "2026/99/99"} {
		dir := filepath.Join(s.cfg.Data, "recordings", day)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "a.wav"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.retain(now)
	left, err := filepath.Glob(filepath.Join(s.cfg.Data, "recordings/*/*/*/a.wav"))
	if err != nil || len(left) != 3 || !strings.Contains(left[0], "2026/10/26") {
		t.Errorf("left %v, %v", left, err)
	}
	all := trailOf(t, s, "retention.recordings")
	if len(all) != 2 || all[0].Object != "recordings/2026/09/01" || all[0].Who != "apel" || all[0].Detail["files"] != "1" {
		t.Errorf("%+v", all)
	}
}

// Each kind goes when its own time is over and not before, and the trail says which.
func TestWhatIsKeptOfACallGrowsLessAsTimeGoesBy(t *testing.T) {
	const aDay = 24 * time.Hour
	s := keeping(t, Upkeep{Notes: 30 * aDay, Verdicts: 40 * aDay, Numbers: 60 * aDay, Contacts: 90 * aDay})
	called := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	a := attemptOf(t, s, called)
	_, err := s.store.Settle(context.Background(), contactdb.Settlement{Record: contactdb.Record{ID: a.ID, PlacedAt: called, EndedAt: called, Outcome: contactdb.Busy, Note: "secret"},
		NextTry: called.Add(aDay), Evidence: []byte("heard")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.store.Audit(context.Background(), contactdb.AuditEntry{At: called, Who: "ana", Verb: "contact.edit", Phone: a.Contact.Phone, After: map[string]string{"name": "Ana"}}); err != nil {
		t.Fatal(err)
	}
	left := func() (all []string) {
		r, err := s.store.RecordOf(a.ID)
		edits := trailOf(t, s, "contact.edit")
		contacts, err2 := s.store.ContactsByPhone(a.Contact.Phone)
		_, err3 := s.store.Evidence(a.ID)
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
		s.retain(called.Add(time.Duration(at.days) * aDay))
		if got := strings.Join(left(), ", "); got != at.left {
			t.Errorf("after %d days there are %q, want %q", at.days, got, at.left)
		}
	}
	for verb, want := range map[string]int{"notes": 2, "numbers": 2, "verdicts": 1, "contacts": 1} { // of records and of the trail
		if n := len(trailOf(t, s, "retention."+verb)); n != want {
			t.Errorf("%s: %d entries of the trail, want %d", verb, n, want)
		}
	}
	if v, err := s.store.Verify(context.Background()); err != nil || !v.OK {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestADiskThatIsNearlyFullRefusesToDial(t *testing.T) {
	s := keeping(t, Upkeep{MinFree: 1 << 60})
	if err := s.checkSpace(); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "make room") {
		t.Error(err)
	}
	if _, err := s.ResumeCampaign("c"); !errors.Is(err, ErrRefused) {
		t.Error(err)
	}
	if err := keeping(t, Upkeep{MinFree: 1}).checkSpace(); err != nil {
		t.Error(err)
	}
}

func TestAnchorsAreKeptOnceADayAlsoOverARestart(t *testing.T) {
	var kept []contactdb.Heads
	u := Upkeep{AnchorEvery: 24 * time.Hour, Anchor: func(_ context.Context, h contactdb.Heads) (string, error) {
		kept = append(kept, h)
		return "elsewhere", nil
	}}
	s := keeping(t, u)
	now := time.Now()
	if again := s.anchor(now); again != u.AnchorEvery || len(kept) != 1 {
		t.Errorf("again in %s, kept %v", again, kept)
	}
	if wait := s.nextAnchor(now.Add(20 * time.Hour)); wait != 4*time.Hour {
		t.Errorf("the next in %s", wait)
	}
	if e := trailOf(t, s, "record.anchor"); len(e) != 1 || e[0].Detail["where"] != "elsewhere" {
		t.Errorf("%+v", e)
	}
	s.cfg.Upkeep.Anchor = func(context.Context, contactdb.Heads) (string, error) { return "", errors.New("no network") }
	if again := s.anchor(now); again != anchorRetry || len(trailOf(t, s, "record.anchor")) != 1 {
		t.Errorf("an anchor that was not kept: again in %s", again)
	}
}

func TestRowsThatImportsRefusedAreForgottenWithOldContacts(t *testing.T) {
	s := keeping(t, Upkeep{Contacts: 30 * 24 * time.Hour})
	now := time.Now()
	dir := filepath.Join(s.cfg.Data, "rejects")
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
	s.retain(now)
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 || filepath.Base(left[0]) != "new.csv" {
		t.Errorf("left %v, %v", left, err)
	}
	if all := trailOf(t, s, "retention.rejects"); len(all) != 1 || all[0].Detail["files"] != "1" {
		t.Errorf("%+v", all)
	}
}
