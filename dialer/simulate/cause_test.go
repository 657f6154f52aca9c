package simulate_test

import (
	"flag"
	"math"
	"testing"
	"time"

	"apel/dialer/floor"
	"apel/dialer/simulate"
	"apel/pacing"
	"apel/pacing/world"
)

var causeSeeds = flag.Int("cause-seeds", 1, "shifts for each cause that is taken away; 1: the plainest causes only")

// idle are the shares of signed-in time that operators waited on the production
// floor, in all and by cause.
func idle(c world.Config, seeds int) (all float64, by map[pacing.Cause]float64) {
	by = map[pacing.Cause]float64{}
	set := pacing.Settings{Mode: pacing.Predictive, MaxAbandonment: .03, Debt: pacing.DefaultDebt}
	for seed := range seeds {
		c.Seed = uint64(seed + 1)
		r := simulate.Shift(c, "predictive", floor.Settings{Pacing: set, Within: 2 * time.Second})
		per := 1 / float64(r.SignedInMS) / float64(seeds)
		all += float64(r.IdleMS) * per
		for k, v := range r.IdleCauses {
			by[k] += float64(v) * per
		}
	}
	return all, by
}

// Taken away, a cause takes its share of the waiting time with it, within a
// tenth of all the waiting, on the floor that campaigns run on. Ringing and
// caution go together, as what rings hardly any time is known at once; of that
// a part is left, for four calls are needed for a person.
func TestTakingACauseAwayOnTheFloorTakesItsShareAway(t *testing.T) {
	t.Parallel()
	base := world.Config{Operators: 10, Hours: 4}
	few := testing.Short() || raceEnabled
	if few {
		base.Hours = 2.5
	}
	hour := world.Shock{At: time.Hour, For: time.Hour}
	closed, dead := hour, hour
	closed.Closed, dead.Dead = true, true
	with := func(change func(*world.Config)) world.Config {
		c := base
		change(&c)
		return c
	}
	plain, _ := idle(base, *causeSeeds)
	for _, x := range []struct {
		name          string
		causes        []pacing.Cause
		with, without world.Config
		long, partly  bool
	}{
		{"a list ends early", []pacing.Cause{pacing.NoContacts}, with(func(c *world.Config) { c.Contacts = int(140 * c.Hours) }), base, false, false},
		{"closed for an hour", []pacing.Cause{pacing.Hours}, with(func(c *world.Config) { c.Shocks = []world.Shock{closed} }), base, false, false},
		{"the trunk is dead for an hour", []pacing.Cause{pacing.NoLines}, with(func(c *world.Config) { c.Shocks = []world.Shock{dead} }), base, false, false},
		{"twelve lines for ten", []pacing.Cause{pacing.NoLines}, with(func(c *world.Config) { c.Lines = 12 }), base, true, false},
		{"a call in five seconds", []pacing.Cause{pacing.Rate}, with(func(c *world.Config) { c.Rate = .2 }), base, true, false},
		{"every outcome is known", []pacing.Cause{pacing.Caution}, base, with(func(c *world.Config) { c.AnswerSpread, c.Prediction = .43, world.Exact }), true, false},
		{"no detector", []pacing.Cause{pacing.Detection}, base, with(func(c *world.Config) { c.Detector = -1 }), true, false},
		{"what rings is answered at once", []pacing.Cause{pacing.OnRinging, pacing.Caution, pacing.Budget}, base, with(func(c *world.Config) { c.Ring, c.RingTime = 300*time.Millisecond, time.Second }), true, true},
	} {
		if (few || *causeSeeds == 1) && x.long { // one shift says too little
			continue
		}
		before, parts := idle(x.with, *causeSeeds)
		after, rest := plain, map[pacing.Cause]float64{}
		if x.without.Prediction != "" || x.without.Detector != 0 || x.without.Ring != 0 {
			after, rest = idle(x.without, *causeSeeds)
		}
		share := 0.
		for _, c := range x.causes {
			share += parts[c]
			if x.partly {
				share -= rest[c]
			}
		}
		t.Logf("%-30s %v: share %.4f of %.4f; without it the waiting falls by %.4f", x.name, x.causes, share, before, before-after)
		if math.Abs(before-after-share) > .1*before {
			t.Errorf("%s: %.4f of the time was put down to %v, and %.4f fell away with it", x.name, share, x.causes, before-after)
		}
	}
}
