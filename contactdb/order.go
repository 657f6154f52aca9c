package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A list's contacts are walked in the order of a field by an index of that
// field: segment, field, class, value, contact. It is made where a lease first
// asks for the order, some contacts a lease, or at once by Arrange, and kept by
// every edit from then on. A key says nothing by itself: the walk holds each
// against its contact, so that one that is out of date is dropped where it is met.

// Highest and Lowest begin an Order by a field: "highest balance". Contacts
// whose field is a number come before those where it is another text, and
// those without it are last.
const (
	Highest = "highest "
	Lowest  = "lowest "
)

// field is the field of an order; false if it is not one by a field.
func (o Order) field() (name string, down, ok bool) {
	if name, ok = strings.CutPrefix(string(o), Highest); ok {
		return name, true, true
	}
	name, ok = strings.CutPrefix(string(o), Lowest)
	return name, false, ok
}

// orderStep is how many contacts a lease puts into the index of a field.
const orderStep = 1000

// Tags of values; those without one are walked last.
const (
	noValue = iota
	textValue
	numberValue
	valueSize = 9
	placeSize = valueSize + 8 // with the contact
)

// Field is a contact's field by its name in expressions and columns.
func (c *Contact) Field(name string) string {
	switch name {
	case "phone":
		return c.Phone
	case "external_id":
		return c.ExternalID
	case "name":
		return c.Name
	case "first_name":
		return c.FirstName
	case "last_name":
		return c.LastName
	case "email":
		return c.Email
	case "city":
		return c.City
	case "language":
		return c.Language
	case "imported_at":
		return c.ImportedAt.Format(time.RFC3339)
	}
	return c.Fields[name]
}

// FieldNumber reads 1234.5, 1.234,5 and 1 234,50; NaN if it is no number.
func FieldNumber(s string) float64 {
	s = strings.Map(func(r rune) rune {
		if r == ' ' || r == '\u00a0' || r == '\'' {
			return -1
		}
		return r
	}, s)
	comma, dot := strings.LastIndexByte(s, ','), strings.LastIndexByte(s, '.')
	switch {
	case comma > dot && strings.Count(s, ",") == 1: // decimal comma
		s = strings.Replace(strings.ReplaceAll(s, ".", ""), ",", ".", 1)
	case comma >= 0:
		s = strings.ReplaceAll(s, ",", "")
	case strings.Count(s, ".") > 1:
		s = strings.ReplaceAll(s, ".", "")
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return math.NaN()
	}
	return f
}

// orderPlace is where a contact stands in the order of a field: value and id.
func orderPlace(c *Contact, field string) []byte {
	text := strings.TrimSpace(c.Field(field))
	b := make([]byte, valueSize, placeSize)
	if f := FieldNumber(text); !math.IsNaN(f) {
		bits := math.Float64bits(f)
		if bits>>63 == 1 { // so that bytes compare as numbers do
			bits = ^bits
		} else {
			bits |= 1 << 63
		}
		b[0] = numberValue
		binary.BigEndian.PutUint64(b[1:], bits)
	} else if text != "" {
		b[0] = textValue
		copy(b[1:], strings.ToLower(text))
	}
	return be64(b, c.ID)
}

// orderPrefix begins the keys of a segment's contacts in the order of a field;
// alone it is the key under which the last contact lies that was put in.
func orderPrefix(seg uint32, field string) []byte { return text(be32(nil, seg), field) }

// comesFirst says whether a place is walked before another.
func comesFirst(a, b []byte, down bool) bool {
	switch {
	case (a[0] == noValue) != (b[0] == noValue):
		return b[0] == noValue
	case a[0] == noValue || !down:
		return bytes.Compare(a, b) < 0
	}
	return bytes.Compare(a, b) > 0
}

// arrangement is a group's walk in the order of a field.
type arrangement struct {
	field  string
	down   bool
	prefix []byte // of the group's keys
	upTo   uint64 // contacts up to this one are before or after at as the index says
	at     []byte // place of the last contact that was passed; nil: none
	head   []byte // place of the group's head
}

const (
	arranged    = 'o' // begins a cursor that is one of an arrangement
	arrangedMin = 9
)

func (a *arrangement) bytes() []byte { return append(be64([]byte{arranged}, a.upTo), a.at...) }

func isArranged(cursor []byte) bool {
	return (len(cursor) == arrangedMin || len(cursor) == arrangedMin+placeSize) && cursor[0] == arranged
}

