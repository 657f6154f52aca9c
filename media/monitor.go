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
type Monitor struct {
	session *Session
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
	ctx, stop := context.WithCancel(context.Background())
	m := &Monitor{session: supervisor, own: supervisor.Listen(), sides: [2]*Ear{newEar(supervisor), newEar(supervisor)},
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
// bridge that closes is let go of by itself. One bridge has one monitor.
func (m *Monitor) Attach(b *Bridge) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bridge != nil {
		for _, l := range m.bridge.legs {
			l.monitor.CompareAndSwap(m, nil)
		}
	}
	m.bridge = nil
	if b == nil || m.over {
		return
	}
	m.bridge = b
	for _, l := range b.legs {
		l.monitor.Store(m)
	}
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
		// What the network refuses is lost, as on the way.
		_ = m.session.out.speak(&m.voice, mix(mixed, customer, operator), buf, now)
		m.mu.Lock()
		b := m.bridge
		m.mu.Unlock()
		if mode := m.Mode(); b != nil && !b.parted.Load() && mode != ListenIn {
			_ = b.legs[left].to.out.speak(b.legs[left].mix, mix(mixed, customer, own), buf, now)
			if mode == BargeIn {
				l := b.legs[right]
				_ = l.to.out.speak(l.mix, mix(mixed, operator, own), buf, now)
				m.record(l.rec, mixed, now)
			}
		}
	}
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

// mix adds two, and clips what is too loud for both.
func mix(into, a, b []int16) []int16 {
	for i := range into {
		into[i] = int16(min(max(int32(a[i])+int32(b[i]), math.MinInt16), math.MaxInt16))
	}
	return into
}
