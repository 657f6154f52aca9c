package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// Names of the encodings that are told apart.
const (
	utf8Name    = "UTF-8"
	utf16LEName = "UTF-16LE"
	utf16BEName = "UTF-16BE"
	win1250Name = "Windows-1250"
	// Latin-1 is read as Windows-1252, which agrees with it on all letters and
	// has more of them where Latin-1 has control characters.
	latin1Name = "Latin-1"
)

// textReader turns a file's bytes into UTF-8. Bytes that are invalid in UTF-8
// pass unchanged, those invalid in another encoding become U+FFFD: both are
// found later, in their row.
type textReader struct {
	raw     *bufio.Reader
	country string
	name    string    // "" while every byte so far was ASCII
	out     io.Reader // set with name
}

// openText looks at the start of a file, refuses what is not text, and skips a
// byte order mark.
func openText(r io.Reader, country string) (*textReader, error) {
	raw := bufio.NewReaderSize(r, sampleSize)
	head, err := raw.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read contact file: %w", err)
	}
	if len(head) == 0 {
		return nil, &FileError{Reason: "the file is empty; export it again from where it came"}
	}
	t := &textReader{raw: raw, country: country}
	name, bom := unicodeName(head)
	if err := checkText(head, name != ""); err != nil {
		return nil, err
	}
	_, _ = raw.Discard(bom)
	switch {
	case name != "":
		t.decide(name)
	case !isASCII(head):
		t.decide(eightBitName(head, country))
	}
	return t, nil
}

func (t *textReader) encoding() string {
	if t.name == "" {
		return utf8Name
	}
	return t.name
}

// Read passes ASCII on until the first other byte, and only then decides what
// the file is, by the 64 KB that follow: a list may hold its first ș far down.
func (t *textReader) Read(p []byte) (int, error) {
	if t.out != nil {
		return t.out.Read(p)
	}
	if _, err := t.raw.Peek(1); err != nil {
		return 0, err
	}
	chunk, _ := t.raw.Peek(min(t.raw.Buffered(), len(p)))
	if n := asciiPrefix(chunk); n > 0 {
		return t.raw.Read(p[:n])
	}
	ahead, _ := t.raw.Peek(sampleSize) // an error shows again when it is read
	t.decide(eightBitName(ahead, t.country))
	return t.out.Read(p)
}

func (t *textReader) decide(name string) {
	var e encoding.Encoding
	switch name {
	case utf8Name:
		t.name, t.out = name, t.raw
		return
	case utf16LEName:
		e = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case utf16BEName:
		e = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case win1250Name:
		e = charmap.Windows1250
	default:
		e = charmap.Windows1252
	}
	decode := transform.Transformer(e.NewDecoder())
	if name == win1250Name {
		decode = transform.Chain(decode, runes.Map(commaBelow))
	}
	t.name, t.out = name, transform.NewReader(t.raw, decode)
}

// commaBelow writes ș and ț as Romanian does. Windows-1250 has only the letters
// with a cedilla, and no other language that uses it has those.
func commaBelow(r rune) rune {
	switch r {
	case 'ş':
		return 'ș'
	case 'Ş':
		return 'Ș'
	case 'ţ':
		return 'ț'
	case 'Ţ':
		return 'Ț'
	}
	return r
}

// unicodeName recognises byte order marks, and UTF-16 without one by where its
// zero bytes are: in text of our languages every second byte, nearly.
func unicodeName(head []byte) (name string, bom int) {
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		return utf8Name, 3
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		return utf16LEName, 2
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		return utf16BEName, 2
	}
	var zeros [2]int
	for i, b := range head {
		if b == 0 {
			zeros[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case half >= 2 && zeros[1]*10 >= half*6 && zeros[0]*10 < half:
		return utf16LEName, 0
	case half >= 2 && zeros[0]*10 >= half*6 && zeros[1]*10 < half:
		return utf16BEName, 0
	}
	return "", 0
}

// eightBitName tells UTF-8 from the two code pages. Text in a code page hardly
// ever forms valid sequences of UTF-8, so a file with more valid than invalid
// ones is UTF-8 with some damaged rows.
func eightBitName(sample []byte, country string) string {
	valid, invalid := 0, 0
	for i := 0; i < len(sample); {
		r, n := utf8.DecodeRune(sample[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			if utf8.FullRune(sample[i:]) { // else cut by the sample's end
				invalid++
			}
		case n > 1:
			valid++
		}
		i += n
	}
	if valid >= invalid {
		return utf8Name
	}
	return codePage(sample, country)
}

func isASCII(b []byte) bool { return asciiPrefix(b) == len(b) }

func asciiPrefix(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}
