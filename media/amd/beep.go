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
	if now-s.ended != settle || !s.beepLike() {
		return segment{}, finding{}
	}
	followed := ones(t.loud, now-s.ended) > 3
	if followed && !s.alone || (followed || !s.alone) && s.frames() < 12 && s.purity < 0.97 {
		return segment{}, finding{} // in the middle of speech
	}
	return s, finding{Beep, "", 0.9, fmt.Sprintf("a beep of %s for %d ms", s.name(), at(s.frames()).Milliseconds())}
}

// beepLike tells a beep from a sung or hummed vowel, which is never as pure and
// holds neither level nor pitch for as long.
func (s segment) beepLike() bool {
	if !within(s.frames(), beepShortest, beepLongest) || s.hz < beepLow || s.hz > beepHigh {
		return false
	}
	length := float64(s.frames())
	switch {
	case s.dtmf():
		return false
	case s.second != 0:
		return length >= 10 && s.purity > 0.95 && s.spread < 1.5 && s.wander < 150
	case s.wander > 12: // a glide, or nothing
		return length >= 8 && s.purity > 0.93 && s.spread < 2.5 && !near(s.first, s.last, 60)
	case s.hz < 500 && length < 10: // where vowels have their strongest harmonic
		return s.purity > 0.95 && s.spread < 1.2 && s.wander < 2.5
	}
	if length < 10 && s.purity < 0.93 && (s.wander > 1.7 || s.spread > 0.8) {
		return false
	}
	return s.purity > 0.87 && s.spread < min(4, 1.2+0.06*length) && s.wander < 3+0.15*length
}

// dtmf tells a key from a beep: one tone of each group of ITU-T Q.23, 2 % off at most.
func (s segment) dtmf() bool {
	group := func(hz float64, tones ...float64) bool {
		for _, t := range tones {
			if near(hz, t, 0.02*t+4) {
				return true
			}
		}
		return false
	}
	return group(s.hz, 697, 770, 852, 941) && group(s.second, 1209, 1336, 1477, 1633)
}
