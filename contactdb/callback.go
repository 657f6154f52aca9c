package contactdb

import (
	"encoding/binary"
	"fmt"
	"time"
)

// Promise is a callback: a call that was promised to a contact for a time. It
// is kept before all others. One for a named operator waits for that operator
// until Deputy, and for anybody after that.
type Promise struct {
	At       time.Time `json:"at"`
	Operator string    `json:"operator,omitempty"` // whom the contact will hear; "": anybody
	Deputy   time.Time `json:"deputy,omitzero"`    // from then on, anybody; zero: at once when Operator is "", else never
	By       string    `json:"by,omitempty"`       // who promised
	MadeAt   time.Time `json:"made_at,omitzero"`
	Note     string    `json:"note,omitempty"`
}

// anybody is when the promise may be kept by others; zero: never.
func (p *Promise) anybody() time.Time {
	if p.Operator == "" {
		return p.At
	}
	return p.Deputy
}

func (p *Promise) utc() *Promise {
	u := *p
	u.At, u.Deputy, u.MadeAt = u.At.UTC(), u.Deputy.UTC(), u.MadeAt.UTC()
	return &u
}

// callbackRow is a promise as it is found by its time.
type callbackRow struct {
	Segment  uint32 `json:"segment"`
	Operator string `json:"operator,omitempty"`
	Anybody  int64  `json:"anybody"` // ns since 1970; 0: never
}

func callbackKey(camp uint32, at int64, id uint64) []byte {
	return be64(be64(be32(nil, camp), uint64(at)), id)
}

// setPromise gives a contact a promise that is due at a time (which the rules
// may have moved on), or takes it away, and writes its row.
func (t *tx) setPromise(camp uint32, p place, st *state, to *Promise, due int64) {
	if st.PromiseDue != 0 {
		t.delete(bCallbacks, callbackKey(camp, st.PromiseDue, p.id))
	}
	st.Promise, st.PromiseDue = to, 0
	if to != nil && st.Live == "" {
		st.PromiseDue = due
		row := callbackRow{Segment: p.seg, Operator: to.Operator}
		if at := to.anybody(); !at.IsZero() {
			row.Anybody = max(dueTime(at), due)
		}
		t.save(bCallbacks, callbackKey(camp, due, p.id), row)
	}
	t.setDue(camp, p, st, 0, false)
}

// eachCallback walks a campaign's callbacks by their time.
func (t *tx) eachCallback(camp uint32, f func(due int64, id uint64, row callbackRow) (bool, error)) error {
	return t.each(bCallbacks, be32(nil, camp), func(key, value []byte) (bool, error) {
		var row callbackRow
		if err := decode(bCallbacks, value, &row); err != nil {
			return false, err
		}
		return f(int64(binary.BigEndian.Uint64(key[4:])), binary.BigEndian.Uint64(key[12:]), row)
	})
}

// mostCallbacks is how many that are due one lease takes up.
const mostCallbacks = 512

// takeCallbacks leases the callbacks that are due: those for one operator, or
// those for anybody.
func (l *leasing) takeCallbacks() error {
	lists := map[uint32]bool{}
	for _, g := range l.groups {
		lists[g.seg] = true
	}
	now := dueTime(l.req.Now)
	var due []place
	err := l.eachCallback(l.camp, func(at int64, id uint64, row callbackRow) (bool, error) {
		if at > now || len(due) >= mostCallbacks {
			return false, nil
		}
		mine := row.Operator == l.req.For
		if l.req.For == "" {
			mine = row.Anybody != 0 && row.Anybody <= now
		}
		if mine && lists[row.Segment] {
			due = append(due, place{seg: row.Segment, id: id})
		}
		return true, nil
	})
	for _, p := range due {
		if err != nil || l.full() || !l.work() {
			return err
		}
		var c Contact
		if c, _, err = l.contact(p.seg, p.id); err == nil {
			p.class = l.class(&c)
			_, err = l.examine(p)
		}
	}
	return err
}

// nextCallback takes into the answer when the next callback is for anybody. One
// that is its operator's for ever is looked after now and then: it is owed still.
func (l *leasing) nextCallback() error {
	lists := map[uint32]bool{}
	for _, g := range l.groups {
		lists[g.seg] = true
	}
	looked := 0
	return l.eachCallback(l.camp, func(due int64, _ uint64, row callbackRow) (bool, error) {
		if looked++; looked > 4*mostCallbacks || !l.res.NextAt.IsZero() && due > l.res.NextAt.UnixNano() {
			return false, nil
		}
		if !lists[row.Segment] {
			return true, nil
		}
		at, soon := time.Unix(0, row.Anybody).UTC(), l.req.Now
		if row.Anybody == 0 {
			at, soon = time.Unix(0, due).UTC(), l.req.Now.Add(inCall)
		}
		if at.Before(soon) && at.Before(l.req.Now) {
			at = soon
		}
		l.nextAt(at)
		return true, nil
	})
}

// Callback is a promise with whom it was made to.
type Callback struct {
	Campaign string  `json:"campaign"`
	Contact  Contact `json:"contact"`
	Promise
	Due      time.Time `json:"due,omitzero"` // when it will be kept, if the rules have moved it on
	Attempts int       `json:"attempts"`
}

