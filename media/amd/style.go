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
	ending  ending
}

// ending is how the speech ends: a person who waits for an answer lengthens the
// last vowel and lifts or drops the voice, a recording breaks off into another
// silence.
type ending struct {
	vowel  int        // the last row of voiced frames
	levels [6]float64 // of the newest active frames
	n      int
	falls  trend // of the pitch since the last word gap, semitones a second
	beats  tally // seconds between syllables
	beat   int   // frame of the last one
	soon   tally // level of the pause's first 200 ms, the room's answer apart
	quiet  [10]float64
	paused int // frames of the pause since the last speech
	absent int // of them, of digital silence
}

// rest takes a frame of the pause, d frames after the last speech.
func (e *ending) rest(d int, db float64) {
	e.paused++
	if db <= silentDB {
		e.absent++
	}
	db = max(db, -80)
	if d >= 3 && d < 13 {
		e.soon.add(db)
	}
	e.quiet[e.paused%len(e.quiet)] = db
}

// drop is how far the level fell within the pause, dB: a recording that ends
// takes its noise with it.
func (e *ending) drop() float64 {
	if e.paused < 13+len(e.quiet) || e.soon.n == 0 {
		return 0
	}
	sum := 0.0
	for _, v := range e.quiet {
		sum += v
	}
	return e.soon.mean() - sum/float64(len(e.quiet))
}

// level of the last frames of speech.
func (e *ending) level() float64 {
	sum, n := 0.0, min(e.n, len(e.levels))
	for _, v := range e.levels[:n] {
		sum += v
	}
	return sum / float64(max(1, n))
}

// speech takes an active frame.
func (e *ending) speech(db float64) {
	e.levels[e.n%len(e.levels)] = db
	e.n++
	e.paused, e.absent, e.soon = 0, 0, tally{}
}

// syllable takes the frame of a syllable's top.
func (e *ending) syllable(n int) {
	if e.beat > 0 && n-e.beat < 25 {
		e.beats.add(float64(n-e.beat) * frameTime.Seconds())
	}
	e.beat = n
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
		y.ending.vowel = y.vowel
		y.ending.falls.add(seconds, semitones)
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
	y.ending.speech(s.db)
	y.within.sum += y.after.sum
	y.within.n += y.after.n
	y.within.squares += y.after.squares
	y.after = tally{}
}

// envelope counts syllables by the rise and fall of the level.
func (y *style) envelope(n int, s sound) {
	y.smooth += 0.6 * (max(s.db, -70) - y.smooth)
	switch v := y.smooth; {
	case y.rising:
		y.top = max(y.top, v)
		if v < y.top-2.5 {
			y.rising, y.valley = false, v
			y.nuclei++
			y.ending.syllable(n)
		}
	default:
		y.valley = min(y.valley, v)
		if v > y.valley+2.5 {
			y.rising, y.top = true, v
		}
	}
}

// lastPitch is the mean pitch of the last voiced frames over that of all, semitones.
func (y *style) lastPitch() float64 {
	n := min(y.voiced, 4)
	if n == 0 {
		return 0
	}
	end := 0.0
	for i := range n {
		end += y.contour[(y.voiced-1-i)%len(y.contour)] / float64(n)
	}
	return end - y.pitch.mean()
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
