package contactdb

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
)

// listRow is a list as stored. Its contacts lie in segments: a large import
// fills a new one that nobody sees until the row names it, and a removed list's
// become unseen at once.
type listRow struct {
	Name       string    `json:"name"`
	Contacts   int       `json:"contacts"`
	ImportedAt time.Time `json:"imported_at"`
	Segments   []uint32  `json:"segments"`
	Zones      []zoneRow `json:"zones"` // in order of class
}

// zoneRow counts a list's contacts by class, the number of a set of zones.
type zoneRow struct {
	Class    uint32   `json:"class"`
	Zones    []string `json:"zones"`
	Contacts int      `json:"contacts"`
}

func (r *listRow) list() List {
	l := List{Name: r.Name, Contacts: r.Contacts, ImportedAt: r.ImportedAt, Zones: []ZoneSet{}}
	for _, z := range r.Zones {
		l.Zones = append(l.Zones, ZoneSet{Zones: z.Zones, Contacts: z.Contacts})
	}
	slices.SortFunc(l.Zones, func(a, b ZoneSet) int { return slices.Compare(a.Zones, b.Zones) })
	return l
}

// count adds n contacts of a class, n may be negative.
func (r *listRow) count(class uint32, zones []string, n int) {
	r.Contacts += n
	i, found := slices.BinarySearchFunc(r.Zones, class, func(z zoneRow, c uint32) int { return int(z.Class) - int(c) })
	if !found {
		r.Zones = slices.Insert(r.Zones, i, zoneRow{Class: class, Zones: zones})
	}
	if r.Zones[i].Contacts += n; r.Zones[i].Contacts == 0 {
		r.Zones = slices.Delete(r.Zones, i, i+1)
	}
}

func (t *tx) list(name string) (listRow, error) {
	var row listRow
	found, err := t.load(bLists, []byte(name), &row)
	if err == nil && !found {
		err = fmt.Errorf("list %q: %w", name, ErrNotFound)
	}
	return row, err
}

// lists walks the rows of all lists by name.
func (t *tx) lists(f func(listRow) error) error {
	return t.each(bLists, nil, func(_, value []byte) (bool, error) {
		var row listRow
		if err := decode(bLists, value, &row); err != nil {
			return false, err
		}
		return true, f(row)
	})
}

// class gives the number of a set of zones, a new one if it is the first of its kind.
func (t *tx) class(zones []string) uint32 {
	key := []byte("=" + strings.Join(zones, ","))
	if n := t.get(bZones, key); n != nil {
		return binary.BigEndian.Uint32(n)
	}
	n := uint32(t.next(bZones))
	t.put(bZones, key, be32(nil, n))
	return n
}

// Lists returns all lists by name.
func (s *Store) Lists() ([]List, error) {
	all := []List{}
	err := s.view("lists", func(t *tx) error {
		return t.lists(func(row listRow) error {
			all = append(all, row.list())
			return nil
		})
	})
	return all, err
}

// List returns one list; ErrNotFound.
func (s *Store) List(name string) (list List, err error) {
	err = s.view("list", func(t *tx) error {
		row, err := t.list(name)
		list = row.list()
		return err
	})
	return list, err
}

// page is how many rows an iterator reads in one transaction before it hands
// them out: the caller's loop runs outside, so it may call the store and may
// take its time.
const page = 500

// pages walks the keys of a bucket with a prefix from the key from on, decoded
// by read, in pages.
func pages[T any](s *Store, bucket, prefix, from []byte, read func(key, value []byte) (row T, keep bool, err error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		for at := slices.Concat(prefix, from); at != nil; {
			rows, next, err := readPage(s, bucket, prefix, at, read)
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if err != nil {
				yield(none, err)
				return
			}
			at = next
		}
	}
}

// readPage reads the rows from a key on; next is where to go on, nil at the end.
func readPage[T any](s *Store, bucket, prefix, at []byte, read func(key, value []byte) (T, bool, error)) (rows []T, next []byte, err error) {
	err = s.view(string(bucket), func(t *tx) error {
		c := t.Bucket(bucket).Cursor()
		n := 0
		for k, v := c.Seek(at); k != nil && hasPrefix(k, prefix); k, v = c.Next() {
			if n++; n > 20*page || len(rows) == page {
				next = slices.Clone(k)
				return nil
			}
			row, keep, err := read(k, v)
			if err != nil {
				return err
			}
			if keep {
				rows = append(rows, row)
			}
		}
		return nil
	})
	return rows, next, err
}

