package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// rate is the sample rate of a call.
const rate = 8000

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

// readWAV reads 16-bit PCM of one channel and brings it to 8 kHz.
func readWAV(data []byte) ([]float64, error) {
	if len(data) < 44 || string(data[:4]) != "RIFF" {
		return nil, errors.New("no WAV file")
	}
	hz, body := 0, []byte(nil)
	for at := 12; at+8 <= len(data); {
		size := int(binary.LittleEndian.Uint32(data[at+4:]))
		end := min(len(data), max(at+8, at+8+size))
		if size < 0 || size > len(data) {
			end = len(data) // a streamed file doesn't know its length
		}
		chunk := data[at+8 : end]
		switch string(data[at : at+4]) {
		case "fmt ":
			if len(chunk) < 16 || binary.LittleEndian.Uint16(chunk[2:]) != 1 || binary.LittleEndian.Uint16(chunk[14:]) != 16 {
				return nil, errors.New("not 16-bit mono")
			}
			hz = int(binary.LittleEndian.Uint32(chunk[4:]))
		case "data":
			body = chunk
		}
		at = end + size&1
	}
	if hz == 0 || body == nil {
		return nil, errors.New("no sound in the WAV file")
	}
	pcm := make([]float64, len(body)/2)
	for i := range pcm {
		pcm[i] = float64(int16(binary.LittleEndian.Uint16(body[2*i:])))
	}
	return resample(pcm, hz), nil
}

// resample brings sound to 8 kHz with a windowed sinc of 16 zero crossings. The
// few places that an output has between two inputs have their weights in a table.
func resample(x []float64, hz int) []float64 {
	if hz == rate {
		return x
	}
	f := filterFor(hz)
	out := make([]float64, len(x)*f.places/f.step)
	for i := range out {
		at := i * f.step
		weights := f.weights[at%f.places]
		first := at/f.places - f.reach
		sum := 0.0
		if first >= 0 && first+len(weights) <= len(x) {
			for k, v := range x[first : first+len(weights)] {
				sum += weights[k] * v
			}
		} else {
			for k, w := range weights {
				if n := first + k; n >= 0 && n < len(x) {
					sum += w * x[n]
				}
			}
		}
		out[i] = sum
	}
	return out
}

// filter holds the weights of 2*reach+1 inputs around an output, for each of the
// places at which it can stand; outputs are step/places inputs apart.
type filter struct {
	step, places, reach int
	weights             [][]float64
}

var filters sync.Map // by sample rate

func filterFor(hz int) *filter {
	if f, ok := filters.Load(hz); ok {
		return f.(*filter)
	}
	a, b := hz, rate
	for b != 0 {
		a, b = b, a%b
	}
	f := &filter{step: hz / a, places: rate / a}
	cut := math.Min(1, rate/float64(hz)) * 0.95
	width := 8 / cut
	f.reach = int(width) + 1
	for place := range f.places {
		weights, all := make([]float64, 2*f.reach+1), 0.0
		for k := range weights {
			d := float64(k-f.reach) - float64(place)/float64(f.places)
			if math.Abs(d) > width {
				continue
			}
			w := 0.5 + 0.5*math.Cos(math.Pi*d/width)
			if a := math.Pi * d * cut; a != 0 {
				w *= math.Sin(a) / a
			}
			weights[k], all = w, all+w
		}
		for k := range weights {
			weights[k] /= all
		}
		f.weights = append(f.weights, weights)
	}
	filters.Store(hz, f)
	return f
}

// trim cuts silence off both ends and brings the active level to 0 dB (power 1).
func trim(x []float64) []float64 {
	const frame = 80
	loudest := 0.0
	powers := make([]float64, len(x)/frame)
	for i := range powers {
		for _, v := range x[i*frame : (i+1)*frame] {
			powers[i] += v * v / frame
		}
		loudest = math.Max(loudest, powers[i])
	}
	first, last, sum, n := -1, -1, 0.0, 0.0
	for i, p := range powers {
		if p > loudest/2000 { // 33 dB below
			if first < 0 {
				first = i
			}
			last = i
		}
		if p > loudest/200 {
			sum, n = sum+p, n+1
		}
	}
	if first < 0 || sum == 0 {
		return nil
	}
	gain := 1 / math.Sqrt(sum/n)
	out := make([]float64, 0, (last-first+1)*frame)
	for _, v := range x[first*frame : (last+1)*frame] {
		out = append(out, v*gain)
	}
	return out
}

// biquad is a second-order filter (formulas of R. Bristow-Johnson's cookbook).
type biquad struct{ b0, b1, b2, a1, a2 float64 }

func passFilter(high bool, hz float64) biquad {
	w := 2 * math.Pi * hz / rate
	cos, alpha := math.Cos(w), math.Sin(w)/math.Sqrt2
	a0 := 1 + alpha
	if high {
		return biquad{(1 + cos) / 2 / a0, -(1 + cos) / a0, (1 + cos) / 2 / a0, -2 * cos / a0, (1 - alpha) / a0}
	}
	return biquad{(1 - cos) / 2 / a0, (1 - cos) / a0, (1 - cos) / 2 / a0, -2 * cos / a0, (1 - alpha) / a0}
}

func (f biquad) apply(x []float64) {
	var x1, x2, y1, y2 float64
	for i, v := range x {
		y := f.b0*v + f.b1*x1 + f.b2*x2 - f.a1*y1 - f.a2*y2
		x2, x1, y2, y1 = x1, v, y1, y
		x[i] = y
	}
}

// noise makes n samples of power 1: white, pink, of a car, of a hum.
func noise(rng *rand.Rand, kind string, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = rng.NormFloat64()
	}
	switch kind {
	case "pink":
		var a, b, c float64
		for i, v := range x { // three one-pole filters: 3 dB an octave, near enough
			a = 0.99765*a + v*0.0990460
			b = 0.96300*b + v*0.2965164
			c = 0.57000*c + v*1.0526913
			x[i] = a + b + c + v*0.1848
		}
	case "car":
		passFilter(false, 400).apply(x)
		passFilter(false, 600).apply(x)
	case "hum":
		phase := rng.Float64()
		for i := range x {
			t := 2 * math.Pi * (float64(i)/rate*50 + phase)
			x[i] = 0.3*x[i] + math.Sin(2*t) + 0.6*math.Sin(4*t) + 0.3*math.Sin(6*t)
		}
	}
	return unit(x)
}

// unit scales to power 1.
func unit(x []float64) []float64 {
	p := 1e-12
	for _, v := range x {
		p += v * v
	}
	g := math.Sqrt(float64(len(x)) / p)
	for i := range x {
		x[i] *= g
	}
	return x
}

// gain of a level in dB.
func gain(db float64) float64 { return math.Pow(10, db/20) }

func add(to, what []float64, at int, g float64) {
	for i, v := range what {
		if at+i >= 0 && at+i < len(to) {
			to[at+i] += v * g
		}
	}
}