// arrangement of a group; nil if its order is not by a field.
func (l *leasing) arrangement(g *group, order Order) *arrangement {
	field, down, ok := order.field()
	if !ok {
		return nil
	}
	a := &arrangement{field: field, down: down, prefix: be32(orderPrefix(g.seg, field), g.class)}
	if cursor := l.get(bCursors, cursorKey(l.camp, g.seg, g.class)); isArranged(cursor) {
		a.upTo = binary.BigEndian.Uint64(cursor[1:])
		if len(cursor) > arrangedMin {
			a.at = bytes.Clone(cursor[arrangedMin:])
		}
	}
	return a
}

// arrange brings the indexes of the groups' fields up to the contacts that
// have come, as far as the lease's share of work goes.
func (l *leasing) arrange() error {
	if l.ahead != nil {
		return nil
	}
	left := orderStep
	done := map[string]uint64{}
	for _, g := range l.groups {
		if g.by == nil {
			continue
		}
		key := orderPrefix(g.seg, g.by.field)
		last, known := done[string(key)]
		if !known {
			var err error
			var n int
			if last, n, err = l.putInOrder(g.seg, g.by.field, left); err != nil {
				return err
			}
			done[string(key)] = last
			if left -= n; left <= 0 {
				l.res.More, left = true, 0
			}
		}
		if err := l.newcomers(g, last); err != nil {
			return err
		}
	}
	return nil
}

// putInOrder puts at most some contacts of a segment into the index of a field
// and returns the last one that is in it.
func (t *tx) putInOrder(seg uint32, field string, most int) (last uint64, n int, err error) {
	key := orderPrefix(seg, field)
	if v := t.get(bOrdered, key); len(v) == 8 {
		last = binary.BigEndian.Uint64(v)
	}
	prefix := be32(nil, seg)
	var all []Contact
	c := t.cursor(bContacts)
	for k, v := c.Seek(contactKey(seg, last+1)); bytes.HasPrefix(k, prefix) && n < most; k, v = c.Next() {
		row, _, err := readContact(t, k, v)
		if err != nil {
			return last, n, err
		}
		all = append(all, row)
		n++
	}
	for i := range all {
		t.putPlace(seg, t.class(&all[i]), field, &all[i])
		last = all[i].ID
	}
	if n > 0 || t.get(bOrdered, key) == nil {
		t.put(bOrdered, key, be64(nil, last))
	}
	return last, n, nil
}

func (t *tx) putPlace(seg, class uint32, field string, c *Contact) {
	t.put(bOrdered, append(be32(orderPrefix(seg, field), class), orderPlace(c, field)...), []byte{})
}

// newcomers has the walk take those who have come since it began and would
// have been before its place: at once, as what is due.
func (l *leasing) newcomers(g *group, last uint64) error {
	a := g.by
	if a.at == nil {
		if a.upTo != last {
			a.upTo, g.moved = last, true
		}
		return nil
	}
	prefix := be32(be32(nil, g.seg), g.class)
	var come []uint64
	c := l.cursor(bFresh)
	for key, _ := c.Seek(be64(slices.Clip(prefix), a.upTo+1)); bytes.HasPrefix(key, prefix) && len(key) == len(prefix)+8; key, _ = c.Next() {
		id := binary.BigEndian.Uint64(key[len(prefix):])
		if id > last || !l.work() {
			break
		}
		come = append(come, id)
	}
	for _, id := range come {
		who, _, err := l.contact(g.seg, id)
		if err != nil {
			return err
		}
		st, _, err := l.state(l.camp, id)
		if err != nil {
			return err
		}
		if !st.taken() && comesFirst(orderPlace(&who, a.field), a.at, a.down) {
			l.setDue(l.camp, place{g.seg, g.class, id}, &st, reviveTime, true)
		}
		a.upTo, g.moved = id, true
	}
	return nil
}

// lookByField finds a group's next contact in the order of its field, and goes
// past those that the campaign has begun with.
func (l *leasing) lookByField(g *group) error {
	a := g.by
	var stale [][]byte
	c := l.cursor(bOrdered)
	for key := a.next(c, a.at); key != nil; key = a.next(c, a.at) {
		where := bytes.Clone(key[len(a.prefix):])
		id := binary.BigEndian.Uint64(where[valueSize:])
		who, found, err := l.contact(g.seg, id)
		if err != nil {
			return err
		}
		if !found || l.class(&who) != g.class || !bytes.Equal(orderPlace(&who, a.field), where) {
			stale = append(stale, bytes.Clone(key))
			a.at, g.moved = where, true
			continue
		}
		st, _, err := l.state(l.camp, id)
		if err != nil {
			return err
		}
		if !st.taken() && !l.examined[id] || !l.work() {
			g.head, a.head = id, where
			break
		}
		a.at, g.moved = where, true
	}
	if l.ahead == nil {
		for _, key := range stale {
			l.delete(bOrdered, key)
		}
	}
	return nil
}

