package world

import "apel/pacing"

// Run is a shift with the built-in floor and this policy.
func Run(c Config, name string, p Policy) Result {
	c = c.filled()
	d := newDesk(&c, p)
	s := newSim(c, d)
	if l, ok := p.(interface {
		Chance([]pacing.Trait) float64
	}); ok {
		s.chances = l.Chance
	}
	s.run()
	r := s.m.result(&c, name)
	r.Decisions = d.decided
	r.IdleMS, r.IdleCauses = causes(&d.waiting)
	return r
}

// RunFloor is a shift with a floor of one's own, which keeps its own account
// of the causes of waiting. If it has a method Chance, as Pacer's, that is what
// it makes of contacts' traits.
func RunFloor(c Config, name string, f Floor) Result {
	c = c.filled()
	s := newSim(c, f)
	if l, ok := f.(interface {
		Chance([]pacing.Trait) float64
	}); ok {
		s.chances = l.Chance
	}
	s.run()
	return s.m.result(&c, name)
}
