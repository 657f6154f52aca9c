// Package amd is the answer detector: frames of sound in, a verdict out. Pure:
// no clock, no I/O, no goroutine; time is the count of samples fed.
//
// A Detector follows energy, speech and silence, and steady tones. It decides
// once (Feed returns true), then goes on listening: a beep or a machine that
// said "hello" and goes on shows in later verdicts.
package amd

import "time"

// Kind is who or what answered.
type Kind string

const (
	Human      Kind = "human"
	Machine    Kind = "machine"
	Beep       Kind = "beep" // a machine's tone: leave a message now
	Fax        Kind = "fax"
	SIT        Kind = "sit" // special information tones
	Busy       Kind = "busy"
	Congestion Kind = "congestion"
	Ringback   Kind = "ringback"
	Music      Kind = "music"
	Silence    Kind = "silence"
	Unknown    Kind = "unknown"
)

// Verdict is a decision and its grounds. Times are audio time since the first frame.
type Verdict struct {
	Kind       Kind
	At         time.Duration // when it was decided
	SpokeUntil time.Duration // end of the speech heard before the decision; 0 if none
	BeepAt     time.Duration // end of a beep, -1 if none
	Confidence float64       // 0..1
	Why        string        // one sentence with the numbers
}

// Settings tune a detector; the zero value is the default.
type Settings struct {
	DecideWithin time.Duration // latest decision after the first frame; default 2.5 s
	EarlyMedia   bool          // before the answer: only tones and announcements are judged, never Human or Machine
}

// Detector listens to one answer.
type Detector struct{ verdict Verdict }

// New returns a detector that has heard nothing.
func New(s Settings) *Detector { return &Detector{} }

// Feed takes the next 20 ms (160 samples at 8 kHz). It returns true once, with
// the decision; and again when something heard later changes it.
func (d *Detector) Feed(frame []int16) (Verdict, bool) { return Verdict{}, false }

// Verdict returns the decision so far; Kind is "" while there is none.
func (d *Detector) Verdict() Verdict { return d.verdict }

// Finish gives the verdict for a recording that ended before a decision.
func (d *Detector) Finish() Verdict { return d.verdict }
