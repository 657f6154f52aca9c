package floor

import (
	"slices"

	"apel/pacing"
)

// An operator who talks may ask a colleague: the floor sets one aside, who is
// then talking too, as the second of that call, until the call says that the
// two are done, or that the customer is the second's now. The first is free
// only then. Should the first be lost meanwhile, the second takes the customer.

// consulted sets a colleague aside: one of Among, or anybody. Who is asked for
// by name may be on a break.
func (f *Floor) consulted(c *call, in Input) {
	var best *operator
	if c.phase == PhaseBridged && c.operator == in.Operator && c.second == "" {
		best = f.colleague(in)
	}
	if best == nil {
		f.do(Action{Kind: DoConsult, Call: c.id})
		return
	}
	best.leaving = best.state == pacing.NotReady
	best.call, c.second = c.id, best.name
	f.enter(best, pacing.Talking)
	f.do(Action{Kind: DoConsult, Call: c.id, Operator: best.name})
}

// colleague is who has waited longest of those who may be asked; nil: nobody.
func (f *Floor) colleague(in Input) (best *operator) {
	for _, o := range f.staff {
		free := o.state == pacing.Ready || in.Named && o.state == pacing.NotReady
		if !free || o.call != "" || o.away() || o.deaf || !o.present || o.name == in.Operator || in.Among != nil && !slices.Contains(in.Among, o.name) {
			continue
		}
		if best == nil || o.readyFrom.Before(best.readyFrom) {
			best = o
		}
	}
	return best
}

// consultOver lets the second of a call go.
func (f *Floor) consultOver(c *call) {
	o := f.operators[c.second]
	c.second = ""
	if o != nil && o.call == c.id {
		f.free(o)
	}
}

// handedOver makes the second of a call its operator, and frees the first. If
// the second was lost in that very moment, the customer is given back.
func (f *Floor) handedOver(c *call, in Input) {
	if c.phase != PhaseBridged { // the first was lost: somebody has the customer already, or will
		return
	}
	first, second := f.operators[c.operator], f.operators[in.Operator]
	if second == nil || c.second != second.name {
		f.do(Action{Kind: DoConnect, Call: c.id, Operator: c.operator})
		return
	}
	c.operator, c.second = second.name, ""
	second.bridges++
	if first != nil && first.call == c.id {
		f.free(first)
	}
}

// firstLost gives the customer of an operator who is lost to the second, if
// that one is heard.
func (f *Floor) firstLost(c *call) (taken bool) {
	second := f.operators[c.second]
	if second == nil || second.call != c.id || c.phase != PhaseBridged {
		return false
	}
	if second.deaf {
		f.consultOver(c)
		f.do(Action{Kind: DoConsult, Call: c.id})
		return false
	}
	c.operator, c.second = second.name, ""
	f.move(c, PhaseReserved)
	f.enter(second, pacing.Reserved)
	f.do(Action{Kind: DoConnect, Call: c.id, Operator: second.name})
	return true
}

// awayAlone takes in that a customer talks on with somebody outside whose
// operator was lost in that very moment: nobody else is needed.
func (f *Floor) awayAlone(c *call) {
	if !c.away || c.phase != PhaseQueued && c.phase != PhaseReserved {
		return
	}
	f.move(c, PhaseClosing)
	if o := f.operators[c.operator]; o != nil && o.call == c.id {
		c.operator = ""
		f.free(o)
	}
}

// secondLost takes in that the operator who is asked is lost; false if it is another.
func (f *Floor) secondLost(o *operator, c *call) bool {
	if c.second != o.name {
		return false
	}
	c.second = ""
	f.do(Action{Kind: DoConsult, Call: c.id})
	return true
}

// asks says whether an operator asks a colleague, or is asked.
func (f *Floor) asks(o *operator) bool {
	c := f.calls[o.call]
	return c != nil && c.second != ""
}
