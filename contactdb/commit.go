package contactdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"go.etcd.io/bbolt"
)

// The committer is the one goroutine that writes. It takes whatever waits in
// the queue into one transaction, so that an fsync serves all of it: no delay
// when little happens, and large groups when much does.

// errClosed: the store was closed before the operation was applied.
var errClosed = errors.New("the store is closed")

// groupLimit bounds the writes of one transaction, and with it how long the
// first of them waits for the last.
const groupLimit = 512

// write is one operation in the queue. apply may run more than once, each
// time in a fresh transaction, and must set its results anew each time.
type write struct {
	apply func(*tx) error
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
	w := &write{done: make(chan error, 1)}
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

// commits is the committer's loop; at the end it empties the queue.
func (s *Store) commits() {
	defer close(s.stopped)
	var broken error
	for {
		var group []*write
		select {
		case w := <-s.queue:
			group = s.gather(append(group, w))
		case <-s.stop:
			if group = s.gather(nil); len(group) == 0 {
				return
			}
		}
		if broken == nil {
			broken = s.commit(group)
			continue
		}
		for _, w := range group {
			w.finish(broken)
		}
	}
}

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
	btx, err := s.db.Begin(true)
	if err != nil {
		return -1, err, nil
	}
	defer func() { _ = btx.Rollback() }() // after a commit there is nothing to roll back
	t := &tx{Tx: btx, dnc: &s.dnc, words: &s.words}
	for i, w := range group {
		err := w.apply(t)
		if err == nil {
			err = t.err
		}
		if err != nil {
			return i, err, nil
		}
	}
	if t.late.write(t); t.err != nil { // a mistake of ours; nobody's operation more than another's
		return -1, t.err, nil
	}
	if !t.dirty {
		return -1, nil, nil
	}
	return s.flush(btx)
}

// flush commits. A full disk undoes the transaction and no more; after any
// other failure nobody knows what the disk holds, and repeating an fsync would
// hide the loss.
func (s *Store) flush(btx *bbolt.Tx) (int, error, error) {
	err := btx.Commit()
	if err == nil {
		return -1, nil, nil
	}
	if err = spaceError(err); errors.Is(err, ErrNoSpace) {
		return -1, err, nil
	}
	err = fmt.Errorf("%w: a write failed (%w); look at the disk, then restart", ErrDamaged, err)
	return -1, err, err
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
