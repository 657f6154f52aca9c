package intake

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Rejects writes rejected rows to a file of the kind that the original is, CSV
// or a workbook, that can be mended in a spreadsheet and imported again with the
// same options: columns line, column and reason, which a second import leaves
// out, then the columns of the original under its header (or the names of what
// was understood). CSV is UTF-8 with a byte order mark and uses the original's
// separator, so that the spreadsheet which made the original opens it.
//
// The cells are as they came. One that begins with =, +, - or @ is a formula to
// a spreadsheet that opens CSV: open a stranger's file with automatic links and
// formulas off. Neutralising it here would change the data that is to be mended.
// In a workbook all cells are texts.
//
// There is no file as long as there is no reject, and none under its final name
// before Close: a rejects file may be read and replaced in one import.
type Rejects struct {
	path  string
	file  *File
	out   *os.File // a temporary file beside path
	rows  rejectRows
	count int
	err   error
}

// rejectRows writes rows in one format.
type rejectRows interface {
	write(cells []string) error
	close() error // ends the format; the file stays open
}

// NewRejects prepares the rejects of f for the file path, without its ending:
// Path has it.
func NewRejects(path string, f *File) *Rejects {
	if f.sheet != "" {
		return &Rejects{path: path + ".xlsx", file: f}
	}
	return &Rejects{path: path + ".csv", file: f}
}

// Path is where the file will be.
func (r *Rejects) Path() string { return r.path }

// Add writes one row; give it to Contacts. After an error every call fails.
func (r *Rejects) Add(j Reject) error {
	if r.err == nil && r.out == nil {
		r.err = r.create()
	}
	if r.err != nil {
		return r.err
	}
	r.count++
	r.err = r.write(append([]string{strconv.Itoa(j.Line), j.Column, j.Reason}, j.Row...))
	return r.err
}

// Count is the number of rows added.
func (r *Rejects) Count() int { return r.count }

// Close puts the file in its place, readable by its owner only: it holds
// personal data. Without rejects it does nothing, and an older file of that
// name stays. After an error nothing is left behind.
func (r *Rejects) Close() error {
	if r.out == nil {
		return r.err
	}
	if r.err == nil {
		r.err = r.wrap(r.rows.close())
	}
	if err := r.out.Close(); r.err == nil {
		r.err = r.wrap(err)
	}
	if r.err == nil {
		r.err = r.wrap(os.Rename(r.out.Name(), r.path))
	}
	if r.err != nil {
		_ = os.Remove(r.out.Name())
	}
	r.out = nil
	return r.err
}

func (r *Rejects) create() (err error) {
	r.out, err = os.CreateTemp(filepath.Dir(r.path), ".rejects-*") // mode 0600
	if err != nil {
		return r.wrap(err)
	}
	if r.file.sheet != "" {
		r.rows, err = newSheetRejects(r.out, r.file.sheet)
	} else {
		r.rows, err = newCSVRejects(r.out, r.file.Separator())
	}
	if err != nil {
		return r.wrap(err)
	}
	return r.write(append([]string{"line", "column", reasonTitle(r.file.columns)}, r.header()...))
}

func (r *Rejects) write(cells []string) error { return r.wrap(r.rows.write(cells)) }

type csvRejects struct {
	buf *bufio.Writer
	csv *csv.Writer
}

func newCSVRejects(w io.Writer, separator rune) (*csvRejects, error) {
	c := &csvRejects{buf: bufio.NewWriter(w)}
	c.csv = csv.NewWriter(c.buf)
	c.csv.Comma = separator
	_, err := c.buf.WriteString("\uFEFF")
	return c, err
}

func (c *csvRejects) write(cells []string) error { return c.csv.Write(cells) }

func (c *csvRejects) close() error {
	c.csv.Flush()
	return errors.Join(c.csv.Error(), c.buf.Flush())
}

type sheetRejects struct {
	out    io.Writer
	book   *excelize.File
	stream *excelize.StreamWriter
	row    int
}

func newSheetRejects(w io.Writer, sheet string) (*sheetRejects, error) {
	s := &sheetRejects{out: w, book: excelize.NewFile()}
	if err := s.book.SetSheetName("Sheet1", sheet); err != nil {
		return nil, err
	}
	var err error
	s.stream, err = s.book.NewStreamWriter(sheet)
	return s, err
}

// mostSheetRows is what a sheet holds.
const mostSheetRows = 1 << 20

func (s *sheetRejects) write(cells []string) error {
	if s.row++; s.row > mostSheetRows {
		return fmt.Errorf("more than %d rows were rejected, which a sheet cannot hold; look at its first rows: a column is probably understood wrongly (--dry-run, --map)", mostSheetRows-2)
	}
	values := make([]any, len(cells))
	for i, c := range cells {
		values[i] = c
	}
	return s.stream.SetRow("A"+strconv.Itoa(s.row), values)
}

func (s *sheetRejects) close() error {
	if err := s.stream.Flush(); err != nil {
		return err
	}
	return errors.Join(s.book.Write(s.out), s.book.Close())
}

// header names the original columns so that a second import understands them
// as the first did.
func (r *Rejects) header() []string {
	if r.file.header != nil {
		return r.file.header
	}
	var names []string
	for _, c := range r.file.columns {
		names = append(names, c.Field)
	}
	return names
}

func (r *Rejects) wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write rejects file %s: %w", r.path, err)
}

// decimalTitle begins what the head of the reasons says of columns with decimal
// commas: what rows were rejected tells nothing of how the whole file is written.
const decimalTitle = "reason; decimal commas in: "

// reasonTitle is the head of the column of reasons.
func reasonTitle(columns []Column) string {
	var decimal []string
	for _, c := range columns {
		if c.Decimal {
			decimal = append(decimal, c.title())
		}
	}
	if len(decimal) == 0 {
		return "reason"
	}
	return decimalTitle + strings.Join(decimal, " | ")
}

// decimalsOf reads it back: the titles of the columns with decimal commas.
func decimalsOf(header []string) (titles []string) {
	for _, h := range header {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(h), decimalTitle); ok {
			for title := range strings.SplitSeq(rest, " | ") {
				titles = append(titles, strings.TrimSpace(title))
			}
		}
	}
	return titles
}

// rejectsColumns recognises a file that Rejects wrote and says how many columns
// it put before the row; 0 for another file.
func rejectsColumns(header []string) int {
	at := func(i int) string {
		if i < len(header) {
			return plain(header[i])
		}
		return ""
	}
	switch {
	case at(0) == "line" && at(1) == "column" && (at(2) == "reason" || strings.HasPrefix(at(2), plain(decimalTitle))) && len(header) > 3:
		return 3
	case at(0) == "line" && at(1) == "reason" && len(header) > 2:
		return 2
	}
	return 0
}
