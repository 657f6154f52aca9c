package contactdb

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Store is the database of one data directory. Its methods may be called from
// any goroutine. Functions handed to it (LeaseRequest.Judge and Open, the next
// of Recover) run on the store's own goroutine inside a transaction that may be
// run again: they must not call the store, and must answer alike when asked twice.
type Store struct {
	db     *bbolt.DB
	secret []byte // key of Attempt.SIPCallID

	queue   chan *write   // to the committer
	stop    chan struct{} // closed by Close
	stopped chan struct{} // closed by the committer when it ends
	closing sync.Once

	attempts attempts

	over over // what is not in the file yet

	// The committer's own.
	journal   *journal
	together  int             // operations of the last group
	folds     chan foldResult // how a fold has ended
	folding   bool            // one is under way
	foldAgain int             // size of the newest layer at which it is tried again
	frozenAt  uint64          // last batch of the layer that is, or could not be, folded
	broken    error           // after it nothing is written
	ended     error           // of the last fold; read when stopped is closed
	room      []byte          // for a batch

	bulk       sync.Mutex // held by Import and RemoveList, one at a time; guards no field
	importStep int        // rows that one transaction of an import takes
	importKeep int        // entries of a kind that an import keeps in memory
	foldSize   int        // as in Config

	registering sync.Mutex // held while a register is replaced or removed; guards no field
	dnc         dncCache
	words       words
}

// Config says where the store is and how it runs; zero values are defaults.
type Config struct {
	Path    string        // the file; created with its folder if it is not there
	Timeout time.Duration // how long to wait for another process to let go of it; 0: do not wait

	foldSize int // bytes of a layer that is folded into the file
}

// schema is the layout of the file that this program writes. A program opens
// files of its own and older schemas.
const schema = 8

// mapped is how much address space the file is mapped into from the start. As
// long as the file is smaller, a long reader never holds a writer up.
const mapped = 16 << 30

// Open opens or creates the store. ErrInUse if another process holds it,
// ErrNewer if a newer program wrote it, ErrDamaged if it is not a store or a
// part of it is missing. What an import or removal left behind when it was
// killed is cleaned up here.
func Open(cfg Config) (*Store, error) {
	s, err := open(cfg)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", cfg.Path, err)
	}
	return s, nil
}

func open(cfg Config) (*Store, error) {
	if err := create(cfg.Path); err != nil {
		return nil, err
	}
	db, err := openFile(cfg.Path, max(cfg.Timeout, time.Nanosecond))
	if err != nil {
		return nil, err
	}
	s := &Store{
		db:      db,
		queue:   make(chan *write, 1024),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
		folds:   make(chan foldResult, 1),

		importStep: importStep,
		importKeep: importKeep,
		foldSize:   cmp.Or(cfg.foldSize, foldSize),
	}
	for _, step := range []func() error{s.migrate, s.load, func() error { return s.replay(cfg.Path) }} {
		if err := guard(step); err != nil {
			db.Close()
			return nil, err
		}
	}
	go s.commits()
	if err := s.rezone(); err != nil {
		s.Close()
		return nil, err
	}
	if err := errors.Join(s.sweep(), s.sweepRegisters()); err != nil && !errors.Is(err, ErrNoSpace) {
		s.Close()
		return nil, err
	}
	return s, nil
}

// create makes an empty store if there is no file. It is built under another
// name and linked into place, so that a kill never leaves half a store.
func create(path string) error {
	if _, err := os.Lstat(path); err == nil || !errors.Is(err, os.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".new-store-*")
	if err != nil {
		return spaceError(err)
	}
	tmp.Close()
	defer func() { _ = os.Remove(tmp.Name()) }() // it is gone once it was linked into place
	if err := fill(tmp.Name()); err != nil {
		return spaceError(err)
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		if err := os.Rename(tmp.Name(), path); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

// fill writes the buckets, schema and secret of an empty store.
func fill(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return err
	}
	defer db.Close()
	err = db.Update(func(btx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := btx.CreateBucket(name); err != nil {
				return err
			}
		}
		secret := make([]byte, 32)
		rand.Read(secret)
		t := &tx{file: btx, dnc: &dncCache{}, words: &words{}}
		t.put(bMeta, kSchema, be64(nil, schema))
		t.identify()
		t.put(bMeta, kSecret, secret)
		return t.err
	})
	if err != nil {
		return err
	}
	return db.Close()
}

// identify gives the file an identity: a journal of another file is not its own.
func (t *tx) identify() {
	id := make([]byte, identity)
	rand.Read(id)
	t.put(bMeta, kIdentity, id)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// load checks that all parts are there and reads what the store keeps in memory.
func (s *Store) load() error {
	return s.db.View(func(btx *bbolt.Tx) error {
		for _, name := range buckets {
			if btx.Bucket(name) == nil {
				return fmt.Errorf("%w: its part %q is missing; restore a backup", ErrDamaged, name)
			}
		}
		s.secret = append([]byte(nil), btx.Bucket(bMeta).Get(kSecret)...)
		return nil
	})
}

// Close waits for commits in flight and closes the file. Closing twice is fine.
func (s *Store) Close() error {
	_ = s.halt() // what is not in the file is in the journal
	return s.db.Close()
}

// halt ends the writing. Without an error all is in the file, and the journal gone.
func (s *Store) halt() error {
	s.closing.Do(func() { close(s.stop) })
	<-s.stopped
	return s.ended
}

// view runs f in a read transaction: one consistent view.
func (s *Store) view(what string, f func(*tx) error) error {
	err := guard(func() error { return s.look(f) })
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		err = errClosed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// look runs f on what the layers and the file hold at one instant.
func (s *Store) look(f func(*tx) error) error {
	btx, seen, err := s.begin()
	if err != nil {
		return err
	}
	defer func() { _ = btx.Rollback() }() // of a view: it never fails
	t := &tx{file: btx, dnc: &s.dnc, words: &s.words}
	if seen != nil {
		t.layers = seen.seenThrough()
	}
	return f(t)
}

// begin begins a view. If the layers are the same before and after, no layer
// that they are without has come into the file.
func (s *Store) begin() (*bbolt.Tx, *stack, error) {
	for {
		seen := s.over.seen.Load()
		btx, err := s.db.Begin(false)
		if err != nil || seen == s.over.seen.Load() {
			return btx, seen, err
		}
		_ = btx.Rollback()
	}
}

// update runs f in a durable transaction that cannot be cancelled.
func (s *Store) update(what string, f func(*tx) error) error {
	return s.write(context.Background(), what, f)
}
