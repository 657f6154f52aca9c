package contactdb

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// Search is what is looked for. All parts that are set must hold.
type Search struct {
	Phone  string            // E.164, or how it begins
	Words  []string          // each begins a word of the name, or the text as a whole is a value of the contact
	Values map[string]string // by field: what it is, accents and case aside
	Limit  int               // at most so many; 0: 20
}

// Found is what was found.
type Found struct {
	Contacts []Contact `json:"contacts"`
	More     bool      `json:"more"` // there may be more than Limit
}

// FindContacts looks contacts up by number, name or value of a field, through
// indexes: some milliseconds among millions.
func (s *Store) FindContacts(q Search) (Found, error) {
	f := &finding{q: q, seen: map[uint64]bool{}, out: Found{Contacts: []Contact{}}}
	if f.limit = q.Limit; f.limit <= 0 {
		f.limit = 20
	}
	for _, w := range q.Words {
		f.words = append(f.words, strings.Fields(fold(w))...)
	}
	f.whole = strings.Join(f.words, " ")
	err := s.view("find contacts", func(t *tx) error { return f.run(t) })
	return f.out, err
}

type finding struct {
	q     Search
	limit int
	words []string
	whole string
	seen  map[uint64]bool
	out   Found
}

// span of terms that a contact must have one of.
type terms struct {
	from, end uint64
	loose     []place // who has one by an entry of its own
}

func (f *finding) run(t *tx) error {
	if f.q.Phone != "" {
		return f.byPhone(t)
	}
	var must []terms
	for _, v := range f.q.Values {
		key := valueKey(fold(v))
		must = append(must, terms{from: key, end: key + 1})
	}
	if len(f.words) == 0 {
		return f.byTerms(t, must)
	}
	value := valueKey(f.whole)
	if err := f.byTerms(t, append(slices.Clip(must), terms{from: value, end: value + 1})); err != nil {
		return err
	}
	for _, w := range f.words {
		from, end := wordTerm(w)
		must = append(must, terms{from: from, end: end})
	}
	return f.byTerms(t, must)
}

func (f *finding) byPhone(t *tx) error {
	return t.each(bPhones, []byte(f.q.Phone), func(key, _ []byte) (bool, error) {
		at := key[len(key)-12:]
		return f.take(t, binary.BigEndian.Uint32(at), binary.BigEndian.Uint64(at[4:]))
	})
}

// byTerms finds the contacts that have a term of each span, run by run, and then
// among those that are indexed one by one. Who was imported and then changed has
// some terms here and some there.
func (f *finding) byTerms(t *tx, must []terms) error {
	if len(must) == 0 {
		return nil
	}
	for i := range must {
		must[i].loose = t.loose(must[i])
	}
	more := true
	err := t.each(bRuns, nil, func(run, value []byte) (bool, error) {
		if len(run) != 12 || len(value) != 8 {
			return false, errKeys(bRuns)
		}
		first := binary.BigEndian.Uint64(run[4:])
		have, err := f.inRun(t, run, int(binary.BigEndian.Uint64(value)-first+1), must)
		if err != nil {
			return false, err
		}
		for _, local := range have {
			if more, err = f.take(t, binary.BigEndian.Uint32(run), first+uint64(local)); err != nil || !more {
				return false, err
			}
		}
		return true, nil
	})
	if err != nil || !more {
		return err
	}
	return f.inLoose(t, must)
}

// inRun is the places in a run that have a term of each span.
func (f *finding) inRun(t *tx, run []byte, size int, must []terms) ([]uint32, error) {
	for _, m := range must {
		if few, ok, err := m.few(t, run, size); err != nil || ok {
			return few, err
		}
	}
	var both []uint64
	for i, m := range must {
		have, any := make([]uint64, size/64+1), false
		add := func(local uint32) bool {
			if int(local) < size && (i == 0 || both[local/64]&(1<<(local%64)) != 0) {
				have[local/64] |= 1 << (local % 64)
				any = true
			}
			return true
		}
		err := t.inRun(run, m.from, m.end, add)
		m.looseIn(run, size, add)
		if err != nil || !any {
			return nil, err
		}
		both = have
	}
	var all []uint32
	for w, word := range both {
		for b := uint32(0); word != 0; b, word = b+1, word>>1 {
			if word&1 != 0 {
				all = append(all, uint32(w)*64+b)
			}
		}
	}
	return all, nil
}

// fewEnough is how many contacts of a run are rather read and compared than
// held against those of the other spans: a rare name beside a common one.
const fewEnough = 64

