package dialer

import (
	"cmp"
	"slices"
	"time"
)

// LiveCall is a call in the air as a supervisor sees one.
type LiveCall struct {
	Attempt  string `json:"attempt"`
	Campaign string `json:"campaign"`
	Phone    string `json:"phone"` // E.164, whole: whoever shows it masks it
	Number   int    `json:"number"`
	State    string `json:"state"`  // dialing, ringing, screening, queued, reserved, bridged, closing, wrap-up
	ForMS    int64  `json:"for_ms"` // since it was leased
	Operator string `json:"operator,omitempty"`
	Trunk    string `json:"trunk,omitempty"`
}

// LiveCalls are the calls of all floors, the oldest first.
func (s *Service) LiveCalls() []LiveCall {
	s.mu.Lock()
	loops := make([]*loop, 0, len(s.loops))
	for _, l := range s.loops {
		loops = append(loops, l)
	}
	s.mu.Unlock()
	all := []LiveCall{}
	for _, l := range loops {
		now := time.Now()
		l.look(func(f *Floor) {
			for id, c := range l.calls {
				on := f.calls[id]
				if on == nil {
					continue
				}
				all = append(all, LiveCall{
					Attempt: id, Campaign: l.name, Phone: c.a.Contact.Phone, Number: c.a.Number, State: on.phase.String(),
					ForMS: now.Sub(c.a.LeasedAt).Milliseconds(), Operator: on.operator, Trunk: on.trunk,
				})
			}
		})
	}
	slices.SortFunc(all, func(a, b LiveCall) int {
		return cmp.Or(-cmp.Compare(a.ForMS, b.ForMS), cmp.Compare(a.Attempt, b.Attempt))
	})
	return all
}
