package pacing

import "math"

// few is up to how many operators and calls the laws of answers and releases
// are worked out term by term; many, the variance of their difference from which
// it is as good as normal with corrections all the same: chances are off by
// some thousandths at most then.
const (
	few  = 120
	many = 8.
)

// event comes with the chance p by the times of a row.
type event struct {
	p  float64
	by *row
}

// sureFrom are the rows of what comes for sure at a time of the grid: nothing
// before, from it on all.
var sureFrom = func() (s [points]row) {
	for j := range s {
		for i := j; i < points; i++ {
			s[j][i] = 1
		}
	}
	return
}()

// number is the law of a number of independent events, term by term.
type number struct{ p []float64 }

const (
	// unlikely is the chance up to which events are taken together, as the
	// binomial of the same mean and variance with a real number of trials.
	unlikely   = .15
	negligible = 1e-9
)

// of works it out for the events at a time of the grid.
func (t *number) of(events []event, j int) {
	mean, sq := 0., 0.
	for i := range events {
		if q := events[i].p * events[i].by[j]; q < unlikely {
			mean += q
			sq += q * q
		}
	}
	t.binomial(mean, sq)
	for i := range events {
		if q := events[i].p * events[i].by[j]; q >= unlikely {
			t.add(q)
		}
	}
}

func (t *number) binomial(mean, sq float64) {
	t.p = append(t.p[:0], 1)
	if mean < negligible {
		return
	}
	p := max(sq/mean, 1e-9)
	n, odds := mean/p, p/(1-p)
	v, total := 1., 1.
	for k := 0.; k < n && (k < mean || v > negligible*total); k++ {
		v *= (n - k) / (k + 1) * odds
		t.p = append(t.p, v)
		total += v
	}
	per := 1 / total
	for k := range t.p {
		t.p[k] *= per
	}
}

// add takes one event more.
func (t *number) add(q float64) {
	if q < negligible {
		return
	}
	n := len(t.p)
	t.p = append(t.p, t.p[n-1]*q)
	for k := n - 1; k > 0; k-- {
		t.p[k] += q * (t.p[k-1] - t.p[k])
	}
	t.p[0] *= 1 - q
	if t.p[n] < negligible {
		t.p = t.p[:n]
	}
}

// comparison is the difference of answers and releases term by term.
type comparison struct {
	answers, releases [points]number
	known             [points]bool // worked out for this decision
	with              []float64    // answers, if some are laid on top
	tail              []float64    // P(answers >= k)
	excess            []float64    // E[(answers-k)+]
}

// fill works out both laws at a time of the grid.
func (c *comparison) fill(j int, answers, releases []event) {
	if !c.known[j] {
		c.known[j] = true
		c.answers[j].of(answers, j)
		c.releases[j].of(releases, j)
	}
}

// at is as outlook.at; extra are the chances, by then, of answers on top.
func (c *comparison) at(j int, extra []float64, fresh float64, free, allowed int) (full, over, lost float64) {
	a := c.answers[j].p
	if len(extra) > 0 {
		top := number{append(c.with[:0], a...)}
		for _, p := range extra {
			top.add(p * fresh)
		}
		a, c.with = top.p, top.p
	}
	n := len(a)
	c.tail, c.excess = grow(c.tail, n), grow(c.excess, n)
	for k := n - 1; k >= 0; k-- {
		c.tail[k] = c.tail[k+1] + a[k]
		c.excess[k] = c.excess[k+1] + c.tail[k+1]
	}
	for i, p := range c.releases[j].p {
		at := free + i
		switch {
		case at <= 0:
			full += p
			lost += p * (c.excess[0] - float64(at))
		case at < n:
			full += p * c.tail[at]
			lost += p * c.excess[at]
		}
		if at += allowed + 1; at <= 0 {
			over += p
		} else if at < n {
			over += p * c.tail[at]
		}
	}
	return full, over, lost
}

