package contactdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Correction is what an operator or supervisor said wrongly of a call; nil
// stays as it is. What the network and the detector saw is not corrected.
type Correction struct {
	ID          string // of the call record, as it was settled
	Disposition *string
	Note        *string
	Answers     map[string]string // replaces all answers, if not nil
	Who, Reason string
	Now         time.Time
}

// correctionMark stands between the id of a record and the number of its
// correction: "a000000000012-c1" corrects "a000000000012".
const correctionMark = "-c"

// Corrects names the record that this one corrects; false if it corrects none.
func (r Record) Corrects() (id string, is bool) {
	id, _, is = strings.Cut(r.ID, correctionMark)
	return id, is
}

// Correct appends a record that names the old one by its id, with what is
// corrected and all else as it was. The old one stays; tallies count the call
// once. ErrNotFound, ErrState if its person was erased.
func (s *Store) Correct(ctx context.Context, c Correction) (rec Record, err error) {
	err = s.write(ctx, "correct record "+c.ID, func(t *tx) error {
		if _, is := (Record{ID: c.ID}).Corrects(); is {
			return fmt.Errorf("%w: it is a correction itself; correct the record that it names", ErrState)
		}
		old, found, err := t.record([]byte(c.ID))
		if err == nil && !found {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		if strings.HasPrefix(old.Phone, erasedText) {
			return fmt.Errorf("%w: its person was erased", ErrState)
		}
		before, n, err := t.corrected(old)
		if err != nil {
			return err
		}
		rec = before
		if c.Disposition != nil {
			rec.Disposition = *c.Disposition
		}
		if c.Note != nil {
			rec.Note = *c.Note
		}
		if c.Answers != nil {
			rec.ScriptAnswers = c.Answers
		}
		rec.ID = fmt.Sprintf("%s%s%d", c.ID, correctionMark, n)
		d, err := newDraft(&rec)
		if err != nil {
			return err
		}
		if err := t.append(&rec, d); err != nil {
			return err
		}
		was, is := said(before), said(rec)
		for k, v := range was {
			if is[k] == v { // as it was
				delete(was, k)
				delete(is, k)
			}
		}
		return t.audit(&AuditEntry{At: c.Now, Who: c.Who, Verb: "record.correct", Object: "record/" + c.ID, Phone: old.Phone,
			Detail: map[string]string{"reason": c.Reason, "correction": rec.ID}, Before: was, After: is})
	})
	return rec, err
}

// said is what an operator said of a call.
func said(r Record) map[string]string {
	all := map[string]string{"disposition": r.Disposition, "note": r.Note}
	for k, v := range r.ScriptAnswers {
		all["script_answers."+k] = v
	}
	return all
}

// corrected is a record with its last correction, and the number of the next.
func (t *tx) corrected(r Record) (now Record, next int, err error) {
	for next = 1; ; next++ {
		c, found, err := t.record(fmt.Appendf(nil, "%s%s%d", r.ID, correctionMark, next))
		if err != nil || !found {
			return r, next, err
		}
		r.Disposition, r.Note, r.ScriptAnswers = c.Disposition, c.Note, c.ScriptAnswers
	}
}

// asCall gives a record as it counts: with its corrections, which do not count
// by themselves.
func (t *tx) asCall(r Record) (call Record, counts bool, err error) {
	if _, is := r.Corrects(); is {
		return r, false, nil
	}
	call, _, err = t.corrected(r)
	return call, true, err
}

var errNothingCorrected = errors.New("nothing to correct was given")

// Check says what is wrong with a correction, nil if nothing is.
func (c Correction) Check() error {
	if c.Disposition == nil && c.Note == nil && c.Answers == nil {
		return errNothingCorrected
	}
	return nil
}
