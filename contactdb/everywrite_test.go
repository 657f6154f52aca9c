package contactdb

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

var everyWrite = flag.Bool("every-write", false, "stop at each write in turn, not only at some")

// disk stands between a store and its files. It knows what a power cut would
// leave: of the writes since the last that was made sure of, any part, and of
// the last one perhaps only its beginning. bbolt writes pages, syncs, writes one
// of the first two pages, syncs: so a write to one of these follows a sync, and
// is followed by one. The journal's files say themselves when they are synced.
type disk struct {
	mu     sync.Mutex // guards what follows: a fold writes beside the committer
	images map[string]*image
	writes int
	stopAt int   // the write at which it stops; 0: never
	fault  error // of that write; all later ones fail too, unless it is once
	once   bool
}

// image is what is in one file.
type image struct {
	stable []byte   // what is sure
	loose  []extent // written since
}

type extent struct {
	at   int64
	data []byte
}

var errPowerCut = errors.New("the power is off")

// under puts a disk between a store and its files.
func under(t *testing.T, s *Store) *disk {
	t.Helper()
	content, err := os.ReadFile(s.db.Path())
	if err != nil {
		t.Fatal(err)
	}
	store := &image{stable: content}
	d := &disk{images: map[string]*image{"": store}, fault: errPowerCut}
	s.db.NoSync = true // the disk knows what is sure; the test need not wait for the real one
	field := reflect.ValueOf(s.db).Elem().FieldByName("ops").FieldByName("writeAt")
	writeAt := (*func([]byte, int64) (int, error))(unsafe.Pointer(field.UnsafeAddr()))
	through := *writeAt
	*writeAt = func(b []byte, at int64) (int, error) {
		meta := at < 2*int64(os.Getpagesize())
		return d.write(store, b, at, meta, through)
	}
	s.journal.create = func(name string) (journalFile, error) {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
		return &diskJournal{File: f, d: d, name: strings.TrimPrefix(name, s.db.Path())}, err
	}
	return d
}

// write keeps what is written to a file; alone says that a sync stands before
// and behind it.
func (d *disk) write(i *image, b []byte, at int64, alone bool, through func([]byte, int64) (int, error)) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.writes++
	if alone {
		i.settle()
	}
	i.loose = append(i.loose, extent{at, bytes.Clone(b)})
	if d.stopAt > 0 && (d.writes == d.stopAt || d.writes > d.stopAt && !d.once) {
		return 0, &os.PathError{Op: "write", Err: d.fault} // as the system says it
	}
	if alone {
		i.settle()
	}
	return through(b, at)
}

// diskJournal is a journal's file on a disk.
type diskJournal struct {
	*os.File
	d    *disk
	name string
}

func (j *diskJournal) image() *image {
	j.d.mu.Lock()
	defer j.d.mu.Unlock()
	if j.d.images[j.name] == nil {
		j.d.images[j.name] = &image{}
	}
	return j.d.images[j.name]
}

func (j *diskJournal) WriteAt(b []byte, at int64) (int, error) {
	if len(b) == batchHead && j.d.fault != nil { // the mark behind a durable batch: if it fails nothing is undone, and nobody need know
		return j.File.WriteAt(b, at)
	}
	return j.d.write(j.image(), b, at, false, j.File.WriteAt)
}

func (j *diskJournal) Sync() error {
	i := j.image()
	j.d.mu.Lock()
	defer j.d.mu.Unlock()
	i.settle()
	return nil
}

// settle makes all writes sure.
func (i *image) settle() {
	for _, e := range i.loose {
		i.put(e.at, e.data)
	}
	i.loose = nil
}

func (i *image) put(at int64, data []byte) {
	if need := int(at) + len(data); need > len(i.stable) {
		i.stable = append(i.stable, make([]byte, need-len(i.stable))...)
	}
	copy(i.stable[at:], data)
}

