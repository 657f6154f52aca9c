package floor

import (
	"testing"
	"time"
)

func ready(p play, second float64, names ...string) (last []Action) {
	for _, n := range names {
		last = p.at(second, Input{Kind: InOperator, Operator: n, Present: true, Ready: true})
	}
	return last
}

func TestContactsThatComeWhileTheListsAreAskedAreNotMissed(t *testing.T) {
	for name, in := range map[string]Input{
		"a list is imported":         {Kind: InContacts},
		"a call is settled meantime": {Kind: InSettled, Call: "1", Outcome: "busy", NextAt: t0.Add(15 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			p := play{t, newFloor()}
			ready(p, 0, "ann")
			p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
			p.want(ready(p, 1, "bob"), Action{Kind: DoLease, N: 1})
			p.at(2, in)
			got := p.at(3, Input{Kind: InLeased, Exhausted: true})
			if len(got) != 1 || got[0].Kind != DoLease {
				t.Errorf("after an answer that was too old: %v, want to ask again", got)
			}
		})
	}
}

func TestARetryIsNotLateBecauseTheOthersAreLater(t *testing.T) {
	p := play{t, newFloor()}
	ready(p, 0, "ann")
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	ready(p, 1, "bob")
	p.want(p.at(2, Input{Kind: InLeased, NextAt: t0.Add(20 * time.Hour)}))
	p.want(p.at(30, Input{Kind: InSettled, Call: "1", Outcome: "busy", NextAt: t0.Add(15 * time.Minute)}))
	if next, want := p.f.Next(), t0.Add(15*time.Minute); !next.Equal(want) {
		t.Errorf("the floor wants a tick at %s, want %s", next, want)
	}
	p.want(p.at(15*60, Input{Kind: InTick}), Action{Kind: DoLease, N: 2})
}

func TestACallIsBridgedOnlyWithTheOperatorWhoHasIt(t *testing.T) {
	p := play{t, newFloor()}
	ready(p, 0, "ann")
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	p.at(5, Input{Kind: InAnswered, Call: "1"})
	p.want(p.at(6, Input{Kind: InHuman, Call: "1", Since: t0.Add(6 * time.Second)}), Action{Kind: DoConnect, Call: "1", Operator: "ann"})
	p.at(6, Input{Kind: InOperator, Operator: "ann"}) // the phone is lost during the tone
	ready(p, 6, "bob")
	p.at(6.1, Input{Kind: InBridged, Call: "1", Operator: "ann"})
	if got := p.f.calls["1"].phase; got != PhaseReserved {
		t.Errorf("the call is %s with an operator who has not got it yet", got)
	}
	p.at(6.2, Input{Kind: InBridged, Call: "1", Operator: "bob"})
	if got := p.f.calls["1"].phase; got != PhaseBridged {
		t.Errorf("the call is %s", got)
	}
}

func TestTheWorkOfAnOperatorWhoHasLeftStaysInTheOccupancy(t *testing.T) {
	p := play{t, newFloor()}
	ready(p, 0, "ann")
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1"}}})
	p.at(20, Input{Kind: InAnswered, Call: "1"})
	p.at(20, Input{Kind: InHuman, Call: "1", Since: t0.Add(20 * time.Second)})
	p.at(20, Input{Kind: InBridged, Call: "1", Operator: "ann"})
	p.at(80, Input{Kind: InTalkEnded, Call: "1", Operator: "ann"})
	p.at(80, Input{Kind: InSettled, Call: "1", Outcome: "human"})
	p.at(80, Input{Kind: InOperator, Operator: "ann"})
	if got := p.f.Occupancy(t0.Add(100 * time.Second)); got != 0.75 {
		t.Errorf("occupancy %v, want 60 s of 80", got)
	}
}
