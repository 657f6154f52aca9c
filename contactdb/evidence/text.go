package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"apel/contactdb"
)

// csvRows writes a table with a header. A cell that a spreadsheet would take
// for a formula gets the apostrophe that marks text (OWASP, CSV injection).
type csvRows struct {
	w    *bufio.Writer
	free []bool
	line []byte
}

func newCSV(w *bufio.Writer) *csvRows {
	c := &csvRows{w: w}
	for _, name := range contactdb.RecordColumns {
		c.free = append(c.free, free[name])
	}
	_, _ = w.WriteString(strings.Join(contactdb.RecordColumns, ",") + "\n") // an error stays in w
	return c
}

func (c *csvRows) write(_ contactdb.RecordRow, values [][]byte) error {
	c.line = c.line[:0]
	for i, v := range values {
		if i > 0 {
			c.line = append(c.line, ',')
		}
		c.line = appendCell(c.line, v, c.free[i])
	}
	c.line = append(c.line, '\n')
	_, err := c.w.Write(c.line)
	return err
}

func (c *csvRows) close() error { return nil }

// appendCell appends a value as RFC 4180 wants it.
func appendCell(line, value []byte, free bool) []byte {
	if nothing(value) {
		return line
	}
	text := value
	if value[0] == '"' {
		if text = value[1 : len(value)-1]; bytes.IndexByte(text, '\\') >= 0 {
			var s string
			if json.Unmarshal(value, &s) == nil {
				text = []byte(s)
			}
		}
	}
	neutral := free && Formula(text)
	if !needsQuotes(text) {
		if neutral {
			line = append(line, '\'')
		}
		return append(line, text...)
	}
	line = append(line, '"')
	if neutral {
		line = append(line, '\'')
	}
	for _, b := range text {
		if b == '"' {
			line = append(line, '"')
		}
		line = append(line, b)
	}
	return append(line, '"')
}

// Formula says whether a spreadsheet would take a text for one.
func Formula(text []byte) bool {
	return len(text) > 0 && bytes.IndexByte([]byte("=+-@\t\r\n"), text[0]) >= 0
}

func needsQuotes(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	for _, b := range text {
		if b == ',' || b == '"' || b == '\n' || b == '\r' {
			return true
		}
	}
	first, _ := utf8.DecodeRune(text)
	return first == ' ' || first == '\t' || string(text) == `\.` // the last is COPY's end of data
}

// jsonRows writes each column of each row, in order; a time that is not known
// is null.
type jsonRows struct {
	w    *bufio.Writer
	keys [][]byte
	line []byte
}

func newJSONL(w *bufio.Writer) *jsonRows {
	j := &jsonRows{w: w}
	for i, name := range contactdb.RecordColumns {
		open := `,"`
		if i == 0 {
			open = `{"`
		}
		j.keys = append(j.keys, []byte(open+name+`":`))
	}
	return j
}

func (j *jsonRows) write(_ contactdb.RecordRow, values [][]byte) error {
	j.line = j.line[:0]
	for i, v := range values {
		j.line = append(j.line, j.keys[i]...)
		switch {
		case v == nil:
			j.line = append(j.line, "null"...)
		case string(v) == "null":
			j.line = append(j.line, "{}"...)
		default:
			j.line = append(j.line, v...)
		}
	}
	j.line = append(j.line, "}\n"...)
	_, err := j.w.Write(j.line)
	return err
}

func (j *jsonRows) close() error { return nil }

// sealed writes the rows as they are kept.
type sealed struct{ w *bufio.Writer }

func (s sealed) write(row contactdb.RecordRow, _ [][]byte) error {
	_, _ = s.w.Write(row.Text) // an error stays in w
	return s.w.WriteByte('\n')
}

func (s sealed) close() error { return nil }
