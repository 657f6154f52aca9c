package amd

import (
	"fmt"
	"time"
)

// finding is what a listener makes of its tones; an empty kind is nothing.
type finding struct {
	kind   Kind
	detail string
	sure   float64
	why    string
}

// progress tells whether a tone has the frequencies of a call progress tone:
// 400 to 450 Hz in Europe and most of the world (ITU-T E.180 recommends 425),
// 400+450 in Britain, 440+480 and 480+620 in North America.
func (s segment) progress() bool {
	switch {
	case s.second == 0 || s.second <= 500:
		return s.hz >= 380 && s.hz <= 500
	}
	return near(s.hz, 480, 25) && near(s.second, 620, 25) // not any two harmonics of a voice
}

// steady tells whether the tone holds its frequency and its level.
func (s segment) steady() bool {
	return near(s.first, s.last, 40) && s.spread < 3.5 && s.wander < 15
}

// cadence judges the last progress tones by their times on and off: ITU-T E.180
// supplement 2 lists them by country.
//
//	busy        on = off, 0.3 to 0.6 s        (425: 0.5/0.5; 480+620: 0.5/0.5)
//	congestion  on = off, 0.15 to 0.3 s       (425: 0.25/0.25, 0.2/0.2)
//	ringback    on 0.7 to 2.5 s, off 1 s up   (425: 1/4; 440+480: 2/4)
//	            or 0.4/0.2/0.4/2 s            (400+450)
func (t *tones) cadence(now int, spoken bool) finding {
	if f := t.interrupted(); f.kind != "" {
		return f
	}
	return t.ringing(now, spoken)
}

// interrupted finds busy and congestion: two equal tones with equal gaps, and a
// third begun, so that a double beep or two syllables never pass for one.
func (t *tones) interrupted() finding {
	b, ok1 := t.lastDone(0)
	a, ok2 := t.lastDone(1)
	if !ok1 || !ok2 || !t.open || t.now.frames() < 4 {
		return finding{}
	}
	c := t.now
	gap1, gap2 := b.from-a.to, c.from-b.to
	on := b.frames()
	if !a.progress() || !b.progress() || !c.progress() || !near(a.hz, b.hz, 20) || !near(b.hz, c.hz, 20) {
		return finding{}
	}
	if a.spread > 3 || b.spread > 3 {
		return finding{} // syllables rise and fall
	}
	if abs(gap1-gap2) > 3 || abs(on-gap2) > 4 || a.frames() > on+3 || c.frames() > on+3 {
		return finding{}
	}
	cycle := at(on + gap2)
	why := fmt.Sprintf("%s on %d ms, off %d ms", b.name(), at(on).Milliseconds(), at(gap2).Milliseconds())
	switch {
	case cycle >= 600*time.Millisecond && cycle <= 1250*time.Millisecond:
		return finding{Busy, "", 0.97, "busy tone: " + why}
	case cycle >= 260*time.Millisecond && cycle < 600*time.Millisecond:
		return finding{Congestion, "", 0.97, "congestion tone: " + why}
	}
	return finding{}
}

// ringing finds ringback: one long tone and a long pause, or Britain's pair.
func (t *tones) ringing(now int, spoken bool) finding {
	a, ok := t.lastDone(0)
	if !ok || t.open || !a.progress() {
		return finding{}
	}
	quiet := at(now - a.to)
	b, again := t.lastDone(1)
	if spoken && !(again && near(a.hz, b.hz, 20) && abs(a.frames()-b.frames()) <= 4 && a.from-b.to >= 50) {
		return finding{} // after speech, a long tone or two are beeps
	}
	held := a.steady() || a.second != 0 || near(a.hz, 460, 25)
	if on := at(a.frames()); held && on >= 700*time.Millisecond && on <= 2600*time.Millisecond && quiet >= 800*time.Millisecond {
		return finding{Ringback, "", 0.95, fmt.Sprintf("ringback tone: %s on %d ms, then quiet", a.name(), on.Milliseconds())}
	}
	if !again || !b.progress() || quiet < 800*time.Millisecond {
		return finding{}
	}
	if within(a.frames(), 15, 25) && within(b.frames(), 15, 25) && within(a.from-b.to, 7, 13) {
		return finding{Ringback, "", 0.95, fmt.Sprintf("ringback tone: %s twice 400 ms", a.name())}
	}
	return finding{}
}

// name writes a tone's frequencies.
func (s segment) name() string {
	if s.second != 0 {
		return fmt.Sprintf("%.0f+%.0f Hz", s.hz, s.second)
	}
	return fmt.Sprintf("%.0f Hz", s.hz)
}

func within(v, low, high int) bool { return v >= low && v <= high }

func abs(v int) int { return max(v, -v) }
