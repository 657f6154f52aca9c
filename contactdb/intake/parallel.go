package intake

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"sync"

	"apel/contactdb"
)

// chunkRows is how many rows one worker takes at a time; twice as many chunks
// as workers may wait for their turn.
const chunkRows = 256

// chunk is rows on their way through a worker. The reader hands it on twice: to
// a worker, and in the file's order to whoever waits for what comes of it.
type chunk struct {
	rows []row
	got  []result
	err  error         // why there are no rows after these; io.EOF at the end
	done chan struct{} // closed when got is there
}

// result is what became of a row.
type result struct {
	contact contactdb.Contact
	fault   fault
	sum     uint64 // of its text
}

// Contacts reads the rows, on all cores. It yields a contact for each row that
// is one and calls reject (which may be nil) for each other, in the file's
// order; an error of reject, such as a full disk, ends the reading. A *FileError
// or an error of the reader is yielded last: what was yielded before should then
// be undone. A file can be read once.
func (f *File) Contacts(reject func(Reject) error) iter.Seq2[contactdb.Contact, error] {
	return func(yield func(contactdb.Contact, error) bool) {
		if f.read {
			yield(contactdb.Contact{}, errors.New("the contact file was read already; open it again"))
			return
		}
		f.read = true
		workers := runtime.GOMAXPROCS(0)
		work, order, stop := make(chan *chunk, 2*workers), make(chan *chunk, 2*workers), make(chan struct{})
		var all sync.WaitGroup
		defer all.Wait()
		defer close(stop)
		for range workers {
			w := f.worker()
			all.Go(func() { w.work(work) })
		}
		all.Go(func() { f.readChunks(work, order, stop) })
		for c := range order {
			<-c.done
			if !f.hand(c, reject, yield) {
				return
			}
		}
	}
}

// hand gives on what became of a chunk's rows and says whether to go on.
func (f *File) hand(c *chunk, reject func(Reject) error, yield func(contactdb.Contact, error) bool) bool {
	for i := range c.got {
		g := &c.got[i]
		f.count(g.sum, g.fault.reason != "")
		if g.fault.reason == "" {
			if !yield(g.contact, nil) {
				return false
			}
			continue
		}
		if err := refuse(reject, c.rows[i], g.fault); err != nil {
			yield(contactdb.Contact{}, err)
			return false
		}
	}
	if c.err != nil && !errors.Is(c.err, io.EOF) {
		yield(contactdb.Contact{}, c.err)
		return false
	}
	return c.err == nil
}

func refuse(reject func(Reject) error, r row, bad fault) error {
	if reject == nil {
		return nil
	}
	if err := reject(Reject{Line: r.line, Column: bad.column, Reason: bad.reason, Row: r.cells}); err != nil {
		return fmt.Errorf("keep rejected row of line %d: %w", r.line, err)
	}
	return nil
}

// readChunks cuts the file into chunks until its end, or until nobody waits.
func (f *File) readChunks(work, order chan<- *chunk, stop <-chan struct{}) {
	defer close(order)
	defer close(work)
	for {
		c := &chunk{done: make(chan struct{})}
		for len(c.rows) < chunkRows && c.err == nil {
			var r row
			if r, c.err = f.next(); c.err == nil {
				c.rows = append(c.rows, r)
			}
		}
		for _, to := range []chan<- *chunk{work, order} {
			select {
			case to <- c:
			case <-stop:
				return
			}
		}
		if c.err != nil {
			return
		}
	}
}

// worker is a copy of the file with caches of its own, to make contacts with.
func (f *File) worker() *File {
	w := *f
	w.zones, w.fast = map[string]bool{}, newFastNumbers(f.opts.Country)
	return &w
}

func (f *File) work(chunks <-chan *chunk) {
	for c := range chunks {
		c.got = make([]result, len(c.rows))
		for i, r := range c.rows {
			c.got[i].contact, c.got[i].fault = f.contact(r)
			c.got[i].sum = rowSum(r.cells)
		}
		close(c.done)
	}
}

// rowSum is a 64-bit FNV-1a hash of a row's cells.
func rowSum(cells []string) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range cells {
		for i := range len(c) {
			h = (h ^ uint64(c[i])) * 1099511628211
		}
		h = (h ^ 0x1F) * 1099511628211
	}
	return h
}

// count takes a row into the counts and the mark.
func (f *File) count(sum uint64, rejected bool) {
	f.rows++
	if rejected {
		f.rejected++
		f.mark.Rejected = append(f.mark.Rejected, f.mark.Rows)
	}
	f.mark.Rows++
	f.mark.Sum = (f.mark.Sum ^ sum) * 1099511628211
}

// Mark says what was read since the last call, so that an import that is cut
// off can go on from here.
func (f *File) Mark() contactdb.Mark {
	m := f.mark
	f.mark = contactdb.Mark{}
	return m
}

// Skip passes over the rows of an import that was cut off, mark by mark, as long
// as the file holds the same rows, and says how many marks it did. Rows that
// were rejected are given to reject again. Call it before Contacts.
func (f *File) Skip(marks []contactdb.Mark, reject func(Reject) error) (int, error) {
	for n, m := range marks {
		rows, same, err := f.same(m)
		if err != nil {
			return n, err
		}
		if !same {
			f.rowsOf.back(rows...)
			return n, nil
		}
		for _, i := range m.Rejected {
			if i < 0 || i >= len(rows) {
				continue
			}
			r := rows[i].row
			r.cells = f.trim(r.cells)
			_, bad := f.contact(r)
			if err := refuse(reject, r, bad); err != nil {
				return n, err
			}
		}
		f.rows += m.Rows
		f.rejected += len(m.Rejected)
	}
	return len(marks), nil
}

// same reads the rows of a mark and says whether they are those that it saw.
func (f *File) same(m contactdb.Mark) (rows []scanned, same bool, err error) {
	sum := uint64(0)
	for range m.Rows {
		r, err := f.rowsOf.next()
		rows = append(rows, scanned{r, err})
		if errors.Is(err, io.EOF) || isFileError(err) {
			return rows, false, nil
		}
		if err != nil {
			return rows, false, err
		}
		sum = (sum ^ rowSum(f.trim(r.cells))) * 1099511628211
	}
	return rows, sum == m.Sum, nil
}
