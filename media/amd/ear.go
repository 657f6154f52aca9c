package amd

import "math"

// sound is what the ear measured of one frame.
type sound struct {
	db      float64            // level of the frame, dB below full scale (a full-scale square wave is 0)
	floor   float64            // noise floor at that time, same scale
	active  bool               // clearly above the floor
	voiced  bool               // periodic as a voice is
	peak    float64            // frequency of the strongest peak, Hz
	second  float64            // frequency of the next peak, Hz; 0 if there is none worth the name
	purity  float64            // share of the energy in those peaks, 0..1
	single  float64            // share of the energy in the strongest peak alone
	wide    float64            // share of the energy within 125 Hz of the strongest peak: two close tones are one peak
	lost    bool               // a packet is missing in the window: digital silence on a line that isn't silent
	changed bool               // the level moved by more than 4 dB against the frame before
	pitch   float64            // fundamental of a voiced frame, Hz
	bands   [bandCount]float64 // dB by band, only of active frames
}

const (
	silentDB    = -90 // what digital silence counts as
	quietestDB  = -58 // nothing below is speech or a tone: under any line's talking level
	floorWindow = 60  // frames over which the lowest level is the noise floor: 1.2 s
	lostFor     = 5   // frames: less digital silence than that is packets lost, more is a line that is quiet
	speechOver  = 7   // dB over the floor that make a frame active
)

// ear measures frames. It holds the last 32 ms for the spectrum, and the levels
// of the last 1.2 s, whose minimum is the noise floor (minimum statistics after
// R. Martin, 2001, without the bias correction, which the margin covers).
type ear struct {
	window [fftSize]float64 // the last samples, newest at the end
	levels [floorWindow]float64
	n      int
	last   float64
	absent int // frames of digital silence up to now
	power  [fftSize/2 + 1]float64
	work   [fftSize]complex128
}

func (e *ear) reset() {
	for i := range e.levels {
		e.levels[i] = silentDB
	}
	e.last = silentDB
}

func (e *ear) hear(samples *[frameSamples]int16) sound {
	copy(e.window[:], e.window[frameSamples:])
	sum, squares := 0.0, 0.0
	for i, v := range samples {
		x := float64(v)
		e.window[fftSize-frameSamples+i] = x
		sum += x
		squares += x * x
	}
	mean := sum / frameSamples
	s := sound{db: level(squares/frameSamples - mean*mean), floor: silentDB}
	s.lost = s.db <= silentDB || e.absent > 0
	if e.waits(s.db) {
		return s
	}
	smooth := max(s.db, e.last) // a dip of one frame is not the floor
	if e.absent > 0 && e.absent < lostFor {
		smooth = max(smooth, e.floor()) // lost packets say nothing of the line
	}
	s.changed = math.Abs(s.db-e.last) > 4
	e.last = s.db
	e.levels[e.n%floorWindow] = smooth
	e.n++
	s.floor = e.floor()
	s.active = s.db > max(s.floor+speechOver, quietestDB)
	if !s.active && s.db <= quietestDB {
		return s
	}
	e.spectrum()
	e.peaks(&s)
	if s.purity > 0.85 { // a tone, however long, is no noise floor
		e.levels[(e.n-1)%floorWindow] = s.floor
	}
	if s.active {
		e.measureBands(&s)
		periodic, pitch := e.voicing()
		if periodic > 0.5 {
			s.voiced, s.pitch = true, pitch
		}
	}
	return s
}

// waits tells whether nothing has arrived on the line yet. Digital silence at
// the beginning, and the frame in which it ends, are no quiet line: the noise
// that follows would be taken for speech.
func (e *ear) waits(db float64) bool {
	digital := db <= silentDB
	if digital {
		e.absent++
	}
	wait := e.n == 0 && e.absent > 0
	if !digital {
		e.absent = 0
	}
	return wait
}

// floor is the lowest level of the last 1.2 s. Before as much was heard, the
// missing part counts as a quiet line that becomes less certain with time, so
// that speech from the first frame on is speech, and steady noise soon isn't.
func (e *ear) floor() float64 {
	low := math.Inf(1)
	n := min(e.n, floorWindow)
	for _, v := range e.levels[:n] {
		low = min(low, v)
	}
	if e.n < floorWindow {
		assumed := -50 + 25*float64(e.n)/floorWindow
		low = min(low, assumed)
	}
	return max(low, silentDB)
}

// level is the power of int16 samples in dB against full scale.
func level(power float64) float64 {
	if power < 1e-3 {
		return silentDB
	}
	return max(silentDB, 10*math.Log10(power/(32768*32768)))
}

// voicing is the height of the highest normalised autocorrelation peak between
// 2.5 ms and 14 ms (70 to 400 Hz) over the window at half the sample rate, and
// the frequency that belongs to it.
func (e *ear) voicing() (height, hz float64) {
	const half, shortest, longest = fftSize / 2, 10, 56
	var x [half]float64
	var squares [half + 1]float64 // of all before
	for i := range x {
		x[i] = e.window[2*i] + e.window[2*i+1]
		squares[i+1] = squares[i] + x[i]*x[i]
	}
	var r [longest + 2]float64
	best := 0
	for lag := shortest - 1; lag <= longest+1; lag++ {
		xy := 0.0
		late := x[lag:]
		for i, v := range x[:half-lag] {
			xy += v * late[i]
		}
		if power := squares[half-lag] * (squares[half] - squares[lag]); power > 0 {
			r[lag] = xy / math.Sqrt(power)
		}
		// A later peak must be clearly higher, or it is a multiple of the period.
		if lag >= shortest && lag <= longest && r[lag] > r[best]+0.02 {
			best = lag
		}
	}
	if best == 0 {
		return 0, 0
	}
	a, b, c := r[best-1], r[best], r[best+1]
	shift := 0.0
	if bend := a - 2*b + c; bend < 0 {
		shift = max(-0.5, min(0.5, 0.5*(a-c)/bend))
	}
	return b, sampleRate / 2 / (float64(best) + shift)
}
