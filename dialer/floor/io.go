package floor

import (
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// InputKind says what happened.
type InputKind uint8

const (
	InTick        InputKind = iota
	InLeased                // Calls were leased; NextAt and Exhausted say what is left
	InRinging               // Call
	InAnswered              // Call
	InHuman                 // Call: a person, whose greeting ended at Since
	InMachine               // Call: not a person; it ends by itself
	InBridged               // Call and Operator talk
	InTalkEnded             // Call: the customer is gone, Operator notes the result
	InFreed                 // Call's Operator has said the result, which may be taken back until it is settled
	InTakenBack             // Operator takes that word on Call back
	InSettled               // Call has its record and is gone; its contact may be tried again at NextAt
	InOperator              // Operator is Present or not, Ready or not for Reason, and Deaf if not heard
	InKey                   // Operator pressed Key
	InState                 // the campaign is now in State
	InSettings              // Settings
	InLines                 // Lines changed; also carried by every other input
	InContacts              // lists or rules changed: ask again
	InWindow                // the regulator's window: Live and Abandoned, of calls that have their record
	InStop                  // the service ends: so does every call
	InAccept                // Operator has the contact called that is shown
	InSkip                  // Operator skips it, for Reason
	InReadyIn               // Operator will have ended the wrap-up Until then
	InLend                  // Operator is wanted elsewhere (Ready), or not any more
	InBorrow                // Operator is asked for by a colleague of another campaign: now, or not at all
	InAhead                 // the contacts that are next: Ahead, of which Choose may be taken out of order
	InPromises              // Promises: the callbacks that named operators are to make
	InConsult               // Operator, who talks on Call, asks for a colleague: of Among, or any if it is nil
	InConsultOver           // Call's Operator and the colleague are done
	InDial                  // Operator wants Contact called
	InListen                // Operator wants the leg to listen to a colleague on (Ready), or not any more
	InHandedOver            // Call's customer is Operator's now, who was asked
)

// Input is an event for a floor. Kind says which fields count.
type Input struct {
	Kind        InputKind
	At          time.Time
	Call        string
	Calls       []LeasedCall
	Operator    string
	Present     bool
	Ready       bool
	Deaf        bool
	Lent        bool // InOperator who is new: listens to a colleague
	Reason      string
	Key         byte
	Since       time.Time
	Outcome     string
	Disposition string
	State       contactdb.CampaignState
	Settings    Settings
	Lines       int
	Slow        bool // it is calls a second that allow no more Lines
	NextAt      time.Time
	Exhausted   bool
	Closed      bool // InLeased: what there is waits for the legal hours
	Live        int
	Abandoned   int
	Horizon     time.Time // InWindow: when the window or the work of the day ends
	Until       time.Time // InTalkEnded: told end of the wrap-up
	Ahead       []Ahead
	Promises    map[string]time.Time // operator → when the next callback is due
	Among       []string             // InConsult
	Named       bool                 // InConsult: who is asked by name may be on a break
	Contact     uint64               // InDial
	Manual      bool                 // InLeased: the answer to DoDial
	Away        bool                 // InTalkEnded: the customer talks on with somebody outside
	Choose      int
	Ask         int // InListen, InBorrow: names the answer
}

// LeasedCall is a call that a lease has made.
type LeasedCall struct {
	ID, Trunk string
	For       string // a callback that was promised for this operator
	Contact   uint64
	Traits    []pacing.Trait
	Chance    float64 // of a live answer, if it is known better than from the traits
	Preview   bool    // an operator is to decide first
}

// ActionKind says what is to be done.
type ActionKind uint8

const (
	DoLease     ActionKind = iota // lease N contacts and call them; with Operator: that one's callback
	DoConnect                     // bridge Call and Operator
	DoRelease                     // nobody is free for Call: play the message and hang up
	DoHangup                      // end Call
	DoDispose                     // Operator said Key of Call
	DoEndWrap                     // Call's wrap-up is over without a word
	DoTakenBack                   // Operator has Call again: its result was taken back; with Why: it stands
	DoPreview                     // show Call to Operator, who decides Until
	DoPlace                       // Operator has decided: place Call
	DoSkip                        // ... not to: let Call go, Why
	DoAway                        // Operator is not ready any more, Why
	DoConsult                     // Operator is set aside to be asked about Call; "": nobody, or not any more
	DoDial                        // lease Contact for Operator and call it; 0: it cannot be, Why
	DoLend                        // the answer to InListen and InBorrow: with Why, Operator is needed
	DoPart                        // Operator has heard enough of whom is asked about Call
	DoDecision                    // pacing decided: lastWhy says on which grounds
	DoOperator                    // Operator is now in Why (its state)
	DoFinished                    // nothing is left to do; Why says of which kind
)

// Action is an order of a floor. Kind says which fields count.
type Action struct {
	Kind     ActionKind
	Call     string
	Operator string
	Key      byte
	N        int
	Why      string
	Until    time.Time
	Picks    []int    // DoLease: places among the contacts ahead; empty: in order. Read it at once
	Contacts []uint64 // DoLease: whom to call before others; empty: in order
	Contact  uint64   // DoDial
	Ask      int      // DoLend: as it was asked
}
