package media

import (
	"net/netip"
	"time"
)

const (
	learnWindow = 2 * time.Second // after an answer, in which a source that SDP didn't name may be learned
	learnRun    = 5               // consecutive packets that make a source credible
)

// source decides which packets are the far end's. Signalling names an address;
// behind NAT the packets come from another one, which is learned once, shortly
// after the answer and from an unbroken run of one stream, and then locked:
// otherwise anyone who can reach the port could listen in or speak up (the
// attacks of AST-2017-005 and of rtpengine's CVE-2025-53399).
type source struct {
	sdp    netip.AddrPort
	locked netip.AddrPort // zero: not known yet
	ssrc   uint32         // last heard from locked
	until  time.Time      // end of learning

	old     netip.AddrPort // the stream before the address changed: still arriving, not to be learned again
	oldSSRC uint32

	candidate struct {
		from netip.AddrPort
		ssrc uint32
		pt   uint8
		next uint16
		run  int
	}
}

// expect sets the address that signalling gave. A new address begins anew; an
// unchanged one reopens learning only while nothing is locked yet, as after
// early media that never came.
func (s *source) expect(sdp netip.AddrPort, now time.Time) {
	if sdp != s.sdp {
		*s = source{sdp: sdp, old: s.locked, oldSSRC: s.ssrc}
	}
	if !s.locked.IsValid() {
		s.until = now.Add(learnWindow)
	}
}

// accept tells whether a valid packet is the far end's, and whether it just
// settled where the far end is.
func (s *source) accept(from netip.AddrPort, ssrc uint32, pt uint8, seq uint16, now time.Time) (ok, settled bool) {
	learning := now.Before(s.until)
	switch {
	case !from.IsValid(): // a network in memory that names its ends otherwise
		return false, false
	case from == s.locked:
		s.ssrc = ssrc
		return true, false
	case from == s.sdp && (learning || !s.locked.IsValid()):
		s.locked, s.ssrc = from, ssrc
		return true, true
	case s.locked.IsValid() || !learning || from == s.old && ssrc == s.oldSSRC:
		return false, false
	case !s.credible(from, ssrc, pt, seq):
		return false, false
	}
	s.locked, s.ssrc = from, ssrc
	return true, true
}

// credible counts an unbroken run of one stream from one address.
func (s *source) credible(from netip.AddrPort, ssrc uint32, pt uint8, seq uint16) bool {
	c := &s.candidate
	if c.from != from || c.ssrc != ssrc || c.pt != pt || c.next != seq {
		c.from, c.ssrc, c.pt, c.run = from, ssrc, pt, 0
	}
	c.next = seq + 1
	c.run++
	return c.run >= learnRun
}
