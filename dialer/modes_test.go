package dialer_test

import (
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer/lab"
)

// TestTheModeOfARunningCampaignIsChangedWithoutHarm applies new versions to a
// campaign that runs, as a supervisor does, and looks at what was dialed under each.
func TestTheModeOfARunningCampaignIsChangedWithoutHarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 3, contacts: 900, channels: 40, cps: 20, campaign: "pacing: progressive\nrecord: false\n",
			population: lab.PopulationConfig{Seed: 4, People: .2, NoAnswer: .8, Ring: lab.Law{Mean: 8 * time.Second, Spread: .4, Least: 2 * time.Second}, Talk: lab.Law{Mean: 30 * time.Second, Spread: .5, Least: 5 * time.Second}}})
		type stretch struct{ from, to time.Time }
		run := func(d time.Duration, pacing string) stretch {
			t.Helper()
			if pacing != "" {
				if _, _, err := s.svc.ApplyCampaign([]byte(campaignHead + "windows: {daily: 00:00-24:00}\nrecord: false\nabandonment: {limit: 50%}\npacing: " + pacing + "\n")); err != nil {
					t.Fatal(err)
				}
			}
			settled := time.Now().Add(40 * time.Second) // calls of the version before have rung out
			time.Sleep(d)
			return stretch{settled, time.Now()}
		}
		progressive := run(4*time.Minute, "")
		power := run(4*time.Minute, "{mode: power, ratio: 10, max-lines: 5}")
		predictive := run(4*time.Minute, "{mode: predictive, max-lines: 4}")
		again := run(4*time.Minute, "{mode: progressive, max-lines: 1}")
		preview := run(4*time.Minute, "{mode: preview, countdown: 10m}")
		records := s.end()
		for _, x := range []struct {
			name        string
			when        stretch
			most, least int // lines at once, calls placed
		}{
			{"progressive", progressive, 3, 10},
			{"power, five lines", power, 5, 10},
			{"predictive, four lines", predictive, 4, 10},
			{"progressive, one line", again, 1, 2},
			{"preview, nobody decides", preview, 0, 0},
		} {
			lines, calls := linesUsed(records, x.when.from, x.when.to)
			t.Logf("%s: %d lines, %d calls", x.name, lines, calls)
			if lines > x.most || calls < x.least {
				t.Errorf("%s: %d lines at once, want %d at most; %d calls, want %d at least", x.name, lines, x.most, calls, x.least)
			}
		}
		if lines, _ := linesUsed(records, power.from, power.to); lines < 4 {
			t.Errorf("power at a ratio of 10 used %d of 5 lines", lines)
		}
	})
}

// linesUsed is the most lines at once, and how many calls were placed, in a stretch of time.
func linesUsed(records []contactdb.Record, from, to time.Time) (most, placed int) {
	for _, r := range records {
		if r.PlacedAt.IsZero() || r.PlacedAt.Before(from) || !r.PlacedAt.Before(to) {
			continue
		}
		placed++
		at := 0
		for _, o := range records {
			if !o.PlacedAt.IsZero() && !o.PlacedAt.After(r.PlacedAt) && o.EndedAt.After(r.PlacedAt) {
				at++
			}
		}
		most = max(most, at)
	}
	return most, placed
}

func TestAFloorOnWhichSomethingAlwaysHappensKeepsItsBooksToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 1, contacts: 1, channels: 1, cps: 1, campaign: progressive, windows: "windows: {daily: 02:00-03:00}\n"})
		if _, err := s.svc.SetOperatorReady("op00", true, ""); err != nil {
			t.Fatal(err)
		}
		for range 10 * 60 {
			s.svc.Disturb("spring")
			time.Sleep(500 * time.Millisecond)
		}
		if !s.svc.KeptWaits("spring", time.Now()) {
			t.Error("in five minutes nothing of the waiting was written down")
		}
		s.end()
	})
}
