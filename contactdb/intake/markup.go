package intake

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of one tag and one text of a workbook's XML. A cell holds at most
// 32,767 characters.
const (
	mostTag  = 64 << 10
	mostText = 1 << 20
)

// markupScanner cuts the XML of a workbook's large parts into tags and texts. It
// knows what spreadsheets write, and refuses the rest as damage: no DTD, no
// entities of one's own, UTF-8 only.
type markupScanner struct {
	r    *bufio.Reader
	tag  []byte // the tag between < and >
	text []byte
}

func newMarkup(r io.Reader) *markupScanner {
	return &markupScanner{r: bufio.NewReaderSize(r, 256<<10)}
}

// element is a tag: its name without prefix, whether it opens, closes or both.
type element struct {
	name         []byte
	opens, close bool
	attrs        []byte
}

// next returns the next tag; text is what stands before it, decoded if wanted.
// io.EOF at the end.
func (m *markupScanner) next(wantText bool) (e element, text []byte, err error) {
	m.text = m.text[:0]
	for {
		if err := m.before(wantText); err != nil {
			return e, nil, err
		}
		if m.tag, err = m.until('>', m.tag[:0], mostTag); err != nil {
			return e, nil, damaged(err)
		}
		switch {
		case len(m.tag) == 0:
			return e, nil, damagedBook()
		case m.tag[0] == '?':
			continue
		case m.tag[0] == '!':
			if err := m.special(wantText); err != nil {
				return e, nil, err
			}
			continue
		}
		return cutElement(m.tag), m.text, nil
	}
}

func damaged(err error) error {
	if err == nil || isFileError(err) {
		return err
	}
	return damagedBook()
}

// before reads text up to the next tag.
func (m *markupScanner) before(want bool) error {
	from := len(m.text)
	for {
		part, err := m.r.ReadSlice('<')
		if want {
			m.text = append(m.text, part...)
		}
		switch {
		case err == nil:
			if want {
				m.text = m.text[:len(m.text)-1]
				m.text = append(m.text[:from], decodeEntities(m.text[from:])...)
			}
			if len(m.text) > mostText {
				return damagedBook()
			}
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			if len(m.text) > mostText {
				return damagedBook()
			}
		default:
			return err
		}
	}
}

func (m *markupScanner) until(end byte, into []byte, most int) ([]byte, error) {
	for {
		part, err := m.r.ReadSlice(end)
		into = append(into, part...)
		if len(into) > most {
			return into, damagedBook()
		}
		if err == nil {
			// A quoted '>' does not end a tag; in a comment quotes are text.
			if into[0] == '!' || bytes.Count(into, []byte{'"'})%2 == 0 {
				return into[:len(into)-1], nil
			}
			continue
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return into, err
		}
	}
}

// special passes a comment over and takes a CDATA section as text.
func (m *markupScanner) special(want bool) error {
	for _, s := range []struct {
		begin, end string
		text       bool
	}{{"!--", "--", false}, {"![CDATA[", "]]", true}} {
		if !bytes.HasPrefix(m.tag, []byte(s.begin)) {
			continue
		}
		for !bytes.HasSuffix(m.tag, []byte(s.end)) || len(m.tag) < len(s.begin)+len(s.end) {
			m.tag = append(m.tag, '>')
			var err error
			if m.tag, err = m.until('>', m.tag, mostText); err != nil {
				return damaged(err)
			}
		}
		if s.text && want {
			m.text = append(m.text, m.tag[len(s.begin):len(m.tag)-len(s.end)]...)
		}
		return nil
	}
	return damagedBook()
}

func cutElement(tag []byte) (e element) {
	e.opens = true
	if tag[0] == '/' {
		e.opens, e.close, tag = false, true, tag[1:]
	} else if tag[len(tag)-1] == '/' {
		e.close, tag = true, tag[:len(tag)-1]
	}
	e.name = tag
	if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
		e.name, e.attrs = tag[:i], tag[i:]
	}
	if i := bytes.IndexByte(e.name, ':'); i >= 0 {
		e.name = e.name[i+1:]
	}
	return e
}

// attr is the value of an attribute, nil if there is none.
func (e element) attr(name string) []byte {
	rest := e.attrs
	for {
		i := bytes.IndexByte(rest, '=')
		if i < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:i])
		rest = bytes.TrimLeft(rest[i+1:], " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : 1+end]
		}
		rest = rest[end+2:]
	}
}

// decodeEntities replaces the five entities of XML and character references,
// in place.
func decodeEntities(b []byte) []byte {
	i := bytes.IndexByte(b, '&')
	if i < 0 {
		return b
	}
	out := b[:i]
	for i < len(b) {
		end := -1
		if b[i] == '&' {
			end = bytes.IndexByte(b[i:min(len(b), i+12)], ';')
		}
		if end < 0 {
			out = append(out, b[i])
			i++
			continue
		}
		if r, ok := entity(string(b[i+1 : i+end])); ok {
			out = utf8.AppendRune(out, r)
		} else {
			out = append(out, b[i:i+end+1]...)
		}
		i += end + 1
	}
	return out
}

func entity(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if !strings.HasPrefix(name, "#") {
		return 0, false
	}
	base, digits := 10, name[1:]
	if strings.HasPrefix(digits, "x") {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseInt(digits, base, 32)
	return rune(n), err == nil && utf8.ValidRune(rune(n))
}
