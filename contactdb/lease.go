package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Lease takes the next contacts in one durable transaction. Callbacks that are
// due come first, then retries, then fresh contacts, list by list in the order
// of the request or by weight; lists that do not exist are left out.
// ErrNotFound if the campaign was never applied.
//
// Whatever Judge says, a number on a do-not-call list is passed over as
// "do-not-call", and one in a live attempt as "in-call" until a minute later;
// no caller ID is shown more often than it may be.
func (s *Store) Lease(ctx context.Context, req LeaseRequest) (LeaseResult, error) {
	var res LeaseResult
	var taken []*leased
	err := s.write(ctx, "lease for campaign "+req.Campaign, func(t *tx) error {
		l := &leasing{tx: t, s: s, req: req, budget: leaseWork, examined: map[uint64]bool{}}
		l.res.Passed = map[string]int{}
		err := l.run()
		res, taken = l.res, l.taken
		return err
	})
	if err == nil {
		s.attempts.keep(taken)
	}
	return res, err
}

const (
	// leaseWork is how many contacts one transaction looks at: some 5 ms, for whoever
	// settles a call meanwhile waits as long, and who searches on asks again at once.
	leaseWork = 512
	// inCall is when a number that is in a live attempt is looked at again.
	inCall = time.Minute
	// soonest keeps a rule that says "later, now" from being asked in a circle.
	soonest = time.Second
)

// leasing is one Lease on its way through the indexes.
type leasing struct {
	*tx
	s       *Store
	req     LeaseRequest
	camp    uint32
	groups  []*group
	callers callers
	turns   *turns
	budget  int
	res     LeaseResult
	taken   []*leased

	ahead    *ahead          // not nil: only look; nothing is written
	examined map[uint64]bool // chosen, or shown ahead: the walk goes past them
}

func (l *leasing) run() error {
	camp, err := l.campaign(l.req.Campaign)
	if err != nil {
		return err
	}
	l.camp = camp.ID
	hold, err := l.hold(l.req.Viewpoint)
	if err != nil {
		return err
	}
	l.callers = hold.callers
	if hold.Reason != "" {
		l.res.Held, l.res.HeldBy, l.res.NextAt = hold.Reason, hold.Detail, hold.Until
		return nil
	}
	if err := l.gather(); err != nil {
		return err
	}
	if l.req.Only != 0 {
		return l.end(l.takeOnly())
	}
	if err := l.takeCallbacks(); err != nil || l.req.For != "" {
		return l.end(err)
	}
	if l.turns, err = l.readTurns(); err != nil {
		return err
	}
	if err := l.takeChosen(); err != nil {
		return err
	}
	if err := l.arrange(); err != nil {
		return err
	}
	if err := l.takeDue(); err != nil {
		return err
	}
	behind := l.res.More
	l.res.More = false
	if err := l.takeFresh(); err != nil || l.ahead != nil {
		return err
	}
	err = l.findNext()
	if behind && !l.full() {
		l.res.More = true // contacts are not in order yet: there may be some among them
	}
	return l.end(err)
}

// end writes down how far the walk has come and how often who was shown.
func (l *leasing) end(err error) error {
	if err != nil || l.ahead != nil {
		return err
	}
	for _, g := range l.groups {
		if g.moved {
			cursor := g.seen.bytes()
			if g.by != nil {
				cursor = g.by.bytes()
			}
			l.put(bCursors, cursorKey(l.camp, g.seg, g.class), cursor)
		}
	}
	l.callers.save(l.tx)
	if l.res.Held != "" { // nothing more can be given before, whatever waits
		l.res.NextAt = l.callers.next(l.req.Now)
	}
	return nil
}

// takeOnly leases the one contact that was asked for, if the rules allow it.
func (l *leasing) takeOnly() error {
	g, st, err := l.find(l.req.Only)
	if err != nil || g == nil || !g.open || l.full() {
		return err
	}
	if st.Live != "" { // its call says when the next is, not a rule
		l.res.Passed["in-call"]++
		return nil
	}
	_, err = l.examine(place{g.seg, g.class, l.req.Only})
	return err
}

