package amd

import (
	"fmt"
	"time"
)

// announcement is how much speech in early media makes an announcement.
const announcement = 3 * time.Second

// judge weighs what the listeners heard up to now.
func (d *Detector) judge() bool {
	if f := d.toneFinding(); f.kind != "" && d.overrules(f) {
		return d.decide(f)
	}
	if s, f := d.tones.beep(d.frames, d.speech().spoke()); f.kind != "" && !d.settings.EarlyMedia && d.beepCounts() && !d.music.plays() {
		d.verdict.BeepAt = at(s.to)
		return d.decide(f)
	}
	switch {
	case d.settings.EarlyMedia:
		return !d.decided && d.judgeAnnouncement()
	case !d.decided || d.verdict.Kind == Silence:
		return d.judgeTalk()
	case d.verdict.Kind == Human:
		return d.judgeGoesOn()
	case d.verdict.Kind == Machine:
		return d.judgeGreetingEnd()
	}
	return false
}

func (d *Detector) toneFinding() finding {
	if f := d.tones.sit(); f.kind != "" {
		return f
	}
	if f := d.tones.fax(d.speech().spoke()); f.kind != "" {
		return f
	}
	return d.tones.cadence(d.frames, d.speech().spoke())
}

// overrules tells whether a tone changes the verdict there is: tones by the
// network end a call whatever was said before, and say so once.
func (d *Detector) overrules(f finding) bool {
	return !d.decided || d.verdict.Kind != f.kind && d.verdict.Kind != SIT && d.verdict.Kind != Fax
}

// beepCounts: after a person was recognised only a beep in the first seconds
// corrects; later ones are keys pressed or things in the room.
func (d *Detector) beepCounts() bool {
	switch d.verdict.Kind {
	case Human:
		return d.now()-d.verdict.At < 8*time.Second
	case "", Machine, Beep, Silence, Unknown, Music:
		return true
	}
	return false
}

func (d *Detector) decide(f finding) bool {
	d.decided = true
	d.verdict.Kind, d.verdict.Detail = f.kind, f.detail
	d.verdict.At = d.now()
	d.verdict.Confidence = f.sure
	d.verdict.Why = f.why
	d.verdict.SpokeUntil = 0
	if d.speech().spoke() {
		d.verdict.SpokeUntil = at(d.speech().until)
	}
	d.journal.decided(d.verdict)
	return true
}

func (d *Detector) judgeAnnouncement() bool {
	spoken := at(d.speech().active)
	if spoken < announcement {
		return false
	}
	return d.decide(finding{Unknown, Announcement, 0.6,
		fmt.Sprintf("speech before the answer for %d ms", spoken.Milliseconds())})
}

// Bounds of what is corrected later. A person who has answered waits for a
// voice; a machine that had paused goes on at once, and on.
const (
	resumesWithin = 900 * time.Millisecond // after "human" was decided
	goesOnFor     = 4 * time.Second        // without a pause of half a second
	correctWithin = 8 * time.Second        // after that, it is a conversation
	greetingEnd   = 2 * time.Second        // of quiet without a beep
)

// judgeGoesOn finds a machine that was taken for a person. It is slow on
// purpose: a person who talks is never to be cut off.
func (d *Detector) judgeGoesOn() bool {
	t := d.speech()
	since, run := d.now()-d.verdict.At, d.now()-at(t.run)
	if since > correctWithin || d.frames%10 != 0 || run < goesOnFor || at(t.run) > d.verdict.At+resumesWithin || d.now()-at(t.until) > 200*time.Millisecond {
		return false
	}
	moment := d.moment(t)
	if moment.Machine < 0.8 {
		return false
	}
	return d.decide(finding{Machine, GoesOn, moment.Machine,
		fmt.Sprintf("it didn't wait for an answer but went on for %d ms (machine %.0f %%)", run.Milliseconds(), 100*moment.Machine)})
}

// judgeGreetingEnd tells when a machine's greeting is over and no beep has come.
func (d *Detector) judgeGreetingEnd() bool {
	t := d.speech()
	if d.verdict.Detail == GreetingEnded || d.now()-at(t.until) < greetingEnd || d.tones.open {
		return false
	}
	return d.decide(finding{Machine, GreetingEnded, d.verdict.Confidence,
		fmt.Sprintf("the greeting ended at %d ms, no beep followed for %d ms", at(t.until).Milliseconds(), (d.now() - at(t.until)).Milliseconds())})
}

// Details of a machine: it was taken for a person and goes on without waiting
// for an answer; its greeting is over and no beep has come.
const (
	GoesOn        = "goes on"
	GreetingEnded = "greeting ended"
)

// Details of an unknown verdict: speech in early media; tones that nothing known
// makes, and no word.
const (
	Announcement = "announcement"
	Tone         = "tone"
)

const (
	// toneTells bounds how long a decision waits for what a tone will turn out to
	// be: the longest beep, and the longest time until it is known as one.
	toneTells    = (beepLongest + beepSettleSilent) * frameTime // 2.2 s
	cadencePause = 60                                           // frames of quiet after which a tone's cadence isn't waited for
)

