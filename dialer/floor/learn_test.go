package floor

import (
	"fmt"
	"testing"
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// TestAFloorLearnsWhoAnswers plays two lists of which one answers, and asks
// the pacer of a restarted floor.
func TestAFloorLearnsWhoAnswers(t *testing.T) {
	s := progressive()
	s.Pacing.Mode = pacing.Predictive
	pacer := pacing.New(s.Pacing)
	p := play{t, New(s, pacer, contactdb.Running)}
	of := func(list string) []pacing.Trait { return []pacing.Trait{{Name: "list=" + list, Value: 1}} }
	ready(p, 0, "ann")
	for i := range 300 {
		at, id, list := float64(60*i), fmt.Sprintf("%04d", i), []string{"good", "bad"}[i%2]
		p.at(at, Input{Kind: InLeased, Calls: []LeasedCall{{ID: id, Traits: of(list)}}})
		p.at(at+1, Input{Kind: InRinging, Call: id})
		if list == "bad" || i%3 == 0 {
			p.at(at+20, Input{Kind: InSettled, Call: id, Outcome: contactdb.NoAnswer})
			continue
		}
		p.at(at+8, Input{Kind: InAnswered, Call: id})
		p.at(at+9, Input{Kind: InHuman, Call: id, Since: t0.Add(time.Duration(at+9) * time.Second)})
		p.at(at+9, Input{Kind: InBridged, Call: id, Operator: "ann"})
		p.at(at+30, Input{Kind: InTalkEnded, Call: id, Operator: "ann"})
		p.at(at+40, Input{Kind: InSettled, Call: id, Outcome: contactdb.Human})
	}
	kept, err := pacer.Save()
	if err != nil {
		t.Fatal(err)
	}
	again := pacing.New(s.Pacing)
	if err := again.Load(kept); err != nil {
		t.Fatal(err)
	}
	good, bad := again.Chance(of("good")), again.Chance(of("bad"))
	if good < .5 || good > .8 || bad > .15 {
		t.Errorf("of the good list two in three answered, of the bad one nobody; learned: %.2f and %.2f", good, bad)
	}
	p = play{t, New(s, again, contactdb.Running)}
	p.at(0, Input{Kind: InLeased, Calls: []LeasedCall{{ID: "1", Traits: of("good")}, {ID: "2", Traits: of("bad")}}})
	p.at(0, Input{Kind: InAhead, Ahead: []Ahead{{Traits: of("bad")}, {Traits: of("good")}}})
	snap := p.f.snapshot()
	if snap.Calls[0].Chance != good || snap.Calls[1].Chance != bad || snap.Candidates[0].Chance != bad || snap.Candidates[1].Chance != good {
		t.Errorf("pacing sees %+v and %+v", snap.Calls, snap.Candidates)
	}
}
