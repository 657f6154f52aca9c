package world

import (
	"math"
	"slices"
	"testing"

	"apel/pacing"
)

// Twelve campaigns begin anew and call 7,200 contacts each, as ten operators do
// in a shift; all that was told counts, from the first call on.
func TestLearnedChancesAreWithinTwoPointsInEveryTenth(t *testing.T) {
	var tenths [10]struct{ calls, told, came float64 }
	for seed := range uint64(12) {
		c := Config{AnswerSpread: .28, Prediction: Learned, Seed: 500 + seed}.filled()
		p := pacing.New(pacing.Settings{})
		var air []pacing.Event // what is known of calls 30 calls later
		for i := range 7200 {
			f := c.draw(i, 1)
			traits := slices.Clone(f.traits[:f.nTrait])
			e := pacing.Event{Kind: pacing.CallUnanswered, Traits: traits, Chance: p.Chance(traits), Rang: f.ring, Age: f.ring}
			if f.kind == person {
				e.Kind = pacing.CallLive
			}
			if e.Chance > 0 {
				x := &tenths[min(int(e.Chance*10), 9)]
				x.calls++
				x.told += e.Chance
				if f.kind == person {
					x.came++
				}
			}
			if air = append(air, e); len(air) > 30 {
				p.Observe(air[0])
				air = air[1:]
			}
		}
	}
	for i, x := range tenths {
		if off := (x.told - x.came) / x.calls; !(math.Abs(off) <= .02) {
			t.Errorf("tenth %d: %.0f calls told %.3f, answered %.3f", i+1, x.calls, x.told/x.calls, x.came/x.calls)
		}
	}
}
