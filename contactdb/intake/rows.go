package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Limits of one row. They keep memory bounded whatever the file holds.
const (
	maxRowBytes = 1 << 20
	maxColumns  = 1000
)

// row is one line of a file cut into cells; a cell in quotes may span lines.
type row struct {
	line   int
	cells  []string
	cut    bool   // the file ended without ending this row
	damage string // why the cells can't be trusted; empty if they can
	// encoding is the file's, as far as it was known when the row was read.
	encoding string
}

// scanner cuts text into rows by RFC 4180 with what people's files add to it:
// any separator, CR, LF or CRLF, quotes in the middle of a bare cell, spaces
// around quotes. encoding/csv has no limits, knows no CR, and with LazyQuotes
// lets one quote swallow the rest of a file.
type scanner struct {
	src  *bufio.Reader
	sep  byte
	line int // the physical line that is read next, from 1

	buf    []byte // text of the row so far, cells end to end
	ends   []int  // where each cell ends in buf
	size   int    // bytes read for the row
	damage string
}

// cellEnd says what ended a cell.
type cellEnd int

const (
	inside cellEnd = iota // nothing yet
	atSeparator
	atNewline
	atEOF
)

// next returns the next row that is not blank. Errors are io.EOF, *FileError
// for a row that can't be bounded, and those of the reader.
func (s *scanner) next() (row, error) {
	for {
		r, err := s.scan()
		if err != nil || !blank(r.cells) {
			return r, err
		}
	}
}

func (s *scanner) scan() (row, error) {
	s.buf, s.ends, s.size, s.damage = s.buf[:0], s.ends[:0], 0, ""
	start := s.line
	for {
		end, err := s.cell(start)
		if err != nil {
			return row{}, err
		}
		s.ends = append(s.ends, len(s.buf))
		if len(s.ends) > maxColumns {
			return row{}, &FileError{start, fmt.Sprintf("the row has more than %d columns; check the separator, or export only the columns that are needed", maxColumns)}
		}
		switch {
		case end == atSeparator:
		case end == atEOF && s.size == 0:
			return row{}, io.EOF
		default:
			return row{line: start, cells: s.cells(), cut: end == atEOF, damage: s.damage}, nil
		}
	}
}

// cells copies the row's text once; the cells share it.
func (s *scanner) cells() []string {
	text, from := string(s.buf), 0
	cells := make([]string, len(s.ends))
	for i, end := range s.ends {
		cells[i], from = text[from:end], end
	}
	return cells
}

// cell reads up to and including what ends the cell.
func (s *scanner) cell(start int) (cellEnd, error) {
	from := len(s.buf)
	for {
		if err := s.run(start, s.sep); err != nil {
			return inside, err
		}
		c, end, err := s.read(start)
		switch {
		case err != nil:
			return end, err
		case end == atEOF || c == s.sep || c == '\n':
			return ending(end, c == s.sep), nil
		case c == '"' && len(bytes.TrimLeft(s.buf[from:], " ")) == 0:
			s.buf = s.buf[:from]
			return s.quoted(start)
		}
		s.buf = append(s.buf, c)
	}
}

// quoted reads the rest of a cell after its opening quote.
func (s *scanner) quoted(start int) (cellEnd, error) {
	from, opened := len(s.buf), s.line
	for {
		if err := s.run(start, '"'); err != nil {
			return inside, unclosed(opened, len(s.ends)+1) // too long: it has swallowed other rows
		}
		c, end, err := s.read(start)
		if c == '"' {
			if next, _ := s.src.Peek(1); len(next) == 0 || next[0] != '"' {
				return s.afterQuote(start, from, opened)
			}
			c, end, err = s.read(start) // a doubled quote is one
		}
		switch {
		case end == atEOF:
			return end, unclosed(opened, len(s.ends)+1)
		case err != nil:
			if isFileError(err) { // too long
				err = unclosed(opened, len(s.ends)+1)
			}
			return end, err
		}
		s.buf = append(s.buf, c)
	}
}

// run takes at once what is read already and has no meaning: up to the next
// quote, line end or stop.
func (s *scanner) run(start int, stop byte) error {
	ahead, _ := s.src.Peek(s.src.Buffered()) // it is there
	n := 0
	for n < len(ahead) && ahead[n] != stop && ahead[n] != '"' && ahead[n] != '\n' && ahead[n] != '\r' {
		n++
	}
	s.buf = append(s.buf, ahead[:n]...)
	_, _ = s.src.Discard(n) // it was peeked
	if s.size += n; s.size > maxRowBytes {
		return tooLong(start)
	}
	return nil
}

func tooLong(start int) error {
	return &FileError{start, fmt.Sprintf("the row is longer than %d MB; check that the file has line ends and is a contact list", maxRowBytes>>20)}
}

func isFileError(err error) bool {
	var fe *FileError
	return err != nil && errors.As(err, &fe)
}

// afterQuote reads what follows a closing quote: nothing but spaces, if the
// file is sound. Other text on the same line spoils only the row; after a cell
// that spans lines it shows that quotes and rows no longer match.
func (s *scanner) afterQuote(start, from, opened int) (cellEnd, error) {
	closed, sound := len(s.buf), true
	for {
		line := s.line
		c, end, err := s.read(start)
		if err != nil {
			return end, err
		}
		if end == atEOF || c == s.sep || c == '\n' {
			if sound {
				s.buf = s.buf[:closed] // without spaces
			}
			return ending(end, c == s.sep), nil
		}
		if c != ' ' && sound {
			if line != opened {
				return end, unclosed(opened, len(s.ends)+1)
			}
			sound = false
			s.damage = fmt.Sprintf("column %d has text after its closing quote; write quotes inside a cell twice", len(s.ends)+1)
			s.buf = slices.Insert(s.buf, closed, '"')
			s.buf = slices.Insert(s.buf, from, '"')
		}
		s.buf = append(s.buf, c)
	}
}

func ending(end cellEnd, separator bool) cellEnd {
	switch {
	case end == atEOF:
		return atEOF
	case separator:
		return atSeparator
	}
	return atNewline
}

func unclosed(line, column int) error {
	return &FileError{line, fmt.Sprintf("the quote that opens in column %d is not closed where its cell ends; close it, or write it twice if it belongs to the text, then import again", column)}
}

// read returns the next byte, with any of CR, LF and CRLF as '\n'.
func (s *scanner) read(start int) (byte, cellEnd, error) {
	c, err := s.src.ReadByte()
	if errors.Is(err, io.EOF) {
		return 0, atEOF, nil
	}
	if err != nil {
		return 0, inside, fmt.Errorf("read contact file, line %d: %w", s.line, err)
	}
	s.size++
	if s.size > maxRowBytes {
		return 0, inside, tooLong(start)
	}
	if c == '\r' {
		if next, _ := s.src.Peek(1); len(next) == 1 && next[0] == '\n' {
			_, _ = s.src.ReadByte()
		}
		c = '\n'
	}
	if c == '\n' {
		s.line++
	}
	return c, inside, nil
}

// blank reports whether a row holds nothing but separators and spaces, as
// spreadsheets write for empty lines.
func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}
