package contactdb

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A contact's row is compact: a mark, a set of what is there, then that in
// order. Texts that many rows share are words (words.go), numbers are numbers.
// A row that begins with '{' is JSON, as the first version wrote it.
const contactRow = 1

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

type rowWriter struct {
	t *tx
	b []byte
}

func (w *rowWriter) number(n uint64) { w.b = binary.AppendUvarint(w.b, n) }

func (w *rowWriter) text(s string) {
	w.number(uint64(len(s)))
	w.b = append(w.b, s...)
}

// word writes a text that many rows share: its number, or 0 and the text.
func (w *rowWriter) word(s string) {
	id := w.t.word(s)
	w.number(id)
	if id == 0 {
		w.text(s)
	}
}

// phone writes E.164 as a number, doubled; anything else as a text, after an
// odd length.
func (w *rowWriter) phone(s string) {
	if n, ok := phoneNumber(s); ok {
		w.number(n << 1)
		return
	}
	w.number(uint64(len(s))<<1 | 1)
	w.b = append(w.b, s...)
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
	w := rowWriter{t: t, b: append(make([]byte, 0, 256), contactRow)}
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
	for bit, is := range map[uint64]bool{hasNumbers: len(c.Numbers) > 0, hasTags: len(c.Tags) > 0, hasConsent: c.Consent != nil, hasFields: len(c.Fields) > 0} {
		if is {
			set |= bit
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
	return w.b
}

func (w *rowWriter) rest(c *Contact, set uint64) {
	for _, f := range []struct {
		bit  uint64
		text string
	}{{hasExternalID, c.ExternalID}, {hasName, c.Name}, {hasFirstName, c.FirstName}, {hasLastName, c.LastName}, {hasEmail, c.Email}, {hasCity, c.City}, {hasNotes, c.Notes}} {
		if set&f.bit != 0 {
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
			w.phone(n.Phone)
			w.word(n.Kind)
			w.word(n.Type)
			w.word(n.Region)
			w.word(zoneWord(n.Zones))
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
		w.text(fields[name])
	}
}

type rowReader struct {
	t    *tx
	b    []byte
	text string // all of b, copied once; what is read shares it
	bad  bool
}

func (r *rowReader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *rowReader) take(n uint64) string {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	at := len(r.text) - len(r.b)
	r.b = r.b[n:]
	return r.text[at : at+int(n)]
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
	s, size := binary.Varint(r.b)
	if size <= 0 {
		r.bad = true
		return time.Time{}
	}
	r.b = r.b[size:]
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
	r := rowReader{t: t, text: string(value)}
	if len(value) == 0 || value[0] != contactRow || len(key) != 12 {
		r.bad = true
	} else {
		r.b = value[1:]
		c.ID = binary.BigEndian.Uint64(key[4:])
		r.contact(&c)
	}
	if r.bad || len(r.b) > 0 {
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
		if set&f.bit != 0 {
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
			c.Numbers = append(c.Numbers, Number{Phone: r.phone(), Kind: r.word(), Type: r.word(), Region: r.word(), Zones: readZoneWord(r.word())})
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
			c.Fields[name] = r.string()
		}
	}
}
