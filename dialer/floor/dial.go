package floor

import (
	"apel/contactdb"
	"apel/pacing"
)

// An operator may have a number called that is typed in: ready, or on a break.
// It is leased as any contact, and the operator waits for it, as for a callback.

// dial asks for the contact, and sets the operator aside.
func (f *Floor) dial(in Input) {
	o := f.operators[in.Operator]
	why := ""
	switch {
	case o == nil || !o.present || o.deaf || o.call != "" || o.away() || o.state != pacing.Ready && o.state != pacing.NotReady:
		why = "operator-busy"
	case f.state != contactdb.Running:
		why = "campaign-rests"
	case f.lines <= 0:
		why = "no-line"
	}
	if why != "" {
		f.do(Action{Kind: DoDial, Operator: in.Operator, Why: why})
		return
	}
	o.aside = true
	f.asking++
	f.do(Action{Kind: DoDial, Operator: o.name, Contact: in.Contact})
}

// dialed takes in the call, or that there is none.
func (f *Floor) dialed(in Input) {
	f.asking--
	o := f.operators[in.Operator]
	if o != nil {
		o.aside = false
	}
	for _, l := range in.Calls {
		c := f.begin(l, in)
		switch {
		case c.phase != PhaseDialing: // the campaign rests by now
		case o == nil || o.call != "" || o.deaf:
			f.hangup(c)
		default:
			o.leaving = o.state == pacing.NotReady
			c.operator, c.personal, o.call = o.name, true, c.id
			f.enter(o, pacing.Reserved)
		}
	}
}
