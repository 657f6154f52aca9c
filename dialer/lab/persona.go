package lab

import (
	"time"

	"apel/media"
)

// Kind is a sort of callee.
type Kind string

const (
	Hello        Kind = "hello"         // a person who says one word
	Phrase       Kind = "phrase"        // a person who says a short phrase
	Business     Kind = "business"      // a person with a long greeting
	Silent       Kind = "silent"        // a person who says nothing until spoken to
	HangsUpEarly Kind = "hangs-up"      // a person who hangs up within the greeting
	LateAnswer   Kind = "late-answer"   // a person who answers as the call is cancelled: 200 after CANCEL
	MachineShort Kind = "machine-short" // an answering machine: two seconds and a beep
	MachineLong  Kind = "machine-long"  // an answering machine: five to nine seconds and a beep
	MachineHello Kind = "machine-hello" // an answering machine that says one word, waits, and goes on
	Fax          Kind = "fax"           // a called station's 2100 Hz
	SIT          Kind = "sit"           // 183, information tones and an announcement, then 404 or 480
	SITAnswered  Kind = "sit-answered"  // the same, but answered first
	Busy         Kind = "busy"          // 486
	Congestion   Kind = "congestion"    // 183 with congestion tone, then 503
	Refused      Kind = "refused"       // 404, 484, 503 or 603 from the carrier
	NoAnswer     Kind = "no-answer"     // rings until cancelled
)

// Truth is what a callee really is: what a perfect detector would say.
type Truth string

const (
	IsHuman    Truth = "human"
	IsMachine  Truth = "machine"
	IsFax      Truth = "fax"
	IsSIT      Truth = "sit"
	IsBusy     Truth = "busy"
	IsNoAnswer Truth = "no-answer"
	IsRefused  Truth = "refused"
)

// Truth of a kind.
func (k Kind) Truth() Truth {
	switch k {
	case Hello, Phrase, Business, Silent, HangsUpEarly, LateAnswer:
		return IsHuman
	case MachineShort, MachineLong, MachineHello:
		return IsMachine
	case Fax:
		return IsFax
	case SIT, SITAnswered:
		return IsSIT
	case Busy:
		return IsBusy
	case NoAnswer:
		return IsNoAnswer
	}
	return IsRefused
}

// Persona is a callee as data. The zero value of a field is the ordinary
// behaviour; Status 0 rings until the caller gives up.
type Persona struct {
	Kind Kind
	Lang string // of the voice: "en" or "ro"

	// Until the final response.
	Delay    time.Duration // from the INVITE to the first 18x
	Progress int           // that 18x: 180 or 183; 0: none but the 100
	Early    []Sound       // early media after a 183, repeated until the final response
	Ring     time.Duration // from the 18x to the final response
	Status   int           // the final response
	Cause    int           // Q.850 cause in a Reason header; 0: none
	ComeBack time.Duration // with a refusal, as Retry-After; 0: says nothing
	Redirect string        // Contact of a 3xx

	// Breaking the order of things.
	AnswersCancelled bool          // a CANCEL is answered by a 200 to the INVITE
	AnswersTwice     bool          // a second 200 with another tag, as if the call had forked
	ByeRace          bool          // answers a BYE with its own BYE first
	DeafToBye        bool          // answers no BYE
	DeafToCancel     bool          // answers no CANCEL, and rings on
	HeedsNoCancel    bool          // answers a CANCEL, and rings on
	HoldAt           time.Duration // puts the call on hold so long after the answer; 0: never
	HoldFor          time.Duration // and takes it back after so long

	// What is said.
	Voice []Sound // after the answer
	Again []Sound // once, when nothing is heard
	Talk  []Sound // in conversation, one piece a turn
	Level float64 // dB from the clips' own level
	Noise float64 // RMS of the line's hiss in dBFS; 0: none

	// How it goes on.
	Gap      time.Duration // of quiet before taking a turn
	Patience time.Duration // hangs up after hearing nothing for so long since its last word; 0: never
	Bored    time.Duration // the same once it has been spoken to
	TalkFor  time.Duration // hangs up politely so long after being spoken to; 0: the caller ends it
	HangUpAt time.Duration // hangs up so long after the answer, whatever happens; 0: never

	Line Line
}

// Truth is what the callee really is.
func (p Persona) Truth() Truth { return p.Kind.Truth() }

// Line is how a callee's RTP behaves.
type Line struct {
	Laws       []media.Codec // default mu-law and A-law
	NoDTMF     bool          // telephone-event is not offered
	Mute       bool          // no packet is ever sent
	OtherPort  bool          // packets come from another port than the SDP says
	Strange    uint8         // payload type of all packets, whatever was agreed; 0: as agreed
	Continuous time.Duration // silence is sent as packets so long after the answer; default 5 s, then suppressed
}
