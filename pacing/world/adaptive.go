package world

import (
	"fmt"
	"time"

	"apel/pacing"
)

// Adaptive is the scheme that most centres run, written anew from the public
// descriptions of its parameters (VICIdial manager manual: auto dial level,
// drop percentage limit, maximum adapt dial level, adapt intensity modifier,
// dial level difference target; method HARD_LIMIT or AVERAGE), for comparison
// only. Every 2.5 s lines are filled up to the dial level times the operators
// at work; every 15 s the level follows the operators seen waiting and the
// share lost so far.
type Adaptive struct {
	MaxLevel  float64 // 3
	DropLimit float64 // .03
	Intensity float64 // 0, a percentage added to each step
	Target    float64 // operators to be seen waiting; 0
	Hard      bool    // over the limit the level is 1; otherwise it is lowered step by step

	level           float64
	adapted, filled time.Time
	waiting, looks  float64
}

// Observe does nothing: the scheme counts, it does not learn.
func (a *Adaptive) Observe(pacing.Event) {}

// Decide fills the lines when it is time to.
func (a *Adaptive) Decide(s pacing.Snapshot) pacing.Decision {
	d := pacing.Decision{Cause: pacing.Caution, Again: fillEvery}
	ready, working := 0, 0
	for i := range s.Operators {
		switch s.Operators[i].State {
		case pacing.Ready:
			ready++
		case pacing.Talking, pacing.Reserved:
			working++
		}
	}
	a.waiting += float64(ready)
	a.looks++
	if s.Now.Sub(a.adapted) >= adaptEvery {
		a.adapt(s, ready+working)
	}
	if s.Now.Sub(a.filled) < fillEvery {
		d.Why.Said = "not its time"
		return d
	}
	a.filled = s.Now
	goal := int(a.level*float64(ready+working) + .5)
	d.Place = max(min(goal-working-len(s.Calls), s.Lines), 0)
	if s.Contacts >= 0 {
		d.Place = min(d.Place, s.Contacts)
	}
	d.Why.Said = fmt.Sprintf("level %.2f", a.level)
	return d
}

const (
	fillEvery  = 2500 * time.Millisecond
	adaptEvery = 15 * time.Second
)

func (a *Adaptive) adapt(s pacing.Snapshot, operators int) {
	a.adapted = s.Now
	if a.level == 0 {
		a.level = 1
	}
	over := s.Live > 0 && float64(s.Abandoned) > a.DropLimit*float64(s.Live)
	diff := a.waiting/max(a.looks, 1) - a.Target - float64(queuedCalls(s))
	a.waiting, a.looks = 0, 0
	step := diff / max(float64(operators), 1) * (1 + a.Intensity/100)
	switch {
	case over && a.Hard:
		a.level = 1
	case over:
		a.level = max(a.level-max(.1, -step), 1)
	default:
		a.level = min(max(a.level+step, 1), a.MaxLevel)
	}
}

func queuedCalls(s pacing.Snapshot) (n int) {
	for i := range s.Calls {
		if s.Calls[i].Phase == pacing.Queued {
			n++
		}
	}
	return n
}
