package dialer

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
