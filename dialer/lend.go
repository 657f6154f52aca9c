package dialer

import (
	"fmt"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/media"
	"apel/pacing"
)

// The operators of a campaign that rests are lent to one that runs and admits
// them, and come back when theirs goes on. A floor lets go of them when the
// calls in the air do not need them any more.

// running says whether a campaign places calls.
func (l *loop) running() bool { return !l.resting.Load() }

// rests takes in that a campaign places calls again, or none.
func (d *desk) rests(l *loop, rests bool) {
	l.resting.Store(rests)
	d.rearrange()
}

// rearrange has every operator work where they should, after campaigns have
// come to admit others or to rest.
func (d *desk) rearrange() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.seats {
		if s.loop == nil && s.leg != nil {
			d.place(s)
		}
	}
	d.lend()
}

// lend has every operator asked for who had better be elsewhere. With mu held.
func (d *desk) lend() {
	for _, s := range d.seats {
		if s.loop == nil || s.leg == nil {
			continue
		}
		better := d.campaignOf(s)
		s.loop.tell(floor.Input{Kind: floor.InLend, Operator: s.name, Ready: better != s.loop})
	}
}

// campaignOf is where an operator should work: where they are a guest, else the
// first campaign that runs and admits them, else where they are, else any that
// admits them; nil: nowhere.
func (d *desk) campaignOf(s *seat) *loop {
	if s.guest != nil {
		return s.guest
	}
	var any *loop
	for _, l := range d.loops {
		if !l.rules.Load().admits(s) {
			continue
		}
		if l.running() {
			return l
		}
		if any == nil {
			any = l
		}
	}
	if s.loop != nil && s.loop.rules.Load().admits(s) {
		return s.loop
	}
	return any
}

// lent takes in that a floor has let go of an operator. What it was told of them
// meanwhile it must not take for somebody new. With mu held.
func (d *desk) lent(s *seat) {
	s.loop.tell(floor.Input{Kind: floor.InOperator, Operator: s.name})
	s.loop = nil
	d.place(s)
	d.answer(s, true)
}

// borrow lends an operator of another campaign, who must be admitted to this
// one, to it for one conversation; a colleague of this one is there already. As
// a guest nobody is given calls. ErrState if they are needed where they are.
func (d *desk) borrow(name string, to *loop) error {
	nobody := say(contactdb.ErrState, "nobody-free", "nobody is free: %s", name)
	d.mu.Lock()
	s := d.seats[name]
	switch {
	case s == nil || s.leg == nil || s.listens || s.lending != nil:
		d.mu.Unlock()
		return nobody
	case s.loop == to && s.guest == nil:
		d.mu.Unlock()
		return nil
	case s.guest != nil:
		d.mu.Unlock()
		return nobody
	case !to.rules.Load().admits(s):
		d.mu.Unlock()
		return say(contactdb.ErrState, "not-admitted", "%s may not work for %s: the campaign is for other teams and operators", name, to.name)
	}
	home, lent := s.loop, make(chan bool, 1)
	s.guest = to
	if home == nil {
		d.place(s)
		d.mu.Unlock()
		return nil
	}
	s.lending, s.asks = lent, s.asks+1
	home.tell(floor.Input{Kind: floor.InBorrow, Operator: name, Ask: s.asks})
	d.mu.Unlock()
	select {
	case ok := <-lent:
		if ok {
			return nil
		}
	case <-home.done:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if s.lending = nil; s.loop == to { // the floor has ended, and they went on to this one
		return nil
	}
	if s.guest == to {
		s.guest = nil
		d.tell(s) // who has become ready meanwhile was not, as a guest
	}
	return nobody
}

// unasked sends a guest home who was not asked after all.
func (d *desk) unasked(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.seats[name]; s != nil && s.state != pacing.Talking.String() {
		d.goHome(s)
	}
}

// goHome ends a guest's stay. With mu held.
func (d *desk) goHome(s *seat) {
	if s.guest == nil || s.loop != s.guest {
		return
	}
	s.guest = nil
	s.loop.tell(floor.Input{Kind: floor.InLend, Operator: s.name, Ready: true})
}

// admitted are the operators who may be lent to a campaign, or work for it.
func (d *desk) admitted(to *loop) map[string]bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string]bool{}
	for name, s := range d.seats {
		all[name] = to.rules.Load().admits(s)
	}
	return all
}

// answered takes in what a floor says to who wants an operator or a leg lent.
func (d *desk) answered(a floor.Action) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.seats[a.Operator]; s != nil && s.asks == a.Ask {
		d.answer(s, a.Why == "")
	}
}

// answer lets go of who waits. With mu held.
func (d *desk) answer(s *seat, yes bool) {
	if s.lending != nil {
		s.lending <- yes
		s.lending = nil
	}
}

// restsIn says whether a campaign in this state places no calls.
func restsIn(state contactdb.CampaignState) bool { return state != contactdb.Running }

// lendsEar is the reason of being not ready while a leg is lent.
const lendsEar = "listening to a colleague"

// lendEar gives a supervisor the leg that they have as an operator, to listen
// on; until returnEar they get no calls. Their floor is asked last: it may be
// giving them somebody at this instant.
func (d *desk) lendEar(name string) (*media.Session, error) {
	takesCalls := fmt.Errorf("%w: %s takes calls; be not ready first", contactdb.ErrState, name)
	d.mu.Lock()
	s := d.seats[name]
	switch {
	case s == nil || s.leg == nil:
		d.mu.Unlock()
		return nil, fmt.Errorf("%w: %s has no phone that is connected; listen in the browser, or register a phone as user %s and pick up", contactdb.ErrState, name, name)
	case s.ready || s.call != nil || s.state == "talking" || s.state == "reserved":
		d.mu.Unlock()
		return nil, takesCalls
	}
	was, ear, home, free := s.reason, s.leg.media(), s.loop, make(chan bool, 1)
	s.listens, s.lending, s.reason = true, free, lendsEar
	var over chan struct{}
	if home == nil {
		free <- true
	} else {
		over = home.done
		s.asks++
		home.tell(floor.Input{Kind: floor.InListen, Operator: name, Ready: true, Ask: s.asks})
	}
	d.mu.Unlock()
	select {
	case ok := <-free:
		if !ok {
			d.returnEar(name, was)
			return nil, takesCalls
		}
	case <-over: // it gives nobody to anyone any more, and the next one knows
	}
	return ear, nil
}

// returnEar ends it; the reason of being not ready is then another.
func (d *desk) returnEar(name, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seats[name]
	if s == nil || !s.listens {
		return
	}
	s.listens, s.lending = false, nil
	if s.reason == lendsEar {
		s.reason = reason
	}
	if s.loop != nil {
		s.loop.tell(floor.Input{Kind: floor.InListen, Operator: name})
	}
	d.tell(s)
}
