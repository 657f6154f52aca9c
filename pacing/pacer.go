package pacing

import "time"

// Pacer paces one campaign. It is not safe for concurrent use: the floor's
// loop owns it.
type Pacer struct {
	s Settings
	e engine
}

// New returns a pacer that knows nothing but its priors.
func New(s Settings) *Pacer {
	p := &Pacer{s: s.sane()}
	p.e.init()
	return p
}

// Configure changes the settings of a running campaign without harm: what was
// learned stays, and calls in the air are counted as before.
func (p *Pacer) Configure(s Settings) { p.s = s.sane() }

// Observe learns from an event.
func (p *Pacer) Observe(e Event) { p.e.observe(e, p.s) }

// Chance is a contact's chance of a live answer as learned from the traits of
// those called before; 0: not known yet. It is what Call.Chance and
// Candidate.Chance want.
func (p *Pacer) Chance(traits []Trait) float64 { return p.e.traits.chance(traits) }

// Decide says how many calls to place now. In Preview it is the number of
// contacts to show, one a free operator.
func (p *Pacer) Decide(s Snapshot) Decision {
	n := take(s)
	p.e.see(&s)
	d := p.want(n, s)
	d = p.clip(d, n, s)
	if len(d.Picks) > d.Place {
		d.Picks = d.Picks[:d.Place]
	}
	d.Operators = n.team
	d.schooled = p.s.Mode != Predictive || p.e.resolved > 3*max(enough, float64(n.team))
	d.natural = naturalRates(n.team, p.e.ops.talk.avg+p.e.ops.wrap.avg, p.e.base)
	if d.Cause == Rate && d.Again == 0 {
		d.Again = time.Second
	}
	d.Ringing, d.Screened = p.e.look.ringing+p.e.worth(&s, d), p.e.look.screened
	return d
}

func (p *Pacer) want(n count, s Snapshot) Decision {
	switch p.s.Mode {
	case Power:
		return power(p.s, n, s)
	case Predictive:
		return p.e.predictive(p.s, n, &s)
	}
	return progressive(n)
}

// clip holds a wish against the limits that no mode may pass.
func (p *Pacer) clip(d Decision, n count, s Snapshot) Decision {
	wish := d.Place
	room, by := room(p.s, n, &s)
	if d.Place > room {
		d.Place, d.Cause = room, by
	}
	d.Why.place, d.Why.wish, d.Why.by = d.Place, wish, d.Cause
	return d
}
