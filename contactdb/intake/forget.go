package intake

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/xuri/excelize/v2"
)

// ForgetRejects takes the rows out of a file of rejects that have one of some
// numbers (E.164) in any spelling, and says how many. A file of which only the
// header is left is removed. It is written anew beside the old and put in its place.
func ForgetRejects(path string, phones []string) (rows int, err error) {
	in, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("look into rejects: %w", err)
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(path), ".rejects-*") // mode 0600
	if err != nil {
		return 0, fmt.Errorf("look into rejects: %w", err)
	}
	defer func() { _ = os.Remove(out.Name()) }() // it is gone once it has its place
	defer out.Close()
	f := forgetting{phones: phones}
	if strings.HasSuffix(path, ".xlsx") {
		err = f.sheet(in, out)
	} else {
		err = f.text(in, out)
	}
	switch {
	case err != nil:
		return 0, fmt.Errorf("take a person's rows out of %s: %w", path, err)
	case f.gone == 0:
		return 0, nil
	case f.kept == 0:
		return f.gone, os.Remove(path)
	}
	return f.gone, errors.Join(out.Sync(), out.Close(), os.Rename(out.Name(), path))
}

type forgetting struct {
	phones     []string
	gone, kept int // rows, without the header
}

// telling is how many of a number's last digits tell whose it is: as many as a
// national number of most countries has.
const telling = 8

func (f *forgetting) has(cells []string) bool {
	for _, cell := range cells {
		digits := onlyDigits(cell)
		for _, p := range f.phones {
			if len(p) > telling && strings.Contains(digits, p[len(p)-telling:]) {
				return true
			}
		}
	}
	return false
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, spaces(s))
}

// keeps counts a row and says whether it stays; at is its place, from 0 for the header.
func (f *forgetting) keeps(at int, cells []string) bool {
	switch {
	case at == 0:
		return true
	case f.has(cells[min(1, len(cells)):]):
		f.gone++
		return false
	}
	f.kept++
	return true
}

func (f *forgetting) text(in io.Reader, out io.Writer) error {
	src := bufio.NewReaderSize(in, sampleSize)
	if bom, _ := src.Peek(3); bytes.Equal(bom, []byte("\uFEFF")) {
		_, _ = src.Discard(3) // it was peeked
	}
	separator := ','
	if head, _ := src.Peek(5); len(head) == 5 { // "line" and what follows it
		separator = rune(head[4])
	}
	r := csv.NewReader(src)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = separator, -1, true
	w, err := newCSVRejects(out, separator)
	if err != nil {
		return err
	}
	for at := 0; ; at++ {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return w.close()
		}
		if err != nil {
			return err
		}
		if f.keeps(at, cells) {
			if err := w.write(cells); err != nil {
				return err
			}
		}
	}
}

func (f *forgetting) sheet(in io.Reader, out io.Writer) error {
	book, err := excelize.OpenReader(in)
	if err != nil {
		return err
	}
	defer book.Close()
	name := book.GetSheetName(0)
	rows, err := book.Rows(name)
	if err != nil {
		return err
	}
	defer rows.Close()
	w, err := newSheetRejects(out, name)
	if err != nil {
		return err
	}
	for at := 0; rows.Next(); at++ {
		cells, err := rows.Columns()
		if err != nil {
			return err
		}
		if f.keeps(at, cells) {
			if err := w.write(cells); err != nil {
				return err
			}
		}
	}
	return errors.Join(rows.Error(), w.close())
}