// Callbacks returns the promises of a campaign ("": of all) for an operator
// ("": for all) that are due before a time (zero: all), by their time.
func (s *Store) Callbacks(campaign, operator string, before time.Time) ([]Callback, error) {
	all := []Callback{}
	err := s.view("callbacks", func(t *tx) error {
		all = all[:0]
		return t.each(bCampaigns, nil, func(_, value []byte) (bool, error) {
			var camp campaignRow
			if err := decode(bCampaigns, value, &camp); err != nil {
				return false, err
			}
			if campaign != "" && campaign != camp.Name {
				return true, nil
			}
			return true, t.eachCallback(camp.ID, func(due int64, id uint64, row callbackRow) (bool, error) {
				if !before.IsZero() && due >= before.UnixNano() {
					return false, nil
				}
				if operator != "" && operator != row.Operator {
					return true, nil
				}
				b, err := t.callback(camp, row.Segment, id)
				if b.Contact.ID != 0 {
					all = append(all, b)
				}
				return true, err
			})
		})
	})
	return all, err
}

func (t *tx) callback(camp campaignRow, seg uint32, id uint64) (Callback, error) {
	c, _, err := t.contact(seg, id)
	if err != nil {
		return Callback{}, err
	}
	st, _, err := t.state(camp.ID, id)
	if err != nil || st.Promise == nil {
		return Callback{}, err
	}
	b := Callback{Campaign: camp.Name, Contact: c, Promise: *st.Promise, Attempts: st.Attempts}
	if at := time.Unix(0, st.PromiseDue).UTC(); st.PromiseDue != 0 && at.After(b.At) {
		b.Due = at
	}
	return b, nil
}

// PromiseCallback promises a contact of a campaign a call; a promise that was
// made before is replaced. To one who is in a call right now it stands when
// that call is settled so. ErrNotFound if campaign or contact are not there.
func (s *Store) PromiseCallback(campaign string, contact Contact, p Promise) (Callback, error) {
	var made Callback
	err := s.changePromise(campaign, contact, func(t *tx, camp campaignRow, at place, st *state) error {
		st.Final, st.NextTry, st.Rescheduled = "", p.At.UTC(), true
		t.setPromise(camp.ID, at, st, p.utc(), dueTime(p.At))
		var err error
		made, err = t.callback(camp, at.seg, at.id)
		return err
	})
	return made, err
}

// CancelCallback takes a promise back; ErrNotFound if there is none. The
// contact is tried again as if it had not been made: at once, by the rules.
func (s *Store) CancelCallback(campaign string, contact Contact) (was Promise, err error) {
	err = s.changePromise(campaign, contact, func(t *tx, camp campaignRow, at place, st *state) error {
		if st.Promise == nil {
			return fmt.Errorf("callback of contact %d in campaign %q: %w", contact.ID, campaign, ErrNotFound)
		}
		was, st.Rescheduled, st.NextTry = *st.Promise, false, time.Time{}
		t.setPromise(camp.ID, at, st, nil, 0)
		if st.Live == "" {
			t.setDue(camp.ID, at, st, reviveTime, true)
		}
		return nil
	})
	return was, err
}

func (s *Store) changePromise(campaign string, contact Contact, f func(*tx, campaignRow, place, *state) error) error {
	return s.update("change a callback", func(t *tx) error {
		camp, err := t.campaign(campaign)
		if err != nil {
			return err
		}
		list, err := t.list(contact.List)
		if err != nil {
			return err
		}
		for _, seg := range list.Segments {
			c, found, err := t.contact(seg, contact.ID)
			if err != nil {
				return err
			}
			if !found {
				continue
			}
			st, _, err := t.state(camp.ID, c.ID)
			if err != nil {
				return err
			}
			return f(t, camp, place{seg, t.class(&c), c.ID}, &st)
		}
		return fmt.Errorf("contact %d of list %q: %w", contact.ID, contact.List, ErrNotFound)
	})
}

// kept says which promise stands after a call, and from when: the one of the
// settlement, one that was made during the call, or the one that the call was to keep.
func (st *state) kept(promised *Promise, s *Settlement) (p *Promise, from time.Time) {
	switch {
	case s.Promise != nil:
		return s.Promise.utc(), s.Promise.At.UTC()
	case s.Promised && st.Promise != nil:
		return st.Promise, st.Promise.At
	case s.Owed && promised != nil:
		from = promised.At.UTC()
		if s.NextTry.After(from) {
			from = s.NextTry.UTC()
		}
		return promised.utc(), from
	}
	return nil, from
}

// clearCallbacks takes the promises of a segment away.
func (t *tx) clearCallbacks(camp, seg uint32) error {
	var keys [][]byte
	err := t.eachCallback(camp, func(due int64, id uint64, row callbackRow) (bool, error) {
		if row.Segment == seg {
			keys = append(keys, callbackKey(camp, due, id))
		}
		return true, nil
	})
	for _, k := range keys {
		t.delete(bCallbacks, k)
	}
	return err
}
