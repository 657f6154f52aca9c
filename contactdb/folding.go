package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"sync/atomic"

	"go.etcd.io/bbolt"
)

// Folding writes a layer into the file, in the order of its keys: many small
// steps become one large one, which touches each page once. It goes on beside
// the committer, which writes the next layer meanwhile.

const (
	// foldSize is how large a layer becomes before it is folded.
	foldSize = 32 << 20
	// leastFoldStep is how much of it is written in one transaction of the file.
	leastFoldStep = 1 << 20
	// mostUnfolded is how large it becomes before everybody waits for the file.
	mostUnfolded = 128 << 20
)

// over is the layers that lie over the file: the one that grows, and one that
// is being folded, if there is one.
type over struct{ seen atomic.Pointer[stack] }

// stack is layers, the newest first. It is never changed.
type stack struct{ layers []*layer }

// seenThrough are those in which there is something.
func (s *stack) seenThrough() (all []*layer) {
	for _, l := range s.layers {
		if !l.empty() {
			all = append(all, l)
		}
	}
	return all
}

func (s *stack) newest() *layer { return s.layers[0] }

func (o *over) newest() *layer { return o.seen.Load().newest() }

// own gives the layers with a copy of the newest, to be written.
func (o *over) own() *stack {
	was := o.seen.Load()
	return &stack{append([]*layer{was.newest().copy()}, was.layers[1:]...)}
}

func (o *over) publish(s *stack) { o.seen.Store(s) }

// foldIfLarge begins to fold the newest layer when it is large.
func (s *Store) foldIfLarge() {
	if s.folding || s.broken != nil || s.over.newest().size < max(s.foldSize, s.foldAgain) {
		return
	}
	old, upTo := s.freeze()
	s.folding = true
	go func() {
		var err, fatal error
		if damaged := guard(func() error { err, fatal = s.fold(old, upTo, s.foldStep()); return nil }); damaged != nil {
			err, fatal = damaged, damaged
		}
		s.folds <- foldResult{err, fatal}
	}()
}

// foldResult is how a fold has ended.
type foldResult struct{ err, fatal error }

// freeze puts a new layer on top, and turns to the other file of the journal.
// A layer that could not be folded before is there still: then nothing changes.
func (s *Store) freeze() (old *layer, upTo uint64) {
	seen := s.over.seen.Load()
	if len(seen.layers) == 1 {
		s.frozenAt = s.journal.next - 1
		s.journal.other()
		seen = &stack{[]*layer{newLayer(), seen.newest()}}
		s.over.publish(seen)
	}
	return seen.layers[1], s.frozenAt
}

// folded takes in how a fold beside the committer has ended.
func (s *Store) folded(r foldResult) {
	s.folding = false
	if s.foldAgain = 0; r.err == nil {
		s.over.publish(&stack{s.over.seen.Load().layers[:1]})
	} else { // the disk is full: not at once again
		s.foldAgain = s.over.newest().size + s.foldSize
	}
	if s.broken == nil {
		s.broken = r.fatal
	}
}

// foldAll folds everything into the file and waits for it.
func (s *Store) foldAll() (err, fatal error) {
	if s.folding {
		s.folded(<-s.folds)
	}
	for s.broken == nil {
		seen := s.over.seen.Load()
		if len(seen.layers) == 1 && seen.newest().empty() {
			return nil, nil
		}
		old, upTo := s.freeze()
		if err, fatal := s.fold(old, upTo, math.MaxInt); err != nil {
			return err, fatal
		}
		s.folded(foldResult{})
	}
	return s.broken, s.broken
}

// fold writes a layer into the file, in steps, each a transaction of its own: none
// takes the disk or a processor from the committer for long. Only the last says that
// the journal is in the file up to a batch: until then the layer lies over what has
// come into the file of it, and after a kill it is folded anew.
func (s *Store) fold(l *layer, upTo uint64, step int) (err, fatal error) {
	for from := layerKey(nil, 0, nil); ; runtime.Gosched() {
		more := false
		_, err, fatal = s.inFile(func(t *tx) (int, error) {
			if from, more = t.foldRows(l, from, step); !more {
				t.foldRest(l, upTo)
			}
			return -1, t.err
		})
		if err != nil || !more {
			return err, fatal
		}
	}
}

// foldStep is how many bytes a step of a fold writes. Each transaction of the file
// writes the list of its free pages anew too, 8 bytes each: 16 times that is enough.
func (s *Store) foldStep() int {
	return min(max(leastFoldStep, 128*freePages(s.db.Path())), 1+s.foldSize/8)
}

// foldWhole is fold in one step.
func (t *tx) foldWhole(l *layer, upTo uint64) error {
	t.foldRows(l, layerKey(nil, 0, nil), math.MaxInt)
	t.foldRest(l, upTo)
	return t.err
}

