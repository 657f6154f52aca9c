package dialer

import (
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// pace asks how many calls to place, and asks for them.
func (f *Floor) pace() {
	if f.state != contactdb.Running || f.leasing > 0 {
		return
	}
	d := f.pacer.Decide(f.snapshot())
	f.again = time.Time{}
	if d.Again > 0 {
		f.again = f.now.Add(d.Again)
	}
	if d.Why != "" && d.Why != f.lastWhy {
		f.lastWhy = d.Why
		f.do(Action{Kind: DoDecision, Why: d.Why, N: d.Place})
	}
	if d.Place > 0 {
		f.leasing = d.Place
		f.do(Action{Kind: DoLease, N: d.Place})
	}
}

// snapshot is the floor as pacing sees it.
func (f *Floor) snapshot() pacing.Snapshot {
	s := pacing.Snapshot{Now: f.now, Lines: max(f.lines, 0), Contacts: -1, Live: f.live, Abandoned: f.abandoned}
	if f.exhausted || f.now.Before(f.noneUntil) {
		s.Contacts = 0
	}
	for _, o := range f.byName() {
		s.Operators = append(s.Operators, pacing.Operator{Name: o.name, State: o.state, Since: o.since, Leaving: o.leaving})
	}
	for _, c := range f.ordered() {
		if c.phase <= PhaseQueued {
			s.Calls = append(s.Calls, c.view)
		}
	}
	return s
}

// learn tells pacing what has become of a call.
func (f *Floor) learn(kind pacing.EventKind, c *floorCall, in Input) {
	e := pacing.Event{Kind: kind, At: f.now, Operator: c.operator, Age: f.now.Sub(c.view.PlacedAt), Trunk: c.trunk, Chance: c.view.Chance}
	e.Rang = e.Age
	if !c.view.AnsweredAt.IsZero() {
		e.Rang = c.view.AnsweredAt.Sub(c.view.PlacedAt)
	}
	if e.Rung = !c.view.RingingAt.IsZero(); e.Rung {
		e.SetUp = c.view.RingingAt.Sub(c.view.PlacedAt)
	}
	f.pacer.Observe(e)
}
