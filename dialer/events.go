package dialer

import (
	"strings"
	"sync"
	"time"
)

// subscriberRoom is how many events a subscriber may be behind.
const subscriberRoom = 1024

// events hands every event to every subscriber. A slow one is dropped, never
// waited for.
type events struct {
	mu   sync.Mutex // guards seq, subs
	seq  uint64
	subs map[chan Event]struct{}
}

func (e *events) publish(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seq++
	ev.Seq, ev.At = e.seq, time.Now()
	for c := range e.subs {
		select {
		case c <- ev:
		default:
			delete(e.subs, c)
			close(c)
		}
	}
}

func (e *events) subscribe() (<-chan Event, func()) {
	c := make(chan Event, subscriberRoom)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.subs == nil {
		e.subs = map[chan Event]struct{}{}
	}
	e.subs[c] = struct{}{}
	return c, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if _, ok := e.subs[c]; ok {
			delete(e.subs, c)
			close(c)
		}
	}
}

// mask leaves of a number what tells its country and its last three digits.
func mask(phone string) string {
	if len(phone) < 7 {
		return strings.Repeat("*", len(phone))
	}
	return phone[:3] + strings.Repeat("*", len(phone)-6) + phone[len(phone)-3:]
}