// full says that no more is to be given: it is enough, or nobody is left to be shown.
func (l *leasing) full() bool {
	given := len(l.res.Attempts)
	if l.ahead != nil {
		given = len(l.ahead.shown)
	}
	if given >= l.req.Max {
		return true
	}
	if len(l.req.Callers) > 0 && l.callers.fit(l.req.Now) == nil {
		l.res.Held, l.res.HeldBy = NoCallerID, l.callers.why(l.req.Now)
		return true
	}
	return false
}

// takeDue leases what is due in the open groups, earliest first.
func (l *leasing) takeDue() error {
	now := dueTime(l.req.Now)
	heads := make([][]byte, len(l.groups)) // time and contact of each group's first
	for i, g := range l.groups {
		if g.open {
			heads[i] = l.nextDue(g, nil)
		}
	}
	for !l.full() {
		first := -1
		for i, h := range heads {
			if h != nil && (first < 0 || bytes.Compare(h, heads[first]) < 0) {
				first = i
			}
		}
		if first < 0 || int64(binary.BigEndian.Uint64(heads[first])) > now {
			return nil
		}
		if !l.work() {
			return nil
		}
		g := l.groups[first]
		if _, err := l.examine(place{g.seg, g.class, binary.BigEndian.Uint64(heads[first][8:])}); err != nil {
			return err
		}
		heads[first] = l.nextDue(g, heads[first])
	}
	return nil
}

// nextDue is time and contact of a group's first key in the due index behind
// another, nil if there is none.
func (l *leasing) nextDue(g *group, behind []byte) []byte {
	prefix := be32(be32(be32(nil, l.camp), g.seg), g.class)
	from := append(slices.Clip(prefix), behind...)
	c := l.cursor(bDue)
	key, _ := c.Seek(from)
	if behind != nil && bytes.Equal(key, from) {
		key, _ = c.Next()
	}
	if !bytes.HasPrefix(key, prefix) {
		return nil
	}
	if len(key) != len(prefix)+16 {
		l.err = errKeys(bDue)
		return nil
	}
	return bytes.Clone(key[len(prefix):])
}

// work takes one step from the work limit.
func (l *leasing) work() bool {
	if l.budget == 0 {
		l.res.More = true
		return false
	}
	l.budget--
	return true
}

// examine judges one contact and does what the verdict says.
func (l *leasing) examine(p place) (taken bool, err error) {
	c, found, err := l.contact(p.seg, p.id)
	if err == nil && !found {
		err = fmt.Errorf("%w: contact %d is in an index only", ErrDamaged, p.id)
	}
	if err != nil {
		return false, err
	}
	st, _, err := l.state(l.camp, p.id)
	if err != nil {
		return false, err
	}
	cand, err := l.candidate(c, st, l.req.Viewpoint)
	if err != nil {
		return false, err
	}
	if l.ahead != nil {
		l.ahead.locked(&cand)
		l.examined[p.id] = true
	}
	l.res.Examined++
	v := l.judge(cand)
	if l.ahead != nil {
		if v.Kind == Yes {
			l.show(cand, v)
		}
		return v.Kind == Yes, nil
	}
	switch v.Kind {
	case Yes:
		return true, l.take(p, c, st, v)
	case Later:
		if st.Promise != nil {
			l.setPromise(l.camp, p, &st, st.Promise, dueTime(v.When))
		} else {
			l.setDue(l.camp, p, &st, dueTime(v.When), true)
		}
	default:
		if st.Promise != nil { // nobody waits for its time any more, as after a cancelled one
			st.NextTry, st.Rescheduled = time.Time{}, false
			l.setPromise(l.camp, p, &st, nil, 0)
		}
		if st.Due != 0 {
			l.setDue(l.camp, p, &st, 0, false)
		}
	}
	l.res.Passed[v.Reason]++
	return false, nil
}

