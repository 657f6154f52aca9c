package floor

import (
	"testing"

	"apel/pacing"
)

// chooser is a floor that has learned that a person answers a call in four, at
// five seconds, and may choose among the next contacts.
func chooser(t *testing.T) play {
	s := progressive()
	s.Pacing = pacing.Settings{Mode: pacing.Predictive, MaxAbandonment: .03, Debt: 1}
	p := play{t, newFloor()}
	p.at(0, Input{Kind: InSettings, Settings: s})
	for i := range 400 {
		e := pacing.Event{Kind: pacing.CallUnanswered, At: t0, Age: 25e9, Rang: 25e9, Rung: true}
		if i%4 == 0 {
			e.Kind, e.Age, e.Rang = pacing.CallLive, 6e9, 5e9
		}
		p.f.pacer.Observe(e)
	}
	return p
}

func next(choose int, chances ...float64) Input {
	in := Input{Kind: InAhead, Choose: choose}
	for i, c := range chances {
		in.Ahead = append(in.Ahead, Ahead{Contact: uint64(i + 1), Chance: c})
	}
	return in
}

// asked are the contacts of the only lease among actions.
func asked(t *testing.T, all []Action) []uint64 {
	t.Helper()
	if len(all) != 1 || all[0].Kind != DoLease {
		t.Fatalf("%v, want a lease", all)
	}
	return all[0].Contacts
}

func TestAFreeOperatorIsGivenTheContactWhoIsLikelyToAnswer(t *testing.T) {
	p := chooser(t)
	p.at(0, next(5, .1, .2, .9, .3, .15, .99))
	if got := asked(t, ready(p, 1, "ann")); len(got) == 0 || got[0] != 3 {
		t.Errorf("contacts %v are asked for first, want 3, the surest of the five that may be chosen", got)
	}
	p = chooser(t)
	p.at(0, next(1, .1, .2, .9))
	if got := asked(t, ready(p, 1, "ann")); got != nil {
		t.Errorf("contacts %v are named where the order is to be kept", got)
	}
}

func TestNobodyIsPassedOverForLongerThanThreeQuartersOfAnHour(t *testing.T) {
	p := chooser(t)
	p.at(0, next(3, .1, .8, .9))
	p.at(44*60, next(3, .1, .8, .9))
	if p.f.next.choose != 3 {
		t.Fatalf("among %d after 44 minutes", p.f.next.choose)
	}
	late := next(3, .8, .9, .7)
	for i := range late.Ahead { // retries are due now, and the first is behind them
		late.Ahead[i].Contact += 10
	}
	p.at(46*60, late)
	if got := asked(t, ready(p, 46*60, "ann")); len(got) == 0 || got[0] != 1 {
		t.Errorf("contacts %v, want first the one who was passed over", got)
	}
}

func TestWhoWasLeasedWhileTheNextWereReadIsNotNextAnyMore(t *testing.T) {
	p := chooser(t)
	p.at(0, next(5, .3, .9, .3))
	ready(p, 1, "ann")
	p.at(1.1, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1", Contact: 2, Chance: .9}}})
	p.at(1.2, next(5, .3, .9, .3))
	if got := p.f.next.contacts; len(got) != 2 || got[0] != 1 || got[1] != 3 {
		t.Errorf("next are %v, want 1 and 3", got)
	}
}
