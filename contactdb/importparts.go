package contactdb

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// An import is a line of three stations: the caller's goroutine reads the file
// and cuts it into parts; workers make rows, entries and terms of their contacts,
// a batch at a time; one goroutine has the committer put in order what is there.
// So one part is read and another is made ready while a third goes to the disk.

// batchRows is how many contacts a worker takes at a time.
const batchRows = 500

// batch is contacts on their way through a worker; places are within the batch.
type batch struct {
	contacts []Contact
	rows     [][]byte // nil: a word of it is new
	clocks   []string // names of their classes
	entries  [kinds][]entry
	terms    []term
	err      error         // why the contact after rows is none
	done     chan struct{} // closed when the rest is there
}

// part is what one transaction takes.
type part struct {
	batches []*batch
	n       int // contacts
	mark    Mark
}

// wait waits for the workers; an error is of a contact, with its place from 1.
func (p *part) wait() (at int, err error) {
	for _, b := range p.batches {
		<-b.done
		if b.err != nil {
			return at + len(b.rows) + 1, b.err
		}
		at += len(b.contacts)
	}
	return 0, nil
}

// entries are those of a kind, by the places of their contacts from one on.
func (p *part) entries(kind int, from uint32) (all []entry) {
	for _, b := range p.batches {
		for _, e := range b.entries[kind] {
			e.local += from
			all = append(all, e)
		}
		from += uint32(len(b.contacts))
	}
	return all
}

// makes is what workers need to know of an import.
type makes struct {
	list string
	at   time.Time
	book *atomic.Pointer[book]
}

// reading cuts the file into parts. While parts are staged the import itself
// belongs to who stages them.
type reading struct {
	req    ImportRequest
	pace   *atomic.Int64 // contacts of the next part
	rows   int           // of the file so far
	work   chan *batch   // to the workers
	parts  chan *part    // to who stages them
	failed chan struct{} // closed when nothing more is staged
	now    *part

	err     error // why the file was not read to its end
	damaged bool  // it is
}

var errNotStaged = errors.New("a part was not staged")

// run reads and stages; what is left for the last transactions, the caller does.
func (im *importing) run() error {
	r := &reading{req: im.req, pace: im.pace, rows: im.info.Rows, work: make(chan *batch, 2*runtime.GOMAXPROCS(0)), parts: make(chan *part), failed: make(chan struct{}), now: &part{}}
	m := makes{list: im.row.Name, at: im.info.At, book: im.book}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for b := range r.work {
				b.prepare(m)
			}
		})
	}
	staged := make(chan error, 1)
	go func() { staged <- im.stageAll(r) }()
	r.read()
	close(r.work)
	close(r.parts)
	workers.Wait()
	failed := <-staged // from here on the import is ours again
	im.damaged = im.damaged || r.damaged
	switch {
	case failed != nil:
		return failed
	case r.err != nil:
		return im.failed(r.rows+1, r.err)
	case im.info.Segment == 0:
		return im.whole(r.now)
	}
	if err := im.stage(r.now); err != nil {
		return err
	}
	return im.finish()
}

// stageAll stages parts until one fails.
func (im *importing) stageAll(r *reading) error {
	for p := range r.parts {
		if err := im.stage(p); err != nil {
			close(r.failed)
			return err
		}
	}
	return nil
}

// read reads the file to its end; its last part stays in now.
func (r *reading) read() {
	var b *batch
	for c, err := range r.req.Rows {
		if err != nil {
			r.err, r.damaged = err, r.req.Damaged == nil || r.req.Damaged(err)
			return
		}
		r.rows++
		if b == nil {
			b = &batch{contacts: make([]Contact, 0, min(batchRows, r.pace.Load())), done: make(chan struct{})}
		}
		b.contacts = append(b.contacts, c)
		full := r.now.n+len(b.contacts) >= int(r.pace.Load())
		if full || len(b.contacts) == batchRows {
			r.hand(b)
			b = nil
		}
		if full && r.end() != nil {
			return // the stage says why
		}
	}
	if b != nil {
		r.hand(b)
	}
	r.now.mark = r.mark()
}

