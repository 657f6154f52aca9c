package contactdb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A register is a do-not-call list that comes as a whole: a client's, or a
// country's. Its numbers lie sorted in blocks, each under the last of its
// numbers, as the first and the distances from one to the next: one to three
// bytes a number, and one seek to look one up. An issue fills a segment that
// nobody sees; one transaction puts it in the place of the issue before.

// Register is a do-not-call list that comes as a whole, in issues.
type Register struct {
	Name       string    `json:"name"`
	Scope      string    `json:"scope,omitempty"` // as of a Suppression
	Issued     time.Time `json:"issued,omitzero"`
	Expires    time.Time `json:"expires,omitzero"` // its numbers stay suppressed after that; campaigns may ask for a newer issue
	ImportedAt time.Time `json:"imported_at,omitzero"`
	Numbers    int       `json:"numbers"`
	Reason     string    `json:"reason,omitempty"`
	Source     string    `json:"source,omitempty"` // the file
}

// Expired says that a newer issue must be there by now.
func (r Register) Expired(now time.Time) bool { return !r.Expires.IsZero() && !now.Before(r.Expires) }

// registerRow is a register as stored.
type registerRow struct {
	Register
	Segment uint32 `json:"segment"`
}

// entry is what the register says of one of its numbers.
func (r registerRow) entry(phone string) Suppression {
	return Suppression{Phone: phone, List: r.Name, Scope: r.Scope, Reason: cmp.Or(r.Reason, "register"), Source: r.Source, AddedAt: r.ImportedAt}
}

const (
	// blockNumbers is how many numbers a block has: some 500 bytes.
	blockNumbers = 256
	// blocksStep is how many blocks one transaction writes.
	blocksStep = 512
)

// digits is a number in E.164 as a number; false if it is none.
func digits(phone string) (uint64, bool) {
	text, plus := strings.CutPrefix(phone, "+")
	if !plus || len(text) > 18 || text == "" || text[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}

func blockKey(seg uint32, last uint64) []byte { return be64(be32(nil, seg), last) }

// block packs sorted numbers.
func block(numbers []uint64) []byte {
	b := binary.AppendUvarint(nil, numbers[0])
	for i, n := range numbers[1:] {
		b = binary.AppendUvarint(b, n-numbers[i])
	}
	return b
}

// unblock hands out the numbers of a block until f returns false.
func unblock(b []byte, f func(uint64) bool) error {
	n := uint64(0)
	for len(b) > 0 {
		step, size := binary.Uvarint(b)
		if size <= 0 {
			return fmt.Errorf("%w: a block of a register cannot be read; import its issue again", ErrDamaged)
		}
		if n, b = n+step, b[size:]; !f(n) {
			return nil
		}
	}
	return nil
}

// registered says whether a register has a number.
func (t *tx) registered(r registerRow, phone string) (found bool, err error) {
	want, ok := digits(phone)
	if !ok {
		return false, nil
	}
	key, value := t.cursor(bRegistered).Seek(blockKey(r.Segment, want))
	if len(key) < 12 || binary.BigEndian.Uint32(key) != r.Segment {
		return false, nil
	}
	err = unblock(value, func(n uint64) bool {
		found = n == want
		return n < want
	})
	return found, err
}

func (s *Store) registerRows() (rows []registerRow, err error) {
	err = s.view("registers", func(t *tx) error {
		x, err := t.dncIndex()
		if err == nil {
			rows = x.registers
		}
		return err
	})
	return rows, err
}

// Registers returns all registers by name.
func (s *Store) Registers() ([]Register, error) {
	rows, err := s.registerRows()
	all := make([]Register, len(rows))
	for i, r := range rows {
		all[i] = r.Register
	}
	return all, err
}

// ReplaceRegister puts a new issue of a register in the place of the one
// before, in one step; the numbers are those of rows, in E.164 and in any
// order, each counted once. Until then, and after an error or a crash, the
// issue before is in force. Campaigns consider again whom it had kept from
// them. Calls go on meanwhile.
//
// An *OlderIssueError if the one in force by then was issued later, unless the new
// one may be older: an old file that is imported by mistake would have called who
// has joined the register since.
func (s *Store) ReplaceRegister(ctx context.Context, r Register, mayBeOlder bool, now time.Time, rows iter.Seq2[string, error]) (Register, error) {
	switch {
	case r.Name == "" || len(r.Name) > 100 || strings.ContainsRune(r.Name, 0) || r.Name == OwnList:
		return r, fmt.Errorf("register %q: a name has 1 to 100 characters and is not %q", r.Name, OwnList)
	case !r.Expires.IsZero() && !r.Issued.Before(r.Expires):
		return r, fmt.Errorf("register %q: it expires before it is issued", r.Name)
	}
	if err := ParseScope(r.Scope); err != nil {
		return r, err
	}
	numbers, err := sortedNumbers(ctx, rows)
	if err != nil {
		return r, fmt.Errorf("register %q: %w", r.Name, err)
	}
	r.Issued, r.Expires, r.ImportedAt, r.Numbers = r.Issued.UTC(), r.Expires.UTC(), now.UTC(), len(numbers)
	s.registering.Lock()
	defer s.registering.Unlock()
	if err := s.sweepRegisters(); err != nil {
		return r, err
	}
	err = s.issue(ctx, r, mayBeOlder, numbers)
	_ = s.sweepRegisters() // the issue before, or what an error left; else it is swept when the store opens
	return r, err
}

// sortedNumbers reads, sorts and deduplicates.
func sortedNumbers(ctx context.Context, rows iter.Seq2[string, error]) (numbers []uint64, err error) {
	for phone, err := range rows {
		n, ok := digits(phone)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fmt.Errorf("%q is no number in E.164", phone)
		}
		if numbers = append(numbers, n); len(numbers)%100_000 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers), ctx.Err()
}

