package intake

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sheetRows reads the rows of a sheet one after the other.
type sheetRows struct {
	book   *workbook
	part   io.ReadCloser
	markup *markupScanner
	merges map[int]*merge // by column: the one that is open or comes next
	row    int            // of the last one that was read
	done   bool
}

// open begins at a sheet's first row.
func (w *workbook) open(s *sheetPart, merged []merge) (*sheetRows, error) {
	part, err := openPart(s.file)
	if err != nil {
		return nil, err
	}
	r := &sheetRows{book: w, part: part, markup: newMarkup(part), merges: map[int]*merge{}}
	for i := len(merged) - 1; i >= 0; i-- {
		m := merged[i]
		m.next = r.merges[m.column]
		r.merges[m.column] = &m
	}
	return r, nil
}

func (r *sheetRows) Close() error { return r.part.Close() }

// next returns the next row that is not blank.
func (r *sheetRows) next() (row, error) {
	for !r.done {
		e, _, err := r.markup.next(false)
		if errors.Is(err, io.EOF) {
			return row{}, &FileError{Line: r.row, Reason: "the sheet ends in the middle; the workbook is damaged, get it again from where it came"}
		}
		if err != nil {
			return row{}, damaged(err)
		}
		switch {
		case string(e.name) == "sheetData" && e.close:
			r.done = true
		case string(e.name) == "row" && e.opens:
			got, err := r.read(e)
			if err != nil || !blank(got.cells) || got.damage != "" {
				return got, err
			}
		}
	}
	return row{}, io.EOF
}

// read reads one row after its opening tag.
func (r *sheetRows) read(e element) (row, error) {
	r.row++
	if n, err := strconv.Atoi(string(e.attr("r"))); err == nil && n > 0 {
		r.row = n
	}
	out := row{line: r.row}
	if e.close {
		return out, nil
	}
	column := 0
	for {
		e, _, err := r.markup.next(false)
		if err != nil {
			return out, damaged(err)
		}
		switch string(e.name) {
		case "c":
			if column, err = cellColumn(e, column); err != nil {
				return out, err
			}
			text, problem, err := r.cell(e)
			if err != nil {
				return out, err
			}
			if problem != "" && out.damage == "" {
				out.damage = fmt.Sprintf("column %d %s", column, problem)
			}
			if text == "" {
				continue
			}
			if column > maxColumns {
				return out, &FileError{r.row, fmt.Sprintf("the row has more than %d columns; delete those that are not needed", maxColumns)}
			}
			for len(out.cells) < column {
				out.cells = append(out.cells, "")
			}
			out.cells[column-1] = text
		case "row":
			r.fillDown(&out)
			return out, nil
		}
	}
}

// cellColumn is the column of a cell, from 1.
func cellColumn(e element, last int) (int, error) {
	n := 0
	for _, c := range e.attr("r") {
		if c < 'A' || c > 'Z' {
			break
		}
		if n = n*26 + int(c-'A') + 1; n > 1<<20 {
			return 0, damagedBook()
		}
	}
	if n == 0 {
		n = last + 1
	}
	return n, nil
}

// cell reads a cell after its opening tag. problem says why its value cannot be
// known.
func (r *sheetRows) cell(e element) (text, problem string, err error) {
	kind, style := string(e.attr("t")), -1
	if s := e.attr("s"); s != nil {
		style, _ = strconv.Atoi(string(s)) // a bad one has no format
	}
	if e.close {
		return "", "", nil
	}
	var value []byte
	formula, known, in, phonetic := false, false, false, false
	for {
		e, before, err := r.markup.next(in && !phonetic)
		if err != nil {
			return "", "", damaged(err)
		}
		switch string(e.name) {
		case "f":
			formula = true
		case "v", "t":
			if e.close && in && !phonetic {
				value, known = append(value, before...), true
			}
			in = e.opens && !e.close
		case "rPh":
			phonetic = e.opens && !e.close
		case "c":
			if formula && !known && kind != "str" && kind != "inlineStr" {
				return "", "holds a formula without its result; open the workbook in a spreadsheet, save it, and import it again", nil
			}
			text, ok := r.value(kind, style, value)
			if !ok {
				return "", "", damagedBook()
			}
			return text, "", nil
		}
	}
}

