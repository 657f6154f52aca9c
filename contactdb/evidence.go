package contactdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Beside a call record lies what the detector's verdict rests on: a few hundred
// bytes that hold no sound and nothing that was said, opaque here. They are no
// part of the record and its hash: they may be forgotten while it stays.

// maxEvidence bounds what is kept of one attempt, bytes.
const maxEvidence = 4096

// errEvidence: more than evidence is meant to be.
var errEvidence = errors.New("evidence of more than 4096 bytes")

// Evidence returns what was kept with an attempt's record; ErrNotFound if
// nothing was, or it was forgotten.
func (s *Store) Evidence(attempt string) (evidence []byte, err error) {
	err = s.view("evidence", func(t *tx) error {
		evidence = bytes.Clone(t.get(bEvidence, []byte(attempt)))
		if evidence == nil {
			return fmt.Errorf("attempt %q: %w", attempt, ErrNotFound)
		}
		return nil
	})
	return evidence, err
}

// RecordOf returns the call record of an attempt; ErrNotFound.
func (s *Store) RecordOf(attempt string) (r Record, err error) {
	err = s.view("call record", func(t *tx) (err error) {
		var found bool
		if r, found, err = t.record([]byte(attempt)); err == nil && !found {
			err = fmt.Errorf("attempt %q: %w", attempt, ErrNotFound)
		}
		return err
	})
	return r, err
}

func (t *tx) record(attempt []byte) (r Record, found bool, err error) {
	seq := t.get(bRecordIDs, attempt)
	if seq == nil {
		return r, false, nil
	}
	found, err = t.load(bRecords, seq, &r)
	return r, found, err
}

// Judged is a call record, as it was last corrected, with the evidence of its verdict.
type Judged struct {
	Record   Record
	Evidence []byte
}

// Judged yields every record that has evidence, the oldest first, in one
// consistent view.
func (s *Store) Judged() iter.Seq2[Judged, error] {
	return func(yield func(Judged, error) bool) {
		err := s.view("evidence", func(t *tx) error {
			return t.each(bEvidence, nil, func(attempt, evidence []byte) (bool, error) {
				r, found, err := t.record(attempt)
				if err != nil || !found {
					return err == nil, err
				}
				if r, _, err = t.corrected(r); err != nil {
					return false, err
				}
				return yield(Judged{r, bytes.Clone(evidence)}, nil), nil
			})
		})
		if err != nil {
			yield(Judged{}, err)
		}
	}
}

// forgetStep is how many rows one transaction of ForgetEvidence looks at.
const forgetStep = 5000

// ForgetEvidence erases the evidence of every call that ended before a time, as
// retention asks; the records stay. It says how many it erased.
func (s *Store) ForgetEvidence(ctx context.Context, before time.Time) (forgotten int, err error) {
	from := []byte{}
	for from != nil && err == nil {
		var gone int
		var next []byte
		err = s.writeClean(ctx, "forget evidence", func(t *tx) (err error) {
			gone, next, err = t.forgetEvidence(from, before)
			return err
		})
		from, forgotten = next, forgotten+gone
	}
	return forgotten, err
}

// forgetEvidence goes through a part of the evidence from a key on; next is
// where the rest begins, nil at the end.
func (t *tx) forgetEvidence(from []byte, before time.Time) (gone int, next []byte, err error) {
	var old [][]byte
	cursor, looked := t.cursor(bEvidence), 0
	key, _ := cursor.Seek(from)
	for ; key != nil && looked < forgetStep; key, _ = cursor.Next() {
		looked++
		r, found, err := t.record(key)
		if err != nil {
			return 0, nil, err
		}
		if !found || r.EndedAt.Before(before) {
			old = append(old, bytes.Clone(key))
		}
	}
	next = bytes.Clone(key)
	for _, k := range old {
		t.delete(bEvidence, k)
	}
	return len(old), next, nil
}

// keepEvidence puts an attempt's evidence beside its record.
func (t *tx) keepEvidence(attempt string, evidence []byte) error {
	switch {
	case len(evidence) == 0:
		return nil
	case len(evidence) > maxEvidence:
		return errEvidence
	}
	t.put(bEvidence, []byte(attempt), bytes.Clone(evidence))
	return nil
}

// evidence lies beside a record or is not there.
func (c *checking) evidence() error {
	return c.each(bEvidence, nil, func(id, _ []byte) (bool, error) {
		if c.get(bRecordIDs, id) == nil {
			c.bad("there is evidence of attempt %s, which has no record", id)
		}
		return true, nil
	})
}
