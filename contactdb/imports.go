package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
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

func beforeKey(imported uint64, seg uint32, id uint64) []byte {
	return be64(be32(be64(nil, imported), seg), id)
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

// Undone says what UndoImport did, and what it left.
type Undone struct {
	ImportInfo
	Removed  int `json:"removed"`  // contacts taken out of the list
	Restored int `json:"restored"` // updated contacts that are again as they were
	Called   int `json:"called"`   // contacts that stay: they were called, or are being called
	Changed  int `json:"changed"`  // updated contacts that stay: they were changed again since
}

// UndoImport takes an import back (id 0: the last into the list that can be):
// contacts that no campaign has called yet are removed, updated ones are again
// as they were. ErrNotFound if there is none; ErrState if it was undone. Cut off
// itself, it is done again.
func (s *Store) UndoImport(list string, id uint64) (Undone, error) {
	s.bulk.Lock()
	defer s.bulk.Unlock()
	row, err := s.undoable(list, id)
	if err != nil {
		return Undone{}, fmt.Errorf("undo import: %w", err)
	}
	u := Undone{ImportInfo: row.ImportInfo}
	if row.State == ImportUnfinished {
		u.Removed = row.Imported
		u.State = ImportUndone
		return u, s.forget(row)
	}
	if u.Restored, u.Changed, err = s.restore(row); err != nil {
		return u, err
	}
	for from := row.First; from <= row.Last && err == nil; {
		var part undonePart
		err = s.writeLarge(context.Background(), "undo import", func(t *tx) (err error) {
			part, err = t.undoPart(row, from)
			return err
		})
		if err == nil {
			from = part.next
			u.Removed += part.removed
			u.Called += part.called
		}
	}
	if err == nil {
		err = s.thinAll(row)
	}
	if err != nil {
		return u, err
	}
	err = s.update("undo import", func(t *tx) error {
		row.State = ImportUndone
		t.save(bImports, be64(nil, row.ID), row)
		return nil
	})
	u.State = row.State
	return u, err
}

func (s *Store) undoable(list string, id uint64) (row importRow, err error) {
	err = s.view("imports", func(t *tx) error {
		if _, err := t.list(list); err != nil && id == 0 {
			var any bool
			_ = t.imports(func(r importRow) error { any = any || r.List == list; return nil })
			if !any {
				return err
			}
		}
		return t.imports(func(r importRow) error {
			if r.List == list && (r.ID == id || id == 0 && r.State != ImportUndone) {
				row = r
			}
			return nil
		})
	})
	switch {
	case err != nil:
	case row.ID == 0 && id == 0:
		err = fmt.Errorf("list %q: %w: it has no import that can be undone", list, ErrNotFound)
	case row.ID == 0:
		err = fmt.Errorf("import %d into list %q: %w", id, list, ErrNotFound)
	case row.State == ImportUndone:
		err = fmt.Errorf("import %d into list %q: %w: it was undone already", id, list, ErrState)
	}
	return row, err
}

type undonePart struct {
	next            uint64
	removed, called int
}

// undoPart removes a part of an import's contacts, from one on.
func (t *tx) undoPart(row importRow, from uint64) (part undonePart, err error) {
	camps, err := t.campaignIDs()
	if err != nil {
		return part, err
	}
	part.next = row.Last + 1
	var gone []Contact
	c := t.cursor(bContacts)
	prefix := be32(nil, row.Segment)
	for k, v := c.Seek(contactKey(row.Segment, from)); bytes.HasPrefix(k, prefix) && len(k) == 12; k, v = c.Next() {
		id := binary.BigEndian.Uint64(k[4:])
		if id > row.Last {
			break
		}
		if len(gone)+part.called == sweepStep {
			part.next = id
			break
		}
		contact, _, err := readContact(t, k, v)
		if err != nil {
			return part, err
		}
		called, err := t.called(camps, contact)
		if err != nil {
			return part, err
		}
		if called {
			part.called++
			continue
		}
		gone = append(gone, contact)
	}
	part.removed = len(gone)
	if len(gone) == 0 {
		return part, nil
	}
	list, err := t.list(row.List)
	if err != nil {
		return part, err
	}
	for i := range gone {
		if err := t.takeOut(&list, camps, row.Segment, gone[i]); err != nil {
			return part, err
		}
		t.unindexLoose(&gone[i], row.Segment, nil)
	}
	t.save(bLists, []byte(list.Name), list)
	return part, nil
}

// thinAll packs the runs of an import's search index anew without whom an undo
// has removed: once a run, where one contact after the other would pack a block
// for each of its terms.
func (s *Store) thinAll(row importRow) error {
	runs, err := s.runsOf(row.Segment)
	for i := 0; i < len(runs) && err == nil; i++ {
		first := binary.BigEndian.Uint64(runs[i][4:])
		if first < row.First || first > row.Last {
			continue
		}
		err = s.writeLarge(context.Background(), "undo import", func(t *tx) error {
			stay, err := t.staying(runs[i])
			if err != nil {
				return err
			}
			return t.thin(runs[i], func(local uint32) bool { return !stay[local] })
		})
	}
	return err
}

// staying are the contacts of a run that are still there, by their place in it.
func (t *tx) staying(run []byte) (map[uint32]bool, error) {
	seg, first := binary.BigEndian.Uint32(run), binary.BigEndian.Uint64(run[4:])
	last := t.get(bRuns, run)
	if len(last) != 8 {
		return nil, errKeys(bRuns)
	}
	stay, end := map[uint32]bool{}, binary.BigEndian.Uint64(last)
	c := t.cursor(bContacts)
	prefix := be32(nil, seg)
	for k, _ := c.Seek(contactKey(seg, first)); bytes.HasPrefix(k, prefix) && len(k) == 12; k, _ = c.Next() {
		id := binary.BigEndian.Uint64(k[4:])
		if id > end {
			break
		}
		stay[uint32(id-first)] = true
	}
	return stay, nil
}

// called says whether a campaign has called a contact, or one of its numbers is
// in a call.
func (t *tx) called(camps []uint32, c Contact) (bool, error) {
	for _, n := range c.AllNumbers() {
		if t.get(bCalling, []byte(n.Phone)) != nil {
			return true, nil
		}
	}
	for _, camp := range camps {
		st, _, err := t.state(camp, c.ID)
		if err != nil || st.Attempts > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// restore gives contacts that an import has updated what they were before, part
// by part; those that were changed again since stay.
func (s *Store) restore(row importRow) (restored, changed int, err error) {
	prefix := be64(nil, row.ID)
	for more := true; more && err == nil; {
		var back, kept int
		err = s.writeLarge(context.Background(), "undo import", func(t *tx) error {
			back, kept, more = 0, 0, false
			var keys [][]byte
			if err := t.each(bImportBefore, prefix, func(k, _ []byte) (bool, error) {
				keys = append(keys, bytes.Clone(k))
				more = len(keys) == sweepStep
				return !more, nil
			}); err != nil {
				return err
			}
			for _, key := range keys {
				done, err := t.restore(row, key)
				if err != nil {
					return err
				}
				if done {
					back++
				} else {
					kept++
				}
				t.delete(bImportBefore, key)
			}
			return nil
		})
		restored, changed = restored+back, changed+kept
	}
	return restored, changed, err
}

// restore gives one contact back what it was, and says whether it did.
func (t *tx) restore(row importRow, key []byte) (bool, error) {
	if len(key) != 20 {
		return false, errKeys(bImportBefore)
	}
	value := bytes.Clone(t.get(bImportBefore, key))
	seg, id := binary.BigEndian.Uint32(key[8:]), binary.BigEndian.Uint64(key[12:])
	now := t.get(bContacts, contactKey(seg, id))
	if len(value) < 8 || now == nil || binary.BigEndian.Uint64(value) != rowHash(now) {
		return false, nil
	}
	old, _, err := readContact(t, contactKey(seg, id), value[8:])
	if err != nil {
		return false, err
	}
	list, err := t.list(row.List)
	if err != nil {
		return false, err
	}
	if err := t.replaceContact(&list, old); err != nil {
		return false, err
	}
	t.save(bLists, []byte(list.Name), list)
	return true, nil
}

// rowHash tells whether a row is still what an import made of it.
func rowHash(row []byte) uint64 { return binary.BigEndian.Uint64(externalHash(string(row))) }

// forgetBefore forgets what a contact was before it was updated.
func (t *tx) forgetBefore(seg uint32, id uint64) error {
	if k, _ := t.cursor(bImportBefore).First(); k == nil {
		return nil
	}
	return t.imports(func(row importRow) error {
		if key := beforeKey(row.ID, seg, id); row.Updated > 0 && t.get(bImportBefore, key) != nil {
			t.delete(bImportBefore, key)
		}
		return nil
	})
}
