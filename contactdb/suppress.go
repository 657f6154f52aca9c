package contactdb

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// OwnList is the do-not-call list of those who asked this centre itself.
const OwnList = "own"

// Target is a call that may be placed, as do-not-call lists see it.
type Target struct {
	Phone            string
	Contact          uint64 // 0: not known; entries by contact do not count
	Campaign, Client string
}

// covers says whether entries of a scope count for the call.
func (g Target) covers(scope string) bool {
	kind, name, _ := strings.Cut(scope, ":")
	switch kind {
	case "client":
		return name == g.Client
	case "campaign":
		return name == g.Campaign
	}
	return true
}

// ParseScope says what is wrong with a scope, nil if nothing is.
func ParseScope(scope string) error {
	kind, name, named := strings.Cut(scope, ":")
	if scope == "" || named && name != "" && len(name) <= 100 && (kind == "client" || kind == "campaign") && !strings.ContainsRune(scope, 0) {
		return nil
	}
	return fmt.Errorf("scope %q: write client:NAME or campaign:NAME, or leave it out for every call", scope)
}

// dncKey is subject, list and scope of an entry; of the own list's entries for
// every call, the subject alone.
func dncKey(e Suppression) []byte {
	key := e.subject()
	if e.List == OwnList && e.Scope == "" {
		return key
	}
	key = append(append(key, 0), e.List...)
	return append(append(key, 0), e.Scope...)
}

// subject of an entry; no subject begins with another and a zero byte.
func (e Suppression) subject() []byte {
	switch {
	case e.Prefix != "":
		return []byte("p" + e.Prefix)
	case e.Contact != 0:
		return contactSubject(e.Contact)
	case strings.HasPrefix(e.Phone, erasedText): // stays in its place of a number
		return []byte("e" + e.Phone[len(erasedText):])
	}
	return []byte(e.Phone)
}

func contactSubject(id uint64) []byte { return fmt.Appendf(nil, "c%016x", id) }

// tidy puts an entry into the form in which it is kept.
func (e *Suppression) tidy() error {
	subjects := 0
	for _, given := range []bool{e.Phone != "", e.Prefix != "", e.Contact != 0} {
		if given {
			subjects++
		}
	}
	switch {
	case subjects != 1 || len(e.Phone) > 64 || strings.ContainsRune(e.Phone, 0):
		return fmt.Errorf("suppress %q: an entry has one phone number of 1 to 64 characters, one prefix, or one contact", e.Phone+e.Prefix)
	case e.Prefix != "" && !isPrefix(e.Prefix):
		return fmt.Errorf("suppress prefix %q: a prefix is + and 1 to 14 digits", e.Prefix)
	case len(e.List) > 100 || strings.ContainsRune(e.List, 0):
		return fmt.Errorf("suppress on list %q: the name of a do-not-call list has at most 100 characters", e.List)
	}
	e.List = cmp.Or(e.List, OwnList)
	e.AddedAt, e.Expires = e.AddedAt.UTC(), e.Expires.UTC()
	return ParseScope(e.Scope)
}

func isPrefix(s string) bool {
	if len(s) < 2 || len(s) > 15 || s[0] != '+' {
		return false
	}
	return strings.Trim(s[1:], "0123456789") == ""
}

// expired says that an entry was for a time, and that is over.
func (e *Suppression) expired(now time.Time) bool {
	return !e.Expires.IsZero() && !now.Before(e.Expires)
}

// dncIndex is what decides on many calls and is small: it is kept in memory.
type dncIndex struct {
	changes   uint64 // value of kDNC that it was read at
	registers []registerRow
	prefixes  map[string][]Suppression
	lengths   []int // of the prefixes
	contacts  bool  // there are entries by contact
	erased    bool  // there are entries by digest, of persons who were erased
}

// dncCache holds the index as last committed. A transaction that has changed
// it reads its own.
type dncCache struct{ committed atomic.Pointer[dncIndex] }

// dncIndex of the transaction's view.
func (t *tx) dncIndex() (*dncIndex, error) {
	changes := uint64(0)
	if v := t.get(bMeta, kDNC); v != nil {
		changes = binary.BigEndian.Uint64(v)
	}
	if t.dncRead != nil && t.dncRead.changes == changes {
		return t.dncRead, nil
	}
	if x := t.dnc.committed.Load(); x != nil && x.changes == changes && !t.dncChanged {
		t.dncRead = x
		return x, nil
	}
	x := &dncIndex{changes: changes, prefixes: map[string][]Suppression{}}
	if err := t.readDNC(x); err != nil {
		return nil, err
	}
	t.dncRead = x
	if !t.dncChanged {
		t.dnc.committed.Store(x)
	}
	return x, nil
}

