package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
)

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

// beforeKey is where a contact lies as it was before an import updated it.
func beforeKey(imported uint64, seg uint32, id uint64) []byte {
	return be64(be32(be64(nil, imported), seg), id)
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
