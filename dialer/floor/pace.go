package floor

import (
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// pace asks how many calls to place, and asks for them.
func (f *Floor) pace() {
	f.again = time.Time{}
	switch {
	case f.state != contactdb.Running:
		return
	case f.leasing > 0:
		f.missed = true
		return
	case f.fulfilled && !f.missed: // what was decided has come about, and nothing else has happened
		f.fulfilled = false
		if f.last.Again > 0 {
			f.again = f.now.Add(f.last.Again)
		}
		return
	}
	f.fulfilled, f.missed = false, false
	d := f.pacer.Decide(f.snapshot())
	f.last = d
	f.decided++
	if d.Again > 0 {
		f.again = f.now.Add(d.Again)
	}
	if d.Why != f.lastWhy {
		f.lastWhy = d.Why
		f.do(Action{Kind: DoDecision, N: d.Place})
	}
	for _, i := range d.Cancel {
		f.hangup(f.asked[i])
	}
	if d.Place > 0 {
		f.leasing, f.missed = d.Place, false
		f.do(Action{Kind: DoLease, N: d.Place, Picks: d.Picks, Contacts: f.next.chosen(d)})
	}
}

// snapshot is the floor as pacing sees it, good until the next.
func (f *Floor) snapshot() pacing.Snapshot {
	s := &f.snap
	*s = pacing.Snapshot{Now: f.now, Lines: max(f.lines, 0), RateBound: f.slow, Contacts: -1, Live: f.live, Abandoned: f.abandoned,
		Operators: s.Operators[:0], Calls: s.Calls[:0], Horizon: f.horizon, Closed: f.closed && f.now.Before(f.noneUntil), Candidates: f.next.candidates, Choose: f.next.choose}
	if f.exhausted || f.now.Before(f.noneUntil) {
		s.Contacts = 0
	}
	for _, o := range f.byName() {
		state := o.state
		if f.spared(o) || o.wanted && state == pacing.Ready {
			state = pacing.NotReady
		}
		s.Operators = append(s.Operators, pacing.Operator{Name: o.name, State: state, Since: o.since, Leaving: o.leaving || o.wanted, FreeAt: o.freeAt})
	}
	f.asked = f.asked[:0]
	for _, c := range f.ordered() {
		if c.phase <= PhaseReserved && (!c.personal || c.phase == PhaseReserved) { // who is being joined takes the operator who is reserved
			s.Calls = append(s.Calls, c.view)
			f.asked = append(f.asked, c)
			continue
		}
		if c.phase == PhaseClosing || c.personal && c.phase >= PhaseDialing && c.phase < PhaseReserved {
			s.Held++
		}
	}
	return *s
}

// learn tells pacing what has become of a call.
func (f *Floor) learn(kind pacing.EventKind, c *call, in Input) {
	e := pacing.Event{Kind: kind, At: f.now, Operator: c.operator, Age: f.now.Sub(c.view.PlacedAt), Trunk: c.trunk, Chance: c.view.Chance, Traits: c.traits}
	e.Rang = e.Age
	if !c.view.AnsweredAt.IsZero() {
		e.Rang = c.view.AnsweredAt.Sub(c.view.PlacedAt)
	}
	if e.Rung = !c.view.RingingAt.IsZero(); e.Rung {
		e.SetUp = c.view.RingingAt.Sub(c.view.PlacedAt)
	}
	f.pacer.Observe(e)
}
