package contactdb

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"time"
)

func contactKey(seg uint32, id uint64) []byte { return be64(be32(nil, seg), id) }

// phoneKey ends the number with a zero byte, so that no number is the prefix of another.
func phoneKey(phone string, seg uint32, id uint64) []byte {
	return be64(be32(append([]byte(phone), 0), seg), id)
}

func progressKey(camp uint32, contact uint64) []byte { return be64(be32(nil, camp), contact) }

func freshKey(seg, class uint32, contact uint64) []byte {
	return be64(be32(be32(nil, seg), class), contact)
}

func (t *tx) contact(seg uint32, id uint64) (c Contact, found bool, err error) {
	key := contactKey(seg, id)
	value := t.get(bContacts, key)
	if value == nil {
		return c, false, nil
	}
	c, _, err = readContact(t, key, value)
	return c, true, err
}

// holders names the contacts that have a number, until f returns false; those
// of unseen segments too.
func (t *tx) holders(phone string, f func(seg uint32, id uint64) (bool, error)) error {
	prefix := append([]byte(phone), 0)
	return t.each(bPhones, prefix, func(key, _ []byte) (bool, error) {
		if len(key) != len(prefix)+12 {
			return false, errKeys(bPhones)
		}
		key = key[len(prefix):]
		return f(binary.BigEndian.Uint32(key), binary.BigEndian.Uint64(key[4:]))
	})
}

// visible names the contacts that have a number and can be seen.
func (t *tx) visible(phone string, f func(seg uint32, id uint64) error) error {
	return t.holders(phone, func(seg uint32, id uint64) (bool, error) {
		if t.get(bTrash, be32(nil, seg)) != nil {
			return true, nil
		}
		return true, f(seg, id)
	})
}

// ContactsByPhone returns every contact that has this number among its own, over
// all lists: the person, and who shares the number with them.
func (s *Store) ContactsByPhone(phone string) ([]Contact, error) {
	all := []Contact{}
	err := s.view("contacts by phone", func(t *tx) error {
		return t.visible(phone, func(seg uint32, id uint64) error {
			c, found, err := t.contact(seg, id)
			if found {
				all = append(all, c)
			}
			return err
		})
	})
	return all, err
}

// PutContact adds a contact (ID 0) or replaces one; returns it with its ID.
// ErrNotFound if the list (or the contact with this ID in it) is not there,
// ErrExists if another contact of the list is the same person: it has the
// external id, or the same first number without both having external ids. A
// contact stays in its list.
func (s *Store) PutContact(c Contact, now time.Time) (Contact, error) {
	var put Contact
	err := s.update("put contact", func(t *tx) (err error) {
		if put, err = tidyContact(c); err != nil {
			return err
		}
		list, err := t.list(c.List)
		if err != nil {
			return err
		}
		if err := t.free(list, put); err != nil {
			return err
		}
		if put.ID == 0 {
			put.ImportedAt = now.UTC()
			t.addContact(&list, &put)
		} else if err := t.replaceContact(&list, put); err != nil {
			return err
		}
		t.save(bLists, []byte(list.Name), list)
		return nil
	})
	return put, err
}

// holdsFirst is the value of an entry in the index of numbers when the number
// is the contact's first: who else has it first, without an external id to tell
// them apart, is the same person.
var holdsFirst = []byte{}

// free says with ErrExists that another contact of the list, or one that an
// import under way brings, is the same person.
func (t *tx) free(list listRow, c Contact) error {
	id, err := t.same(func(seg uint32) bool {
		return slices.Contains(list.Segments, seg) || string(t.get(bTrash, be32(nil, seg))) == list.Name
	}, c)
	if err == nil && id != 0 {
		err = fmt.Errorf("list %q: %w: contact %d has the same external id or number", list.Name, ErrExists, id)
	}
	return err
}

// same finds another contact of some segments that is the same person: it has
// the external id, or the same first number and not both have external ids.
// Zero if there is none.
func (t *tx) same(in func(seg uint32) bool, c Contact) (same uint64, err error) {
	if c.ExternalID != "" {
		_, id, err := t.external(func(seg uint32, _ uint64) bool { return in(seg) }, c.ExternalID)
		if err != nil || id != 0 && id != c.ID {
			return id, err
		}
	}
	err = t.firsts(c.Phone, func(seg uint32, id uint64) (bool, error) {
		if id == c.ID || !in(seg) {
			return true, nil
		}
		if c.ExternalID != "" {
			if o, _, err := t.contact(seg, id); err != nil || o.ExternalID != "" {
				return err == nil, err
			}
		}
		same = id
		return false, nil
	})
	return same, err
}