func (t *tx) readDNC(x *dncIndex) error {
	err := t.each(bRegisters, nil, func(_, value []byte) (bool, error) {
		var row registerRow
		err := decode(bRegisters, value, &row)
		x.registers = append(x.registers, row)
		return true, err
	})
	if err != nil {
		return err
	}
	key, _ := t.cursor(bDNC).Seek([]byte("c"))
	x.contacts = bytes.HasPrefix(key, []byte("c"))
	key, _ = t.cursor(bDNC).Seek([]byte("e"))
	x.erased = bytes.HasPrefix(key, []byte("e"))
	lengths := map[int]bool{}
	err = t.each(bDNC, []byte("p"), func(_, value []byte) (bool, error) {
		var e Suppression
		err := decode(bDNC, value, &e)
		x.prefixes[e.Prefix] = append(x.prefixes[e.Prefix], e)
		lengths[len(e.Prefix)] = true
		return true, err
	})
	x.lengths = slices.Sorted(maps.Keys(lengths))
	return err
}

// dncChange says that what the index holds has changed.
func (t *tx) dncChange() {
	changes := uint64(0)
	if v := t.get(bMeta, kDNC); v != nil {
		changes = binary.BigEndian.Uint64(v)
	}
	t.put(bMeta, kDNC, be64(nil, changes+1))
	t.dncChanged = true
}

// suppressed is the first entry in force that covers a call, nil if none does.
func (t *tx) suppressed(g Target, now time.Time) (first *Suppression, err error) {
	err = t.suppressions(g.Phone, g.Contact, func(e Suppression) bool {
		if g.covers(e.Scope) && !e.expired(now) {
			first = &e
		}
		return first == nil
	})
	return first, err
}

// suppressions names the entries of all scopes that a number or contact is
// covered by, those too that have expired, until f returns false.
func (t *tx) suppressions(phone string, contact uint64, f func(Suppression) bool) error {
	x, err := t.dncIndex()
	if err != nil {
		return err
	}
	more, err := t.entries([]byte(phone), f)
	if err != nil || !more {
		return err
	}
	if x.erased {
		if more, err = t.entries(Suppression{Phone: t.hidden(phone)}.subject(), f); err != nil || !more {
			return err
		}
	}
	if contact != 0 && x.contacts {
		if more, err = t.entries(contactSubject(contact), f); err != nil || !more {
			return err
		}
	}
	for _, n := range x.lengths {
		if n > len(phone) {
			break
		}
		for _, e := range x.prefixes[phone[:n]] {
			if !f(e) {
				return nil
			}
		}
	}
	for _, r := range x.registers {
		has, err := t.registered(r, phone)
		if err != nil || has && !f(r.entry(phone)) {
			return err
		}
	}
	return nil
}

// entries are the added ones of a subject; it says whether to go on.
func (t *tx) entries(subject []byte, f func(Suppression) bool) (more bool, err error) {
	c := t.cursor(bDNC)
	for key, value := c.Seek(subject); key != nil && bytes.HasPrefix(key, subject); key, value = c.Next() {
		if len(key) > len(subject) && key[len(subject)] != 0 {
			break
		}
		var e Suppression
		if err := decode(bDNC, value, &e); err != nil {
			return false, err
		}
		e.List = cmp.Or(e.List, OwnList)
		if !f(e) {
			return false, nil
		}
	}
	return true, nil
}

// suppress adds a tidy entry and says whether it is new; an earlier one stays
// as the evidence of when the wish was first known, unless it has expired.
func (t *tx) suppress(e Suppression) (bool, error) {
	key := dncKey(e)
	var old Suppression
	found, err := t.load(bDNC, key, &old)
	if err != nil || found && !old.expired(e.AddedAt) {
		return false, err
	}
	t.save(bDNC, key, e)
	if e.Phone == "" {
		t.dncChange()
	}
	return true, nil
}

// suppressStep is how many entries one transaction adds.
const suppressStep = 10_000

// Suppress adds do-not-call entries; when it returns, no lease gives these
// numbers. added counts the new ones; an entry that is there already is kept as
// it is. A large file goes in by parts: after an error the parts before it stay.
func (s *Store) Suppress(ctx context.Context, entries iter.Seq2[Suppression, error]) (added int, err error) {
	var part []Suppression
	flush := func() error {
		n, err := s.suppressPart(ctx, part)
		added, part = added+n, part[:0]
		return err
	}
	for entry, err := range entries {
		if err == nil {
			err = entry.tidy()
		}
		if err != nil {
			return added, err
		}
		if part = append(part, entry); len(part) == suppressStep {
			if err := flush(); err != nil {
				return added, err
			}
		}
	}
	return added, flush()
}

