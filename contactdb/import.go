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
// after a crash in the middle the list is as before. A person whom the
// list has already (see PutContact) is counted as a duplicate and dropped. rows may yield an error, which ends
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

// importing is one import on its way. Contacts are written as they come, which
// is appending; their numbers are kept back, sorted once, and then go into the
// index in its order: into a few pages of it at a time instead of into all.
type importing struct {
	s       *Store
	ctx     context.Context
	now     time.Time
	segment uint32 // what is staged lies there; 0: nothing is
	numbers []numbered
	row     listRow // counts what was imported
	res     ImportResult
}

// numbered is a contact that was written and is not in the index of numbers yet.
type numbered struct {
	phone string
	id    uint64
	class uint32
	rich  bool // it has more numbers, or an external id
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
	if im.segment == 0 {
		return im.whole(part)
	}
	if err := im.stage(part); err != nil {
		return err
	}
	if err := im.indexAll(); err != nil {
		return err
	}
	return im.write(im.reveal)
}

// whole imports what fits into one transaction.
func (im *importing) whole(part []Contact) error {
	return im.write(func(t *tx, im *importing) error {
		row, err := im.list(t)
		if err != nil {
			return err
		}
		if len(row.Segments) == 0 {
			row.Segments = append(row.Segments, uint32(t.next(bSegments)))
		}
		seg := row.Segments[len(row.Segments)-1]
		im.put(t, seg, part)
		slices.SortFunc(im.numbers, numbered.compare)
		if err := im.index(t, row.Segments, seg, im.numbers); err != nil {
			return err
		}
		im.save(t, row)
		return nil
	})
}

// stage writes a part into the import's own segment, which lies in the trash
// until it is revealed: a kill leaves it there.
func (im *importing) stage(part []Contact) error {
	return im.write(func(t *tx, im *importing) error {
		if im.segment == 0 {
			im.segment = uint32(t.next(bSegments))
			t.put(bTrash, be32(nil, im.segment), []byte(im.row.Name))
		}
		im.put(t, im.segment, part)
		return nil
	})
}

// indexAll puts the numbers of a staged import into their index, a part at a time.
func (im *importing) indexAll() error {
	slices.SortFunc(im.numbers, numbered.compare)
	for part := range slices.Chunk(im.numbers, im.s.importStep) {
		err := im.write(func(t *tx, im *importing) error {
			row, err := im.list(t)
			if err != nil {
				return err
			}
			return im.index(t, row.Segments, im.segment, part)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reveal makes a staged import seen.
func (im *importing) reveal(t *tx, done *importing) error {
	row, err := done.list(t)
	if err != nil {
		return err
	}
	row.Segments = append(row.Segments, done.segment)
	t.delete(bTrash, be32(nil, done.segment))
	done.save(t, row)
	return nil
}

// write runs f in a transaction on a copy of the import, which takes its place
// when it is on the disk: f may run more than once.
func (im *importing) write(f func(*tx, *importing) error) error {
	var done importing
	err := im.s.write(im.ctx, fmt.Sprintf("import into list %q", im.row.Name), func(t *tx) error {
		done = *im
		done.row.Zones = slices.Clone(im.row.Zones)
		return f(t, &done)
	})
	if err == nil {
		*im = done
	}
	return err
}

// list is the list's row, an empty one if there is none yet.
func (im *importing) list(t *tx) (listRow, error) {
	var row listRow
	_, err := t.load(bLists, []byte(im.row.Name), &row)
	return row, err
}

// save adds the import's counts to the list.
func (im *importing) save(t *tx, row listRow) {
	row.Name, row.ImportedAt = im.row.Name, im.now
	for _, z := range im.row.Zones {
		row.count(z.Class, z.Zones, z.Contacts)
	}
	t.save(bLists, []byte(row.Name), row)
}

// put writes contacts and their entries among the fresh.
func (im *importing) put(t *tx, seg uint32, part []Contact) {
	next := t.Bucket(bContacts).Sequence()
	fresh := map[uint32][]uint64{}
	classes := map[string]uint32{}
	for _, c := range part {
		next++
		c.ID, c.List, c.ImportedAt = next, im.row.Name, im.now
		t.putContact(seg, &c)
		zones := strings.Join(c.Zones, ",")
		class, known := classes[zones]
		if !known {
			class = t.class(c.Zones)
			classes[zones] = class
		}
		im.row.count(class, c.Zones, 1)
		fresh[class] = append(fresh[class], c.ID)
		im.numbers = append(im.numbers, numbered{strings.Clone(c.Phone), c.ID, class, len(c.Numbers) > 1 || c.ExternalID != ""})
	}
	im.res.Rows += len(part)
	im.res.Imported += len(part)
	if err := t.bucket(bContacts).SetSequence(next); err != nil && t.err == nil {
		t.err = err
	}
	for _, class := range slices.Sorted(maps.Keys(fresh)) {
		for _, id := range fresh[class] {
			t.put(bFresh, freshKey(seg, class, id), []byte{})
		}
	}
}

func (n numbered) compare(o numbered) int {
	return cmp.Or(strings.Compare(n.phone, o.phone), cmp.Compare(n.id, o.id))
}

// index puts sorted numbers into their index. A contact that the list has
// already, or of which the file has brought another row, is dropped again.
func (im *importing) index(t *tx, segments []uint32, seg uint32, sorted []numbered) error {
	in := func(s uint32) bool { return s == seg || slices.Contains(segments, s) }
	for _, n := range sorted {
		c := Contact{ID: n.id, Phone: n.phone}
		if n.rich {
			var err error
			if c, _, err = t.contact(seg, n.id); err != nil {
				return err
			}
		}
		same, err := t.same(in, c)
		if err != nil {
			return err
		}
		if same != 0 {
			t.delete(bContacts, contactKey(seg, n.id))
			t.delete(bFresh, freshKey(seg, n.class, n.id))
			im.row.count(n.class, nil, -1)
			im.res.Imported--
			im.res.Duplicates++
			continue
		}
		t.index(c, seg)
		entry, err := t.suppressed(Target{Phone: n.phone}, im.now)
		if err != nil {
			return err
		}
		if entry != nil {
			im.res.Suppressed++
		}
	}
	return nil
}

// Mark is a part of a file that was read: how many rows, a sum over their
// text, and which of them were rejected (places within the part, from 0).
type Mark struct {
	Rows     int    `json:"rows"`
	Sum      uint64 `json:"sum"`
	Rejected []int  `json:"rejected,omitempty"`
}
