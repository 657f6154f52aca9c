package pacing

import (
	"math"
	"time"
)

// engine is what Predictive learns and remembers.
type engine struct {
	placing, ringing ringLaw // by age since placing; since ringing, of calls that rang
	ops              releases
	delay            delayLaw
	base             float64   // chance of a live answer, calls in the air included
	resolved         float64   // calls seen to their end
	long             float64   // base with a memory of 20,000 calls: base is never believed under half of it
	refused          float64   // share of the last calls, about 30, that failed at once
	given, got       float64   // chances given and live answers got of them
	traits           predictor // what contacts' traits mean
	b                budget
	look             outlook
	picks            []int
	extra            more
}

// doubt is by how many standard errors the chance is taken higher than learned:
// one, and two while hardly anything is known.
func (e *engine) doubt(team int) float64 {
	return 2 - unit(e.resolved/max(enough, float64(team)))
}

// Before pacing places more than a call a free operator it wants to have seen as
// many calls to their end as there are operators, fewest at least; enough, or as many as
// there are operators, are the unit by which it judges how much is known.
const enough, fewest = 20, 5

func (e *engine) init() {
	*e = engine{base: .25, long: .25, delay: delayLaw{Mean: 1.2, N: 3}}
	e.placing.init()
	e.ringing.init()
	e.ops.init()
	e.traits.init()
	e.b.init()
}

// delayLaw is the detector's mean time from answer to verdict, in seconds.
// Prior: 1.2 s, worth 3 answers; memory 300.
type delayLaw struct{ Mean, N float64 }

func (d *delayLaw) learn(sec float64) {
	d.N = min(d.N+1, 300)
	d.Mean += (min(sec, 20) - d.Mean) / d.N
}

func sane(d time.Duration) (float64, bool) {
	s := d.Seconds()
	return s, s >= 0 && s < 86400
}

func (e *engine) observe(ev Event, set Settings) {
	switch ev.Kind {
	case CallLive:
		e.b.live(ev.At, e.settled())
		e.ended(ev, byPerson)
	case CallMachine:
		e.ended(ev, byMachine)
	case CallUnanswered:
		e.ended(ev, unanswered)
	case CallAbandoned:
		if e.settled() {
			e.b.abandoned(set.MaxAbandonment)
		}
	case TalkEnded:
		if s, ok := sane(ev.Age); ok {
			e.ops.talked(ev.Operator, s)
		}
	case WrapEnded:
		if s, ok := sane(ev.Age); ok {
			e.ops.wrapped(s)
		}
	}
}

// settled says whether what is lost can be blamed on the price, and not on
// laws that are hardly known yet.
func (e *engine) settled() bool { return e.resolved > 10*max(enough, float64(e.look.able)) }

func (e *engine) ended(ev Event, ending int) {
	rang, ok := sane(ev.Rang)
	if !ok {
		return
	}
	refused := ending == unanswered && rang < atOnce
	e.refused *= 1 - 1./30
	if refused {
		e.refused += 1. / 30
	}
	if refused && e.refused > .5 {
		return // a trunk that fails: it says nothing of the contacts, and would be believed when the trunk is back
	}
	if d, ok := sane(ev.Age - ev.Rang); ok && ending != unanswered {
		e.delay.learn(d)
	}
	e.placing.learn(ending, rang)
	if up, ok := sane(ev.SetUp); ok && ev.Rung {
		e.ringing.learn(ending, max(rang-up, 0))
	}
	e.resolved++
	live := ending == byPerson
	e.remember(live)
	e.traits.learn(ev.Traits, live)
	if c := ev.Chance; c > 0 && c < 1 {
		e.calibrate(c, live)
	}
}

// atOnce is the time, in seconds, under which a failed call says more of the
// trunk than of the contact.
const atOnce = 2

func (e *engine) remember(live bool) {
	n := min(e.resolved, 20000) + priorCalls
	e.long -= e.long / n
	if live {
		e.long += 1 / n
	}
}

