package simulate

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"apel/contactdb"
	"apel/pacing/world"
)

// sequence gives records as a reader does.
func sequence(rs []contactdb.Record) func(func(contactdb.Record, error) bool) {
	return func(yield func(contactdb.Record, error) bool) {
		for _, r := range rs {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestAWorldOfRecordsHasTheirSharesAndTimes(t *testing.T) {
	at := func(sec float64) time.Time { return world.Begin.Add(time.Duration(sec * float64(time.Second))) }
	person := contactdb.Record{Outcome: contactdb.Human, PlacedAt: at(0), RingingAt: at(1), AnsweredAt: at(9), DetectedAt: at(10), BridgedAt: at(10), EndedAt: at(70), TalkMS: 60_000, WrapMS: 15_000}
	gone := contactdb.Record{Outcome: contactdb.Human, PlacedAt: at(0), RingingAt: at(1), AnsweredAt: at(9), DetectedAt: at(10), EndedAt: at(10)}
	machine := contactdb.Record{Outcome: contactdb.Machine, PlacedAt: at(0), RingingAt: at(1), AnsweredAt: at(13), DetectedAt: at(17), EndedAt: at(17)}
	// Taken for a person, and put through: to operators a talk, whatever was heard later.
	corrected := contactdb.Record{Outcome: contactdb.Machine, PlacedAt: at(0), RingingAt: at(1), AnsweredAt: at(9), DetectedAt: at(16), BridgedAt: at(10), EndedAt: at(70), TalkMS: 60_000, WrapMS: 15_000}
	// Answered as it was given up: no operator could have had it.
	late := contactdb.Record{Outcome: contactdb.Abandoned, PlacedAt: at(0), RingingAt: at(1), AnsweredAt: at(10), EndedAt: at(10)}
	silent := contactdb.Record{Outcome: contactdb.NoAnswer, PlacedAt: at(0), RingingAt: at(1), EndedAt: at(26)}
	var all []contactdb.Record
	for _, x := range []struct {
		n int
		r contactdb.Record
	}{{22, person}, {3, corrected}, {3, gone}, {2, late}, {30, machine}, {40, silent}} {
		all = append(all, slices.Repeat([]contactdb.Record{x.r}, x.n)...)
	}
	c, err := WorldOf(sequence(all))
	if err != nil {
		t.Fatal(err)
	}
	want := world.Config{AnswerRate: .25, MachineRate: .30, NoAnswerRate: .40, SetUp: time.Second, Detector: time.Second, Machines: 4 * time.Second,
		Ring: 8 * time.Second, Rings: world.Rings{People: 8 * time.Second, Machines: 12 * time.Second, Busy: 9 * time.Second}, RingTime: 25 * time.Second,
		Talk: time.Minute, TalkCV: .01, Wrap: 15 * time.Second, WrapCV: .01}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("\n%+v, want\n%+v", c, want)
	}
	var few TooFew
	if _, err := WorldOf(sequence(all[:fewest-1])); !errors.As(err, &few) || int(few) != fewest-1 {
		t.Errorf("of %d calls: %v", fewest-1, err)
	}
}
