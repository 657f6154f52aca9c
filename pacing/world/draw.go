package world

import (
	"math"
	"math/rand/v2"
	"time"

	"apel/pacing"
)

type kind uint8

const (
	person kind = iota
	machine
	noAnswer
	busy
)

// fate is what will become of a contact when called; nobody is told.
type fate struct {
	chance float64 // of a person answering, before shocks
	kind   kind
	ring   time.Duration // from ringing to the answer or the end
	talk   time.Duration // before shocks and the operator's own pace
	wrap   time.Duration
	traits [learnedTraits]pacing.Trait
	nTrait int
}

// learnedTraits is the number of traits shown with Learned.
const learnedTraits = 6

// draw gives contact i its fate. It depends on the seed and i alone, and all
// its numbers are drawn from fixed places of its own stream, so that a change
// of one rate changes as few fates as can be.
func (c *Config) draw(i int, answers float64) fate {
	r := rand.New(rand.NewPCG(c.Seed, uint64(i)*0x9e3779b97f4a7c15+1))
	u, z := r.Float64(), r.NormFloat64()
	f := fate{
		talk: lognormal(z, c.Talk, c.TalkCV),
		wrap: lognormal(r.NormFloat64(), c.Wrap, c.WrapCV),
	}
	f.chance = c.AnswerRate
	if c.AnswerSpread > 0 {
		f.chance = beta(r, c.AnswerRate, c.AnswerSpread)
	}
	if c.fixed > 0 {
		f.chance = c.fixed
	}
	p := min(f.chance*answers, 1)
	rest := max(1-c.AnswerRate, 1e-9)
	m, n := (1-p)*c.MachineRate/rest, (1-p)*c.NoAnswerRate/rest
	switch {
	case u < p:
		f.kind, f.ring = person, within(r, c.Rings.People, c.RingTime)
	case u < p+m:
		f.kind, f.ring = machine, within(r, c.Rings.Machines, c.RingTime)
	case u < p+m+n:
		f.kind, f.ring = noAnswer, c.RingTime
		if c.Rings.NoAnswer > 0 {
			f.ring = gamma(r, 3, c.Rings.NoAnswer)
		}
	default:
		f.kind, f.ring = busy, gamma(r, 3, c.Rings.Busy)
	}
	f.ring = min(f.ring, c.RingTime)
	if c.Prediction == Learned {
		f.drawTraits(r)
	}
	return f
}

// drawAgain is the fate of a contact at an attempt: its chance is the first one's.
func (c *Config) drawAgain(i, attempt int, answers float64) fate {
	f := c.draw(i+1, answers)
	if attempt <= 1 {
		return f
	}
	again := *c
	again.Seed, again.fixed = c.Seed+uint64(attempt)*0x9e3779b97f4a7c15, f.chance
	return again.draw(i+1, answers)
}

// drawTraits shows a part of the logit of the chance, in pieces with noise, as
// history, hour or number type would.
func (f *fate) drawTraits(r *rand.Rand) {
	p := min(max(f.chance, 1e-4), 1-1e-4)
	logit := math.Log(p/(1-p)) / 2
	history := int(math.Round(min(max(logit+.6*r.NormFloat64(), -3), 2)))
	f.traits[0] = pacing.Trait{Name: historyNames[history+3], Value: 1}
	f.traits[1] = pacing.Trait{Name: "hour", Value: min(max(logit+1.2*r.NormFloat64(), -4), 4)}
	kinds := 0
	if logit+r.NormFloat64() > 0 {
		kinds = 1
	}
	f.traits[2] = pacing.Trait{Name: typeNames[kinds], Value: 1}
	f.nTrait = 3
}

var (
	historyNames = [...]string{"history=-3", "history=-2", "history=-1", "history=0", "history=1", "history=2"}
	typeNames    = [...]string{"type=fixed-line", "type=mobile"}
)

func lognormal(z float64, mean time.Duration, cv float64) time.Duration {
	s2 := math.Log(1 + cv*cv)
	return time.Duration(float64(mean) * math.Exp(math.Sqrt(s2)*z-s2/2))
}

// gamma draws by Marsaglia and Tsang, "A simple method for generating gamma
// variables", ACM TOMS 26 (2000).
func gamma(r *rand.Rand, shape float64, mean time.Duration) time.Duration {
	return time.Duration(float64(mean) / shape * gammaUnit(r, shape))
}

// within draws a ring time of those who answer: before the call is given up,
// so that the rates are what the configuration says.
func within(r *rand.Rand, mean, limit time.Duration) time.Duration {
	for range 20 {
		if d := gamma(r, 3, mean); d < limit {
			return d
		}
	}
	return limit / 2
}

func gammaUnit(r *rand.Rand, a float64) float64 {
	if a < 1 {
		return gammaUnit(r, a+1) * math.Pow(r.Float64(), 1/a)
	}
	d := a - 1./3
	for {
		x := r.NormFloat64()
		v := 1 + x/math.Sqrt(9*d)
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// beta draws around mean with a standard deviation, or the widest there is.
func beta(r *rand.Rand, mean, sd float64) float64 {
	if mean <= 0 || mean >= 1 {
		return mean
	}
	n := max(mean*(1-mean)/(sd*sd)-1, .05)
	x, y := gammaUnit(r, n*mean), gammaUnit(r, n*(1-mean))
	if x+y == 0 {
		return mean
	}
	return x / (x + y)
}
