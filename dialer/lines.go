package dialer

import (
	"apel/contactdb"
	"apel/dialer/ua"
)

// line is a trunk with the calls that it can still take.
type line struct {
	trunk string
	free  int
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

// linesOf counts what the trunks can take: channels, less the calls on them,
// less the calls that were leased for them and have not reached them yet.
func (s *Service) linesOf(trunks []string) lines {
	if s.ua == nil {
		return nil
	}
	states := map[string]ua.TrunkState{}
	for _, t := range s.ua.Trunks() {
		states[t.Name] = t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var l lines
	for _, name := range trunks {
		if t := states[name]; t.Up {
			l = append(l, line{name, t.Channels - t.InUse - s.booked[name]})
		}
	}
	return l
}

func (s *Service) freeLines(trunks []string) int {
	n := 0
	for _, l := range s.linesOf(trunks) {
		n += max(l.free, 0)
	}
	return n
}

// book keeps a place for calls that were leased, until sent.
func (s *Service) book(attempts []contactdb.Attempt) {
	s.mu.Lock()
	defer s.mu.Unlock()
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
