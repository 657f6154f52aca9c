package pacing

import (
	"math"
	"time"
)

// Endings of a call as pacing tells them apart.
const (
	byPerson = iota
	byMachine
	unanswered
	endings
)

const (
	ringStep = 0.5 // seconds a bin
	ringBins = 180 // 90 s; the last bin holds what is longer
)

// ringLaw learns what becomes of calls by their age: the share of each ending
// and the law of its time, as histograms with a smooth prior. From them comes
// the hazard: a call that has rung 9 s is another call than a new one.
//
// Unit: calls. Prior: priorCalls calls, a quarter answered by people; times
// gamma of shape 2, mean 14 s, and for calls that nobody answers a mean of 25 s.
// Memory: keep calls of this law's kind, exponentially.
type ringLaw struct {
	N     [endings]float64           // calls by ending, forgotten slowly
	H     [endings][ringBins]float64 // times by ending
	share [endings]float64
	tail  [endings][ringBins + 1]float64 // P(longer than the bin's start)
	dens  [endings][ringBins]float64
	ahead [ringBins]row // P(verdict by now+grid | person, age in bin)
	stale float64
}

const (
	priorCalls = 12.
	priorTimes = 6.   // observations that the prior law of a time is worth
	keepCalls  = 1500 // memory of shares, calls
	keepTimes  = 1500
)

func (l *ringLaw) init() {
	means := [endings]float64{14, 14, 25}
	shares := [endings]float64{.25, .30, .45}
	for k := range endings {
		l.N[k] = priorCalls * shares[k]
		for b := range ringBins {
			t := (float64(b) + .5) * ringStep
			l.H[k][b] = t * math.Exp(-2*t/means[k])
		}
		scale(l.H[k][:], priorTimes)
	}
	l.stale = math.Inf(1)
}

// scale makes a histogram sum to total.
func scale(h []float64, total float64) {
	sum := 0.
	for _, v := range h {
		sum += v
	}
	for i := range h {
		h[i] *= total / sum
	}
}

// learn takes an ending after so many seconds.
func (l *ringLaw) learn(ending int, sec float64) {
	for k := range l.N {
		l.N[k] *= 1 - 1./keepCalls
	}
	l.N[ending]++
	h := &l.H[ending]
	for i := range h {
		h[i] *= 1 - 1./keepTimes
	}
	l.stale++
	spread(h[:], sec/ringStep)
}

// spread adds one observation over two neighbours each side, a triangle.
func spread(h []float64, at float64) {
	b := min(max(int(at), 0), len(h)-1)
	for d := -2; d <= 2; d++ {
		i := min(max(b+d, 0), len(h)-1)
		h[i] += (3 - math.Abs(float64(d))) / 9
	}
}

// refresh derives the tables when enough has been learned; delay is the
// detector's in seconds.
func (l *ringLaw) refresh(delay float64) {
	total := l.N[0] + l.N[1] + l.N[2]
	if l.stale < 1+total*.01 {
		return
	}
	l.stale = 0
	for k := range endings {
		l.share[k] = l.N[k] / total
		sum := 0.
		for _, v := range l.H[k] {
			sum += v
		}
		left := 1.
		for b, v := range l.H[k] {
			l.tail[k][b] = max(left, 1e-9)
			l.dens[k][b] = v / sum
			left -= v / sum
		}
		l.tail[k][ringBins] = 1e-9
	}
	t := &l.tail[byPerson]
	for b := range l.ahead {
		for j, h := range grid {
			l.ahead[b][j] = 1 - at(t[:], float64(b)+(h-delay)/ringStep)/t[b]
		}
	}
}

// at interpolates a tail.
func at(t []float64, x float64) float64 {
	if x <= 0 {
		return t[0]
	}
	i := int(x)
	if i >= len(t)-1 {
		return t[len(t)-1]
	}
	f := x - float64(i)
	return t[i]*(1-f) + t[i+1]*f
}

// ageOf is the bin of an age.
func ageOf(now, from time.Time) int {
	d := now.Sub(from)
	if d <= 0 || from.IsZero() {
		return 0
	}
	return int(min(d/(ringStep*1e9), ringBins-1))
}

func bin(sec float64) int {
	if !(sec > 0) {
		return 0
	}
	return int(min(sec/ringStep, ringBins-1))
}

// still is the chance that a call of this age will yet be answered by a
// person, when it was p at the start.
func (l *ringLaw) still(p float64, b int) float64 {
	live := p * l.tail[byPerson][b]
	m := l.share[byMachine] / (l.share[byMachine] + l.share[unanswered])
	rest := (1 - p) * (m*l.tail[byMachine][b] + (1-m)*l.tail[unanswered][b])
	return live / (live + rest)
}

// odds of a live answer at the start.
func (l *ringLaw) odds() float64 { return l.N[byPerson] / (l.N[byMachine] + l.N[unanswered]) }

// answeredBy is the chance that a call answered at this age was answered by a
// person.
func (l *ringLaw) answeredBy(p float64, b int) float64 {
	m := l.share[byMachine] / (l.share[byMachine] + l.share[unanswered])
	live, other := p*l.dens[byPerson][b], (1-p)*m*l.dens[byMachine][b]
	return (live + 1e-6*p) / (live + other + 1e-6)
}
