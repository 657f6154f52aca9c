package contactdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"pgregory.net/rapid"
)

// leftBehind is a store that was killed after it had remembered some values, and
// its files: nothing of the last has come into its file.
func leftBehind(t *testing.T, values int) (path string) {
	t.Helper()
	s := newStore(t)
	mustImport(t, s, "l", person(1))
	for n := range values {
		if err := s.Remember(fmt.Sprint(n), []byte("a value")); err != nil {
			t.Fatal(err)
		}
	}
	return copyStore(t, s.db.Path())
}

// remembered counts the values.
func remembered(t *testing.T, s *Store, upTo int) (n int) {
	t.Helper()
	for i := range upTo {
		v, err := s.Recall(fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		if v != nil {
			if i != n {
				t.Errorf("value %d is there, %d is not", i, n)
			}
			n++
		}
	}
	return n
}

func TestWhatIsInTheJournalIsThereAfterAKill(t *testing.T) {
	path := leftBehind(t, 20)
	for range 3 { // it goes on in the same file
		s, err := Open(Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if n := remembered(t, s, 20); n != 20 {
			t.Errorf("%d of 20 values", n)
		}
		if err := s.PutTeam(Team{Name: "south"}); err != nil {
			t.Fatal(err)
		}
		before := path
		path = copyStore(t, path)
		_ = s.Close()
		if left, err := filepath.Glob(before + ".*"); err != nil || len(left) > 0 {
			t.Errorf("left by a store that was closed: %v, %v", left, err)
		}
	}
}

// Cut off or spoilt in its last batch, which a power cut may do before it was
// acknowledged, the journal gives all others; spoilt before, or in a batch that was
// acknowledged, it is refused.
func TestATornJournalLosesNothingButItsLastBatch(t *testing.T) {
	path := leftBehind(t, 5)
	name := journalPath(path, 0)
	if _, err := os.Stat(name); err != nil {
		name = journalPath(path, 1)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := readJournalFile(name, whole[len(journalMark):journalHead])
	if err != nil || len(all) != 5 {
		t.Fatalf("%d batches, %v", len(all), err)
	}
	last := int(all[3].end)
	look := func(what string, journal []byte, want int, refused error) {
		t.Helper()
		to := copyStore(t, path)
		if err := os.WriteFile(to+filepath.Ext(name), journal, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Open(Config{Path: to})
		if !errors.Is(err, refused) {
			t.Fatalf("%s: %v, want %v", what, err, refused)
		}
		if err != nil {
			return
		}
		defer s.Close()
		if n := remembered(t, s, 5); n != want {
			t.Errorf("%s: %d values, want %d", what, n, want)
		}
	}
	for at := last; at < int(all[4].end); at += 7 {
		look(fmt.Sprintf("cut at %d", at), whole[:at], 4, nil)
		spoilt := bytes.Clone(whole)
		spoilt[at] ^= 1
		look(fmt.Sprintf("spoilt at %d after it was acknowledged", at), spoilt, 0, ErrDamaged)
		clear(spoilt[all[4].end:])
		look(fmt.Sprintf("torn at %d", at), spoilt, 4, nil)
	}
	spoilt := bytes.Clone(whole)
	spoilt[last-1] ^= 1
	look("spoilt in the middle", spoilt, 0, ErrDamaged)
	for at := journalHead; at < last; at += 5 { // also in a batch's head, by which the next is found
		spoilt := bytes.Clone(whole)
		spoilt[at] ^= 1
		look(fmt.Sprintf("spoilt in the middle, at %d", at), spoilt, 0, ErrDamaged)
	}
	spoilt = bytes.Clone(whole)
	copy(spoilt[len(journalMark):], "another identity")
	look("another store's", spoilt, 0, ErrDamaged)
	look("no journal", []byte("something that somebody wrote by hand"), 0, ErrDamaged)
	look("emptied", nil, 0, ErrDamaged)
}

// A journal whose beginning is not in the file belongs to a later state of it.
func TestAJournalThatDoesNotFollowOnTheFileIsRefused(t *testing.T) {
	s := newStore(t)
	early := filepath.Join(t.TempDir(), "early.db")
	if err := s.settled(); err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(s.db.Path())
	if err != nil {
		t.Fatal(err)
	}
	mustImport(t, s, "l", person(1))
	if err := s.Remember("0", []byte("x")); err != nil {
		t.Fatal(err)
	}
	late := copyStore(t, s.db.Path())
	for from, to := range map[string]string{journalPath(late, 0): journalPath(early, 0), journalPath(late, 1): journalPath(early, 1)} {
		if b, err := os.ReadFile(from); err == nil {
			if err := os.WriteFile(to, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(early, copied, 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(Config{Path: early}); !errors.Is(err, ErrDamaged) {
		t.Errorf("opened: %v, %v", s, err)
	}
}

func TestARestoredBackupLeavesTheJournalToTheOldStore(t *testing.T) {
	path := leftBehind(t, 3)
	backup := copyStore(t, path)
	s := openStore(t, backup)
	if err := s.Remember("4", []byte("of the backup")); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Remember("3", []byte("later")); err != nil {
		t.Fatal(err)
	}
	path = copyStore(t, path)
	_ = s.Close()
	kept, err := Restore(backup, path, monday)
	if err != nil {
		t.Fatal(err)
	}
	if s = openStore(t, path); remembered(t, s, 4) != 3 {
		t.Error("the restored store knows of what came after the backup")
	}
	if s = openStore(t, kept); remembered(t, s, 4) != 4 {
		t.Error("the old store has lost what was in its journal")
	}
}

func TestSalvageDoesWhatTheJournalSays(t *testing.T) {
	path := leftBehind(t, 3)
	to := filepath.Join(t.TempDir(), "saved.db")
	if _, err := Salvage(path, to); err != nil {
		t.Fatal(err)
	}
	if s := openStore(t, to); remembered(t, s, 3) != 3 {
		t.Error("what was in the journal was not saved")
	}
}

// A cursor through layers goes where one over a plain map would.
func TestACursorSeesThroughLayers(t *testing.T) {
	s := newStore(t)
	rapid.Check(t, func(rt *rapid.T) {
		want := map[string]string{}
		key := rapid.StringMatching(`[abc]{1,3}`)
		change := func(t *tx) {
			for range rapid.IntRange(0, 12).Draw(rt, "changes") {
				k := key.Draw(rt, "key")
				if rapid.Bool().Draw(rt, "delete") {
					t.delete(bMemory, []byte(k))
					delete(want, k)
				} else {
					v := rapid.StringMatching(`[xyz]{0,2}`).Draw(rt, "value")
					t.put(bMemory, []byte(k), []byte(v))
					want[k] = v
				}
			}
		}
		btx, err := s.db.Begin(true)
		if err != nil {
			rt.Fatal(err)
		}
		defer btx.Rollback()
		view := &tx{file: btx}
		change(view)
		for range rapid.IntRange(0, 3).Draw(rt, "layers") {
			top := newLayer()
			view = &tx{file: btx, layers: append([]*layer{top}, view.layers...), top: top, log: newJournalBatch(nil)}
			view.put(bLists, []byte("zz"), nil)
			view.put(bOperators, []byte("a"), nil)
			change(view)
		}
		walk(rt, view.cursor(bMemory), want, key)
		if n := view.keys(bMemory); n != len(want) {
			rt.Fatalf("%d keys, want %d", n, len(want))
		}
		for k, v := range want {
			if got := view.get(bMemory, []byte(k)); got == nil || string(got) != v {
				rt.Fatalf("%q is %q, want %q", k, got, v)
			}
		}
	})
}

func walk(rt *rapid.T, c *cursor, want map[string]string, key *rapid.Generator[string]) {
	var keys []string
	for k := range want {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	at := -1
	for range rapid.IntRange(1, 20).Draw(rt, "steps") {
		var k, v []byte
		switch rapid.IntRange(0, 6).Draw(rt, "step") {
		case 0:
			k, v, at = first(c.First()), nil, 0
		case 1:
			k, v, at = first(c.Last()), nil, len(keys)-1
		case 2:
			to := key.Draw(rt, "seek")
			k, v = c.Seek([]byte(to))
			at, _ = slices.BinarySearch(keys, to)
		case 3, 4:
			if at < 0 || at >= len(keys) {
				continue
			}
			k, v = c.Next()
			at++
		default:
			if at < 0 || at >= len(keys) {
				continue
			}
			k, v = c.Prev()
			at--
		}
		if at < 0 || at >= len(keys) {
			if k != nil {
				rt.Fatalf("at %d of %d: %q", at, len(keys), k)
			}
			continue
		}
		if string(k) != keys[at] || v != nil && string(v) != want[keys[at]] {
			rt.Fatalf("at %d: %q, %q, want %q", at, k, v, keys[at])
		}
	}
}

func first(k, _ []byte) []byte { return k }

// inCommitter runs f where the committer's own may be touched.
func inCommitter(t *testing.T, s *Store, f func()) {
	t.Helper()
	if err := s.update("test", func(*tx) error { f(); return nil }); err != nil {
		t.Fatal(err)
	}
}

// Killed in a fold, opened, and killed again in the next: neither file of the
// journal may go before what it holds is in the store's file.
func TestKilledInTwoFoldsNothingIsLost(t *testing.T) {
	s := newStore(t)
	path, n := s.db.Path(), 0
	for kill := range 3 {
		for range 3 {
			if err := s.Remember(fmt.Sprint(n), []byte("a value")); err != nil {
				t.Fatal(err)
			}
			n++
		}
		inCommitter(t, s, func() { s.freeze() }) // a fold begins, and does not come to its end
		for range 3 {
			if err := s.Remember(fmt.Sprint(n), []byte("a value")); err != nil {
				t.Fatal(err)
			}
			n++
		}
		s = openStore(t, copyStore(t, path))
		path = s.db.Path()
		if there := remembered(t, s, n); there != n {
			t.Fatalf("after kill %d: %d of %d values", kill+1, there, n)
		}
	}
}

// Between two steps of a fold the file holds a part of a layer, and does not say so.
func TestKilledBetweenTheStepsOfAFoldNothingIsLost(t *testing.T) {
	s := newStore(t)
	for n := range 100 {
		if err := s.Remember(fmt.Sprint(n), []byte("a value")); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 50 {
		if err := s.Remember(fmt.Sprint(n+50), []byte("another")); err != nil {
			t.Fatal(err)
		}
	}
	var old *layer
	inCommitter(t, s, func() { old, _ = s.freeze() })
	if err := s.Remember("99", []byte("the last")); err != nil {
		t.Fatal(err)
	}
	for from, steps := layerKey(nil, 0, nil), 0; ; steps++ {
		more := false
		if _, err, _ := s.inFile(func(t *tx) (int, error) { // as the fold does, but for what it says at its end
			from, more = t.foldRows(old, from, 1)
			return -1, t.err
		}); err != nil {
			t.Fatal(err)
		}
		for what, s := range map[string]*Store{"seen": s, "after a kill": openStore(t, copyStore(t, s.db.Path()))} {
			if n := remembered(t, s, 100); n != 100 {
				t.Fatalf("step %d, %s: %d of 100 values", steps, what, n)
			}
			if last, err := s.Recall("99"); err != nil || string(last) != "the last" {
				t.Fatalf("step %d, %s: %q, %v", steps, what, last, err)
			}
		}
		if !more {
			if steps < 5 {
				t.Errorf("it was folded in %d steps", steps)
			}
			return
		}
	}
}

// Who walks one part and writes to others sees each row once.
func TestACursorGoesOnWhileOtherPartsAreWritten(t *testing.T) {
	s := newStore(t)
	for _, rows := range []int{5, 31, 100, 700} {
		for _, others := range [][][]byte{{bTeams}, {bAccounts}, {bMeta, bHours}} {
			if err := s.update("walk", func(t *tx) error {
				if seen := t.walkAndWrite(rows, others); seen != rows {
					return fmt.Errorf("%d rows, and writes to %s: row %d does not follow", rows, others, seen)
				}
				return errUndo
			}); !errors.Is(err, errUndo) {
				t.Error(err)
			}
		}
	}
}

var errUndo = errors.New("not to be kept")

// walkAndWrite puts rows, walks them both ways, and writes to other parts at
// each; it says how many came in their order.
func (t *tx) walkAndWrite(rows int, others [][]byte) (seen int) {
	for n := range rows {
		t.put(bMemory, be32(nil, uint32(n)), []byte("x"))
	}
	write := func(at int) {
		for n := range 1 + at%5 {
			for _, other := range others {
				t.put(other, be32(be32(nil, uint32(n)), uint32(at)), []byte("y"))
			}
		}
	}
	c := t.cursor(bMemory)
	for k, _ := c.First(); k != nil && binary.BigEndian.Uint32(k) == uint32(seen); k, _ = c.Next() {
		write(seen)
		seen++
	}
	if seen != rows {
		return seen
	}
	left := rows
	for k, _ := c.Last(); k != nil && binary.BigEndian.Uint32(k) == uint32(left-1); k, _ = c.Prev() {
		left--
		write(rows + left)
	}
	return seen - left
}

// recordedFile remembers what was done to a journal's file.
type recordedFile struct {
	journalFile
	written []byte
	durable []byte // what was written when it was synced last
}

func (f *recordedFile) WriteAt(b []byte, at int64) (int, error) {
	f.written = append(f.written[:at], b...)
	return f.journalFile.WriteAt(b, at)
}

func (f *recordedFile) Sync() error {
	f.durable = bytes.Clone(f.written)
	return f.journalFile.Sync()
}

// What a killed process had written, or could not sync, may be seen and not be on
// the disk. A batch that comes behind it must not rest on that.
func TestAJournalThatIsTakenUpAgainIsMadeDurableFirst(t *testing.T) {
	path := leftBehind(t, 3)
	name := journalPath(path, 0)
	if _, err := os.Stat(name); err != nil {
		name = journalPath(path, 1)
	}
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	id := whole[len(journalMark):journalHead]
	all, _, err := readJournalFile(name, id)
	if err != nil {
		t.Fatal(err)
	}
	j, err := readJournal(path, journalSaid{id: id, folded: all[0].number - 1, named: true}, func(keptBatch) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	file := &recordedFile{}
	j.create = func(name string) (journalFile, error) {
		file.journalFile, err = createJournalFile(name)
		return file, err
	}
	if err := j.resume(); err != nil {
		t.Fatal(err)
	}
	defer j.close(false)
	if !bytes.Equal(file.durable, whole[:all[2].end]) {
		t.Errorf("%d bytes of %d are durable", len(file.durable), all[2].end)
	}
}

// fullSync is a file on a file system that finds out in a sync that it is full.
type fullSync struct{ journalFile }

func (fullSync) Sync() error { return syscall.ENOSPC }

// A sync that failed is never repeated as if nothing had been: what it was to make
// durable may be lost, and the next would not say so.
func TestAfterAFailedSyncNothingIsWritten(t *testing.T) {
	path := leftBehind(t, 1)
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	inCommitter(t, s, func() {
		f := &s.journal.files[s.journal.turn]
		*f = fullSync{*f}
	})
	for range 2 {
		if err := s.Remember("1", []byte("x")); !errors.Is(err, ErrDamaged) {
			t.Errorf("error %v, want %v", err, ErrDamaged)
		}
	}
	for err, sync := range map[error]bool{
		syscall.ENOSPC: true, // of fdatasync
		errors.New("file sync error: it is full"):       true, // of bbolt, before it grows the file
		&os.PathError{Op: "write", Err: syscall.ENOSPC}: false,
	} {
		if got := s.fatal(commitError(err)) != nil; got != sync {
			t.Errorf("%v ends the writing: %v", err, got)
		}
	}
}
