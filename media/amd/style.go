package amd

import "math"

// tally is a running mean and spread of a measure.
type tally struct{ n, sum, squares float64 }

func (t *tally) add(v float64) { t.n, t.sum, t.squares = t.n+1, t.sum+v, t.squares+v*v }

func (t *tally) mean() float64 {
	if t.n == 0 {
		return 0
	}
	return t.sum / t.n
}

func (t *tally) spread() float64 {
	if t.n < 2 {
		return 0
	}
	m := t.mean()
	return math.Sqrt(max(0, t.squares/t.n-m*m))
}

// trend is a running slope of a measure over time.
type trend struct{ n, t, tt, x, tx float64 }

func (r *trend) add(t, x float64) {
	r.n, r.t, r.tt, r.x, r.tx = r.n+1, r.t+t, r.tt+t*t, r.x+x, r.tx+t*x
}

func (r *trend) slope() float64 {
	spread := r.n*r.tt - r.t*r.t
	if r.n < 10 || spread <= 0 {
		return 0
	}
	return (r.n*r.tx - r.t*r.x) / spread
}

// style is how the speech sounds: what a classifier can know beside its timing.
// All of it is gathered frame by frame and holds no sound.
type style struct {
	level   tally // of active frames, dB
	loudest float64
	pitch   tally // of voiced frames, semitones over 100 Hz
	falls   trend // of the pitch, semitones a second
	fades   trend // of the level, dB a second
	vowel   int   // voiced frames in a row
	longest int   // the most of them
	contour [12]float64
	voiced  int
	flux    tally
	last    [bandCount]float64
	lastN   int
	before  tally // level of inactive frames before the first speech
	within  tally // of inactive frames inside the speech
	after   tally // of the pause since the last speech, its first 60 ms apart
	bumps   int   // active frames that began no speech: clicks, breath, handling
	digital int   // frames of digital silence so far
	nuclei  int   // syllables: rises and falls of level
	valley  float64
	top     float64
	rising  bool
	smooth  float64
}

// speech takes an active frame of speech.
func (y *style) speech(n int, s sound) {
	y.level.add(s.db)
	seconds := float64(n) * frameTime.Seconds()
	y.fades.add(seconds, s.db)
	y.loudest = max(y.loudest, s.db)
	if y.level.n == 1 {
		y.loudest = s.db
	}
	if s.voiced {
		semitones := 12 * math.Log2(s.pitch/100)
		y.pitch.add(semitones)
		y.falls.add(seconds, semitones)
		y.vowel++
		y.longest = max(y.longest, y.vowel)
		y.contour[y.voiced%len(y.contour)] = semitones
		y.voiced++
	} else {
		y.vowel = 0
	}
	change := 0.0
	for b, v := range s.bands {
		change += math.Abs(v - y.last[b])
		y.last[b] = v
	}
	if y.lastN == n-1 {
		y.flux.add(change / bandCount)
	}
	y.lastN = n
	y.within.sum += y.after.sum
	y.within.n += y.after.n
	y.within.squares += y.after.squares
	y.after = tally{}
}

// envelope counts syllables by the rise and fall of the level.
func (y *style) envelope(s sound) {
	y.smooth += 0.6 * (max(s.db, -70) - y.smooth)
	switch v := y.smooth; {
	case y.rising:
		y.top = max(y.top, v)
		if v < y.top-2.5 {
			y.rising, y.valley = false, v
			y.nuclei++
		}
	default:
		y.valley = min(y.valley, v)
		if v > y.valley+2.5 {
			y.rising, y.top = true, v
		}
	}
}

// turn is how the pitch moved at the end: the last voiced frames against those
// before, in semitones. A question rises, a statement falls.
func (y *style) turn() float64 {
	const late = 4
	if y.voiced < len(y.contour) {
		return 0
	}
	end, earlier := 0.0, 0.0
	for i := range len(y.contour) {
		v := y.contour[(y.voiced-1-i)%len(y.contour)]
		if i < late {
			end += v / late
		} else {
			earlier += v / float64(len(y.contour)-late)
		}
	}
	return end - earlier
}
