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
	found, err = t.load(bContacts, contactKey(seg, id), &c)
	return c, found, err
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

// ContactsByPhone returns every contact with this number, over all lists.
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
// ErrExists if another contact of the list has the number. A contact stays in
// its list.
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
		if err := t.numberFree(list, put); err != nil {
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

// tidyContact puts a contact into the form in which it is kept.
func tidyContact(c Contact) (Contact, error) {
	if c.Phone == "" || len(c.Phone) > 64 {
		return c, fmt.Errorf("contact %q: a phone number has 1 to 64 characters", c.Name)
	}
	c.Zones = slices.Compact(slices.Sorted(slices.Values(c.Zones)))
	c.ImportedAt = c.ImportedAt.UTC()
	return c, nil
}

// numberFree says with ErrExists that another contact of the list has the
// number, or gets it by an import that is under way.
func (t *tx) numberFree(list listRow, c Contact) error {
	return t.holders(c.Phone, func(seg uint32, id uint64) (bool, error) {
		staged := string(t.get(bTrash, be32(nil, seg))) == list.Name
		if id != c.ID && (staged || slices.Contains(list.Segments, seg)) {
			return false, fmt.Errorf("list %q: %w: contact %d has the same number", list.Name, ErrExists, id)
		}
		return true, nil
	})
}

// addContact gives a contact its id and puts it into the list's last segment.
func (t *tx) addContact(list *listRow, c *Contact) {
	c.ID, c.List = t.next(bContacts), list.Name
	if len(list.Segments) == 0 {
		list.Segments = append(list.Segments, uint32(t.next(bSegments)))
	}
	seg, class := list.Segments[len(list.Segments)-1], t.class(c.Zones)
	t.save(bContacts, contactKey(seg, c.ID), c)
	t.put(bPhones, phoneKey(c.Phone, seg, c.ID), []byte{})
	t.put(bFresh, freshKey(seg, class, c.ID), []byte{})
	list.count(class, c.Zones, 1)
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
		t.save(bContacts, contactKey(seg, c.ID), c)
		t.delete(bPhones, phoneKey(old.Phone, seg, c.ID))
		t.put(bPhones, phoneKey(c.Phone, seg, c.ID), []byte{})
		from, to := t.class(old.Zones), t.class(c.Zones)
		if from != to {
			t.delete(bFresh, freshKey(seg, from, c.ID))
			t.put(bFresh, freshKey(seg, to, c.ID), []byte{})
			list.count(from, old.Zones, -1)
			list.count(to, c.Zones, 1)
		}
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
	return t.cursor(camp, p.seg, from) >= p.id || t.cursor(camp, p.seg, p.class) >= p.id
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
func (s *Store) Candidate(campaign string, c Contact, now time.Time) (cand Candidate, err error) {
	err = s.view("candidate", func(t *tx) error {
		camp, err := t.knownCampaign(campaign)
		if err != nil {
			return err
		}
		st, _, err := t.state(camp, c.ID)
		if err != nil {
			return err
		}
		cand, err = t.candidate(c, st, now)
		return err
	})
	return cand, err
}

// Candidates walks every contact of the lists as the campaign's rules see it,
// in one consistent view. For plan and why; Lease does not scan. The loop's
// body runs inside a read transaction: pages that others free meanwhile are
// not used again before it ends.
func (s *Store) Candidates(campaign string, lists []string, now time.Time) iter.Seq2[Candidate, error] {
	return func(yield func(Candidate, error) bool) {
		stopped := false
		err := s.view("candidates", func(t *tx) error {
			return t.candidates(campaign, lists, now, func(c Candidate) bool {
				stopped = !yield(c, nil)
				return !stopped
			})
		})
		if err != nil && !stopped {
			yield(Candidate{}, err)
		}
	}
}

func (t *tx) candidates(campaign string, lists []string, now time.Time, f func(Candidate) bool) error {
	camp, err := t.knownCampaign(campaign)
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
			err := t.each(bContacts, be32(nil, list.Segments[i]), func(_, value []byte) (bool, error) {
				c, _, err := readContact(t, nil, value)
				if err != nil {
					return false, err
				}
				st, _, err := t.state(camp, c.ID)
				if err != nil {
					return false, err
				}
				cand, err := t.candidate(c, st, now)
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
func (t *tx) candidate(c Contact, st state, now time.Time) (Candidate, error) {
	cand := Candidate{Contact: c, Progress: st.Progress, Leased: t.get(bCalling, []byte(c.Phone)) != nil}
	cand.NumberTries = recentTries(t.get(bTries, []byte(c.Phone)), now)
	var err error
	cand.Suppressed, err = t.suppressed(c.Phone)
	return cand, err
}
