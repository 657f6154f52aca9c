package world

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"apel/pacing"
)

func predictive() *pacing.Pacer {
	return pacing.New(pacing.Settings{Mode: pacing.Predictive, MaxAbandonment: .03, Debt: pacing.DefaultDebt})
}

func TestTheSameSeedGivesTheSameShift(t *testing.T) {
	c := Config{Operators: 4, Hours: 1, Seed: 3, AnswerSpread: .2, Prediction: Learned, Choose: 5}
	a, b := Run(c, "x", predictive()), Run(c, "x", predictive())
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
}

func TestProgressiveLosesNobody(t *testing.T) {
	r := Run(Config{Operators: 8, Hours: 2}, "progressive", pacing.New(pacing.Settings{Mode: pacing.Progressive}))
	if r.Abandoned != 0 || r.Occupancy < .6 || r.Occupancy > .7 {
		t.Errorf("%+v", r)
	}
}

func TestIdleCausesAddUpToTheWaitingTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Config{Operators: rapid.IntRange(1, 8).Draw(t, "operators"), Hours: .3, Seed: rapid.Uint64().Draw(t, "seed"),
			Lines: rapid.IntRange(0, 12).Draw(t, "lines"), Contacts: rapid.IntRange(0, 300).Draw(t, "contacts")}
		r := Run(c, "x", predictive())
		sum := int64(0)
		for _, v := range r.IdleCauses {
			sum += v
		}
		idle := r.SignedInMS - int64(r.Occupancy*float64(r.SignedInMS))
		if sum != r.IdleMS || idle-sum > 2 || sum-idle > 2 {
			t.Fatalf("causes %d, total %d, waited %d: %v", sum, r.IdleMS, idle, r.IdleCauses)
		}
		if c.Lines > 0 && r.MaxLines > c.Lines {
			t.Fatalf("%d lines of %d", r.MaxLines, c.Lines)
		}
		if c.Contacts > 0 && r.Calls > c.Contacts {
			t.Fatalf("%d calls of %d contacts", r.Calls, c.Contacts)
		}
	})
}

func TestRatesAreWhatTheConfigurationSays(t *testing.T) {
	r := Run(Config{Operators: 40, Hours: 4, AnswerRate: .4}, "x", pacing.New(pacing.Settings{Mode: pacing.Progressive}))
	if p := float64(r.LiveAnswers) / float64(r.Calls); p < .38 || p > .42 {
		t.Errorf("%.3f of the calls were answered by people, want .40", p)
	}
}

func TestPredictiveBeatsProgressiveUnderTheCap(t *testing.T) {
	for _, n := range []int{1, 5, 25} {
		r := Run(Config{Operators: n, Seed: 1}, "predictive", predictive())
		if r.AbandonmentRate > .03 || r.Occupancy < .66 {
			t.Errorf("%d operators: %.3f busy, %.4f lost", n, r.Occupancy, r.AbandonmentRate)
		}
	}
}
