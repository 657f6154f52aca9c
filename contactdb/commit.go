package contactdb

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// The committer is the one goroutine that decides what is written. It takes
// whatever waits in the queue into one transaction, so that an fsync serves all
// of it: no delay when little happens, and large groups when much does. What is
// small goes into the journal (journal.go) and a layer over the file (layer.go),
// and is folded into the file later; what is large goes into the file at once.

// errClosed: the store was closed before the operation was applied.
var errClosed = errors.New("the store is closed")

// groupLimit bounds the writes of one transaction, and with it how long the
// first of them waits for the last.
const groupLimit = 512

// write is one operation in the queue. apply may run more than once, each
// time in a fresh transaction, and must set its results anew each time.
type write struct {
	apply func(*tx) error
	large bool       // much is written: into the file, not through the journal
	clean bool       // with large: what it takes away is not to stay in the journal either
	rest  func()     // with large: runs when the file is whole without the journal
	done  chan error // nil: nobody waits
}

func (w *write) finish(err error) {
	if w.done != nil {
		w.done <- err
	}
}

// write runs f in a transaction shared with others and returns when it is on
// the disk. ctx counts until the operation begins.
func (s *Store) write(ctx context.Context, what string, f func(*tx) error) error {
	return s.run(ctx, what, &write{}, f)
}

// writeLarge is write for what writes so much that it should not be written twice.
func (s *Store) writeLarge(ctx context.Context, what string, f func(*tx) error) error {
	return s.run(ctx, what, &write{large: true}, f)
}

// writeClean is writeLarge for what forgets: the journal goes, and with it what it
// held of a person.
func (s *Store) writeClean(ctx context.Context, what string, f func(*tx) error) error {
	return s.run(ctx, what, &write{large: true, clean: true}, f)
}

