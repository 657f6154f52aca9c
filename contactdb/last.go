package contactdb

import (
	"iter"
	"slices"
	"time"
)

// LastRecords gives the last limit calls that fit, oldest first. It reads from
// the end, so that a store of years gives its last calls as soon as a new one.
func (s *Store) LastRecords(f RecordFilter, limit int) ([]Record, error) {
	return last(s, bRecordDays, f.From, f.To, limit, func(piece span) iter.Seq2[Record, error] { return s.recordsIn(f, piece) })
}

// LastAudit gives the last limit entries of the trail that fit, likewise.
func (s *Store) LastAudit(f AuditFilter, limit int) ([]AuditEntry, error) {
	return last(s, bAuditDays, f.From, f.To, limit, func(piece span) iter.Seq2[AuditEntry, error] { return s.trailIn(f, piece) })
}

// last reads the days of a period in pieces from the end, each larger than the
// one after it, until it has as many rows as are wanted.
func last[T any](s *Store, days []byte, from, to time.Time, limit int, walk func(span) iter.Seq2[T, error]) ([]T, error) {
	var left span
	err := s.view("the last rows", func(t *tx) (err error) {
		left, err = t.days(days, from, to)
		return err
	})
	rows := []T{}
	for size := uint64(256); err == nil && len(rows) < limit && left.first > 0 && left.first <= left.last; size *= 4 {
		piece := left
		if left.last-left.first >= size {
			piece.first = left.last - size + 1
		}
		left.last = piece.first - 1
		found := []T{}
		for row, failed := range walk(piece) {
			if failed != nil {
				return nil, failed
			}
			if found = append(found, row); len(found) >= 2*limit+1024 { // drop in large steps
				found = slices.Delete(found, 0, len(found)-limit)
			}
		}
		rows = append(found, rows...)
	}
	return rows[max(0, len(rows)-limit):], err
}
