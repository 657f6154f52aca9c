package pacing

// count is a snapshot in numbers.
type count struct {
	free    int // operators ready, not promised to a call
	talking int
	team    int // operators at work
	calls   int // calls in the air
	open    int // of them, without an operator reserved for them
}

func take(s Snapshot) count {
	n := count{calls: len(s.Calls)}
	reserved, answered := 0, 0
	for i := range s.Operators {
		if s.Operators[i].State != NotReady {
			n.team++
		}
		switch s.Operators[i].State {
		case Ready:
			// One who leaves after this call has no call any more: not to be counted on.
			if !s.Operators[i].Leaving {
				n.free++
			}
		case Reserved:
			reserved++
		case Talking:
			n.talking++
		}
	}
	for i := range s.Calls {
		if s.Calls[i].Phase >= Screening {
			answered++
		}
	}
	// A reserved operator covers an answered call; a promise whose call is not
	// among the calls covers nothing.
	n.open = n.calls - min(reserved, answered)
	return n
}

// room is how many calls the limits that no mode may pass allow, and which is
// the closest.
func room(set Settings, n count, s *Snapshot) (int, Cause) {
	m, by := max(s.Lines, 0), NoLines
	if s.RateBound {
		by = Rate
	}
	if r := max(set.MaxLines-n.calls-n.talking-max(s.Held, 0), 0); set.MaxLines > 0 && r < m {
		m, by = r, NoLines
	}
	if s.Contacts >= 0 && s.Contacts <= m {
		m, by = s.Contacts, NoContacts
	}
	if s.Closed {
		m, by = 0, Hours
	}
	return m, by
}

// sane returns settings that no absurd value can turn into harm.
func (s Settings) sane() Settings {
	if !(s.Ratio >= 1) {
		s.Ratio = 1
	}
	s.Ratio = min(s.Ratio, 50)
	if !(s.MaxAbandonment > 0) {
		s.MaxAbandonment = 0
	}
	s.MaxAbandonment = min(s.MaxAbandonment, 1)
	if !(s.Debt > 0) {
		s.Debt = 0
	}
	s.Debt = min(s.Debt, 1000)
	s.MaxLines = max(s.MaxLines, 0)
	return s
}
