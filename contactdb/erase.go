package contactdb

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Erasure is a person's wish to be forgotten (GDPR article 17), by one of
// their numbers.
type Erasure struct {
	Phone  string
	Reason string // of the do-not-call entry that stays
	Source string
	Now    time.Time
	// KeepNumber leaves the number itself on the do-not-call list. Otherwise a
	// digest of it stays under the store's key: it is not dialed after the next
	// import either, and the list shows nothing of it. (Article 17(3)(b) and
	// 21(3): to honour the wish, something must stay to know it by.)
	KeepNumber bool
}

// Erased says what an erasure removed and what stays.
type Erased struct {
	Phones   []string `json:"phones"`       // that were the person's
	Lists    []string `json:"lists"`        // in which the person was
	Contacts int      `json:"contacts"`     // removed
	Records  int      `json:"records"`      // call records whose personal fields are digests now
	Kept     int      `json:"records_kept"` // of a version before there were digests: to change them would break their chain
	// Moved are contacts that had the number until an import gave them others: they
	// stay, as only a person can tell whether they are the same one.
	Moved   []Moved `json:"moved,omitempty"`
	Entries int     `json:"audit_entries"` // of the audit trail, as the records
	Rejects int     `json:"rejected_rows"` // of files of rows that imports refused; the caller's
	// Recordings are the files of the person's calls, within the data
	// directory: their removal is the caller's.
	Recordings []string `json:"recordings"`
}

// Moved is a contact that has other numbers now.
type Moved struct {
	Contact uint64 `json:"contact_id"`
	List    string `json:"list"`
	Phone   string `json:"phone"` // its first number now
}

// digestSize is how much of a number's HMAC stands for it: enough that no two do.
const digestSize = 16

// hidden is what stands on the do-not-call list for the number of a person who
// was erased. Without the store's key nobody can tell which number it is.
func (t *tx) hidden(phone string) string {
	mac := hmac.New(sha256.New, t.get(bMeta, kSecret))
	mac.Write([]byte("do-not-call:" + phone))
	return fmt.Sprintf("%s%x", erasedText, mac.Sum(nil)[:digestSize])
}

// forgotten is the digest of a number whose person was erased and has not come
// back since; "" for others. To look for somebody who was erased must not write
// their number down again.
func (t *tx) forgotten(phone string) (hidden string, err error) {
	x, err := t.dncIndex()
	if err != nil || !x.erased || phone == "" {
		return "", err
	}
	hidden = t.hidden(phone)
	if t.get(bDNC, dncKey(Suppression{Phone: hidden, List: OwnList})) == nil {
		return "", nil
	}
	err = t.visible(phone, func(uint32, uint64) error { hidden = ""; return nil })
	return hidden, err
}

// Erase forgets a person: the contacts with the number, in every list, with
// all their numbers; what call records, verdicts and the audit trail say of
// them; rows of imports that were cut off, and what imports have replaced. The
// chains verify as before. ErrState while a number is in a call, or an import under
// way brings it. A number that nobody has is erased too: there may be records of it.
//
// The journal holds nothing of the person either. What was written to the file
// before stays in its free pages until they are used again: Compact leaves them out.
func (s *Store) Erase(ctx context.Context, e Erasure) (gone Erased, err error) {
	importing := !s.bulk.TryLock() // else none begins meanwhile
	if !importing {
		defer s.bulk.Unlock()
	}
	left, err := s.leftovers([]string{e.Phone})
	if err != nil {
		return gone, err
	}
	if importing && len(left.staged) > 0 {
		return gone, fmt.Errorf("erase: %w", s.underWay(left))
	}
	err = s.writeClean(ctx, "erase", func(t *tx) error {
		gone = Erased{Phones: []string{e.Phone}, Lists: []string{}, Recordings: []string{}}
		said, err := t.eraseContacts(&gone)
		if err != nil {
			return err
		}
		if err := t.eraseLeftovers(left, &gone); err != nil {
			return err
		}
		for _, p := range left.phones {
			if !slices.Contains(gone.Phones, p) {
				gone.Phones = append(gone.Phones, p)
			}
		}
		for _, phone := range gone.Phones {
			if id := t.get(bCalling, []byte(phone)); id != nil {
				return fmt.Errorf("%w: the number is in call %s; wait for its end", ErrState, id)
			}
			if err := t.eraseNumber(phone, e, &gone, said); err != nil {
				return err
			}
		}
		return nil
	})
	return gone, err
}

