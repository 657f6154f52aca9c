package world

import (
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"apel/pacing"
)

// The window guarantee: go test ./pacing/world -run Windows -windows 30 -timeout 0 -v
var (
	windows = flag.Int("windows", 0, "windows for each shock and team, printed as a table; 0: one for a small team")
	befalls = flag.String("shock", "", "only shocks whose name has this in it, with -windows")
	length  = flag.Float64("hours", 8, "length of a window, with -windows")
	debt    = flag.Float64("debt", pacing.DefaultDebt, "people that may be lost before they are earned, in the tables")
)

// shocks are what may befall a window, from a time on that the test draws.
func shocks() []struct {
	name string
	k    Shock
} {
	return []struct {
		name string
		k    Shock
	}{
		{"none", Shock{}},
		{"answers double", Shock{Answers: 2}},
		{"answers halve", Shock{Answers: .5}},
		{"half the team at lunch", Shock{For: time.Hour, Away: .5}},
		{"the same, announced", Shock{For: time.Hour, Away: .5, Notice: true}},
		{"talks halve", Shock{Talks: .5}},
		{"talks double", Shock{Talks: 2}},
		{"trunk dead for 15 min", Shock{For: 15 * time.Minute, Dead: true}},
		{"trunk fails all for 15 min", Shock{For: 15 * time.Minute, Failing: true}},
		{"trunk stops for good", Shock{Dead: true}},
	}
}

// during draws the time of a shock between the first hour and the last half.
func during(k Shock, c Config) Config {
	if k == (Shock{}) {
		return c
	}
	r := pcg(c.Seed, 99)
	k.At = time.Duration((1 + (c.Hours-1.5)*r.Float64()) * float64(time.Hour))
	c.Shocks = []Shock{k}
	return c
}

// A window is over when more were abandoned than the cap allows.
func over(r Result) bool { return float64(r.Abandoned) > .03*float64(r.LiveAnswers)+1e-9 }

func TestWindowsEndUnderTheCapWhateverBefalls(t *testing.T) {
	sizes, n, hours := []int{5, 25, 100}, *windows, *length
	if n == 0 {
		sizes, n, hours = []int{5}, 1, 3
	}
	for _, team := range chosen(sizes) {
		all, lost := 0, 0
		for i, x := range shocks() {
			if !strings.Contains(x.name, *befalls) {
				continue
			}
			bad, worst, busy := 0, 0., 0.
			for _, r := range many(n, func(w int) Result {
				c := Config{Operators: team, Hours: hours, Seed: uint64(1000*i + w + 1)}
				p := pacing.New(pacing.Settings{Mode: pacing.Predictive, MaxAbandonment: .03, Debt: *debt})
				return Run(during(x.k, c), "predictive", p)
			}) {
				if over(r) {
					bad++
				}
				worst = math.Max(worst, r.AbandonmentRate)
				busy += r.Occupancy / float64(n)
			}
			all, lost = all+n, lost+bad
			if *windows > 0 {
				fmt.Printf("| %d | %s | %d of %d | %.2f %% | %.3f |\n", team, x.name, bad, n, 100*worst, busy)
			}
		}
		if float64(lost) > .01*float64(all) {
			t.Errorf("%d operators: %d of %d windows over the cap", team, lost, all)
		}
		if *windows > 0 {
			fmt.Printf("| %d | all | %d of %d | | |\n", team, lost, all)
		}
	}
}