func hasPrefix(key, prefix []byte) bool {
	return len(key) >= len(prefix) && string(key[:len(prefix)]) == string(prefix)
}

// Contacts walks the contacts of a list in order of import. It does not hold
// the store: what is added meanwhile may be seen or not.
func (s *Store) Contacts(list string) iter.Seq2[Contact, error] {
	return func(yield func(Contact, error) bool) {
		var row listRow
		err := s.view("contacts", func(t *tx) (err error) {
			row, err = t.list(list)
			return err
		})
		if err != nil {
			yield(Contact{}, err)
			return
		}
		for _, seg := range row.Segments {
			for c, err := range pages(s, bContacts, be32(nil, seg), nil, readContact) {
				if !yield(c, err) {
					return
				}
			}
		}
	}
}

func readContact(_, value []byte) (c Contact, keep bool, err error) {
	err = decode(bContacts, value, &c)
	return c, true, err
}

// RemoveList removes a list and its contacts; ErrNotFound, ErrState while a
// number of it is in a live attempt. Call records stay.
func (s *Store) RemoveList(name string) error {
	s.bulk.Lock()
	defer s.bulk.Unlock()
	err := s.update("remove list", func(t *tx) error {
		row, err := t.list(name)
		if err != nil {
			return err
		}
		if err := t.unused(row); err != nil {
			return err
		}
		for _, seg := range row.Segments {
			t.put(bTrash, be32(nil, seg), []byte{})
		}
		t.delete(bLists, []byte(name))
		return nil
	})
	if err != nil {
		return err
	}
	return s.sweep()
}

// unused says with ErrState that a list is being called.
func (t *tx) unused(list listRow) error {
	return t.each(bLive, nil, func(_, value []byte) (bool, error) {
		var a attemptRow
		if err := decode(bLive, value, &a); err != nil {
			return false, err
		}
		in := slices.Contains(list.Segments, a.Segment)
		err := t.holders(a.Contact.Phone, func(seg uint32, _ uint64) error {
			in = in || slices.Contains(list.Segments, seg)
			return nil
		})
		if err == nil && in {
			err = fmt.Errorf("list %q: %w: attempt %s calls a number of it; pause the campaign and wait for its calls", list.Name, ErrState, a.ID)
		}
		return true, err
	})
}

// sweepStep is how many rows of each kind one transaction of sweep deletes.
const sweepStep = 5000

// sweep deletes the rows of segments in the trash, a part at a time.
func (s *Store) sweep() error {
	for done := false; !done; {
		var empty bool
		if err := s.view("clean up", func(t *tx) error { k, _ := t.Bucket(bTrash).Cursor().First(); empty = k == nil; return nil }); err != nil || empty {
			return err
		}
		err := s.update("clean up", func(t *tx) error {
			key, _ := t.Bucket(bTrash).Cursor().First()
			done = key == nil
			if done {
				return nil
			}
			return t.sweep(binary.BigEndian.Uint32(key))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sweep deletes a part of a segment, and its entry in the trash with the last.
func (t *tx) sweep(seg uint32) error {
	camps, err := t.campaignIDs()
	if err != nil {
		return err
	}
	prefix, left := be32(nil, seg), 0
	err = t.each(bContacts, prefix, func(key, value []byte) (bool, error) {
		var c Contact
		if err := decode(bContacts, value, &c); err != nil {
			return false, err
		}
		t.delete(bPhones, phoneKey(c.Phone, seg, c.ID))
		for _, camp := range camps {
			if k := progressKey(camp, c.ID); t.get(bProgress, k) != nil {
				t.delete(bProgress, k)
			}
		}
		left++
		return left < sweepStep, nil
	})
	if err != nil {
		return err
	}
	left = t.clear(bContacts, prefix, sweepStep) + t.clear(bFresh, prefix, sweepStep)
	for _, camp := range camps {
		left += t.clear(bDue, be32(be32(nil, camp), seg), sweepStep)
		t.clear(bCursors, be32(be32(nil, camp), seg), 0)
	}
	if left == 0 {
		t.delete(bTrash, prefix)
	}
	return nil
}
