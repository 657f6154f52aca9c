package lab

import (
	"time"

	"apel/media"
)

// visit is one customer on the leg.
type visit struct {
	from   time.Time
	heard  time.Duration
	first  time.Duration // from the connect tone to the first sound; 0: none yet
	gone   chan struct{} // closed by the end tone, or by the leg's end
	byTone bool          // the end tone was heard
}

// hear judges a frame, in the listening goroutine.
func (l *leg) hear(at time.Time, law media.Codec, payload []byte) {
	if !loud(law, payload) {
		l.ear.run = 0
		return
	}
	switch certain, tone := l.ear.hear(law, payload); {
	case certain == ConnectTone:
		l.arrive(at)
	case certain == EndTone:
		l.part(true)
	case !tone:
		l.mu.Lock()
		if v := l.current; v != nil {
			v.heard += media.FrameTime
			if v.first == 0 {
				v.first = at.Sub(v.from)
			}
		}
		l.mu.Unlock()
	}
}

// arrive begins a visit.
func (l *leg) arrive(at time.Time) {
	v := &visit{from: at, gone: make(chan struct{})}
	l.mu.Lock()
	second := l.current != nil
	if !second {
		l.current = v
	}
	l.mu.Unlock()
	if second {
		l.phone.violate("a connect tone while a customer is on the line")
		return
	}
	l.phone.mu.Lock()
	l.phone.stats.Calls++
	l.phone.mu.Unlock()
	select {
	case l.visits <- v:
	default:
		l.phone.violate("more customers than an operator can notice")
	}
}

// part ends the visit, if there is one.
func (l *leg) part(byTone bool) {
	l.mu.Lock()
	v := l.current
	l.current = nil
	l.mu.Unlock()
	if v == nil {
		return
	}
	v.byTone = byTone
	l.phone.mu.Lock()
	s := &l.phone.stats
	if byTone {
		s.Ended++
	}
	s.Heard += v.heard
	if v.first > 0 {
		s.Delays = append(s.Delays, v.first)
	}
	l.phone.mu.Unlock()
	close(v.gone)
}
