package dialer

import (
	"apel/contactdb"
	"apel/dialer/ua"
)

// line is a trunk with the calls that it can still take.
type line struct {
	trunk string
	free  int
	slow  bool // by its calls a second
}

// lines are the trunks of a campaign that are up, in order of preference.
type lines []line

// pick takes a line; "" if none is free.
func (l lines) pick() string {
	for i := range l {
		if l[i].free > 0 {
			l[i].free--
			return l[i].trunk
		}
	}
	return ""
}

// next is the trunk that pick would give, or would once a line is free.
func (l lines) next() string {
	for i := range l {
		if l[i].free > 0 {
			return l[i].trunk
		}
	}
	if len(l) > 0 {
		return l[0].trunk
	}
	return ""
}

// all counts the calls that the lines can still take.
func (l lines) all() (n int) {
	for i := range l {
		n += l[i].free
	}
	return n
}

// sendAhead is how long a call that is leased now may wait for its trunk's
// turn: well within sendWithin, after which it would not be sent at all.
const sendAhead = sendWithin / 2

// linesOf counts what the trunks can take: channels, less the calls on them,
// less the calls that were leased for them and have not reached them yet; and
// no more of these than get their turn in time.
func (s *Service) linesOf(trunks []string) lines {
	states := s.trunkStates()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free(trunks, states)
}

func (s *Service) trunkStates() map[string]ua.TrunkState {
	states := map[string]ua.TrunkState{}
	if s.ua == nil {
		return states
	}
	for _, t := range s.ua.Trunks() {
		states[t.Name] = t
	}
	return states
}

// free is linesOf with mu held.
func (s *Service) free(trunks []string, states map[string]ua.TrunkState) lines {
	var l lines
	for _, name := range trunks {
		if t := states[name]; t.Up {
			turns := max(int(t.CPS*sendAhead.Seconds()), 1)
			l = append(l, line{name, min(t.Channels-t.InUse, turns) - s.booked[name], turns < t.Channels-t.InUse})
		}
	}
	return l
}

// reserve takes up to n free lines for a lease, so that no other campaign
// counts on them meanwhile; book gives back what the lease did not use.
func (s *Service) reserve(trunks []string, n int) lines {
	states := s.trunkStates()
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.free(trunks, states)
	for i := range l {
		l[i].free = min(max(l[i].free, 0), n)
		n -= l[i].free
		s.booked[l[i].trunk] += l[i].free
	}
	return l
}

// freeLines counts them; slow says that it is a trunk's calls a second, and not
// its channels, that allow no more.
func (s *Service) freeLines(trunks []string) (n int, slow bool) {
	for _, l := range s.linesOf(trunks) {
		n += max(l.free, 0)
		slow = slow || l.slow
	}
	return n, slow
}

// book keeps a place for calls that were leased, until sent, instead of what
// was reserved for them.
func (s *Service) book(reserved lines, attempts []contactdb.Attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range reserved {
		s.booked[l.trunk] -= l.free
	}
	for _, a := range attempts {
		s.booked[a.Trunk]++
	}
}

// sent: a call has reached its trunk, or never will.
func (s *Service) sent(trunk string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.booked[trunk]--
}
