package media

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"time"
)

const (
	maxPacket  = 2048                  // bytes; no G.711 packet comes near
	retryAfter = 10 * time.Millisecond // after a read error that doesn't end the socket
)

// read is the session's goroutine.
func (s *Session) read() {
	defer close(s.ended)
	defer close(s.keys)
	buf := make([]byte, maxPacket)
	fwd := make([]byte, 0, maxPacket)
	for {
		n, from, err := s.out.sock.ReadFromUDPAddrPort(buf)
		switch {
		case err == nil:
			s.receive(buf[:n], fwd, plain(from), time.Now())
		case errors.Is(err, net.ErrClosed):
			return
		default: // an ICMP error is told to a UDP reader: the socket lives on
			if !s.pause(retryAfter) {
				return
			}
		}
	}
}

// pause waits, unless the session ends.
func (s *Session) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.done:
		return false
	}
}

// receive takes one datagram; fwd is room for a forwarded packet.
func (s *Session) receive(b, fwd []byte, from netip.AddrPort, now time.Time) {
	if isRTCP(b) {
		s.reported(b, from, now)
		return
	}
	valid := s.parse(b)
	ear, leg, ok := s.admit(valid, from, now)
	if !ok {
		return
	}
	if s.reporting {
		s.report(now)
	}
	p := &s.in
	sound := (p.PayloadType == uint8(PCMU) || p.PayloadType == uint8(PCMA)) && len(p.Payload) > 0
	if sound && ear != nil {
		ear.hear(p, now)
	}
	switch {
	case leg == nil:
	case sound:
		leg.forward(p, fwd, now)
	default:
		leg.swallow(p)
	}
}

// parse reads a datagram into s.in and tells whether it is RTP.
func (s *Session) parse(b []byte) bool {
	return len(b) > 0 && len(b) < maxPacket && b[0]>>6 == 2 && s.in.Unmarshal(b) == nil
}

// isRTCP tells RTCP from RTP on the same port (RFC 5761 §4).
func isRTCP(b []byte) bool {
	return len(b) >= 8 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223
}

// admit counts the packet in s.in and says who gets it. A key press is told here.
func (s *Session) admit(valid bool, from netip.AddrPort, now time.Time) (*Ear, *leg, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.negotiated {
		return nil, nil, false
	}
	p := &s.in
	key := s.isKey(p.PayloadType)
	if !valid || !key && !wanted(p.PayloadType) {
		s.stats.Malformed++
		return nil, nil, false
	}
	pt := p.PayloadType
	if key { // pressed within a stream of sound, which it neither begins nor breaks
		pt = s.source.candidate.pt
	}
	ok, settled := s.source.accept(from, p.SSRC, pt, p.SequenceNumber, now)
	if !ok {
		s.stats.Foreign++
		return nil, nil, false
	}
	if settled {
		s.out.direct(from)
	}
	s.stats.Received++
	s.heard = now
	s.reporting = s.reports.due(now)
	s.flow.count(p.SSRC, p.SequenceNumber)
	if !key {
		s.flow.arrive(p.Timestamp, now)
	}
	if key {
		s.pressed(p.SSRC, p.Timestamp, p.Payload)
	}
	return s.ear, s.leg, true
}

// isKey tells telephone-events: under the far end's payload type, or under ours
// if it numbers the two directions differently (RFC 3264 §5.1). The caller holds mu.
func (s *Session) isKey(pt uint8) bool {
	return s.dtmf != 0 && (pt == s.dtmf || pt == TelephoneEvent)
}

// wanted are the static payload types: both laws whatever was agreed, since a
// far end may change between those it offered, and comfort noise.
func wanted(pt uint8) bool {
	return pt == uint8(PCMU) || pt == uint8(PCMA) || pt == comfortNoise
}

// flow counts what is missing in a stream's sequence.
type flow struct {
	ssrc     uint32
	started  bool
	base     uint16 // the first
	highest  uint16
	expected uint64 // of this stream, up to highest
	received uint64
	before   uint64 // lost in streams before this one

	timed  bool // a packet of this stream has come before
	ts     uint32
	at     time.Time
	jitter float64 // samples
}

// restartAfter is a jump in the sequence that is no loss but a new start.
const restartAfter = 3000

func (f *flow) count(ssrc uint32, seq uint16) {
	step := int16(seq - f.highest)
	if !f.started || ssrc != f.ssrc || step > restartAfter || step < -restartAfter {
		*f = flow{ssrc: ssrc, started: true, base: seq, highest: seq, expected: 1, received: 1, before: f.lost()}
		return
	}
	if step > 0 {
		f.highest = seq
		f.expected += uint64(step)
	}
	f.received++
}

// arrive takes in how evenly packets come: the difference of two packets' ways,
// smoothed by a sixteenth (RFC 3550 §A.8).
func (f *flow) arrive(ts uint32, now time.Time) {
	if f.timed {
		off := float64(samplesIn(now.Sub(f.at))) - float64(int32(ts-f.ts))
		if off = math.Abs(off); off < SampleRate { // more is a new start, not jitter
			f.jitter += (off - f.jitter) / 16
		}
	}
	f.timed, f.ts, f.at = true, ts, now
}

func (f *flow) lost() uint64 {
	if f.received >= f.expected {
		return f.before
	}
	return f.before + f.expected - f.received
}
