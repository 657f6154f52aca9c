package console

import (
	"bytes"
	"regexp"
)

// A number in E.164 wherever it stands in an answer, with the key before it if
// it is a value. Zone offsets have fewer digits.
var number = regexp.MustCompile(`("caller_id":")?\+\d{7,15}`)

// spelled is a number as people write it in notes: with a country code and
// groups (+40 722 000 001, 0040-722...), or as at home, with a zero first
// (0722 000 001, 021/345 67 89, 0722000001). A date begins with two digits.
var spelled = regexp.MustCompile(`\+[1-9]\d{0,2}(?:[ .\-/]{0,2}\(?\d{1,4}\)?){2,7}` +
	`|00[1-9]\d{0,2}(?:[ .\-/]{1,2}\(?\d{1,4}\)?){2,7}|00[1-9]\d{8,13}` +
	`|\(?0[1-9]\d{1,3}\)?(?:[ .\-/]{1,2}\d{2,4}){2,4}|\(?0[1-9]\d{1,2}\)?[ .\-/]{1,2}\d{6,7}|0[1-9]\d{7,9}`)

// maskNumbers leaves of each phone number in an answer what tells its country,
// and its last three digits. Our own numbers, which callees see, stay.
func maskNumbers(body []byte) []byte {
	body = number.ReplaceAllFunc(body, func(found []byte) []byte {
		if found[0] == '"' {
			return found
		}
		out := append([]byte(nil), found...)
		for i := 3; i < len(out)-3; i++ {
			out[i] = '*'
		}
		return out
	})
	var out []byte
	from := 0
	for _, at := range spelled.FindAllIndex(body, -1) {
		if !alone(body, at[0], at[1]) || len(digitsIn(body[at[0]:at[1]])) < 9 {
			continue
		}
		out = append(append(out, body[from:at[0]]...), starred(body[at[0]:at[1]], 3)...)
		from = at[1]
	}
	return append(out, body[from:]...)
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
		if bytes.HasSuffix(b[:from], []byte(`"caller_id":"`)) {
			return false
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
