package contactdb

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"
)

// attemptRow is a live attempt as stored. Its notes lie apart: they change,
// it does not.
type attemptRow struct {
	Attempt
	Segment uint32 `json:"segment"`
}

// outcomesKept bounds Progress.Outcomes.
const outcomesKept = 32

// sipCallID derives an attempt's Call-ID. A restarted service finds it again;
// nobody without the store's key can name a call.
func (s *Store) sipCallID(id string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("sip-call-id:" + id))
	return hex.EncodeToString(mac.Sum(nil))[:32]
}

// Note keeps what is learned of a live attempt: the fields that are set
// replace those noted before. It returns without waiting for the disk; a crash
// may lose it, and for an attempt that is not live it does nothing.
func (s *Store) Note(attempt string, n Notes) error {
	err := s.submit(context.Background(), &write{apply: func(t *tx) error {
		if t.get(bLive, []byte(attempt)) == nil {
			return nil
		}
		notes, err := t.notes(attempt)
		if err == nil {
			t.save(bNotes, []byte(attempt), notes.with(n))
		}
		return err
	}})
	if err != nil {
		return fmt.Errorf("note on attempt %s: %w", attempt, err)
	}
	return nil
}

// Noted returns when everything that was noted until now is on the disk.
func (s *Store) Noted(ctx context.Context) error {
	return s.write(ctx, "keep what was noted", func(*tx) error { return nil })
}

// with replaces the fields that are set in later.
func (n Notes) with(later Notes) Notes {
	for _, f := range []struct {
		to   *time.Time
		from time.Time
	}{
		{&n.PlacedAt, later.PlacedAt}, {&n.RingingAt, later.RingingAt},
		{&n.AnsweredAt, later.AnsweredAt}, {&n.BridgedAt, later.BridgedAt},
	} {
		if !f.from.IsZero() {
			*f.to = f.from.UTC()
		}
	}
	n.Operator = cmp.Or(later.Operator, n.Operator)
	n.Recording = cmp.Or(later.Recording, n.Recording)
	n.SHA256 = cmp.Or(later.SHA256, n.SHA256)
	n.Dialog = cmp.Or(later.Dialog, n.Dialog)
	n.Second = cmp.Or(later.Second, n.Second)
	if later.Answers != nil {
		n.Answers = later.Answers
	}
	return n
}

func (t *tx) notes(attempt string) (n Notes, err error) {
	_, err = t.load(bNotes, []byte(attempt), &n)
	return n, err
}

// Live returns the live attempts, by id.
func (s *Store) Live() (all []Attempt, err error) {
	err = s.view("live attempts", func(t *tx) error {
		rows, err := t.live("")
		for _, a := range rows {
			all = append(all, a.Attempt)
		}
		return err
	})
	return all, err
}

// live returns the live attempts of an owner ("" for all) with their notes.
func (t *tx) live(owner string) (all []attemptRow, err error) {
	err = t.each(bLive, nil, func(_, value []byte) (bool, error) {
		var a attemptRow
		if err := decode(bLive, value, &a); err != nil {
			return false, err
		}
		if owner != "" && a.Owner != owner {
			return true, nil
		}
		a.Notes, err = t.notes(a.ID)
		all = append(all, a)
		return true, err
	})
	return all, err
}

// Settle ends a live attempt: contact, call record, tallies and hash chain in
// one transaction. It returns the record with its hashes. ErrState if the
// attempt is not live (each attempt has exactly one record).
//
// The store knows best who was called and for whom: ID names the attempt, and
// campaign, version, list, contact, phone and attempt number are the
// attempt's. Trunk, caller ID and Call-ID are the attempt's if left empty. A
// record without EndedAt ends at its last known time. Neither NextTry nor
// Final means no further try.
func (s *Store) Settle(ctx context.Context, st Settlement) (rec Record, err error) {
	what, id := "settle attempt "+st.Record.ID, []byte(st.Record.ID)
	a, err := s.attempt(what, st.Record.ID)
	if err != nil {
		return rec, err
	}
	p, err := prepare(a, st)
	if err != nil {
		return rec, fmt.Errorf("%s: %w", what, err)
	}
	err = s.write(ctx, what, func(t *tx) error {
		if t.get(bLive, id) == nil {
			return errSettled
		}
		return t.settle(p)
	})
	if err == nil || errors.Is(err, ErrState) {
		s.attempts.forget(a.id)
	}
	if err != nil {
		return rec, err
	}
	drafts.Put(p.text) // the row is in the journal
	return p.st.Record, nil
}

