package contactdb

import (
	"cmp"
	"context"
	"encoding/binary"
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

// ImportRequest is an import of a file.
type ImportRequest struct {
	List   string
	Source string // what the file is called, for people
	Now    time.Time
	Rows   iter.Seq2[Contact, error]
	// Key says what must be the same for an import that was cut off to be gone on
	// with: how the file is read. Empty: it is undone instead.
	Key string
	// Mark says what was read of the file since it was called last; nil without Key.
	Mark func() Mark
	// Skip is told what is stored already, and says with how many of the marks the
	// file begins; nil without Key.
	Skip func([]Mark) (int, error)
	// Damaged says of an error of Rows that going on with this file is no use, so
	// that what was stored is undone; nil: it always is.
	Damaged func(error) bool
}

// Mark is a part of a file that was read: how many rows, a sum over their
// text, and which of them were rejected (places within the part, from 0).
type Mark struct {
	Rows     int    `json:"rows"`
	Sum      uint64 `json:"sum"`
	Rejected []int  `json:"rejected,omitempty"`
}

// markRow is a mark as stored: with the last contact that came before its end.
type markRow struct {
	Mark
	Last uint64 `json:"last"`
}

// Import adds the contacts of rows to a new or existing list, all or nothing:
// after a crash in the middle the list is as before. A person whom the
// list has already (see PutContact) is counted as a duplicate and dropped,
// unless an external id names them: then what is new of them is an update. rows may
// yield an error, which ends and undoes the import.
//
// Imports and removals of lists wait for each other; calls go on meanwhile.
func (s *Store) Import(ctx context.Context, list string, now time.Time, rows iter.Seq2[Contact, error]) (ImportResult, error) {
	return s.ImportFile(ctx, ImportRequest{List: list, Now: now, Rows: rows})
}

// ImportFile is Import for a file that can be read again: killed, cut off or out
// of space, it stays as it is on the disk, unseen, and the next import of the
// same file into the list goes on from there. UndoImport forgets it instead.
// Only the updates that it had come to are seen before its end.
func (s *Store) ImportFile(ctx context.Context, req ImportRequest) (ImportResult, error) {
	s.bulk.Lock()
	defer s.bulk.Unlock()
	if req.List == "" || len(req.List) > 200 {
		return ImportResult{}, fmt.Errorf("import into list %q: a name has 1 to 200 characters", req.List)
	}
	im := &importing{s: s, ctx: ctx, req: req, row: listRow{Name: req.List}, gone: &bits{}}
	im.info.State, im.info.List, im.info.Source, im.info.At, im.info.Key = ImportUnfinished, req.List, req.Source, req.Now.UTC(), req.Key
	err := im.begin()
	if err == nil {
		err = im.run()
	}
	if err == nil {
		return im.info.ImportResult, nil
	}
	if im.info.Segment != 0 && (req.Key == "" || im.damaged) {
		_ = s.forget(im.info) // what cannot be swept now (a full disk) stays unseen and is swept when the store opens
	}
	return ImportResult{}, err
}

// importing is one import on its way. Contacts are written as they come, which
// is appending; their numbers are kept back, sorted once, and then go into the
// index in its order: into a few pages of it at a time instead of into all.
type importing struct {
	s       *Store
	ctx     context.Context
	req     ImportRequest
	info    importRow
	row     listRow // counts what was imported
	marks   int     // stored
	damaged bool    // the file is: nothing can go on from what is stored

	firsts, others, externals []entry
	gone                      *bits  // contacts that were taken out again
	terms                     []term // of the contacts from runFirst on
	runFirst                  uint64
}

// entry is a number or the hash of an external id, and whose it is.
type entry struct {
	key   uint64
	local uint32 // contact, less the import's first
	place uint8  // of a number among the contact's
	rich  bool   // the contact has an external id
}

func compareEntries(a, b entry) int {
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.local, b.local))
}

func (im *importing) what() string { return fmt.Sprintf("import into list %q", im.req.List) }

