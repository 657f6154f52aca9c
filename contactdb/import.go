package contactdb

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// importStep is how many rows one transaction takes at most: some 100 ms in which
// other writers wait; where some do, it takes fewer. A list that fits in one is
// simply that; a longer one is staged in a segment that nobody sees until the
// last transaction reveals it.
const importStep = 10_000

// indexStep is how many times as many index entries as rows a transaction takes.
const indexStep = 4

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
	im := newImporting(ctx, s, req)
	defer im.close()
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

	pace *atomic.Int64         // how many rows the next part takes
	book *atomic.Pointer[book] // words that the workers may use
	kept [kinds]*keeper
	gone *gone // contacts that were taken out again
	runs *runs // of the search index
}

// Kinds of what is kept back, in the order in which it is looked at: an external
// id says better than a number who is who, and further numbers are those of
// whoever is left.
const (
	externals = iota
	firsts
	others
	kinds
)

// entry is a number or the hash of an external id, and whose it is.
type entry struct {
	key   uint64
	local uint32 // contact, less the import's first
	place uint8  // of a number among the contact's
	rich  bool   // the contact has an external id
}

func entryKey(e *entry) uint64 { return e.key }

func newImporting(ctx context.Context, s *Store, req ImportRequest) *importing {
	im := &importing{s: s, ctx: ctx, req: req, row: listRow{Name: req.List}, gone: &gone{}, runs: &runs{}, pace: &atomic.Int64{}, book: &atomic.Pointer[book]{}}
	im.info.State, im.info.List, im.info.Source, im.info.At, im.info.Key = ImportUnfinished, req.List, req.Source, req.Now.UTC(), req.Key
	im.pace.Store(int64(s.importStep))
	im.book.Store(&book{})
	for i := range im.kept {
		im.kept[i] = &keeper{dir: filepath.Dir(s.db.Path()), most: s.importKeep}
	}
	return im
}

// close lets go of what was kept on the disk.
func (im *importing) close() {
	for _, k := range im.kept {
		k.close()
	}
	im.runs.close()
}

func (im *importing) what() string { return fmt.Sprintf("import into list %q", im.req.List) }

func (im *importing) failed(row int, err error) error {
	return fmt.Errorf("%s, row %d: %w", im.what(), row, err)
}

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

// whole imports what fits into one transaction.
func (im *importing) whole(p *part) error {
	if err := im.ready(p); err != nil {
		return err
	}
	shared := p.shared()
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
		im.put(t, p, im.words(t, shared))
		im.account(p)
		for kind, do := range passes {
			entries := p.entries(kind, 0)
			sortByKey(entries, entryKey)
			if err := do(im, t, row.Segments, entries); err != nil {
				return err
			}
		}
		if err := im.indexTerms(t, p); err != nil {
			return err
		}
		return im.complete(t, nil)
	})
}

// ready waits until the workers have done with a part.
func (im *importing) ready(p *part) error {
	at, err := p.wait()
	if err != nil {
		im.damaged = true
		return im.failed(im.info.Rows+at, err)
	}
	return nil
}

// words gives the values that many share numbers, if nobody has yet.
func (im *importing) words(t *tx, shared []string) txBook {
	values := im.book.Load().values
	if values == nil {
		values = map[string]uint64{}
		for _, v := range shared {
			if id := t.word(v); id != 0 {
				values[v] = id
			}
		}
	}
	return txBook{t, values}
}

// stage writes a part into the import's own segment, which lies in the trash
// until it is revealed: a kill leaves it there.
func (im *importing) stage(p *part) error {
	if err := im.ready(p); err != nil {
		return err
	}
	var shared []string
	if im.book.Load().values == nil {
		shared = p.shared()
	}
	runs := im.runs.ready()
	var first uint64
	var words txBook
	err := im.write(func(t *tx, im *importing) error {
		if im.info.Segment == 0 {
			im.info.ID, im.info.Segment = t.next(bImports), uint32(t.next(bSegments))
			t.put(bTrash, be32(nil, im.info.Segment), []byte(im.row.Name))
		}
		words = im.words(t, shared)
		first = im.put(t, p, words)
		for _, r := range runs {
			t.putRun(im.info.Segment, r)
		}
		im.account(p)
		if im.req.Key != "" {
			t.save(bImportMarks, be32(be64(nil, im.info.ID), uint32(im.marks)), markRow{p.mark, im.info.Last})
			im.marks++
		}
		t.save(bImports, be64(nil, im.info.ID), im.info)
		return nil
	})
	if err != nil {
		return err
	}
	im.runs.written(len(runs))
	im.learn(words)
	return im.keepBack(p, first)
}

