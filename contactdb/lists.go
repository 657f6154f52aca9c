package contactdb

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
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

// zoneRow counts a list's contacts by class; see clocks.
type zoneRow struct {
	Class uint32 `json:"class"`
	ZoneSet
}

func (r *listRow) list() List {
	l := List{Name: r.Name, Contacts: r.Contacts, ImportedAt: r.ImportedAt, Zones: []ZoneSet{}}
	for _, z := range r.Zones {
		l.Zones = append(l.Zones, z.ZoneSet)
	}
	slices.SortFunc(l.Zones, compareZones)
	return l
}

func compareZones(a, b ZoneSet) int {
	if n := slices.Compare(a.Zones, b.Zones); n != 0 {
		return n
	}
	return slices.CompareFunc(a.AnyOf, b.AnyOf, slices.Compare)
}

// count adds n contacts of a class, n may be negative.
func (r *listRow) count(class uint32, clocks string, n int) { r.countSet(class, zoneSet(clocks), n) }

func (r *listRow) countSet(class uint32, zones ZoneSet, n int) {
	r.Contacts += n
	i, found := slices.BinarySearchFunc(r.Zones, class, func(z zoneRow, c uint32) int { return int(z.Class) - int(c) })
	if !found {
		r.Zones = slices.Insert(r.Zones, i, zoneRow{class, ZoneSet{Zones: zones.Zones, AnyOf: zones.AnyOf}})
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

// class gives a contact's class, a new one if it is the first of its kind.
func (t *tx) class(c *Contact) uint32 { return t.classNamed(c.clocks()) }

func (t *tx) classNamed(name string) uint32 {
	if n, known := t.classes[name]; known {
		return n
	}
	key, n := []byte("="+name), uint32(0)
	if v := t.get(bZones, key); v != nil {
		n = binary.BigEndian.Uint32(v)
	} else {
		n = uint32(t.next(bZones))
		t.put(bZones, key, be32(nil, n))
	}
	if t.classes == nil {
		t.classes = map[string]uint32{}
	}
	t.classes[name] = n
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
			for c, err := range (pages[Contact]{store: s, bucket: bContacts, prefix: be32(nil, seg), read: readContact}).all() {
				if !yield(c, err) {
					return
				}
			}
		}
	}
}
