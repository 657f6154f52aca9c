package evidence

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"apel/contactdb"

	"github.com/xuri/excelize/v2"
)

// Finding is what Check found of a file.
type Finding struct {
	Manifest Manifest `json:"manifest"`
	OK       bool     `json:"ok"`
	Rows     int      `json:"rows"`     // read
	Contents bool     `json:"contents"` // each row's content was proved by its hash, not only its place
	Anchors  int      `json:"anchors"`  // that lie in the file, and fit
	Line     int      `json:"line,omitempty"`
	Problem  string   `json:"problem,omitempty"`
}

// ReadManifest reads a manifest.
func ReadManifest(path string) (m Manifest, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return m, err
	}
	if err := json.Unmarshal(b, &m); err != nil || m.Kind != kind {
		return m, fmt.Errorf("%s is no manifest of an export of call records", path)
	}
	if m.Version > 1 {
		return m, fmt.Errorf("%s was written by a newer version of apel (%s); check it with that", path, m.Program)
	}
	return m, nil
}

// Check holds a file against its manifest: file, or the one that the manifest
// names, beside it. Further anchors are those that were kept elsewhere. A
// finding that is not OK names the first problem; an error means that the check
// could not be made.
func Check(ctx context.Context, manifest, file string, further []contactdb.Heads) (Finding, error) {
	m, err := ReadManifest(manifest)
	if err != nil {
		return Finding{}, err
	}
	if file == "" {
		file = filepath.Join(filepath.Dir(manifest), filepath.Base(m.File))
	}
	c := &check{Finding: Finding{Manifest: m}, anchors: map[uint64]contactdb.Heads{}}
	for _, a := range slices.Concat(m.Anchors, further, []contactdb.Heads{m.Chain}) {
		if a.Store != m.Chain.Store {
			continue // of another store
		}
		if other, twice := c.anchors[a.Records]; twice && other.Head != a.Head {
			c.fail(0, "two anchors of %d records have different hashes, %.12s… and %.12s…: one of them is not of this chain", a.Records, other.Head, a.Head)
			return c.Finding, nil
		}
		c.anchors[a.Records] = a
	}
	if of := func(a contactdb.Heads) bool { return a.Store == m.Chain.Store }; len(further) > 0 && !slices.ContainsFunc(further, of) {
		c.fail(0, "none of the anchors that were kept elsewhere is of the store %q that the manifest names: it is not the chain that they hold", m.Chain.Store)
		return c.Finding, nil
	}
	if err := c.sum(file); err != nil || c.Problem != "" {
		return c.Finding, err
	}
	if err := c.read(ctx, file); err != nil || c.Problem != "" {
		return c.Finding, err
	}
	c.end()
	c.OK = c.Problem == ""
	return c.Finding, nil
}

type check struct {
	Finding
	anchors map[uint64]contactdb.Heads // by place
	last    Place
}

func (c *check) fail(line int, format string, args ...any) {
	if c.Problem == "" {
		c.Line, c.Problem = line, fmt.Sprintf(format, args...)
	}
}

// sum compares size and SHA-256. What differs is looked for in the rows too, so
// that its line is named; only a format whose rows cannot name it ends here.
func (c *check) sum(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != c.Manifest.SHA256 {
		if c.Manifest.Format == Sealed {
			_ = c.read(context.Background(), file) // it names the line if it can
		}
		c.fail(0, "it is not the file that was exported: it has %d bytes and the SHA-256 %.12s…, the manifest says %d and %.12s…", n, sum, c.Manifest.Bytes, c.Manifest.SHA256)
	}
	return nil
}

// read goes through the rows.
func (c *check) read(ctx context.Context, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	switch c.Manifest.Format {
	case CSV:
		return c.readCSV(ctx, f)
	case XLSX:
		return c.readXLSX(ctx, file)
	}
	return c.readLines(ctx, f)
}

// maxLine bounds a row: a note is at most some pages.
const maxLine = 16 << 20

func (c *check) readLines(ctx context.Context, f io.Reader) error {
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 1<<20), maxLine)
	c.Contents = c.Manifest.Format == Sealed
	for lines.Scan() && c.Problem == "" {
		if c.Rows%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		p, problem := readLine(lines.Bytes(), c.Contents)
		if problem != "" {
			c.fail(c.Rows+1, "call record %s: %s", p.ID, problem)
			return nil
		}
		c.row(c.Rows+1, p)
	}
	return lines.Err()
}

