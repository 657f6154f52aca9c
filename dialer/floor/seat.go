package floor

import "apel/pacing"

// deafened takes in that the leg of an operator who was about to be joined is
// not heard any more: the customer goes to somebody else, within the same time.
func (f *Floor) deafened(o *operator) {
	c := f.calls[o.call]
	if c == nil || o.state != pacing.Reserved || c.phase != PhaseReserved {
		return
	}
	f.move(c, PhaseQueued)
	if c.operator = ""; c.bridged {
		c.deadline = f.now.Add(f.set.Within)
	}
	o.call, o.leaving = "", false
	f.enter(o, pacing.NotReady)
}

// freed lets an operator go on who has said the result of a call that is not
// settled yet: for some seconds the word can be taken back.
func (f *Floor) freed(c *call, in Input) {
	o := f.operators[c.operator]
	if o == nil || o.call != c.id || o.state != pacing.WrapUp {
		return
	}
	f.pacer.Observe(pacing.Event{Kind: pacing.WrapEnded, At: f.now, Operator: o.name, Age: f.now.Sub(o.since), Disposition: in.Disposition})
	c.operator = ""
	f.free(o)
}

// takenBack gives a call back to the operator who has freed it, unless the next
// one has come, or the operator has gone to another campaign.
func (f *Floor) takenBack(c *call, in Input) {
	o := f.operators[in.Operator]
	if o == nil || o.call != "" || o.aside || c.phase != PhaseWrapUp || c.operator != "" {
		f.do(Action{Kind: DoTakenBack, Call: c.id, Operator: in.Operator, Why: "gone-on"})
		return
	}
	o.leaving = o.state == pacing.NotReady
	c.operator, o.call = o.name, c.id
	f.enter(o, pacing.WrapUp)
	o.wrapBy = f.now.Add(f.set.WrapUp)
	f.do(Action{Kind: DoTakenBack, Call: c.id, Operator: o.name})
}
