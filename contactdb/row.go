package contactdb

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2/hpack"
)

// A contact's row is compact: a mark, the length of what follows, a set of what
// is there, then that in order: numbers as numbers, texts that many rows share as
// words (words.go), of other texts the length. Then come these texts, end to
// end, after a byte that says whether they are packed by the Huffman code of
// HPACK (RFC 7541, appendix B), which is made for texts as short as these and
// saves a fourth. A city and the values of free fields are texts too, unless many
// contacts of an import share them: then they are words. A row that begins with
// '{' is JSON, as the first version wrote it; one that begins with 1 has its texts
// among the numbers, and neither it nor one that begins with 2 has shared values.
const (
	contactRow  = 3
	contactRow2 = 2
	contactRow1 = 1
)

const (
	plainTexts  = 0
	packedTexts = 1
)

// What may be there.
const (
	hasNumbers = 1 << iota
	hasExternalID
	hasClient
	hasName
	hasFirstName
	hasLastName
	hasEmail
	hasCity
	hasZone
	hasLanguage
	hasTags
	hasNotes
	hasConsent
	hasFields
	joinedName // the name is first and last name with a space
)

// wordBook gives texts their numbers as words.
type wordBook interface {
	word(text string) uint64  // 0: there is no room for another word
	value(text string) uint64 // of a city or free field; 0: it is not shared by many
}

type rowWriter struct {
	words wordBook
	b     []byte
	texts []byte
}

// row puts the parts together.
func (w *rowWriter) row() []byte {
	out := make([]byte, 0, 8+len(w.b)+len(w.texts))
	out = append(out, contactRow)
	out = binary.AppendUvarint(out, uint64(len(w.b)))
	out = append(out, w.b...)
	if texts := string(w.texts); hpack.HuffmanEncodeLength(texts) < uint64(len(texts)) {
		return hpack.AppendHuffmanString(append(out, packedTexts), texts)
	}
	return append(append(out, plainTexts), w.texts...)
}

func (w *rowWriter) number(n uint64) { w.b = binary.AppendUvarint(w.b, n) }

func (w *rowWriter) text(s string) {
	w.number(uint64(len(s)))
	w.texts = append(w.texts, s...)
}

// word writes a text that many rows share: its number, or 0 and the text.
func (w *rowWriter) word(s string) {
	id := w.words.word(s)
	w.number(id)
	if id == 0 {
		w.text(s)
	}
}

// value writes a text that many rows may share: its number, doubled and one, or
// the text after its doubled length.
func (w *rowWriter) value(s string) {
	if id := w.words.value(s); id != 0 {
		w.number(id<<1 | 1)
		return
	}
	w.number(uint64(len(s)) << 1)
	w.texts = append(w.texts, s...)
}

// phone writes E.164 as a number, doubled; anything else as a text, after an
// odd length.
func (w *rowWriter) phone(s string) {
	if n, ok := phoneNumber(s); ok {
		w.number(n << 1)
		return
	}
	w.number(uint64(len(s))<<1 | 1)
	w.texts = append(w.texts, s...)
}

// phoneNumber is the digits of E.164 as a number.
func phoneNumber(s string) (uint64, bool) {
	if len(s) < 2 || len(s) > 16 || s[0] != '+' || s[1] == '0' {
		return 0, false
	}
	n := uint64(0)
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + uint64(s[i]-'0')
	}
	return n, true
}

// zoneWord keeps a set of zones as one word; nil is another than none.
func zoneWord(zones []string) string {
	if zones == nil {
		return "-"
	}
	if len(zones) == 1 {
		return "=" + zones[0]
	}
	return "=" + strings.Join(zones, ",")
}

func readZoneWord(word string) []string {
	switch word {
	case "-":
		return nil
	case "=":
		return []string{}
	}
	return strings.Split(strings.TrimPrefix(word, "="), ",")
}

func (w *rowWriter) instant(at time.Time) {
	if at.IsZero() {
		w.number(0)
		return
	}
	w.number(1 + uint64(at.Nanosecond()))
	w.b = binary.AppendVarint(w.b, at.Unix())
}

// putContact writes a contact's row.
func (t *tx) putContact(seg uint32, c *Contact) {
	t.put(bContacts, contactKey(seg, c.ID), t.encodeContact(c))
}

func (t *tx) encodeContact(c *Contact) []byte {
	w := rowWriter{words: t}
	return w.contact(c)
}

