package world

import (
	"slices"
	"strconv"
	"time"

	"apel/pacing"
)

// desk is the built-in floor: operators by longest wait, people queue up to the
// limit, a policy asked on every event.
type desk struct {
	policy  Policy
	c       *Config
	snap    pacing.Snapshot
	ids     []int       // of snap.Calls
	at      map[int]int // call to its place in snap.Calls
	traits  map[int][]pacing.Trait
	queue   []queued
	talk    []time.Time // since when each operator talks or writes up
	out     []Action
	last    pacing.Decision
	lastAt  time.Time
	ready   int
	waiting pacing.Waiting
	decided int
}

// queued is a person who waits for an operator.
type queued struct {
	call     int
	deadline time.Time
}

func newDesk(c *Config, p Policy) *desk {
	d := &desk{policy: p, c: c, at: map[int]int{}, traits: map[int][]pacing.Trait{}, lastAt: Begin}
	d.snap.Horizon = Begin.Add(time.Duration(c.Hours * float64(time.Hour)))
	for i := range c.Operators {
		d.snap.Operators = append(d.snap.Operators, pacing.Operator{Name: "op" + strconv.Itoa(i+1), Since: Begin})
	}
	d.talk = make([]time.Time, c.Operators)
	return d
}

// Handle takes one happening.
func (d *desk) Handle(now time.Time, h Happening) []Action {
	d.waiting.Add(now.Sub(d.lastAt), d.ready, d.last)
	d.lastAt = now
	if h.Kind == Placed {
		d.placed(now, h)
		return nil
	}
	d.out = d.out[:0]
	d.hear(now, h)
	d.serve(now)
	if h.Kind != Closing {
		d.decide(now, h)
	}
	return d.out
}

func (d *desk) hear(now time.Time, h Happening) {
	switch h.Kind {
	case SignedIn, CameBack:
		d.operator(h.Operator, pacing.Ready, now)
		d.snap.Operators[h.Operator].Leaving = false
	case WrapOver:
		d.snap.Operators[h.Operator].FreeAt = time.Time{}
		d.observe(pacing.Event{Kind: pacing.WrapEnded, At: now, Operator: d.snap.Operators[h.Operator].Name, Age: now.Sub(d.talk[h.Operator])})
		d.operator(h.Operator, pacing.Ready, now)
	case GoingAway:
		d.snap.Operators[h.Operator].Leaving = true
	case WentAway:
		d.operator(h.Operator, pacing.NotReady, now)
	case TalkOver:
		d.observe(pacing.Event{Kind: pacing.TalkEnded, At: now, Operator: d.snap.Operators[h.Operator].Name, Age: now.Sub(d.talk[h.Operator])})
		d.talk[h.Operator] = now
		d.operator(h.Operator, pacing.WrapUp, now)
		d.snap.Operators[h.Operator].FreeAt = h.Until
	case RingingNow, Answered:
		d.progress(now, h)
	case VerdictLive:
		d.settle(now, h.Call, pacing.CallLive)
		d.snap.Live++
		d.snap.Calls[d.at[h.Call]].Phase = pacing.Queued
		d.queue = append(d.queue, queued{h.Call, now.Add(d.c.Limit)})
	case VerdictOther:
		d.settle(now, h.Call, pacing.CallMachine)
		d.remove(h.Call)
	case Unanswered:
		d.settle(now, h.Call, pacing.CallUnanswered)
		d.remove(h.Call)
	}
}

func (d *desk) placed(now time.Time, h Happening) {
	d.at[h.Call] = len(d.snap.Calls)
	d.ids = append(d.ids, h.Call)
	c := pacing.Call{PlacedAt: now, Chance: h.Chance}
	if d.c.SetUp == 0 {
		c.Phase, c.RingingAt = pacing.Ringing, now
	}
	d.snap.Calls = append(d.snap.Calls, c)
	if len(h.Traits) > 0 {
		d.traits[h.Call] = h.Traits
	}
	d.observe(pacing.Event{Kind: pacing.CallPlaced, At: now, Chance: h.Chance})
}

