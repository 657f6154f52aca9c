package console

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"apel/contactdb/evidence"
)

// Trailer carries the sentence of an error that came up after a stream had
// begun; a stream without it is whole.
const Trailer = "Apel-Error"

func (a *api) exportSuppressions(w http.ResponseWriter, r *http.Request) error {
	return export(w, r, suppressionColumns, a.svc.Store().Suppressions(r.URL.Query().Get("list")))
}

func (a *api) exportList(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("list")
	if _, err := a.svc.Store().List(name); err != nil {
		return a.missingList(err, name)
	}
	columns, err := withFreeFields(a.svc.Store().Contacts(name))
	if err != nil {
		return err
	}
	return export(w, r, columns, a.svc.Store().Contacts(name))
}

// rowWriter writes rows in one format.
type rowWriter interface {
	write(cells []any) error
	flush() error
}

// export streams rows in the format that the query asks for. An error in the
// middle goes into the trailer.
func export[T any](w http.ResponseWriter, r *http.Request, columns []column[T], rows iter.Seq2[T, error]) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var to rowWriter
	switch format := r.URL.Query().Get("format"); format {
	case "csv", "":
		to = newCSVRows(out, columns)
		w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	case "jsonl":
		to = newJSONRows(out, columns)
		w.Header().Set("Content-Type", "application/jsonl")
	case "xlsx":
		sheet, err := newSheetRows(out, columns)
		if err != nil {
			return err
		}
		to = sheet
		w.Header().Set("Content-Type", contentTypes[format])
	default:
		return problem(Usage, "format %q is not known; use csv, jsonl or xlsx", format)
	}
	w.Header().Set("Trailer", Trailer)
	w.WriteHeader(http.StatusOK)
	if err := writeRows(r, to, columns, rows); err != nil {
		w.Header().Set(Trailer, strings.ReplaceAll(err.Error(), "\n", " "))
	}
	return nil
}

func writeRows[T any](r *http.Request, to rowWriter, columns []column[T], rows iter.Seq2[T, error]) error {
	cells := make([]any, len(columns))
	for row, err := range rows {
		if err == nil {
			err = r.Context().Err()
		}
		if err != nil {
			return err
		}
		for i, c := range columns {
			cells[i] = c.get(row)
		}
		if err := to.write(cells); err != nil {
			return err
		}
	}
	return to.flush()
}

// sheetRows writes a spreadsheet.
type sheetRows struct {
	sheet *evidence.Spreadsheet
	out   *bufio.Writer
	row   []any
}

func newSheetRows[T any](out *bufio.Writer, columns []column[T]) (*sheetRows, error) {
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c.name
	}
	sheet, err := evidence.NewSpreadsheet(out, "apel", header)
	return &sheetRows{sheet: sheet, out: out}, err
}

func (s *sheetRows) write(cells []any) error {
	s.row = s.row[:0]
	for _, c := range cells {
		switch c.(type) {
		case int, int64, uint64:
		default:
			c = csvText(c)
		}
		s.row = append(s.row, c)
	}
	return s.sheet.Row(s.row)
}

func (s *sheetRows) flush() error {
	if err := s.sheet.Close(); err != nil {
		return err
	}
	return s.out.Flush()
}

type csvRows struct {
	w    *csv.Writer
	out  *bufio.Writer
	free []bool
	text []string
}

func newCSVRows[T any](out *bufio.Writer, columns []column[T]) *csvRows {
	c := &csvRows{w: csv.NewWriter(out), out: out, text: make([]string, len(columns))}
	header := make([]string, len(columns))
	for i, col := range columns {
		c.free = append(c.free, col.free)
		header[i] = neutral(col.name)
	}
	_ = c.w.Write(header) // an error comes back from flush
	return c
}

func (c *csvRows) write(cells []any) error {
	for i, v := range cells {
		c.text[i] = csvText(v)
		if c.free[i] {
			c.text[i] = neutral(c.text[i])
		}
	}
	return c.w.Write(c.text)
}

func (c *csvRows) flush() error {
	c.w.Flush()
	if err := c.w.Error(); err != nil {
		return err
	}
	return c.out.Flush()
}

// neutral keeps a spreadsheet from reading a cell as a formula, by the
// apostrophe that marks text (OWASP, CSV injection).
func neutral(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

func csvText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.Format(time.RFC3339Nano)
	case []string:
		return strings.Join(v, " ")
	case map[string]string:
		if len(v) == 0 {
			return ""
		}
	}
	b, _ := json.Marshal(v) // a map of strings always can be
	return string(b)
}

// jsonRows writes every column of every row, in order; a time that is not
// known is null.
type jsonRows struct {
	out  *bufio.Writer
	keys [][]byte
	line bytes.Buffer
}

func newJSONRows[T any](out *bufio.Writer, columns []column[T]) *jsonRows {
	j := &jsonRows{out: out}
	for _, c := range columns {
		key, _ := json.Marshal(c.name) // a string always can be
		j.keys = append(j.keys, append(key, ':'))
	}
	return j
}

func (j *jsonRows) write(cells []any) error {
	j.line.Reset()
	for i, v := range cells {
		if i == 0 {
			j.line.WriteByte('{')
		} else {
			j.line.WriteByte(',')
		}
		j.line.Write(j.keys[i])
		b, err := json.Marshal(jsonValue(v))
		if err != nil {
			return err
		}
		j.line.Write(b)
	}
	j.line.WriteString("}\n")
	_, err := j.out.Write(j.line.Bytes())
	return err
}

func (j *jsonRows) flush() error { return j.out.Flush() }

func jsonValue(v any) any {
	switch v := v.(type) {
	case time.Time:
		if v.IsZero() {
			return nil
		}
	case map[string]string:
		if v == nil {
			return map[string]string{}
		}
	case []string:
		if v == nil {
			return []string{}
		}
	}
	return v
}
