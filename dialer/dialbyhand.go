package dialer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/contactdb/intake"
	"apel/dialer/floor"
)

// Where the campaign allows it, an operator has a number called that is typed
// in. It is a contact of the campaign's first list then, if none has it, and
// every rule holds that holds for the others; only the delay after an earlier
// attempt is not waited for, since a person has asked.

// byHand is a number that is typed in, and the contact that has it.
type byHand struct {
	contact uint64
	phone   string // E.164, perhaps a further one of the contact's
}

// judged is what the rules say of this number of the contact, and of no other.
// A no is one for now: the contact may have further numbers.
func (n byHand) judged(judge func(contactdb.Candidate) contactdb.Verdict, c contactdb.Candidate) contactdb.Verdict {
	c.Progress.NextTry = time.Time{}
	if len(c.Others) == 0 {
		return judge(c)
	}
	c.Others = slices.Clone(c.Others)
	if at := slices.IndexFunc(c.Others, func(o contactdb.Sight) bool { return o.Phone == n.phone }); at >= 0 {
		o := c.Others[at]
		c.Others[at].Phone = c.Phone
		c.Phone, c.Suppressed, c.NumberTries, c.Leased = o.Phone, o.Suppressed, o.Tries, o.Leased || c.Leased
	}
	for i := range c.Others {
		c.Others[i].Suppressed = &contactdb.Suppression{Reason: "another number was asked for"}
	}
	v := judge(c)
	if v.Kind == contactdb.Never {
		v.Kind = contactdb.Later
	}
	v.Others = v.Kind == contactdb.Yes // what ends this number does not end the contact
	return v
}

// Dialed is a number that an operator has had called.
type Dialed struct {
	Attempt string `json:"attempt"`
	Phone   string `json:"phone"` // E.164
}

// Dial has a number called for an operator who is connected and has no call.
// ErrRefused says which rule forbids it.
func (s *Service) Dial(operator, number string) (Dialed, error) {
	l, err := s.desk.dials(operator)
	if err != nil {
		return Dialed{}, err
	}
	r := l.rules.Load()
	if !r.def.Manual {
		return Dialed{}, say(contactdb.ErrState, "manual-off", "campaign %s does not let operators dial (manual: true)", l.name)
	}
	contact, phone, err := s.contactToDial(r, number)
	if err != nil {
		return Dialed{}, err
	}
	d := Dialed{Phone: phone}
	if err := s.mayDial(r, contact, phone); err != nil {
		return d, err
	}
	w, free := l.await(operator)
	if !free {
		return d, say(contactdb.ErrState, "operator-busy", "%s has a call already", operator)
	}
	added := contact.ID == 0
	if added {
		if contact, err = s.store.PutContact(contact, time.Now()); err != nil {
			l.dialing.Delete(operator)
			return d, err
		}
	}
	w.byHand = byHand{contact.ID, phone}
	l.tell(floor.Input{Kind: floor.InDial, Operator: operator, Contact: contact.ID})
	select {
	case a := <-w.answer:
		d.Attempt, err = a.attempt, a.err
	case <-l.done:
		err = say(contactdb.ErrState, "campaign-rests", "the campaign places no calls now")
	}
	if err != nil && added { // nobody has asked for another call to it
		if gone := s.store.RemoveUntried(contact); gone != nil && !errors.Is(gone, contactdb.ErrState) {
			err = errors.Join(err, gone)
		}
	}
	return d, err
}

// dials finds the floor of an operator who is ready to talk.
func (d *desk) dials(operator string) (*loop, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seats[operator]
	switch {
	case s == nil || s.leg == nil:
		return nil, say(contactdb.ErrState, "not-connected", "%s is not connected; connect the headset", operator)
	case s.closed:
		return nil, say(contactdb.ErrState, "account-closed", "the account of %s is closed", operator)
	case s.deaf:
		return nil, say(contactdb.ErrState, "not-heard", "%s is not heard; look after the headset", operator)
	case s.listens || s.call != nil && s.state != "ready" && s.state != "not-ready":
		return nil, say(contactdb.ErrState, "operator-busy", "%s has a call already", operator)
	case s.loop == nil:
		return nil, say(contactdb.ErrState, "no-campaign", "no campaign is running for %s", operator)
	}
	if page, _ := s.leg.browser(); page != nil && (s.headset == nil || !s.headset.OK) {
		return nil, say(contactdb.ErrState, "headset-untested", "the headset of %s has not passed its test; test it, then be ready", operator)
	}
	return s.loop, nil
}