// begin finds what an import of this file has left, and clears away what others
// have left of the same list.
func (im *importing) begin() error {
	if err := im.s.clear(); err != nil {
		return err
	}
	left, err := im.s.unfinished(im.req.List)
	if err != nil {
		return err
	}
	for _, row := range left {
		if row.Key == im.req.Key && im.req.Skip != nil && im.info.ID == 0 {
			err = im.resume(row)
		} else {
			err = im.s.forget(row)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (im *importing) run() error {
	var part []Contact
	for c, err := range im.req.Rows {
		if err != nil {
			im.damaged = im.req.Damaged == nil || im.req.Damaged(err)
		} else if c, err = tidyContact(c); err != nil {
			im.damaged = true
		}
		if err != nil {
			return fmt.Errorf("%s, row %d: %w", im.what(), im.info.Rows+len(part)+1, err)
		}
		if part = append(part, c); len(part) == im.s.importStep {
			if err := im.stage(part); err != nil {
				return err
			}
			part = part[:0]
		}
	}
	if im.info.Segment == 0 {
		return im.whole(part)
	}
	if err := im.stage(part); err != nil {
		return err
	}
	return im.finish()
}

// whole imports what fits into one transaction.
func (im *importing) whole(part []Contact) error {
	m := im.read()
	return im.write(func(t *tx, im *importing) error {
		row, err := im.list(t)
		if err != nil {
			return err
		}
		if len(row.Segments) == 0 {
			row.Segments = append(row.Segments, uint32(t.next(bSegments)))
			im.save(t, row) // what is imported may change what is there: see update
		}
		im.info.ID, im.info.Segment = t.next(bImports), row.Segments[len(row.Segments)-1]
		im.put(t, part)
		im.account(len(part), m)
		for _, p := range passes {
			entries := p.entries(im)
			slices.SortFunc(entries, compareEntries)
			if err := p.do(im, t, row.Segments, entries); err != nil {
				return err
			}
		}
		return im.complete(t, nil)
	})
}

// stage writes a part into the import's own segment, which lies in the trash
// until it is revealed: a kill leaves it there.
func (im *importing) stage(part []Contact) error {
	m := im.read()
	return im.write(func(t *tx, im *importing) error {
		if im.info.Segment == 0 {
			im.info.ID, im.info.Segment = t.next(bImports), uint32(t.next(bSegments))
			t.put(bTrash, be32(nil, im.info.Segment), []byte(im.row.Name))
		}
		im.put(t, part)
		if err := im.endRun(t, false); err != nil {
			return err
		}
		im.account(len(part), m)
		if im.req.Key != "" {
			t.save(bImportMarks, be32(be64(nil, im.info.ID), uint32(im.marks)), markRow{m, im.info.Last})
			im.marks++
		}
		t.save(bImports, be64(nil, im.info.ID), im.info)
		return nil
	})
}

// read takes what was read of the file since it was last asked.
func (im *importing) read() Mark {
	if im.req.Mark == nil {
		return Mark{}
	}
	return im.req.Mark()
}

// account counts a part's rows.
func (im *importing) account(contacts int, m Mark) {
	im.info.Rows += contacts + len(m.Rejected)
	im.info.Rejected += len(m.Rejected)
	im.info.Imported += contacts
}

// write runs f in a transaction on a copy of the import, which takes its place
// when it is on the disk: f may run more than once.
func (im *importing) write(f func(*tx, *importing) error) error {
	var done importing
	err := im.s.write(im.ctx, im.what(), func(t *tx) error {
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
	row := listRow{Name: im.row.Name}
	_, err := t.load(bLists, []byte(im.row.Name), &row)
	return row, err
}

// save writes the list's row.
func (im *importing) save(t *tx, row listRow) {
	row.ImportedAt = im.info.At
	t.save(bLists, []byte(row.Name), row)
}

// complete makes the import seen: its segment, if it has one of its own, and its
// counts are the list's from now on.
func (im *importing) complete(t *tx, segment []uint32) error {
	if err := im.endRun(t, true); err != nil {
		return err
	}
	row, err := im.list(t)
	if err != nil {
		return err
	}
	row.Segments = append(row.Segments, segment...)
	for _, z := range im.row.Zones {
		row.count(z.Class, z.Zones, z.Contacts)
	}
	im.save(t, row)
	im.info.State = ImportDone
	t.save(bImports, be64(nil, im.info.ID), im.info)
	t.clear(bImportMarks, be64(nil, im.info.ID), 0)
	return nil
}

// put writes contacts and their entries among the fresh, and keeps back what is
// indexed later.
func (im *importing) put(t *tx, part []Contact) {
	next, seg := t.Bucket(bContacts).Sequence(), im.info.Segment
	if im.info.First == 0 {
		im.info.First = next + 1
	}
	fresh := map[uint32][]uint64{}
	classes := map[string]uint32{}
	for i := range part {
		c := &part[i]
		next++
		c.ID, c.List, c.ImportedAt = next, im.row.Name, im.info.At
		t.putContact(seg, c)
		zones := strings.Join(c.Zones, ",")
		class, known := classes[zones]
		if !known {
			class = t.class(c.Zones)
			classes[zones] = class
		}
		im.row.count(class, c.Zones, 1)
		fresh[class] = append(fresh[class], c.ID)
		im.keep(c)
		im.keepTerms(c)
	}
	im.info.Last = next
	if err := t.bucket(bContacts).SetSequence(next); err != nil && t.err == nil {
		t.err = err
	}
	t.dirty = true
	for _, class := range slices.Sorted(maps.Keys(fresh)) {
		for _, id := range fresh[class] {
			t.put(bFresh, freshKey(seg, class, id), []byte{})
		}
	}
}

// keep keeps a contact's numbers and external id back.
func (im *importing) keep(c *Contact) {
	e := entry{local: uint32(c.ID - im.info.First), rich: c.ExternalID != ""}
	e.key = phoneHash(c.Phone)
	im.firsts = append(im.firsts, e)
	for i := 1; i < len(c.Numbers); i++ {
		e.key, e.place = phoneHash(c.Numbers[i].Phone), uint8(i)
		im.others = append(im.others, e)
	}
	if e.rich {
		im.externals = append(im.externals, entry{key: binary.BigEndian.Uint64(externalHash(c.ExternalID)), local: e.local, rich: true})
	}
}

// keepTerms keeps what a contact is searched by.
func (im *importing) keepTerms(c *Contact) {
	if len(im.terms) == 0 {
		im.runFirst = c.ID
	}
	local := uint32(c.ID - im.runFirst)
	c.terms(func(key uint64) { im.terms = append(im.terms, term{key, local}) })
}

// endRun writes the terms that were kept, if they are enough or the import ends.
func (im *importing) endRun(t *tx, end bool) error {
	if len(im.terms) == 0 || !end && im.info.Last-im.runFirst < runContacts {
		return nil
	}
	if im.info.Last-im.runFirst < runLeast {
		for id := im.runFirst; id <= im.info.Last; id++ {
			c, found, err := t.contact(im.info.Segment, id)
			if err != nil {
				return err
			}
			if found {
				t.indexTerms(&c, im.info.Segment)
			}
		}
	} else {
		t.putRun(im.info.Segment, im.runFirst, im.info.Last, slices.Clone(im.terms))
	}
	im.terms = im.terms[:0:0]
	return nil
}

// phoneHash orders numbers as their index does, nearly; what is not E.164 lies
// after all that is, by a hash.
func phoneHash(phone string) uint64 {
	if n, ok := phoneNumber(phone); ok {
		for range 16 - len(phone) { // as digits from the left
			n *= 10
		}
		return n<<4 | uint64(len(phone)-1)
	}
	return binary.BigEndian.Uint64(externalHash(phone)) | 1<<63
}
