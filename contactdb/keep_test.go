package contactdb

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Folds go on all the time, in many steps each: between two of them the file holds
// the half of a layer, and no backup may.
func TestABackupIsOneWholeViewWhileCallsGoOn(t *testing.T) {
	s := newUnchecked(t, 4<<10)
	defer s.Close()
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 400)...)
	attempts := mustLease(t, s, request("c", 400, "a")).Attempts
	var all sync.WaitGroup
	settled := make(chan struct{})
	for part := range 4 {
		all.Go(func() {
			for i := part; i < len(attempts); i += 4 {
				mustSettle(t, s, ended(attempts[i], Busy, monday.Add(time.Duration(i)*time.Second), monday.Add(time.Hour)))
			}
		})
	}
	go func() { all.Wait(); close(settled) }()
	for n, more := 0, true; more; n++ {
		select {
		case <-settled:
			more = false
		default:
		}
		var copied bytes.Buffer
		if _, err := s.Backup(bg, &copied); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), fmt.Sprintf("backup-%d.db", n))
		if err := os.WriteFile(path, copied.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		v, err := openStore(t, path).Verify(bg) // is checked at the end
		if err != nil || !v.OK || !more && v.Records != 400 {
			t.Errorf("copy %d: %+v, %v", n, v, err)
		}
	}
}

func TestStatsCountTheFreePages(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "l", people(0, 2000)...)
	if err := s.RemoveList("l"); err != nil {
		t.Fatal(err)
	}
	st, err := s.Stats()
	if err != nil || st.FreeBytes < 100_000 || st.FreeBytes >= st.Bytes {
		t.Errorf("%d of %d bytes are free, %v", st.FreeBytes, st.Bytes, err)
	}
}

func TestWhatWasErasedIsInTheFileUntilItIsCompacted(t *testing.T) {
	s := known(t)
	path := s.db.Path()
	if _, err := s.Erase(bg, Erasure{Phone: person(7).Phone, Reason: "erased", Now: monday.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Compact(path); !errors.Is(err, ErrInUse) {
		t.Errorf("compact of an open store: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	before, after, err := Compact(path)
	if err != nil || after == 0 || after > before {
		t.Fatalf("%d to %d, %v", before, after, err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{person(7).Phone, "+40213334444", "Vâlceanu", "Turnu Severin"} {
		if bytes.Contains(raw, []byte(text)) {
			t.Errorf("%q is in the compacted file", text)
		}
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	again := openStore(t, path)
	if v, err := again.Verify(bg); err != nil || !v.OK {
		t.Errorf("%+v, %v", v, err)
	}
	if c, err := again.PutContact(Contact{List: "a", Phone: "+40711111111"}, monday); err != nil || c.ID != 6 {
		t.Errorf("ids after compacting: %d, %v", c.ID, err)
	}
}

func TestARestoredBackupTakesThePlaceAndTheOldOneIsKept(t *testing.T) {
	backup := settledStore(t, 5)
	s := newStore(t)
	path := s.db.Path()
	mustImport(t, s, "other", person(1))
	if _, err := Restore(backup, path, monday); !errors.Is(err, ErrInUse) {
		t.Errorf("restore under an open store: %v", err)
	}
	if _, err := Restore(path, filepath.Join(t.TempDir(), "new.db"), monday); !errors.Is(err, ErrInUse) {
		t.Errorf("restore of an open store: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := Restore(backup, path, monday)
	if err != nil || !strings.HasSuffix(kept, ".before-20260302T090000Z") {
		t.Fatal(kept, err)
	}
	if v, err := openStore(t, path).Verify(bg); err != nil || v.Records != 5 {
		t.Errorf("restored: %+v, %v", v, err)
	}
	if _, err := openStore(t, kept).List("other"); err != nil {
		t.Errorf("what stood there before: %v", err)
	}
}

func TestADamagedBackupIsRefusedAndNothingIsChanged(t *testing.T) {
	backup := settledStore(t, 50)
	whole, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.db")
	if err := os.WriteFile(cut, whole[:12<<10], 0o600); err != nil {
		t.Fatal(err)
	}
	path := settledStore(t, 3)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(cut, path, monday); !errors.Is(err, ErrDamaged) {
		t.Errorf("a backup that was cut off: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the store was changed, %v", err)
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// spoilRecord spoils the head of the page that holds a record.
func spoilRecord(t *testing.T, path string, n int) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(whole, fmt.Appendf(nil, `{"id":"a%012d"`, n))
	if at < 0 {
		t.Fatal("the record is not where it was thought")
	}
	page := at / os.Getpagesize() * os.Getpagesize()
	for i := range 64 {
		whole[page+i] = 0xEE
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A page of the records is spoilt: what lies in it is lost, and only that.
func TestSalvageSavesWhatIsNotSpoilt(t *testing.T) {
	path := settledStore(t, 300)
	spoilRecord(t, path, 150)
	if _, err := Open(Config{Path: path}); !errors.Is(err, ErrDamaged) {
		t.Fatalf("the damaged store opens: %v", err)
	}
	to := filepath.Join(t.TempDir(), "saved.db")
	parts, err := Salvage(path, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		switch {
		case p.Name == "records" && (len(p.Lost) == 0 || p.Rows < 250 || p.Rows >= 300):
			t.Errorf("records: %+v", p)
		case p.Name == "contacts" && (len(p.Lost) > 0 || p.Rows != 300):
			t.Errorf("contacts: %+v", p)
		}
	}
	s, err := Open(Config{Path: to})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if cs := collect(t, s.Contacts("l")); len(cs) != 300 {
		t.Errorf("%d contacts saved", len(cs))
	}
	if v, err := s.Verify(bg); err != nil || v.OK || v.BadAt < 2 || v.BadAt > 150 {
		t.Errorf("the chain of what is left: %+v, %v", v, err)
	}
	if _, err := Salvage(path, to); !errors.Is(err, ErrExists) {
		t.Errorf("salvage over a file: %v", err)
	}
}

// Once the compacted file is in its place, somebody who waited may open it and
// write a journal: the end of Compact must not take that away.
func TestAStoreThatHasHaltedLeavesTheJournalToTheNext(t *testing.T) {
	s := newStore(t)
	if err := s.Remember("x", []byte("y")); err != nil {
		t.Fatal(err)
	}
	if err := s.halt(); err != nil {
		t.Fatal(err)
	}
	name := journalPath(s.db.Path(), 0)
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the journal after the end of writing: %v", err)
	}
	if err := os.WriteFile(name, []byte("the next one's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); err != nil {
		t.Error(err)
	}
}