// attempt is a live attempt. It does not change: it is read beside the
// committer, from memory if this process has leased it.
func (s *Store) attempt(what, id string) (a *leased, err error) {
	if a := s.attempts.get(id); a != nil {
		return a, nil
	}
	err = s.view(what, func(t *tx) error {
		var row attemptRow
		live, err := t.load(bLive, []byte(id), &row)
		if err == nil && !live {
			err = errSettled
		}
		a = row.leased()
		return err
	})
	return a, err
}

// leased is what is asked of an attempt when it is settled.
type leased struct {
	id, campaign, list, phone, trunk, callerID, sipCallID string

	version, number int
	segment         uint32
	contact         uint64
	leasedAt        time.Time
	promise         *Promise
}

func (a *attemptRow) leased() *leased {
	return &leased{
		id: a.ID, campaign: a.Campaign, list: a.Contact.List, phone: a.Contact.Phone, trunk: a.Trunk, callerID: a.CallerID, sipCallID: a.SIPCallID,
		version: a.Version, number: a.Number, segment: a.Segment, contact: a.Contact.ID, leasedAt: a.LeasedAt, promise: a.Promise,
	}
}

// attempts keeps those in memory that this process has leased.
type attempts struct {
	mu   sync.Mutex // guards live
	live map[string]*leased
}

// get gives a live attempt, nil if it is not known.
func (a *attempts) get(id string) *leased {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.live[id]
}

func (a *attempts) keep(taken []*leased) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.live == nil {
		a.live = map[string]*leased{}
	}
	for _, t := range taken {
		a.live[t.id] = t
	}
}

func (a *attempts) forget(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.live, id)
}

var errSettled = fmt.Errorf("%w: it is not live; an attempt is settled once", ErrState)

// prepared is a settlement as far as it can be made without the chain's end:
// what need not be done by the one goroutine that writes.
type prepared struct {
	a    *leased
	st   Settlement // its record is complete, but for the hashes that settle sets
	text *draft     // of it
}

func prepare(a *leased, st Settlement) (*prepared, error) {
	p := &prepared{a: a, st: st}
	p.st.Record.complete(a)
	if len(p.st.Record.ScriptAnswers) == 0 {
		p.st.Record.ScriptAnswers = nil // no answers are written in one way
	}
	var err error
	p.text, err = newDraft(&p.st.Record)
	return p, err
}

func (t *tx) settle(p *prepared) error {
	a, rec := p.a, &p.st.Record
	if err := t.append(rec, p.text); err != nil {
		return err
	}
	if err := t.keepEvidence(rec.ID, p.st.Evidence); err != nil {
		return err
	}
	if err := t.tally(rec); err != nil {
		return err
	}
	t.delete(bLive, []byte(a.id))
	t.delete(bNotes, []byte(a.id))
	t.delete(bCalling, []byte(a.phone))
	if p.st.Suppress != nil {
		entry := *p.st.Suppress
		if entry.Phone == "" && entry.Prefix == "" && entry.Contact == 0 {
			entry.Phone = a.phone
		}
		if err := entry.tidy(); err != nil {
			return err
		}
		if _, err := t.suppress(entry); err != nil {
			return err
		}
	}
	return t.progressed(p)
}

