package pacing

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func floorOf(ready, talking, ringing int) Snapshot {
	s := Snapshot{Now: noon, Lines: 1000, Contacts: -1}
	for range ready {
		s.Operators = append(s.Operators, Operator{State: Ready, Since: noon})
	}
	for range talking {
		s.Operators = append(s.Operators, Operator{State: Talking, Since: noon})
	}
	for range ringing {
		s.Calls = append(s.Calls, Call{Phase: Ringing, PlacedAt: noon, RingingAt: noon})
	}
	return s
}

func TestFixedModesPlaceByRuleAndNameTheirCause(t *testing.T) {
	reserved := floorOf(1, 0, 0)
	reserved.Operators = append(reserved.Operators, Operator{State: Reserved})
	reserved.Calls = []Call{{Phase: Screening}}
	few := floorOf(5, 0, 0)
	few.Contacts = 2
	spent := floorOf(4, 0, 4)
	spent.Live, spent.Abandoned = 100, 3
	spare := floorOf(4, 0, 4)
	spare.Live = 200
	for _, c := range []struct {
		name  string
		set   Settings
		s     Snapshot
		place int
		limit Cause
		why   string
	}{
		{"one call a free operator", Settings{Mode: Progressive}, floorOf(3, 2, 1), 2, NoOperators, "3 free"},
		{"nobody free", Settings{Mode: Progressive}, floorOf(0, 2, 0), 0, NoOperators, "0 free"},
		{"every free operator has a call", Settings{Mode: Progressive}, floorOf(2, 0, 3), 0, OnRinging, "3 in the air"},
		{"a reserved operator covers his call", Settings{Mode: Progressive}, reserved, 1, NoOperators, "1 free"},
		{"lines include talking operators", Settings{Mode: Progressive, MaxLines: 5}, floorOf(4, 3, 1), 1, NoLines, "of 3"},
		{"contacts run out", Settings{Mode: Progressive}, few, 2, NoContacts, "no more no_contacts"},
		{"preview offers one contact a free operator", Settings{Mode: Preview}, floorOf(2, 0, 0), 2, NoOperators, ""},
		{"power with no budget is progressive", Settings{Mode: Power, Ratio: 2, MaxAbandonment: .03}, floorOf(4, 0, 0), 4, Budget, "falls back"},
		{"power with the budget spent is progressive", Settings{Mode: Power, Ratio: 2, MaxAbandonment: .03}, spent, 0, Budget, "falls back"},
		{"power takes its ratio when the budget bears it", Settings{Mode: Power, Ratio: 2, MaxAbandonment: .03}, spare, 4, NoOperators, "6 more"},
		{"power takes what the budget bears", Settings{Mode: Power, Ratio: 5, MaxAbandonment: .03}, spare, 6, Budget, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := New(c.set).Decide(c.s)
			if d.Place != c.place || d.Cause != c.limit || !strings.Contains(d.Why.String(), c.why) {
				t.Errorf("got %d, %s, %q; want %d, %s, %q", d.Place, d.Cause, d.Why, c.place, c.limit, c.why)
			}
		})
	}
}

func drawFloor(t *rapid.T) Snapshot {
	s := floorOf(rapid.IntRange(0, 20).Draw(t, "ready"), rapid.IntRange(0, 20).Draw(t, "talking"), rapid.IntRange(0, 40).Draw(t, "ringing"))
	s.Lines = rapid.IntRange(-3, 60).Draw(t, "lines")
	s.Contacts = rapid.IntRange(-1, 60).Draw(t, "contacts")
	s.Live = rapid.IntRange(-2, 2000).Draw(t, "live")
	s.Abandoned = rapid.IntRange(-2, 80).Draw(t, "abandoned")
	return s
}

func drawSettings(t *rapid.T) Settings {
	return Settings{
		Mode:           rapid.SampledFrom([]Mode{Preview, Progressive, Power, Predictive, ""}).Draw(t, "mode"),
		Ratio:          rapid.Float64().Draw(t, "ratio"),
		MaxLines:       rapid.IntRange(-1, 60).Draw(t, "max lines"),
		MaxAbandonment: rapid.Float64Range(-.1, .2).Draw(t, "cap"),
	}
}

func TestNoModePlacesMoreThanLinesAndContactsAllow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, s := drawSettings(t), drawFloor(t)
		d := New(set).Decide(s)
		n := take(s)
		if d.Place < 0 || d.Place > max(s.Lines, 0) || s.Contacts >= 0 && d.Place > s.Contacts {
			t.Fatalf("%+v", d)
		}
		if set.MaxLines > 0 && d.Place > 0 && d.Place+n.calls+n.talking > set.MaxLines {
			t.Fatalf("%d lines over %d: %+v", d.Place+n.calls+n.talking, set.MaxLines, d)
		}
		if d.Why.String() == "" || d.Cause == "" {
			t.Fatalf("unexplained: %+v", d)
		}
	})
}

func TestPowerStaysUnderTheCapIfEverybodyAnswersAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, s := drawSettings(t), drawFloor(t)
		set.Mode = Power
		p := New(set)
		d := p.Decide(s)
		n := take(s)
		lost := n.calls + d.Place - n.free
		if d.Place == 0 || lost <= 0 {
			return
		}
		if live := s.Live + n.calls + d.Place; float64(s.Abandoned+lost) > p.s.MaxAbandonment*float64(live)+1e-6 {
			t.Fatalf("%d of %d could be lost: %+v", s.Abandoned+lost, live, d)
		}
	})
}

func TestPredictiveSaysThatItFallsBack(t *testing.T) {
	d := New(Settings{Mode: Predictive, MaxAbandonment: .03}).Decide(floorOf(2, 0, 0))
	if d.Place != 2 || !strings.Contains(d.Why.String(), "falls back to progressive") {
		t.Errorf("%+v", d)
	}
}
