package dialer

import (
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
	if got := p.f.occupancy(t0.Add(70 * time.Second)); got < .85 {
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
