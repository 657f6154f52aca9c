package dialer

import (
	"apel/contactdb"
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
		s.loop.tell(Input{Kind: InLend, Operator: s.name, Ready: better != s.loop})
	}
}

// campaignOf is where an operator should work: the first campaign that runs and
// admits them, else where they are, else any that admits them; nil: nowhere.
func (d *desk) campaignOf(s *seat) *loop {
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

// lent takes in that a floor has let go of an operator. With mu held.
func (d *desk) lent(s *seat) {
	s.loop = nil
	d.place(s)
}

// restsIn says whether a campaign in this state places no calls.
func restsIn(state contactdb.CampaignState) bool { return state != contactdb.Running }
