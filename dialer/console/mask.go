package console

import (
	"bytes"
	"regexp"
)

// A number in E.164 wherever it stands in an answer. Zone offsets have fewer digits.
var number = regexp.MustCompile(`\+\d{7,15}`)

// digitRun is digits that may be a number which the answer has elsewhere too, as in
// a field of the client's: 40722000001, 722 000 001.
var digitRun = regexp.MustCompile(`\d(?:[ .\-/()]{0,2}\d){7,14}`)

// spelled is a number as people write it in notes: with a country code and
// groups (+40 722 000 001, 0040-722...), or as at home, with a zero first
// (0722 000 001, 021/345 67 89, 0722000001). A date begins with two digits.
var spelled = regexp.MustCompile(`\+[1-9]\d{0,2}(?:[ .\-/]{0,2}\(?\d{1,4}\)?){2,7}` +
	`|00[1-9]\d{0,2}(?:[ .\-/]{1,2}\(?\d{1,4}\)?){2,7}|00[1-9]\d{8,13}` +
	`|\(?0[1-9]\d{1,3}\)?(?:[ .\-/]{1,2}\d{2,4}){2,4}|\(?0[1-9]\d{1,2}\)?[ .\-/]{1,2}\d{6,7}|0[1-9]\d{7,9}`)

// maskNumbers leaves of each phone number in an answer what tells its country,
// and its last three digits. Our own numbers, which callees see, stay.
func maskNumbers(body []byte) []byte {
	out, ours := bytes.Clone(body), ourNumbers(body)
	theirs := map[string]bool{} // how the numbers in the answer end
	for _, at := range number.FindAllIndex(body, -1) {
		if ours[at[0]] {
			continue
		}
		theirs[ending(body[at[0]:at[1]])] = true
		for i := at[0] + 3; i < at[1]-3; i++ {
			out[i] = '*'
		}
	}
	for _, at := range spelled.FindAllIndex(out, -1) {
		if !ours[at[0]] && alone(out, at[0], at[1]) && len(digitsIn(out[at[0]:at[1]])) >= 9 {
			copy(out[at[0]:], starred(out[at[0]:at[1]], 3))
		}
	}
	for _, at := range digitRun.FindAllIndex(out, -1) {
		if alone(out, at[0], at[1]) && theirs[ending(out[at[0]:at[1]])] {
			copy(out[at[0]:], starred(out[at[0]:at[1]], 3))
		}
	}
	return out
}

// ending is the last eight digits of a number, which its spellings have in common.
func ending(b []byte) string {
	places := digitsIn(b)
	var last []byte
	for _, i := range places[max(0, len(places)-8):] {
		last = append(last, b[i])
	}
	return string(last)
}

// strange are the members of an answer whose own members have names that others
// gave: a caller_id in them is none of ours.
var strange = map[string]bool{"fields": true, "script_answers": true, "answers": true}

// ourNumbers are the places in a JSON answer where a caller ID of ours stands.
func ourNumbers(body []byte) map[int]bool {
	ours := map[int]bool{}
	if !bytes.Contains(body, []byte(`"caller_id"`)) {
		return ours
	}
	within, key := []bool{false}, "" // whether each object around is a strange one's
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '{', '[':
			within, key = append(within, within[len(within)-1] || strange[key]), ""
		case '}', ']':
			within, key = within[:max(1, len(within)-1)], ""
		case ',':
			key = ""
		case '"':
			from := i + 1
			for i++; i < len(body) && body[i] != '"'; i++ {
				if body[i] == '\\' {
					i++
				}
			}
			if i+1 < len(body) && body[i+1] == ':' {
				key = string(body[from:i])
			} else if key == "caller_id" && !within[len(within)-1] {
				ours[from] = true
			}
		}
	}
	return ours
}

// alone says whether a part of a text is not the middle of something longer, as
// of a hash, a decimal or one of our own numbers.
func alone(b []byte, from, to int) bool {
	part := func(c byte) bool {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
	}
	if from > 0 && !escaped(b[:from]) {
		switch c := b[from-1]; {
		case part(c), c == '+', c == '-':
			return false
		case c == '.', c == ':': // of a decimal or a time, not of "tel."
			if from > 1 && b[from-2] >= '0' && b[from-2] <= '9' {
				return false
			}
		}
	}
	return to == len(b) || !part(b[to])
}

// escape is how JSON writes what is no letter: \n, \u003c; a backslash itself is
// written as two.
var escape = regexp.MustCompile(`(?:^|[^\\])(?:\\\\)*\\(?:[nrtbf]|u[0-9a-f]{4})$`)

// escaped says whether a text ends in such a one.
func escaped(b []byte) bool { return escape.Match(b[max(0, len(b)-16):]) }

func digitsIn(b []byte) (places []int) {
	for i, c := range b {
		if c >= '0' && c <= '9' {
			places = append(places, i)
		}
	}
	return places
}

// starred has a star for each digit but the first two and the last few.
func starred(b []byte, last int) []byte {
	out := bytes.Clone(b)
	places := digitsIn(b)
	for _, i := range places[min(2, len(places)):max(min(2, len(places)), len(places)-last)] {
		out[i] = '*'
	}
	return out
}

// anyNumber is whatever may be a number in a file of rejected rows, where
// numbers stand in every spelling, wrong ones too.
var anyNumber = regexp.MustCompile(`\+?\(?\d[\d ().\-/]{4,}\d`)

// maskRows masks such a file.
func maskRows(text []byte) []byte {
	return anyNumber.ReplaceAllFunc(text, func(b []byte) []byte {
		if len(digitsIn(b)) < 6 {
			return b
		}
		return starred(b, 3)
	})
}

// Masked is one number as this caller may see it.
func (c *Caller) Masked(phone string) string {
	if c.SeesNumbers() {
		return phone
	}
	return string(maskNumbers([]byte(phone)))
}