// grow returns n+1 entries, the last 0, of b if it is large enough.
func grow(b []float64, n int) []float64 {
	if cap(b) < n+1 {
		b = make([]float64, 2*n+16)
	}
	b = b[:n+1]
	b[n] = 0
	return b
}

// law is that of a number of independent events, as the binomial of the same
// mean and variance, with a real number of trials.
type law struct{ mean, p float64 }

func lawOf(mean, sq float64) law {
	if !(mean > 1e-9) {
		return law{}
	}
	return law{mean, min(max(sq/mean, 1e-6), 1-1e-6)}
}

// difference of two numbers, by its cumulants.
type difference struct{ mean, variance, third, fourth float64 }

// less is the law of a number of this law less one of the other.
func (l law) less(m law) difference {
	v, w := l.mean*(1-l.p), m.mean*(1-m.p)
	return difference{l.mean - m.mean, v + w, v*(1-2*l.p) - w*(1-2*m.p), v*(1-6*l.p*(1-l.p)) + w*(1-6*m.p*(1-m.p))}
}

// from is the chance that the difference is k or more, and by how much it is
// more on average. It is the Edgeworth series with skewness and excess (Feller,
// An Introduction to Probability Theory and Its Applications II, XVI) of the
// difference and a uniform law of width 1, which makes it continuous and changes
// no chance.
func (d *difference) from(k float64) (chance, more float64) {
	v := d.variance + 1./12
	sd := math.Sqrt(v)
	z := (k - .5 - d.mean) / sd
	switch {
	case !(z < normalMost):
		return 0, 0
	case z < -normalMost:
		return 1, d.mean - k
	}
	skew, kurt := d.third/(v*sd)/6, (d.fourth-1./120)/(v*v)/24
	tail, dense := normal(z)
	// The polynomials of Hermite, the probabilists'.
	q, twice := z*z, skew*skew/2
	h2, h3 := q-1, z*(q-3)
	h4, h5 := q*(q-6)+3, z*(q*(q-10)+15)
	chance = unit(tail + dense*(skew*h2+kurt*h3+twice*h5))
	excess := dense - z*tail + dense*(skew*z+kurt*h2+twice*h4)
	return chance, max(sd*excess-chance/2, 0)
}

// beyond is the chance that the difference is k or more, for the far tail, in
// which the series may come to nothing: by what normal deviate k is exceeded
// (Cornish and Fisher, Moments and Cumulants in the Specification of
// Distributions, 1938).
func (d *difference) beyond(k float64) float64 {
	v := d.variance + 1./12
	sd := math.Sqrt(v)
	z := (k - .5 - d.mean) / sd
	switch {
	case z < 1:
		chance, _ := d.from(k)
		return chance
	case !(z < 6): // where the polynomials bend back, and nothing is left
		return 0
	}
	skew, kurt := d.third/(v*sd), (d.fourth-1./120)/(v*v)
	q := z * z
	z += -skew/6*(q-1) + skew*skew/36*z*(4*q-7) - kurt/24*z*(q-3)
	tail, _ := normal(min(max(z, 0), normalMost))
	return tail
}

// normal is the tail and the density of the normal law, from a table.
func normal(z float64) (tail, dense float64) {
	i := int((z+normalMost)*normalStep + .5)
	at := &normals[i]
	d := z - (float64(i)/normalStep - normalMost)
	return at.tail - at.dense*d*(1-at.z*d/2), at.dense * (1 - d*(at.z-d*(at.z*at.z-1)/2))
}

const (
	normalMost = 9.
	normalStep = 64.
)

var normals = func() (all [2*normalMost*normalStep + 1]struct{ z, tail, dense float64 }) {
	for i := range all {
		z := float64(i)/normalStep - normalMost
		all[i].z, all[i].tail, all[i].dense = z, math.Erfc(z/math.Sqrt2)/2, math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)
	}
	return
}()