// issue writes the numbers where nobody sees them, then has them seen.
func (s *Store) issue(ctx context.Context, r Register, mayBeOlder bool, numbers []uint64) error {
	what, seg := "register "+r.Name, uint32(0)
	err := s.write(ctx, what, func(t *tx) error {
		seg = uint32(t.next(bRegistered))
		t.put(bUnregistered, be32(nil, seg), []byte{})
		return nil
	})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(numbers, blocksStep*blockNumbers) {
		err := s.writeLarge(ctx, what, func(t *tx) error {
			for some := range slices.Chunk(part, blockNumbers) {
				t.put(bRegistered, blockKey(seg, some[len(some)-1]), block(some))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return s.write(ctx, what, func(t *tx) error {
		var old registerRow
		before, err := t.load(bRegisters, []byte(r.Name), &old)
		if err == nil && before && !mayBeOlder && r.Issued.Before(old.Issued) {
			err = &OlderIssueError{old.Register}
		}
		if err != nil {
			return err
		}
		t.delete(bUnregistered, be32(nil, seg))
		t.save(bRegisters, []byte(r.Name), registerRow{r, seg})
		t.dncChange()
		if !before {
			return nil
		}
		t.put(bUnregistered, be32(nil, old.Segment), []byte{})
		return t.resetScope(old.Scope)
	})
}

// OlderIssueError is ErrState: an issue is older than the one in force.
type OlderIssueError struct{ InForce Register }

func (e *OlderIssueError) Error() string {
	return fmt.Sprintf("%v: register %q is in force as it was issued on %s", ErrState, e.InForce.Name, e.InForce.Issued.Format(time.DateOnly))
}
func (e *OlderIssueError) Unwrap() error { return ErrState }

// RemoveRegister removes a register with its numbers; ErrNotFound.
func (s *Store) RemoveRegister(name string) error {
	s.registering.Lock()
	defer s.registering.Unlock()
	err := s.update("remove register", func(t *tx) error {
		var old registerRow
		found, err := t.load(bRegisters, []byte(name), &old)
		if err == nil && !found {
			err = fmt.Errorf("register %q: %w", name, ErrNotFound)
		}
		if err != nil {
			return err
		}
		t.delete(bRegisters, []byte(name))
		t.put(bUnregistered, be32(nil, old.Segment), []byte{})
		t.dncChange()
		return t.resetScope(old.Scope)
	})
	if err != nil {
		return err
	}
	return s.sweepRegisters()
}

// sweepRegisters deletes the blocks of segments that nobody sees, a part at a
// time.
func (s *Store) sweepRegisters() error {
	for left := true; left; {
		err := s.update("clean up", func(t *tx) error {
			key, _ := t.cursor(bUnregistered).First()
			if left = key != nil; !left {
				return nil
			}
			if seg := bytes.Clone(key); t.clear(bRegistered, seg, sweepStep) == 0 {
				t.delete(bUnregistered, seg)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// numbersOf walks the numbers of a register as it was when it was asked for.
func (s *Store) numbersOf(r registerRow) iter.Seq2[Suppression, error] {
	read := func(_ *tx, _, value []byte) (some []uint64, keep bool, err error) {
		err = unblock(value, func(n uint64) bool { some = append(some, n); return true })
		return some, true, err
	}
	return func(yield func(Suppression, error) bool) {
		left := r.Numbers
		for some, err := range (pages[[]uint64]{store: s, bucket: bRegistered, prefix: be32(nil, r.Segment), read: read}).all() {
			if err != nil {
				yield(Suppression{}, err)
				return
			}
			left -= len(some)
			for _, n := range some {
				if !yield(r.entry("+"+strconv.FormatUint(n, 10)), nil) {
					return
				}
			}
		}
		if left != 0 {
			yield(Suppression{}, fmt.Errorf("%w: register %q was replaced meanwhile; do it again", ErrState, r.Name))
		}
	}
}
