package amd

import (
	"math"
	"math/bits"
	"math/cmplx"
)

// fftSize is the length of the spectrum's window: 32 ms, bins of 31.25 Hz.
const (
	fftSize = 256
	binHz   = float64(sampleRate) / fftSize
	lowBin  = 4   // 125 Hz: below is hum and handling noise
	highBin = 118 // 3,688 Hz: above a telephone carries nothing
)

// Bands of a voice on a telephone line: two edges, which tell how a recording
// and a line cut them off, and four between.
const bandCount = 6

var bandEdges = [bandCount + 1]int{2, 10, 20, 38, 64, 106, 124} // bins: 62, 312, 625, 1,188, 2,000, 3,312, 3,875 Hz

var (
	hann    = hannWindow()
	twiddle = twiddles()
	reverse = reversed()
)

func hannWindow() (w [fftSize]float64) {
	for i := range w {
		w[i] = 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/fftSize)
	}
	return w
}

func twiddles() (t [fftSize / 2]complex128) {
	for i := range t {
		t[i] = cmplx.Rect(1, -2*math.Pi*float64(i)/fftSize)
	}
	return t
}

func reversed() (r [fftSize]uint8) {
	for i := range r {
		r[i] = bits.Reverse8(uint8(i))
	}
	return r
}

// spectrum fills power from the window: a plain radix-2 FFT. All of it is the
// ear's own: the race detector would see nothing, and take long.
//
//go:norace
func (e *ear) spectrum() {
	for i, v := range e.window {
		e.work[reverse[i]] = complex(v*hann[i], 0)
	}
	for size := 2; size <= fftSize; size *= 2 {
		half, step := size/2, fftSize/size
		for start := 0; start < fftSize; start += size {
			for k := range half {
				a := e.work[start+k]
				b := e.work[start+k+half] * twiddle[k*step]
				e.work[start+k], e.work[start+k+half] = a+b, a-b
			}
		}
	}
	for i := range e.power {
		re, im := real(e.work[i]), imag(e.work[i])
		e.power[i] = re*re + im*im
	}
}

// measureBands fills the mean power density of each band in dB.
func (e *ear) measureBands(s *sound) {
	for b := range bandCount {
		sum := 1e-3
		for i := bandEdges[b]; i < bandEdges[b+1]; i++ {
			sum += e.power[i]
		}
		s.bands[b] = 10 * math.Log10(sum/float64(bandEdges[b+1]-bandEdges[b]))
	}
}

// peaks finds the two strongest peaks and how much of the energy they hold.
func (e *ear) peaks(s *sound) {
	total := 0.0
	first := lowBin
	for i := lowBin; i <= highBin; i++ {
		total += e.power[i]
		if e.power[i] > e.power[first] {
			first = i
		}
	}
	if total <= 0 {
		return
	}
	energy := e.around(first)
	s.peak = e.frequency(first)
	s.single = energy / total
	for i := max(lowBin, first-4); i <= min(highBin, first+4); i++ {
		s.wide += e.power[i] / total
	}
	second := 0
	for i := lowBin; i <= highBin; i++ {
		apart := i - first
		if apart < 0 {
			apart = -apart
		}
		top := e.power[i] >= e.power[i-1] && e.power[i] >= e.power[i+1]
		if apart > 3 && top && (second == 0 || e.power[i] > e.power[second]) {
			second = i
		}
	}
	s.purity = s.single
	if second != 0 && e.power[second] > e.power[first]/20 {
		s.second = e.frequency(second)
		s.purity = min(1, (energy+e.around(second))/total)
	}
}

// around is the energy of a Hann window's main lobe at a bin.
func (e *ear) around(bin int) float64 {
	sum := 0.0
	for i := max(lowBin, bin-2); i <= min(highBin, bin+2); i++ {
		sum += e.power[i]
	}
	return sum
}

// frequency interpolates a peak between its neighbours: for a Hann window, the
// ratio of the amplitudes beside the peak gives the offset (exact for one tone).
func (e *ear) frequency(bin int) float64 {
	a, b, c := math.Sqrt(e.power[bin-1]), math.Sqrt(e.power[bin]), math.Sqrt(e.power[bin+1])
	if b == 0 {
		return float64(bin) * binHz
	}
	offset := 0.0
	if c > a {
		r := c / b
		offset = (2*r - 1) / (1 + r)
	} else {
		r := a / b
		offset = -(2*r - 1) / (1 + r)
	}
	return (float64(bin) + max(-0.5, min(0.5, offset))) * binHz
}
