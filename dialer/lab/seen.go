package lab

import (
	"slices"
	"time"
)

// Seen is the truth about one INVITE: who was called, what they are, and what
// happened. Zero times did not happen.
type Seen struct {
	CallID   string
	Number   string
	CallerID string
	Attempt  int // of this number, from 1
	Kind     Kind
	Truth    Truth

	At        time.Time // the INVITE arrived
	Ringing   time.Time // the first 18x left
	Answered  time.Time // the 200 left
	Acked     time.Time
	Cancelled time.Time // a CANCEL arrived before the final response
	Ended     time.Time // zero: still live
	EndedBy   string    // "caller", "callee" or "carrier"
	Status    int       // final response

	FirstHeard time.Time     // the first sound from the caller's side
	LastHeard  time.Time     // the latest
	Heard      time.Duration // sound from the caller's side
	Said       time.Duration // sound of the callee
	Packets    uint64        // of RTP that arrived

	Violations []string // rules that the caller broke
}

func (s *Seen) violate(what string) {
	if !slices.Contains(s.Violations, what) {
		s.Violations = append(s.Violations, what)
	}
}

// Seen lists every INVITE in the order of arrival; calls still live are as they
// are now.
func (c *Carrier) Seen() []Seen {
	c.mu.Lock()
	defer c.mu.Unlock()
	for call := range c.live {
		call.measure()
	}
	out := make([]Seen, len(c.seen))
	for i, s := range c.seen {
		out[i] = *s
		out[i].Violations = slices.Clone(s.Violations)
	}
	return out
}
