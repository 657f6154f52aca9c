package amd

import (
	"fmt"
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
	beepSettleProgress        = 10        // 200 ms
	beepSettleSilent          = 45        // 900 ms
	echoBelow                 = 12        // dB
)

// beep judges each ended tone once, when it is due.
func (t *tones) beep(now int, spoken bool) (segment, finding) {
	for k := range 3 {
		s, ok := t.lastDone(k)
		if !ok || now != s.due(spoken) {
			continue
		}
		if newest, _ := t.lastDone(0); k > 0 && near(newest.hz, s.hz, 25) && newest.db > s.db-echoBelow && newest.beepLike(amongQuiet) {
			continue // the last of a row is judged; its echo isn't one of the row
		}
		if t.goesOnAfter(s) || t.melody(s) || t.key(s) || !s.beepLike(t.around(s, now)) {
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
	return ok && now <= s.due(true) && s.beepLike(amongQuiet)
}

// due is the frame at which a tone is judged: a settle time after its end, and
// not before what is left of it in the room is over.
func (s segment) due(spoken bool) int {
	return max(s.to+s.settle(spoken), s.ended+lostGap+1)
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
	if t.db[min(t.now.frames(), longestTone)-1] < s.db-echoBelow {
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
		if o.from < s.from && s.from-o.to < melodyWithin && o.beepLike(amongSounds) && !near(o.hz, s.hz, 20) {
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
		if o := t.done[k]; o.from < s.from && s.from-o.to < melodyWithin && o.dtmf() && o.purity > 0.9 && o.spread < 2 {
			return true
		}
	}
	return false
}

// surroundings are what was heard just before a tone and since its end.
type surroundings int

const (
	amongSounds surroundings = iota
	amongQuiet               // quiet before; well below the tone since: a machine waits for a message
	amidSpeech               // sounds before that were no tone, or since
)

// around tells what surrounds a tone that ended a few frames ago.
func (t *tones) around(s segment, now int) surroundings {
	since := now - s.ended
	loud := ones(t.loud, since)
	switch {
	case loud > 3 || !s.alone:
		return amidSpeech
	case loud > 1:
		return amongSounds
	}
	for i := s.ended + 1; i < now; i++ {
		if t.levels[i%len(t.levels)] > s.db-6 {
			return amongSounds
		}
	}
	return amongQuiet
}

// beepLike tells a beep from a sung or hummed vowel, which is never as pure and
// holds neither level nor pitch for as long, and seldom stands alone.
func (s segment) beepLike(among surroundings) bool {
	if !within(s.frames(), beepShortest, beepLongest) || min(s.hz, s.first) < beepLow || min(s.hz, s.first) > beepHigh+max(0, (s.last-s.first)/8) || s.dtmf() {
		return false
	}
	switch {
	case s.second != 0:
		return s.beepOfTwo(among)
	case s.frames() < 5: // so short are many vowels, too
		return among == amongQuiet && s.purity > 0.99 && s.spread < 0.3 && s.wander < 0.3
	case s.held(among):
		return true
	case s.wander > 12:
		return s.rises(among)
	case among == amidSpeech: // then it's a vowel, unless it is purer than any
		return s.hz > 500 && s.purity > 0.97 && (s.frames() >= 10 && s.spread < 2 || s.spread < 0.3 && s.wander < 0.7)
	case min(s.hz, s.first) < vowelsTo:
		return among == amongQuiet && s.lowBeep()
	}
	return s.plainBeep(among)
}

// held tells a tone that holds level and pitch as no voice does for as long. The
// level may jump, as lost packets make it, in one that is purer than any voice.
func (s segment) held(among surroundings) bool {
	switch n := s.frames(); {
	case n < 9:
		return false
	case s.wander < 1 && s.purity > 0.8 && (s.spread < 0.6 || n >= 15 && s.spread < 1):
		return true
	case s.wander < 1.5 && s.purity > 0.985:
		return among != amidSpeech || s.hz > 500
	}
	return s.straight()
}

// straight tells a tone that rises in a line at one level. Voices bend.
func (s segment) straight() bool {
	return s.last-s.first > 15 && s.spread < 0.6 && (s.bend < 1 || s.frames() >= 12 && s.bend < 2 && s.purity > 0.85)
}

// rises tells a tone that rises, in a line as far as lost packets and the room
// let one see. Beeps don't fall, as the pitch at the end of a word does.
func (s segment) rises(among surroundings) bool {
	n, rise := s.frames(), s.last-s.first
	switch {
	case rise < 25 || among == amidSpeech && s.purity < 0.97:
		return false
	case among == amongQuiet && n >= 7 && s.purity > 0.99 && s.spread < 6 && s.bend < 6 && s.hz > 500:
		return true
	case among == amongQuiet && n >= 9 && s.purity > 0.995 && s.spread < 0.3 && s.bend < 6:
		return true
	case s.hz > 700 && s.purity > 0.97 && s.spread < 1.5 && s.bend < 0.06*rise:
		return true
	}
	return n >= 7 && (n >= 9 || s.hz > 500) && rise > 60 && s.purity > 0.93 && s.spread < steadier(s.purity, 3.2, 4.5) && s.bend < 4+0.08*rise
}

// lowBeep tells a steady tone where vowels have their strongest harmonic, quiet
// around it: one of its measures must be beyond a voice's.
func (s segment) lowBeep() bool {
	n := s.frames()
	switch {
	case s.purity > 0.995:
		return s.wander < 4 && s.spread < 3
	case s.purity > 0.98 && s.spread < 1.1 && s.wander < 1.7:
		return true
	case s.purity > 0.97 && n >= 14 && s.wander < 0.5:
		return s.spread < 2.5
	}
	return s.purity > 0.92 && s.spread < 0.6 && (s.wander < 1 || n >= 12 && s.wander < 3)
}

// plainBeep tells a steady tone above the vowels' strongest harmonic.
func (s segment) plainBeep(among surroundings) bool {
	n := s.frames()
	least := 0.93
	if among == amongQuiet {
		if s.purity > 0.99 || n >= 8 && s.purity > 0.98 || s.purity > 0.96 && s.spread < 0.6 && s.wander < 3.5 {
			return true
		}
		least = 0.87
	}
	wander := 1.7
	if n >= 10 {
		wander = 3 + 0.15*float64(n)
	}
	return s.purity > least && s.spread < min(4, 1.2+0.06*float64(n)) && s.wander < wander
}

// beepOfTwo tells two tones at once from two harmonics of a voice.
func (s segment) beepOfTwo(among surroundings) bool {
	if s.frames() < 10 || among == amidSpeech && s.frames() < 12 && s.purity < 0.97 {
		return false
	}
	if min(s.hz, s.first) < vowelsTo {
		return s.purity > 0.98 && s.spread < 1
	}
	return s.purity > 0.95 && s.spread < 1.5 && s.wander < 150
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
// most, or one between those of a group, for keys that follow each other within
// 40 ms are heard as one.
func (s segment) dtmf() bool {
	if within(int(s.hz), 650, 1000) && within(int(s.second), 1150, 1690) {
		return true
	}
	return s.hz < 1250 && oneOf(s.second, keyColumns)
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
