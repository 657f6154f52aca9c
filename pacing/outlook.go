package pacing

import "time"

// outlook is what a decision sees ahead: the operators free now, and the laws
// of the answers and releases to come.
type outlook struct {
	free     int // ready or reserved, less the people who already wait
	able     int // operators who are or can become free
	answers  sums
	releases sums
	told     sums    // releases at known times
	fresh    row     // a new call's verdict, if a person answers
	ringing  float64 // live answers expected of ringing calls
	screened float64 // ... of calls with the detector

	exact   comparison
	small   bool    // few enough for exact
	coming  []event // answers, when small
	freeing []event // releases, when small

	placed, rung aged // the calls in the air that do not ring yet, and that do
}

// aged are calls by age: since placing, or since ringing.
type aged struct {
	alike [ringBins]float64 // calls of whose contact nothing is known
	p, q  [ringBins]float64 // the chances of the others that a person answers, and their squares
	bins  int               // no call is older
}

func (a *aged) clear() {
	clear(a.alike[:a.bins])
	clear(a.p[:a.bins])
	clear(a.q[:a.bins])
	a.bins = 0
}

func (a *aged) add(b int, p float64) {
	a.bins = max(a.bins, b+1)
	if p < 0 {
		a.alike[b]++
		return
	}
	a.p[b] += p
	a.q[b] += p * p
}

func (o *outlook) clear() {
	o.free, o.able, o.ringing, o.screened = 0, 0, 0, 0
	o.answers, o.told = sums{}, sums{}
	o.coming, o.freeing = o.coming[:0], o.freeing[:0]
	o.placed.clear()
	o.rung.clear()
}

// since is the seconds from t to now, never negative and never absurd.
func since(now, t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	d := now.Sub(t)
	if d < 0 {
		return 0
	}
	return min(d.Seconds(), 86400)
}

func (o *outlook) operators(s *Snapshot, r *releases) {
	for i := range s.Operators {
		p := &s.Operators[i]
		switch {
		case p.State == Reserved, p.State == Ready && !p.Leaving:
			o.free++
			o.able++
			r.discount(r.seatOf(i, p.Name))
		case p.Leaving || p.State != Talking && p.State != WrapUp:
			r.discount(r.seatOf(i, p.Name)) // not ready, or goes on break: not counted on
		case p.State == WrapUp && !p.FreeAt.IsZero():
			o.able++
			r.discount(r.seatOf(i, p.Name))
			o.promised(p.FreeAt.Sub(s.Now).Seconds())
		default:
			o.able++
			r.count(i, p, s.Now)
		}
	}
	r.leave(len(s.Operators))
	believed := r.trust(o.able)
	if o.small {
		for i := range s.Operators {
			if by := r.seats[i].row; by != nil {
				o.freeing = append(o.freeing, event{believed, by})
			}
		}
	}
	o.releases = r.sum.scaled(believed)
	o.releases.plus(&o.told)
}

// promised takes an operator whose wrap-up ends at a known time; what is told is
// believed nearly.
func (o *outlook) promised(in float64) {
	const believed = .98
	for j, h := range grid {
		if in <= h+patience {
			o.told.add(believed, &sureFrom[j])
			if o.small {
				o.freeing = append(o.freeing, event{believed, &sureFrom[j]})
			}
			return
		}
	}
}

// spread takes calls in the air by their age; base is the chance of one that
// nothing is known of. It returns the people expected to answer.
func (o *outlook) spread(a *aged, l *ringLaw, base float64) (people float64) {
	for b := range a.bins {
		p, q := a.p[b], a.q[b]
		if n := a.alike[b]; n > 0 {
			x := l.still(base, b)
			p, q = p+n*x, q+n*x*x
		}
		if p == 0 {
			continue
		}
		people += p
		for j, v := range &l.ahead[b] {
			o.answers.mean[j] += p * v
			o.answers.sq[j] += q * v * v
		}
	}
	return people
}

// risk is what adding one call more would bring.
type risk struct {
	loss float64 // chance that it, if a person answers, finds all operators taken
	over float64 // chance that more people are lost than allowed, with the answers given
	lost float64 // people expected to be lost, without it
}

// weigh gives the risk with extra answers on top, allowed people being bearable.
//
// What the call does to those that are answered after it is no part of it: as
// it is answered the decisions that follow place fewer, and with one loss counted
// twice operators waited longer at the same share of people lost (README).
func (o *outlook) weigh(extra *more, allowed int) risk {
	var r risk
	before, full := 0., 0.
	for j, by := range o.fresh {
		f, over, lost := o.at(j, extra, allowed)
		r.loss += (by - before) * f
		before, full = by, f
		r.over = max(r.over, over)
		r.lost = max(r.lost, lost)
	}
	r.loss += (1 - before) * full // what comes later counts as at the end of the grid
	return r
}

// at compares answers with operators at a time of the grid: the chances that all
// operators are taken, that more than allowed people are left over, and how many
// on average.
func (o *outlook) at(j int, extra *more, allowed int) (full, over, lost float64) {
	a := lawOf(o.answers.mean[j]+extra.mean[j], o.answers.sq[j]+extra.sq[j])
	r := lawOf(o.releases.mean[j], o.releases.sq[j])
	if d := a.less(r); !o.small || d.variance > many {
		full, lost = d.from(float64(o.free))
		return full, d.beyond(float64(o.free + allowed + 1)), lost
	}
	o.exact.fill(j, o.coming, o.freeing)
	return o.exact.at(j, extra.p, o.fresh[j], o.free, allowed)
}

// more are answers of calls that could be placed now.
type more struct {
	sums
	p []float64 // the chance of each
}

var nothing more

func (m *more) clear() { m.sums, m.p = sums{}, m.p[:0] }

func (m *more) add(p float64, fresh *row) {
	m.sums.add(p, fresh)
	m.p = append(m.p, p)
}
