package dialer_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer/lab"
)

// TestPacingChoosesAmongTheNextContacts plays shifts over SIP with a list in
// which people answer mobile phones, and nobody fixed lines. Pacing learns it.
// Where it may choose, a mobile phone is called when operators are free and a
// fixed line when they are busy, and still nobody is passed over for an hour.
func TestPacingChoosesAmongTheNextContacts(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("a long shift")
	}
	ordered := chosenBy(t, "choose: 1", 10*time.Minute)
	chosen := chosenBy(t, "choose: 20", 45*time.Minute)
	t.Logf("in order: %+v; among 20: %+v", ordered, chosen)
	if ordered.furthest > 0 {
		t.Errorf("in order, a contact is called before %d others", ordered.furthest)
	}
	if chosen.furthest < 5 || chosen.furthest > 30 { // a lease of several may go beyond the 20
		t.Errorf("among 20, a contact is called before %d others", chosen.furthest)
	}
	if chosen.longest > time.Hour {
		t.Errorf("a contact was passed over for %v", chosen.longest)
	}
	if chosen.free < 10 || chosen.sure < chosen.free*3/4 {
		t.Errorf("of %d calls placed for a free operator %d went to a phone that is answered; one in three is", chosen.free, chosen.sure)
	}
}

type choice struct {
	calls      int
	furthest   int           // others that a contact was called before
	longest    time.Duration // that a contact waited although others behind it were called
	free, sure int           // calls placed while an operator was free and none rang; of them, to mobile phones
}

func chosenBy(t *testing.T, setting string, d time.Duration) (c choice) {
	var records []contactdb.Record
	const operators = 4
	synctest.Test(t, func(t *testing.T) {
		people := lab.NewPopulation(lab.PopulationConfig{Seed: 5, Kinds: map[lab.Kind]float64{lab.Hello: 1}, Ring: lab.Law{Mean: 8 * time.Second, Spread: .5, Least: time.Second}, Talk: lab.Law{Mean: 60 * time.Second, Spread: .6, Least: 5 * time.Second}})
		nobody := lab.NewPopulation(lab.PopulationConfig{Seed: 6, Kinds: map[lab.Kind]float64{lab.NoAnswer: 1}})
		s := newShift(t, shiftConfig{operators: operators, contacts: 3000, channels: 40, cps: 20,
			contact: func(i int, c *contactdb.Contact) {
				if i%3 != 0 {
					c.NumberType = "fixed-line"
				}
			},
			carrier: lab.CarrierConfig{Persona: func(number string, attempt int) lab.Persona {
				if place(number)%3 != 0 {
					return nobody.Persona(number, attempt)
				}
				return people.Persona(number, attempt)
			}},
			campaign: "pacing: {mode: predictive, " + setting + "}\nattempts: {max: 1}\nrecord: false\n"})
		time.Sleep(d)
		records = s.end()
	})
	slices.SortFunc(records, func(a, b contactdb.Record) int { return strings.Compare(a.ID, b.ID) })
	c.calls = len(records)
	called := map[int]bool{}
	waits := map[int]time.Time{} // contacts who were passed over, and since when
	first := 0
	for i, r := range records {
		at := place(r.Phone)
		for called[first] {
			first++
		}
		before := 0
		for j := first; j < at; j++ {
			if called[j] {
				continue
			}
			before++
			if _, known := waits[j]; !known {
				waits[j] = r.PlacedAt
			}
		}
		c.furthest = max(c.furthest, before)
		if since, waited := waits[at]; waited {
			c.longest = max(c.longest, r.PlacedAt.Sub(since))
		}
		called[at] = true
		if i < 200 || r.PlacedAt.IsZero() { // not learned yet
			continue
		}
		if busy, air := around(records[:i], r.PlacedAt); busy < operators && air == 0 {
			c.free++
			if at%3 == 0 {
				c.sure++
			}
		}
	}
	return c
}

// around counts the operators who are busy at an instant and the calls in the air.
func around(records []contactdb.Record, at time.Time) (busy, air int) {
	for _, r := range records {
		over := r.EndedAt.Add(time.Duration(r.WrapMS) * time.Millisecond)
		switch {
		case r.PlacedAt.IsZero() || r.PlacedAt.After(at):
		case !r.BridgedAt.IsZero() && !r.BridgedAt.After(at):
			if over.After(at) {
				busy++
			}
		case r.EndedAt.After(at):
			air++
		}
	}
	return busy, air
}

// place is a contact's place in the list, by its number.
func place(phone string) int {
	n, _ := strconv.Atoi(phone[len(phone)-8:])
	return n - 20000000
}
