// Package intake reads a contact file as people really send it and turns each
// row into a contact or a reject with its reason: nothing is dropped silently.
//
// A value flows one way: raw bytes → encoding.go makes UTF-8 of them → rows.go
// cuts rows and cells → understanding.go has said once, from the header, --map or
// the content, what each column means → contacts.go makes a contact of a row,
// with number.go for the phone → the caller, usually contactdb's Import. What
// can't become a contact goes to the caller as a Reject, and from there to a
// file (rejects.go) that can be mended and read again.
//
// Gzip and zip around a file are taken off first (container.go); of a workbook
// (workbook.go) a sheet gives the rows (sheet.go).
//
// The reader streams: it holds a sample of 64 KB and one row, whatever the size
// of the file. A row is at most 1 MB and 1,000 columns; more, or a quote that
// never closes, ends the import with the line where it began. The count always
// holds: rows = contacts + rejects.
package intake

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
)

// sampleSize is how much of a file is looked at before the first row is read,
// in bytes: enough for some hundred rows, little enough to hold several times.
const sampleSize = 64 << 10

// Options says how to read a contact file; the zero value reads a file whose
// numbers are all international and whose header names are known.
type Options struct {
	// Country is the ISO 3166-1 alpha-2 region of numbers written without a
	// country code ("RO"). It also breaks ties between 8-bit encodings.
	Country string
	// Map gives columns for fields: "phone" → "Telefon 2", or a column number
	// from 1. Keys are Column.Field's, mobile, home, work and other for whose phone
	// it is, or any name that a header could have for them; another key names a
	// free field.
	Map map[string]string
	// Recall gives the Map that an earlier file with the same header was read by,
	// nil if there was none; it is asked when Map is empty. nil: nobody is asked.
	Recall func(signature string) map[string]string
	// List and Now become Contact.List and Contact.ImportedAt.
	List string
	Now  time.Time
	// Sheet names a workbook's sheet, or a file of an archive; needed where
	// several have rows.
	Sheet string
	// Dir is where a workbook or archive lies while it is read, without a name;
	// "": the system's folder for temporary files.
	Dir string

	recalled bool // Map is an earlier file's
}

// FileError says why a whole file can't be imported: one sentence with the
// cause and the next step. Line is the physical line, 0 if the file as a whole
// is meant. Its text never holds a row's content.
type FileError struct {
	Line   int
	Reason string
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.Reason
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
}

// Reject is a row that is not a contact.
type Reject struct {
	Line   int      `json:"line"`   // physical line on which the row begins, from 1
	Column string   `json:"column"` // the column that is at fault, by its name or else its number; empty: the row as a whole
	Reason string   `json:"reason"` // one sentence with the next step
	Row    []string `json:"row"`    // the cells as read, formulas and damage included
}

// File is a contact file that has been understood but not yet read.
type File struct {
	opts     Options
	packed   packed
	text     *textReader // nil for a sheet
	scan     *scanner    // nil for a sheet
	sheet    string      // name of the sheet that is read
	rowsOf   *lookahead
	header   []string // nil if the file has none
	columns  []Column
	mended   int // columns that Rejects put before a row, in a file that it wrote
	fields   fieldColumns
	zones    map[string]bool // zone names seen to exist
	fast     *fastNumbers
	rows     int
	rejected int
	mark     contactdb.Mark // what was read since the last call of Mark
	read     bool           // Contacts was called
}

// Open finds out encoding, separator and columns of a contact file and stops
// before its first row. It reads no more than it needs for that. Errors are
// *FileError, or the reader's own, wrapped.
func Open(r io.Reader, o Options) (*File, error) {
	if err := checkCountry(o.Country); err != nil {
		return nil, &FileError{Reason: err.Error()}
	}
	o.Country = strings.ToUpper(o.Country)
	f := &File{opts: o, zones: map[string]bool{}, fast: newFastNumbers(o.Country), packed: packed{dir: o.Dir, sheet: o.Sheet}}
	if err := f.open(r); err != nil {
		_ = f.Close() // the first error tells
		return nil, err
	}
	return f, nil
}

