package floor

import (
	"fmt"
	"slices"
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// A call's way over its floor.

// Phase is how far a call has come, as its floor sees it.
type Phase uint8

const (
	PhasePreview   Phase = iota // leased; an operator looks at the contact
	PhaseDialing                // leased; the INVITE is on its way
	PhaseRinging                // the far end rings
	PhaseScreening              // answered, the detector listens
	PhaseQueued                 // a person waits for an operator
	PhaseReserved               // an operator is being joined
	PhaseBridged                // talking
	PhaseClosing                // no operator came: the message plays; or it is being hung up
	PhaseWrapUp                 // the customer is gone, the operator notes the result
)

var phaseNames = [...]string{"preview", "dialing", "ringing", "screening", "queued", "reserved", "bridged", "closing", "wrap-up"}

func (p Phase) String() string { return phaseNames[p] }

// transitions are the only moves a call makes on a floor; a call leaves the
// floor from any phase when it is settled.
var transitions = map[Phase][]Phase{
	PhasePreview:   {PhaseDialing, PhaseClosing},
	PhaseDialing:   {PhaseRinging, PhaseScreening, PhaseClosing},
	PhaseRinging:   {PhaseScreening, PhaseClosing},
	PhaseScreening: {PhaseQueued, PhaseClosing},
	PhaseQueued:    {PhaseReserved, PhaseClosing},
	PhaseReserved:  {PhaseBridged, PhaseQueued, PhaseClosing},
	PhaseBridged:   {PhaseWrapUp, PhaseQueued, PhaseReserved, PhaseClosing},
	PhaseClosing:   {},
	PhaseWrapUp:    {},
}

type call struct {
	id       string
	phase    Phase
	operator string    // from Reserved on
	second   string    // the colleague whom that one asks
	away     bool      // the customer talks on with somebody outside
	bridged  bool      // has been bridged once
	lost     bool      // is counted as abandoned
	deadline time.Time // Queued: until when an operator may come
	view     pacing.Call
	trunk    string
	traits   []pacing.Trait
	personal bool      // its operator waits for it from the start
	decideBy time.Time // Preview: until when the operator decides
}

// begin puts a leased call on the floor.
func (f *Floor) begin(l LeasedCall, in Input) *call {
	c := &call{id: l.ID, phase: PhaseDialing, trunk: l.Trunk, traits: l.Traits, view: pacing.Call{Phase: pacing.Dialing, PlacedAt: f.now, Chance: l.Chance}}
	if c.view.Chance == 0 {
		c.view.Chance = f.pacer.Chance(l.Traits)
	}
	f.calls[l.ID] = c
	f.in[c.phase]++
	f.queueUp(c)
	f.learn(pacing.CallPlaced, c, in)
	if f.state != contactdb.Running { // stopped or paused while the lease was on its way
		f.hangup(c)
	}
	return c
}

func (f *Floor) leased(in Input) {
	f.next.taken(in.Calls)
	if in.Manual {
		f.dialed(in)
		return
	}
	if in.Operator != "" {
		f.leasedFor(in)
		return
	}
	f.fulfilled = len(in.Calls) == f.leasing && !f.stale
	f.leasing = 0
	for _, l := range in.Calls {
		c := f.begin(l, in)
		if l.Preview && c.phase == PhaseDialing {
			f.preview(c)
		}
	}
	if f.stale {
		f.stale = false
		return
	}
	f.exhausted, f.closed = in.Exhausted, in.Closed
	if !in.NextAt.IsZero() || in.Exhausted {
		f.noneUntil = in.NextAt
	}
}

// callChanged moves a call along.
func (f *Floor) callChanged(c *call, in Input) {
	if c.phase == PhasePreview && in.Kind != InSettled { // not placed yet
		return
	}
	switch in.Kind {
	case InRinging:
		if c.phase == PhaseDialing {
			f.move(c, PhaseRinging)
			c.view.Phase, c.view.RingingAt = pacing.Ringing, f.now
			f.learn(pacing.CallRinging, c, in)
		}
	case InAnswered:
		if c.phase <= PhaseRinging {
			f.move(c, PhaseScreening)
			c.view.Phase, c.view.AnsweredAt = pacing.Screening, f.now
			f.learn(pacing.CallAnswered, c, in)
		}
	case InHuman:
		if c.phase == PhaseScreening {
			f.live++
			f.move(c, PhaseQueued)
			c.view.Phase = pacing.Queued
			c.deadline = latest(in.Since.Add(f.set.Within), f.now)
			f.learn(pacing.CallLive, c, in)
		}
	case InMachine:
		switch {
		case c.phase <= PhaseScreening:
			f.move(c, PhaseClosing)
			f.learn(pacing.CallMachine, c, in)
			if o := f.operators[c.operator]; o != nil && o.call == c.id { // whose own call it was
				c.operator = ""
				f.free(o)
			}
		case c.phase <= PhaseReserved: // taken for a person until now
			f.move(c, PhaseClosing)
		}
	case InBridged:
		f.bridged(c, in)
	case InTalkEnded:
		f.talkEnded(c, in)
	case InFreed:
		f.freed(c, in)
	case InTakenBack:
		f.takenBack(c, in)
	case InSettled:
		f.settled(c, in)
	case InConsult:
		f.consulted(c, in)
	case InConsultOver:
		f.consultOver(c)
	case InHandedOver:
		f.handedOver(c, in)
	}
}

func (f *Floor) bridged(c *call, in Input) {
	if c.phase != PhaseReserved || c.operator != in.Operator { // with one who was lost since
		return
	}
	f.move(c, PhaseBridged)
	c.bridged = true
	if o := f.operators[c.operator]; o != nil {
		o.bridges++
		f.enter(o, pacing.Talking)
	}
	f.learn(pacing.CallBridged, c, in)
}

func (f *Floor) talkEnded(c *call, in Input) {
	c.away = in.Away
	if c.phase != PhaseBridged {
		f.awayAlone(c)
		return
	}
	f.move(c, PhaseWrapUp)
	f.consultOver(c)
	o := f.operators[c.operator]
	if o == nil || o.call != c.id {
		return
	}
	f.pacer.Observe(pacing.Event{Kind: pacing.TalkEnded, At: f.now, Operator: o.name, Age: f.now.Sub(o.since), Trunk: c.trunk})
	f.enter(o, pacing.WrapUp)
	o.wrapBy, o.freeAt = f.now.Add(f.set.WrapUp), in.Until
}

// settled lets go of a call that has its record, and of its operator.
func (f *Floor) settled(c *call, in Input) {
	delete(f.calls, c.id)
	f.line = without(f.line, c)
	f.in[c.phase]--
	f.comesBack(in.NextAt)
	f.consultOver(c)
	if c.phase == PhaseDialing || c.phase == PhaseRinging {
		f.learn(pacing.CallUnanswered, c, in)
	}
	lost := in.Outcome == contactdb.Abandoned
	f.lose(c, lost)
	switch live := lost || in.Outcome == contactdb.Human; {
	case live && !c.live(): // gone before the detector knew, or answered late, after we had given up
		f.live++
	case !live && c.live(): // no live answer after all
		f.live--
	}
	if lost {
		f.learn(pacing.CallAbandoned, c, in)
	}
	o := f.operators[c.operator]
	if o == nil || o.call != c.id {
		return
	}
	if o.state == pacing.WrapUp {
		f.pacer.Observe(pacing.Event{Kind: pacing.WrapEnded, At: f.now, Operator: o.name, Age: f.now.Sub(o.since), Disposition: in.Disposition})
	}
	f.free(o)
}

// release gives up a person for whom nobody is free. Pacing knows at once, not
// when the message has been heard.
func (f *Floor) release(c *call) {
	f.lose(c, !c.bridged)
	f.move(c, PhaseClosing)
	f.do(Action{Kind: DoRelease, Call: c.id})
}

// lose counts a call as abandoned, or not any more.
func (f *Floor) lose(c *call, lost bool) {
	switch {
	case lost && !c.lost:
		f.abandoned++
	case !lost && c.lost:
		f.abandoned--
	}
	c.lost = lost
}

// live says whether a call is counted as a live answer: who was taken for a person had to wait.
func (c *call) live() bool { return !c.deadline.IsZero() }

// move takes a call to a phase. A move that the table does not know is a
// mistake of the floor's; it is made, so that the call goes on, and Check tells.
func (f *Floor) move(c *call, to Phase) {
	if !slices.Contains(transitions[c.phase], to) {
		f.wrong = fmt.Errorf("call %s went from %s to %s", c.id, c.phase, to)
	}
	f.put(c, to)
}

func (f *Floor) put(c *call, to Phase) {
	f.in[c.phase]--
	f.in[to]++
	c.phase = to
}

// ordered are the calls, the oldest first: ids grow. Only to be read, and not
// while calls are settled.
func (f *Floor) ordered() []*call { return f.line }

// those are the calls, or none if none is in the phase: there is seldom one that
// waits.
func (f *Floor) those(p Phase) []*call {
	if f.in[p] == 0 {
		return nil
	}
	return f.line
}

// queueUp puts a call into the order of ids: at the end, as they grow.
func (f *Floor) queueUp(c *call) {
	at := len(f.line)
	for at > 0 && f.line[at-1].id > c.id {
		at--
	}
	f.line = slices.Insert(f.line, at, c)
}