// learn lets the workers use the words of a transaction that was committed.
func (im *importing) learn(from txBook) {
	had, next := im.book.Load(), &book{words: map[string]uint64{}, values: from.values}
	maps.Copy(next.words, had.words)
	if known := im.s.words.ids.Load(); known != nil {
		maps.Copy(next.words, *known)
	}
	maps.Copy(next.words, from.ownWords)
	if len(next.words) > len(had.words) || had.values == nil {
		im.book.Store(next)
	}
}

// keepBack keeps what is indexed later of a part that was written.
func (im *importing) keepBack(p *part, first uint64) error {
	from := uint32(first - im.info.First)
	for kind, k := range im.kept {
		if err := k.add(p.entries(kind, from)); err != nil {
			return fmt.Errorf("%s: %w", im.what(), err)
		}
	}
	for _, b := range p.batches {
		for _, e := range b.terms {
			im.runs.add(e.key, first+uint64(e.local))
		}
		first += uint64(len(b.contacts))
	}
	im.runs.cut(im.info.Last, false)
	return nil
}

// account counts a part's rows.
func (im *importing) account(p *part) {
	im.info.Rows += p.n + len(p.mark.Rejected)
	im.info.Rejected += len(p.mark.Rejected)
	im.info.Imported += p.n
}

// write runs f in a transaction on a copy of the import, which takes its place
// when it is on the disk: f may run more than once. Where others wait to write,
// the next transactions are to be shorter.
func (im *importing) write(f func(*tx, *importing) error) error {
	var done importing
	waiting := false
	err := im.s.writeLarge(im.ctx, im.what(), func(t *tx) error {
		done = *im
		done.gone.undo()
		done.row.Zones = slices.Clone(im.row.Zones)
		defer func() { waiting = len(im.s.queue) > 0 }()
		return f(t, &done)
	})
	if err == nil {
		*im = done
		im.gone.keep()
	}
	step, pace := int64(im.s.importStep), im.pace.Load()
	if waiting {
		im.pace.Store(max(pace/2, step/10, 1))
	} else {
		im.pace.Store(min(pace+pace/8+1, step))
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
	row, err := im.list(t)
	if err != nil {
		return err
	}
	row.Segments = append(row.Segments, segment...)
	for _, z := range im.row.Zones {
		row.countSet(z.Class, z.ZoneSet, z.Contacts)
	}
	im.save(t, row)
	im.info.State = ImportDone
	t.save(bImports, be64(nil, im.info.ID), im.info)
	t.clear(bImportMarks, be64(nil, im.info.ID), 0)
	return nil
}

// put writes a part's contacts and their entries among the fresh, and gives the
// first one's id.
func (im *importing) put(t *tx, p *part, words txBook) (first uint64) {
	next, seg := t.sequence(bContacts), im.info.Segment
	if first = next + 1; im.info.First == 0 {
		im.info.First = first
	}
	fresh := map[uint32][]uint64{}
	classes, names := map[string]uint32{}, map[uint32]string{}
	w := rowWriter{words: words}
	rows := t.puts(bContacts)
	key := make([]byte, 0, 16)
	for _, b := range p.batches {
		for i := range b.contacts {
			c, row := &b.contacts[i], b.rows[i]
			if next++; row == nil {
				row = w.contact(c)
			}
			key = be64(be32(key[:0], seg), next)
			rows.put(key, row)
			clocks := b.clocks[i]
			class, known := classes[clocks]
			if !known {
				class = t.classNamed(clocks)
				classes[clocks], names[class] = class, clocks
			}
			fresh[class] = append(fresh[class], next)
		}
	}
	im.info.Last = next
	if err := t.bucket(bContacts).SetSequence(next); err != nil && t.err == nil {
		t.err = err
	}
	for _, class := range slices.Sorted(maps.Keys(fresh)) {
		im.row.count(class, names[class], len(fresh[class]))
		out := t.puts(bFresh)
		for _, id := range fresh[class] {
			out.put(be64(be32(be32(key[:0], seg), class), id), []byte{})
		}
	}
	return first
}

// joinZones is a set of zones as one text.
func joinZones(zones []string) string {
	if len(zones) == 1 {
		return zones[0]
	}
	return strings.Join(zones, ",")
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
	return externalKeyHash(phone) | 1<<63
}

// externalKeyHash is externalHash as a number.
func externalKeyHash(external string) uint64 { return fnv1a(external) }