// judgeTalk decides between human, machine and silence.
func (d *Detector) judgeTalk() bool {
	t := d.speech()
	if d.frames%10 == 0 && d.music.plays() {
		return d.decideMusic()
	}
	costs := Costs{d.model().Ratio(d.settings.PeopleLost), d.settings.DecideWithin, d.settings.ListenOn}
	if d.decided { // silence: the time runs from the first word then
		costs.Within += at(t.begun)
	}
	late := d.now() >= costs.Within
	if !t.spoke() {
		if d.decided || !late || d.now() < costs.Within+toneTells && d.frames-d.tones.lastHeard() < cadencePause {
			return false
		}
		return d.decideWordless()
	}
	if !d.weighs(t) && !late || d.tones.mayBeep(d.frames) && d.now() < costs.Within+costs.ListenOn+toneTells {
		return false // a beep that is being heard tells more
	}
	moment := d.moment(t)
	kind, end := moment.Decide(costs)
	switch {
	case kind == "":
		return false
	case kind == Machine && d.music.likelier():
		return d.decideMusic()
	}
	return d.decideTalk(kind, moment.Machine, end)
}

// decideWordless is the decision when the time is up and nobody has said anything.
func (d *Detector) decideWordless() bool {
	heard := at(d.toned)
	if 4*heard < d.now() {
		return d.decide(finding{Silence, "", 0.8, fmt.Sprintf("nothing heard for %d ms", d.now().Milliseconds())})
	}
	return d.decide(finding{Unknown, Tone, 0.8, fmt.Sprintf("for %d of %d ms a tone that is no beep and none of the network's, and no word",
		heard.Milliseconds(), d.now().Milliseconds())})
}

func (d *Detector) decideMusic() bool {
	held, low := d.music.measure()
	return d.decide(finding{Music, "", 0.9, fmt.Sprintf("%d notes, held for %.0f %% of the last %d ms, %.0f %% of it weak",
		d.music.notes, 100*held, at(min(d.music.n, musicWindow)).Milliseconds(), 100*low)})
}

func (d *Detector) decideTalk(kind Kind, machine float64, end string) bool {
	t := d.speech()
	if !d.journal.weighed {
		d.journal.features, d.journal.weighed = d.features(t), true
	}
	sure := machine
	if kind == Human {
		sure = 1 - machine
	}
	return d.decide(finding{kind, "", sure, fmt.Sprintf("%d ms of speech in %s from %d ms on, %d ms of quiet, %s (machine %.0f %%)",
		at(t.span()).Milliseconds(), bursts(t.words), at(t.begun).Milliseconds(), (d.now() - at(t.until)).Milliseconds(), end, 100*machine)})
}

func bursts(n int) string {
	if n == 1 {
		return "one burst"
	}
	return fmt.Sprintf("%d bursts", n)
}

func (d *Detector) model() *Model {
	if d.settings.Model != nil {
		return d.settings.Model
	}
	return Builtin()
}

// features measures the talk, and what the network makes of the answer.
func (d *Detector) features(t *talk) Features {
	f := t.features(d.frames)
	f[FeatureNet] = d.netOdds
	return f
}

// NetInput is what the network is to hear of the last 40 ms; false in every second frame.
func (d *Detector) NetInput() (NetInput, bool) { return d.netInput, d.frames%2 == 0 }

// weighs tells whether the talk is to be weighed at this frame: every 40 ms is
// often enough, but who may be waiting for a voice is not kept for one frame more.
func (d *Detector) weighs(t *talk) bool {
	pause := at(d.frames - t.until)
	return d.frames%2 == 0 || pause >= leastPause && pause < longestWait
}

// moment is what the talk is now.
func (d *Detector) moment(t *talk) Moment {
	features := d.features(t)
	return Moment{At: d.now(), Span: at(t.span()), Pause: d.now() - at(t.until), Machine: d.model().Machine(&features)}
}

// Moment gives what is weighed now; false when nothing is, which is before any
// speech, while a beep is being heard, and in every second frame of speech.
func (d *Detector) Moment() (Moment, bool) {
	t := d.speech()
	if !t.spoke() || !d.weighs(t) || d.tones.mayBeep(d.frames) {
		return Moment{}, false
	}
	return d.moment(t), true
}

// Features measures the answer as heard so far; false before any speech, and
// while a beep is being heard, which tells more.
func (d *Detector) Features() (Features, bool) {
	t := d.speech()
	if !t.spoke() || d.tones.mayBeep(d.frames) {
		return Features{}, false
	}
	return d.features(t), true
}

// lastHeard is the frame up to which a tone was heard; far in the past if none.
func (t *tones) lastHeard() int {
	if t.open {
		return t.now.to
	}
	if s, ok := t.lastDone(0); ok {
		return s.to
	}
	return -1 << 20
}

// Finish gives the verdict for a recording that ended before a decision: what
// was said, judged as if quiet followed.
func (d *Detector) Finish() Verdict {
	if d.decided {
		return d.verdict
	}
	switch t := d.speech(); {
	case !t.spoke():
		d.decide(finding{Silence, "", 0.7, "nothing heard until the end of the recording"})
	case d.settings.EarlyMedia:
		d.decide(finding{Unknown, "", 0.5, "the recording ended before a tone was recognised"})
	default:
		features := d.features(t)
		machine := d.model().Machine(&features)
		kind := Human
		if machine/(1-machine) >= d.model().Ratio(d.settings.PeopleLost) {
			kind = Machine
		}
		d.decideTalk(kind, machine, "until the end of the recording")
	}
	return d.verdict
}
