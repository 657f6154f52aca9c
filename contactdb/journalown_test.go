package contactdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// What was done last is in the journal alone: without it the store is an older one
// that does not know it, and its calls would be made twice.
func TestAJournalThatWasTakenAwayIsMissed(t *testing.T) {
	for what, taken := range map[string][]int{"one": {0}, "the other": {1}, "both": {0, 1}} {
		t.Run(what, func(t *testing.T) {
			path := leftBehind(t, 3)
			for _, n := range taken {
				if err := os.Remove(journalPath(path, n)); err != nil {
					t.Fatal(err)
				}
			}
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(Config{Path: path}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), journalPath(path, taken[0])) {
				t.Fatalf("opened: %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed: %v", err)
			}
			to := filepath.Join(t.TempDir(), "saved.db")
			parts, err := Salvage(path, to)
			if err != nil || !strings.Contains(fmt.Sprint(parts), "is missing") {
				t.Errorf("saved: %v, %v", parts, err)
			}
			openStore(t, to)
		})
	}
}

// A store that was closed has no journal, and misses none.
func TestWhoWasClosedOpensWithoutAJournal(t *testing.T) {
	path := leftBehind(t, 3)
	for range 2 {
		s, err := Open(Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Remember("0", []byte("x")); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for n := range journalEnds {
			if _, err := os.Stat(journalPath(path, n)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it left a journal: %v", err)
			}
		}
	}
}

func TestAnotherStoresJournalIsRefusedAndLeftAlone(t *testing.T) {
	foreign, err := os.ReadFile(journalPath(leftBehind(t, 3), 0))
	if err != nil {
		t.Fatal(err)
	}
	for what, path := range map[string]string{"beside a closed store": settledStore(t, 1), "beside one that was killed": leftBehind(t, 3)} {
		t.Run(what, func(t *testing.T) {
			name := journalPath(path, 1)
			if err := os.WriteFile(name, foreign, 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(Config{Path: path}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), name) {
				t.Errorf("opened: %v, %v", s, err)
			}
			if after, err := os.ReadFile(name); err != nil || !bytes.Equal(after, foreign) {
				t.Errorf("it was changed: %v", err)
			}
		})
	}
}

// A batch that another store wrote does not pass for one's own, even behind one's
// own head and with the right number.
func TestABatchOfAnotherStoreIsNotOurs(t *testing.T) {
	path, other := leftBehind(t, 3), leftBehind(t, 5)
	ours, err := os.ReadFile(journalPath(path, 0))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := os.ReadFile(journalPath(other, 0))
	if err != nil {
		t.Fatal(err)
	}
	copy(theirs, ours[:journalHead])
	if err := os.WriteFile(journalPath(other, 0), theirs, 0o600); err != nil {
		t.Fatal(err)
	}
	all, kind, err := readJournalFile(journalPath(other, 0), ours[len(journalMark):journalHead])
	if err != nil || kind != journalOurs || len(all) != 0 {
		t.Errorf("%d batches, %v, %v", len(all), kind, err)
	}
}

// It cannot be made: nothing was written that somebody may rest on, so the next
// write tries again.
func TestAJournalThatCannotBeMadeIsMadeLater(t *testing.T) {
	s := newStore(t)
	fails := 3
	create := s.journal.create
	s.journal.create = func(name string) (journalFile, error) { // the committer is idle
		if fails--; fails >= 0 {
			return nil, &os.PathError{Op: "open", Path: name, Err: syscall.EMFILE}
		}
		return create(name)
	}
	for range 3 {
		if err := s.Remember("0", []byte("x")); !errors.Is(err, syscall.EMFILE) || errors.Is(err, ErrDamaged) {
			t.Errorf("remembered: %v", err)
		}
	}
	for range 2 {
		if err := s.Remember("0", []byte("x")); err != nil {
			t.Error(err)
		}
	}
	if n := remembered(t, openStore(t, copyStore(t, s.db.Path())), 1); n != 1 {
		t.Error("what was remembered is lost")
	}
}

// A backup needs no journal, whatever goes on beside it.
func TestABackupOpensWithoutTheJournal(t *testing.T) {
	s := newStore(t)
	for n := range 4 {
		if err := s.Remember(fmt.Sprint(n), []byte("x")); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := s.Backup(bg, &b); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(t.TempDir(), fmt.Sprint(n))
		if err := os.WriteFile(to, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := remembered(t, openStore(t, to), 4); got != n+1 {
			t.Errorf("%d values of %d", got, n+1)
		}
		if got := remembered(t, openStore(t, copyStore(t, s.db.Path())), 4); got != n+1 { // killed behind the backup
			t.Errorf("the store has %d values of %d", got, n+1)
		}
	}
}

// Restored over a store that was killed: its journal still lies there, and is kept
// with the old store. The restored one lets go of it, and of no other.
func TestARestoredStoreLetsGoOfTheJournalOfTheOneBefore(t *testing.T) {
	path, backup := leftBehind(t, 3), settledStore(t, 1)
	if _, err := Restore(backup, path, monday); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(journalPath(leftBehind(t, 1), 0))
	if err == nil {
		err = os.WriteFile(journalPath(path, 0), foreign, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Path: path}); !errors.Is(err, ErrDamaged) {
		t.Errorf("opened beside a third store's journal: %v", err)
	}
}

// The program before wrote another kind of journal, and the file did not say so.
func TestTheJournalOfTheProgramBeforeIsReadOnceMore(t *testing.T) {
	path := leftBehind(t, 5)
	withBolt(t, path, func(tx *bbolt.Tx) {
		_ = tx.Bucket(bMeta).Delete(kJournaled)
		_ = tx.Bucket(bMeta).Put(kSchema, be64(nil, 7))
	})
	b, err := os.ReadFile(journalPath(path, 0))
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := readJournalFile(journalPath(path, 0), b[len(journalMark):journalHead])
	if err != nil || len(all) != 5 {
		t.Fatal(len(all), err)
	}
	copy(b, journalOld)
	for _, k := range all { // as it summed
		head := b[int(k.end)-len(k.ops)-batchHead:]
		binary.BigEndian.PutUint32(head[12:], crc32.Checksum(k.ops, castagnoli))
		binary.BigEndian.PutUint32(head[16:], crc32.Checksum(head[:16], castagnoli))
	}
	if err := os.WriteFile(journalPath(path, 0), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(journalPath(path, 1)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := openStore(t, path)
		if n := remembered(t, s, 5); n != 5 {
			t.Errorf("%d of 5 values", n)
		}
		if err := s.Remember("0", []byte("x")); err != nil {
			t.Fatal(err)
		}
		path = copyStore(t, path)
	}
}

// Who waits for a store opens, and looks through, the one that is in its place when
// the lock is free, and not the one that was there before.
func TestWhoWaitsLooksThroughWhatIsThereWhenTheLockIsFree(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	s := openStore(t, path)
	other := settledStore(t, 3)
	spoilRecord(t, other, 2)
	opened := make(chan error)
	go func() {
		s, err := Open(Config{Path: path, Timeout: time.Minute})
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	waitFor(t, path)
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; !errors.Is(err, ErrDamaged) {
		t.Errorf("what was put in place is spoilt, and opening it gives %v", err)
	}
}

// waitFor waits until a second descriptor of a file is open in this process.
func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 10_000 {
		names, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no /proc here")
		}
		n := 0
		for _, name := range names {
			if target, _ := os.Readlink("/proc/self/fd/" + name.Name()); target == path {
				n++
			}
		}
		if n > 1 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("nobody opens the file")
}

// Between looking through a file and locking it, it may be replaced.
func TestAnOpenFileThatWasReplacedIsKnownAsSuch(t *testing.T) {
	path, other := settledStore(t, 1), settledStore(t, 1)
	db, f, err := openOnce(path, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if !inPlace(f, path) {
		t.Error("it is where it was")
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
	if inPlace(f, path) {
		t.Error("another is where it was")
	}
}

// A restore that was killed leaves what it had begun beside the store, perhaps with
// a journal: the next begins anew, whatever backup it is of.
func TestAKilledRestoreDoesNotHinderTheNext(t *testing.T) {
	backup := settledStore(t, 1)
	for what, killed := range map[string]string{"the same backup": backup, "another": settledStore(t, 1)} {
		t.Run(what, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			tmp := path + ".restore"
			if err := copyFile(killed, tmp); err != nil {
				t.Fatal(err)
			}
			s, err := Open(Config{Path: tmp})
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Remember("0", []byte("not of the backup")); err != nil {
				t.Fatal(err)
			}
			left := copyStore(t, tmp)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			for _, end := range []string{"", journalEnds[0], journalEnds[1]} {
				if err := os.Rename(left+end, tmp+end); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Restore(backup, path, monday); err != nil {
				t.Fatal(err)
			}
			if n := remembered(t, openStore(t, path), 1); n != 0 {
				t.Error("what the killed restore had in its journal is in the store")
			}
			if left, err := filepath.Glob(tmp + "*"); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// What stood in the place of a restored store is kept with its journal, and can be
// restored with it.
func TestWhatWasKeptIsRestoredWithItsJournal(t *testing.T) {
	path := leftBehind(t, 3)
	kept, err := Restore(settledStore(t, 1), path, monday)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(kept, path, monday.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := remembered(t, openStore(t, path), 3); n != 3 {
		t.Errorf("%d of 3 values", n)
	}
	if n := remembered(t, openStore(t, kept), 3); n != 3 {
		t.Errorf("what was restored has itself %d of 3 values", n)
	}
}

// A journal that was left beside an earlier salvage of the same store does not go
// on in the next.
func TestASalvagedStoreHasAnIdentityOfItsOwn(t *testing.T) {
	path := leftBehind(t, 3)
	to := filepath.Join(t.TempDir(), "saved.db")
	if _, err := Salvage(path, to); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Path: to})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remember("3", []byte("later")); err != nil {
		t.Fatal(err)
	}
	killed := copyStore(t, to)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(killed); err != nil {
		t.Fatal(err)
	}
	if _, err := Salvage(path, killed); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Path: killed}); !errors.Is(err, ErrDamaged) {
		t.Errorf("opened with the journal of another: %v", err)
	}
}

// A backup that was copied by hand over a store that was killed is whole without that
// store's journal, which goes on from its state: it is refused, not taken over.
func TestABackupCopiedByHandDoesNotTakeUpTheJournal(t *testing.T) {
	s := newStore(t)
	if err := s.Remember("0", []byte("x")); err != nil {
		t.Fatal(err)
	}
	var backup bytes.Buffer
	if _, err := s.Backup(bg, &backup); err != nil {
		t.Fatal(err)
	}
	if err := s.Remember("1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	killed := copyStore(t, s.db.Path())
	if err := os.WriteFile(killed, backup.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Path: killed}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), ".journal-") {
		t.Fatalf("opened: %v", err)
	}
	for n := range journalEnds {
		if err := os.Remove(journalPath(killed, n)); err != nil {
			t.Fatal(err)
		}
	}
	if n := remembered(t, openStore(t, killed), 2); n != 1 {
		t.Errorf("%d values, want that of the backup", n)
	}
}

// Killed when an erasure was in the file and the journal not yet removed, nothing of
// the person stays on the disk until something else is written.
func TestAKilledErasuresJournalGoesWhenTheStoreIsOpened(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "l", person(1))
	if err := s.Remember("said", []byte(person(1).Phone)); err != nil {
		t.Fatal(err)
	}
	before := copyStore(t, s.db.Path())
	if _, err := s.Erase(bg, Erasure{Phone: person(1).Phone, Now: monday}); err != nil {
		t.Fatal(err)
	}
	killed := copyStore(t, s.db.Path())
	for n := range journalEnds {
		if err := os.Rename(journalPath(before, n), journalPath(killed, n)); err != nil {
			t.Fatal(err)
		}
	}
	openStore(t, killed)
	for n := range journalEnds {
		if _, err := os.Stat(journalPath(killed, n)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there still: %v", journalPath(killed, n), err)
		}
	}
}

// Who restores a backup is told the name of the journal that lies beside it, not that
// of a copy.
func TestAForeignJournalBesideABackupIsNamedByItsOwnPath(t *testing.T) {
	backup := settledStore(t, 1)
	foreign, err := os.ReadFile(journalPath(leftBehind(t, 1), 0))
	if err == nil {
		err = os.WriteFile(journalPath(backup, 0), foreign, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(backup, filepath.Join(t.TempDir(), "to.db"), monday); !errors.Is(err, ErrDamaged) ||
		!strings.Contains(err.Error(), journalPath(backup, 0)) || strings.Contains(err.Error(), "to.db") {
		t.Errorf("restored: %v", err)
	}
}