// value is what a cell holds, as text.
func (r *sheetRows) value(kind string, style int, value []byte) (string, bool) {
	switch kind {
	case "s":
		i, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil {
			return "", len(value) == 0
		}
		return r.book.strings.get(i)
	case "str", "inlineStr", "e":
		return string(unescaped(value)), true
	case "b":
		if string(value) == "1" {
			return "true", true
		}
		return "false", true
	case "d":
		return string(value), true
	}
	text := string(bytes.TrimSpace(value))
	n, err := strconv.ParseFloat(text, 64)
	if text == "" || err != nil {
		return text, true
	}
	f := cellFormat{}
	if style >= 0 && style < len(r.book.styles) {
		f = r.book.styles[style]
	}
	switch {
	case f.date || f.clock:
		return serialDate(n+float64(r.book.days), f), true
	case f.zeros != "" && n >= 0 && n == math.Trunc(n) && n < 1e15:
		return inZeros(strconv.FormatFloat(n, 'f', -1, 64), f.zeros), true
	}
	// Fifteen digits are what a spreadsheet knows of a number: 0.1+0.2 is 0.3.
	if n, err = strconv.ParseFloat(strconv.FormatFloat(n, 'g', 15, 64), 64); err != nil {
		return text, true
	}
	return strconv.FormatFloat(n, 'f', -1, 64), true
}

// serialDate writes a spreadsheet's count of days since 1899-12-30 as ISO 8601.
func serialDate(days float64, f cellFormat) string {
	if days < 0 || days > 2958466 { // the year 9999 ends there
		return strconv.FormatFloat(days, 'f', -1, 64)
	}
	at := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(days))
	at = at.Add(time.Duration((days - math.Trunc(days)) * 24 * float64(time.Hour)).Round(time.Second))
	switch {
	case !f.date || days < 1:
		return at.Format("15:04:05")
	case f.clock && days != math.Trunc(days):
		return at.Format("2006-01-02 15:04:05")
	}
	return at.Format("2006-01-02")
}

// inZeros shows digits in a format such as 0000 000 000: from the right, with
// zeros where there are none.
func inZeros(digits, format string) string {
	out := []byte(format)
	left := len(digits)
	for i := len(out) - 1; i >= 0; i-- {
		if out[i] == '0' && left > 0 {
			left--
			out[i] = digits[left]
		}
	}
	return digits[:left] + string(out)
}

// merge is cells of one column that a sheet shows as one: what stands in the
// first counts for all. Cells merged across columns are not filled: a name that
// was given more room is not an e-mail address too.
type merge struct {
	column, from, to int
	text             string
	next             *merge
}

// fillDown gives a row the values of the merged cells that reach into it.
func (r *sheetRows) fillDown(out *row) {
	for column, m := range r.merges {
		for m != nil && m.to < out.line {
			m = m.next
		}
		if r.merges[column] = m; m == nil {
			delete(r.merges, column)
			continue
		}
		if out.line < m.from || column > maxColumns {
			continue
		}
		if out.line == m.from && column <= len(out.cells) {
			m.text = out.cells[column-1]
		}
		if out.line == m.from || m.text == "" || blank(out.cells) {
			continue
		}
		for len(out.cells) < column {
			out.cells = append(out.cells, "")
		}
		out.cells[column-1] = m.text
	}
}

// mostMerges bounds the merged cells that are known of a sheet.
const mostMerges = 1 << 20

// merged goes through a sheet once for its merged cells, which are named after
// the rows, and to see that it unpacks.
func (w *workbook) merged(s *sheetPart) (all []merge, err error) {
	part, err := openPart(s.file)
	if err != nil {
		return nil, err
	}
	defer part.Close()
	tail := make([]byte, 0, 512<<10)
	buf := make([]byte, 256<<10)
	for {
		n, err := part.Read(buf)
		tail = append(tail, buf[:n]...)
		for {
			i := bytes.Index(tail, []byte("mergeCell "))
			if i < 0 {
				break
			}
			end := bytes.IndexByte(tail[i:], '>')
			if end < 0 {
				break
			}
			e := element{attrs: tail[i+len("mergeCell") : i+end]}
			if m, ok := downwards(string(e.attr("ref"))); ok {
				all = append(all, m)
			}
			if len(all) > mostMerges {
				return nil, &FileError{Reason: fmt.Sprintf("the sheet has more than %d merged cells; save it as CSV UTF-8 and import that", mostMerges)}
			}
			tail = tail[i+end:]
		}
		if keep := len(tail) - 256; keep > 0 {
			tail = append(tail[:0:0], tail[keep:]...)
		}
		if errors.Is(err, io.EOF) {
			return sortedMerges(all), nil
		}
		if err != nil {
			return nil, damaged(err)
		}
	}
}

// downwards reads a reference such as B2:B5 if it goes over several rows.
func downwards(ref string) (m merge, ok bool) {
	first, last, found := strings.Cut(ref, ":")
	if !found {
		return m, false
	}
	split := func(cell string) (column, row int) {
		letters := strings.TrimRight(cell, "0123456789")
		column, _ = cellColumn(element{attrs: []byte(` r="` + letters + `"`)}, 0)
		row, _ = strconv.Atoi(cell[len(letters):])
		return column, row
	}
	m.column, m.from = split(first)
	_, m.to = split(last)
	return m, m.column > 0 && m.from > 0 && m.to > m.from
}

func sortedMerges(all []merge) []merge {
	slices.SortFunc(all, func(a, b merge) int { return cmp.Compare(a.from, b.from) })
	return all
}
