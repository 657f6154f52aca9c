package media

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtp"
)

// Bridge joins a customer's and an operator's session: packets are forwarded
// as they come, SSRC, sequence, timestamp and payload type rewritten, law
// converted by table. Only sound crosses: telephone-events don't, in either
// direction, since an operator's keys steer the dialer and a customer's keys
// are nobody's business but the dialer's (Session.Digits, Session.SendDigit);
// comfort noise doesn't either, its pauses are kept by the timestamps.
type Bridge struct {
	legs [2]*leg
	rec  *Recorder
	once sync.Once

	parted atomic.Bool
}

// leg is one direction of a bridge: what from hears is sent by to.
type leg struct {
	from, to *Session
	voice    *voice
	rec      *Recorder // nil: not recorded
	side     int
	muted    atomic.Bool // nothing is forwarded, nor recorded
	mix      *voice      // what a monitor sends in the place of packets
	monitor  atomic.Pointer[Monitor]
	third    atomic.Pointer[Monitor] // of a conference

	// The fields below are guarded by to.out.mu.
	bound  bool   // a stream is mapped
	ssrc   uint32 // this one
	inSeq  uint16 // its highest sequence that was forwarded
	addSeq uint16 // to get from its sequence to ours
	addTS  uint32
}

// Join bridges two sessions until Close or until one of them closes; a bridge
// that either was in is parted first. rec may be nil; it outlives the bridge.
func Join(customer, operator *Session, rec *Recorder) *Bridge {
	customer.part()
	operator.part()
	b := &Bridge{rec: rec}
	b.legs[0] = newLeg(customer, operator, left, rec)
	b.legs[1] = newLeg(operator, customer, right, rec)
	rec.join(time.Now())
	for _, l := range b.legs {
		l.to.out.mu.Lock()
		l.to.out.leg = l
		l.to.out.mu.Unlock()
		l.from.mu.Lock()
		l.from.leg, l.from.bridge = l, b
		l.from.mu.Unlock()
	}
	return b
}

func newLeg(from, to *Session, side int, rec *Recorder) *leg {
	l := &leg{from: from, to: to, rec: rec, side: side}
	l.voice, l.mix = &voice{leg: l}, &voice{leg: l}
	return l
}

// part closes the bridge that a session is in.
func (s *Session) part() {
	s.mu.Lock()
	b := s.bridge
	s.mu.Unlock()
	if b != nil {
		b.Close()
	}
}

// Close parts the two; the sessions live on. After it returns nothing that one
// says is sent to the other.
func (b *Bridge) Close() {
	b.once.Do(func() {
		b.parted.Store(true)
		for _, l := range b.legs {
			l.from.mu.Lock()
			if l.from.leg == l {
				l.from.leg, l.from.bridge = nil, nil
			}
			l.from.mu.Unlock()
			l.to.out.mu.Lock()
			if l.to.out.leg == l {
				l.to.out.leg = nil
			}
			l.to.out.mu.Unlock()
		}
		b.rec.part(time.Now())
	})
}

// Parted says whether the bridge is closed.
func (b *Bridge) Parted() bool { return b.parted.Load() }

// MuteOperator keeps the customer, and the recording, from hearing the operator.
func (b *Bridge) MuteOperator(on bool) { b.legs[1].muted.Store(on) }

// forward sends a packet of sound on, built in buf.
func (l *leg) forward(p *rtp.Packet, buf []byte, now time.Time) {
	if l.muted.Load() {
		l.swallow(p)
		return
	}
	if l.mixed(p, now) {
		return
	}
	from := Codec(p.PayloadType)
	l.rec.hear(l.side, p, now)
	o := l.to.out
	o.mu.Lock()
	if !o.sending(l.voice) {
		o.mu.Unlock()
		return
	}
	h := l.rewrite(p, now)
	o.advance(h, len(p.Payload), l.voice, now)
	codec, to := o.codec, o.to
	o.mu.Unlock()
	_ = o.write(h, from.convert(buf[:rtpHeader], p.Payload, codec), to) // what the network refuses is lost, as on the way
}

// mixed gives a packet to those who mix; true if it must not be sent, since the
// mix takes its place.
func (l *leg) mixed(p *rtp.Packet, now time.Time) bool {
	m, third := l.monitor.Load(), l.third.Load()
	switch {
	case third == nil:
		return m != nil && m.hear(l, p, now)
	case m != nil:
		m.sides[l.side].hear(p, now)
	}
	return third.hear(l, p, now)
}

// resync is how far a timestamp may be from what the clock says, in samples.
const resync = SampleRate

// rewrite is a packet's header on the outgoing stream. Loss and reordering on
// the way in stay visible to the receiver, which has the jitter buffer; a new
// stream, another voice in between, or a jump begins a talk spurt.
func (l *leg) rewrite(p *rtp.Packet, now time.Time) rtp.Header {
	o := l.to.out
	next, _ := o.nextTimestamp(now)
	step := int16(p.SequenceNumber - l.inSeq)
	off := int32(p.Timestamp + l.addTS - next)
	marker := p.Marker
	if !l.bound || l.ssrc != p.SSRC || o.last != l.voice ||
		step > restartAfter || step < -restartAfter || off > resync || off < -resync {
		l.bound, l.ssrc, l.inSeq, step, marker = true, p.SSRC, p.SequenceNumber, 0, true
		l.addSeq = o.seq + 1 - p.SequenceNumber
		l.addTS = next - p.Timestamp
	}
	if step > 0 {
		l.inSeq = p.SequenceNumber
	}
	return rtp.Header{
		Version: 2, Marker: marker, PayloadType: uint8(o.codec), SSRC: o.ssrc,
		SequenceNumber: p.SequenceNumber + l.addSeq, Timestamp: p.Timestamp + l.addTS,
	}
}

// swallow takes a packet out of the sequence that is not forwarded, so that
// the receiver doesn't count it as lost. One that came late is left as a gap:
// closing it then would give the next packet a number that was used.
func (l *leg) swallow(p *rtp.Packet) {
	l.to.out.mu.Lock()
	defer l.to.out.mu.Unlock()
	if l.bound && l.ssrc == p.SSRC && int16(p.SequenceNumber-l.inSeq) > 0 {
		l.inSeq = p.SequenceNumber
		l.addSeq--
	}
}
