package pacing

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// schooled is a pacer that has seen an ordinary hour: a quarter answered by
// people after about 12 s, talks of two minutes.
func schooled(set Settings) *Pacer {
	p := New(set)
	for i := range 400 {
		at := noon.Add(time.Duration(i) * 9 * time.Second)
		rang := time.Duration(6+i%13) * time.Second
		e := Event{Kind: CallUnanswered, At: at, Rang: 30 * time.Second, Age: 30 * time.Second, Rung: true}
		switch i % 4 {
		case 0:
			e.Kind, e.Rang, e.Age = CallLive, rang, rang+time.Second
		case 1:
			e.Kind, e.Rang, e.Age = CallMachine, rang, rang+time.Second
		}
		p.Observe(e)
		p.Observe(Event{Kind: TalkEnded, At: at, Operator: "op", Age: time.Duration(30+i%180) * time.Second})
		p.Observe(Event{Kind: WrapEnded, At: at, Operator: "op", Age: time.Duration(5+i%30) * time.Second})
	}
	return p
}

func predictiveSettings() Settings {
	return Settings{Mode: Predictive, MaxAbandonment: .03, Debt: DefaultDebt}
}

func TestPredictiveOverdialsOnceItKnowsEnough(t *testing.T) {
	s := floorOf(4, 6, 0)
	s.Live, s.Abandoned, s.Horizon = 400, 4, noon.Add(5*time.Hour)
	d := schooled(predictiveSettings()).Decide(s)
	if d.Place <= 4 || d.Cause != Caution || !strings.Contains(d.Why.String(), "4 free") {
		t.Errorf("%+v", d)
	}
}

func TestPredictiveWithASpentBudgetIsProgressiveAndSaysSo(t *testing.T) {
	s := floorOf(4, 6, 4)
	s.Live, s.Abandoned, s.Horizon = 400, 12, noon.Add(5*time.Hour)
	set := predictiveSettings()
	set.Debt = 0
	d := schooled(set).Decide(s)
	if d.Place != 0 || d.Cause != Budget || !strings.Contains(d.Why.String(), "falls back to progressive: the budget is spent") {
		t.Errorf("%+v", d)
	}
}

func TestAStrictRulebookPlacesNothingUnearned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := predictiveSettings()
		set.Debt = 0
		s := drawFloor(t)
		s.Live = rapid.IntRange(0, 32).Draw(t, "few live")
		s.Abandoned = 0
		n := take(s)
		if d := schooled(set).Decide(s); d.Place > max(n.free-n.calls, 0) {
			t.Fatalf("%+v", d)
		}
	})
}

// placed is what 30 operators, of whom ten are free, place with a debt, when so
// many of those who answered were lost and so long a window is left.
func placed(debt float64, live, abandoned int, left time.Duration) int {
	s := floorOf(10, 20, 0)
	s.Live, s.Abandoned, s.Horizon = live, abandoned, noon.Add(left)
	set := predictiveSettings()
	set.Debt = debt
	return schooled(set).Decide(s).Place
}

func TestTheDebtIsPaidBackByTheEndOfTheWindow(t *testing.T) {
	begin, later := placed(1, 0, 0, 8*time.Hour), placed(1, 400, 12, 8*time.Hour)
	if begin != later {
		t.Errorf("%d placed as the window begins, %d when 12 people have been earned and lost", begin, later)
	}
	for _, left := range []time.Duration{30 * time.Minute, 15 * time.Minute, 5 * time.Minute} {
		now := placed(1, 400, 12, left)
		if now > later {
			t.Errorf("%d placed when %v are left, %d before", now, left, later)
		}
		later = now
	}
	if later >= begin {
		t.Errorf("%d placed near the end, as many as in the midst", later)
	}
	if last := placed(1, 0, 0, time.Minute); last != 10 {
		t.Errorf("%d placed where nothing will be earned any more, not one a free operator", last)
	}
}

func TestAStrictRulebookTakesLittleRiskOfLosingMoreThanIsEarned(t *testing.T) {
	if strict, other := placed(0, 34, 0, 8*time.Hour), placed(1e-9, 34, 0, 8*time.Hour); strict >= other {
		t.Errorf("without a debt %d are placed, with next to none %d", strict, other)
	}
}

func TestARingingCallIsWorthLessTheLongerItRings(t *testing.T) {
	p := schooled(predictiveSettings())
	last := 1.
	for _, age := range []time.Duration{0, 10, 15, 20, 25} {
		s := floorOf(0, 5, 1)
		s.Calls[0].RingingAt = noon.Add(-age * time.Second)
		d := p.Decide(s)
		if d.Ringing >= last {
			t.Errorf("after %d s worth %.3f, before %.3f", age, d.Ringing, last)
		}
		last = d.Ringing
	}
}