// contact gives a contact's row; a writer may be used again.
func (w *rowWriter) contact(c *Contact) []byte {
	w.b, w.texts = w.b[:0], w.texts[:0]
	set := uint64(0)
	for _, f := range []struct {
		bit  uint64
		text string
	}{
		{hasExternalID, c.ExternalID}, {hasClient, c.Client}, {hasName, c.Name}, {hasFirstName, c.FirstName}, {hasLastName, c.LastName},
		{hasEmail, c.Email}, {hasCity, c.City}, {hasZone, c.Zone}, {hasLanguage, c.Language}, {hasNotes, c.Notes},
	} {
		if f.text != "" {
			set |= f.bit
		}
	}
	if c.Name != "" && c.FirstName != "" && len(c.Name) == len(c.FirstName)+1+len(c.LastName) && c.Name == c.FirstName+" "+c.LastName {
		set = set&^hasName | joinedName
	}
	for _, f := range []struct {
		bit uint64
		is  bool
	}{{hasNumbers, len(c.Numbers) > 0}, {hasTags, len(c.Tags) > 0}, {hasConsent, c.Consent != nil}, {hasFields, len(c.Fields) > 0}} {
		if f.is {
			set |= f.bit
		}
	}
	w.number(set)
	w.word(c.List)
	w.phone(c.Phone)
	w.word(c.NumberType)
	w.word(c.Region)
	w.word(zoneWord(c.Zones))
	w.instant(c.ImportedAt)
	w.rest(c, set)
	return w.row()
}

func (w *rowWriter) rest(c *Contact, set uint64) {
	for _, f := range []struct {
		bit  uint64
		text string
	}{{hasExternalID, c.ExternalID}, {hasName, c.Name}, {hasFirstName, c.FirstName}, {hasLastName, c.LastName}, {hasEmail, c.Email}, {hasCity, c.City}, {hasNotes, c.Notes}} {
		switch {
		case set&f.bit == 0:
		case f.bit == hasCity:
			w.value(f.text)
		default:
			w.text(f.text)
		}
	}
	for _, f := range []struct {
		bit  uint64
		text string
	}{{hasClient, c.Client}, {hasZone, c.Zone}, {hasLanguage, c.Language}} {
		if set&f.bit != 0 {
			w.word(f.text)
		}
	}
	if set&hasNumbers != 0 {
		w.number(uint64(len(c.Numbers)))
		for _, n := range c.Numbers {
			w.word(n.Kind)
			w.word(zoneWord(n.Zones))
			if n.Phone == c.Phone && n.Type == c.NumberType && n.Region == c.Region { // the first, as a rule
				w.number(1)
				continue
			}
			w.number(0)
			w.phone(n.Phone)
			w.word(n.Type)
			w.word(n.Region)
		}
	}
	if set&hasTags != 0 {
		w.number(uint64(len(c.Tags)))
		for _, tag := range c.Tags {
			w.word(tag)
		}
	}
	if k := c.Consent; k != nil {
		w.word(k.Kind)
		w.instant(k.At)
		w.word(k.Source)
		w.word(k.Text)
		w.instant(k.Expires)
	}
	w.fields(c.Fields)
}

// fields writes free fields in the order of their names, so that equal contacts
// have equal rows.
func (w *rowWriter) fields(fields map[string]string) {
	if len(fields) == 0 {
		return
	}
	var few [24]string
	names := few[:0]
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	w.number(uint64(len(names)))
	for _, name := range names {
		w.word(name)
		w.value(fields[name])
	}
}

type rowReader struct {
	reader // of the numbers
	t      *tx
	form   byte   // of the row
	text   string // where the texts are; what is read shares it
	at     int    // in text; -1: the texts are among the numbers, and text is all of b
}

func (r *rowReader) take(n uint64) string {
	at, left := r.at, len(r.text)-r.at
	if r.at < 0 {
		at, left = len(r.text)-len(r.b), len(r.b)
	}
	if r.bad || n > uint64(left) {
		r.bad = true
		return ""
	}
	if r.at < 0 {
		r.b = r.b[n:]
	} else {
		r.at += int(n)
	}
	return r.text[at : at+int(n)]
}

// open finds the parts of a row, and says whether they are there.
func (r *rowReader) open(row []byte) bool {
	if len(row) == 0 {
		return false
	}
	r.form = row[0]
	if r.form == contactRow1 {
		r.text, r.at, r.b = string(row), -1, row[1:]
		return true
	}
	n, size := binary.Uvarint(row[1:])
	if r.form != contactRow && r.form != contactRow2 || size <= 0 || n >= uint64(len(row)-1-size) {
		return false
	}
	row = row[1+size:]
	r.b = row[:n]
	texts := row[n+1:]
	switch row[n] {
	case plainTexts:
		r.text = string(texts)
	case packedTexts:
		var err error
		if r.text, err = hpack.HuffmanDecodeToString(texts); err != nil {
			return false
		}
	default:
		return false
	}
	return true
}

