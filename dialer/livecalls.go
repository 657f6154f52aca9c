package dialer

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/media"
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

	// Of the customer's sound, once there is any.
	Codec    string  `json:"codec,omitempty"` // PCMA or PCMU
	Lost     float64 `json:"lost"`            // share of the packets that were to come
	JitterMS int64   `json:"jitter_ms"`
	// How the far end hears us, by its reports (RTCP); left out while it sends none.
	FarLost     float64 `json:"far_lost,omitempty"`
	FarJitterMS int64   `json:"far_jitter_ms,omitempty"`
	RoundTripMS int64   `json:"round_trip_ms,omitempty"`
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
		l.look(func(f *floor.Floor) {
			for id, c := range l.calls {
				on, here := f.Call(id)
				if !here {
					continue
				}
				v := LiveCall{
					Attempt: id, Campaign: l.name, Phone: c.a.Contact.Phone, Number: c.a.Number, State: on.Phase.String(),
					ForMS: now.Sub(c.a.LeasedAt).Milliseconds(), Operator: on.Operator, Trunk: on.Trunk,
				}
				v.sound(c.sound.Load())
				all = append(all, v)
			}
		})
	}
	slices.SortFunc(all, func(a, b LiveCall) int {
		return cmp.Or(-cmp.Compare(a.ForMS, b.ForMS), cmp.Compare(a.Attempt, b.Attempt))
	})
	return all
}

// sound fills in how the customer is heard.
func (v *LiveCall) sound(m *media.Session) {
	if m == nil {
		return
	}
	st := m.Stats()
	if st.Received == 0 {
		return
	}
	v.Codec, v.JitterMS = m.Codec().String(), st.Jitter.Milliseconds()
	v.Lost = float64(st.Lost) / float64(st.Received+st.Lost)
	v.FarLost, v.FarJitterMS, v.RoundTripMS = st.Far.Lost, st.Far.Jitter.Milliseconds(), st.Far.RoundTrip.Milliseconds()
}

// HangUpCall ends a call in the air for a supervisor, in whatever state it is;
// a person who has answered and talked to nobody counts as abandoned. It gives
// the call as it was. ErrNotFound if there is none (any more).
func (s *Service) HangUpCall(attempt string) (LiveCall, error) {
	over := fmt.Errorf("call %q: %w; it may have ended, see the live calls", attempt, contactdb.ErrNotFound)
	all := s.LiveCalls()
	at := slices.IndexFunc(all, func(c LiveCall) bool { return c.Attempt == attempt })
	if at < 0 {
		return LiveCall{}, over
	}
	c := s.callOf(all[at])
	if c == nil {
		return LiveCall{}, over
	}
	return all[at], c.ask(func() error {
		if c.sip == nil || c.gone() {
			return fmt.Errorf("%w: there is nobody on the line any more", contactdb.ErrState)
		}
		c.giveUp(contactdb.Cancelled)
		return nil
	})
}

func (s *Service) callOf(v LiveCall) (c *call) {
	if l := s.floorOf(v.Campaign); l != nil {
		l.look(func(*floor.Floor) { c = l.calls[v.Attempt] })
	}
	return c
}
