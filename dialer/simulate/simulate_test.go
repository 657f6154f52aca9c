package simulate_test

import (
	"math"
	"testing"
	"time"

	"apel/dialer/floor"
	"apel/dialer/simulate"
	"apel/pacing"
	"apel/pacing/world"
)

// TestTheProductionFloorDoesInTheWorldWhatTheWorldsOwnFloorDoes: the two were
// written apart, and must agree within what seeds differ by.
func TestTheProductionFloorDoesInTheWorldWhatTheWorldsOwnFloorDoes(t *testing.T) {
	t.Parallel()
	hours, seeds := 1.5, uint64(4)
	if testing.Short() || raceEnabled {
		hours, seeds = .5, 2
	}
	for name, c := range map[string]world.Config{
		"plain":                {},
		"set-up takes 2 s":     {SetUp: 2 * time.Second},
		"few lines":            {Lines: 9},
		"told wrap-up, chance": {ToldWrap: true, AnswerSpread: .28, Prediction: world.Exact},
		"choice":               {AnswerSpread: .28, Prediction: world.Exact, Choose: 20},
		"learned":              {AnswerSpread: .28, Prediction: world.Learned},
		"half goes":            {Shocks: []world.Shock{{At: 10 * time.Minute, For: 15 * time.Minute, Away: .5, Notice: true}}},
		"a short list":         {Contacts: 100, Detector: 3 * time.Second},
	} {
		c.Operators = 6
		for _, mode := range []pacing.Mode{pacing.Progressive, pacing.Power, pacing.Predictive} {
			if mode != pacing.Predictive && name != "plain" {
				continue
			}
			set := pacing.Settings{Mode: mode, Ratio: 2, MaxAbandonment: .1}
			var ours, theirs world.Summary
			var a, b []world.Result
			c.Hours = hours
			for seed := range seeds {
				c.Seed = seed + 1
				a = append(a, simulate.Shift(c, name, floor.Settings{Pacing: set, Within: 2 * time.Second}))
				b = append(b, world.Run(c, name, pacing.New(set)))
			}
			ours, theirs = world.Summarise(a, .1), world.Summarise(b, .1)
			noise := 3*math.Hypot(ours.Occupancy.Error, theirs.Occupancy.Error) + .003
			t.Logf("%s, %s: occupancy %.3f and %.3f, lost %.4f and %.4f; %d and %d calls, causes %v and %v", name, mode, ours.Occupancy.Mean, theirs.Occupancy.Mean,
				ours.Abandonment.Mean, theirs.Abandonment.Mean, a[0].Calls, b[0].Calls, a[0].IdleCauses, b[0].IdleCauses)
			if d := math.Abs(ours.Occupancy.Mean - theirs.Occupancy.Mean); d > noise {
				t.Errorf("%s, %s: occupancy %.3f, and %.3f with the world's own floor; seeds explain %.3f", name, mode, ours.Occupancy.Mean, theirs.Occupancy.Mean, noise)
			}
		}
	}
}

// BenchmarkShift is what `apel simulate --operators 100` does.
func BenchmarkShift(b *testing.B) {
	set := pacing.Settings{Mode: pacing.Predictive, MaxAbandonment: .03, Debt: pacing.DefaultDebt}
	for b.Loop() {
		simulate.Shift(world.Config{Operators: 100, Hours: 8, Seed: 1}, "predictive", floor.Settings{Pacing: set, Within: 2 * time.Second})
	}
}
