package world

import (
	"math"
	"testing"
	"time"

	"apel/pacing"
)

// ample is a policy whose budget is never short and never more than ample: the
// window's count is hidden from it, which always has in hand what ten
// operators want, and it keeps the cap on the long run only.
type ample struct{ Policy }

func (a ample) Decide(s pacing.Snapshot) pacing.Decision {
	s.Live, s.Abandoned, s.Horizon = 100_000, 2994, time.Time{}
	return a.Policy.Decide(s)
}

// waits are the shares of signed-in time that operators waited, in all and by
// cause, over some seeds.
func waits(c Config, seeds int, free bool) (all float64, by map[pacing.Cause]float64) {
	by = map[pacing.Cause]float64{}
	for seed := range seeds {
		c.Seed = uint64(seed + 1)
		var p Policy = predictive()
		if free {
			p = ample{p}
		}
		r := Run(c, "x", p)
		per := 1 / float64(r.SignedInMS) / float64(seeds)
		all += float64(r.IdleMS) * per
		for k, v := range r.IdleCauses {
			by[k] += float64(v) * per
		}
	}
	return all, by
}

// Taken away, a cause takes its share of the waiting time with it, within a
// tenth of all the waiting. Ringing is not among them: what rings no time is
// known at once, so that caution goes with it.
func TestTakingACauseAwayTakesItsShareAway(t *testing.T) {
	n, base, seeds := 10, Config{Operators: 10, Hours: 6}, *causeSeeds
	if seeds == 0 {
		n, base, seeds = 5, Config{Operators: 5, Hours: 3, Seed: 1}, 1
	}
	with := func(change func(*Config)) Config {
		c := base
		change(&c)
		return c
	}
	hour := Shock{At: time.Hour, For: time.Hour}
	closed, dead := hour, hour
	closed.Closed, dead.Dead = true, true
	plain, byPlain := waits(base, seeds, false)
	for _, x := range []struct {
		cause         pacing.Cause
		with, without Config
		free          bool // without: the budget
		clear         bool // one shift shows it
	}{
		{pacing.NoContacts, with(func(c *Config) { c.Contacts = 100 * n }), base, false, true},
		{pacing.Hours, with(func(c *Config) { c.Shocks = []Shock{closed} }), base, false, true},
		{pacing.NoLines, with(func(c *Config) { c.Shocks = []Shock{dead} }), base, false, true},
		{pacing.NoLines, with(func(c *Config) { c.Lines = 5 * n / 4 }), base, false, false},
		{pacing.Rate, with(func(c *Config) { c.Rate = float64(n) / 50 }), base, false, false},
		{pacing.Budget, base, base, true, false},
		{pacing.Caution, base, with(func(c *Config) { c.AnswerSpread, c.Prediction = .43, Exact }), false, false},
		{pacing.Detection, base, with(func(c *Config) { c.Detector = -1 }), false, false},
	} {
		if *causeSeeds == 0 && !x.clear {
			continue // one shift says too little
		}
		before, parts := waits(x.with, seeds, false)
		after, rest := plain, byPlain
		if x.free || x.without.Prediction != "" || x.without.Detector != 0 {
			after, rest = waits(x.without, seeds, x.free)
		}
		t.Logf("%-16s share %.4f of %.4f; without it the waiting falls by %.4f, share left %.4f",
			x.cause, parts[x.cause], before, before-after, rest[x.cause])
		if math.Abs(before-after-parts[x.cause]) > .1*before {
			t.Errorf("%s: %.4f of the time was put down to it, and %.4f fell away with it", x.cause, parts[x.cause], before-after)
		}
		if rest[x.cause] > .25*parts[x.cause] {
			t.Errorf("%s: %.4f is left of %.4f", x.cause, rest[x.cause], parts[x.cause])
		}
	}
}