// Recordings are the recordings of a person's calls, by any number of the
// contacts that have this one, within the data directory. ErrState while a
// number is in a call: Erase would refuse, so nothing is to be removed yet.
func (s *Store) Recordings(phone string) (paths []string, err error) {
	err = s.view("recordings", func(t *tx) error {
		phones, err := t.numbersOf(phone)
		if err != nil {
			return err
		}
		for _, p := range phones {
			if id := t.get(bCalling, []byte(p)); id != nil {
				return fmt.Errorf("%w: the number is in call %s; wait for its end", ErrState, id)
			}
			err := t.recordsOf(p, func(_ uint64, r Record) error {
				if r.Recording != "" {
					paths = append(paths, r.Recording)
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return paths, err
}

// numbersOf are a number and the others of the contacts that have it.
func (t *tx) numbersOf(phone string) ([]string, error) {
	all := []string{phone}
	err := t.visible(phone, func(seg uint32, id uint64) error {
		c, found, err := t.contact(seg, id)
		if found {
			for _, n := range c.AllNumbers() {
				if !slices.Contains(all, n.Phone) {
					all = append(all, n.Phone)
				}
			}
		}
		return err
	})
	return all, err
}

// recordsOf walks the call records of a number.
func (t *tx) recordsOf(phone string, f func(place uint64, r Record) error) error {
	prefix := append([]byte(phone), 0)
	return t.each(bRecordPhones, prefix, func(key, _ []byte) (bool, error) {
		var r Record
		place := key[len(key)-8:]
		found, err := t.load(bRecords, place, &r)
		if err == nil && !found {
			err = fmt.Errorf("%w: the number index names a record that is not there", ErrDamaged)
		}
		if err != nil {
			return false, err
		}
		return true, f(binary.BigEndian.Uint64(place), r)
	})
}

// eraseContacts removes the contacts of a number from all lists, and adds their
// other numbers to those that are erased; it gives them.
func (t *tx) eraseContacts(gone *Erased) (said []Contact, err error) {
	phone := gone.Phones[0]
	if gone.Phones, err = t.numbersOf(phone); err != nil {
		return nil, err
	}
	type found struct {
		seg uint32
		id  uint64
	}
	var all []found
	if err := t.visible(phone, func(seg uint32, id uint64) error { all = append(all, found{seg, id}); return nil }); err != nil {
		return nil, err
	}
	for _, at := range all {
		c, ok, err := t.contact(at.seg, at.id)
		if err != nil || !ok {
			return nil, err
		}
		if err := t.removeContact(at.seg, c); err != nil {
			return nil, err
		}
		t.eraseByContact(c.ID)
		said = append(said, c)
		gone.Contacts++
		if !slices.Contains(gone.Lists, c.List) {
			gone.Lists = append(gone.Lists, c.List)
		}
	}
	return said, nil
}

// underWay says into which list an import brings the person.
func (s *Store) underWay(left leftovers) error {
	list := ""
	err := s.view("imports", func(t *tx) error {
		list = string(t.get(bTrash, be32(nil, left.staged[0].seg)))
		return nil
	})
	return cmp.Or(err, errUnderWay(list))
}

// removeContact takes a contact out of its list and all indexes.
func (t *tx) removeContact(seg uint32, c Contact) error {
	list, err := t.list(c.List)
	if err != nil {
		return err
	}
	camps, err := t.campaignIDs()
	if err != nil {
		return err
	}
	if err := t.takeOut(&list, camps, seg, c); err != nil {
		return err
	}
	t.unindexTerms(&c, seg, nil)
	t.save(bLists, []byte(list.Name), list)
	return nil
}

// takeOut removes a contact but for its terms in the search index; the list is
// to be saved.
func (t *tx) takeOut(list *listRow, camps []uint32, seg uint32, c Contact) error {
	p := place{seg, t.class(&c), c.ID}
	for _, camp := range camps {
		st, found, err := t.state(camp, c.ID)
		if err != nil {
			return err
		}
		if found {
			if st.Live != "" {
				return fmt.Errorf("%w: contact %d is in call %s; wait for its end", ErrState, c.ID, st.Live)
			}
			t.setPromise(camp, p, &st, nil, 0) // out of both queues
			t.delete(bProgress, progressKey(camp, c.ID))
		}
	}
	t.unindexKeys(&c, seg)
	t.displace(&c, seg, p.class)
	if err := t.forgetBefore(seg, c.ID); err != nil {
		return err
	}
	t.delete(bFresh, freshKey(seg, p.class, c.ID))
	t.delete(bContacts, contactKey(seg, c.ID))
	list.count(p.class, c.clocks(), -1)
	return nil
}

// eraseNumber takes a number out of all that is kept by number; whose it was are
// said.
func (t *tx) eraseNumber(phone string, e Erasure, gone *Erased, said []Contact) error {
	var places []uint64
	var ids [][]byte
	err := t.recordsOf(phone, func(place uint64, r Record) error {
		places, ids = append(places, place), append(ids, []byte(r.ID))
		if r.Recording != "" {
			gone.Recordings = append(gone.Recordings, r.Recording)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, place := range places {
		erased, err := t.erase(&records, place, nil)
		if err != nil {
			return err
		}
		if !erased {
			gone.Kept++
			continue
		}
		gone.Records++
		t.delete(bRecordPhones, recordPhoneKey(phone, place))
		t.delete(bEvidence, ids[i])
	}
	entries, err := t.eraseAudit(phone)
	gone.Entries += entries
	if err != nil {
		return err
	}
	t.delete(bTries, []byte(phone))
	return t.hide(phone, e, said)
}

// hide puts the number on the do-not-call list as it is to stay there. An
// earlier entry of the own lists goes into it: its date stays, and its reason
// unless that says who it was.
func (t *tx) hide(phone string, e Erasure, said []Contact) error {
	stays := Suppression{Phone: phone, List: OwnList, Reason: e.Reason, Source: e.Source, AddedAt: e.Now.UTC()}
	if !e.KeepNumber {
		stays.Phone = t.hidden(phone)
		var keys [][]byte
		err := t.each(bDNC, []byte(phone), func(key, value []byte) (bool, error) {
			if len(key) > len(phone) && key[len(phone)] != 0 {
				return false, nil
			}
			var old Suppression
			if err := decode(bDNC, value, &old); err != nil {
				return false, err
			}
			keys = append(keys, bytes.Clone(key))
			if old.AddedAt.Before(stays.AddedAt) && old.Scope == "" {
				stays.AddedAt = old.AddedAt
				named := func(c Contact) bool { return c.speaksOf(old.Reason) }
				if slices.ContainsFunc(append(slices.Clip(said), Contact{Phone: phone}), named) {
					return true, nil
				}
				stays.Reason = strings.TrimPrefix(old.Reason+", "+e.Reason, ", ")
			}
			return true, nil
		})
		if err != nil {
			return err
		}
		for _, key := range keys {
			t.delete(bDNC, key)
		}
	}
	if _, err := t.suppress(stays); err != nil {
		return err
	}
	t.dncChange()
	return nil
}