// contactToDial is the campaign's contact with a number, its first or a further
// one; without an ID if no list of it has one.
func (s *Service) contactToDial(r *rules, number string) (contact contactdb.Contact, phone string, err error) {
	n, err := intake.ParseNumber(number, r.def.Country)
	if err != nil {
		return contact, "", say(ErrInput, "no-number", "%v", err)
	}
	all, err := s.store.ContactsByPhone(n.E164)
	if err != nil {
		return contact, "", err
	}
	for _, list := range r.def.Lists {
		if at := slices.IndexFunc(all, func(c contactdb.Contact) bool { return c.List == list.Name }); at >= 0 {
			return all[at], n.E164, nil
		}
	}
	return contactdb.Contact{Phone: n.E164, NumberType: n.Type, Region: n.Region, Zones: n.Zones, List: r.def.Lists[0].Name}, n.E164, nil
}

// mayDial says by which rule a contact may not be called on a number now.
func (s *Service) mayDial(r *rules, contact contactdb.Contact, phone string) error {
	now := time.Now()
	cand, err := s.store.Candidate(r.view(r.def.Name, now), contact)
	if err != nil {
		return err
	}
	if held, err := s.held(r, now); err != nil {
		return err
	} else if held != nil {
		return refused(held.Reason, held.Detail, held.Until)
	}
	judge := func(c contactdb.Candidate) contactdb.Verdict { return r.def.Judge(c, now) }
	if v := (byHand{contact.ID, phone}).judged(judge, cand); v.Kind != contactdb.Yes {
		return refused(v.Reason, v.Detail, v.When)
	}
	return nil
}

// refused names the rule, as apel contact why does.
func refused(rule, detail string, when time.Time) error {
	until := ""
	if !when.IsZero() {
		until = when.Format(time.RFC3339)
	}
	text := fmt.Sprintf("the rule %s forbids the call: %s", rule, detail)
	if until != "" {
		text += "; it may be made from " + until
	}
	return &Sentence{Kind: ErrRefused, Code: "rule-" + rule, Args: []string{until}, Text: text}
}

// answerToDial is what came of a number that an operator had called.
type answerToDial struct {
	attempt string
	err     error
}

// dialing is a number that is to be called, and where the answer is wanted.
type dialing struct {
	byHand
	answer chan answerToDial
}

// await makes the place for the answer; false if the operator waits for one already.
func (l *loop) await(operator string) (w *dialing, free bool) {
	w = &dialing{answer: make(chan answerToDial, 1)}
	_, taken := l.dialing.LoadOrStore(operator, w)
	return w, !taken
}

// answer gives it.
func (l *loop) answer(operator string, a answerToDial) {
	if w, ok := l.dialing.LoadAndDelete(operator); ok {
		w.(*dialing).answer <- a
	}
}

// typedBy is what an operator has typed in.
func (l *loop) typedBy(operator string) byHand {
	if w, ok := l.dialing.Load(operator); ok {
		return w.(*dialing).byHand
	}
	return byHand{}
}

// dialFor leases the contact that an operator wants called.
func (l *loop) dialFor(a floor.Action) {
	switch {
	case a.Why == "campaign-rests":
		l.answer(a.Operator, answerToDial{err: say(contactdb.ErrState, "campaign-rests", "the campaign places no calls now")})
	case a.Why == "no-line":
		l.answer(a.Operator, answerToDial{err: say(contactdb.ErrState, "no-line", "every line is taken; try again in a moment")})
	case a.Why != "":
		l.answer(a.Operator, answerToDial{err: say(contactdb.ErrState, "operator-busy", "%s has a call already", a.Operator)})
	default:
		r, only := l.rules.Load(), l.typedBy(a.Operator)
		l.wg.Go(func() { l.lease(r, 1, nil, a.Operator, only) })
	}
}

// notLeased is why the store has not given the one contact; the rules were asked before.
func (l *loop) notLeased(res contactdb.LeaseResult) error {
	if res.Held != "" {
		return refused(res.Held, res.HeldBy, res.NextAt)
	}
	for reason := range res.Passed {
		return refused(reason, "it has come between", time.Time{})
	}
	return refused(campaign.OutsideHours, "no window is open there", res.NextAt)
}

// by notes that an operator has had the number called, and waits for it.
func (c *call) by(operator string) {
	c.preview, c.viewer = false, operator
	c.work.set("dialed_by", operator)
}
