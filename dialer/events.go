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
	mu   sync.Mutex // guards what follows
	seq  uint64
	subs map[chan Event]struct{}
	past []Event // the last ones, at most pastKept, oldest first
}

// pastKept is how many events whoever comes back can have missed.
const pastKept = 4096

func (e *events) publish(ev Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seq++
	ev.Seq, ev.At = e.seq, time.Now()
	if e.past = append(e.past, ev); len(e.past) >= 2*pastKept { // drop in large steps
		e.past = append(e.past[:0], e.past[len(e.past)-pastKept:]...)
	}
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
	_, _, c, cancel := e.subscribeAfter(0)
	return c, cancel
}

// subscribeAfter gives what came after an event too; whole says that nothing of
// it is forgotten.
func (e *events) subscribeAfter(seq uint64) (past []Event, whole bool, events <-chan Event, cancel func()) {
	c := make(chan Event, subscriberRoom)
	e.mu.Lock()
	defer e.mu.Unlock()
	whole = seq <= e.seq && (seq == e.seq || len(e.past) > 0 && e.past[0].Seq <= seq+1)
	if whole && seq < e.seq {
		past = append(past, e.past[seq+1-e.past[0].Seq:]...)
	}
	if e.subs == nil {
		e.subs = map[chan Event]struct{}{}
	}
	e.subs[c] = struct{}{}
	return past, whole, c, func() {
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
