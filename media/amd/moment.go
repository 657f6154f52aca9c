package amd

import (
	"math"
	"time"
)

// Moment is all that the decision between a person and a machine weighs.
type Moment struct {
	At      time.Duration // since the answer
	Span    time.Duration // from the first speech to the last
	Pause   time.Duration // since the last
	Machine float64       // probability of a machine by what was heard
}

// The bounds of the decision. What lies between is weighed by costs.
const (
	talking      = 200 * time.Millisecond  // a shorter pause is one between words
	leastPause   = 380 * time.Millisecond  // of quiet before a person can be waiting for an answer
	longestWait  = 1300 * time.Millisecond // of quiet after which there is nothing to wait for
	leastMachine = 1000 * time.Millisecond // of speech before it can be a machine's
	longTalk     = 2 * time.Second         // of speech that only a business greeting reaches
	leastPerson  = 200 * time.Millisecond  // of speech before it can be a person's, in a hurry
)

// How many times the ratio of costs the odds of a machine must be: before the
// time is up, when what is still to be heard could change them at no cost to a
// person who is talking; and then, for one who is still talking and for one who
// has stopped, and so may be waiting for a voice.
const (
	hasty      = 9
	hurried    = 4.5 // after longTalk
	stillTalks = 0.5
	hasStopped = 1.0
)

// Decide chooses between a person, a machine and more time (an empty kind), and
// says why. Ratio is how many passed machines weigh as much as a lost person;
// late means that the time to decide is up.
func (m Moment) Decide(ratio float64, late bool) (Kind, string) {
	odds := m.Machine / (1 - m.Machine)
	late = late && m.Span >= leastPerson
	end, last := ratio*hasStopped, late || m.Pause >= longestWait
	if m.Pause < talking {
		end = ratio * stillTalks
	}
	machine, sure := m.Span >= leastMachine, ratio*hasty
	if m.Span >= longTalk {
		sure = ratio * hurried
	}
	switch {
	case machine && odds >= sure:
		return Machine, "sounds like a machine"
	case machine && late && m.Pause < talking && odds >= end:
		return Machine, "still talking when the time to decide was up"
	case m.Pause >= leastPause && odds <= patience(m.Pause):
		return Human, "then the pause of someone who waits for an answer"
	case machine && last && odds >= end:
		return Machine, "rather a machine when the time to decide was up"
	case last:
		return Human, "rather a person when the time to decide was up"
	}
	return "", ""
}

// patience is the odds of a machine at which a person is assumed after a pause.
// To wait costs a person's patience at a steady rate; it gains only when a
// machine shows itself by going on or by its beep, and the longer nothing came
// the less likely that is. So the odds that are good enough rise with the pause.
func patience(pause time.Duration) float64 {
	return 0.018 * math.Exp(pause.Seconds()/0.35)
}
