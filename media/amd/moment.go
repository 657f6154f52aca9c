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

// course is a measure by how long somebody has talked: at 1, 1.5, 2 and 2.5 s,
// between them in proportion, and from then on.
type course [4]float64

func (c *course) at(span time.Duration) float64 {
	x := max(0, min(3, (span.Seconds()-1)/0.5))
	i := min(2, int(x))
	return c[i] + (x-float64(i))*(c[i+1]-c[i])
}

// How many times the ratio of costs the odds of a machine must be: before the
// time is up, when what is still to be heard could change them at no cost to a
// person who is talking; and then, for one who is still talking and for one who
// has stopped, and so may be waiting for a voice. The longer somebody talks, the
// fewer people are among those who do.
var (
	hurried    = course{6, 3, 1.8, 1}
	stillTalks = course{0.3, 0.3, 0.3, 0.2}
)

const (
	patiently  = 50 // instead of hurried, with time to listen on: a line costs little, a person much
	hasStopped = 0.85
)

// Costs are what a decision is weighed by, and when it is due.
type Costs struct {
	Ratio    float64       // how many passed machines weigh as much as a lost person
	Within   time.Duration // latest decision, for whoever has stopped talking
	ListenOn time.Duration // beyond Within, while somebody still talks and it isn't clear who
}

// Decide chooses between a person, a machine and more time (an empty kind), and
// says why.
func (m Moment) Decide(c Costs) (Kind, string) {
	odds := m.Machine / (1 - m.Machine)
	late, machine := m.At >= c.Within && m.Span >= leastPerson, m.Span >= leastMachine
	sure := c.Ratio * hurried.at(m.Span)
	if c.ListenOn > 0 {
		sure = c.Ratio * patiently
	}
	switch {
	case machine && odds >= sure:
		return Machine, "sounds like a machine"
	case late && m.Pause < talking:
		return m.decideTalking(odds, c)
	case m.Pause >= leastPause && odds <= patience(m.Pause):
		return Human, "then the pause of someone who waits for an answer"
	case m.Pause < longestWait && (!late || c.ListenOn > 0 && m.Span >= longTalk):
		return "", "" // after a long greeting, too, a person waits for a voice
	case machine && odds >= c.Ratio*m.stopped(c):
		return Machine, "rather a machine when the time to decide was up"
	}
	return Human, "rather a person when the time to decide was up"
}

// stopped is how many times the ratio the odds must be for one who has stopped
// talking. Who answers for a business waits for a voice after a long greeting,
// and most machines would have beeped by now if one listens on.
func (m Moment) stopped(c Costs) float64 {
	if c.ListenOn > 0 && m.Span >= longTalk {
		return patiently
	}
	return hasStopped
}

// decideTalking decides when the time is up and somebody still talks. To listen
// on costs a person nothing, and a line a little: the clearer it is who talks,
// and the longer it lasts, the less is needed.
func (m Moment) decideTalking(odds float64, c Costs) (Kind, string) {
	left := 0.0
	if c.ListenOn > 0 {
		left = math.Sqrt(max(0, 1-float64(m.At-c.Within)/float64(c.ListenOn)))
	}
	still := stillTalks.at(m.Span)
	switch {
	case m.Span >= leastMachine && odds >= c.Ratio*(still+left*(patiently-still)):
		return Machine, "still talking when the time to decide was up"
	case left > 0:
		return "", ""
	}
	return Human, "rather a person when the time to decide was up"
}

// patience is the odds of a machine at which a person is assumed after a pause.
// To wait costs a person's patience at a steady rate; it gains only when a
// machine shows itself by going on or by its beep, and the longer nothing came
// the less likely that is. So the odds that are good enough rise with the pause.
func patience(pause time.Duration) float64 {
	return 0.025 * math.Exp(pause.Seconds()/0.36)
}
