package amd

import (
	"testing"
	"time"
)

func TestWhoPausesAfterALongGreetingIsSparedWhenThereIsTimeToListenOn(t *testing.T) {
	const ratio = 2.0
	for _, c := range []struct {
		span             time.Duration
		times            float64 // the odds, in ratios of costs
		strict, listened Kind
	}{
		{1500 * ms, 0.7, Human, Human},
		{1500 * ms, 1.5, Machine, Machine},
		{2500 * ms, 0.7, Human, Human},
		{2500 * ms, 1.5, Machine, Human},
		{2500 * ms, 20, Machine, Human},
		{2500 * ms, 60, Machine, Machine},
	} {
		odds := c.times * ratio
		m := Moment{At: 4200 * ms, Span: c.span, Pause: longestWait, Machine: odds / (1 + odds)}
		costs := Costs{Ratio: ratio, Within: DefaultDecideWithin}
		if k, why := m.Decide(costs); k != c.strict {
			t.Errorf("odds of %.1f ratios after %s: %q (%s), want %s", c.times, c.span, k, why, c.strict)
		}
		costs.ListenOn = 4 * time.Second
		if k, why := m.Decide(costs); k != c.listened {
			t.Errorf("odds of %.1f ratios after %s, listening on: %q (%s), want %s", c.times, c.span, k, why, c.listened)
		}
	}
}
