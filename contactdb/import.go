package contactdb

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"
)

// importStep is how many rows one transaction takes: some 100 ms in which
// other writers wait. A list that fits in one is simply that; a longer one is
// staged in a segment that nobody sees until the last transaction reveals it.
const importStep = 10_000

// Import adds the contacts of rows to a new or existing list, all or nothing:
// after a crash in the middle the list is as before. Duplicates of a number
// within the list are counted and dropped. rows may yield an error, which ends
// and undoes the import.
//
// Imports and removals of lists wait for each other; calls go on meanwhile.
func (s *Store) Import(ctx context.Context, list string, now time.Time, rows iter.Seq2[Contact, error]) (ImportResult, error) {
	s.bulk.Lock()
	defer s.bulk.Unlock()
	if list == "" || len(list) > 200 {
		return ImportResult{}, fmt.Errorf("import into list %q: a name has 1 to 200 characters", list)
	}
	im := &importing{s: s, ctx: ctx, now: now.UTC(), row: listRow{Name: list}, res: ImportResult{List: list}}
	if err := s.sweep(); err != nil {
		return ImportResult{}, err
	}
	err := im.run(rows)
	if err == nil {
		return im.res, nil
	}
	if im.segment != 0 {
		_ = s.sweep() // what cannot be swept now (a full disk) stays unseen and is swept when the store opens
	}
	return ImportResult{}, err
}

// importing is one import on its way.
type importing struct {
	s       *Store
	ctx     context.Context
	now     time.Time
	segment uint32  // what is staged lies there; 0: nothing is
	row     listRow // counts what is staged
	res     ImportResult
}

func (im *importing) run(rows iter.Seq2[Contact, error]) error {
	var part []Contact
	for c, err := range rows {
		if err == nil {
			c, err = tidyContact(c)
		}
		if err != nil {
			return fmt.Errorf("import into list %q, row %d: %w", im.row.Name, im.res.Rows+len(part)+1, err)
		}
		if len(part) == im.s.importStep {
			if err := im.stage(part); err != nil {
				return err
			}
			part = part[:0]
		}
		part = append(part, c)
	}
	return im.finish(part)
}

func (im *importing) write(f func(*tx) error) error {
	return im.s.write(im.ctx, fmt.Sprintf("import into list %q", im.row.Name), f)
}

// stage writes a part into the import's own segment, which lies in the trash
// until it is revealed: a kill leaves it there.
func (im *importing) stage(part []Contact) error {
	var done importing
	err := im.write(func(t *tx) error {
		done = im.copy()
		if done.segment == 0 {
			done.segment = uint32(t.next(bSegments))
			t.put(bTrash, be32(nil, done.segment), []byte(im.row.Name))
		}
		return done.add(t, done.segment, part)
	})
	if err == nil {
		*im = done
	}
	return err
}

// copy is what a transaction may change and, run again, begin with anew.
func (im *importing) copy() importing {
	c := *im
	c.row.Zones = slices.Clone(im.row.Zones)
	return c
}

// finish writes the last part and makes all of it seen.
func (im *importing) finish(part []Contact) error {
	var done importing
	err := im.write(func(t *tx) error {
		done = im.copy()
		var row listRow
		if _, err := t.load(bLists, []byte(im.row.Name), &row); err != nil {
			return err
		}
		row.Name, row.ImportedAt = im.row.Name, im.now
		if done.segment != 0 {
			row.Segments = append(row.Segments, done.segment)
			t.delete(bTrash, be32(nil, done.segment))
		} else if len(row.Segments) == 0 {
			row.Segments = append(row.Segments, uint32(t.next(bSegments)))
		}
		if err := done.add(t, row.Segments[len(row.Segments)-1], part); err != nil {
			return err
		}
		for _, z := range done.row.Zones {
			row.count(z.Class, z.Zones, z.Contacts)
		}
		t.save(bLists, []byte(row.Name), row)
		return nil
	})
	if err == nil {
		*im = done
	}
	return err
}

// add writes those of part whose number is not in the list yet: numbers and
// fresh entries in the order of their index, contacts in the order of the file.
func (im *importing) add(t *tx, seg uint32, part []Contact) error {
	segments, err := im.segments(t, seg)
	if err != nil {
		return err
	}
	order := byPhone(part)
	keep := make([]bool, len(part))
	for i, at := range order {
		held, err := held(t, segments, part[at].Phone)
		if err != nil {
			return err
		}
		keep[at] = !held && (i == 0 || part[order[i-1]].Phone != part[at].Phone)
	}
	ids := im.putContacts(t, seg, part, keep)
	for _, at := range order {
		if !keep[at] {
			continue
		}
		t.put(bPhones, phoneKey(part[at].Phone, seg, ids[at]), []byte{})
		if t.get(bDNC, []byte(part[at].Phone)) != nil {
			im.res.Suppressed++
		}
	}
	return nil
}

// segments are those in which a number counts as a duplicate: the list's and
// the one that is being filled.
func (im *importing) segments(t *tx, seg uint32) ([]uint32, error) {
	var row listRow
	_, err := t.load(bLists, []byte(im.row.Name), &row)
	return append(row.Segments, seg), err
}

// byPhone sorts the places of a part's rows by number, the first row first.
func byPhone(part []Contact) []int {
	order := make([]int, len(part))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(part[a].Phone, part[b].Phone) })
	return order
}

// held says whether one of the segments has the number.
func held(t *tx, segments []uint32, phone string) (held bool, err error) {
	err = t.holders(phone, func(seg uint32, _ uint64) (bool, error) {
		held = held || slices.Contains(segments, seg)
		return !held, nil
	})
	return held, err
}

// putContacts numbers the contacts that are kept and writes them.
func (im *importing) putContacts(t *tx, seg uint32, part []Contact, keep []bool) (ids []uint64) {
	next := t.Bucket(bContacts).Sequence()
	ids = make([]uint64, len(part))
	fresh := map[uint32][]uint64{}
	classes := map[string]uint32{}
	for i, c := range part {
		im.res.Rows++
		if !keep[i] {
			im.res.Duplicates++
			continue
		}
		next++
		im.res.Imported++
		c.ID, c.List, c.ImportedAt, ids[i] = next, im.row.Name, im.now, next
		t.save(bContacts, contactKey(seg, c.ID), c)
		zones := strings.Join(c.Zones, ",")
		class, known := classes[zones]
		if !known {
			class = t.class(c.Zones)
			classes[zones] = class
		}
		im.row.count(class, c.Zones, 1)
		fresh[class] = append(fresh[class], c.ID)
	}
	if err := t.bucket(bContacts).SetSequence(next); err != nil && t.err == nil {
		t.err = err
	}
	for _, class := range slices.Sorted(maps.Keys(fresh)) {
		for _, id := range fresh[class] {
			t.put(bFresh, freshKey(seg, class, id), []byte{})
		}
	}
	return ids
}