// complete fills a record from its attempt.
func (r *Record) complete(a *leased) {
	r.ID, r.Campaign, r.CampaignVersion, r.Attempt = a.id, a.campaign, a.version, a.number
	r.List, r.ContactID, r.Phone = a.list, a.contact, a.phone
	for _, f := range []struct {
		to   *string
		from string
	}{{&r.Trunk, a.trunk}, {&r.CallerID, a.callerID}, {&r.SIPCallID, a.sipCallID}} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	last := a.leasedAt
	for _, at := range []*time.Time{&r.PlacedAt, &r.RingingAt, &r.AnsweredAt, &r.DetectedAt, &r.BridgedAt, &r.EndedAt} {
		*at = at.UTC()
		if at.After(last) {
			last = *at
		}
	}
	if r.EndedAt.IsZero() {
		r.EndedAt = last
	}
}

// progressed writes what the attempt means for its contact.
func (t *tx) progressed(p *prepared) error {
	a, st, rec := p.a, &p.st, &p.st.Record
	camp, err := t.campaignID(a.campaign)
	if err != nil {
		return err
	}
	c, found, err := t.contact(a.segment, a.contact)
	if err != nil || !found {
		return err
	}
	row, _, err := t.state(camp, c.ID)
	if err != nil {
		return err
	}
	row.Live, row.LastOutcome, row.LastAt = "", rec.Outcome, rec.EndedAt
	row.Outcomes = append(row.Outcomes, rec.Outcome)
	row.Outcomes = row.Outcomes[max(0, len(row.Outcomes)-outcomesKept):]
	if len(c.Numbers) > 1 {
		row.number(rec.Phone).Outcome = rec.Outcome
	}
	t.countHour(camp, &c, rec)
	where := place{a.segment, t.class(&c), c.ID}
	if kept, from := row.kept(a.promise, st); kept != nil {
		row.NextTry, row.Final, row.Rescheduled = from, "", true
		t.setPromise(camp, where, &row, kept, dueTime(from))
		return nil
	}
	row.Promise = nil
	row.NextTry, row.Final, row.Rescheduled = st.NextTry.UTC(), st.Final, st.Callback
	if row.Final == "" && row.NextTry.IsZero() {
		row.Final = "no-next-try"
	}
	due := int64(0)
	if row.Final != "" {
		row.NextTry, row.Rescheduled = time.Time{}, false
	} else {
		due = dueTime(row.NextTry)
	}
	t.setDue(camp, where, &row, due, false)
	return nil
}

// Recover turns each live attempt of owner ("" for all) into an "interrupted"
// record; next gives the time of the next try (or final) for each. It returns the attempts, so
// that the SIP side can hang up what was left behind.
//
// The records end at now by the dialer, with the times that were noted. Their
// tallies count an answered, unbridged one as abandoned: nobody knows that it
// was not, and a crash must not hide it from the regulator's ratio.
func (s *Store) Recover(ctx context.Context, owner string, now time.Time, next func(Attempt) (time.Time, string)) ([]Attempt, error) {
	var all []Attempt
	err := s.write(ctx, "recover", func(t *tx) error {
		all = nil
		rows, err := t.live(owner)
		if err != nil {
			return err
		}
		for _, a := range rows {
			at, final := next(a.Attempt)
			p, err := prepare(a.leased(), Settlement{Record: interrupted(a.Notes, a.ID, now), NextTry: at, Final: final, Promised: true, Owed: final == "" && a.Notes.BridgedAt.IsZero()})
			if err == nil {
				err = t.settle(p)
			}
			if err != nil {
				return err
			}
			all = append(all, a.Attempt)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		s.attempts.forget(a.ID)
	}
	return all, nil
}

func interrupted(n Notes, id string, now time.Time) Record {
	return Record{
		ID: id, Outcome: Interrupted, EndedBy: "dialer", EndedAt: now, Operator: n.Operator,
		PlacedAt: n.PlacedAt, RingingAt: n.RingingAt, AnsweredAt: n.AnsweredAt, BridgedAt: n.BridgedAt,
		Recording: n.Recording, RecordingSHA256: n.SHA256, ScriptAnswers: n.Answers,
	}
}