// few are the places of a run in a span, if they are few.
func (m *terms) few(t *tx, run []byte, size int) (all []uint32, ok bool, err error) {
	add := func(local uint32) bool {
		if int(local) < size {
			all = append(all, local)
		}
		return len(all) <= fewEnough
	}
	if err := t.inRun(run, m.from, m.end, add); err != nil {
		return nil, false, err
	}
	m.looseIn(run, size, add)
	slices.Sort(all)
	return slices.Compact(all), len(all) <= fewEnough, nil
}

// mostLoose bounds how many entries of single contacts are looked at for one span.
const mostLoose = 200_000

// loose are the contacts that have an entry of their own in a span, in order.
func (t *tx) loose(m terms) (all []place) {
	c := t.cursor(bLoose)
	for k, _ := c.Seek(be64(nil, m.from)); len(k) == 20 && binary.BigEndian.Uint64(k) < m.end && len(all) < mostLoose; k, _ = c.Next() {
		all = append(all, place{seg: binary.BigEndian.Uint32(k[8:]), id: binary.BigEndian.Uint64(k[12:])})
	}
	slices.SortFunc(all, comparePlaces)
	return slices.Compact(all)
}

func comparePlaces(a, b place) int { return cmp.Or(cmp.Compare(a.seg, b.seg), cmp.Compare(a.id, b.id)) }

// looseIn calls f, until it returns false, for those of them that were imported
// with a run.
func (m *terms) looseIn(run []byte, size int, f func(local uint32) bool) {
	seg, first := binary.BigEndian.Uint32(run), binary.BigEndian.Uint64(run[4:])
	i, _ := slices.BinarySearchFunc(m.loose, place{seg: seg, id: first}, comparePlaces)
	for ; i < len(m.loose) && m.loose[i].seg == seg && m.loose[i].id < first+uint64(size); i++ {
		if !f(uint32(m.loose[i].id - first)) {
			return
		}
	}
}

// inLoose takes those of whom every span has an entry.
func (f *finding) inLoose(t *tx, must []terms) error {
	for _, p := range must[0].loose {
		all := true
		for _, m := range must[1:] {
			_, has := slices.BinarySearchFunc(m.loose, p, comparePlaces)
			all = all && has
		}
		if !all {
			continue
		}
		if more, err := f.take(t, p.seg, p.id); err != nil || !more {
			return err
		}
	}
	return nil
}

// take reads a contact that was proposed, and keeps it if it is what is looked
// for; it says whether to go on.
func (f *finding) take(t *tx, seg uint32, id uint64) (bool, error) {
	if f.seen[id] || t.get(bTrash, be32(nil, seg)) != nil {
		return true, nil
	}
	c, found, err := t.contact(seg, id)
	if err != nil || !found || !f.fits(&c) {
		return err == nil, err
	}
	f.seen[id] = true
	if len(f.out.Contacts) == f.limit {
		f.out.More = true
		return false, nil
	}
	f.out.Contacts = append(f.out.Contacts, c)
	return true, nil
}

func (f *finding) fits(c *Contact) bool {
	if p := f.q.Phone; p != "" && !slices.ContainsFunc(c.AllNumbers(), func(n Number) bool { return strings.HasPrefix(n.Phone, p) }) {
		return false
	}
	for field, value := range f.q.Values {
		if !c.hasValue(field, fold(value)) {
			return false
		}
	}
	if len(f.words) == 0 || c.hasValue("", f.whole) {
		return true
	}
	names := strings.Fields(fold(c.Name + " " + c.FirstName + " " + c.LastName))
	for _, w := range f.words {
		if !slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, w) }) {
			return false
		}
	}
	return true
}

// hasValue says whether a field ("" for any) has a value, both folded.
func (c *Contact) hasValue(field, value string) bool {
	known := map[string][]string{"email": {c.Email}, "city": {c.City}, "external_id": {c.ExternalID}, "client": {c.Client}, "tag": c.Tags, "tags": c.Tags,
		"name": {c.Name}, "first_name": {c.FirstName}, "last_name": {c.LastName}}
	is := func(v string) bool { return fold(v) == value }
	if field == "" {
		for _, all := range known {
			if slices.ContainsFunc(all, is) {
				return true
			}
		}
	} else if slices.ContainsFunc(known[strings.ReplaceAll(fold(field), " ", "_")], is) {
		return true
	}
	for name, v := range c.Fields {
		if (field == "" || fold(name) == fold(field)) && is(v) {
			return true
		}
	}
	return false
}