// readLine takes a JSON line apart; sealed ones prove their content.
func readLine(line []byte, sealed bool) (p Place, problem string) {
	if sealed {
		id, prev, hash, err := contactdb.ProveRow(line)
		if err != nil {
			problem = err.Error()
		}
		return Place{ID: id, PrevHash: prev, Hash: hash}, problem
	}
	if err := json.Unmarshal(line, &p); err != nil {
		problem = "it cannot be read"
	}
	return p, problem
}

func (c *check) readCSV(ctx context.Context, f io.Reader) error {
	r := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil || !slices.Equal(head, contactdb.RecordColumns) {
		c.fail(1, "it does not begin with the columns of call records")
		return nil
	}
	for c.Problem == "" {
		if c.Rows%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		line, _ := r.FieldPos(0)
		if err != nil {
			c.fail(line, "it is no CSV: %v", err)
			return nil
		}
		c.row(line, Place{ID: cells[idColumn], PrevHash: cells[prevColumn], Hash: cells[hashColumn]})
	}
	return nil
}

func (c *check) readXLSX(ctx context.Context, file string) error {
	x, err := excelize.OpenFile(file, excelize.Options{UnzipXMLSizeLimit: 16 << 20, UnzipSizeLimit: 64 << 30})
	if err != nil {
		c.fail(0, "it is no spreadsheet: %v", err)
		return nil
	}
	defer x.Close()
	for _, sheet := range x.GetSheetList() {
		rows, err := x.Rows(sheet)
		if err != nil {
			return err
		}
		for line := 1; rows.Next() && c.Problem == ""; line++ {
			if line%1000 == 0 && ctx.Err() != nil {
				return errors.Join(ctx.Err(), rows.Close())
			}
			cells, err := rows.Columns()
			switch {
			case err != nil:
				c.fail(line, "sheet %q cannot be read: %v", sheet, err)
			case line == 1:
			case len(cells) != len(contactdb.RecordColumns):
				c.fail(line, "the row of sheet %q has %d cells, and %d belong there", sheet, len(cells), len(contactdb.RecordColumns))
			default:
				c.row(line, Place{ID: cells[idColumn], PrevHash: cells[prevColumn], Hash: cells[hashColumn]})
			}
		}
		if err := rows.Close(); err != nil {
			return err
		}
	}
	return nil
}

// row holds one row against the one before it, the manifest and the anchors.
func (c *check) row(line int, p Place) {
	m := c.Manifest
	c.Rows++
	if p.Hash == "" || p.PrevHash == "" {
		c.fail(line, "call record %s has no hash", p.ID)
		return
	}
	if c.Rows == 1 && m.First != nil {
		p.Place = m.First.Place
		if p != *m.First {
			c.fail(line, "the first record is %s, the manifest says %s", p.ID, m.First.ID)
		}
	}
	if m.Complete && c.Rows > 1 {
		p.Place = c.last.Place + 1
		if p.PrevHash != c.last.Hash {
			c.fail(line, "call record %s does not follow %s, the one before it: one was changed, dropped or moved", p.ID, c.last.ID)
		}
	}
	if a, ok := c.anchors[p.Place]; ok && p.Place > 0 {
		if a.Head != p.Hash {
			c.fail(line, "call record %s is number %d of the chain and has the hash %.12s…, but the anchor of %s says %.12s…", p.ID, p.Place, p.Hash, a.At.Format("2006-01-02 15:04"), a.Head)
		} else {
			c.Anchors++
		}
	}
	c.last = p
}

// end compares the ends.
func (c *check) end() {
	m := c.Manifest
	if c.Rows != m.Rows {
		c.fail(0, "it has %d rows, the manifest says %d", c.Rows, m.Rows)
	}
	if m.Last != nil && (c.last.ID != m.Last.ID || c.last.Hash != m.Last.Hash) {
		c.fail(0, "its last record is %s, the manifest says %s", c.last.ID, m.Last.ID)
	}
}

// ReadAnchors reads anchors, a JSON object a line, as the service writes them.
func ReadAnchors(r io.Reader) (all []contactdb.Heads, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		var h contactdb.Heads
		if err := json.Unmarshal(line, &h); err != nil || h.Head == "" || h.Store == "" {
			return nil, fmt.Errorf("line %d is no anchor", n)
		}
		all = append(all, h)
	}
	return all, lines.Err()
}
