package contactdb

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"sync"
	"time"
)

// RecordColumns are the columns of a call record in the order of the contract:
// the names of Record's JSON.
var RecordColumns = columnsOf(reflect.TypeFor[Record]())

func columnsOf(of reflect.Type) (names []string) {
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}

// RecordRow is a call record as it is kept: JSON whose text was hashed, with
// the salts of what can be erased behind its hash.
type RecordRow struct {
	Place uint64 // in the chain, from 1
	Text  []byte
	all   []member
}

// Values gives the JSON of each of RecordColumns, nil for a time that is not
// known, in place of what into held.
func (r RecordRow) Values(into [][]byte) [][]byte {
	into = into[:0]
	at := 0
	for _, name := range RecordColumns {
		if at < len(r.all) && string(r.all[at].name(r.Text)) == name {
			into = append(into, r.all[at].value(r.Text))
			at++
		} else {
			into = append(into, nil)
		}
	}
	return into
}

// Decode gives the record.
func (r RecordRow) Decode() (rec Record, err error) {
	err = decode(bRecords, r.Text, &rec)
	return rec, err
}

// rowFilter is a RecordFilter on the JSON of rows.
type rowFilter struct {
	RecordFilter
	texts [][2][]byte // member and the JSON of its value
}

func (f RecordFilter) onRows() rowFilter {
	r := rowFilter{RecordFilter: f}
	for _, t := range [][2]string{{"campaign", f.Campaign}, {"list", f.List}, {"phone", f.Phone}, {"operator", f.Operator}, {"outcome", f.Outcome}} {
		if t[1] != "" {
			value, _ := json.Marshal(t[1]) // a text always can be
			r.texts = append(r.texts, [2][]byte{[]byte(t[0]), value})
		}
	}
	return r
}

func (f rowFilter) match(r RecordRow) (bool, error) {
	for _, m := range r.all {
		name := m.name(r.Text)
		for _, t := range f.texts {
			if bytes.Equal(t[0], name) && !bytes.Equal(t[1], m.value(r.Text)) {
				return false, nil
			}
		}
		if string(name) == "ended_at" && !(f.From.IsZero() && f.To.IsZero()) {
			at, err := time.Parse(`"`+time.RFC3339Nano+`"`, string(m.value(r.Text)))
			if err != nil {
				return false, fmt.Errorf("%w: record %d has no time: %w", ErrDamaged, r.Place, err)
			}
			if !f.From.IsZero() && at.Before(f.From) || !f.To.IsZero() && !at.Before(f.To) {
				return false, nil
			}
		}
	}
	return true, nil
}

// rowPage is how many rows are read in one transaction.
const rowPage = 2000

// RecordRows walks call records as Records does, without taking them apart: for
// exports of millions. A row is valid until the next one. The next rows are read
// while these are looked at.
func (s *Store) RecordRows(f RecordFilter) iter.Seq2[RecordRow, error] {
	return func(yield func(RecordRow, error) bool) {
		pages, free, stop := make(chan *rowsRead), make(chan *rowsRead, 2), make(chan struct{})
		free <- &rowsRead{}
		free <- &rowsRead{}
		var reader sync.WaitGroup
		defer reader.Wait()
		defer close(stop)
		reader.Go(func() { s.readRows(f, pages, free, stop) })
		for p := range pages {
			for _, row := range p.rows {
				if !yield(row, nil) {
					return
				}
			}
			if p.err != nil {
				yield(RecordRow{}, p.err)
				return
			}
			free <- p
		}
	}
}

// readRows reads page after page until the last, or until nobody waits.
func (s *Store) readRows(f RecordFilter, pages chan<- *rowsRead, free <-chan *rowsRead, stop <-chan struct{}) {
	defer close(pages)
	w := rowWalk{f: f.onRows()}
	begun := false
	for !w.over {
		p := <-free // there are two: the one that nobody looks at any more
		p.rows, p.text, p.members = p.rows[:0], p.text[:0], p.members[:0]
		w.rowsRead = p
		p.err = s.view("records", func(t *tx) error {
			if !begun {
				if err := w.begin(t); err != nil {
					return err
				}
				begun = true
			}
			return w.read(t)
		})
		w.over = w.over || p.err != nil
		select {
		case pages <- p:
		case <-stop:
			return
		}
	}
}