// cut writes the files that a power cut leaves.
func (d *disk) cut(t *testing.T, r *rand.Rand, path string) {
	t.Helper()
	for name, i := range d.images {
		for n, e := range i.loose {
			switch {
			case n == len(i.loose)-1: // torn at a sector, where a disk may stop (512 bytes)
				i.put(e.at, e.data[:512*r.IntN(len(e.data)/512+1)])
			case r.IntN(2) == 0:
				i.put(e.at, e.data)
			}
		}
		if err := os.WriteFile(path+name, i.stable, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// work does some of everything, one after the other, and says what was
// acknowledged; it ends at the first error.
func work(s *Store) (done []string, err error) {
	step := func(name string, f func() error) {
		if err == nil {
			if err = f(); err == nil {
				done = append(done, name)
			}
		}
	}
	var attempts []Attempt
	step("import", func() error { _, err := s.Import(bg, "a", monday, rowsOf(people(0, 60)...)); return err })
	step("apply", func() error { _, err := s.ApplyCampaign("c", []byte("v1"), monday); return err })
	step("lease", func() error {
		res, err := s.Lease(bg, request("c", 12, "a"))
		attempts = res.Attempts
		return err
	})
	for i := range 8 {
		step(fmt.Sprintf("settle %d", i), func() error {
			st := ended(attempts[i], Human, monday.Add(time.Duration(i)*time.Minute), monday.Add(time.Hour))
			st.Record.Note = "a note"
			_, err := s.Settle(bg, st)
			return err
		})
		step(fmt.Sprintf("audit %d", i), func() error {
			_, err := s.Audit(bg, AuditEntry{At: monday, Who: "ana", Verb: "contact.show", Phone: attempts[i].Contact.Phone})
			return err
		})
	}
	step("suppress", func() error { _, err := s.Suppress(bg, oneEntry(person(50).Phone)); return err })
	step("erase", func() error {
		_, err := s.Erase(bg, Erasure{Phone: person(3).Phone, Reason: "erased", Now: monday.Add(time.Hour)})
		return err
	})
	step("staged import", func() error { _, err := s.Import(bg, "b", monday, rowsOf(people(100, 190)...)); return err })
	step("remove", func() error { return s.RemoveList("b") })
	step("anchor", func() error { _, err := s.Anchor(bg, "apel", "here", monday); return err })
	return done, err
}

// holds what was acknowledged against a store.
func holds(t *testing.T, s *Store, done []string) {
	t.Helper()
	if err := s.Check(); err != nil {
		t.Error(err)
	}
	did := map[string]bool{}
	for _, name := range done {
		did[name] = true
	}
	lists, err := s.Lists()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		if want := map[string]int{"a": 60, "b": 90}[l.Name]; l.Contacts != want && !(l.Name == "a" && l.Contacts == 59) {
			t.Errorf("list %s has %d contacts", l.Name, l.Contacts)
		}
	}
	if did["import"] && len(lists) == 0 || did["erase"] && lists[0].Contacts != 59 {
		t.Errorf("lists %+v", lists)
	}
	live, err := s.Live()
	records := collect(t, s.Records(RecordFilter{}))
	if err != nil || did["lease"] && len(live)+len(records) != 12 {
		t.Errorf("%d attempts are live and %d settled of 12, %v", len(live), len(records), err)
	}
	settled := 0
	for i := range 8 {
		if did[fmt.Sprintf("settle %d", i)] {
			settled++
		}
	}
	if len(records) < settled || len(records) > settled+1 {
		t.Errorf("%d records of %d that were acknowledged", len(records), settled)
	}
	entries := len(collect(t, s.AuditTrail(AuditFilter{Verb: "contact.show"})))
	if entries < settled-1 || entries > settled+1 {
		t.Errorf("%d audit entries of %d calls", entries, settled)
	}
	if entry, err := s.Suppressed(Target{Phone: person(50).Phone}, monday); err != nil || did["suppress"] && entry == nil {
		t.Errorf("the suppressed number: %+v, %v", entry, err)
	}
	if did["erase"] && len(traces(t, s, person(3).Phone)) > 0 {
		t.Error("the erased number is there")
	}
}

// TestStoppedAtEachWriteNothingAcknowledgedIsLostAndNothingIsHalf cuts the
// power at the n-th write, for each n, and opens what the disk has then.
func TestStoppedAtEachWriteNothingAcknowledgedIsLostAndNothingIsHalf(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	run := func(stopAt int) (writes int) {
		s := newUnchecked(t, 4<<10)
		d := under(t, s)
		s.importStep, s.importKeep = 40, 25
		d.stopAt = stopAt
		done, err := work(s)
		if err == nil && d.writes < stopAt { // how many writes folds take differs
			stopAt = 0
		}
		_ = s.Close()
		if stopAt == 0 {
			return d.writes
		}
		path := filepath.Join(t.TempDir(), "after.db")
		d.cut(t, r, path)
		again, err := Open(Config{Path: path})
		if err != nil {
			t.Fatalf("cut at write %d after %v: %v", stopAt, done, err)
		}
		defer again.Close()
		holds(t, again, done)
		if t.Failed() {
			t.Fatalf("cut at write %d after %v", stopAt, done)
		}
		return 0
	}
	writes := run(0)
	t.Logf("%d writes", writes)
	if writes < 60 {
		t.Fatalf("the work is only %d writes", writes)
	}
	stride := 1
	if !*everyWrite {
		stride = 9
	}
	for n := 1 + r.IntN(stride); n <= writes; n += stride {
		run(n)
	}
}

// newUnchecked is a store in a folder of its own that a test spoils.
func newUnchecked(t *testing.T, foldSize int) *Store {
	t.Helper()
	s, err := Open(Config{Path: filepath.Join(t.TempDir(), "store.db"), foldSize: foldSize})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A disk that is full at the n-th write undoes the operation, and the store
// goes on, as it does when its journal cannot be made; one that fails otherwise stops
// the store, which then writes nothing more; each way what was acknowledged is there.
func TestAWriteThatFailsUndoesItsOperation(t *testing.T) {
	for _, fault := range []error{syscall.ENOSPC, syscall.EIO} {
		for n := 1; n < 120; n += 1 + n/12 {
			s := newUnchecked(t, 0)
			d := under(t, s)
			s.importStep = 40
			d.stopAt, d.fault, d.once = n, fault, true
			done, err := work(s)
			if err == nil {
				t.Fatalf("write %d failed with %v and nobody noticed", n, fault)
			}
			full := errors.Is(fault, syscall.ENOSPC)
			goesOn := full || strings.Contains(err.Error(), "cannot be made")
			if full != errors.Is(err, ErrNoSpace) || goesOn == errors.Is(err, ErrDamaged) {
				t.Fatalf("write %d failed with %v: %v", n, fault, err)
			}
			err = s.PutTeam(Team{Name: "south"})
			if goesOn != (err == nil) {
				t.Errorf("after %v at write %d: %v", fault, n, err)
			}
			if goesOn {
				holds(t, s, done)
			}
			_ = s.Close()
			if t.Failed() {
				t.Fatalf("%v at write %d after %v", fault, n, done)
			}
		}
	}
}

// The file is not one that bbolt reads again after a fault: it is mapped. What
// cannot be read comes back as an error, and does not end the process.
func TestAReadThatFailsIsAnError(t *testing.T) {
	s := openSettled(t, 200)
	if err := os.Truncate(s.db.Path(), 16<<10); err != nil { // its pages are gone from under the mapping
		t.Fatal(err)
	}
	_, err := s.Verify(bg)
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("verify: %v", err)
	}
	_ = s.Close()
}

func openSettled(t *testing.T, n int) *Store {
	t.Helper()
	s, err := Open(Config{Path: settledStore(t, n)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