// next is the key that is walked after a place: first those with a value, then
// those without; nil at the end.
func (a *arrangement) next(c *cursor, at []byte) []byte {
	first := func(key []byte, valued bool) []byte {
		if bytes.HasPrefix(key, a.prefix) && len(key) == len(a.prefix)+placeSize && (key[len(a.prefix)] != noValue) == valued {
			return key
		}
		return nil
	}
	if at == nil || at[0] != noValue {
		if key := first(a.valued(c, at), true); key != nil {
			return key
		}
		at = nil
	}
	from := append(slices.Clip(a.prefix), noValue)
	if at != nil {
		from = append(slices.Clip(a.prefix), at...)
	}
	key, _ := c.Seek(from)
	if at != nil && bytes.Equal(key, from) {
		key, _ = c.Next()
	}
	return first(key, false)
}

// valued is the next key in the order of the values.
func (a *arrangement) valued(c *cursor, at []byte) []byte {
	if !a.down {
		if at == nil {
			key, _ := c.Seek(append(slices.Clip(a.prefix), noValue+1))
			return key
		}
		from := append(slices.Clip(a.prefix), at...)
		key, _ := c.Seek(from)
		if bytes.Equal(key, from) {
			key, _ = c.Next()
		}
		return key
	}
	from := append(slices.Clip(a.prefix), numberValue+1)
	if at != nil {
		from = append(slices.Clip(a.prefix), at...)
	}
	key, _ := c.Seek(from)
	if key == nil {
		key, _ = c.Last()
		return key
	}
	key, _ = c.Prev()
	return key
}

// fieldsInOrder are the fields of which a segment has an index.
func (t *tx) fieldsInOrder(seg uint32) (fields []string) {
	prefix := be32(nil, seg)
	c := t.cursor(bOrdered)
	for key, _ := c.Seek(prefix); bytes.HasPrefix(key, prefix) && len(key) >= 6; {
		n := int(binary.BigEndian.Uint16(key[4:]))
		if len(key) < 6+n {
			break
		}
		field := string(key[6 : 6+n])
		fields = append(fields, field)
		key, _ = c.Seek(append(orderPrefix(seg, field), bytes.Repeat([]byte{0xFF}, 4+placeSize+1)...))
	}
	return fields
}

// rearrange gives an edited contact its new place in the indexes of its segment.
func (t *tx) rearrange(old, c *Contact, seg, from, to uint32) {
	for _, field := range t.fieldsInOrder(seg) {
		before, after := orderPlace(old, field), orderPlace(c, field)
		if from == to && bytes.Equal(before, after) {
			continue
		}
		t.delete(bOrdered, append(be32(orderPrefix(seg, field), from), before...))
		t.putPlace(seg, to, field, c)
	}
}

// displace takes a contact that goes out of the indexes of its segment.
func (t *tx) displace(c *Contact, seg, class uint32) {
	for _, field := range t.fieldsInOrder(seg) {
		t.delete(bOrdered, append(be32(orderPrefix(seg, field), class), orderPlace(c, field)...))
	}
}

// arrangeStep is how many contacts Arrange puts in order in one transaction.
const arrangeStep = 5_000

// Arrange makes the index by which a list is walked in the order of a field,
// or brings it up to date: leases do so by themselves, and much slower. Calls go
// on meanwhile. ErrNotFound if the list is not there; an order that is not by a
// field needs no index.
func (s *Store) Arrange(ctx context.Context, list string, order Order) error {
	field, _, ok := order.field()
	if !ok {
		return nil
	}
	row := listRow{}
	err := s.view("arrange", func(t *tx) (err error) {
		row, err = t.list(list)
		return err
	})
	if err != nil {
		return err
	}
	for _, seg := range row.Segments {
		for more := true; more; {
			err := s.writeLarge(ctx, fmt.Sprintf("arrange list %q by %s", list, field), func(t *tx) error {
				_, n, err := t.putInOrder(seg, field, arrangeStep)
				more = n == arrangeStep
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
