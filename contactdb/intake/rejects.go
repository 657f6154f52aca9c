package intake

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Rejects writes rejected rows to a CSV file that can be mended in a
// spreadsheet and imported again with the same options: columns line and
// reason, which a second import leaves out, then the columns of the original
// under its header (or the names of what was understood). It is UTF-8 with a
// byte order mark and uses the original's separator, so that the spreadsheet
// which made the original opens it.
//
// The cells are as they came. One that begins with =, +, - or @ is a formula to
// a spreadsheet: open a stranger's file with automatic links and formulas off.
// Neutralising it here would change the data that is to be mended.
//
// There is no file as long as there is no reject, and none under its final name
// before Close: a rejects file may be read and replaced in one import.
type Rejects struct {
	path  string
	file  *File
	out   *os.File // a temporary file beside path
	buf   *bufio.Writer
	csv   *csv.Writer
	count int
	err   error
}

// NewRejects prepares the rejects of f for the file path.
func NewRejects(path string, f *File) *Rejects { return &Rejects{path: path, file: f} }

// Add writes one row; give it to Contacts. After an error every call fails.
func (r *Rejects) Add(j Reject) error {
	if r.err == nil && r.out == nil {
		r.err = r.create()
	}
	if r.err != nil {
		return r.err
	}
	r.count++
	r.err = r.write(append([]string{strconv.Itoa(j.Line), j.Reason}, j.Row...))
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
		r.csv.Flush()
		r.err = r.wrap(r.csv.Error())
	}
	if r.err == nil {
		r.err = r.wrap(r.buf.Flush())
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
	r.buf = bufio.NewWriter(r.out)
	if _, err := r.buf.WriteString("\uFEFF"); err != nil {
		return r.wrap(err)
	}
	r.csv = csv.NewWriter(r.buf)
	r.csv.Comma = r.file.Separator()
	return r.write(append([]string{"line", "reason"}, r.header()...))
}

func (r *Rejects) write(cells []string) error { return r.wrap(r.csv.Write(cells)) }

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

// isRejectsHeader recognises a file that Rejects wrote.
func isRejectsHeader(cells []string) bool {
	return len(cells) > 2 && plain(cells[0]) == "line" && plain(cells[1]) == "reason"
}
