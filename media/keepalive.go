package media

import "time"

// keeper is a running keep-alive: a timer that looks after the stream, no goroutine.
type keeper struct {
	every time.Duration
	timer *time.Timer // guarded by the session's mu
	voice voice
	buf   []byte
}

// silence is one frame of it.
var silence = make([]int16, FrameSamples)

// KeepAlive sends silence every interval while nothing else is sent, so that
// NAT bindings and far ends' timers stay alive; 0 stops it. It may be asked for
// before Negotiate and begins to send after it.
func (s *Session) KeepAlive(interval time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keeper != nil {
		s.keeper.timer.Stop()
		s.keeper = nil
	}
	if interval <= 0 || s.isDone() {
		return
	}
	k := &keeper{every: interval, buf: make([]byte, rtpHeader, rtpHeader+FrameSamples)}
	k.timer = time.AfterFunc(interval, func() { s.keepAlive(k) })
	s.keeper = k
}

// isDone tells whether Close was called.
func (s *Session) isDone() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// keepAlive sends silence if the stream has rested long enough, and sets the
// timer for the next look. It sets the timer last, so it never runs twice at once.
func (s *Session) keepAlive(k *keeper) {
	now := time.Now()
	idle := s.out.idle(now)
	if idle >= k.every {
		_ = s.out.speak(&k.voice, silence, k.buf, now)
		idle = 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keeper == k {
		k.timer.Reset(k.every - idle)
	}
}

// idle is how long nothing has been sent.
func (o *outgoing) idle(now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	return now.Sub(o.at)
}
