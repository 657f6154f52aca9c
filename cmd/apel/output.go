package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// printJSON prints an answer as it came, indented: no key is lost on the way.
func printJSON(w io.Writer, raw []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err := w.Write(b.Bytes())
	return err
}

// printValue prints a value that did not come from the API.
func printValue(w io.Writer, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return printJSON(w, raw)
}

// print buffers what render writes to standard output.
func (a *app) print(render func(io.Writer)) error {
	w := bufio.NewWriter(a.std.out)
	render(w)
	return w.Flush()
}

// say is talk: it goes to standard error.
func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.std.err, format+"\n", args...)
}

// table collects rows and aligns them. Cells are made printable: what people
// put in a contact's name must not steer a terminal.
type table struct {
	head  []string
	right []bool
	rows  [][]string
}

// newTable names the columns; '>' before a name aligns it right. Without any
// name there is no line of names.
func newTable(head ...string) *table {
	t := &table{}
	for _, h := range head {
		name, right := strings.CutPrefix(h, ">")
		t.head = append(t.head, strings.ToUpper(name))
		t.right = append(t.right, right)
	}
	return t
}

func (t *table) row(cells ...any) {
	row := make([]string, len(t.head))
	for i, c := range cells {
		row[i] = cellText(c)
	}
	t.rows = append(t.rows, row)
}

func (t *table) write(w io.Writer) {
	widths := make([]int, len(t.head))
	all := append([][]string{t.head}, t.rows...)
	for _, row := range all {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	if strings.Join(t.head, "") == "" {
		all = t.rows
	}
	for _, row := range all {
		var line strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if t.right[i] {
				c = pad + c
			} else {
				c += pad
			}
			line.WriteString(c + "  ")
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
}

func cellText(v any) string {
	switch v := v.(type) {
	case int:
		return thousands(int64(v))
	case int64:
		return thousands(v)
	case time.Time:
		return clock(v)
	case time.Duration:
		return span(v)
	case percent:
		return v.String()
	case []string:
		return printable(strings.Join(v, " "))
	}
	return printable(fmt.Sprint(v))
}

// percent is a share, 1 being all.
type percent float64

func (p percent) String() string { return fmt.Sprintf("%.1f %%", 100*float64(p)) }

// thousands writes 1234567 as 1,234,567.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.RFC3339)
}

func span(d time.Duration) string {
	if d < time.Minute {
		return d.Round(100 * time.Millisecond).String()
	}
	s := d.Round(time.Second).String()
	for _, nothing := range []string{"m0s", "h0m"} { // 24h, not 24h0m0s
		if whole, cut := strings.CutSuffix(s, nothing); cut {
			s = whole + nothing[:1]
		}
	}
	return s
}

func ms(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// printable replaces what is no visible character.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

// facts prints names and values under each other, empty ones left out.
type facts [][2]string

func (f *facts) add(name string, v any) {
	if text := cellText(v); text != "" && text != "-" {
		*f = append(*f, [2]string{name, text})
	}
}

func (f facts) write(w io.Writer) {
	width := 0
	for _, p := range f {
		width = max(width, utf8.RuneCountInString(p[0]))
	}
	for _, p := range f {
		fmt.Fprintf(w, "%-*s  %s\n", width, p[0], p[1])
	}
}

// compact puts JSON on one line.
func compact(raw []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, raw) != nil {
		return bytes.TrimSpace(raw) // not JSON: as it came
	}
	return b.Bytes()
}
