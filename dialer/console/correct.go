package console

import (
	"errors"
	"net/http"
	"time"

	"apel/contactdb"
)

// NewCorrection is the body of a request that corrects a call record.
type NewCorrection struct {
	Disposition *string           `json:"disposition,omitempty"`
	Note        *string           `json:"note,omitempty"`
	Answers     map[string]string `json:"script_answers,omitempty"`
	Reason      string            `json:"reason"`
}

// correctRecord appends a correction. The store writes its entry of the audit
// trail in the same transaction.
func (a *api) correctRecord(r *http.Request) (any, error) {
	id := r.PathValue("record")
	var body NewCorrection
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	c := contactdb.Correction{ID: id, Disposition: body.Disposition, Note: body.Note, Answers: body.Answers, Who: whoOf(r), Reason: body.Reason, Now: time.Now()}
	if c.Check() != nil || body.Reason == "" {
		return nil, problem(Usage, "a correction needs what is corrected (disposition, note or script_answers) and a reason")
	}
	rec, err := a.svc.Store().Correct(r.Context(), c)
	switch {
	case errors.Is(err, contactdb.ErrNotFound):
		return nil, problem(NotFound, "there is no call record %q; see: apel record ls", id)
	case err != nil:
		return nil, err
	}
	traceOf(r).written = true
	return rec, nil
}
