package dialer_test

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/floor"
	"apel/dialer/lab"
	"apel/dialer/simulate"
	"apel/pacing"
)

// TestTheLabOverSIPAgreesWithTheSimulator plays a shift with phones, a carrier,
// sound and the detector, takes the world's rates and times from its call
// records, and lives through that world in the simulator.
func TestTheLabOverSIPAgreesWithTheSimulator(t *testing.T) {
	t.Parallel()
	const operators = 6
	shift := 3 * time.Hour
	if testing.Short() || raceEnabled {
		shift = 30 * time.Minute
	}
	if raceEnabled {
		shift = 12 * time.Minute
	}
	var st dialer.CampaignStatus
	var records []contactdb.Record
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: operators, contacts: 3000, channels: 40, cps: 20,
			population: lab.PopulationConfig{Seed: 3, Talk: lab.Law{Mean: 90 * time.Second, Spread: .6, Least: 5 * time.Second}}, campaign: "pacing: progressive\nrecord: false\n"})
		time.Sleep(shift)
		var err error
		if st, err = s.svc.CampaignStatus("spring", false); err != nil {
			t.Fatal(err)
		}
		records = s.end()
		s.progressive(records)
	})
	c, err := simulate.WorldOf(func(yield func(contactdb.Record, error) bool) {
		for _, r := range records {
			if !yield(r, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Operators, c.Hours = operators, shift.Hours()
	var occupancy, calls []float64
	for seed := range uint64(12) {
		c.Seed = seed + 1
		r := simulate.Shift(c, "progressive", floor.Settings{Pacing: pacing.Settings{Mode: pacing.Progressive, MaxAbandonment: .03}, Within: 2 * time.Second})
		occupancy, calls = append(occupancy, r.Occupancy), append(calls, float64(r.Calls))
	}
	t.Logf("the lab: %d calls, occupancy %.3f; the world of its records: %+v", len(records), st.Occupancy, c)
	for name, x := range map[string]struct {
		lab float64
		sim []float64
	}{"occupancy": {st.Occupancy, occupancy}, "calls": {float64(len(records)), calls}} {
		mean, sd := moments(x.sim)
		t.Logf("%s: %.3f in the lab, %.3f ± %.3f in the simulator", name, x.lab, mean, sd)
		if d := math.Abs(x.lab - mean); d > 3*sd+.02*mean {
			t.Errorf("%s: %.3f in the lab, %.3f in the simulator, whose seeds spread by %.3f", name, x.lab, mean, sd)
		}
	}
}

// progressive holds a shift of one call a free operator to what it is for: each
// who answers in time has somebody to talk to. Who answers as the call is given
// up, which personas of the lab do on purpose, is abandoned all the same.
func (s *shift) progressive(records []contactdb.Record) {
	s.t.Helper()
	late := map[string]bool{}
	for _, seen := range s.carrier.Seen() {
		late[seen.CallID] = seen.Kind == lab.LateAnswer
	}
	lost := 0
	for _, r := range records {
		if r.Outcome != contactdb.Abandoned {
			continue
		}
		lost++
		if !late[r.SIPCallID] || !r.DetectedAt.IsZero() {
			s.t.Errorf("abandoned, though there was an operator for each call: %+v", r)
		}
	}
	s.t.Logf("%d of %d calls abandoned, all answered as they were given up", lost, len(records))
}

func moments(x []float64) (mean, sd float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, math.Sqrt(sd)
}
