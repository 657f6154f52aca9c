// Package amd is the answer detector: frames of sound in, a verdict out. Pure:
// no clock, no I/O, no goroutine; time is the count of samples fed.
//
// A frame passes four listeners. The ear measures it: level over an adaptive
// noise floor, voicing, and how much of its energy lies in one or two narrow
// peaks. The tones join tonal frames into segments and judge their frequency
// and cadence (busy, ringback, fax, special information tones, beeps). The
// music counts notes that are held. The talk joins the rest into speech and
// pauses. The detector weighs what they heard and decides once (Feed returns
// true), then goes on listening: a beep or a machine that said "hello" and goes
// on shows in later verdicts.
//
// What is never done: no verdict depends on anything but the sound.
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
	Music      Kind = "music" // on hold: notes that are held, hardly a pause
	Silence    Kind = "silence"
	Unknown    Kind = "unknown"
)

// Verdict is a decision and its grounds. Times are audio time since the first frame.
type Verdict struct {
	Kind       Kind
	Detail     string        // which of its kind: "vacant code" of SIT, "CED" of fax, "announcement"; may be empty
	At         time.Duration // when it was decided
	SpokeUntil time.Duration // end of the speech heard before the decision; 0 if none
	BeepAt     time.Duration // end of a beep, -1 if none
	Confidence float64       // 0..1
	Why        string        // one sentence with the numbers
}

// Settings tune a detector; the zero value is the default.
type Settings struct {
	DecideWithin time.Duration // latest decision after the first frame; default 2.95 s
	ListenOn     time.Duration // beyond DecideWithin, while somebody still talks and it isn't clear who; default 0
	PeopleLost   float64       // share of people that may be taken for machines; default 0.022
	Model        *Model        // nil is the built-in one
	EarlyMedia   bool          // before the answer: only tones and announcements are judged, never Human or Machine
}

// Frames are 20 ms at 8 kHz.
const (
	sampleRate   = 8000
	frameSamples = 160
	frameTime    = 20 * time.Millisecond
)

// What the zero value of Settings means.
const (
	DefaultDecideWithin = 2950 * time.Millisecond // leaves a business greeting time to end
	DefaultPeopleLost   = 0.022
)

// Latest is the time by which a detector decides who answered, whatever it hears.
func (s Settings) Latest() time.Duration {
	if s.DecideWithin <= 0 {
		s.DecideWithin = DefaultDecideWithin
	}
	return s.DecideWithin + s.ListenOn + toneTells + frameTime
}

// Detector listens to one answer. It isn't safe for concurrent use.
type Detector struct {
	settings  Settings
	ear       ear
	tones     tones
	talk      talk
	music     music
	netEar    netEar
	netInput  NetInput
	netState  NetState
	netOdds   float32             // what the network makes of it up to now
	before    talk                // the talk as it was when the tone being heard began
	toneHeard bool                // that tone is established: it isn't speech
	toned     int                 // frames of established tones
	rest      [frameSamples]int16 // a frame not yet whole
	restLen   int
	frames    int // whole frames heard
	verdict   Verdict
	journal   journal
	decided   bool // verdict holds a decision
}

// New returns a detector that has heard nothing.
func New(s Settings) *Detector {
	if s.DecideWithin <= 0 {
		s.DecideWithin = DefaultDecideWithin
	}
	if s.PeopleLost <= 0 {
		s.PeopleLost = DefaultPeopleLost
	}
	d := &Detector{settings: s, verdict: Verdict{BeepAt: -1}}
	d.ear.reset()
	return d
}

// Feed takes the next 20 ms (160 samples at 8 kHz; other lengths are cut into
// such frames). It returns true once, with the decision; and again when
// something heard later changes it.
func (d *Detector) Feed(frame []int16) (Verdict, bool) {
	changed := false
	for len(frame) > 0 {
		n := copy(d.rest[d.restLen:], frame)
		d.restLen += n
		frame = frame[n:]
		if d.restLen < frameSamples {
			break
		}
		d.restLen = 0
		if d.hear(&d.rest) {
			changed = true
		}
	}
	return d.verdict, changed
}

// Verdict returns the decision so far; Kind is "" while there is none.
func (d *Detector) Verdict() Verdict { return d.verdict }

// Heard is how much sound was fed, in whole frames.
func (d *Detector) Heard() time.Duration { return d.now() }

// ModelID names the model that judges.
func (d *Detector) ModelID() string { return d.model().ID() }

// speech is the talk without the tone that is being heard.
func (d *Detector) speech() *talk {
	if d.toneHeard {
		return &d.before
	}
	return &d.talk
}

// class is what evidence calls a frame.
func (d *Detector) class(s sound) int {
	switch {
	case d.toneHeard:
		return heardTone
	case s.active && d.talk.running(d.frames):
		return heardSpeech
	case s.active:
		return heardSound
	}
	return heardQuiet
}

// now is the audio time of the end of the last frame.
func (d *Detector) now() time.Duration { return at(d.frames) }

// at is the audio time at which frame n begins.
func at(n int) time.Duration { return time.Duration(n) * frameTime }

// hear passes one frame through the listeners and reports a new verdict.
func (d *Detector) hear(samples *[frameSamples]int16) bool {
	s := d.ear.hear(samples)
	heard := d.tones.heard
	d.tones.add(d.frames, s)
	ended := d.toneHeard && d.tones.heard != heard
	if ended {
		d.toneHeard = false
		if t, ok := d.tones.lastDone(0); ok && t.spread < 3 {
			d.talk = d.before // what began as if it were speech was a tone
		}
	}
	if d.tones.open && d.tones.now.from == d.frames {
		d.before, d.toneHeard = d.talk, false
	}
	if d.tones.open && d.tones.established() {
		if !d.toneHeard {
			d.toned += d.tones.now.frames() - 1
		}
		d.toneHeard = true
	}
	if d.toneHeard {
		d.toned++
	}
	d.talk.add(d.frames, s, d.tones.loud)
	d.music.add(s)
	if d.netEar.add(d.frames, s, &d.talk, &d.netInput) && d.model().Net != nil {
		d.netOdds = d.model().Net.Step(&d.netState, &d.netInput)
	}
	d.journal.note(d.frames, d.class(s))
	d.frames++
	return d.judge()
}
