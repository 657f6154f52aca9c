package contactdb

import (
	"encoding/binary"
	"fmt"
	"iter"
	"time"
)

// RecordFilter chooses call records; zero fields do not filter.
type RecordFilter struct {
	Campaign string
	Phone    string
	Operator string
	List     string
	Outcome  string
	From, To time.Time // by EndedAt: From <= t < To
}

func (f RecordFilter) match(r Record) bool {
	return (f.Campaign == "" || f.Campaign == r.Campaign) &&
		(f.Phone == "" || f.Phone == r.Phone) &&
		(f.Operator == "" || f.Operator == r.Operator) &&
		(f.List == "" || f.List == r.List) &&
		(f.Outcome == "" || f.Outcome == r.Outcome) &&
		(f.From.IsZero() || !r.EndedAt.Before(f.From)) &&
		(f.To.IsZero() || r.EndedAt.Before(f.To))
}

// Records walks calls in the order of their records in the chain, each as it
// was corrected, if it was; RecordRows walks the records themselves. A number is looked
// up in an index, and of a time only the days that touch it are read. The walk
// does not hold the store: records appended during it may be seen or not.
func (s *Store) Records(f RecordFilter) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		var days span
		err := s.view("records", func(t *tx) (err error) {
			days, err = t.days(bRecordDays, f.From, f.To)
			return err
		})
		if err != nil {
			yield(Record{}, err)
			return
		}
		for r, err := range s.recordsIn(f, days) {
			if !yield(r, err) {
				return
			}
		}
	}
}

// recordsIn walks the records of a span that the filter lets through.
func (s *Store) recordsIn(f RecordFilter, days span) iter.Seq2[Record, error] {
	if f.Phone == "" {
		return pages[Record]{
			store: s, bucket: bRecords, from: be64(nil, days.first), until: be64(nil, days.last),
			read: func(t *tx, _, value []byte) (r Record, keep bool, err error) {
				if err = decode(bRecords, value, &r); err != nil || !f.match(r) {
					return r, false, err
				}
				return t.asCall(r)
			},
		}.all()
	}
	prefix := append([]byte(f.Phone), 0)
	return pages[Record]{
		store: s, bucket: bRecordPhones, prefix: prefix, from: recordPhoneKey(f.Phone, days.first), until: recordPhoneKey(f.Phone, days.last),
		read: func(t *tx, key, _ []byte) (r Record, keep bool, err error) {
			found, err := t.load(bRecords, key[len(prefix):], &r)
			if err == nil && !found {
				err = fmt.Errorf("%w: the number index names a record that is not there", ErrDamaged)
			}
			if err != nil || !f.match(r) {
				return r, false, err
			}
			return t.asCall(r)
		},
	}.all()
}

func recordPhoneKey(phone string, seq uint64) []byte {
	return be64(append([]byte(phone), 0), seq)
}

// span is a range of places in the chain; the zero span is empty.
type span struct{ first, last uint64 }

// with widens a span to take a place in.
func (p span) with(seq uint64) span {
	if p.first == 0 {
		return span{seq, seq}
	}
	return span{min(p.first, seq), max(p.last, seq)}
}

func (p span) bytes() []byte { return be64(be64(nil, p.first), p.last) }

func readSpan(value []byte) span {
	if len(value) != 16 {
		return span{}
	}
	return span{binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])}
}

// days is where the rows of the days from <= t < to lie, by an index of days.
// Calls end nearly in the order in which they are settled, so that the span of
// a day is narrow.
func (t *tx) days(index []byte, from, to time.Time) (all span, err error) {
	err = t.each(index, nil, func(key, value []byte) (bool, error) {
		if within(key, from, to) {
			d := readSpan(value)
			all = all.with(d.first).with(d.last)
		}
		return true, nil
	})
	return all, err
}
