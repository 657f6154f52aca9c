// Package evidence takes call records out of the store as files that stand for
// themselves, and checks such files without the store.
//
// Export writes rows in one of four formats with bounded memory, whatever their
// number, and says in a Manifest what was written: file, size, SHA-256, rows,
// the place of the first and last in the chain, the chain's head and anchors,
// who and when. Check reads a manifest and its file again and names the first
// line that does not fit.
//
// What it proves: that a file is the one that was exported, and that its rows
// follow each other in the chain. The format sealed has the rows as they were
// hashed, so that each content is checked too. Whoever holds the data directory
// could have made the whole chain anew: an anchor that was kept elsewhere at the
// time shows that. It never changes the store.
package evidence

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"apel/contactdb"
)

// Formats of an export.
const (
	CSV    = "csv"
	JSONL  = "jsonl"
	XLSX   = "xlsx"
	Sealed = "sealed" // JSON lines, each the text that was hashed, with its salts
)

// Formats lists them.
var Formats = []string{CSV, JSONL, XLSX, Sealed}

// Manifest says what an export wrote.
type Manifest struct {
	Kind     string            `json:"kind"`    // "call records"
	Version  int               `json:"version"` // of this description
	Program  string            `json:"program"`
	File     string            `json:"file"`
	Format   string            `json:"format"`
	Bytes    int64             `json:"bytes"`
	SHA256   string            `json:"sha256"`
	Rows     int               `json:"rows"`
	Complete bool              `json:"complete"` // the rows are all records of the chain from First to Last
	First    *Place            `json:"first,omitempty"`
	Last     *Place            `json:"last,omitempty"`
	Filter   map[string]string `json:"filter"`
	MadeAt   time.Time         `json:"made_at"`
	MadeBy   string            `json:"made_by"`
	Chain    contactdb.Heads   `json:"chain"`   // when the export began
	Anchors  []contactdb.Heads `json:"anchors"` // the last that were made before it
}

const kind = "call records"

// Place is a record in the chain.
type Place struct {
	Place    uint64 `json:"place"` // from 1
	ID       string `json:"id"`
	PrevHash string `json:"prev_hash"`
	Hash     string `json:"hash"`
}

// rowWriter writes rows in one format; values are the JSON of the columns.
type rowWriter interface {
	write(row contactdb.RecordRow, values [][]byte) error
	close() error
}

// Export writes rows to w and completes m, of which Program, File, Format,
// Filter, MadeAt, MadeBy, Chain and Anchors are the caller's.
func Export(ctx context.Context, w io.Writer, rows iter.Seq2[contactdb.RecordRow, error], m *Manifest) error {
	out := &counted{w: w, sum: sha256.New()}
	beside := newBeside(out)
	defer func() { _ = beside.close() }() // where it counts it is asked
	buf := bufio.NewWriterSize(beside, 1<<16)
	to, err := newWriter(m.Format, buf)
	if err != nil {
		return err
	}
	m.Kind, m.Version, m.Complete = kind, 1, true
	var values [][]byte
	var last Place
	for row, err := range rows {
		if err == nil && m.Rows%1000 == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		values = row.Values(values)
		m.Rows++
		m.Complete = m.Complete && (m.Rows == 1 || row.Place == last.Place+1)
		last.Place = row.Place
		if m.Rows == 1 {
			first := placeOf(row, values)
			m.First = &first
		}
		if err := to.write(row, values); err != nil {
			return err
		}
	}
	if err := to.close(); err != nil {
		return err
	}
	if m.Rows > 0 {
		last = placeOf(contactdb.RecordRow{Place: last.Place}, values) // they are the last row's still
		m.Last = &last
	}
	if err := errors.Join(buf.Flush(), beside.close()); err != nil {
		return err
	}
	m.Bytes, m.SHA256 = out.n, hex.EncodeToString(out.sum.Sum(nil))
	return nil
}

var (
	idColumn   = slices.Index(contactdb.RecordColumns, "id")
	prevColumn = slices.Index(contactdb.RecordColumns, "prev_hash")
	hashColumn = slices.Index(contactdb.RecordColumns, "hash")
)

func placeOf(row contactdb.RecordRow, values [][]byte) Place {
	return Place{row.Place, plain(values[idColumn]), plain(values[prevColumn]), plain(values[hashColumn])}
}

func newWriter(format string, w *bufio.Writer) (rowWriter, error) {
	switch format {
	case CSV:
		return newCSV(w), nil
	case JSONL:
		return newJSONL(w), nil
	case XLSX:
		return newXLSX(w)
	case Sealed:
		return sealed{w}, nil
	}
	return nil, fmt.Errorf("format %q is not known; use csv, jsonl, xlsx or sealed", format)
}

// counted counts and sums what goes through it.
type counted struct {
	w   io.Writer
	n   int64
	sum hash.Hash
}

func (c *counted) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	c.sum.Write(b[:n])
	return n, err
}

// beside writes on a goroutine of its own, so that the next rows are made while
// those before are summed and written.
type beside struct {
	full, free chan []byte
	done       chan struct{}
	once       sync.Once
	failed     atomic.Pointer[error]
}

func newBeside(w io.Writer) *beside {
	b := &beside{full: make(chan []byte, 3), free: make(chan []byte, 4), done: make(chan struct{})}
	for range cap(b.free) {
		b.free <- nil
	}
	go func() {
		defer close(b.done)
		for part := range b.full {
			if b.failed.Load() == nil {
				if _, err := w.Write(part); err != nil {
					b.failed.Store(&err)
				}
			}
			b.free <- part[:0]
		}
	}()
	return b
}

func (b *beside) Write(part []byte) (int, error) {
	if err := b.failed.Load(); err != nil {
		return 0, *err
	}
	b.full <- append(<-b.free, part...)
	return len(part), nil
}

// close waits until everything is written.
func (b *beside) close() error {
	b.once.Do(func() { close(b.full) })
	<-b.done
	if err := b.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// plain is the text of a JSON string, or JSON that is none as it stands.
func plain(value []byte) string {
	if len(value) < 2 || value[0] != '"' {
		return string(value)
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return string(value)
	}
	return s
}

// free are the columns that hold what people wrote.
var free = map[string]bool{
	"campaign": true, "list": true, "trunk": true, "sip_call_id": true, "operator": true, "team": true,
	"disposition": true, "note": true, "script_answers": true, "recording": true,
}

// nothing says whether a value is one that a table leaves empty.
func nothing(value []byte) bool {
	return len(value) == 0 || string(value) == "null" || string(value) == "{}"
}
