package intake

import (
	"errors"
	"io"
	"strings"
)

// rowSource gives the rows of a file, of text or a sheet, that are not blank.
// At the end it gives io.EOF.
type rowSource interface {
	next() (row, error)
}

// lookahead is a source whose rows may be looked at before they are taken.
type lookahead struct {
	src   rowSource
	ahead []scanned
}

type scanned struct {
	row row
	err error
}

func (l *lookahead) next() (row, error) {
	if len(l.ahead) == 0 {
		return l.src.next()
	}
	s := l.ahead[0]
	l.ahead = l.ahead[1:]
	return s.row, s.err
}

// peek looks at up to n rows; fewer if the file ends or cannot be read further.
func (l *lookahead) peek(n int) []row {
	for len(l.ahead) < n && (len(l.ahead) == 0 || l.ahead[len(l.ahead)-1].err == nil) {
		r, err := l.src.next()
		l.ahead = append(l.ahead, scanned{r, err})
	}
	var rows []row
	for _, s := range l.ahead[:min(n, len(l.ahead))] {
		if s.err == nil {
			rows = append(rows, s.row)
		}
	}
	return rows
}

// back puts a row back before all others.
func (l *lookahead) back(rows ...scanned) { l.ahead = append(rows, l.ahead...) }

// titleRows is how many rows above a table are looked through for its title.
const titleRows = 20

// skipTitle passes over what people write above a table: rows with one filled
// cell, where a row with several follows soon.
func (l *lookahead) skipTitle() {
	for i, r := range l.peek(titleRows) {
		if filled(r.cells) > 1 {
			l.ahead = l.ahead[i:]
			return
		}
	}
}

func filled(cells []string) (n int) {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}

// openSheet makes a source of the sheet that is meant.
func (f *File) openSheet(book *workbook) error {
	s, err := book.choose(f.packed.sheet)
	if err != nil {
		return err
	}
	f.sheet = s.name
	merged, err := book.merged(s)
	if err != nil {
		return err
	}
	rows, err := book.open(s, merged)
	if err != nil {
		return err
	}
	f.packed.closers = append(f.packed.closers, rows)
	f.rowsOf = &lookahead{src: rows}
	f.rowsOf.skipTitle()
	var sample [][]string
	for _, r := range f.rowsOf.peek(sampleRows) {
		sample = append(sample, r.cells)
	}
	return f.readHeader(sample)
}

// openRows makes a source of text.
func (f *File) openRows(r io.Reader) error {
	text, err := openText(r, f.opts.Country)
	if err != nil {
		return err
	}
	f.text = text
	src := newTextSource(text)
	peeked, err := src.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return readError(err)
	}
	sample := sample{text: append([]byte(nil), peeked...), whole: err != nil} // the next read may move what was peeked
	sep, skip := separatorLine(sample.text)
	sample.text = sample.text[skip:]
	if sep == 0 {
		sep = sample.separator()
	}
	f.scan = &scanner{src: src, sep: sep, line: 1}
	if skip > 0 {
		_, _ = src.Discard(skip) // peeked above, so it is there
		f.scan.line = 2
	}
	f.rowsOf = &lookahead{src: f.scan}
	return f.readHeader(sample.rows(sep))
}
