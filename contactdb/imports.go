package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"time"
)

// ImportState is where an import stands.
type ImportState string

const (
	// ImportUnfinished: cut off; the same import goes on with it.
	ImportUnfinished ImportState = "unfinished"
	// ImportDone: its contacts are in the list.
	ImportDone ImportState = "done"
	// ImportUndone: UndoImport has taken it back.
	ImportUndone ImportState = "undone"
)

// ImportInfo is an import as it is remembered.
type ImportInfo struct {
	ID     uint64      `json:"id"` // grows
	Source string      `json:"source,omitempty"`
	At     time.Time   `json:"at"`
	State  ImportState `json:"state"`
	ImportResult
}

// importRow is an import as stored.
type importRow struct {
	ImportInfo
	Key         string `json:"key,omitempty"`
	Segment     uint32 `json:"segment"`
	First, Last uint64 // its contacts, of the segment, first to last
}

// Imports returns the imports into a list ("" for all lists), the last first.
func (s *Store) Imports(list string) ([]ImportInfo, error) {
	all := []ImportInfo{}
	err := s.view("imports", func(t *tx) error {
		return t.imports(func(row importRow) error {
			if list == "" || row.List == list {
				all = append(all, row.ImportInfo)
			}
			return nil
		})
	})
	slices.Reverse(all)
	return all, err
}

func (t *tx) imports(f func(importRow) error) error {
	return t.each(bImports, nil, func(_, value []byte) (bool, error) {
		var row importRow
		err := decode(bImports, value, &row)
		if err == nil {
			err = f(row)
		}
		return true, err
	})
}

// unfinished returns the imports into a list ("" for all lists) that were cut off.
func (s *Store) unfinished(list string) (all []importRow, err error) {
	err = s.view("imports", func(t *tx) error {
		return t.imports(func(row importRow) error {
			if row.State == ImportUnfinished && (list == "" || row.List == list) {
				all = append(all, row)
			}
			return nil
		})
	})
	return all, err
}

// clear forgets the imports that nothing can go on with, and sweeps.
func (s *Store) clear() error {
	left, err := s.unfinished("")
	if err != nil {
		return err
	}
	for _, row := range left {
		if row.Key == "" {
			if err := s.forget(row); err != nil {
				return err
			}
		}
	}
	return s.sweep()
}

// forget undoes an import that was cut off, as if it had never been.
func (s *Store) forget(row importRow) error {
	if _, _, err := s.restore(row); err != nil {
		return err
	}
	err := s.update("forget an import", func(t *tx) error {
		t.put(bTrash, be32(nil, row.Segment), []byte{})
		t.clear(bImportMarks, be64(nil, row.ID), 0)
		t.delete(bImports, be64(nil, row.ID))
		return nil
	})
	if err != nil {
		return err
	}
	return s.sweep()
}

// resume takes up an import that was cut off where the file agrees with it.
func (im *importing) resume(row importRow) error {
	var marks []markRow
	err := im.s.view("imports", func(t *tx) error {
		return t.each(bImportMarks, be64(nil, row.ID), func(_, value []byte) (bool, error) {
			var m markRow
			err := decode(bImportMarks, value, &m)
			marks = append(marks, m)
			return true, err
		})
	})
	if err != nil {
		return err
	}
	told := make([]Mark, len(marks))
	for i, m := range marks {
		told[i] = m.Mark
	}
	agree, err := im.req.Skip(told)
	if err != nil {
		return err
	}
	last := row.First - 1
	if agree > 0 {
		last = marks[agree-1].Last
	}
	if err := im.s.truncate(row, last, agree, len(marks)); err != nil {
		return err
	}
	row.Last, row.At = last, im.info.At
	im.info, im.marks = row, agree
	return im.recall(told[:agree])
}

