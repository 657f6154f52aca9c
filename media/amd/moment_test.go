package amd

import (
	"testing"
	"time"
)

func TestWhoStoppedTalkingIsSparedWhenThereIsTimeToListenOn(t *testing.T) {
	const ratio = 2.0
	for _, c := range []struct {
		times            float64 // the odds, in ratios of costs
		strict, listened Kind
	}{
		{0.9, Human, Human},
		{1.5, Machine, Human},
		{2.5, Machine, Machine},
	} {
		odds := c.times * ratio
		m := Moment{At: 2900 * ms, Span: 1500 * ms, Pause: longestWait, Machine: odds / (1 + odds)}
		costs := Costs{Ratio: ratio, Within: DefaultDecideWithin}
		if k, why := m.Decide(costs); k != c.strict {
			t.Errorf("odds of %.1f ratios: %q (%s), want %s", c.times, k, why, c.strict)
		}
		costs.ListenOn = 4 * time.Second
		if k, why := m.Decide(costs); k != c.listened {
			t.Errorf("odds of %.1f ratios, listening on: %q (%s), want %s", c.times, k, why, c.listened)
		}
	}
}
