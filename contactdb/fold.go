package contactdb

import (
	"bytes"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold makes names and values that differ in case, accents or signs equal; words
// are separated by one space.
func fold(s string) string { return string(appendFold(make([]byte, 0, len(s)), s)) }

// appendFold appends a folded text to an empty slice.
func appendFold(b []byte, s string) []byte {
	latin := latinFolds()
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b = append(b, byte(r))
		case r >= 'A' && r <= 'Z':
			b = append(b, byte(r)+'a'-'A')
		case r < 0x80:
			if len(b) > 0 && b[len(b)-1] != ' ' {
				b = append(b, ' ')
			}
		case r < latinEnd && latin[r] != "":
			b = append(b, latin[r]...)
		default:
			return foldAny(b[:0], s)
		}
	}
	return bytes.TrimSuffix(b, []byte{' '})
}

// foldAny is the long way, for all that the short one does not know: letters are
// taken apart from their accents by their compatibility decomposition (Unicode,
// UAX #15).
func foldAny(b []byte, s string) []byte {
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b = utf8.AppendRune(b, unicode.ToLower(r))
		case unicode.Is(unicode.Mn, r):
		case len(b) > 0 && b[len(b)-1] != ' ':
			b = append(b, ' ')
		}
	}
	return bytes.TrimSuffix(b, []byte{' '})
}

// latinEnd is past Latin Extended-B: what European languages are written in.
const latinEnd = 0x250

// latinFolds are the letters of which nothing but letters and accents are left;
// "" for others.
var latinFolds = sync.OnceValue(func() *[latinEnd]string {
	var all [latinEnd]string
	for r := rune(0x80); r < latinEnd; r++ {
		within := foldAny(nil, "x"+string(r)+"x") // where a sign that is part of it would part words, as in Ŀ
		if unicode.IsLetter(r) && bytes.IndexByte(within, ' ') < 0 {
			all[r] = string(within[1 : len(within)-1])
		}
	}
	return &all
})
