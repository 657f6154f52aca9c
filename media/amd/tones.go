package amd

import (
	"math"
	"slices"
)

// segment is one uninterrupted tone, or pair of tones.
type segment struct {
	from, to    int     // frames, to is exclusive
	ended       int     // to, and the room's answer
	hz, second  float64 // mean of the strongest peak; of the other, 0 for a single tone
	first, last float64 // strongest peak at the beginning and the end: they differ in a glide
	db, spread  float64 // median level and its spread
	wander      float64 // spread of the frequency
	bend        float64 // how far the frequency strays from a straight glide, Hz
	purity      float64 // median share of the energy
	alone       bool    // quiet before it, or another tone
}

// frames is the segment's length. The spectrum's window is 12 ms longer than a
// frame, which rounds edges to about a frame.
func (s segment) frames() int { return s.to - s.from }

// keep is how many segments are remembered: a cadence shows in three, a SIT in three.
const keep = 8

// tones joins tonal frames into segments.
type tones struct {
	done  [keep]segment // ended segments, oldest first
	n     int
	now   segment // the one being heard, from == to if none
	open  bool
	hz    [longestTone]float64
	db    [longestTone]float64
	pure  [longestTone]float64
	sums  struct{ hz, second float64 }
	pairs int     // frames of now in which a second peak was heard
	drift float64 // the most that the lower of a pair moved
	slack int     // frames since the tone was last heard as one
	heard int     // segments ended in all
	loud  uint64  // newest bit first: frames that were active and no tone

	levels [64]float64 // dB of the newest frames, frame n at n modulo their number
}

// longestTone is how many frames of a tone are looked at for its steadiness.
const longestTone = 70

// The most frames a tone may be unclear within: noise hides one; two packets
// lost hide three, the window after them included.
const toneGap, lostGap = 1, 3

// add takes the next frame.
func (t *tones) add(n int, s sound) {
	t.levels[n%len(t.levels)] = s.db
	tonal := s.active && !s.lost && (s.purity > 0.72 || beating(s.peak) && s.wide > 0.8)
	defer func() { t.loud = t.loud<<1 | bit(s.active && !t.open) }()
	if tonal && t.open && t.fits(s) {
		t.extend(n, s)
		return
	}
	if t.open {
		t.slack++
		if t.slack <= toneGap && s.active || t.slack <= lostGap && s.lost {
			return
		}
		t.close()
	}
	if tonal {
		t.begin(n, s)
	}
}

// beating tells frequencies at which two tones lie too close for the spectrum:
// 400+450 and 440+480 Hz.
func beating(hz float64) bool { return hz >= 385 && hz <= 500 }

// fits tells whether a frame continues the open segment: the same frequency, a
// step of a glide, or the other of a pair that was heard as one for a while.
func (t *tones) fits(s sound) bool {
	if near(s.peak, t.now.last, 32) || near(s.peak, t.now.hz, 40) || t.glides(s) {
		return true
	}
	if beating(s.peak) && beating(t.now.hz) {
		return near(s.peak, t.now.hz, 70)
	}
	if s.second != 0 && near(s.second, t.now.last, 25) && near(s.peak, t.now.second, 25) {
		return true
	}
	paired := t.pairs >= 3 && 2*t.pairs >= t.now.frames() && t.now.second-t.now.hz < 220
	return paired && (near(s.peak, t.now.second, 25) || near(s.peak, t.now.hz, 25))
}

// glides tells whether a frame is the next step of a pure tone that moves as far
// as it did from frame to frame.
func (t *tones) glides(s sound) bool {
	n, missed := t.now.frames(), float64(1+t.slack)
	step := s.peak - t.now.last
	switch {
	case s.purity < 0.8 || 2*t.pairs > n:
		return false
	case n < 2:
		return s.purity > 0.93 && math.Abs(step) < 180*missed
	case s.purity > 0.93 && math.Abs(step) <= 110:
		return true
	}
	slope := (t.now.last - t.now.first) / float64(n-1)
	return n >= 4 && near(step, slope*missed, 30) || s.purity > 0.9 && near(step, slope*missed, 30+0.5*math.Abs(slope))
}

func (t *tones) begin(n int, s sound) {
	t.open, t.slack, t.pairs = true, 0, 0
	t.sums.hz, t.sums.second = 0, 0
	t.drift = 0
	t.now = segment{from: n, to: n, first: s.peak, alone: ones(t.loud, 6) <= 2}
	t.extend(n, s)
}

