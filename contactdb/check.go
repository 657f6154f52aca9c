package contactdb

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Check proves the store's own rules: every index entry has its row and every
// row its entries; no number is in two live attempts; every settled attempt
// has one record; tallies equal the sum of the records; the chain verifies.
// It reads everything, and reports the first twenty problems. A file whose
// pages are spoilt is not looked at any further.
func (s *Store) Check() error {
	if err := s.settled(); err != nil && !errors.Is(err, ErrNoSpace) {
		return err
	}
	if err := s.view("check", func(t *tx) error { return checkTree(t.file) }); err != nil {
		return err
	}
	v, err := s.Verify(context.Background())
	if err != nil {
		return err
	}
	audit, err := s.VerifyAudit(context.Background())
	if err != nil {
		return err
	}
	return s.view("check", func(t *tx) error {
		c := &checking{tx: t, lists: map[uint32]*listRow{}, found: map[string]map[uint32]int{}, camps: map[string]uint32{}, tries: map[pair]*trail{},
			belong: map[string]*sum{string(bPhones): {}, string(bExternals): {}, string(bFresh): {}}}
		if !v.OK {
			c.bad("call record %d (%s): %s", v.BadAt, v.BadID, v.Problem)
		}
		if !audit.OK {
			c.bad("audit entry %d: %s", audit.BadAt, audit.Problem)
		}
		for _, step := range []func() error{
			c.readLists, c.contacts, c.indexes, c.counts, c.records, c.audit, c.evidence, c.live, c.leases, c.progress, c.queue,
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return errors.Join(c.problems...)
	})
}

// pair is a campaign and a contact.
type pair struct {
	camp    uint32
	contact uint64
}

// trail is what records and live attempts say of a campaign's tries on a contact.
type trail struct {
	outcomes []string
	live     string
}

// checking is one Check.
type checking struct {
	*tx
	problems []error
	lists    map[uint32]*listRow       // by segment
	found    map[string]map[uint32]int // contacts by list and class
	belong   map[string]*sum           // entries of an index that contacts ask for
	camps    map[string]uint32
	tries    map[pair]*trail
}

func (c *checking) bad(format string, args ...any) {
	if len(c.problems) < 20 {
		c.problems = append(c.problems, fmt.Errorf("%w: "+format, append([]any{ErrDamaged}, args...)...))
	}
}

func (c *checking) readLists() error {
	return c.tx.lists(func(row listRow) error {
		c.found[row.Name] = map[uint32]int{}
		for _, seg := range row.Segments {
			if other := c.lists[seg]; other != nil {
				c.bad("segment %d is in lists %q and %q", seg, other.Name, row.Name)
			}
			if c.get(bTrash, be32(nil, seg)) != nil {
				c.bad("segment %d of list %q is in the trash", seg, row.Name)
			}
			c.lists[seg] = &row
		}
		return nil
	})
}

// contacts looks at each contact by itself, and sums up the entries that belong to it.
func (c *checking) contacts() error {
	return c.each(bContacts, nil, func(key, value []byte) (bool, error) {
		row, _, err := readContact(c.tx, key, value)
		if err != nil {
			return false, err
		}
		seg := binary.BigEndian.Uint32(key)
		if id := binary.BigEndian.Uint64(key[4:]); id != row.ID {
			c.bad("contact %d lies under the key of %d", row.ID, id)
		}
		class := c.classOf(row)
		unseen := c.get(bTrash, key[:4]) != nil
		c.entriesOf(&row, seg, class, func(bucket, key []byte) {
			if !unseen || c.get(bucket, key) != nil { // of who is staged, some come later
				c.belong[string(bucket)].add(key)
			}
		})
		if list := c.lists[seg]; list != nil {
			c.found[list.Name][class]++
			if row.List != list.Name {
				c.bad("contact %d of list %q says it is of %q", row.ID, list.Name, row.List)
			}
		} else if !unseen {
			c.bad("contact %d is in no list", row.ID)
		}
		return true, nil
	})
}

// classOf is 0 for zones that have no class.
func (c *checking) classOf(row Contact) uint32 {
	if n := c.get(bZones, []byte("="+row.clocks())); n != nil {
		return binary.BigEndian.Uint32(n)
	}
	return 0
}

func (c *checking) counts() error {
	return c.tx.lists(func(row listRow) error {
		said := map[uint32]int{}
		sum := 0
		for _, z := range row.Zones {
			said[z.Class] = z.Contacts
			sum += z.Contacts
		}
		if !maps.Equal(said, c.found[row.Name]) || sum != row.Contacts {
			c.bad("list %q counts %d contacts, %v by zones; there are %v", row.Name, row.Contacts, said, c.found[row.Name])
		}
		return nil
	})
}

// records sums the records up and compares with index and tallies.
func (c *checking) records() error {
	days, opDays, spans := map[string]*Tally{}, map[string]*Tally{}, map[uint32]span{}
	n, erased := 0, 0
	err := c.each(bRecords, nil, func(key, value []byte) (bool, error) {
		var r Record
		if err := decode(bRecords, value, &r); err != nil || len(key) != 8 {
			return false, err
		}
		n++
		if !slices.Equal(c.get(bRecordIDs, []byte(r.ID)), key) {
			c.bad("record %s is not found by its id", r.ID)
		}
		seq := binary.BigEndian.Uint64(key)
		if strings.HasPrefix(r.Phone, erasedText) {
			erased++
		} else if c.get(bRecordPhones, recordPhoneKey(r.Phone, seq)) == nil {
			c.bad("record %s is not found by its number", r.ID)
		}
		spans[dayOf(r.EndedAt)] = spans[dayOf(r.EndedAt)].with(seq)
		if old, is := r.Corrects(); is {
			if c.get(bRecordIDs, []byte(old)) == nil {
				c.bad("record %s corrects one that is not there", r.ID)
			}
			return true, nil
		}
		tr, err := c.trail(r.Campaign, r.ContactID)
		if err != nil {
			return false, err
		}
		tr.outcomes = append(tr.outcomes, r.Outcome)
		addTo(days, tallyKey(r.Campaign, dayOf(r.EndedAt)), &r)
		if r.Operator != "" {
			addTo(opDays, opTallyKey(r.Operator, r.Campaign, dayOf(r.EndedAt)), &r)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	if keys := c.keys(bRecordIDs); keys != n {
		c.bad("%d records, %d of their ids", n, keys)
	}
	if keys := c.keys(bRecordPhones); keys != n-erased {
		c.bad("%d records, of them %d erased, %d of their numbers", n, erased, keys)
	}
	if err := c.spans(bRecordDays, spans); err != nil {
		return err
	}
	if err := c.tallies(bTallies, days); err != nil {
		return err
	}
	return c.tallies(bOpTallies, opDays)
}

func (c *checking) spans(index []byte, want map[uint32]span) error {
	err := c.each(index, nil, func(key, value []byte) (bool, error) {
		d := binary.BigEndian.Uint32(key)
		if got := readSpan(value); got != want[d] {
			c.bad("%s: day %d has %v, the index says %v", index, d, want[d], got)
		}
		delete(want, d)
		return true, nil
	})
	for d := range want {
		c.bad("%s: day %d is missing", index, d)
	}
	return err
}

// audit compares the trail with its indexes.
func (c *checking) audit() error {
	spans, keys := map[uint32]span{}, 0
	err := c.each(bAudit, nil, func(key, value []byte) (bool, error) {
		var e AuditEntry
		if err := decode(bAudit, value, &e); err != nil || len(key) != 8 {
			return false, err
		}
		spans[dayOf(e.At)] = spans[dayOf(e.At)].with(e.Seq)
		for _, k := range [][2]string{{byPhone, e.Phone}, {byObject, e.Object}, {byWho, e.Who}} {
			if k[1] == "" || k[0] == byPhone && strings.HasPrefix(k[1], erasedText) {
				continue
			}
			keys++
			if c.get(bAuditIndex, auditKey(k[0], k[1], e.Seq)) == nil {
				c.bad("audit entry %d is not found by %q", e.Seq, k[1])
			}
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	if n := c.keys(bAuditIndex); n != keys {
		c.bad("%d keys in the index of the audit trail, %d belong there", n, keys)
	}
	return c.spans(bAuditDays, spans)
}

func addTo(days map[string]*Tally, key []byte, r *Record) {
	y := days[string(key)]
	if y == nil {
		y = &Tally{}
		days[string(key)] = y
	}
	y.Add(r)
}

func (c *checking) tallies(bucket []byte, want map[string]*Tally) error {
	err := c.each(bucket, nil, func(key, value []byte) (bool, error) {
		var got Tally
		if err := decode(bucket, value, &got); err != nil {
			return false, err
		}
		if w := want[string(key)]; w == nil || !reflect.DeepEqual(*w, got) {
			c.bad("%s %q: %+v, the records say %+v", bucket, key, got, w)
		}
		delete(want, string(key))
		return true, nil
	})
	for key := range want {
		c.bad("%s %q is missing", bucket, key)
	}
	return err
}

// trail finds what is known of a campaign's tries on a contact.
func (c *checking) trail(campaign string, contact uint64) (*trail, error) {
	camp, known := c.camps[campaign]
	if !known {
		row, err := c.campaign(campaign)
		if err != nil {
			return nil, err
		}
		camp = row.ID
		c.camps[campaign] = camp
	}
	key := pair{camp, contact}
	if c.tries[key] == nil {
		c.tries[key] = &trail{}
	}
	return c.tries[key], nil
}

// live compares live attempts with leases, progress and records.
func (c *checking) live() error {
	return c.each(bLive, nil, func(key, value []byte) (bool, error) {
		var a attemptRow
		if err := decode(bLive, value, &a); err != nil {
			return false, err
		}
		if string(c.get(bCalling, []byte(a.Contact.Phone))) != a.ID {
			c.bad("live attempt %s does not hold its number", a.ID)
		}
		if c.get(bRecordIDs, key) != nil {
			c.bad("live attempt %s has a record", a.ID)
		}
		tr, err := c.trail(a.Campaign, a.Contact.ID)
		if err != nil {
			return false, err
		}
		if tr.live != "" {
			c.bad("contact %d is in live attempts %s and %s", a.Contact.ID, tr.live, a.ID)
		}
		tr.live = a.ID
		return true, nil
	})
}

func (c *checking) leases() error {
	err := c.each(bCalling, nil, func(_, id []byte) (bool, error) {
		if c.get(bLive, id) == nil {
			c.bad("a number is held by attempt %s, which is not live", id)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return c.each(bNotes, nil, func(id, _ []byte) (bool, error) {
		if c.get(bLive, id) == nil {
			c.bad("there are notes on attempt %s, which is not live", id)
		}
		return true, nil
	})
}

// progress compares each row with the trail of records and live attempts, and
// with the due index.
func (c *checking) progress() error {
	where, err := c.places()
	if err != nil {
		return err
	}
	err = c.each(bProgress, nil, func(key, value []byte) (bool, error) {
		st, err := readState(value)
		if err != nil {
			return false, err
		}
		who := pair{binary.BigEndian.Uint32(key), binary.BigEndian.Uint64(key[4:])}
		tr := c.tries[who]
		delete(c.tries, who)
		c.row(who, st, tr)
		if st.PromiseDue != 0 && c.get(bCallbacks, callbackKey(who.camp, st.PromiseDue, who.contact)) == nil {
			c.bad("contact %d was promised a call, but not in the queue of campaign %d", who.contact, who.camp)
		}
		if p := where(who.contact); st.Due != 0 && c.get(bDue, dueKey(who.camp, p, st.Due)) == nil {
			c.bad("contact %d waits, but not in the queue of campaign %d", who.contact, who.camp)
		}
		return true, nil
	})
	for who, tr := range c.tries {
		if where(who.contact).id != 0 || tr.live != "" {
			c.bad("contact %d was tried, but campaign %d has no row of it", who.contact, who.camp)
		}
	}
	return err
}

// places says where each contact is found that was tried or has a row of progress;
// the zero place if it is gone.
func (c *checking) places() (func(uint64) place, error) {
	all := map[uint64]place{}
	for who := range c.tries {
		all[who.contact] = place{}
	}
	err := c.each(bProgress, nil, func(key, _ []byte) (bool, error) {
		all[binary.BigEndian.Uint64(key[4:])] = place{}
		return true, nil
	})
	if err != nil || len(all) == 0 {
		return func(uint64) place { return place{} }, err
	}
	err = c.each(bFresh, nil, func(key, _ []byte) (bool, error) {
		id := binary.BigEndian.Uint64(key[8:])
		if _, asked := all[id]; asked {
			all[id] = place{binary.BigEndian.Uint32(key), binary.BigEndian.Uint32(key[4:]), id}
		}
		return true, nil
	})
	return func(id uint64) place { return all[id] }, err
}

func (c *checking) row(who pair, st state, tr *trail) {
	if tr == nil {
		tr = &trail{}
	}
	tries := len(tr.outcomes)
	if tr.live != "" {
		tries++
	}
	last := tr.outcomes[max(0, len(tr.outcomes)-outcomesKept):]
	switch {
	case st.Attempts != tries || st.Live != tr.live || !slices.Equal(st.Outcomes, last):
		c.bad("contact %d in campaign %d: %d attempts, live %q, outcomes %v; records and leases say %d, %q, %v",
			who.contact, who.camp, st.Attempts, st.Live, st.Outcomes, tries, tr.live, last)
	case st.Promise == nil && st.PromiseDue != 0, st.Promise != nil && st.Live == "" && (st.PromiseDue == 0 || st.Final != ""), st.PromiseDue != 0 && (st.Due != 0 || st.Live != ""):
		c.bad("contact %d in campaign %d has a promise and another state: %+v", who.contact, who.camp, st)
	case st.Due != 0 && (st.Live != "" || st.Final != ""), st.Live != "" && st.Final != "":
		c.bad("contact %d in campaign %d is in two states: %+v", who.contact, who.camp, st)
	case tries == 0 && st.Due == 0 && st.Promise == nil:
		c.bad("contact %d in campaign %d has a row that says nothing", who.contact, who.camp)
	}
}

// queue follows each entry of the due index back to its row.
func (c *checking) queue() error {
	err := c.each(bCallbacks, nil, func(key, _ []byte) (bool, error) {
		camp, due, id := binary.BigEndian.Uint32(key), int64(binary.BigEndian.Uint64(key[4:])), binary.BigEndian.Uint64(key[12:])
		st, _, err := c.state(camp, id)
		if err == nil && st.PromiseDue != due {
			c.bad("the callbacks of campaign %d have contact %d at another time than its row", camp, id)
		}
		return true, err
	})
	if err != nil {
		return err
	}
	return c.each(bDue, nil, func(key, _ []byte) (bool, error) {
		camp, due, id := binary.BigEndian.Uint32(key), int64(binary.BigEndian.Uint64(key[12:])), binary.BigEndian.Uint64(key[20:])
		st, _, err := c.state(camp, id)
		if err == nil && st.Due != due {
			c.bad("the queue of campaign %d has contact %d at another time than its row", camp, id)
		}
		return true, err
	})
}
