package amd

import (
	"fmt"
	"math"
	"slices"
)

// Bounds of a machine's beep. The settle time lets a second tone follow that
// would make it a SIT or a cadence; tones at the frequencies of call progress
// wait a little longer for their next one.
const (
	beepLow, beepHigh         = 338, 2080 // Hz
	vowelsTo                  = 450       // Hz: a low voice's strongest harmonic is seldom higher
	beepShortest, beepLongest = 4, 65     // frames: 80 ms to 1.3 s
	melodyWithin              = 200       // frames
	beepSettle                = 6         // frames after its end: 120 ms
	beepSettleProgress        = 13        // 260 ms
	beepSettleSilent          = 45        // 900 ms
)

// beep judges each ended tone once, a settle time after its end.
func (t *tones) beep(now int, spoken bool) (segment, finding) {
	for k := range 3 {
		s, ok := t.lastDone(k)
		if !ok || now-s.ended != s.settle(spoken) {
			continue
		}
		if newest, _ := t.lastDone(0); k > 0 && near(newest.hz, s.hz, 25) && newest.beepLike() {
			continue // the last of a row is judged; its echo isn't one of the row
		}
		if t.goesOnAfter(s) || t.melody(s) || t.key(s) || !s.beepLike() || t.amidSpeech(s, now) {
			return segment{}, finding{}
		}
		return s, finding{Beep, "", 0.9, fmt.Sprintf("a beep of %s for %d ms", s.name(), at(s.frames()).Milliseconds())}
	}
	return segment{}, finding{}
}

// mayBeep tells whether a tone is being heard, or was just now, that will be
// judged as a beep within moments.
func (t *tones) mayBeep(now int) bool {
	if t.open {
		n := t.now.frames()
		return n >= beepShortest && n <= beepLongest && within(int(t.now.hz), beepLow, beepHigh) && t.established()
	}
	s, ok := t.lastDone(0)
	return ok && now-s.ended <= s.settle(true) && s.beepLike() && s.frames() >= beepShortest
}

// settle is how long to wait for what would make a tone something else. Without
// speech before, a busy or ringing tone is likelier than a beep.
func (s segment) settle(spoken bool) int {
	switch {
	case !s.progress():
		return beepSettle
	case spoken:
		return beepSettleProgress
	}
	return beepSettleSilent
}

// goesOnAfter tells whether another tone has begun since: the same again or a
// second one, which is judged when it ends, the next of a SIT, or the next note.
func (t *tones) goesOnAfter(s segment) bool {
	if !t.open || t.now.frames() < 3 {
		return false
	}
	step := near(s.hz, 950, 60) && near(t.now.hz, 1400, 60) || near(s.hz, 1400, 60) && near(t.now.hz, 1785, 60)
	return step || near(s.hz, t.now.hz, 25) || t.established()
}

// melody tells whether a tone is one note of several: two others, of other
// pitches, were heard within the four seconds before it.
func (t *tones) melody(s segment) bool {
	others := 0
	for k := range t.n {
		o := t.done[k]
		if o.from < s.from && s.from-o.to < melodyWithin && o.beepLike() && !near(o.hz, s.hz, 20) {
			others++
		}
	}
	return others >= 2
}

// key tells whether a tone is what is left of a key with much twist: it is one of
// Q.23's, and a key was heard within the four seconds before it.
func (t *tones) key(s segment) bool {
	if s.second != 0 || !oneOf(s.hz, keyRows) && !oneOf(s.hz, keyColumns) {
		return false
	}
	for k := range t.n {
		if o := t.done[k]; o.from < s.from && s.from-o.to < melodyWithin && o.dtmf() {
			return true
		}
	}
	return false
}

// amidSpeech tells whether speech surrounds a tone: then it's a vowel, unless it
// is long or purer than any.
func (t *tones) amidSpeech(s segment, now int) bool {
	followed := ones(t.loud, now-s.ended) > 3
	switch {
	case s.hz > 500 && s.purity > 0.97 && s.spread < 2 && s.frames() >= 10:
		return false
	case followed && !s.alone:
		return true
	}
	return (followed || !s.alone) && s.frames() < 12 && s.purity < 0.97
}

// beepLike tells a beep from a sung or hummed vowel, which is never as pure and
// holds neither level nor pitch for as long.
func (s segment) beepLike() bool {
	if !within(s.frames(), beepShortest, beepLongest) || min(s.hz, s.first) < beepLow || min(s.hz, s.first) > beepHigh {
		return false
	}
	length := float64(s.frames())
	switch {
	case s.dtmf():
		return false
	case s.second == 0 && length >= 9 && s.purity > 0.985 && (s.spread < 0.5 || s.wander < 1.5 || s.purity > 0.995 && s.hz > vowelsTo && s.wander < 6):
		return true // no voice holds either so well; lost packets and small glides take the other
	case s.second == 0 && s.hz > vowelsTo && s.lossy(length):
		return true
	case s.second != 0:
		if min(s.hz, s.first) < vowelsTo { // two harmonics of a low voice
			return length >= 10 && s.purity > 0.98 && s.spread < 1
		}
		return length >= 10 && s.purity > 0.95 && s.spread < 1.5 && s.wander < 150
	case s.wander > 12: // a glide, or nothing
		return length >= 7 && s.purity > 0.93 && s.spread < steadier(s.purity, 3.2, 4.5) && !near(s.first, s.last, 60) && s.bend < 4+0.08*math.Abs(s.last-s.first)
	case s.hz < 500 && length < 10: // where vowels have their strongest harmonic
		return s.purity > 0.965 && s.spread < steadier(s.purity, 1.1, 2) && s.wander < 1.7
	case s.hz < vowelsTo:
		return s.purity > 0.93 && s.spread < 1.5 && s.wander < 3
	}
	if length < 10 && s.purity < 0.93 && (s.wander > 1.7 || s.spread > 0.8) {
		return false
	}
	return s.purity > 0.87 && s.spread < min(4, 1.2+0.06*length) && s.wander < 3+0.15*length
}

// lossy tells a tone of which packets were lost, so that its level jumps: what is
// left of it is purer than any voice and keeps its pitch.
func (s segment) lossy(length float64) bool {
	if length < 9 {
		return length >= 5 && s.purity > 0.993 && s.wander < 2.6 && s.spread < 4
	}
	return s.purity > 0.99 && s.wander < 2.5
}

// steadier is how much the level may vary: more if the tone is purer than any
// voice, for then it is the line that varies.
func steadier(purity, usual, pure float64) float64 {
	if purity > 0.99 {
		return pure
	}
	return usual
}

// dtmf tells a key from a beep: one tone of each group of ITU-T Q.23, 2 % off at
// most; or one between those of each group, for keys that follow each other
// within 40 ms are heard as one.
func (s segment) dtmf() bool {
	if within(int(s.hz), 650, 1000) && within(int(s.second), 1150, 1690) {
		return true
	}
	return oneOf(s.hz, keyRows) && oneOf(s.second, keyColumns)
}

// The two tones of a key, Hz (ITU-T Q.23).
var (
	keyRows    = []float64{697, 770, 852, 941}
	keyColumns = []float64{1209, 1336, 1477, 1633}
)

// oneOf tells whether a tone is one of a key's, 2 % off at most.
func oneOf(hz float64, tones []float64) bool {
	return slices.ContainsFunc(tones, func(t float64) bool { return near(hz, t, 0.02*t+4) })
}
