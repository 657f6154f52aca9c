package campaign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Error is a mistake in a campaign file: where it is, what it is, and what to
// write instead. Parse returns the first in the file; More has the others that
// were found on the way.
type Error struct {
	Line, Column int    // from 1; the column counts characters
	Problem      string // one sentence
	Instead      string // what to write; "" if Problem says it
	Source       string // the line as it is in the file
	More         []*Error
}

// Error shows each mistake with its line and an arrow; the first line of the
// text is one sentence that can stand alone.
func (e *Error) Error() string {
	var b strings.Builder
	e.show(&b)
	for _, other := range e.More {
		b.WriteByte('\n')
		other.show(&b)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (e *Error) show(b *strings.Builder) {
	fmt.Fprintf(b, "%d:%d: %s\n", e.Line, e.Column, e.Problem)
	text, at := excerpt(e.Source, e.Column-1)
	number := fmt.Sprint(e.Line)
	fmt.Fprintf(b, "  %s | %s\n", number, text)
	fmt.Fprintf(b, "  %s | %s^\n", strings.Repeat(" ", len(number)), strings.Repeat(" ", at))
	if e.Instead != "" {
		fmt.Fprintf(b, "  write: %s\n", strings.ReplaceAll(e.Instead, "\n", "\n         "))
	}
}

// excerpt is the part of a line that fits beside others on a terminal, and
// where character at is in it. What a terminal might obey is shown as a dot.
func excerpt(line string, at int) (string, int) {
	const width = 96
	runes := []rune(strings.ToValidUTF8(line, "·"))
	for i, r := range runes {
		if r < ' ' || r == 0x7f || (0x80 <= r && r < 0xa0) {
			runes[i] = '·'
		}
	}
	at = min(max(at, 0), len(runes))
	from := max(0, at-width*2/3)
	to := min(len(runes), from+width)
	return string(runes[from:to]), at - from
}

// report collects mistakes while a file is read.
type report struct {
	lines    []string
	mistakes []*Error
}

// most is how many mistakes are worth telling at once; five times as many are
// looked at, since they are not found in the order of the file.
const most = 20

func (r *report) add(line, column int, problem, instead string) {
	if len(r.mistakes) >= 5*most {
		return
	}
	line = min(max(line, 1), max(len(r.lines), 1))
	e := &Error{Line: line, Problem: problem, Instead: instead}
	if line <= len(r.lines) {
		e.Source = r.lines[line-1]
	}
	e.Column = min(max(column, 1), utf8.RuneCountInString(e.Source)+1)
	r.mistakes = append(r.mistakes, e)
}

// err is the first mistake in the file with the others, nil if there is none.
func (r *report) err() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	slices.SortStableFunc(r.mistakes, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	first := r.mistakes[0]
	first.More = r.mistakes[1:min(len(r.mistakes), most)]
	return first
}