func (r *rowReader) string() string { return r.take(r.number()) }

func (r *rowReader) word() string {
	id := r.number()
	if id == 0 {
		return r.string()
	}
	s, ok := r.t.wordText(id)
	if !ok {
		r.bad = true
	}
	return s
}

// value reads what may be a word.
func (r *rowReader) value() string {
	if r.form != contactRow {
		return r.string()
	}
	n := r.number()
	if n&1 == 0 {
		return r.take(n >> 1)
	}
	s, ok := r.t.wordText(n >> 1)
	if !ok {
		r.bad = true
	}
	return s
}

func (r *rowReader) phone() string {
	n := r.number()
	if n&1 != 0 {
		return r.take(n >> 1)
	}
	return string(strconv.AppendUint([]byte{'+'}, n>>1, 10))
}

func (r *rowReader) instant() time.Time {
	ns := r.number()
	if ns == 0 {
		return time.Time{}
	}
	s := r.signed()
	if r.bad {
		return time.Time{}
	}
	return time.Unix(s, int64(ns-1)).UTC()
}

// few reads a count that a row of this length can have.
func (r *rowReader) few() int {
	n := r.number()
	if n > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	return int(n)
}

// readContact reads the row under a key of bContacts.
func readContact(t *tx, key, value []byte) (c Contact, keep bool, err error) {
	if len(value) > 0 && value[0] == '{' {
		err = decode(bContacts, value, &c)
		return c, true, err
	}
	r := rowReader{t: t}
	if len(key) != 12 || !r.open(value) {
		r.bad = true
	} else {
		c.ID = binary.BigEndian.Uint64(key[4:])
		r.contact(&c)
	}
	if r.bad || len(r.b) > 0 || r.at >= 0 && r.at < len(r.text) {
		return Contact{}, false, fmt.Errorf("%w: a row of %s cannot be read", ErrDamaged, bContacts)
	}
	return c, true, nil
}

func (r *rowReader) contact(c *Contact) {
	set := r.number()
	c.List, c.Phone, c.NumberType, c.Region = r.word(), r.phone(), r.word(), r.word()
	c.Zones, c.ImportedAt = readZoneWord(r.word()), r.instant()
	for _, f := range []struct {
		bit uint64
		to  *string
	}{{hasExternalID, &c.ExternalID}, {hasName, &c.Name}, {hasFirstName, &c.FirstName}, {hasLastName, &c.LastName}, {hasEmail, &c.Email}, {hasCity, &c.City}, {hasNotes, &c.Notes}} {
		switch {
		case set&f.bit == 0:
		case f.bit == hasCity:
			*f.to = r.value()
		default:
			*f.to = r.string()
		}
	}
	if set&joinedName != 0 {
		c.Name = c.FirstName + " " + c.LastName
	}
	for _, f := range []struct {
		bit uint64
		to  *string
	}{{hasClient, &c.Client}, {hasZone, &c.Zone}, {hasLanguage, &c.Language}} {
		if set&f.bit != 0 {
			*f.to = r.word()
		}
	}
	if set&hasNumbers != 0 {
		for range r.few() {
			c.Numbers = append(c.Numbers, r.oneOf(c))
		}
	}
	if set&hasTags != 0 {
		for range r.few() {
			c.Tags = append(c.Tags, r.word())
		}
	}
	if set&hasConsent != 0 {
		c.Consent = &Consent{Kind: r.word(), At: r.instant(), Source: r.word(), Text: r.word(), Expires: r.instant()}
	}
	if set&hasFields != 0 {
		n := r.few()
		c.Fields = make(map[string]string, n)
		for range n {
			name := r.word()
			c.Fields[name] = r.value()
		}
	}
}

// oneOf reads one of a contact's numbers.
func (r *rowReader) oneOf(c *Contact) Number {
	if r.form != contactRow {
		return Number{Phone: r.phone(), Kind: r.word(), Type: r.word(), Region: r.word(), Zones: readZoneWord(r.word())}
	}
	n := Number{Kind: r.word(), Zones: readZoneWord(r.word()), Phone: c.Phone, Type: c.NumberType, Region: c.Region}
	if r.number() == 0 {
		n.Phone, n.Type, n.Region = r.phone(), r.word(), r.word()
	}
	return n
}
