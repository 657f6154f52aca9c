package pacing

import "math"

// sums are mean and sum of squares of independent chances at each time of the
// grid: what is needed of a number of events that each come or don't.
type sums struct{ mean, sq row }

// add takes one that comes with chance p, by the times of r.
func (s *sums) add(p float64, r *row) { s.addTimes(1, p, r) }

// addTimes takes n alike.
func (s *sums) addTimes(n, p float64, r *row) {
	if n == 0 {
		return
	}
	for j := range r {
		x := p * r[j]
		s.mean[j] += n * x
		s.sq[j] += n * x * x
	}
}

// pmf is the law of such a number: the binomial with the same mean and
// variance, real number of trials allowed. Exact when all chances are alike.
type pmf struct {
	lo int
	p  []float64
}

const (
	widest = 6.   // standard deviations kept
	maxPMF = 4096 // entries at most
)

// binomial fills the law into buf.
func binomial(mean, sq float64, buf []float64) pmf {
	if !(mean > 1e-9) {
		return pmf{0, append(buf[:0], 1)}
	}
	p := min(max(sq/mean, 1e-6), 1-1e-6)
	n := mean / p
	sd := math.Sqrt(mean * (1 - p))
	lo, hi := int(max(mean-widest*sd-3, 0)), int(min(mean+widest*sd+6, math.Ceil(n)))
	hi = min(max(hi, lo+1), lo+maxPMF)
	start := min(max(int(mean), lo), hi)
	buf = grow(buf, hi-lo)
	odds := p / (1 - p)
	v, total := 1., 0.
	for k := start; k <= hi && v > 0; k++ {
		buf[k-lo] = v
		total += v
		v *= max(n-float64(k), 0) / float64(k+1) * odds
	}
	v = 1
	for k := start; k > lo; k-- {
		v *= float64(k) / max(n-float64(k-1), 1e-9) / odds
		buf[k-1-lo] = v
		total += v
	}
	for i := range buf {
		buf[i] /= total
	}
	return pmf{lo, buf}
}
