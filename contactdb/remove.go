package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
)

// RemoveList removes a list and its contacts; ErrNotFound, ErrState while a
// number of it is in a live attempt. Call records stay.
func (s *Store) RemoveList(name string) error {
	s.bulk.Lock()
	defer s.bulk.Unlock()
	err := s.update("remove list", func(t *tx) error {
		row, err := t.list(name)
		if err != nil {
			return err
		}
		if err := t.unused(row); err != nil {
			return err
		}
		for _, seg := range row.Segments {
			t.put(bTrash, be32(nil, seg), []byte{})
		}
		t.delete(bLists, []byte(name))
		return nil
	})
	if err != nil {
		return err
	}
	return s.sweep()
}

// unused says with ErrState that a list is being called.
func (t *tx) unused(list listRow) error {
	return t.each(bLive, nil, func(_, value []byte) (bool, error) {
		var a attemptRow
		if err := decode(bLive, value, &a); err != nil {
			return false, err
		}
		in := slices.Contains(list.Segments, a.Segment)
		err := t.visible(a.Contact.Phone, func(seg uint32, _ uint64) error {
			in = in || slices.Contains(list.Segments, seg)
			return nil
		})
		if err == nil && in {
			err = fmt.Errorf("list %q: %w: attempt %s calls a number of it; pause the campaign and wait for its calls", list.Name, ErrState, a.ID)
		}
		return true, err
	})
}

// sweepStep is how many rows of each kind one transaction of sweep deletes.
const sweepStep = 5000

// sweep deletes the rows of segments in the trash, a part at a time.
func (s *Store) sweep() error {
	for {
		var seg []byte
		if err := s.view("clean up", func(t *tx) (err error) {
			seg, err = t.swept()
			return err
		}); err != nil || seg == nil {
			return err
		}
		if err := s.writeLarge(context.Background(), "clean up", func(t *tx) error { return t.sweep(binary.BigEndian.Uint32(seg)) }); err != nil {
			return err
		}
	}
}

// swept is the first segment in the trash that no import can go on with.
func (t *tx) swept() (seg []byte, err error) {
	keep := map[uint32]bool{}
	if err := t.imports(func(row importRow) error {
		keep[row.Segment] = keep[row.Segment] || row.State == ImportUnfinished && row.Key != ""
		return nil
	}); err != nil {
		return nil, err
	}
	err = t.each(bTrash, nil, func(key, value []byte) (bool, error) {
		if len(value) > 0 && keep[binary.BigEndian.Uint32(key)] {
			return true, nil
		}
		seg = bytes.Clone(key)
		return false, nil
	})
	return seg, err
}

// sweep deletes a part of a segment, and its entry in the trash with the last.
func (t *tx) sweep(seg uint32) error {
	camps, err := t.campaignIDs()
	if err != nil {
		return err
	}
	prefix, left := be32(nil, seg), 0
	t.clear(bRuns, prefix, 0) // first, so that no term is looked for in runs that go as a whole
	err = t.each(bContacts, prefix, func(key, value []byte) (bool, error) {
		c, _, err := readContact(t, key, value)
		if err != nil {
			return false, err
		}
		t.unindex(c, seg)
		for _, camp := range camps {
			if k := progressKey(camp, c.ID); t.get(bProgress, k) != nil {
				t.delete(bProgress, k)
			}
		}
		left++
		return left < sweepStep, nil
	})
	if err != nil {
		return err
	}
	left = t.clear(bContacts, prefix, sweepStep) + t.clear(bFresh, prefix, sweepStep) + t.clear(bTerms, prefix, sweepStep) + t.clear(bOrdered, prefix, sweepStep)
	for _, camp := range camps {
		left += t.clear(bDue, be32(be32(nil, camp), seg), sweepStep)
		t.clear(bCursors, be32(be32(nil, camp), seg), 0)
		if err := t.clearCallbacks(camp, seg); err != nil {
			return err
		}
	}
	if err := t.imports(func(row importRow) error { // what its contacts were before they were updated
		left += t.clear(bImportBefore, be32(be64(nil, row.ID), seg), sweepStep)
		return nil
	}); err != nil {
		return err
	}
	if left == 0 {
		t.delete(bTrash, prefix)
	}
	return nil
}

// RemoveUntried removes a contact that no campaign has tried, nor promised to;
// ErrState if one has, ErrNotFound if it is not in its list.
func (s *Store) RemoveUntried(c Contact) error {
	return s.update("remove contact", func(t *tx) error {
		list, err := t.list(c.List)
		if err != nil {
			return err
		}
		camps, err := t.campaignIDs()
		if err != nil {
			return err
		}
		for _, camp := range camps {
			st, _, err := t.state(camp, c.ID)
			if err == nil && (st.Attempts > 0 || st.Promise != nil) {
				err = fmt.Errorf("%w: contact %d was tried meanwhile", ErrState, c.ID)
			}
			if err != nil {
				return err
			}
		}
		for _, seg := range list.Segments {
			if now, found, err := t.contact(seg, c.ID); err != nil || found {
				if err == nil {
					err = t.removeContact(seg, now)
				}
				return err
			}
		}
		return fmt.Errorf("contact %d of list %q: %w", c.ID, c.List, ErrNotFound)
	})
}
