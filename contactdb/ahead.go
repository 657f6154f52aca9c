package contactdb

import (
	"context"
	"fmt"
)

// aheadWork is how many contacts Ahead looks at: some milliseconds.
const aheadWork = 512

// Ahead shows at most Max contacts that Lease would give next for the same
// request, in its order, as the rules see them. Nothing is leased or written:
// it may be asked several times a second beside the calls. It is judged by the
// code of Lease, on the caller's goroutine, in one consistent view; what changes
// until the lease the lease sees. To take some of them before others, name them
// in LeaseRequest.Chosen.
//
// Passing over many contacts that the rules refuse, it gives fewer than there
// are: it looks at some hundreds, and leases move past those. Of a list in the
// order of a field it shows who was put in order by leases or Arrange.
// ErrNotFound if the campaign was never applied.
func (s *Store) Ahead(ctx context.Context, req LeaseRequest) ([]Candidate, error) {
	var l *leasing
	err := s.view("look ahead for campaign "+req.Campaign, func(t *tx) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		l = &leasing{tx: t, s: s, req: req, budget: aheadWork, ahead: &ahead{numbers: map[string]bool{}}, examined: map[uint64]bool{}}
		l.res.Passed = map[string]int{}
		if err := l.run(); err != nil {
			return err
		}
		return t.err
	})
	if err != nil {
		return nil, err
	}
	return l.ahead.shown, nil
}

// ahead is what a lease would have given.
type ahead struct {
	shown   []Candidate
	numbers map[string]bool // theirs: a lease would have locked them
}

// locked takes into the view of a contact the numbers of those before it.
func (a *ahead) locked(c *Candidate) {
	c.Leased = c.Leased || a.numbers[c.Phone]
	for i := range c.Others {
		c.Others[i].Leased = c.Others[i].Leased || a.numbers[c.Others[i].Phone]
	}
}

// show is take without a lease.
func (l *leasing) show(c Candidate, v Verdict) {
	phone := c.Phone
	if v.Phone != "" {
		phone = v.Phone
	}
	l.ahead.numbers[phone] = true
	if len(l.req.Callers) > 0 {
		l.callers.use(l.req.Now)
	}
	l.ahead.shown = append(l.ahead.shown, c)
}

// takeChosen leases those of the request's choice that may be leased now.
func (l *leasing) takeChosen() error {
	for _, id := range l.req.Chosen {
		if l.examined[id] {
			continue
		}
		if l.full() || !l.work() {
			return nil
		}
		g, st, err := l.find(id)
		if err != nil {
			return err
		}
		if g == nil || !g.open || !st.waits(dueTime(l.req.Now)) {
			continue
		}
		fresh := st.Due == 0 && st.Promise == nil
		took, err := l.examine(place{g.seg, g.class, id})
		if err != nil {
			return err
		}
		l.examined[id] = true
		if took && fresh {
			l.turns.took(g.list, true)
		}
	}
	return nil
}

// find gives a contact's group and state; nil if no list of the request has it.
func (l *leasing) find(id uint64) (*group, state, error) {
	var last uint32
	for i, g := range l.groups {
		if i > 0 && g.seg == last {
			continue
		}
		last = g.seg
		c, found, err := l.contact(g.seg, id)
		if err != nil {
			return nil, state{}, err
		}
		if !found {
			continue
		}
		st, _, err := l.state(l.camp, id)
		if err != nil {
			return nil, st, err
		}
		class := l.class(&c)
		for _, g := range l.groups {
			if g.seg == last && g.class == class {
				return g, st, nil
			}
		}
		return nil, st, fmt.Errorf("%w: contact %d is in no set of zones of its list", ErrDamaged, id)
	}
	return nil, state{}, nil
}

// waits says that a contact may be considered at a time: fresh, due, or
// promised a call that anybody may make now.
func (s *state) waits(now int64) bool {
	switch {
	case s.Live != "" || s.Final != "":
		return false
	case s.Promise != nil:
		at := s.Promise.anybody()
		return !at.IsZero() && max(dueTime(at), s.PromiseDue) <= now
	}
	return s.Due <= now
}