func TestNothingIsPlacedWhenNobodyCanBecomeFree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set := drawSettings(t)
		s := drawFloor(t)
		for i := range s.Operators {
			if o := &s.Operators[i]; o.State == Ready {
				o.State = NotReady
			} else {
				o.Leaving = true
			}
		}
		if d := schooled(set).Decide(s); d.Place != 0 {
			t.Fatalf("%+v", d)
		}
	})
}

func TestMoreBudgetNeverPlacesFewer(t *testing.T) {
	p := schooled(predictiveSettings())
	rapid.Check(t, func(t *rapid.T) {
		s := drawFloor(t)
		s.Live = rapid.IntRange(0, 3000).Draw(t, "some live")
		s.Abandoned = rapid.IntRange(1, 90).Draw(t, "lost")
		s.Horizon = noon.Add(time.Duration(rapid.IntRange(0, 30000).Draw(t, "left")) * time.Second)
		fewer := s
		fewer.Abandoned -= rapid.IntRange(1, s.Abandoned).Draw(t, "less")
		base := p.e.base
		a := p.Decide(s)
		p.e.base = base
		b := p.Decide(fewer)
		p.e.base = base
		if b.Place < a.Place {
			t.Fatalf("%d lost: %+v\n%d lost: %+v", s.Abandoned, a, fewer.Abandoned, b)
		}
	})
}

func TestAbsurdInputsNeverPanicNorPassTheLimits(t *testing.T) {
	absurd := rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), -1, 0, 1e-300, .25, 1, 1e300})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return rapid.SampledFrom([]time.Time{{}, noon, noon.Add(-time.Hour), noon.Add(time.Hour),
			noon.AddDate(-400, 0, 0), noon.AddDate(5000, 0, 0), time.Unix(1<<40, 0)}).Draw(t, "moment")
	})
	span := rapid.SampledFrom([]time.Duration{0, -time.Hour, time.Second, 1 << 62, -1 << 62})
	rapid.Check(t, func(t *rapid.T) {
		p := schooled(Settings{Mode: Predictive, Ratio: absurd.Draw(t, "ratio"), MaxAbandonment: absurd.Draw(t, "cap"), Debt: absurd.Draw(t, "debt"), HangUpAfter: span.Draw(t, "hang up")})
		for range rapid.IntRange(0, 60).Draw(t, "events") {
			p.Observe(Event{Kind: EventKind(rapid.IntRange(0, 12).Draw(t, "kind")), At: moment.Draw(t, "at"), Age: span.Draw(t, "age"),
				Rang: span.Draw(t, "rang"), SetUp: span.Draw(t, "set up"), Rung: true, Chance: absurd.Draw(t, "chance"),
				Traits: []Trait{{"x", absurd.Draw(t, "trait")}}})
		}
		s := drawFloor(t)
		s.Now, s.Horizon = moment.Draw(t, "now"), moment.Draw(t, "horizon")
		s.Choose = rapid.IntRange(-1, 9).Draw(t, "choose")
		for i := range s.Operators {
			o := &s.Operators[i]
			o.State, o.Since, o.FreeAt = OperatorState(rapid.IntRange(0, 9).Draw(t, "state")), moment.Draw(t, "since"), moment.Draw(t, "free at")
		}
		for i := range s.Calls {
			c := &s.Calls[i]
			c.Phase, c.PlacedAt, c.AnsweredAt = Phase(rapid.IntRange(0, 9).Draw(t, "phase")), moment.Draw(t, "placed"), moment.Draw(t, "answered")
			c.RingingAt, c.Chance = moment.Draw(t, "ringing"), absurd.Draw(t, "call's chance")
			s.Candidates = append(s.Candidates, Candidate{Chance: absurd.Draw(t, "candidate")})
		}
		d := p.Decide(s)
		if d.Place < 0 || d.Place > max(s.Lines, 0) || s.Contacts >= 0 && d.Place > s.Contacts {
			t.Fatalf("%+v", d)
		}
		if len(d.Picks) != 0 && len(d.Picks) != d.Place || math.IsNaN(d.Ringing+d.Screened) || d.Again < 0 {
			t.Fatalf("%+v", d)
		}
	})
}

