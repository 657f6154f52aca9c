package media

import (
	"encoding/binary"
	"math"
)

// crossings of the filter's sinc on each side: more is a steeper low-pass.
const crossings = 16

// passband is the part of the lower Nyquist frequency that the filter lets
// through; the rest is its slope.
const passband = 0.92

// resampler turns one channel from any rate into 8 kHz, sample by sample, by a
// windowed sinc (J. O. Smith, "Digital Audio Resampling"). The filter depends
// only on where an output sample lies between two input samples; there are
// finitely many such places, computed when first met.
type resampler struct {
	out []int16

	step  int // an output sample is step/parts input samples after the one before
	parts int
	half  int         // reach of the filter in input samples
	rows  [][]float32 // the filter by place; nil: not met yet
	scale float64     // cutoff in cycles per input sample, times two

	in     []float64 // input from position first
	first  int64
	pushed int64
}

func newResampler(rate int) *resampler {
	g := gcd(rate, SampleRate)
	r := &resampler{step: rate / g, parts: SampleRate / g}
	low := math.Min(1, SampleRate/float64(rate))
	r.scale = low * passband
	r.half = int(math.Ceil(crossings / low))
	r.rows = make([][]float32, r.parts)
	return r
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// push takes the next input sample and makes what output it completes.
func (r *resampler) push(s float64) {
	r.pushed++
	if r.step == r.parts {
		r.out = append(r.out, clip(s))
		return
	}
	r.in = append(r.in, s)
	for centre, place := r.next(); centre+int64(r.half) < r.pushed; centre, place = r.next() {
		r.make(centre, place)
	}
	if len(r.in) > 8*r.half+1024 {
		r.forget()
	}
}

// next is where the next output sample lies: after which input sample, and how far.
func (r *resampler) next() (centre int64, place int) {
	at := int64(len(r.out)) * int64(r.step)
	return at / int64(r.parts), int(at % int64(r.parts))
}

// make filters one output sample; before the first input and after the last it is silent.
func (r *resampler) make(centre int64, place int) {
	row := r.row(place)
	sum := 0.0
	for i, w := range row {
		at := centre - int64(r.half) + 1 + int64(i) - r.first
		if at >= 0 && at < int64(len(r.in)) {
			sum += float64(w) * r.in[at]
		}
	}
	r.out = append(r.out, clip(sum))
}

// row is the filter for a place, scaled so that a steady input keeps its level.
func (r *resampler) row(place int) []float32 {
	if r.rows[place] != nil {
		return r.rows[place]
	}
	weights := make([]float64, 2*r.half)
	total := 0.0
	for i := range weights {
		x := float64(i-r.half+1) - float64(place)/float64(r.parts)
		weights[i] = sinc(x*r.scale) * hann(x/float64(r.half))
		total += weights[i]
	}
	row := make([]float32, len(weights))
	for i, w := range weights {
		row[i] = float32(w / total)
	}
	r.rows[place] = row
	return row
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// hann is the window, from -1 to 1.
func hann(x float64) float64 {
	if math.Abs(x) >= 1 {
		return 0
	}
	return (1 + math.Cos(math.Pi*x)) / 2
}

// forget drops input that no output needs any more.
func (r *resampler) forget() {
	centre, _ := r.next()
	if drop := centre - int64(r.half) - r.first; drop > 0 {
		r.in = append(r.in[:0], r.in[drop:]...)
		r.first += drop
	}
}

// finish makes the last output samples and returns all.
func (r *resampler) finish() []int16 {
	if r.step != r.parts {
		for centre, place := r.next(); centre < r.pushed; centre, place = r.next() {
			r.make(centre, place)
		}
	}
	if r.out == nil {
		return []int16{}
	}
	return r.out
}

// clip rounds to the nearest sample that int16 holds.
func clip(s float64) int16 {
	return int16(math.Round(math.Max(math.MinInt16, math.Min(math.MaxInt16, s))))
}

// decodeFloat reads a float sample, full scale 1; what is no number is silence.
func decodeFloat(b []byte) float64 {
	s := float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	if math.IsNaN(s) {
		return 0
	}
	return s * 32768
}