// firsts names the contacts that have a number as their first.
func (t *tx) firsts(phone string, f func(seg uint32, id uint64) (bool, error)) error {
	prefix := append([]byte(phone), 0)
	return t.each(bPhones, prefix, func(key, value []byte) (bool, error) {
		if len(key) != len(prefix)+12 {
			return false, errKeys(bPhones)
		}
		if len(value) > 0 {
			return true, nil
		}
		key = key[len(prefix):]
		return f(binary.BigEndian.Uint32(key), binary.BigEndian.Uint64(key[4:]))
	})
}

// external finds the contact that has an external id in one of the segments;
// id 0 if there is none.
func (t *tx) external(in func(seg uint32, id uint64) bool, external string) (seg uint32, id uint64, err error) {
	prefix := externalHash(external)
	err = t.each(bExternals, prefix, func(key, _ []byte) (bool, error) {
		s, n := binary.BigEndian.Uint32(key[8:]), binary.BigEndian.Uint64(key[12:])
		if !in(s, n) {
			return true, nil
		}
		c, found, err := t.contact(s, n)
		if err != nil || !found || c.ExternalID != external {
			return err == nil, err
		}
		seg, id = s, n
		return false, nil
	})
	return seg, id, err
}

// externalHash is the 64-bit FNV-1a hash of an external id: an entry of the
// index has the same length whatever the client's keys look like.
func externalHash(external string) []byte {
	return be64(nil, fnv1a(external))
}

func fnv1a[T string | []byte](text T) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

func externalKey(external string, seg uint32, id uint64) []byte {
	return be64(be32(externalHash(external), seg), id)
}

// addContact gives a contact its id and puts it into the list's last segment.
func (t *tx) addContact(list *listRow, c *Contact) {
	c.ID, c.List = t.next(bContacts), list.Name
	if len(list.Segments) == 0 {
		list.Segments = append(list.Segments, uint32(t.next(bSegments)))
	}
	seg, class := list.Segments[len(list.Segments)-1], t.class(c)
	t.putContact(seg, c)
	t.index(*c, seg)
	t.put(bFresh, freshKey(seg, class, c.ID), []byte{})
	list.count(class, c.clocks(), 1)
}

// index makes a contact found by each of its numbers and by its external id.
func (t *tx) index(c Contact, seg uint32) {
	t.indexKeys(&c, seg)
	t.indexTerms(&c, seg)
}

func (t *tx) indexKeys(c *Contact, seg uint32) {
	for i, n := range c.AllNumbers() {
		t.put(bPhones, phoneKey(n.Phone, seg, c.ID), numberPlace(i))
	}
	if c.ExternalID != "" {
		t.put(bExternals, externalKey(c.ExternalID, seg, c.ID), []byte{})
	}
}

func (t *tx) unindex(c Contact, seg uint32) {
	t.unindexKeys(&c, seg)
	t.unindexTerms(&c, seg, nil)
}

func (t *tx) unindexKeys(c *Contact, seg uint32) {
	for _, n := range c.AllNumbers() {
		t.delete(bPhones, phoneKey(n.Phone, seg, c.ID))
	}
	if c.ExternalID != "" {
		t.delete(bExternals, externalKey(c.ExternalID, seg, c.ID))
	}
}

// reindex gives a contact that was changed its place in the indexes; of its
// terms only those are touched that are new or gone.
func (t *tx) reindex(old, c *Contact, seg uint32) {
	phones := func(c *Contact) (all []string) {
		for _, n := range c.AllNumbers() {
			all = append(all, n.Phone)
		}
		return all
	}
	if old.ExternalID != c.ExternalID || !slices.Equal(phones(old), phones(c)) {
		t.unindexKeys(old, seg)
		t.indexKeys(c, seg)
	}
	had, has := old.termSet(), c.termSet()
	t.unindexTerms(old, seg, has)
	for key := range has {
		if !had[key] {
			t.put(bLoose, looseKey(key, seg, c.ID), []byte{})
		}
	}
}

// numberPlace is the value of an entry in the index of numbers.
func numberPlace(i int) []byte {
	if i == 0 {
		return holdsFirst
	}
	return []byte{byte(i)}
}

// replaceContact writes a contact over the one with its id and moves its index
// entries with it.
func (t *tx) replaceContact(list *listRow, c Contact) error {
	for _, seg := range list.Segments {
		old, found, err := t.contact(seg, c.ID)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		t.putContact(seg, &c)
		t.reindex(&old, &c, seg)
		from, to := t.class(&old), t.class(&c)
		if from != to {
			t.delete(bFresh, freshKey(seg, from, c.ID))
			t.put(bFresh, freshKey(seg, to, c.ID), []byte{})
			list.count(from, old.clocks(), -1)
			list.count(to, c.clocks(), 1)
		}
		t.rearrange(&old, &c, seg, from, to)
		return t.replaced(place{seg, to, c.ID}, from)
	}
	return fmt.Errorf("contact %d of list %q: %w", c.ID, list.Name, ErrNotFound)
}

