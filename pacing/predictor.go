package pacing

import "math"

// predictor learns what contacts' traits say of the chance of a live answer:
// logistic regression, online, with a normal prior on each weight and its own
// uncertainty (diagonal Laplace; the chance is drawn towards a half of the
// logit's spread as in MacKay, "The evidence framework applied to
// classification networks", 1992). A new trait has weight 0 and a wide law.
type predictor struct {
	Bias weight
	W    map[string]*weight
	Seen float64
	Bend bend
}

// bend corrects what the regression says by what came of it: traits and logit are
// not on a line. It is a correction of the logit at each tenth of the chance,
// straight between them. Prior: none, worth 4·stiff calls of a chance of a half.
type bend [tenths + 1]weight

const (
	tenths = 10
	stiff  = 20
)

// between are the two tenths next to a chance, and how near it is to the upper one.
func (b *bend) between(q float64) (lower, upper *weight, near float64) {
	i := min(int(q*tenths), tenths-1)
	return &b[i], &b[i+1], q*tenths - float64(i)
}

func (b *bend) correct(q float64) float64 {
	lower, upper, near := b.between(q)
	return tilt(q, math.Exp(lower.Mean*(1-near)+upper.Mean*near))
}

func (b *bend) learn(q, y float64) {
	p := b.correct(q)
	lower, upper, near := b.between(q)
	lower.step(1-near, y-p, p*(1-p), stiff)
	upper.step(near, y-p, p*(1-p), stiff)
}

// weight is one trait's mean and precision. Prior: mean 0, standard deviation 1.
type weight struct{ Mean, Precision float64 }

const (
	traitsKept  = 20000
	keepLearned = 20000 // memory, calls
)

func (p *predictor) init() {
	p.Bias = weight{Mean: -1.1, Precision: .5}
	p.W = map[string]*weight{}
	for i := range p.Bend {
		p.Bend[i].Precision = stiff
	}
}

// usable says whether a trait's value may be learned from.
func usable(v float64) bool { return v > -1e3 && v < 1e3 && v != 0 }

// logit is the mean and variance of the logit.
func (p *predictor) logit(traits []Trait) (mean, variance float64) {
	mean, variance = p.Bias.Mean, 1/p.Bias.Precision
	for _, t := range traits {
		if !usable(t.Value) {
			continue
		}
		if w := p.W[t.Name]; w != nil {
			mean += w.Mean * t.Value
			variance += t.Value * t.Value / w.Precision
		}
	}
	return mean, variance
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// chance is the chance of a live answer; 0 while nothing is known.
func (p *predictor) chance(traits []Trait) float64 {
	if p.Seen < 50 || len(traits) == 0 {
		return 0
	}
	return min(max(p.Bend.correct(p.straight(traits)), 1e-4), 1-1e-4)
}

// straight is the chance by the regression alone.
func (p *predictor) straight(traits []Trait) float64 {
	mean, variance := p.logit(traits)
	return min(max(logistic(mean/math.Sqrt(1+math.Pi/8*variance)), 1e-4), 1-1e-4)
}

func (p *predictor) learn(traits []Trait, live bool) {
	if len(traits) == 0 {
		return
	}
	p.Seen++
	mean, _ := p.logit(traits)
	q := logistic(mean)
	y := 0.
	if live {
		y = 1
	}
	p.Bend.learn(p.straight(traits), y)
	p.Bias.step(1, y-q, q*(1-q), .3)
	for _, t := range traits {
		if !usable(t.Value) {
			continue
		}
		w := p.W[t.Name]
		if w == nil {
			if len(p.W) >= traitsKept {
				continue
			}
			w = &weight{Precision: 1}
			p.W[t.Name] = w
		}
		w.step(t.Value, y-q, q*(1-q), .3)
	}
}

// step learns from an error; the precision is never less than least.
func (w *weight) step(x, err, curve, least float64) {
	w.Precision = max(w.Precision*(1-1./keepLearned), least) + x*x*curve
	w.Mean += x * err / w.Precision
}
