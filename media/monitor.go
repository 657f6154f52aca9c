package media

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// MonitorMode is how a third one takes part in a conversation.
type MonitorMode int32

// The modes, as the trade calls them.
const (
	ListenIn MonitorMode = iota // hears both and is heard by nobody
	Whisper                     // is heard by the operator, and not by the customer
	BargeIn                     // is heard by both
)

// Monitor lets a supervisor's session follow an operator's conversations, from
// bridge to bridge. It is the only place where sound is mixed: what the
// supervisor hears always is; what the operator hears while somebody whispers;
// what the customer hears when somebody has barged in. Whatever is not mixed is
// forwarded as without a monitor, so that whoever only listens in changes
// nothing for the two who talk. Mixed sound comes 40 ms later, the delay of an Ear.
//
// A recording has what the customer heard: who barges in is on the operator's
// side of it, who whispers is not in it.
//
// The third of a conference is one too, who has always barged in. A bridge has
// one third and one supervisor at most: with both, the third's mixer makes what
// the two hear, and the supervisor's voice is passed to it.
type Monitor struct {
	session *Session
	third   bool
	passed  passed // what the other of the two says, at the one bridge
	mode    atomic.Int32
	sides   [2]*Ear // what crosses the bridge
	own     *Ear    // what the supervisor says
	voice   voice   // ... on the supervisor's stream
	stop    context.CancelFunc
	ended   chan struct{}

	stamp rtp.Packet // of the mix in a recording; the mixer's own

	mu     sync.Mutex // guards the fields below
	bridge *Bridge
	over   bool
}

// NewMonitor begins to mix for a supervisor's session, which hears silence
// until Attach. It is over with Close, or with the session.
func NewMonitor(supervisor *Session, mode MonitorMode) *Monitor {
	return newMonitor(supervisor, mode, false)
}

// NewThird has a session take part in a conversation as the third of three who
// all hear each other, from Attach on. It is over as a monitor is.
func NewThird(third *Session) *Monitor { return newMonitor(third, BargeIn, true) }

func newMonitor(session *Session, mode MonitorMode, third bool) *Monitor {
	ctx, stop := context.WithCancel(context.Background())
	m := &Monitor{session: session, third: third, own: session.Listen(), sides: [2]*Ear{newEar(session), newEar(session)},
		stop: stop, ended: make(chan struct{}), stamp: rtp.Packet{Header: rtp.Header{SSRC: rand.Uint32()}}}
	m.SetMode(mode)
	go m.run(ctx)
	return m
}

// SetMode changes how the supervisor takes part, from the next packet on.
func (m *Monitor) SetMode(mode MonitorMode) { m.mode.Store(int32(mode)) }

// Mode is how the supervisor takes part.
func (m *Monitor) Mode() MonitorMode { return MonitorMode(m.mode.Load()) }

// Attach follows a bridge, and lets go of the one before; nil: only that. A
// bridge that closes is let go of by itself. One bridge has one supervisor, and
// one third.
func (m *Monitor) Attach(b *Bridge) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bridge != nil {
		for _, l := range m.bridge.legs {
			m.place(l).CompareAndSwap(m, nil)
		}
	}
	m.bridge = nil
	if b == nil || m.over {
		return
	}
	m.bridge = b
	for _, l := range b.legs {
		m.place(l).Store(m)
	}
}

// place is where a leg has this one, or another of its kind.
func (m *Monitor) place(l *leg) *atomic.Pointer[Monitor] {
	if m.third {
		return &l.third
	}
	return &l.monitor
}

// other is the third for a supervisor, and the supervisor for a third; nil: none.
func (m *Monitor) other(b *Bridge) *Monitor {
	if m.third {
		return b.legs[left].monitor.Load()
	}
	return b.legs[left].third.Load()
}

// Ended is closed when nothing is heard or said any more.
func (m *Monitor) Ended() <-chan struct{} { return m.ended }