// truncate takes out what was staged after a contact, and the marks from one on.
func (s *Store) truncate(row importRow, last uint64, from, marks int) error {
	for more := true; more; {
		err := s.writeLarge(context.Background(), "take up an import", func(t *tx) error {
			more = false
			var gone []Contact
			c := t.cursor(bContacts)
			prefix := be32(nil, row.Segment)
			for k, v := c.Seek(contactKey(row.Segment, last+1)); bytes.HasPrefix(k, prefix); k, v = c.Next() {
				if len(gone) == sweepStep {
					more = true
					break
				}
				contact, _, err := readContact(t, k, v)
				if err != nil {
					return err
				}
				gone = append(gone, contact)
			}
			for _, c := range gone {
				t.unindex(c, row.Segment)
				t.delete(bContacts, contactKey(row.Segment, c.ID))
				t.delete(bFresh, freshKey(row.Segment, t.class(&c), c.ID))
			}
			if err := t.cutRuns(row.Segment, last); err != nil {
				return err
			}
			for n := from; n < marks; n++ {
				t.delete(bImportMarks, be32(be64(nil, row.ID), uint32(n)))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// cutRuns takes out the runs of the search index that reach past a contact.
func (t *tx) cutRuns(seg uint32, last uint64) error {
	var gone [][]byte
	err := t.each(bRuns, be32(nil, seg), func(run, value []byte) (bool, error) {
		if len(value) != 8 {
			return false, errKeys(bRuns)
		}
		if binary.BigEndian.Uint64(value) > last {
			gone = append(gone, bytes.Clone(run))
		}
		return true, nil
	})
	for _, run := range gone {
		t.clear(bTerms, run, 0)
		t.delete(bRuns, run)
	}
	return err
}

// recall counts what is staged again, and keeps its numbers back again.
func (im *importing) recall(marks []Mark) error {
	r := &im.info.ImportResult
	r.Rows, r.Rejected, r.Imported = 0, 0, 0
	for _, m := range marks {
		r.Rows += m.Rows
		r.Rejected += len(m.Rejected)
	}
	indexed := uint64(0) // up to there runs have the terms
	if err := im.s.view("imports", func(t *tx) error {
		return t.each(bRuns, be32(nil, im.info.Segment), func(_, value []byte) (bool, error) {
			indexed = binary.BigEndian.Uint64(value)
			return true, nil
		})
	}); err != nil {
		return err
	}
	rows := pages[Contact]{store: im.s, bucket: bContacts, prefix: be32(nil, im.info.Segment), read: readContact}
	classes := map[string]uint32{}
	var b batch
	next := im.info.First
	for c, err := range rows.all() {
		if err != nil {
			return err
		}
		for ; next < c.ID; next++ { // taken out before the kill, as a rule
			im.gone.add(uint32(next - im.info.First))
		}
		next++
		clocks := c.clocks()
		class, known := classes[clocks]
		if !known {
			if err := im.s.update("take up an import", func(t *tx) error { class = t.classNamed(clocks); return nil }); err != nil {
				return err
			}
			classes[clocks] = class
		}
		im.row.count(class, clocks, 1)
		b.keep(&c, uint32(c.ID-im.info.First))
		if len(b.entries[firsts]) == batchRows {
			if err := im.keepAgain(&b); err != nil {
				return err
			}
		}
		if c.ID > indexed {
			c.terms(func(key uint64) { im.runs.add(key, c.ID) })
			im.runs.cut(c.ID, false)
		}
		r.Imported++
	}
	if err := im.keepAgain(&b); err != nil {
		return err
	}
	im.gone.keep()
	r.Duplicates = r.Rows - r.Rejected - r.Imported - r.Updated
	return nil
}

// keepAgain keeps back what was gathered, and empties it.
func (im *importing) keepAgain(b *batch) error {
	for kind, k := range im.kept {
		if err := k.add(b.entries[kind]); err != nil {
			return err
		}
		b.entries[kind] = b.entries[kind][:0]
	}
	return nil
}