// mark takes what was read of the file since it was last asked.
func (r *reading) mark() Mark {
	if r.req.Mark == nil {
		return Mark{}
	}
	return r.req.Mark()
}

// hand gives a batch to a worker.
func (r *reading) hand(b *batch) {
	r.work <- b
	r.now.batches = append(r.now.batches, b)
	r.now.n += len(b.contacts)
}

// end hands a part on.
func (r *reading) end() error {
	p := r.now
	p.mark, r.now = r.mark(), &part{}
	select {
	case r.parts <- p:
		return nil
	case <-r.failed:
		return errNotStaged
	}
}

// prepare does what can be done without the store.
func (b *batch) prepare(m makes) {
	defer close(b.done)
	known := *m.book.Load()
	w := rowWriter{words: &known}
	n := len(b.contacts)
	b.rows, b.clocks, b.terms = make([][]byte, 0, n), make([]string, 0, n), make([]term, 0, 12*n)
	b.entries[firsts] = make([]entry, 0, n)
	for i := range b.contacts {
		c := &b.contacts[i]
		if *c, b.err = tidyContact(*c); b.err != nil {
			return
		}
		c.List, c.ImportedAt = m.list, m.at
		b.clocks = append(b.clocks, c.clocks())
		b.keep(c, uint32(i))
		c.terms(func(key uint64) { b.terms = append(b.terms, term{key, uint32(i)}) })
		known.news = false
		row := w.contact(c)
		if known.news {
			row = nil
		} else {
			*c = Contact{} // all is in what was made of it
		}
		b.rows = append(b.rows, row)
	}
}

// book is what an import knows of words: those that are committed.
type book struct {
	words  map[string]uint64
	values map[string]uint64 // of cities and free fields, those that many share
	news   bool              // a word was asked for that is not in it
}

func (b *book) word(text string) uint64 {
	id, ok := b.words[text]
	b.news = b.news || !ok
	return id
}

func (b *book) value(text string) uint64 { return b.values[text] }

// txBook gives new words numbers.
type txBook struct {
	*tx
	values map[string]uint64
}

func (b txBook) value(text string) uint64 { return b.values[text] }

// A value is shared by many, so that it becomes a word, if so many contacts of
// the first part have it, and at least one in a hundred: of a single person it
// says nothing, and so it may outlive each.
const (
	sharedBy   = 50
	mostShared = 256 // words, so that there is room for the next files'
)

// shared are the values that many contacts of a part have.
func (p *part) shared() (values []string) {
	count := map[string]int{}
	add := func(v string) {
		if n := count[v]; n > 0 || len(count) < 100_000 && len(v) > 2 && len(v) < 100 {
			count[v] = n + 1
		}
	}
	for _, b := range p.batches {
		for i := range b.contacts {
			add(b.contacts[i].City)
			for _, v := range b.contacts[i].Fields {
				add(v)
			}
		}
	}
	for v, n := range count {
		if n >= max(sharedBy, p.n/100) && len(values) < mostShared {
			values = append(values, strings.Clone(v))
		}
	}
	slices.Sort(values)
	return values
}

// keep notes by which numbers and external id a contact is found.
func (b *batch) keep(c *Contact, at uint32) {
	e := entry{local: at, rich: c.ExternalID != ""}
	e.key = phoneHash(c.Phone)
	b.entries[firsts] = append(b.entries[firsts], e)
	for i := 1; i < len(c.Numbers); i++ {
		e.key, e.place = phoneHash(c.Numbers[i].Phone), uint8(i)
		b.entries[others] = append(b.entries[others], e)
	}
	if e.rich {
		b.entries[externals] = append(b.entries[externals], entry{key: externalKeyHash(c.ExternalID), local: at, rich: true})
	}
}