// Close ends it. The session lives on, and the two go on as before.
func (m *Monitor) Close() {
	m.stop()
	<-m.ended
}

// hear takes a packet that is to cross a bridge; true if it must not, since
// the mix takes its place.
func (m *Monitor) hear(l *leg, p *rtp.Packet, now time.Time) bool {
	m.sides[l.side].hear(p, now)
	switch m.Mode() {
	case ListenIn:
		return false
	case Whisper:
		if l.side == right {
			return false
		}
	}
	if l.side == left { // what the customer says is recorded as it came
		l.rec.hear(left, p, now)
	}
	return true
}

// run is the mixer: a frame every 20 ms by the clock of the supervisor's Ear.
func (m *Monitor) run(ctx context.Context) {
	defer close(m.ended)
	defer m.end()
	buf := make([]byte, rtpHeader, rtpHeader+FrameSamples)
	mixed := make([]int16, FrameSamples)
	for {
		own, err := m.own.Next(ctx)
		if err != nil {
			return
		}
		customer, operator := m.sides[left].take(), m.sides[right].take()
		now := time.Now()
		m.mu.Lock()
		b := m.bridge
		m.mu.Unlock()
		var also []int16 // what the other says
		otherMode, mixes := ListenIn, b != nil && !b.parted.Load() && m.Mode() != ListenIn
		if b != nil {
			if o := m.other(b); o != nil {
				also, otherMode = m.passed.take(), o.Mode()
				o.passed.put(own)
				mixes = mixes && m.third
			}
		}
		// What the network refuses is lost, as on the way.
		_ = m.session.out.speak(&m.voice, mix(mixed, customer, operator, also, otherMode == BargeIn), buf, now)
		if !mixes {
			continue
		}
		l := b.legs[left]
		_ = l.to.out.speak(l.mix, mix(mixed, customer, own, also, otherMode != ListenIn), buf, now)
		if m.Mode() == BargeIn {
			l = b.legs[right]
			_ = l.to.out.speak(l.mix, mix(mixed, operator, own, also, otherMode == BargeIn), buf, now)
			m.record(l.rec, mixed, now)
		}
	}
}

// passed are frames on their way from one mixer to another, whose clocks are two.
type passed struct {
	mu     sync.Mutex // guards frames
	frames [][FrameSamples]int16
	given  [FrameSamples]int16 // the taker's own
}

// passedMost is how many frames may wait: what is older is dropped.
const passedMost = 4

func (p *passed) put(frame []int16) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.frames) == passedMost {
		p.frames = append(p.frames[:0], p.frames[1:]...)
	}
	p.frames = append(p.frames, [FrameSamples]int16(frame))
}

// take is the next frame; nil: none has come. It is good until the next.
func (p *passed) take() []int16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.frames) == 0 {
		return nil
	}
	p.given = p.frames[0]
	p.frames = append(p.frames[:0], p.frames[1:]...)
	return p.given[:]
}

// record keeps what the customer hears.
func (m *Monitor) record(r *Recorder, mixed []int16, now time.Time) {
	if r == nil {
		return
	}
	m.stamp.PayloadType = uint8(PCMA)
	m.stamp.Payload = PCMA.Encode(m.stamp.Payload[:0], mixed)
	r.hear(right, &m.stamp, now)
	m.stamp.SequenceNumber++
	m.stamp.Timestamp += FrameSamples
}

// end lets go of the two.
func (m *Monitor) end() {
	m.mu.Lock()
	m.over = true // first: else a bridge could be attached between, and wait for a mix that never comes
	m.mu.Unlock()
	m.Attach(nil)
	m.own.Close()
}

// mix adds two, and a third if it is to be heard, and clips what is too loud for all.
func mix(into, a, b, also []int16, heard bool) []int16 {
	for i := range into {
		sum := int32(a[i]) + int32(b[i])
		if heard && also != nil {
			sum += int32(also[i])
		}
		into[i] = int16(min(max(sum, math.MinInt16), math.MaxInt16))
	}
	return into
}