func (d *desk) progress(now time.Time, h Happening) {
	c := &d.snap.Calls[d.at[h.Call]]
	k := pacing.CallRinging
	if h.Kind == Answered {
		k = pacing.CallAnswered
		c.Phase, c.AnsweredAt = pacing.Screening, now
	} else {
		c.Phase, c.RingingAt = pacing.Ringing, now
	}
	d.observe(pacing.Event{Kind: k, At: now, Age: now.Sub(c.PlacedAt), Chance: c.Chance})
}

// settle tells what a call turned out to be.
func (d *desk) settle(now time.Time, id int, k pacing.EventKind) {
	c := &d.snap.Calls[d.at[id]]
	e := pacing.Event{Kind: k, At: now, Age: now.Sub(c.PlacedAt), Rang: now.Sub(c.PlacedAt), Chance: c.Chance, Traits: d.traits[id]}
	if c.Phase == pacing.Screening {
		e.Rang = c.AnsweredAt.Sub(c.PlacedAt)
	}
	if !c.RingingAt.IsZero() {
		e.Rung, e.SetUp = true, c.RingingAt.Sub(c.PlacedAt)
	}
	delete(d.traits, id)
	d.observe(e)
}

func (d *desk) observe(e pacing.Event) { d.policy.Observe(e) }

func (d *desk) remove(id int) {
	i, last := d.at[id], len(d.ids)-1
	delete(d.at, id)
	if i != last {
		d.ids[i], d.snap.Calls[i] = d.ids[last], d.snap.Calls[last]
		d.at[d.ids[i]] = i
	}
	d.ids, d.snap.Calls = d.ids[:last], d.snap.Calls[:last]
}

func (d *desk) operator(op int, s pacing.OperatorState, now time.Time) {
	o := &d.snap.Operators[op]
	if o.State == pacing.Ready {
		d.ready--
	}
	if s == pacing.Ready {
		d.ready++
	}
	o.State, o.Since = s, now
}

// serve bridges those who wait and lets go those who waited too long.
func (d *desk) serve(now time.Time) {
	for len(d.queue) > 0 {
		q, op := d.queue[0], d.longest()
		switch {
		case op >= 0:
			d.observe(pacing.Event{Kind: pacing.CallBridged, At: now, Operator: d.snap.Operators[op].Name})
			d.operator(op, pacing.Talking, now)
			d.talk[op] = now
			d.out = append(d.out, Action{Kind: Bridge, Call: q.call, Operator: op})
		case !now.Before(q.deadline):
			d.observe(pacing.Event{Kind: pacing.CallAbandoned, At: now})
			d.snap.Abandoned++
			d.out = append(d.out, Action{Kind: Abandon, Call: q.call})
		default:
			d.out = append(d.out, Action{Kind: Wake, At: q.deadline})
			return
		}
		d.remove(q.call)
		d.queue = slices.Delete(d.queue, 0, 1)
	}
}

// longest is the ready operator who has waited longest, or -1.
func (d *desk) longest() int {
	best := -1
	if d.ready == 0 {
		return best
	}
	for i := range d.snap.Operators {
		o := &d.snap.Operators[i]
		if o.State == pacing.Ready && (best < 0 || o.Since.Before(d.snap.Operators[best].Since)) {
			best = i
		}
	}
	return best
}

func (d *desk) decide(now time.Time, h Happening) {
	d.snap.Now, d.snap.Lines, d.snap.Contacts = now, h.Lines, h.Contacts
	d.snap.RateBound, d.snap.Closed = h.Slow, h.Closed
	d.snap.Candidates, d.snap.Choose = h.Next, h.Choose
	d.last = d.policy.Decide(d.snap)
	d.decided++
	for _, i := range d.last.Cancel {
		d.out = append(d.out, Action{Kind: Cancel, Call: d.ids[i]})
	}
	slices.Sort(d.last.Cancel)
	for _, i := range slices.Backward(d.last.Cancel) {
		d.settle(now, d.ids[i], pacing.CallUnanswered)
		d.remove(d.ids[i])
	}
	if d.last.Place > 0 {
		d.out = append(d.out, Action{Kind: Place, Count: d.last.Place, Picks: d.last.Picks})
	}
	if d.last.Again > 0 {
		d.out = append(d.out, Action{Kind: Wake, At: now.Add(d.last.Again)})
	}
}