func (s *Store) run(ctx context.Context, what string, w *write, f func(*tx) error) error {
	w.done = make(chan error, 1)
	w.apply = func(t *tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		return f(t)
	}
	err := s.submit(ctx, w)
	if err == nil {
		err = s.await(w)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (s *Store) submit(ctx context.Context, w *write) error {
	select {
	case <-s.stop:
		return errClosed
	default:
	}
	select {
	case s.queue <- w:
		return nil
	case <-s.stop:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) await(w *write) error {
	select {
	case err := <-w.done:
		return err
	case <-s.stopped:
	}
	select {
	case err := <-w.done:
		return err
	default:
		return errClosed
	}
}

// commits is the committer's loop; at the end it empties the queue, and folds
// everything into the file.
func (s *Store) commits() {
	defer close(s.stopped)
	for {
		var group []*write
		select {
		case w := <-s.queue:
			group = s.regather(append(group, w))
		case r := <-s.folds:
			s.folded(r)
			continue
		case <-s.stop:
			if group = s.gather(nil); len(group) == 0 {
				s.end()
				return
			}
		}
		s.commitAll(group)
	}
}

// commitAll commits what is small together, then what is large.
func (s *Store) commitAll(group []*write) {
	var small, large []*write
	for _, w := range group {
		if w.large {
			large = append(large, w)
		} else {
			small = append(small, w)
		}
	}
	for _, part := range [][]*write{small, large} {
		if s.broken == nil {
			s.broken = s.commit(part)
			continue
		}
		for _, w := range part {
			w.finish(s.broken)
		}
	}
	s.foldIfLarge()
}

// regather is gather that lets those come back who were served together last: the
// first of them is no sooner done if it goes alone, and all others wait for two.
func (s *Store) regather(group []*write) []*write {
	group = s.gather(group)
	for range comeBack {
		if len(group) >= s.together {
			break
		}
		runtime.Gosched()
		group = s.gather(group)
	}
	s.together = len(group)
	return group
}

// comeBack is how often others are let go first, some microseconds each.
const comeBack = 16

// gather adds what waits in the queue to the group.
func (s *Store) gather(group []*write) []*write {
	for len(group) < groupLimit {
		select {
		case w := <-s.queue:
			group = append(group, w)
		default:
			return group
		}
	}
	return group
}

// commit applies a group. An operation that refuses is taken out and run again
// by itself after the others, so that its error concerns nobody else and rests
// on committed facts. A returned error means that the state of the disk is not
// known: nothing more may be written.
func (s *Store) commit(group []*write) (broken error) {
	var alone []*write
	for len(group) > 0 {
		refused, err, fatal := s.try(group)
		if refused < 0 || len(group) == 1 {
			for _, w := range group {
				w.finish(err)
			}
			broken = fatal
			break
		}
		alone = append(alone, group[refused])
		group = append(group[:refused:refused], group[refused+1:]...)
	}
	for _, w := range alone {
		err := broken
		if broken == nil {
			_, err, broken = s.try([]*write{w})
		}
		w.finish(err)
	}
	return broken
}

// try runs a group in one transaction. refused is the place of the operation
// whose error undid it, or -1.
func (s *Store) try(group []*write) (refused int, err, fatal error) {
	damaged := guard(func() error {
		refused, err, fatal = s.transact(group)
		return nil
	})
	if damaged != nil {
		return -1, damaged, damaged
	}
	return refused, err, fatal
}

func (s *Store) transact(group []*write) (refused int, err, fatal error) {
	if !group[0].large {
		return s.journaled(group)
	}
	if err, fatal := s.foldAll(); err != nil {
		return -1, err, fatal
	}
	// It takes a number of the journal: a batch that follows on it does not fit a file without it.
	number, clean := s.journal.next, false
	rest := slices.ContainsFunc(group, func(w *write) bool { return w.rest != nil })
	refused, err, fatal = s.inFile(func(t *tx) (int, error) {
		refused, err := applyAll(t, group)
		clean = t.dirty && slices.ContainsFunc(group, func(w *write) bool { return w.clean })
		if (clean || rest) && s.journal.named {
			t.delete(bMeta, kJournaled)
		}
		if err == nil && t.dirty {
			s.journal.next = number + 1
			t.put(bMeta, kJournal, be64(nil, number))
		}
		return refused, err
	})
	if err != nil {
		s.journal.next = number
		return refused, err, fatal
	}
	if clean || rest { // all that it holds is in the file
		s.journal.named = false
	}
	for _, w := range group {
		if w.rest != nil {
			w.rest()
		}
	}
	if clean {
		if err := s.journal.clear(); err != nil {
			return -1, s.failed(err), s.fatal(err)
		}
	}
	return -1, nil, nil
}

// journaled runs a group in a layer of its own; when its batch is durable, the
// layer is what everybody sees.
func (s *Store) journaled(group []*write) (refused int, err, fatal error) {
	if s.over.newest().size > mostUnfolded {
		if err, fatal := s.foldAll(); err != nil {
			return -1, err, fatal
		}
	}
	btx, err := s.db.Begin(false)
	if err != nil {
		return -1, err, nil
	}
	defer func() { _ = btx.Rollback() }() // of a view: it never fails
	over := s.over.own()
	t := &tx{file: btx, layers: over.layers, top: over.newest(), log: newJournalBatch(s.room), dnc: &s.dnc, words: &s.words}
	refused, err = applyAll(t, group)
	s.room = t.log.b
	if err != nil || t.log.empty() {
		return refused, err, nil
	}
	_ = btx.Rollback() // who writes the file may have to map more of it
	if err, fatal := s.name(); err != nil {
		return -1, err, fatal
	}
	if err := s.journal.append(t.log); err != nil {
		return -1, s.failed(err), s.fatal(err)
	}
	s.over.publish(over)
	return -1, nil, nil
}

// applyAll runs the operations of a group; refused is the place of one that does not
// want to, or -1.
func applyAll(t *tx, group []*write) (refused int, err error) {
	for i, w := range group {
		err := w.apply(t)
		if err == nil {
			err = t.err
		}
		if err != nil {
			return i, err
		}
	}
	t.late.write(t)
	return -1, t.err // of the last, a mistake of ours: nobody's operation more than another's
}

// inFile runs f in a transaction of the file.
func (s *Store) inFile(f func(*tx) (int, error)) (refused int, err, fatal error) {
	btx, err := s.db.Begin(true)
	if err != nil {
		return -1, err, nil
	}
	defer func() { _ = btx.Rollback() }() // after a commit there is nothing to roll back
	t := &tx{file: btx, dnc: &s.dnc, words: &s.words}
	if refused, err = f(t); err != nil || !t.dirty {
		return refused, err, nil
	}
	if err := commitError(btx.Commit()); err != nil {
		return -1, s.failed(err), s.fatal(err)
	}
	return -1, nil, nil
}

// commitError tells a failed sync of bbolt, which gives the bare error of the
// call, from a failed write, which names the file.
func commitError(err error) error {
	if err == nil {
		return nil
	}
	if _, bare := err.(syscall.Errno); bare || strings.HasPrefix(err.Error(), "file sync error") {
		return syncError{err}
	}
	return err
}

// failed is what a write that failed says. A disk that is full for a write undoes
// its operation and no more; after any other failure nobody knows what the disk
// holds, and repeating an fsync would hide the loss.
func (s *Store) failed(err error) error {
	if full := spaceError(err); errors.Is(full, ErrNoSpace) && !errors.As(err, new(syncError)) {
		return full
	}
	return fmt.Errorf("%w: a write failed (%w); look at the disk, then restart", ErrDamaged, err)
}

// fatal is failed where nothing more may be written, else nil.
func (s *Store) fatal(err error) error {
	if err = s.failed(err); errors.Is(err, ErrNoSpace) {
		return nil
	}
	return err
}

// spaceError recognises a full disk or quota, also where bbolt passes on only
// its text.
func spaceError(err error) error {
	if err == nil {
		return nil
	}
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if strings.Contains(err.Error(), full.Error()) {
			return fmt.Errorf("%w: %w; free some and try again", ErrNoSpace, err)
		}
	}
	return err
}