func (f *File) open(r io.Reader) error {
	text, book, err := f.packed.open(r, 0)
	switch {
	case err != nil:
		return err
	case book != nil:
		return f.openSheet(book)
	case f.packed.sheet != "":
		return &FileError{Reason: fmt.Sprintf("--sheet %s names a sheet of a workbook or a file of an archive, and this is neither; leave it out", f.packed.sheet)}
	}
	return f.openRows(text)
}

// Close lets go of what was kept on the disk while the file was read.
func (f *File) Close() error { return f.packed.Close() }

func newTextSource(text io.Reader) *bufio.Reader { return bufio.NewReaderSize(text, sampleSize) }

// readHeader takes the first row, decides whether it names the columns, and
// says what each column is.
func (f *File) readHeader(sample [][]string) error {
	first, err := f.rowsOf.next()
	if errors.Is(err, io.EOF) {
		return &FileError{Reason: "the file holds no rows, only blank lines; export it again from where it came"}
	}
	if err != nil {
		return err
	}
	f.mended = rejectsColumns(first.cells)
	cells := f.trim(first.cells)
	for i := range sample {
		sample[i] = f.trim(sample[i])
	}
	width := len(cells)
	if f.mended == 0 && slices.ContainsFunc(cells, looksLikePhone) {
		f.rowsOf.back(scanned{row: first})
		width = usualWidth(sample, width)
	} else {
		f.header = cells
		sample = sample[min(1, len(sample)):]
		second, err := f.rowsOf.next()
		if errors.Is(err, io.EOF) {
			return &FileError{Reason: "the file has a header but no rows below it; export it again with its rows"}
		}
		f.rowsOf.back(scanned{second, err})
	}
	if f.header != nil && len(f.opts.Map) == 0 && f.opts.Recall != nil {
		f.opts.Map = f.opts.Recall(f.Signature())
		f.opts.recalled = len(f.opts.Map) > 0
	}
	decimals := decimalsOf(first.cells[:min(f.mended, len(first.cells))])
	f.columns, err = understand(f.header, width, sample, f.mended > 0, decimals, f.opts)
	f.fields = fieldsOf(f.columns)
	return err
}

// trim takes off the columns that Rejects puts before a row.
func (f *File) trim(cells []string) []string { return cells[min(f.mended, len(cells)):] }

// Columns tells how each column was understood, in the file's order. Columns
// that Rejects added are not among them.
func (f *File) Columns() []Column { return slices.Clone(f.columns) }

// Header reports whether the first row named the columns.
func (f *File) Header() bool { return f.header != nil }

// Signature is the same for files whose header names the same columns in the
// same order; "" without a header. It says nothing of the names.
func (f *File) Signature() string {
	if f.header == nil {
		return ""
	}
	sum := sha256.New()
	for _, h := range f.header {
		fmt.Fprintf(sum, "%s\x1f", plain(h))
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// Recalled says whether the columns were understood as in an earlier file.
func (f *File) Recalled() bool { return f.opts.recalled }

// Titles are the header's names as written; nil if there is none.
func (f *File) Titles() []string { return slices.Clone(f.header) }

// Encoding is one of "UTF-8", "UTF-16LE", "UTF-16BE", "Windows-1250" and
// "Latin-1". A file that is plain ASCII so far is called UTF-8; one that turns
// out otherwise further on is decided at its first other letter.
func (f *File) Encoding() string {
	if f.text == nil {
		return utf8Name
	}
	return f.text.encoding()
}

// Sheet is the name of the sheet that is read, "" for text.
func (f *File) Sheet() string { return f.sheet }

// Separator is the character between cells: ',', ';', tab, '|', or what a first
// line "sep=" says; ',' for a sheet, which has none.
func (f *File) Separator() rune {
	if f.scan == nil {
		return ','
	}
	return rune(f.scan.sep)
}

// Counts returns how many rows were read so far and how many of them were
// rejected; the others were contacts. Blank lines and the header are no rows.
func (f *File) Counts() (rows, rejected int) { return f.rows, f.rejected }
