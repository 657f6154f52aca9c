package amd

import (
	"fmt"
	"time"
)

// The rules of the talk, in audio time. People say a word or two and wait;
// machines talk on. What lies between is decided for the person: a machine
// passed costs seconds of an operator, a person lost costs a person.
const (
	pauseAfter      = 420 * time.Millisecond  // quiet that ends an utterance
	machineTalk     = 2200 * time.Millisecond // speech from its beginning, without such a pause
	machineDeadline = 1700 * time.Millisecond // the same when the time to decide is up
	announcement    = 3 * time.Second         // speech in early media
)

// judge weighs what the listeners heard up to now.
func (d *Detector) judge() bool {
	if f := d.toneFinding(); f.kind != "" && d.overrules(f) {
		return d.decide(f)
	}
	if s, f := d.tones.beep(d.frames, d.speech().spoke()); f.kind != "" && !d.settings.EarlyMedia && d.beepCounts() {
		d.verdict.BeepAt = at(s.to)
		return d.decide(f)
	}
	if d.decided && d.verdict.Kind != Silence {
		return false
	}
	if d.settings.EarlyMedia {
		return d.judgeAnnouncement()
	}
	return d.judgeTalk()
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
	return true
}

func (d *Detector) judgeAnnouncement() bool {
	if at(d.speech().active) < announcement {
		return false
	}
	return d.decide(finding{Unknown, "announcement", 0.6,
		fmt.Sprintf("speech before the answer for %d ms", at(d.speech().active).Milliseconds())})
}

// judgeTalk decides between human, machine and silence.
func (d *Detector) judgeTalk() bool {
	late := d.now() >= d.settings.DecideWithin
	if !d.speech().spoke() {
		if !late || d.decided || d.tones.open || d.frames-d.tones.lastEnd() < 60 {
			return false
		}
		return d.decide(finding{Silence, "", 0.8, fmt.Sprintf("nothing heard for %d ms", d.now().Milliseconds())})
	}
	t := d.speech()
	span, pause := at(t.span()), d.now()-at(t.until)
	said := fmt.Sprintf("%d ms of speech in %d bursts", span.Milliseconds(), t.words)
	switch {
	case span >= machineTalk:
		return d.decide(finding{Machine, "", 0.8, said + " without the pause of someone who waits for an answer"})
	case pause >= pauseAfter:
		return d.decide(finding{Human, "", confidence(span), fmt.Sprintf("%s, then %d ms of waiting", said, pause.Milliseconds())})
	case late && span >= machineDeadline:
		return d.decide(finding{Machine, "", 0.65, said + ", still talking when the time to decide was up"})
	case late && span >= 200*time.Millisecond:
		return d.decide(finding{Human, "", 0.55, said + " when the time to decide was up"})
	}
	return false
}

// confidence in a person falls with the length of the greeting.
func confidence(span time.Duration) float64 {
	return max(0.55, 0.97-0.2*max(0, span.Seconds()-0.6))
}

// lastEnd is the frame at which the newest tone ended; far in the past if none.
func (t *tones) lastEnd() int {
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
	switch span := at(d.speech().span()); {
	case !d.speech().spoke():
		d.decide(finding{Silence, "", 0.7, "nothing heard until the end of the recording"})
	case d.settings.EarlyMedia:
		d.decide(finding{Unknown, "", 0.5, "the recording ended before a tone was recognised"})
	case span >= machineTalk:
		d.decide(finding{Machine, "", 0.7, fmt.Sprintf("%d ms of speech until the end of the recording", span.Milliseconds())})
	default:
		d.decide(finding{Human, "", 0.6, fmt.Sprintf("%d ms of speech until the end of the recording", span.Milliseconds())})
	}
	return d.verdict
}