// foldRows writes rows of a layer, from one on, until they or the pages that they
// touch are so many bytes. It gives the one behind them, if there is one.
func (t *tx) foldRows(l *layer, from layerRow, step int) (next layerRow, more bool) {
	pageSize := t.file.DB().Info().PageSize
	size, bytes, n := 0, 0, 0
	l.rows.Ascend(from, func(r layerRow) bool {
		if size >= step {
			next, more = r, true
			return false
		}
		if bucket := buckets[r.bucket()]; r.gone() {
			t.delete(bucket, r.key())
		} else {
			t.put(bucket, r.key(), r.value())
		}
		bytes += len(r)
		if n++; n%foldGlance == 0 && step < math.MaxInt {
			touched := t.file.Stats()
			size = max(bytes, int(touched.GetNodeCount())*pageSize)
			runtime.Gosched()
		}
		return t.err == nil
	})
	return next, more
}

// foldGlance is after how many rows a fold looks how far it has come, and lets others go first.
const foldGlance = 16

func (t *tx) foldRest(l *layer, upTo uint64) {
	for bucket, n := range l.seqs {
		if err := t.bucket(buckets[bucket]).SetSequence(n); err != nil && t.err == nil {
			t.err = err
		}
	}
	t.put(bMeta, kJournal, be64(nil, upTo))
}

// end folds what is left and lets go of the journal. What cannot be folded now
// is folded when the store is opened again.
func (s *Store) end() {
	s.ended, _ = s.foldAll()
	if s.ended == nil {
		s.ended, _ = s.unname()
	}
	s.ended = errors.Join(s.ended, s.journal.close(s.ended == nil))
}

// name has the file say that it has a journal, which is made first. Before that,
// nothing may be acknowledged that is in the journal alone. Nothing is lost if it
// fails: it is tried again with the next write.
func (s *Store) name() (err, fatal error) {
	if s.journal.named {
		return nil, nil
	}
	if err := s.journal.make(); err != nil {
		return fmt.Errorf("its journal cannot be made: %w", spaceError(err)), nil
	}
	_, err, fatal = s.inFile(func(t *tx) (int, error) { t.put(bMeta, kJournaled, []byte{1}); return -1, t.err })
	s.journal.named = err == nil
	return err, fatal
}

// unname has the file say that it is whole without a journal: all of it must be in it.
func (s *Store) unname() (err, fatal error) {
	if !s.journal.named {
		return nil, nil
	}
	_, err, fatal = s.inFile(func(t *tx) (int, error) { t.delete(bMeta, kJournaled); return -1, t.err })
	s.journal.named = err != nil
	return err, fatal
}

// replay reads the journal of a run that was not closed. Each of its files gets a
// layer, as it was: the file that is older is not written before its layer is folded.
func (s *Store) replay(path string) error {
	var said journalSaid
	if err := s.db.View(func(btx *bbolt.Tx) error { said = (&tx{file: btx}).journaled(); return nil }); err != nil {
		return err
	}
	layers, file := []*layer{newLayer()}, -1
	if err := said.letGo(path); err != nil {
		return err
	}
	j, err := readJournal(path, said, func(b keptBatch) error {
		if file >= 0 && b.file != file {
			layers, s.frozenAt = append([]*layer{newLayer()}, layers...), b.number-1
		}
		file = b.file
		return layers[0].replay(b.ops)
	})
	if err != nil {
		return err
	}
	s.journal = j
	s.over.publish(&stack{layers})
	if j.old {
		if err, _ := s.foldAll(); err != nil {
			return err
		}
		return spaceError(j.clear())
	}
	if !said.named {
		return spaceError(j.remove())
	}
	return spaceError(j.resume())
}

// letGo removes the journal of the store in whose place this one was put: it is
// kept with that one.
func (said journalSaid) letGo(path string) error {
	for n := range journalEnds {
		id := journalIdentity(journalPath(path, n))
		if id == nil || bytes.Equal(id, said.id) {
			continue
		}
		for replaced := said.replaced; len(replaced) >= identity; replaced = replaced[identity:] {
			if bytes.Equal(id, replaced[:identity]) {
				if err := os.Remove(journalPath(path, n)); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// journaled is what the file says of its journal.
func (t *tx) journaled() (said journalSaid) {
	if v := t.get(bMeta, kJournal); len(v) == 8 {
		said.folded = binary.BigEndian.Uint64(v)
	}
	said.id, said.replaced = bytes.Clone(t.get(bMeta, kIdentity)), bytes.Clone(t.get(bMeta, kReplaced))
	said.named = t.get(bMeta, kJournaled) != nil
	return said
}

// settled makes what was acknowledged be in the file.
func (s *Store) settled() error {
	return s.writeLarge(context.Background(), "fold the journal", func(*tx) error { return nil })
}