func (t *tones) extend(n int, s sound) {
	low, high := s.peak, s.second
	if high != 0 && high < low {
		low, high = high, low
	}
	for i, k := t.now.frames(), t.slack; i <= n-t.now.from && i < longestTone; i, k = i+1, k-1 { // over a gap, in a line
		t.hz[i], t.db[i], t.pure[i] = s.peak-(s.peak-t.now.last)*float64(k)/float64(1+t.slack), s.db, s.purity
	}
	heard := float64(n + 1 - t.now.from)
	t.sums.hz += low * float64(1+t.slack)
	t.slack = 0
	t.now.to = n + 1
	t.now.last = s.peak
	t.now.hz = t.sums.hz / heard
	if high != 0 {
		if t.pairs > 0 {
			t.drift = max(t.drift, math.Abs(low-t.now.hz))
		}
		t.pairs++
		t.sums.second += high
		t.now.second = t.sums.second / float64(t.pairs)
	}
}

// close ends the open segment; shorter than 60 ms is no tone.
func (t *tones) close() {
	t.open = false
	if t.now.frames() < 3 {
		return
	}
	if 2*t.pairs < t.now.frames() {
		t.now.second = 0
	}
	t.weigh()
	if t.n == keep {
		copy(t.done[:], t.done[1:])
		t.n--
	}
	t.done[t.n] = t.now
	t.n++
	t.heard++
}

// weigh cuts off what is 8 dB below the tone's level, the room's answer, and
// measures its steadiness by the middle half of the rest, which a lost packet
// doesn't reach.
func (t *tones) weigh() {
	t.now.ended = t.now.to
	n := min(t.now.frames(), longestTone)
	var sorted [longestTone]float64
	copy(sorted[:], t.db[:n])
	slices.Sort(sorted[:n])
	loud := sorted[n*9/10]
	first, last := 0, n-1
	for first < last && t.db[first] < loud-8 {
		first++
	}
	for last > first && t.db[last] < loud-8 {
		last--
	}
	if t.now.frames() <= longestTone {
		t.now.to = t.now.from + last + 1
	}
	t.now.from += first
	if last-first >= 4 { // the edges hold half a tone
		first, last = first+1, last-1
	}
	t.now.first, t.now.last = t.hz[first], t.hz[last]
	t.now.bend = bend(t.hz[first : last+1])
	t.now.db, t.now.spread = middle(t.db[first : last+1])
	t.now.purity, _ = middle(t.pure[first : last+1])
	var hz float64
	hz, t.now.wander = middle(t.hz[first : last+1])
	if t.now.second == 0 {
		t.now.hz = hz
	}
}

// bend is the mean distance from the line that fits best.
func bend(x []float64) float64 {
	var r trend
	for i, v := range x {
		r.add(float64(i), v)
	}
	slope := 0.0
	if spread := r.n*r.tt - r.t*r.t; spread > 0 {
		slope = (r.n*r.tx - r.t*r.x) / spread
	}
	sum := 0.0
	for i, v := range x {
		sum += math.Abs(v - r.x/r.n - slope*(float64(i)-r.t/r.n))
	}
	return sum / r.n
}

// middle is the median and, from the quartiles, a spread that equals the
// standard deviation of a normal distribution. It sorts a copy.
func middle(x []float64) (median, spread float64) {
	var sorted [longestTone]float64
	n := copy(sorted[:], x)
	slices.Sort(sorted[:n])
	return sorted[n/2], (sorted[3*n/4] - sorted[n/4]) / 1.35
}

// last gives the k-th segment from the end of those that ended, 0 the newest.
func (t *tones) lastDone(k int) (segment, bool) {
	if k >= t.n {
		return segment{}, false
	}
	return t.done[t.n-1-k], true
}

// established tells whether what is being heard has held its level and its
// frequency, or its two, for 100 ms: longer than a vowel does.
func (t *tones) established() bool {
	n := min(t.now.frames(), longestTone)
	if !t.open || n < 5 {
		return false
	}
	_, spread := meanSpread(t.db[1:n])
	purity, _ := meanSpread(t.pure[1:n])
	_, wander := meanSpread(t.hz[1:n])
	if beating(t.now.hz) && n >= 12 && spread < 1.6 && wander < 32 {
		return true
	}
	if 2*t.pairs >= n {
		return n >= 7 && purity > 0.86 && spread < 0.9 && t.now.second-t.now.hz > 35 && t.drift < 15 && !near(t.now.second, 2*t.now.hz, 30)
	}
	return purity > 0.82 && spread < 1.1 && wander < 6
}

func meanSpread(x []float64) (mean, spread float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		spread += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(spread / float64(len(x)))
}

func near(a, b, hz float64) bool { return math.Abs(a-b) <= hz }
