package amd

import "fmt"

// Bounds of a machine's beep. The settle time lets a second tone follow that
// would make it a SIT or a cadence; tones at the frequencies of call progress
// wait a little longer for their next one.
const (
	beepLow, beepHigh         = 320, 2080 // Hz
	beepShortest, beepLongest = 4, 65     // frames: 80 ms to 1.3 s
	beepSettle                = 6         // frames after its end: 120 ms
	beepSettleProgress        = 13        // 260 ms
)

// beep judges the newest ended tone once, a settle time after its end. It
// returns the frame at which the beep ended.
func (t *tones) beep(now int, spoken bool) (segment, finding) {
	s, ok := t.lastDone(0)
	if !ok || t.open && t.now.frames() > 2 {
		return segment{}, finding{}
	}
	settle := beepSettle
	if s.progress() {
		settle = beepSettleProgress
		if !spoken {
			settle = 45 // without speech before, a busy or ringing tone is the likelier
		}
	}
	if now-s.to != settle || !s.beepLike() {
		return segment{}, finding{}
	}
	return s, finding{Beep, "", 0.9, fmt.Sprintf("a beep of %s for %d ms", s.name(), at(s.frames()).Milliseconds())}
}

// beepLike tells a beep from a sung or hummed vowel, which is never as pure and
// holds neither level nor pitch for as long.
func (s segment) beepLike() bool {
	if !within(s.frames(), beepShortest, beepLongest) || s.hz < beepLow || s.hz > beepHigh {
		return false
	}
	if s.second != 0 {
		return s.frames() >= 10 && s.purity > 0.95 && s.spread < 1.5 && s.wander < 150
	}
	if s.wander > 12 {
		return s.frames() >= 8 && s.purity > 0.93 && s.spread < 2.5 && !near(s.first, s.last, 60) // a glide
	}
	limit := 1.2 + 0.08*float64(s.frames()) // the shorter, the less it may waver
	return s.purity > 0.9 && s.spread < min(4, limit) && s.wander < 4+0.2*float64(s.frames())
}
