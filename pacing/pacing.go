// Package pacing decides how many calls to place now, and says why. Pure: no
// clock, no I/O, no goroutine; the same events and snapshots give the same
// decisions.
//
// The floor tells a Pacer what happened (Observe) and asks it on every event
// (Decide) with a Snapshot of operators and calls as they are. The regulator's
// abandonment ratio over its window is part of the snapshot: it is counted by
// the store and survives restarts. Progressive and Power keep to simple counts
// (fixed.go); Predictive learns laws (ring.go, talk.go, releases.go,
// predictor.go), looks ahead (outlook.go, compare.go), and pays for risk from the
// window's budget (budget.go). The mathematics and what was measured: README.md.
package pacing

import (
	"strconv"
	"time"
)

// Mode is how a campaign paces.
type Mode string

const (
	Preview     Mode = "preview"     // the operator sees the contact and decides
	Progressive Mode = "progressive" // one call a free operator
	Power       Mode = "power"       // a fixed ratio of calls a free operator
	Predictive  Mode = "predictive"
)

// Settings of a campaign's pacing.
type Settings struct {
	Mode           Mode
	Ratio          float64 // calls a free operator in Power; 1 and more
	MaxLines       int     // lines used at once, by calls in the air and operators talking; 0: only trunks limit
	MaxAbandonment float64 // share of live answers, e.g. 0.03; 0: never a call without an operator for it
	// Debt is how many people may be lost before they are earned: at 3 % one
	// abandoned call needs 33 people who answered. While the rest of the window is sure
	// to earn more than ten times as many it is a tenth of those, at most twice Debt and
	// a tenth of it for each operator; of several lost at once up to twice as many while
	// a fifth of those covers it. So within the window the ratio may be over the cap for
	// a while (with DefaultDebt about a twentieth of the time); the end of the window is
	// guarded. With 0 it is never over but by mishap.
	Debt float64
	// HangUpAfter lets ringing calls be given up when more answers are coming than
	// can be taken, each once it has rung so long; 0: never. The rules that ask for
	// a least ring time (16 CFR 310.4(b)(4)(ii): 15 s) bind here too.
	HangUpAfter time.Duration
	// Choose is among how many of the next contacts whom to call is chosen; up to
	// 1: they are called in order.
	Choose int
}

// OperatorState is what an operator does.
type OperatorState uint8

const (
	NotReady OperatorState = iota
	Ready
	Reserved // promised to a call
	Talking
	WrapUp
)

var operatorStates = [...]string{NotReady: "not-ready", Ready: "ready", Reserved: "reserved", Talking: "talking", WrapUp: "wrap-up"}

func (s OperatorState) String() string {
	if int(s) < len(operatorStates) {
		return operatorStates[s]
	}
	return "OperatorState(" + strconv.Itoa(int(s)) + ")"
}

// Operator as pacing sees one.
type Operator struct {
	Name    string
	State   OperatorState
	Since   time.Time // when it entered the state
	Leaving bool      // goes on break after this call
	FreeAt  time.Time // told end of wrap-up, zero if not told
}

// Phase of a call in the air that is not bridged yet.
type Phase uint8

const (
	Dialing   Phase = iota // leased or sent, no progress
	Ringing                // 180, 183
	Screening              // answered, the detector listens
	Queued                 // a person waits for an operator
)

// Call as pacing sees one.
type Call struct {
	Phase      Phase
	PlacedAt   time.Time
	RingingAt  time.Time
	AnsweredAt time.Time
	Chance     float64 // the contact's own chance of a live answer; 0: not known
}

// Trait is a feature of a contact or of the moment: "list=spring" with value 1,
// "attempt" with value 3. Values of about 1 learn fastest.
type Trait struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Candidate is a contact that may be called next.
type Candidate struct {
	Chance float64 // of a live answer; 0: not known
}

// Snapshot is the floor at an instant. The slices are only read, and only during Decide.
type Snapshot struct {
	Now       time.Time
	Operators []Operator
	Calls     []Call
	Lines     int       // further calls that trunks allow now
	Held      int       // lines of further calls: that end just now, or that wait for one operator only
	RateBound bool      // Lines is what calls a second allow, not channels
	Contacts  int       // contacts dialable now; -1: not known
	Live      int       // live answers in the regulator's window so far
	Abandoned int       // of them abandoned
	Horizon   time.Time // when window, shift or list ends, whichever is first; zero: not known
	// Candidates are the next contacts in order, as many as are known; none: all
	// alike. The first Choose of them may be taken out of order; 0 or 1: in order.
	Candidates []Candidate
	Choose     int
	Closed     bool // legal hours allow no call now
}

// Decision is an answer with its grounds.
type Decision struct {
	Place int
	// Picks are the places among Snapshot.Candidates of the contacts to call, as
	// many as Place, in the order of dialing; empty: the next in order.
	Picks []int
	// Cancel are the places among Snapshot.Calls of ringing calls to give up.
	Cancel []int
	Cause  Cause   // what holds back one call more
	Why    Grounds // "place 3: 2 ready + 1.4 freeing in 8 s, 9 ringing worth 2.1 answers, budget 11 of 40"
	// Ringing and Screened are the live answers expected of the calls in the air
	// that ring, those placed now included, and that the detector listens to;
	// Operators are those at work who are or can become free: see Waiting.
	Ringing, Screened float64
	Operators         int
	natural           [3]float64 // what they are expected to wait by nature
	schooled          bool       // enough is known for what is waited now to say what is waited later
	// Again asks to be asked again after this time even if nothing happens; 0: on events only.
	Again time.Duration
}

// EventKind says what happened to a call or an operator.
type EventKind uint8

const (
	CallPlaced EventKind = iota
	CallRinging
	CallAnswered   // by whom is not known yet
	CallLive       // the detector says: a person
	CallMachine    // ... a machine, fax or tone
	CallUnanswered // busy, no answer, failed: ended before an answer
	CallAbandoned
	CallBridged
	TalkEnded
	WrapEnded
)

// Event is one thing learned from, with its time and ages.
type Event struct {
	Kind        EventKind
	At          time.Time
	Operator    string
	Age         time.Duration // since the call was placed (Call*), since the bridge (TalkEnded), since the talk's end (WrapEnded)
	Rang        time.Duration // CallLive, CallMachine, CallUnanswered: from placing to the answer or the end
	Rung        bool          // as Rang: it rang
	SetUp       time.Duration // as Rang: from placing to ringing
	Trunk       string
	Traits      []Trait // CallLive, CallMachine, CallUnanswered: of the contact, to learn from
	Chance      float64 // as in Call
	Disposition string
}
