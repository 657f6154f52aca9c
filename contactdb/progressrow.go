package contactdb

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// A campaign's row for a contact is compact: it is read and written with each
// lease and each settled call. A mark, a set of what is there, then that in
// order. A row that begins with '{' is JSON, as schemas before 6 wrote it.
const stateRow = 1

const (
	stateRescheduled = 1 << iota
	stateRuled
	stateFinal
	stateLive
	statePromise
	stateNumbers
)

// outcomeCodes are outcomes by their code in rows: only ever added to at the end.
var outcomeCodes = []string{"", Human, Machine, Abandoned, Fax, Busy, NoAnswer, Rejected, InvalidNumber, Intercepted, Congested, Failed, Cancelled, Interrupted}

func (s *state) bytes() ([]byte, error) {
	set := byte(0)
	for i, is := range [...]bool{s.Rescheduled, s.Ruled, s.Final != "", s.Live != "", s.Promise != nil, len(s.Numbers) > 0} {
		if is {
			set |= 1 << i
		}
	}
	b := append(make([]byte, 0, 96), stateRow, set)
	b = binary.AppendUvarint(b, uint64(s.Attempts))
	b = appendOutcome(b, s.LastOutcome)
	b = appendInstant(appendInstant(b, s.LastAt), s.NextTry)
	b = binary.AppendVarint(binary.AppendVarint(b, s.Due), s.PromiseDue)
	b = binary.AppendUvarint(b, uint64(len(s.Outcomes)))
	for _, o := range s.Outcomes {
		b = appendOutcome(b, o)
	}
	if s.Final != "" {
		b = appendText(b, s.Final)
	}
	if s.Live != "" {
		b = appendText(b, s.Live)
	}
	if s.Promise == nil && len(s.Numbers) == 0 {
		return b, nil
	}
	rest, err := json.Marshal(stateRest{s.Promise, s.Numbers})
	return append(b, rest...), err
}

// stateRest is what few contacts have.
type stateRest struct {
	Promise *Promise         `json:"promise,omitempty"`
	Numbers []NumberProgress `json:"numbers,omitempty"`
}

func appendOutcome(b []byte, outcome string) []byte {
	if code := slices.Index(outcomeCodes, outcome); code >= 0 {
		return append(b, byte(code))
	}
	return appendText(append(b, 0xFF), outcome)
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendInstant writes a time as rowWriter.instant does.
func appendInstant(b []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(b, 0)
	}
	return binary.AppendVarint(binary.AppendUvarint(b, 1+uint64(at.Nanosecond())), at.Unix())
}

// readState reads a row of bProgress.
func readState(row []byte) (st state, err error) {
	if len(row) > 0 && row[0] == '{' {
		err = decode(bProgress, row, &st)
		return st, err
	}
	if len(row) < 2 || row[0] != stateRow {
		return st, errState
	}
	set, r := row[1], rowReader{reader: reader{b: row[2:]}, at: -1, text: string(row[2:])}
	st.Attempts = int(r.number())
	st.LastOutcome, st.LastAt, st.NextTry = r.outcome(), r.instant(), r.instant()
	st.Due, st.PromiseDue = r.signed(), r.signed()
	if n := r.few(); n > 0 {
		st.Outcomes = make([]string, n)
		for i := range st.Outcomes {
			st.Outcomes[i] = r.outcome()
		}
	}
	st.Rescheduled, st.Ruled = set&stateRescheduled != 0, set&stateRuled != 0
	if set&stateFinal != 0 {
		st.Final = r.string()
	}
	if set&stateLive != 0 {
		st.Live = r.string()
	}
	if r.bad || (len(r.b) > 0) != (set&(statePromise|stateNumbers) != 0) {
		return state{}, errState
	}
	if len(r.b) > 0 {
		rest := stateRest{}
		err = decode(bProgress, r.b, &rest)
		st.Promise, st.Numbers = rest.Promise, rest.Numbers
	}
	return st, err
}

var errState = fmt.Errorf("%w: a row of %s cannot be read", ErrDamaged, bProgress)

func (r *rowReader) outcome() string {
	code := r.byte()
	switch {
	case r.bad:
		return ""
	case int(code) < len(outcomeCodes):
		return outcomeCodes[code]
	case code == 0xFF:
		return r.string()
	}
	r.bad = true
	return ""
}
