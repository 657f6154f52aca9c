package media

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/pion/rtp"
)

const (
	earRing  = 8192             // samples kept, about a second; a power of two
	earDelay = 2 * FrameSamples // a first packet waits so long for those it overtook
	earAhead = SampleRate / 10  // more than this buffered: the far end's clock is faster, catch up
	earLate  = 5                // so many packets late in a row: the way has become longer, follow it
)

// Ear gives what a session hears as frames by the clock: a packet that is late
// or lost is silence. Packets stand where their timestamps put them, so
// reordering within 40 ms is undone, and a far end that sends nothing while it
// is silent (RFC 3551 §4.1) is heard with its pauses.
type Ear struct {
	session *Session
	start   time.Time
	timer   *time.Timer
	frame   []int16
	closed  chan struct{}
	once    sync.Once

	mu    sync.Mutex // guards the fields below
	ring  [earRing]int16
	pos   int64 // samples given by Next
	end   int64 // after the last sample placed
	ssrc  uint32
	bound bool   // a stream is placed
	refTS uint32 // this timestamp
	ref   int64  // stands here
	late  int    // packets in a row that came after their time
}

// Listen starts an Ear on what arrives, and may be called before Negotiate:
// until then it is quiet. One at a time; the next replaces it.
func (s *Session) Listen() *Ear {
	e := newEar(s)
	s.mu.Lock()
	old := s.ear
	s.ear = e
	s.mu.Unlock()
	if old != nil {
		old.Close()
	}
	return e
}

func newEar(s *Session) *Ear {
	return &Ear{session: s, start: time.Now(), frame: make([]int16, FrameSamples), closed: make(chan struct{})}
}

// Next waits for the next 20 ms and returns them; the slice is reused. It ends
// with ctx or with the session or the Ear (net.ErrClosed). One caller at a time.
func (e *Ear) Next(ctx context.Context) ([]int16, error) {
	if err := e.wait(ctx); err != nil {
		return nil, err
	}
	return e.take(), nil
}

// take is the next frame, without waiting for its time.
func (e *Ear) take() []int16 {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.frame {
		at := &e.ring[(e.pos+int64(i))%earRing]
		e.frame[i] = *at
		*at = 0
	}
	e.pos += FrameSamples
	return e.frame
}

// wait sleeps until the next frame is over. A caller that comes late is not
// made to wait: it gets what has gathered, up to the ring's length.
func (e *Ear) wait(ctx context.Context) error {
	e.mu.Lock()
	due := e.start.Add(timeOf(e.pos + FrameSamples))
	e.mu.Unlock()
	if e.timer == nil {
		e.timer = time.NewTimer(time.Until(due))
	} else {
		e.timer.Reset(time.Until(due))
	}
	select {
	case <-e.closed:
	case <-e.session.done:
	case <-ctx.Done():
		e.timer.Stop()
		return ctx.Err()
	case <-e.timer.C:
		return nil
	}
	e.timer.Stop()
	return net.ErrClosed
}

// Close ends listening.
func (e *Ear) Close() {
	e.once.Do(func() { close(e.closed) })
	e.session.mu.Lock()
	defer e.session.mu.Unlock()
	if e.session.ear == e {
		e.session.ear = nil
	}
}

// hear places a packet of sound.
func (e *Ear) hear(p *rtp.Packet, now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	clock := max(samplesIn(now.Sub(e.start)), e.pos)
	length := int64(len(p.Payload))
	at := e.place(p, clock)
	if at+length > e.pos+earRing {
		e.skipTo(at + length - earRing)
	}
	decode := &Codec(p.PayloadType).law().decode
	for i, b := range p.Payload {
		if n := at + int64(i); n >= e.pos {
			e.ring[n%earRing] = decode[b]
		}
	}
	e.end = max(e.end, at+length)
}

// place finds where a packet stands, and begins anew where its timestamp makes
// no sense by the clock: a new stream, a clock that runs away, a longer way.
func (e *Ear) place(p *rtp.Packet, clock int64) int64 {
	at := e.ref + int64(int32(p.Timestamp-e.refTS))
	if at < e.pos {
		e.late++
	} else {
		e.late = 0
	}
	if e.bound && p.SSRC == e.ssrc && at <= clock+earAhead && at > clock-SampleRate && !e.lost(p) {
		return at
	}
	at = clock + earDelay
	for n := at; n < e.end; n++ {
		e.ring[n%earRing] = 0
	}
	e.bound, e.ssrc, e.refTS, e.ref, e.late, e.end = true, p.SSRC, p.Timestamp, at, 0, at
	return at
}

// lost tells whether packets keep coming after their time, or a talk spurt
// does, as from far ends whose timestamps stand still while they are silent.
func (e *Ear) lost(p *rtp.Packet) bool {
	return e.late >= earLate || e.late > 0 && p.Marker
}

// skipTo drops what a slow listener has not taken, to make room.
func (e *Ear) skipTo(pos int64) {
	for ; e.pos < pos; e.pos++ {
		e.ring[e.pos%earRing] = 0
	}
}
