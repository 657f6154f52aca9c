package dialer

import (
	"context"
	"errors"
	"slices"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/pacing"
)

// Contacts become calls: the lease of a campaign's loop.

// lease takes up to n contacts, the chosen ones first, and calls them; with an
// operator, only a callback that was promised for that one, or the one contact
// that is given. What it took is told to the floor
// before a call can report anything.
func (l *loop) lease(r *rules, n int, chosen []uint64, operator string, only byHand) {
	now := time.Now()
	reserved := l.s.reserve(r.def.Trunks, n)
	lines := slices.Clone(reserved)
	known, opens := map[uint64][]pacing.Trait{}, []time.Time{}
	req := l.request(r, now, known, lines.pick)
	req.Max, req.For, req.Chosen, req.Owner, req.TTL = min(n, reserved.all()), operator, chosen, l.s.owner, 24*time.Hour
	manual := only.contact != 0
	if req.Only = only.contact; manual {
		judge := req.Judge
		req.For, req.Judge = "", func(c contactdb.Candidate) contactdb.Verdict { return only.judged(judge, c) }
	}
	req.Open = func(zones []string) (bool, time.Time) {
		open, next := r.open(zones, now)
		if !open {
			opens = append(opens, next)
		}
		return open, next
	}
	res, err := l.s.store.Lease(l.ctx, req)
	l.s.book(reserved, res.Attempts)
	if err != nil {
		l.tell(floor.Input{Kind: floor.InLeased, Operator: operator, Manual: manual, NextAt: now.Add(time.Second)})
		l.answer(operator, answerToDial{err: err})
		if !errors.Is(err, context.Canceled) {
			l.s.storeFailed(l.name, err)
		}
		return
	}
	in := floor.Input{Kind: floor.InLeased, Operator: operator, Manual: manual, NextAt: res.NextAt}
	in.Exhausted = len(res.Attempts) == 0 && res.NextAt.IsZero() && !res.More
	if len(res.Attempts) > 0 || res.More {
		in.NextAt = time.Time{} // there may be more at once
	}
	if reserved.all() == 0 { // nobody was asked for
		in.Exhausted, in.NextAt = false, now.Add(time.Second)
	}
	in.Closed = slices.ContainsFunc(opens, func(at time.Time) bool { return !at.IsZero() && at.Equal(in.NextAt) })
	in.NextAt = r.ask(in.NextAt)
	calls := make([]*call, len(res.Attempts))
	for i, a := range res.Attempts {
		calls[i] = l.newCall(r, a)
		if manual {
			calls[i].by(operator)
			l.s.desk.serving(operator, calls[i])
		}
		in.Calls = append(in.Calls, floor.LeasedCall{ID: a.ID, Trunk: a.Trunk, Contact: a.Contact.ID, Traits: known[a.Contact.ID], For: a.For, Preview: calls[i].preview})
	}
	// The loop must know the calls before they report: it enters them when it takes the input.
	entered := make(chan struct{})
	select {
	case l.ask <- func(*floor.Floor) {
		for _, c := range calls {
			l.calls[c.a.ID] = c
		}
		close(entered)
	}:
		<-entered
	case <-l.done:
	}
	l.tell(in)
	switch {
	case !manual:
	case len(calls) == 0:
		l.answer(operator, answerToDial{err: l.notLeased(res)})
	default:
		l.answer(operator, answerToDial{attempt: calls[0].a.ID})
	}
	l.wg.Add(len(calls))
	for _, c := range calls {
		go c.run()
		if c.preview {
			continue
		}
		<-c.inLine // contacts are called in the order in which they were leased
	}
}

func (l *loop) newCall(r *rules, a contactdb.Attempt) *call {
	return &call{l: l, rules: r, a: a, orders: make(chan floor.Action, 64), asks: make(chan func(), 16), preview: r.def.Pacing.Mode == pacing.Preview && a.For == "", over: make(chan struct{}), inLine: make(chan struct{}), rec: contactdb.Record{
		ID: a.ID, Campaign: a.Campaign, CampaignVersion: a.Version, List: a.Contact.List, ContactID: a.Contact.ID,
		Phone: a.Contact.Phone, Attempt: a.Number, Trunk: a.Trunk, CallerID: a.CallerID, SIPCallID: a.SIPCallID}}
}