// rowsRead are the rows of a page. They lie in few large pieces.
type rowsRead struct {
	rows    []RecordRow
	text    []byte
	members []member
	err     error // why there are no more
}

// rowWalk is one RecordRows on its way.
type rowWalk struct {
	*rowsRead
	f      rowFilter
	bucket []byte // the records, or the index of numbers
	prefix []byte
	next   []byte // key to go on from
	until  []byte
	over   bool
}

func (w *rowWalk) begin(t *tx) error {
	days, err := t.days(bRecordDays, w.f.From, w.f.To)
	w.bucket, w.next, w.until = bRecords, be64(nil, days.first), be64(nil, days.last)
	if w.f.Phone != "" {
		w.bucket, w.next, w.until = bRecordPhones, recordPhoneKey(w.f.Phone, days.first), recordPhoneKey(w.f.Phone, days.last)
		w.prefix = w.next[:len(w.next)-8]
	}
	return err
}

func (w *rowWalk) read(t *tx) error {
	c := t.cursor(w.bucket)
	n := 0
	for k, v := c.Seek(w.next); ; k, v = c.Next() {
		if k == nil || !bytes.HasPrefix(k, w.prefix) || bytes.Compare(k, w.until) > 0 {
			w.over = true
			return nil
		}
		if n++; n > rowPage {
			w.next = bytes.Clone(k)
			return nil
		}
		if len(k) < 8 {
			return errKeys(w.bucket)
		}
		place := k[len(k)-8:]
		if w.prefix != nil {
			if v = t.get(bRecords, place); v == nil {
				return fmt.Errorf("%w: the number index names a record that is not there", ErrDamaged)
			}
		}
		if err := w.keep(binary.BigEndian.Uint64(place), v); err != nil {
			return err
		}
	}
}

// keep copies a row that the filter lets through: it outlives the transaction.
func (w *rowWalk) keep(place uint64, v []byte) error {
	had := len(w.members)
	all, err := members(v, w.members)
	if err != nil {
		return fmt.Errorf("%w: record %d: %w", ErrDamaged, place, err)
	}
	row := RecordRow{Place: place, Text: v, all: all[had:]}
	ok, err := w.f.match(row)
	if err != nil || !ok {
		return err
	}
	at := len(w.text)
	w.text, w.members = append(w.text, v...), all
	row.Text = w.text[at:len(w.text):len(w.text)]
	w.rows = append(w.rows, row)
	return nil
}

// ProveRow computes the hash of a row that was exported as it is kept, and says
// what does not fit. It needs no store.
func ProveRow(row []byte) (id, prevHash, hash string, err error) {
	s, err := openSeal(row, nil)
	switch {
	case err != nil:
	case s.sum() != s.text() || !s.whole():
		err = errors.New("its content was changed")
	}
	if len(s.all) == 0 || s.hash.to == 0 {
		return s.id(), "", "", err
	}
	return s.id(), s.prev, s.text(), err
}

// SealRecord makes the row of a record at a place behind another, as the store
// would: for those who write rows that are in no store.
func SealRecord(r Record, place uint64, prevHash string) (RecordRow, error) {
	r.PrevHash, r.Hash = prevHash, ""
	if prevHash == "" {
		r.PrevHash = firstHash
	}
	body, err := json.Marshal(r)
	if err != nil {
		return RecordRow{}, err
	}
	row, _, err := seal(r.PrevHash, body, records.personal)
	if err != nil {
		return RecordRow{}, err
	}
	all, err := members(row, nil)
	return RecordRow{place, row, all}, err
}
