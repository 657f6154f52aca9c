package intake

import (
	"bufio"
	"bytes"
	"strings"
)

// separators are tried in this order; the earlier wins a tie.
const separators = ",;\t|"

// sampleRows is how many rows are looked at to understand a file.
const sampleRows = 100

// sample is the start of a file as text.
type sample struct {
	text  []byte
	whole bool // the file ends with the sample
}

// rows cuts the sample by a separator, up to the first damage. A last row that
// the sample's end may have cut is left out.
func (s sample) rows(sep byte) [][]string {
	scan := scanner{src: bufio.NewReader(bytes.NewReader(s.text)), sep: sep, line: 1}
	var rows [][]string
	for len(rows) < sampleRows {
		r, err := scan.next()
		if err != nil || r.cut && !s.whole && len(rows) > 0 {
			break
		}
		rows = append(rows, r.cells)
	}
	return rows
}

// separator chooses the one that cuts most rows into as many cells as the first
// has, and more of them. A file of one column gets a comma.
func (s sample) separator() byte {
	best, bestScore := separators[0], 0.0
	for _, sep := range []byte(separators) {
		rows := s.rows(sep)
		if len(rows) == 0 {
			continue
		}
		width, same := len(rows[0]), 0
		for _, r := range rows {
			if len(r) == width {
				same++
			}
		}
		share := float64(same) / float64(len(rows))
		if score := share * share * float64(width-1); score > bestScore {
			best, bestScore = sep, score
		}
	}
	return best
}

// separatorLine reads a first line "sep=;", which Excel writes and obeys, and
// returns the separator with the length of the line; 0, 0 if there is none.
func separatorLine(text []byte) (sep byte, length int) {
	end := bytes.IndexAny(text, "\r\n")
	if end < 0 || end > 10 {
		return 0, 0
	}
	line := strings.Trim(string(text[:end]), ` "`)
	if len(line) != 5 || !strings.EqualFold(line[:4], "sep=") || !mayseparate(line[4]) {
		return 0, 0
	}
	end++
	if text[end-1] == '\r' && end < len(text) && text[end] == '\n' {
		end++
	}
	return line[4], end
}

// mayseparate excludes what a cell could start with or a CSV writer can't take.
func mayseparate(c byte) bool {
	return strings.IndexByte(",;\t|:^~!#%&*", c) >= 0
}

// usualWidth is the commonest number of cells, for a file without a header.
func usualWidth(rows [][]string, first int) int {
	counts, best := map[int]int{}, first
	for _, r := range rows {
		counts[len(r)]++
	}
	for w, n := range counts {
		if n > counts[best] || n == counts[best] && w > best {
			best = w
		}
	}
	return best
}
