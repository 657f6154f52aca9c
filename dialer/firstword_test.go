package dialer_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer/lab"
)

// TestAPersonsFirstWordReachesAnOperator measures, end to end, what people go
// through: from their first word, and from the end of their greeting, until an
// operator is on the line; and counts against the truth who was lost. Run it
// with -v for the figures, without -short for more calls.
func TestAPersonsFirstWordReachesAnOperator(t *testing.T) {
	t.Parallel()
	contacts := 400
	if testing.Short() || raceEnabled {
		contacts = 50
	}
	population := lab.PopulationConfig{Seed: 21, Kinds: map[lab.Kind]float64{lab.Hello: 50, lab.Phrase: 23, lab.Business: 9, lab.MachineShort: 10, lab.MachineLong: 18, lab.MachineHello: 4},
		Ring: lab.Law{Mean: 3 * time.Second, Spread: .4, Least: time.Second}, Talk: lab.Law{Mean: 8 * time.Second, Spread: .3, Least: 5 * time.Second}}
	synctest.Test(t, func(t *testing.T) {
		s := newShift(t, shiftConfig{operators: 8, contacts: contacts, channels: 20, cps: 5, population: population, chatty: true,
			campaign: "pacing: progressive\nrecord: false\nattempts: {max: 1}\n",
			phone: func(_ int, p *lab.PhoneConfig) {
				p.Talk, p.Wrap = lab.Law{Mean: -1}, lab.Law{Mean: time.Second}
			}})
		time.Sleep(time.Duration(contacts) * 6 * time.Second)
		truth, people := map[string]lab.Seen{}, lab.NewPopulation(population)
		for _, seen := range s.carrier.Seen() {
			truth[seen.CallID] = seen
		}
		var word, greeting []time.Duration
		n := map[string]int{}
		for _, r := range s.end() {
			seen := truth[r.SIPCallID]
			bridged := !r.BridgedAt.IsZero()
			switch {
			case seen.Answered.IsZero():
			case seen.Truth == lab.IsMachine:
				n["machines"]++
				if bridged {
					n["machines bridged"]++
				}
				if bridged && r.DetectorVerdict != string(contactdb.Human) {
					n["machines bridged, and the operator told"]++
				}
			default:
				n["people"]++
				if r.Outcome == contactdb.Abandoned {
					n["people abandoned"]++
				}
				if r.Outcome == contactdb.Machine {
					n["people taken for machines: "+string(seen.Kind)]++
					n["people lost"]++
				}
				if bridged {
					first := seen.Answered.Add(people.Persona(seen.Number, seen.Attempt).Voice[0].For)
					word = append(word, r.BridgedAt.Sub(first))
					greeting = append(greeting, time.Duration(r.BridgeWaitMS)*time.Millisecond)
				}
			}
		}
		slices.Sort(word)
		slices.Sort(greeting)
		at := func(x []time.Duration, q float64) time.Duration {
			return x[int(q*float64(len(x)-1))].Round(time.Millisecond)
		}
		if len(word) < contacts/3 {
			t.Fatalf("only %d people reached an operator: %v", len(word), n)
		}
		t.Logf("from a person's first word to the operator: p50 %s, p99 %s; from the end of the greeting as heard: p50 %s, p99 %s (%d people)",
			at(word, .5), at(word, .99), at(greeting, .5), at(greeting, .99), len(word))
		t.Log(n)
		if lost := n["people lost"]; lost*12 > n["people"] {
			t.Errorf("%d of %d people were lost: %v", lost, n["people"], n)
		}
		if n["people abandoned"]*33 > n["people"] {
			t.Errorf("%d of %d people were abandoned", n["people abandoned"], n["people"])
		}
	})
}
