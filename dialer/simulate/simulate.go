// Package simulate runs shifts of the production floor and its pacer in a
// simulated centre (pacing/world), in virtual time and without a network: what
// the world lets a dialer hear becomes inputs of a dialer/floor, the floor's
// actions become the world's. A Book judges contacts by a campaign's rules,
// WorldOf takes a world from call records, a Study runs many shifts and compares
// them. The same configuration gives the
// same shift; nothing here knows the service, its store or its lines.
package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/pacing"
	"apel/pacing/world"
)

// Shift lives through a shift of a simulated centre with the production
// floor and its pacer, in virtual time and without a network. The same
// configuration gives the same shift.
func Shift(c world.Config, policy string, set floor.Settings) world.Result {
	s := newSimulated(&c, set)
	r := world.RunFloor(c, policy, s)
	_, r.Decisions = s.f.Grounds()
	r.IdleMS, r.IdleCauses = s.f.Waited().Milliseconds()
	if s.looks.on {
		r.LookingMS = max(r.SignedInMS-int64(math.Round(r.Occupancy*float64(r.SignedInMS)))-r.IdleMS, 0)
	}
	if b, ok := c.Book.(*Book); ok {
		r.FinishedMS = 0
		if b.done() {
			r.FinishedMS = b.last.Sub(world.Begin).Milliseconds()
		}
	}
	return r
}

// simulated is a floor in a simulated world: what the world lets it hear
// becomes inputs, its actions become the world's.
type simulated struct {
	f       *floor.Floor
	pacer   *pacing.Pacer
	c       *world.Config
	ids     map[string]int // the world's numbers of calls
	has     map[int]string // an operator's call
	names   []string
	number  map[string]int
	placed  []floor.LeasedCall // since the last lease was asked for
	rings   []floor.Input      // of these, where ringing begins at once
	asked   bool
	ins     []floor.Input
	out     []world.Action
	next    []floor.Ahead
	day     time.Time // of the window that the regulator counts
	horizon time.Time // when the shift ends, until the floor knows
	looks   previews
}

func newSimulated(c *world.Config, set floor.Settings) *simulated {
	s := &simulated{c: c, ids: map[string]int{}, has: map[int]string{}, number: map[string]int{}}
	if set.WrapUp == 0 {
		set.WrapUp = 24 * time.Hour
	}
	if set.Pacing.Mode == pacing.Preview {
		s.looks = previews{on: true, look: c.Look, skip: c.Skip, chance: rand.New(rand.NewPCG(c.Seed, 7)), ids: map[int]string{}}
		if c.Look == 0 {
			s.looks.look = defaultLook
		}
		set.Countdown = max(set.Countdown, s.looks.look+time.Second)
	}
	s.pacer = pacing.New(set.Pacing)
	s.f = floor.New(set, s.pacer, contactdb.Running)
	if c.Hours <= 24 {
		s.horizon = world.Begin.Add(time.Duration(c.Hours * float64(time.Hour)))
	}
	for i := range max(c.Operators, 10) {
		name := fmt.Sprintf("op%05d", i+1)
		s.names, s.number[name] = append(s.names, name), i
	}
	return s
}

func callID(n int) string { return fmt.Sprintf("a%012d", n) }

// Chance is what the floor's pacer makes of a contact's traits.
func (s *simulated) Chance(traits []pacing.Trait) float64 { return s.pacer.Chance(traits) }

// Handle takes what the world lets a dialer hear.
func (s *simulated) Handle(now time.Time, h world.Happening) []world.Action {
	s.out = s.out[:0]
	if h.Kind == world.Placed {
		s.took(now, h)
		return nil
	}
	s.ins = s.ins[:0]
	if day := now.Truncate(24 * time.Hour); day.After(s.day) {
		s.day = day
		s.ins = append(s.ins, floor.Input{Kind: floor.InWindow, Horizon: s.horizon})
		s.horizon = time.Time{}
	}
	if s.looks.on {
		s.decide(now)
	}
	s.lease(now, h)
	s.hear(now, h)
	for len(s.ins) > 0 {
		for i := range s.ins {
			s.ins[i].At, s.ins[i].Lines, s.ins[i].Slow = now, min(h.Lines, math.MaxInt32), h.Slow
		}
		actions := s.f.Step(s.ins...)
		s.ins = s.ins[:0]
		for _, a := range actions {
			s.perform(now, a)
		}
	}
	if next := s.f.Next(); !next.IsZero() && !s.asked {
		s.out = append(s.out, world.Action{Kind: world.Wake, At: notBefore(next, now)})
	}
	if len(s.looks.shown) > 0 {
		s.out = append(s.out, world.Action{Kind: world.Wake, At: s.looks.shown[0].until})
	}
	return s.out
}

// took takes a call that the world has placed for us.
func (s *simulated) took(now time.Time, h world.Happening) {
	id := callID(h.Call)
	if p := &s.looks; p.on {
		id, p.dialed = p.dialed[0], p.dialed[1:]
		p.ids[h.Call] = id
	}
	s.ids[id] = h.Call
	if !s.looks.on {
		s.placed = append(s.placed, floor.LeasedCall{ID: id, Trunk: "world", Chance: h.Chance, Traits: h.Traits})
	}
	if s.c.SetUp <= 0 {
		s.rings = append(s.rings, floor.Input{Kind: floor.InRinging, Call: id})
	}
}

