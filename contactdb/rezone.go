package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
)

// Files up to schema 6 kept a contact among those with the same zones, whichever
// of its numbers they were of. Those whose numbers make it another class are moved
// when the file is first opened by this schema: beside the journal, as it may hold
// rows of the old program, and in steps. A kill leaves kRezone, and it goes on.

// rezoneStep is how many entries one transaction looks at.
const rezoneStep = 5_000

func (s *Store) rezone() error {
	const what = "put contacts among those of their zones"
	done := false
	err := s.view(what, func(t *tx) error {
		done = t.get(bMeta, kRezone) == nil
		return nil
	})
	for from, next := []byte(nil), []byte(nil); err == nil && !done; from = next {
		err = s.writeLarge(context.Background(), what, func(t *tx) (err error) {
			if next, err = t.rezone(from, rezoneStep); err == nil && next == nil {
				t.delete(bMeta, kRezone)
			}
			return err
		})
		done = next == nil
	}
	return err
}

// manyZoned are the classes of contacts that may be in several zones: only theirs
// may have changed.
func (t *tx) manyZoned() (classes map[uint32]bool, err error) {
	classes = map[uint32]bool{}
	err = t.each(bZones, []byte("="), func(key, value []byte) (bool, error) {
		if strings.ContainsAny(string(key), ",|") && len(value) == 4 {
			classes[binary.BigEndian.Uint32(value)] = true
		}
		return true, nil
	})
	return classes, err
}

// rezone moves those of a step's contacts that are in a wrong class, and gives
// where to go on; nil at the end.
func (t *tx) rezone(from []byte, step int) (next []byte, err error) {
	many, err := t.manyZoned()
	if err != nil {
		return nil, err
	}
	owner, err := t.owners()
	if err != nil {
		return nil, err
	}
	var moved []place
	looked := 0
	c := t.cursor(bFresh)
	for key, _ := c.Seek(from); key != nil; {
		if len(key) != 16 {
			return nil, errKeys(bFresh)
		}
		p := place{binary.BigEndian.Uint32(key), binary.BigEndian.Uint32(key[4:]), binary.BigEndian.Uint64(key[8:])}
		if !many[p.class] {
			key, _ = c.Seek(append(be32(be32(nil, p.seg), p.class), bytes.Repeat([]byte{0xFF}, 9)...)) // behind the class
			continue
		}
		if looked++; looked > step {
			next = bytes.Clone(key)
			break
		}
		moved = append(moved, p)
		key, _ = c.Next()
	}
	for _, p := range moved {
		if err := t.reclass(p, owner[p.seg]); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// owners are the lists of the segments that are seen.
func (t *tx) owners() (map[uint32]string, error) {
	all := map[uint32]string{}
	return all, t.lists(func(row listRow) error {
		for _, seg := range row.Segments {
			all[seg] = row.Name
		}
		return nil
	})
}

// reclass puts one contact into the class of its numbers.
func (t *tx) reclass(from place, list string) error {
	old, found, err := t.contact(from.seg, from.id)
	if err != nil || !found {
		return err
	}
	if len(old.Numbers) == 0 {
		return nil
	}
	c := old
	c.GatherZones(nil)
	to := place{from.seg, t.class(&c), from.id}
	if to.class == from.class {
		return nil
	}
	t.putContact(from.seg, &c)
	t.delete(bFresh, freshKey(from.seg, from.class, from.id))
	t.put(bFresh, freshKey(to.seg, to.class, to.id), []byte{})
	if list == "" {
		return nil // not seen: counted when it is
	}
	row, err := t.list(list)
	if err != nil {
		return err
	}
	row.countSet(from.class, ZoneSet{}, -1)
	row.count(to.class, c.clocks(), 1)
	t.save(bLists, []byte(list), row)
	t.rearrange(&old, &c, from.seg, from.class, to.class)
	return t.replaced(to, from.class)
}
