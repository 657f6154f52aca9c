// Package world is a shift in a box, for measuring pacing: people who answer or
// don't, machines, operators who talk and write up, shocks. Pure: seeded, no
// clock, no I/O; a shift of eight hours takes a second or so.
//
// Three parts meet. The world proper (sim) knows everything: who will answer
// when, how long a talk will last; each contact's fate is drawn from the seed
// and its place in the list, so that policies are compared on the same people.
// A Floor stands where the production floor stands: it hears only what a dialer
// hears (Happening) and answers with Actions. A Policy decides inside the
// built-in floor; *pacing.Pacer is one. So either the built-in floor with any
// policy can be run (Run), or a floor of one's own (RunFloor).
package world

import (
	"time"

	"apel/pacing"
)

// Prediction is what pacing is told of each contact.
type Prediction string

// What pacing may know of a contact's chance of a live answer.
const (
	None    Prediction = "none"    // nothing
	Learned Prediction = "learned" // traits that carry a part of it; pacing learns what they mean
	Exact   Prediction = "exact"   // the chance itself
)

// Config of a shift. The zero value of a field means its default; shares that
// are meant to be zero are given as a negative number.
type Config struct {
	Operators int     // 10
	Hours     float64 // 8
	Seed      uint64

	AnswerRate   float64 // people, share of calls: .25
	MachineRate  float64 // .30
	NoAnswerRate float64 // .35; the rest is busy or failed

	Ring     time.Duration // mean time to an answer, a busy tone or a failure, gamma of shape 3: 12 s
	Rings    Rings         // means by outcome, where they differ
	RingTime time.Duration // a call that nobody answers is given up: 30 s
	SetUp    time.Duration // from placing to ringing: none

	Talk   time.Duration // mean, lognormal: 120 s
	TalkCV float64       // coefficient of variation: 1
	Wrap   time.Duration // mean, lognormal: 20 s
	WrapCV float64       // 0.8
	// OperatorSpread is the standard deviation of the logarithm of the
	// operators' own pace in talk and wrap-up: none.
	OperatorSpread float64
	ToldWrap       bool // the end of a wrap-up is told when it begins

	Look     time.Duration // in preview, how long an operator looks at a contact: 10 s; the world's own floor knows no preview
	Skip     float64       // in preview, share of contacts that are looked at and not called then; they are shown again: none
	Detector time.Duration // from the answer to the verdict: 1 s
	Machines time.Duration // the same where a machine answers: Detector
	Limit    time.Duration // a person waits no longer than this after the verdict: 2 s

	AnswerSpread float64 // standard deviation of the contacts' chances, Beta
	Prediction   Prediction
	Choose       int  // pacing may choose among so many next contacts: 1
	Contacts     int  // in the list; 0: enough
	Book         Book // who may be called when, in the place of Contacts; nil: none

	Lines          int     // calls and talks at once; 0: enough
	Rate           float64 // calls a second; 0: enough
	MaxAbandonment float64 // .03
	Shocks         []Shock

	fixed float64 // a contact's chance, at a further attempt
}

// Rings are means of the ring times of each kind; zero: Config.Ring, and for
// NoAnswer: until the call is given up.
type Rings struct{ People, Machines, NoAnswer, Busy time.Duration }

// Shock changes the world at a time of the shift, for a while.
type Shock struct {
	At, For time.Duration // For 0: to the end
	Answers float64       // factor on the answer rate; 0: unchanged
	Talks   float64       // factor on talk times; 0: unchanged
	Away    float64       // share of the operators who go, each at the end of the call or at once if idle
	Notice  bool          // they say so beforehand: on break after this call
	Dead    bool          // the trunk takes no call
	Failing bool          // the trunk fails every call at once
	Closed  bool          // legal hours allow no call
}

// Policy decides inside the built-in floor.
type Policy interface {
	Observe(pacing.Event)
	Decide(pacing.Snapshot) pacing.Decision
}

// Result of a shift, with the keys of `apel simulate -o json`.
type Result struct {
	Operators       int     `json:"operators"`
	Hours           float64 `json:"hours"`
	Policy          string  `json:"policy"`
	Seed            uint64  `json:"seed"`
	Calls           int     `json:"calls"`
	LiveAnswers     int     `json:"live_answers"`
	Abandoned       int     `json:"abandoned"`
	AbandonmentRate float64 `json:"abandonment_rate"` // of live answers
	Occupancy       float64 `json:"occupancy"`        // share of signed-in time spent talking or in wrap-up
	IdleMSMean      int64   `json:"idle_ms_mean"`     // an operator's mean wait for a call
	IdleMSP50       int64   `json:"idle_ms_p50"`
	IdleMSP90       int64   `json:"idle_ms_p90"`
	IdleMSP99       int64   `json:"idle_ms_p99"`
	WaitMSP99       int64   `json:"bridge_wait_ms_p99"` // a bridged person's wait after the verdict
	CallsPerHour    float64 `json:"calls_per_operator_hour"`
	TalksPerHour    float64 `json:"talks_per_operator_hour"`
	SignedInMS      int64   `json:"signed_in_ms"`         // all operators
	IdleMS          int64   `json:"idle_ms"`              // all operators; the causes add up to it
	LookingMS       int64   `json:"looking_ms,omitempty"` // all operators: at contacts, in preview; no waiting
	// IdleCauses splits IdleMS.
	IdleCauses map[pacing.Cause]int64 `json:"idle_causes_ms"`
	MaxLines   int                    `json:"max_lines"`             // most lines used at once
	FinishedMS int64                  `json:"finished_ms,omitempty"` // when the list was called through; 0: it was not
	Decisions  int                    `json:"decisions"`
	Brier      float64                `json:"brier_skill,omitempty"` // of the chances that pacing used
	Tenths     []Tenth                `json:"calibration,omitempty"`
	Timeline   []Minute               `json:"timeline,omitempty"`
}

// Tenth is one class of predicted chances against what came.
type Tenth struct {
	Calls     int     `json:"calls"`
	Predicted float64 `json:"predicted"`
	Answered  float64 `json:"answered"`
}

// Minute of a shift, for drawing.
type Minute struct {
	AtMS      int64   `json:"at_ms"`
	Occupancy float64 `json:"occupancy"` // of this minute
	Live      int     `json:"live"`      // so far
	Abandoned int     `json:"abandoned"` // so far
}

// RingTime is how long calls ring at most unless Config says otherwise.
const RingTime = 30 * time.Second

func (c Config) filled() Config {
	or := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
		*v = max(*v, 0)
	}
	dur := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
		*v = max(*v, 0)
	}
	if c.Operators == 0 {
		c.Operators = 10
	}
	c.Choose = max(c.Choose, 1)
	or(&c.Hours, 8)
	or(&c.AnswerRate, .25)
	or(&c.MachineRate, .30)
	or(&c.NoAnswerRate, .35)
	or(&c.TalkCV, 1)
	or(&c.WrapCV, .8)
	or(&c.MaxAbandonment, .03)
	dur(&c.Ring, 12*time.Second)
	dur(&c.RingTime, RingTime)
	dur(&c.Talk, 120*time.Second)
	dur(&c.Wrap, 20*time.Second)
	dur(&c.Detector, time.Second)
	dur(&c.Machines, c.Detector)
	dur(&c.Limit, 2*time.Second)
	dur(&c.Rings.People, c.Ring)
	dur(&c.Rings.Machines, c.Ring)
	dur(&c.Rings.Busy, c.Ring)
	if c.Prediction == "" {
		c.Prediction = None
	}
	return c
}