func TestWhatWasLearnedSurvivesARestart(t *testing.T) {
	p := schooled(predictiveSettings())
	b, err := p.Save()
	if err != nil {
		t.Fatal(err)
	}
	q := New(predictiveSettings())
	if err := q.Load(b); err != nil {
		t.Fatal(err)
	}
	s := floorOf(4, 6, 3)
	s.Live, s.Abandoned, s.Horizon = 400, 4, noon.Add(5*time.Hour)
	if a, b := p.Decide(s), q.Decide(s); a.Place != b.Place || math.Abs(a.Ringing-b.Ringing) > .02 {
		t.Errorf("before %+v\nafter %+v", a, b)
	}
	for _, bad := range []string{"", "{}", "[1]", `{"Version":1}`, strings.Replace(string(b), `"Base":0.`, `"Base":-0.`, 1)} {
		before := q.Decide(s)
		if err := q.Load([]byte(bad)); err == nil {
			t.Errorf("%.20q was taken", bad)
		}
		if after := q.Decide(s); after.Place != before.Place {
			t.Errorf("%.20q changed the pacer", bad)
		}
	}
}

func TestCallsAreGivenUpOnlyWhereTheRulesAllow(t *testing.T) {
	p := schooled(predictiveSettings())
	s := floorOf(1, 0, 12)
	s.Live, s.Abandoned, s.Horizon = 400, 11, noon.Add(5*time.Hour)
	for i := range s.Calls {
		s.Calls[i].PlacedAt = noon.Add(-time.Duration(i) * time.Second)
		s.Calls[i].RingingAt = s.Calls[i].PlacedAt
	}
	if d := p.Decide(s); len(d.Cancel) != 0 {
		t.Errorf("given up without leave: %v", d.Cancel)
	}
	const after = 8 * time.Second
	set := predictiveSettings()
	set.HangUpAfter = after
	p.Configure(set)
	d := p.Decide(s)
	if len(d.Cancel) == 0 {
		t.Errorf("nothing given up: %+v", d)
	}
	for _, i := range d.Cancel {
		if s.Now.Sub(s.Calls[i].RingingAt) < after {
			t.Errorf("call %d given up after %v", i, s.Now.Sub(s.Calls[i].RingingAt))
		}
	}
}

func total(s Split) (sum time.Duration) {
	for _, d := range s {
		sum += d
	}
	return sum
}

func TestWaitingTimeIsSplitExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w Waiting
		want := time.Duration(0)
		for range rapid.IntRange(1, 30).Draw(t, "n") {
			dt, ready := time.Duration(rapid.IntRange(0, 1e10).Draw(t, "dt")), rapid.IntRange(0, 50).Draw(t, "ready")
			want += dt * time.Duration(ready)
			s := w.Add(dt, ready, Decision{Cause: rapid.SampledFrom(append([]Cause{NoOperators, "?", ""}, Causes...)).Draw(t, "limit"),
				Operators: rapid.IntRange(-1, 60).Draw(t, "operators"), Ringing: rapid.Float64Range(0, 60).Draw(t, "ringing"), Screened: rapid.Float64Range(0, 5).Draw(t, "screened")})
			for range ready {
				part := s.Take(dt)
				if d := total(part); d != dt {
					t.Fatalf("one of %d waited %v, their parts are %v", ready, dt, part)
				}
			}
			if total(s) != 0 {
				t.Fatalf("%v are left", s)
			}
		}
		sum := time.Duration(0)
		for _, c := range Causes {
			sum += w.Part(c)
		}
		if sum != want || w.Total != want {
			t.Fatalf("parts %v, total %v, waited %v", sum, w.Total, want)
		}
		for _, c := range Causes {
			if w.Part(c) < 0 {
				t.Fatalf("%s: %v", c, w.Part(c))
			}
		}
	})
}

func BenchmarkDecision(b *testing.B) {
	p := schooled(predictiveSettings())
	s := floorOf(10, 900, 2900)
	for range 90 {
		s.Operators = append(s.Operators, Operator{State: WrapUp, Since: noon.Add(-5 * time.Second)})
	}
	for i := range s.Operators {
		s.Operators[i].Since = noon.Add(-time.Duration(i%200) * time.Second)
	}
	for range 100 {
		s.Calls = append(s.Calls, Call{Phase: Screening, PlacedAt: noon.Add(-12 * time.Second), AnsweredAt: noon})
	}
	for i := range s.Calls {
		s.Calls[i].RingingAt = noon.Add(-time.Duration(i%30) * time.Second)
	}
	s.Lines, s.Live, s.Abandoned, s.Horizon = 5000, 40000, 1190, noon.Add(5*time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		p.Decide(s)
	}
}
