package simulate

import (
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"apel/contactdb"
	"apel/pacing/world"
)

// fewest is how many calls say anything of a world.
const fewest = 50

// TooFew are the calls of records that say too little.
type TooFew int

func (n TooFew) Error() string {
	return fmt.Sprintf("%d calls were placed in these records, and fewer than %d say too little; simulate with the rates you expect instead", int(n), fewest)
}

// WorldOf takes the rates and times of a world from call records, so that a
// campaign can be simulated as it was. What the records do not show (too few
// talks, say) stays at its default. TooFew is an error.
func WorldOf(records iter.Seq2[contactdb.Record, error]) (world.Config, error) {
	var w recorded
	for r, err := range records {
		if err != nil {
			return world.Config{}, err
		}
		w.add(r)
	}
	if w.calls < fewest {
		return world.Config{}, TooFew(w.calls)
	}
	return w.config(), nil
}

// recorded is what is taken from records.
type recorded struct {
	calls, people, machines, silent int
	setUp, ringPeople, ringMachines times
	ringOut, ringOther              times
	detector, ofMachines            times // from the answer to the verdict
	talk, wrap                      times
}

// times are seconds.
type times []float64

func (t *times) between(from, to time.Time) {
	if d := to.Sub(from).Seconds(); !from.IsZero() && !to.IsZero() && d >= 0 {
		*t = append(*t, d)
	}
}

func (w *recorded) add(r contactdb.Record) {
	if r.PlacedAt.IsZero() {
		return
	}
	w.calls++
	w.setUp.between(r.PlacedAt, r.RingingAt)
	rings := r.RingingAt
	if rings.IsZero() {
		rings = r.PlacedAt
	}
	switch {
	case !r.BridgedAt.IsZero(): // a talk to its operator, also if a machine was put through
		w.people++
		w.ringPeople.between(rings, r.AnsweredAt)
		if !r.DetectedAt.After(r.BridgedAt) { // else it is the time of a correction
			w.detector.between(r.AnsweredAt, r.DetectedAt)
		}
		w.talk = append(w.talk, float64(r.TalkMS)/1000)
		w.wrap = append(w.wrap, float64(r.WrapMS)/1000)
	case r.Outcome == contactdb.Human, late(r):
		// Went before anybody could speak with them: to operators no talk.
		w.ringOther.between(rings, r.EndedAt)
	case r.Outcome == contactdb.Abandoned:
		w.people++
		w.ringPeople.between(rings, r.AnsweredAt)
		w.detector.between(r.AnsweredAt, r.DetectedAt)
	case r.Outcome == contactdb.Machine, r.Outcome == contactdb.Fax:
		w.machines++
		w.ringMachines.between(rings, r.AnsweredAt)
		w.ofMachines.between(r.AnsweredAt, r.DetectedAt)
	case r.Outcome == contactdb.NoAnswer:
		w.silent++
		w.ringOut.between(rings, r.EndedAt)
	default:
		w.ringOther.between(rings, r.EndedAt)
	}
}

// late tells of a call that was answered as it was given up, and ended at once:
// abandoned, but not for want of an operator.
func late(r contactdb.Record) bool {
	return r.Outcome == contactdb.Abandoned && !r.EndedAt.After(r.AnsweredAt)
}

func (w *recorded) config() world.Config {
	share := func(n int) float64 {
		if n == 0 {
			return -1 // none; nought would mean the default
		}
		return float64(n) / float64(w.calls)
	}
	c := world.Config{AnswerRate: share(w.people), MachineRate: share(w.machines), NoAnswerRate: share(w.silent),
		SetUp: w.setUp.mean(), Detector: w.detector.mean(), Machines: w.ofMachines.mean(), RingTime: w.ringOut.most(),
		Rings: world.Rings{People: w.ringPeople.mean(), Machines: w.ringMachines.mean(), Busy: w.ringOther.mean()}}
	c.Ring = c.Rings.People
	c.Talk, c.TalkCV = w.talk.mean(), w.talk.cv()
	c.Wrap, c.WrapCV = w.wrap.mean(), w.wrap.cv()
	return c
}

func (t times) seconds() (sum float64) {
	for _, v := range t {
		sum += v
	}
	return sum / float64(max(len(t), 1))
}

// mean is 0, the default, when nothing is known.
func (t times) mean() time.Duration { return time.Duration(t.seconds() * float64(time.Second)) }

// cv is the coefficient of variation; 0 if it cannot be told.
func (t times) cv() float64 {
	mean, sum := t.seconds(), 0.
	if len(t) < 10 || mean <= 0 {
		return 0
	}
	for _, v := range t {
		sum += (v - mean) * (v - mean)
	}
	return max(math.Sqrt(sum/float64(len(t)-1))/mean, .01)
}

// most is the time within which nineteen in twenty are.
func (t times) most() time.Duration {
	if len(t) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(t))
	return time.Duration(sorted[(len(sorted)*19-1)/20] * float64(time.Second))
}