// judge asks the rules, and holds what the store itself promises.
func (l *leasing) judge(c Candidate) Verdict {
	v := l.req.Judge(c)
	if v.Kind == Yes {
		suppressed, leased := c.of(v.Phone)
		switch {
		case suppressed != nil:
			v = Verdict{Kind: Never, Reason: "do-not-call"}
		case leased:
			v = Verdict{Kind: Later, When: l.req.Now.Add(inCall), Reason: "in-call"}
		}
	}
	if v.Kind == Later && v.When.Before(l.req.Now.Add(soonest)) {
		v.When = l.req.Now.Add(soonest)
	}
	return v
}

// of is what is seen of one of the candidate's numbers.
func (c *Candidate) of(phone string) (suppressed *Suppression, leased bool) {
	for _, o := range c.Others {
		if o.Phone == phone {
			return o.Suppressed, o.Leased
		}
	}
	return c.Suppressed, c.Leased
}

// take makes an attempt of a contact, on one of its numbers.
func (l *leasing) take(p place, c Contact, st state, v Verdict) error {
	now := l.req.Now.UTC()
	id := fmt.Sprintf("a%012d", l.next(bLive))
	promise := st.Promise
	if promise != nil {
		l.setPromise(l.camp, p, &st, nil, 0)
	}
	if v.Phone != "" && v.Phone != c.Phone {
		i := slices.IndexFunc(c.Numbers, func(n Number) bool { return n.Phone == v.Phone })
		if i < 0 {
			return fmt.Errorf("contact %d: the rules chose a number that it does not have", c.ID)
		}
		c.Phone, c.NumberType, c.Region = c.Numbers[i].Phone, c.Numbers[i].Type, c.Numbers[i].Region
	}
	if len(l.req.Callers) > 0 {
		v.CallerID = l.callers.use(l.req.Now)
	}
	st.Attempts++
	st.Live, st.Rescheduled = id, false
	st.tried(c)
	a := &attemptRow{Segment: p.seg, Attempt: Attempt{
		ID: id, Campaign: l.req.Campaign, Version: l.req.Version, Number: st.Attempts, Contact: c,
		Trunk: v.Trunk, CallerID: v.CallerID, SIPCallID: l.s.sipCallID(id),
		LeasedAt: now, Owner: l.req.Owner, Expires: now.Add(l.req.TTL), For: l.req.For, Promise: promise, Others: v.Others, Fresher: v.Fresher,
	}}
	l.save(bLive, []byte(id), a)
	l.taken = append(l.taken, a.leased())
	l.put(bCalling, []byte(c.Phone), []byte(id))
	l.addTry(c.Phone, now)
	l.setDue(l.camp, p, &st, 0, false)
	if l.res.Attempts == nil {
		l.res.Attempts = make([]Attempt, 0, min(l.req.Max, leaseWork))
	}
	l.res.Attempts = append(l.res.Attempts, a.Attempt)
	return nil
}

// tried counts an attempt on the dialed number of a contact that has several.
func (s *state) tried(c Contact) {
	if len(c.Numbers) < 2 {
		return
	}
	n := s.number(c.Phone)
	n.Attempts++
}

// number is the progress of one number, made if there is none.
func (s *state) number(phone string) *NumberProgress {
	i := slices.IndexFunc(s.Numbers, func(n NumberProgress) bool { return n.Phone == phone })
	if i < 0 {
		i = len(s.Numbers)
		s.Numbers = append(slices.Clip(s.Numbers), NumberProgress{Phone: phone})
	}
	return &s.Numbers[i]
}

// findNext answers when asking again may give more.
func (l *leasing) findNext() error {
	for _, g := range l.groups {
		from := l.req.Now
		if !g.open {
			if from = g.next; from.IsZero() {
				continue
			}
		}
		if due := l.nextDue(g, nil); due != nil {
			at := time.Unix(0, int64(binary.BigEndian.Uint64(due))).UTC()
			if at.Before(from) {
				at = from
			}
			l.nextAt(at)
		}
		if err := l.look(g); err != nil {
			return err
		}
		if g.head != 0 {
			l.nextAt(from)
		}
	}
	return l.nextCallback()
}

func (l *leasing) nextAt(at time.Time) {
	if l.res.NextAt.IsZero() || at.Before(l.res.NextAt) {
		l.res.NextAt = at
	}
}