// calibrate compares chances given with what came; memory 400 calls.
func (e *engine) calibrate(c float64, live bool) {
	e.given = e.given*(1-1./400) + c
	e.got *= 1 - 1./400
	if live {
		e.got++
	}
}

// chance is a contact's chance at the start, calibrated; the mean's if not known.
func (e *engine) chance(c float64) float64 {
	if !(c > 0 && c < 1) {
		return e.base
	}
	return min(tilt(c, (e.got+10)/(e.given+10)), .999)
}

// tilt multiplies the odds of p.
func tilt(p, odds float64) float64 {
	x := p / (1 - p) * odds
	return x / (1 + x)
}

// see fills the outlook.
func (e *engine) see(s *Snapshot) {
	e.placing.refresh(e.delay.Mean)
	e.ringing.refresh(e.delay.Mean)
	e.ops.refresh()
	o := &e.look
	o.clear()
	o.small = len(s.Operators)+len(s.Calls) <= few
	o.operators(s, &e.ops)
	odds := e.ringing.odds() / e.placing.odds()
	for i := range s.Calls {
		e.call(s, &s.Calls[i], odds)
	}
	o.ringing = o.spread(&o.placed, &e.placing, e.base) + o.spread(&o.rung, &e.ringing, tilt(e.base, odds))
	o.fresh = e.placing.ahead[0]
	o.exact.known = [points]bool{}
	n := &e.placing.N
	e.base = (n[byPerson] + o.ringing + o.screened) / (n[0] + n[1] + n[2] + float64(len(s.Calls)))
	e.base = max(e.base, e.long/2)
	// All calls share the error of this estimate, so it is not to be taken for
	// the mean while few calls are known.
	e.base = min(e.base+e.doubt(o.able)*math.Sqrt(e.base*(1-e.base)/(e.resolved+priorCalls)), .95)
}

// call takes one call in the air.
func (e *engine) call(s *Snapshot, c *Call, odds float64) {
	o := &e.look
	switch c.Phase {
	case Queued:
		o.free--
	case Screening:
		e.screening(s, c)
	case Ringing:
		o.rung.add(e.inTheAir(&e.ringing, ageOf(s.Now, c.RingingAt), c.Chance, odds))
	default:
		o.placed.add(e.inTheAir(&e.placing, ageOf(s.Now, c.PlacedAt), c.Chance, 1))
	}
}

// inTheAir is the bin of a call's age, and its chance of an answer if its
// contact is known; -1 if not, and it counts as all such of its age.
func (e *engine) inTheAir(l *ringLaw, b int, chance, odds float64) (int, float64) {
	p := -1.
	if chance > 0 && chance < 1 {
		p = l.still(tilt(e.chance(chance), odds), b)
	}
	if e.look.small {
		q := p
		if p < 0 {
			q = l.still(tilt(e.base, odds), b)
		}
		e.look.coming = append(e.look.coming, event{q, &l.ahead[b]})
	}
	return b, p
}

// worth is the live answers expected of the calls that a decision places.
func (e *engine) worth(s *Snapshot, d Decision) float64 {
	sum := 0.
	for i := range d.Place {
		at := i
		if len(d.Picks) > 0 {
			at = d.Picks[i]
		}
		if at >= len(s.Candidates) {
			return sum + float64(d.Place-i)*e.base
		}
		sum += e.chance(s.Candidates[at].Chance)
	}
	return sum
}

func (e *engine) screening(s *Snapshot, c *Call) {
	p := e.placing.answeredBy(e.chance(c.Chance), bin(since(c.AnsweredAt, c.PlacedAt)))
	left := e.delay.Mean - since(s.Now, c.AnsweredAt)
	o := &e.look
	for j, h := range grid {
		if h < left-1e-6 && j < points-1 { // a learned mean is of one second but for its rounding
			continue
		}
		o.answers.add(p, &sureFrom[j])
		if o.small {
			o.coming = append(o.coming, event{p, &sureFrom[j]})
		}
		break
	}
	o.screened += p
}
