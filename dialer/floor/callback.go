package floor

import (
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// A callback that was promised for a named operator is placed when that
// operator is free: the floor sets the operator aside, has the callback leased,
// and joins the two when the contact answers. Pacing does not count on either
// until then. Who is lost meanwhile is replaced as in any call.

// promiseLead is how long before a callback no more calls are placed for its
// operator: about as long as a phone rings, so that nobody who answers such a
// call finds the operator taken.
const promiseLead = 20 * time.Second

// askAgain is the pause after a lease that gave no callback.
const askAgain = 5 * time.Second

// keepPromises asks for the callbacks that are due of operators who are free.
func (f *Floor) keepPromises() {
	if f.state != contactdb.Running || len(f.promises) == 0 || f.lines <= 0 {
		return
	}
	for _, o := range f.byName() {
		at, promised := f.promises[o.name]
		if !promised || f.now.Before(at) || o.state != pacing.Ready || o.away() {
			continue
		}
		o.aside = true
		f.asking++
		f.do(Action{Kind: DoLease, N: 1, Operator: o.name})
	}
}

// leasedFor takes in the answer: a call that its operator waits for, or none.
func (f *Floor) leasedFor(in Input) {
	f.asking--
	o := f.operators[in.Operator]
	if o != nil {
		o.aside = false
	}
	if len(in.Calls) == 0 {
		if at, promised := f.promises[in.Operator]; promised {
			f.promises[in.Operator] = latest(at, f.now.Add(askAgain))
		}
		return
	}
	delete(f.promises, in.Operator) // the next is told with the coming promises
	for _, l := range in.Calls {
		c := f.begin(l, in)
		switch {
		case c.phase != PhaseDialing: // the campaign rests by now
		case o != nil && o.state == pacing.Ready && !o.lent:
			c.operator, c.personal, o.call = o.name, true, c.id
			f.enter(o, pacing.Reserved)
		case f.longestWaiting() == nil: // gone meanwhile, and who answered would hear nobody
			f.hangup(c)
		}
	}
}

// awaited is the operator who waits for the person of a callback; nil if there
// is none, or none any more, or if nobody would hear that one.
func (f *Floor) awaited(c *call) *operator {
	if o := f.operators[c.operator]; c.personal && o != nil && o.call == c.id && !o.deaf {
		return o
	}
	return nil
}

// spared says that pacing is not to count on an operator: a callback has them,
// or will soon.
func (f *Floor) spared(o *operator) bool {
	switch {
	case o.away():
		return true
	case o.state == pacing.Talking, o.state == pacing.WrapUp:
		return false
	case o.state == pacing.Ready && len(f.promises) > 0:
		if at, promised := f.promises[o.name]; promised && !f.now.Add(promiseLead).Before(at) {
			return true
		}
	}
	if o.call == "" {
		return false
	}
	c := f.calls[o.call]
	return c != nil && c.personal && c.phase < PhaseReserved
}

// nextPromise is when the next callback of an operator who is free is due.
func (f *Floor) nextPromise() (next time.Time) {
	if f.state != contactdb.Running || len(f.promises) == 0 {
		return next
	}
	for _, o := range f.staff {
		at, promised := f.promises[o.name]
		if promised && o.state == pacing.Ready && !o.away() && at.After(f.now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}
