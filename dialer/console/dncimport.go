package console

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"time"

	"apel/contactdb"
	"apel/contactdb/intake"
)

const (
	suppressBatch = 10_000 // entries in one transaction
	maxRefusals   = 1_000  // refused rows that are told one by one
)

// SuppressionsImport accounts for every row of a do-not-call file: Rows =
// Added + Known + Rejected.
type SuppressionsImport struct {
	Rows     int       `json:"rows"`
	Added    int       `json:"added"`
	Known    int       `json:"known"` // were on the list already, or twice in the file
	Rejected int       `json:"rejected"`
	Rejects  []Refusal `json:"rejects"` // the first of the rejected rows

	Register *contactdb.Register `json:"register,omitempty"` // the issue that is in force now
}

// Refusal is a row that holds no number.
type Refusal struct {
	Line   int    `json:"line"`
	Reason string `json:"reason"`
}

// importSuppressions takes a file as list import does: its phone column, or
// its only one. Entries are kept in steps, so a failure in the middle leaves
// what came before suppressed, which is the safe side.
func (a *api) importSuppressions(r *http.Request) (any, error) {
	q := r.URL.Query()
	file, err := openNumbers(r.Body, q.Get("country"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := SuppressionsImport{Rejects: []Refusal{}}
	refuse := func(j intake.Reject) error {
		if in.Rejected++; len(in.Rejects) < maxRefusals {
			in.Rejects = append(in.Rejects, Refusal{j.Line, j.Reason})
		}
		return nil
	}
	if list := q.Get("list"); list != "" && list != contactdb.OwnList {
		return a.importRegister(r, list, file, &in, refuse)
	}
	var batch []contactdb.Suppression
	keep := func() error {
		added, err := a.svc.Suppress(r.Context(), batch)
		in.Added += added
		in.Known += len(batch) - added
		batch = batch[:0]
		return err
	}
	entry := contactdb.Suppression{Reason: q.Get("reason"), Source: q.Get("source"), AddedAt: time.Now()}
	for c, err := range file.Contacts(refuse) {
		if err != nil {
			return nil, a.cutOff(r, &in, errors.Join(err, keep()))
		}
		entry.Phone = c.Phone
		if batch = append(batch, entry); len(batch) == suppressBatch {
			if err := keep(); err != nil {
				return nil, a.cutOff(r, &in, err)
			}
		}
	}
	if err = keep(); err != nil {
		return nil, a.cutOff(r, &in, err)
	}
	in.Rows, _ = file.Counts()
	traceOf(r).change(nil, in.sums())
	return in, nil
}

func (in *SuppressionsImport) sums() map[string]int {
	return map[string]int{"rows": in.Rows, "added": in.Added, "known": in.Known, "rejected": in.Rejected}
}

// cutOff writes down what an import has suppressed before an error: the router
// writes only what went well.
func (a *api) cutOff(r *http.Request, in *SuppressionsImport, err error) error {
	if in.Added == 0 {
		return err
	}
	t := traceOf(r)
	t.change(nil, in.sums())
	t.note("cut_off", true)
	return errors.Join(err, a.write(t))
}

// importRegister puts the file in force as a new issue of a register: all of
// it, in one step, or nothing.
func (a *api) importRegister(r *http.Request, name string, file *intake.File, in *SuppressionsImport, refuse func(intake.Reject) error) (any, error) {
	q := r.URL.Query()
	reg := contactdb.Register{Name: name, Scope: q.Get("scope"), Reason: q.Get("reason"), Source: q.Get("source")}
	err := errors.Join(checkName("do-not-call list", name), checkScope(reg.Scope))
	if err != nil {
		return nil, err
	}
	if reg.Issued, err = queryTime(r, "issued"); err != nil {
		return nil, err
	}
	if reg.Expires, err = queryTime(r, "expires"); err != nil {
		return nil, err
	}
	if !reg.Expires.IsZero() && !reg.Issued.Before(reg.Expires) {
		return nil, problem(Usage, "the register would expire at %s, before it was issued", reg.Expires.Format(time.RFC3339))
	}
	reg, err = a.svc.ReplaceRegister(r.Context(), reg, q.Get("older") != "", func(yield func(string, error) bool) {
		for c, err := range file.Contacts(refuse) {
			if !yield(c.Phone, err) {
				return
			}
		}
	})
	if newer := (*contactdb.OlderIssueError)(nil); errors.As(err, &newer) {
		return nil, olderThan(newer.InForce, reg)
	}
	if err != nil {
		return nil, err
	}
	in.Rows, _ = file.Counts()
	in.Added = reg.Numbers
	in.Known = in.Rows - in.Rejected - in.Added
	in.Register = &reg
	return *in, nil
}

// olderThan refuses an issue for the one in force.
func olderThan(now, reg contactdb.Register) error {
	what := "was issued on " + reg.Issued.Format(time.DateOnly)
	if reg.Issued.IsZero() {
		what = "has no day of issue"
	}
	return problem(State, "register %q is in force as it was issued on %s, and this file %s; give its day with --issued, or, to put an older issue in force all the same, --older", reg.Name, now.Issued.Format(time.DateOnly), what)
}

// openNumbers takes a file of one column for numbers even where too many of
// its rows are none for the column to be recognised.
func openNumbers(body io.Reader, country string) (*intake.File, error) {
	read := &remembering{Reader: body, on: true}
	file, err := intake.Open(read, intake.Options{Country: country})
	read.on = false
	if err == nil || read.lost {
		return file, err
	}
	again := io.MultiReader(&read.head, body)
	first := intake.Options{Country: country, Map: map[string]string{"phone": "1"}}
	if file, e := intake.Open(again, first); e == nil && len(file.Columns()) == 1 {
		return file, nil
	}
	return nil, err
}

// mostRemembered bounds what is kept of a file to be read a second time: an
// archive is read to its end before it is known what it holds.
const mostRemembered = 32 << 20

// remembering keeps what was read while it is on.
type remembering struct {
	io.Reader
	head bytes.Buffer
	on   bool
	lost bool // it was too much
}

func (r *remembering) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	switch {
	case r.on && r.head.Len()+n > mostRemembered:
		r.head, r.on, r.lost = bytes.Buffer{}, false, true
	case r.on:
		r.head.Write(b[:n])
	}
	return n, err
}
