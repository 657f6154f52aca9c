package floor

import (
	"cmp"
	"slices"
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// enter moves an operator into a state and accounts for the time in the old one.
func (f *Floor) enter(o *operator, to pacing.OperatorState) {
	f.account(o)
	if o.state != to {
		o.state = to
		f.do(Action{Kind: DoOperator, Operator: o.name, Call: o.call, Why: to.String()})
	}
}

// account adds the time since the last change to what it was spent on.
func (f *Floor) account(o *operator) {
	d := f.now.Sub(o.since)
	if o.state == pacing.Talking || o.state == pacing.WrapUp || f.looks(o) {
		o.worked += d
	}
	o.since = f.now
}

// operatorChanged takes in that a phone came or went, or that its operator
// became ready or not.
func (f *Floor) operatorChanged(in Input) {
	o := f.operators[in.Operator]
	if o == nil {
		if !in.Present {
			return
		}
		o = &operator{name: in.Operator, since: f.now, signedIn: f.now, readyFrom: f.now, lent: in.Lent}
		f.operators[in.Operator] = o
		f.staff = append(f.staff, o)
		slices.SortFunc(f.staff, func(a, b *operator) int { return cmp.Compare(a.name, b.name) })
	}
	o.present, o.reason, o.deaf = in.Present, in.Reason, in.Deaf
	if !in.Present {
		f.operatorLost(o)
		return
	}
	switch busy := o.call != ""; {
	case busy:
		o.leaving = !in.Ready
		if in.Deaf {
			f.deafened(o)
		}
	case in.Ready && o.state != pacing.Ready:
		o.readyFrom = f.now
		f.enter(o, pacing.Ready)
	case !in.Ready:
		f.enter(o, pacing.NotReady)
	}
}

// away says that an operator who seems to be free is not to be given anybody.
func (o *operator) away() bool { return o.aside || o.lent }

// listen lets an operator have their leg for themselves, to listen to a
// colleague on, unless somebody is being given to it; or takes it back.
func (f *Floor) listen(in Input) {
	o, a := f.operators[in.Operator], Action{Kind: DoLend, Operator: in.Operator, Ask: in.Ask}
	switch {
	case o == nil:
	case in.Ready && (o.call != "" || o.aside):
		a.Why = "operator-busy"
	default:
		o.lent = in.Ready
	}
	if in.Ready {
		f.do(a)
	}
}

// operatorLost takes an operator off the floor. A customer who was talking
// waits for another one: at once if somebody is free, else for the time that
// the rule gives to any who waits.
func (f *Floor) operatorLost(o *operator) {
	f.account(o)
	f.worked += o.worked
	f.left(o)
	if c := f.calls[o.call]; c != nil && !f.secondLost(o, c) && !f.firstLost(c) {
		switch c.phase {
		case PhasePreview:
			f.skip(c, operatorIs)
		case PhaseDialing, PhaseRinging, PhaseScreening, PhaseQueued: // placed for this operator: now anybody's
			c.operator, c.personal = "", false
		case PhaseReserved, PhaseBridged:
			f.move(c, PhaseQueued)
			c.operator, c.deadline = "", f.now.Add(f.set.Within)
		case PhaseWrapUp:
			f.do(Action{Kind: DoEndWrap, Call: c.id, Operator: o.name})
		}
	}
	o.call = ""
	f.do(Action{Kind: DoOperator, Operator: o.name, Why: "offline"})
	delete(f.operators, o.name)
	f.staff = without(f.staff, o)
}

// key is what operators do with the keys of a phone: # ends the conversation,
// 1 to 9 say its result, 0 that it will be said within soonReady. In preview, 0
// has the contact called, # skips it; with a colleague who is asked, # parts the two.
func (f *Floor) key(in Input) {
	o := f.operators[in.Operator]
	if o == nil || o.call == "" {
		return
	}
	switch {
	case f.looks(o) && in.Key == '0':
		f.accepted(o.name)
	case f.looks(o) && in.Key == '#':
		f.skipped(o.name, "skipped by key")
	case f.asks(o):
		if in.Key == '#' {
			f.do(Action{Kind: DoPart, Call: o.call, Operator: o.name})
		}
	case in.Key == '0' && o.state == pacing.WrapUp:
		f.readyIn(o, soonReady)
	case in.Key == '#' && o.state == pacing.Talking:
		f.do(Action{Kind: DoHangup, Call: o.call, Operator: o.name})
	case in.Key >= '1' && in.Key <= '9' && (o.state == pacing.Talking || o.state == pacing.WrapUp):
		f.do(Action{Kind: DoDispose, Call: o.call, Operator: o.name, Key: in.Key})
	}
}

// soonReady is what the key 0 promises in a wrap-up.
const soonReady = 10 * time.Second

// readyIn takes an operator's word on when the wrap-up will be over: pacing
// counts on it, and it ends then.
func (f *Floor) readyIn(o *operator, d time.Duration) {
	o.freeAt = f.now.Add(d)
	if o.wrapBy.IsZero() || o.freeAt.Before(o.wrapBy) {
		o.wrapBy = o.freeAt
	}
}

// stateChanged pauses, resumes, drains or stops. A stop ends every call that
// nobody talks on; a pause that comes after it, or after a drain, holds up nothing.
func (f *Floor) stateChanged(to contactdb.CampaignState) {
	if to == contactdb.Paused && f.state != contactdb.Running {
		return
	}
	f.state = to
	if to == contactdb.Running {
		f.fresh()
	}
	if to != contactdb.Running {
		f.skipAll(campaignRests)
	}
	if to != contactdb.Done {
		return
	}
	for _, c := range f.ordered() {
		switch {
		case c.phase < PhaseReserved:
			f.hangup(c)
		case c.phase == PhaseClosing && !c.away: // it may be leaving a message
			f.do(Action{Kind: DoHangup, Call: c.id})
		}
	}
}

// stop ends everything, conversations too.
func (f *Floor) stop() {
	f.state = contactdb.Done
	for _, c := range f.ordered() {
		switch {
		case c.phase < PhaseReserved:
			f.hangup(c)
		case c.phase == PhaseWrapUp:
			f.do(Action{Kind: DoEndWrap, Call: c.id, Operator: c.operator})
			if c.away {
				f.do(Action{Kind: DoHangup, Call: c.id})
			}
		default:
			f.do(Action{Kind: DoHangup, Call: c.id})
		}
	}
}

func (f *Floor) hangup(c *call) {
	f.move(c, PhaseClosing)
	f.do(Action{Kind: DoHangup, Call: c.id})
}

// Occupancy is the share of signed-in, not paused time that was worked.
func (f *Floor) Occupancy(now time.Time) float64 {
	worked, all := f.worked, f.worked+f.waited.Total()
	for _, o := range f.staff {
		w, d := o.worked, now.Sub(o.since)
		switch {
		case o.state == pacing.Talking || o.state == pacing.WrapUp || f.looks(o):
			w += d
		case o.state == pacing.Ready || o.state == pacing.Reserved:
			all += now.Sub(f.now) // until then it is in waited
		}
		worked, all = worked+w, all+w
	}
	if all == 0 {
		return 0
	}
	return float64(worked) / float64(all)
}