// lease tells what came of the last lease.
func (s *simulated) lease(now time.Time, h world.Happening) {
	if !s.asked {
		return
	}
	s.asked = false
	if s.looks.on {
		s.show(h)
	}
	in := floor.Input{Kind: floor.InLeased, Calls: s.placed, NextAt: s.later(now, h), Exhausted: len(s.placed) == 0 && h.Contacts == 0 && h.NextAt.IsZero()}
	s.ins = append(s.ins, in)
	s.ins = append(s.ins, s.rings...)
	s.placed, s.rings = nil, s.rings[:0]
}

func (s *simulated) hear(now time.Time, h world.Happening) {
	add := func(in floor.Input) { s.ins = append(s.ins, in) }
	if len(h.Next) > 0 {
		s.ahead(h)
	}
	dry, closed := s.f.Dry()
	switch {
	case h.Closed:
		s.f.Close(notBefore(h.NextAt, now.Add(time.Minute)))
	case closed, h.Contacts > 0 && !dry.IsZero(): // the hours have begun, or a retry is due
		add(floor.Input{Kind: floor.InContacts})
	}
	operator := ""
	if h.Operator < len(s.names) {
		operator = s.names[h.Operator]
	}
	switch h.Kind {
	case world.SignedIn, world.CameBack:
		add(floor.Input{Kind: floor.InOperator, Operator: operator, Present: true, Ready: true})
	case world.GoingAway:
		add(floor.Input{Kind: floor.InOperator, Operator: operator, Present: true, Reason: "break"})
	case world.WentAway:
		add(floor.Input{Kind: floor.InOperator, Operator: operator, Present: true, Reason: "break"})
		s.settle(h.Operator)
	case world.RingingNow:
		add(floor.Input{Kind: floor.InRinging, Call: s.id(h.Call)})
	case world.Answered:
		add(floor.Input{Kind: floor.InAnswered, Call: s.id(h.Call)})
	case world.VerdictLive:
		add(floor.Input{Kind: floor.InHuman, Call: s.id(h.Call), Since: now})
	case world.VerdictOther:
		add(floor.Input{Kind: floor.InMachine, Call: s.id(h.Call)})
		s.gone(s.id(h.Call), contactdb.Machine)
	case world.Unanswered:
		s.gone(s.id(h.Call), contactdb.NoAnswer)
	case world.TalkOver:
		add(floor.Input{Kind: floor.InTalkEnded, Call: s.has[h.Operator], Operator: operator, Until: h.Until})
	case world.WrapOver:
		s.settle(h.Operator)
	default:
		add(floor.Input{Kind: floor.InTick})
	}
}

// later is when there may be contacts again, if there are none now.
func (s *simulated) later(now time.Time, h world.Happening) time.Time {
	if len(s.placed) > 0 {
		return time.Time{}
	}
	if s.looks.on && h.Contacts != 0 {
		return now.Add(time.Second) // others look at those who are left
	}
	if h.Contacts != 0 {
		return time.Time{}
	}
	return h.NextAt
}

// ahead shows the floor who is next.
func (s *simulated) ahead(h world.Happening) {
	s.next = s.next[:0]
	for _, c := range h.Next {
		s.next = append(s.next, floor.Ahead{Chance: c.Chance})
	}
	s.ins = append(s.ins, floor.Input{Kind: floor.InAhead, Ahead: s.next, Choose: h.Choose})
}

// settle ends the call that an operator has noted the result of.
func (s *simulated) settle(op int) {
	if id, ok := s.has[op]; ok {
		delete(s.has, op)
		s.gone(id, contactdb.Human)
	}
}

func (s *simulated) gone(id, outcome string) {
	if n, ok := s.ids[id]; ok {
		delete(s.looks.ids, n)
	}
	delete(s.ids, id)
	s.ins = append(s.ins, floor.Input{Kind: floor.InSettled, Call: id, Outcome: outcome})
}

// perform does what the floor wants, by the world's means.
func (s *simulated) perform(now time.Time, a floor.Action) {
	switch a.Kind {
	case floor.DoLease:
		s.asked = true
		if s.looks.on {
			s.looks.wanted = a.N
			s.out = append(s.out, world.Action{Kind: world.Wake, At: now})
			return
		}
		s.out = append(s.out, world.Action{Kind: world.Place, Count: a.N, Picks: a.Picks}, world.Action{Kind: world.Wake, At: now})
	case floor.DoConnect:
		op := s.number[a.Operator]
		s.has[op] = a.Call
		s.out = append(s.out, world.Action{Kind: world.Bridge, Call: s.ids[a.Call], Operator: op})
		s.ins = append(s.ins, floor.Input{Kind: floor.InBridged, Call: a.Call, Operator: a.Operator})
	case floor.DoRelease:
		s.out = append(s.out, world.Action{Kind: world.Abandon, Call: s.ids[a.Call]})
		s.gone(a.Call, contactdb.Abandoned)
	case floor.DoPreview:
		s.looks.begin(a.Call, a.Operator, now)
	case floor.DoPlace:
		s.looks.dialed = append(s.looks.dialed, a.Call)
		s.out = append(s.out, world.Action{Kind: world.Place, Count: 1}, world.Action{Kind: world.Wake, At: now})
	case floor.DoSkip:
		s.looks.drop(a.Call)
		s.gone(a.Call, contactdb.Cancelled)
	case floor.DoHangup:
		if _, placed := s.ids[a.Call]; !placed { // looked at still
			s.looks.drop(a.Call)
			s.gone(a.Call, contactdb.Cancelled)
			return
		}
		s.out = append(s.out, world.Action{Kind: world.Cancel, Call: s.ids[a.Call]})
		s.gone(a.Call, contactdb.Cancelled)
	}
}

// notBefore is at, or now if at is earlier.
func notBefore(at, now time.Time) time.Time { return now.Add(max(0, at.Sub(now))) }
