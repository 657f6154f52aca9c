package floor

import (
	"slices"
	"testing"
	"time"

	"apel/contactdb"
)

func TestAnOperatorWhoIsWantedElsewhereGoesWhenTheCallsInTheAirAllow(t *testing.T) {
	p := play{t, newFloor()}
	ready(p, 0, "ann")
	p.at(0, lease("1"))
	p.at(1, Input{Kind: InState, State: contactdb.Paused})
	p.at(1, Input{Kind: InLend, Operator: "ann", Ready: true})
	if p.f.operators["ann"] == nil {
		t.Fatal("ann was let go of while a call rings that may need her")
	}
	p.at(8, Input{Kind: InAnswered, Call: "1"})
	p.want(p.at(9, Input{Kind: InHuman, Call: "1", Since: t0.Add(9 * time.Second)}), Action{Kind: DoConnect, Call: "1", Operator: "ann"})
	p.at(9, Input{Kind: InBridged, Call: "1", Operator: "ann"})
	p.at(60, Input{Kind: InTalkEnded, Call: "1", Operator: "ann"})
	p.at(70, Input{Kind: InSettled, Call: "1", Outcome: contactdb.Human})
	if p.f.operators["ann"] != nil {
		t.Error("ann is still on the floor of a campaign that rests")
	}
	if got := p.f.Occupancy(t0.Add(70 * time.Second)); got < .85 {
		t.Errorf("her work went with her: occupancy %.2f", got)
	}
}

func TestWhoIsWantedBackStays(t *testing.T) {
	p := play{t, newFloor()}
	ready(p, 0, "ann")
	p.at(0, lease("1"))
	p.at(1, Input{Kind: InLend, Operator: "ann", Ready: true})
	p.at(2, Input{Kind: InLend, Operator: "ann"})
	p.at(20, Input{Kind: InSettled, Call: "1", Outcome: contactdb.NoAnswer})
	if p.f.operators["ann"] == nil {
		t.Error("ann has gone though she was not wanted elsewhere any more")
	}
}

func TestWhoseCallbackIsBeingAskedForIsNotLent(t *testing.T) {
	p := play{t, newFloor()}
	ready(p, 0, "ana")
	p.at(0, Input{Kind: InLeased, NextAt: t0.Add(time.Hour)})
	p.want(p.at(1, Input{Kind: InPromises, Promises: map[string]time.Time{"ana": t0}}), Action{Kind: DoLease, N: 1, Operator: "ana"})
	p.at(1, Input{Kind: InLend, Operator: "ana", Ready: true})
	p.at(1.1, Input{Kind: InLeased, Operator: "ana", Calls: []LeasedCall{{ID: "2", For: "ana"}}})
	p.at(5, Input{Kind: InAnswered, Call: "2"})
	p.want(p.at(6, Input{Kind: InHuman, Call: "2", Since: t0.Add(6 * time.Second)}), Action{Kind: DoConnect, Call: "2", Operator: "ana"})
	p.at(6, Input{Kind: InBridged, Call: "2", Operator: "ana"})
	p.at(9, Input{Kind: InTalkEnded, Call: "2", Operator: "ana"})
	p.at(10, Input{Kind: InSettled, Call: "2", Outcome: contactdb.Human})
	if p.f.operators["ana"] != nil {
		t.Error("ana is still on the floor after her callback")
	}
}

func TestWhoIsAskedForFromAnotherCampaignIsGivenAtOnceOrNotAtAll(t *testing.T) {
	p := play{t, newFloor()}
	ready(p, 0, "ann", "bob")
	p.at(0, lease("1"))
	p.at(1, Input{Kind: InOperator, Operator: "eve", Present: true})
	borrow := func(second float64, operator string, given bool) {
		t.Helper()
		got := p.at(second, Input{Kind: InBorrow, Operator: operator})
		refused := slices.ContainsFunc(got, func(a Action) bool { return a.Kind == DoLend && a.Operator == operator && a.Why != "" })
		if refused == given || given && p.f.operators[operator] != nil {
			t.Errorf("%s: %+v, on the floor are %v", operator, got, p.f.operators)
		}
	}
	borrow(2, "bob", true)
	borrow(4, "eve", true) // on a break
	borrow(5, "eve", false)
	p.at(6, Input{Kind: InAnswered, Call: "1"})
	p.at(7, Input{Kind: InHuman, Call: "1", Since: t0.Add(7 * time.Second)})
	borrow(8, "ann", false) // is being joined
}

func TestAResultIsTakenBackUnlessItsOperatorHasGoneOn(t *testing.T) {
	back := func(name string, meanwhile func(p play), want ...Action) {
		p := play{t, newFloor()}
		ready(p, 0, "ann")
		p.at(0, lease("1"))
		p.at(1, Input{Kind: InAnswered, Call: "1"})
		p.at(2, Input{Kind: InHuman, Call: "1", Since: t0.Add(2 * time.Second)})
		p.at(2, Input{Kind: InBridged, Call: "1", Operator: "ann"})
		p.at(20, Input{Kind: InTalkEnded, Call: "1", Operator: "ann"})
		p.at(25, Input{Kind: InFreed, Call: "1", Operator: "ann"})
		p.at(25, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "2"}}})
		meanwhile(p)
		t.Log(name)
		p.want(p.at(27, Input{Kind: InTakenBack, Call: "1", Operator: "ann"}), want...)
	}
	stands := Action{Kind: DoTakenBack, Call: "1", Operator: "ann", Why: "gone-on"}
	back("free", func(play) {}, Action{Kind: DoTakenBack, Call: "1", Operator: "ann"})
	back("with the next", func(p play) {
		p.at(26, Input{Kind: InAnswered, Call: "2"})
		p.at(26, Input{Kind: InHuman, Call: "2", Since: t0.Add(26 * time.Second)})
	}, stands)
	back("lent", func(p play) { p.at(26, Input{Kind: InBorrow, Operator: "ann"}) }, stands)
}