// suppressPart adds entries in the order of their keys: neighbours share pages.
func (s *Store) suppressPart(ctx context.Context, part []Suppression) (added int, err error) {
	if len(part) == 0 {
		return 0, ctx.Err()
	}
	slices.SortStableFunc(part, func(a, b Suppression) int { return bytes.Compare(a.subject(), b.subject()) })
	err = s.write(ctx, "suppress", func(t *tx) error {
		added = 0
		for _, entry := range part {
			new, err := t.suppress(entry)
			if err != nil {
				return err
			}
			if new {
				added++
			}
		}
		return nil
	})
	if err != nil {
		added = 0
	}
	return added, err
}

// Unsuppress removes the entry with this subject, list and scope, and returns
// it; ErrNotFound. Campaigns that passed over its contacts consider them again.
func (s *Store) Unsuppress(e Suppression) (was Suppression, err error) {
	if err := e.tidy(); err != nil {
		return was, err
	}
	err = s.update("unsuppress", func(t *tx) error {
		found, err := t.load(bDNC, dncKey(e), &was)
		key := dncKey(e)
		if err == nil && !found && e.Phone != "" { // of one who was erased, only a digest stays
			hidden := e
			hidden.Phone = t.hidden(e.Phone)
			key = dncKey(hidden)
			found, err = t.load(bDNC, key, &was)
		}
		if err == nil && !found {
			err = fmt.Errorf("do-not-call entry: %w", ErrNotFound)
		}
		if err != nil {
			return err
		}
		was.List = cmp.Or(was.List, OwnList)
		t.delete(bDNC, key)
		if e.Phone == "" { // whom it covered nobody knows
			t.dncChange()
			return t.resetScope(e.Scope)
		}
		return t.visible(e.Phone, func(seg uint32, id uint64) error {
			c, found, err := t.contact(seg, id)
			if err != nil || !found {
				return err
			}
			class := t.class(&c)
			return t.replaced(place{seg, class, id}, class)
		})
	})
	return was, err
}

// resetScope makes the campaigns that a scope may concern begin their walk anew.
func (t *tx) resetScope(scope string) error {
	kind, name, _ := strings.Cut(scope, ":")
	return t.each(bCampaigns, nil, func(_, value []byte) (bool, error) {
		var row campaignRow
		if err := decode(bCampaigns, value, &row); err != nil {
			return false, err
		}
		if kind != "campaign" || row.Name == name {
			t.reset(row.ID)
		}
		return true, nil
	})
}

// Suppressed returns the entry that keeps a call from being placed at an
// instant, nil if there is none.
func (s *Store) Suppressed(g Target, now time.Time) (entry *Suppression, err error) {
	err = s.view("suppressed", func(t *tx) (err error) {
		entry, err = t.suppressed(g, now)
		return err
	})
	return entry, err
}

// SuppressedBy returns every entry of every list and scope that covers a
// number, or the contacts that have it; those too that have expired.
func (s *Store) SuppressedBy(phone string) (all []Suppression, err error) {
	all = []Suppression{}
	err = s.view("suppressed", func(t *tx) error {
		all = all[:0]
		keep := func(e Suppression) bool { all = append(all, e); return true }
		if err := t.suppressions(phone, 0, keep); err != nil {
			return err
		}
		return t.visible(phone, func(_ uint32, id uint64) error {
			_, err := t.entries(contactSubject(id), keep)
			return err
		})
	})
	return all, err
}

// AddedSuppressions walks the entries that were added one by one.
func (s *Store) AddedSuppressions() iter.Seq2[Suppression, error] {
	read := func(_ *tx, _, value []byte) (e Suppression, keep bool, err error) {
		err = decode(bDNC, value, &e)
		e.List = cmp.Or(e.List, OwnList)
		return e, true, err
	}
	return pages[Suppression]{store: s, bucket: bDNC, read: read}.all()
}

// Suppressions walks the entries of a do-not-call list, of all lists if it is
// "": first those that were added one by one, then those of registers.
func (s *Store) Suppressions(list string) iter.Seq2[Suppression, error] {
	return func(yield func(Suppression, error) bool) {
		for e, err := range s.AddedSuppressions() {
			if err == nil && list != "" && e.List != list {
				continue
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
		rows, err := s.registerRows()
		if err != nil {
			yield(Suppression{}, err)
			return
		}
		for _, r := range rows {
			if list == "" || list == r.Name {
				for e, err := range s.numbersOf(r) {
					if !yield(e, err) || err != nil {
						return
					}
				}
			}
		}
	}
}