// replaced gives every campaign a changed contact to judge again: what kept it
// from being called may have been in what changed.
func (t *tx) replaced(p place, from uint32) error {
	camps, err := t.campaignIDs()
	if err != nil {
		return err
	}
	for _, camp := range camps {
		st, found, err := t.state(camp, p.id)
		if err != nil {
			return err
		}
		if st.Due != 0 && from != p.class {
			t.delete(bDue, dueKey(camp, place{p.seg, from, p.id}, st.Due))
			t.put(bDue, dueKey(camp, p, st.Due), []byte{})
		}
		if !st.taken() && (found || t.passed(camp, p, from)) {
			t.setDue(camp, p, &st, reviveTime, true)
		}
	}
	return nil
}

// passed says whether a campaign's walk may have gone past a contact that has
// come into a class from another one.
func (t *tx) passed(camp uint32, p place, from uint32) bool {
	for _, class := range []uint32{from, p.class} {
		if isArranged(t.get(bCursors, cursorKey(camp, p.seg, class))) {
			return true // where it was, and whether it was passed, the order does not say any more
		}
	}
	return t.seenBy(camp, p.seg, from).has(p.id) || t.seenBy(camp, p.seg, p.class).has(p.id)
}

// Progress returns how far a campaign has come with a contact; the zero value
// if it has not begun.
func (s *Store) Progress(campaign string, contact uint64) (Progress, error) {
	var p Progress
	err := s.view("progress", func(t *tx) error {
		camp, err := t.campaign(campaign)
		if err != nil {
			return err
		}
		st, _, err := t.state(camp.ID, contact)
		p = st.Progress
		return err
	})
	return p, err
}

// Candidate returns what the rules of a campaign see of a contact now: the
// same view that Lease judges. A campaign that was never applied has no progress.
func (s *Store) Candidate(v Viewpoint, c Contact) (cand Candidate, err error) {
	err = s.view("candidate", func(t *tx) error {
		camp, err := t.knownCampaign(v.Campaign)
		if err != nil {
			return err
		}
		st, _, err := t.state(camp, c.ID)
		if err != nil {
			return err
		}
		cand, err = t.candidate(c, st, v)
		return err
	})
	return cand, err
}

// Candidates walks every contact of the lists as the campaign's rules see it,
// in one consistent view. For plan and why; Lease does not scan. The loop's
// body runs inside a read transaction: pages that others free meanwhile are
// not used again before it ends.
func (s *Store) Candidates(v Viewpoint, lists []string) iter.Seq2[Candidate, error] {
	return func(yield func(Candidate, error) bool) {
		stopped := false
		err := s.view("candidates", func(t *tx) error {
			return t.candidates(v, lists, func(c Candidate) bool {
				stopped = !yield(c, nil)
				return !stopped
			})
		})
		if err != nil && !stopped {
			yield(Candidate{}, err)
		}
	}
}

func (t *tx) candidates(v Viewpoint, lists []string, f func(Candidate) bool) error {
	camp, err := t.knownCampaign(v.Campaign)
	if err != nil {
		return err
	}
	more := true
	for _, name := range lists {
		list, err := t.list(name)
		if err != nil {
			return err
		}
		for i := 0; i < len(list.Segments) && more; i++ {
			err := t.each(bContacts, be32(nil, list.Segments[i]), func(key, value []byte) (bool, error) {
				c, _, err := readContact(t, key, value)
				if err != nil {
					return false, err
				}
				st, _, err := t.state(camp, c.ID)
				if err != nil {
					return false, err
				}
				cand, err := t.candidate(c, st, v)
				more = err == nil && f(cand)
				return more, err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// candidate puts together what the rules see.
func (t *tx) candidate(c Contact, st state, v Viewpoint) (Candidate, error) {
	cand := Candidate{Contact: c, Progress: st.Progress}
	first, err := t.sight(Number{Phone: c.Phone}, c.ID, v)
	if err != nil {
		return cand, err
	}
	cand.Suppressed, cand.NumberTries, cand.Leased = first.Suppressed, first.Tries, first.Leased || st.Live != ""
	for _, n := range c.Numbers {
		if n.Phone == c.Phone {
			continue
		}
		o, err := t.sight(n, c.ID, v)
		if err != nil {
			return cand, err
		}
		o.Leased = o.Leased || st.Live != "" // a person has one call at a time, on whichever number
		cand.Others = append(cand.Others, o)
	}
	return cand, nil
}

// sight is what the rules see of one number.
func (t *tx) sight(n Number, contact uint64, v Viewpoint) (s Sight, err error) {
	s = Sight{Number: n, Leased: t.get(bCalling, []byte(n.Phone)) != nil}
	s.Tries = recentTries(t.get(bTries, []byte(n.Phone)), v.Now)
	s.Suppressed, err = t.suppressed(Target{n.Phone, contact, v.Campaign, v.Client}, v.Now)
	return s, err
}
