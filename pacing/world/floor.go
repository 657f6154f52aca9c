package world

import (
	"time"

	"apel/pacing"
)

// Floor is what stands between the world and pacing: it hears what a dialer
// hears and says what it does. The built-in one is desk; the production floor
// fits behind an adapter. The returned slice is read before the next call, but
// for Placed, whose answer is not read.
type Floor interface {
	Handle(now time.Time, h Happening) []Action
}

// HappeningKind says what a floor hears.
type HappeningKind uint8

// In the order in which a shift and a call live them.
const (
	SignedIn     HappeningKind = iota // Operator, ready
	GoingAway                         // Operator will go on break after this call
	WentAway                          // Operator is not ready now
	CameBack                          // Operator, ready
	Placed                            // Call, an answer to Place; Chance and Traits of the contact
	RingingNow                        // Call
	Answered                          // Call, by whom is not known
	VerdictLive                       // Call
	VerdictOther                      // Call: a machine; it is hung up by the world
	Unanswered                        // Call: busy, no answer, failed
	TalkOver                          // Operator; wrap-up begins, Until its end if told
	WrapOver                          // Operator, ready
	WakeUp                            // asked for by Wake, or a trunk stopped or came back
	Closing                           // the shift is over
)

// Happening is one thing that a floor hears.
type Happening struct {
	Kind     HappeningKind
	Call     int // unique, growing
	Operator int
	Until    time.Time
	Chance   float64 // 0: not known
	Traits   []pacing.Trait
	Lines    int       // calls that lines and their rate allow now
	Slow     bool      // it is the rate that allows no more
	Closed   bool      // legal hours allow no call
	Contacts int       // left in the list; -1: enough
	NextAt   time.Time // if none are left now: when there may be more; zero: never
	// Next are the chances of the next contacts, in order; empty when nothing
	// is known of them. Choose of them may be taken out of order.
	Next   []pacing.Candidate
	Choose int
}

// ActionKind says what a floor does.
type ActionKind uint8

// What a floor can do.
const (
	Place   ActionKind = iota // Count calls; Picks among Next, in order if empty
	Bridge                    // Call to Operator
	Abandon                   // Call: nobody was free within the limit
	Cancel                    // Call, still ringing
	Wake                      // at At
)

// Action is one thing that a floor does.
type Action struct {
	Kind     ActionKind
	Count    int
	Picks    []int
	Call     int
	Operator int
	At       time.Time
}
