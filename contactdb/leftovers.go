package contactdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// leftovers are rows about a person that no index names: contacts of an import
// that was cut off or is under way, and contacts as they were before an import
// changed them, perhaps with a number that nobody has any more.
type leftovers struct {
	staged []place
	before [][]byte // keys: import, segment, contact
	phones []string // all numbers of the staged
}

// leftovers looks for the rows that have one of some numbers: at every row, but
// only those are taken apart in which a number's bytes are.
func (s *Store) leftovers(phones []string) (found leftovers, err error) {
	err = s.view("look for what is left", func(t *tx) error {
		if len(phones) > 0 {
			var err error
			if phones, err = t.numbersOf(phones[0]); err != nil {
				return err
			}
		}
		look := newNumberLook(phones)
		staged := [][]byte{}
		if err := t.each(bTrash, nil, func(seg, list []byte) (bool, error) {
			if len(list) > 0 {
				staged = append(staged, bytes.Clone(seg))
			}
			return true, nil
		}); err != nil {
			return err
		}
		for _, seg := range staged {
			if err := t.each(bContacts, seg, func(key, row []byte) (bool, error) {
				c, has, err := look.row(t, key, row)
				if has {
					found.staged = append(found.staged, place{seg: binary.BigEndian.Uint32(key), id: binary.BigEndian.Uint64(key[4:])})
					for _, n := range c.AllNumbers() {
						found.phones = append(found.phones, n.Phone)
					}
				}
				return true, err
			}); err != nil {
				return err
			}
		}
		return t.each(bImportBefore, nil, func(key, row []byte) (bool, error) {
			if len(key) != 20 || len(row) < 8 {
				return false, errKeys(bImportBefore)
			}
			_, has, err := look.row(t, key[8:], row[8:])
			if has {
				found.before = append(found.before, bytes.Clone(key))
			}
			return true, err
		})
	})
	return found, err
}

// numberLook finds numbers in contacts' rows.
type numberLook struct {
	phones []string
	bytes  [][]byte // as rows have them
}

func newNumberLook(phones []string) numberLook {
	l := numberLook{phones: phones}
	for _, p := range phones {
		l.bytes = append(l.bytes, []byte(p)) // in JSON, and what is not E.164
		if n, ok := phoneNumber(p); ok {
			l.bytes = append(l.bytes, binary.AppendUvarint(nil, n<<1))
		}
	}
	return l
}

func (l numberLook) row(t *tx, key, row []byte) (c Contact, has bool, err error) {
	packed := len(row) > 0 && row[0] != '{' // what is not E.164 may be packed
	if !slices.ContainsFunc(l.bytes, func(b []byte) bool { return bytes.Contains(row, b) }) && !(packed && l.odd()) {
		return c, false, nil
	}
	c, _, err = readContact(t, key, row)
	return c, err == nil && slices.ContainsFunc(l.phones, c.HasNumber), err
}

// odd says whether one of the numbers is not E.164.
func (l numberLook) odd() bool { return len(l.bytes) < 2*len(l.phones) }

// eraseLeftovers removes them.
func (t *tx) eraseLeftovers(left leftovers, gone *Erased) error {
	for _, p := range left.staged {
		c, found, err := t.contact(p.seg, p.id)
		if err != nil {
			return err
		}
		if !found || t.get(bTrash, be32(nil, p.seg)) == nil { // seen by now: removed as such
			continue
		}
		t.unindex(c, p.seg)
		t.delete(bContacts, contactKey(p.seg, c.ID))
		t.delete(bFresh, freshKey(p.seg, t.class(&c), c.ID))
		gone.Contacts++
		if !slices.Contains(gone.Lists, c.List) {
			gone.Lists = append(gone.Lists, c.List)
		}
	}
	for _, key := range left.before {
		t.delete(bImportBefore, key)
		seg := binary.BigEndian.Uint32(key[8:])
		c, found, err := t.contact(seg, binary.BigEndian.Uint64(key[12:]))
		if err != nil {
			return err
		}
		moved := Moved{c.ID, c.List, c.Phone}
		if found && t.get(bTrash, be32(nil, seg)) == nil && !slices.Contains(gone.Moved, moved) {
			gone.Moved = append(gone.Moved, moved)
		}
	}
	return nil
}

// eraseByContact removes the do-not-call entries of a contact that is no more:
// the digests of its numbers stay.
func (t *tx) eraseByContact(id uint64) {
	if t.clear(bDNC, contactSubject(id), 0) > 0 {
		t.dncChange()
	}
}

// speaksOf says whether a text says a contact's name or number.
func (c *Contact) speaksOf(text string) bool {
	words := strings.Fields(fold(text))
	for name := range strings.FieldsSeq(fold(c.Name + " " + c.FirstName + " " + c.LastName)) {
		if len(name) > 2 && slices.Contains(words, name) {
			return true
		}
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
	for _, n := range c.AllNumbers() {
		if end := n.Phone[max(0, len(n.Phone)-8):]; len(end) == 8 && strings.Contains(digits, end) {
			return true
		}
	}
	return false
}

// errUnderWay refuses to erase whom an import brings that is under way.
func errUnderWay(list string) error {
	return fmt.Errorf("%w: an import under way into list %q brings the person; wait for its end and erase again", ErrState, list)
}
