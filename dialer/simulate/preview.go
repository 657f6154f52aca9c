package simulate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/pacing/world"
)

// defaultLook is how long a simulated operator looks at a contact in preview.
const defaultLook = 10 * time.Second

// previews are the contacts that simulated operators look at: each for as
// long, then they have it called, or skip it.
type previews struct {
	on     bool
	look   time.Duration
	skip   float64 // share
	chance *rand.Rand
	wanted int            // contacts that the floor has asked for
	last   int            // number of the last one shown
	shown  []looking      // the first to be decided first
	dialed []string       // given to the world to call, in order
	ids    map[int]string // of the world's calls
}

// looking is a contact that an operator looks at.
type looking struct {
	call, operator string
	until          time.Time
}

// id is what the floor calls a call of the world.
func (s *simulated) id(n int) string {
	if s.looks.on {
		return s.looks.ids[n]
	}
	return callID(n)
}

// decide has those called who were looked at long enough, and lets go of what
// the world did not call.
func (s *simulated) decide(now time.Time) {
	p := &s.looks
	s.ins = append(s.ins, s.rings...)
	s.rings = s.rings[:0]
	for _, call := range p.dialed {
		s.gone(call, contactdb.Cancelled)
	}
	p.dialed = p.dialed[:0]
	for len(p.shown) > 0 && !p.shown[0].until.After(now) {
		in := floor.Input{Kind: floor.InAccept, Operator: p.shown[0].operator}
		if p.skip > 0 && p.chance.Float64() < p.skip {
			in.Kind, in.Reason = floor.InSkip, "skipped"
		}
		s.ins = append(s.ins, in)
		p.shown = slices.Delete(p.shown, 0, 1)
	}
}

// show leases as many contacts as the floor has asked for; the world has them
// called later.
func (s *simulated) show(h world.Happening) {
	p := &s.looks
	n := p.wanted
	if h.Contacts >= 0 {
		n = min(n, h.Contacts-len(p.shown)-len(p.dialed))
	}
	if h.Closed {
		n = 0
	}
	for range n {
		p.last++
		s.placed = append(s.placed, floor.LeasedCall{ID: fmt.Sprintf("p%012d", p.last), Trunk: "world", Preview: true})
	}
}

// begin is the beginning of an operator's look at a contact.
func (p *previews) begin(call, operator string, now time.Time) {
	p.shown = append(p.shown, looking{call, operator, now.Add(p.look)})
}

// drop ends it.
func (p *previews) drop(call string) {
	p.shown = slices.DeleteFunc(p.shown, func(x looking) bool { return x.call == call })
}
