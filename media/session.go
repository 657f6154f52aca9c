package media

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// ErrNotNegotiated is returned for what needs to know the far end first.
var ErrNotNegotiated = errors.New("nothing is negotiated with the far end yet")

// Session is one RTP stream with one far end. It is open until Close; its
// reading goroutine ends with it.
type Session struct {
	conn  net.PacketConn
	out   *outgoing
	turn  chan struct{} // holds one token: who has it may play or send digits
	keys  chan byte
	done  chan struct{}
	once  sync.Once
	ended chan struct{} // the reader has returned

	mu         sync.Mutex // guards the fields below; taken before out.mu, never after
	negotiated bool
	source     source
	dtmf       uint8
	press      press
	flow       flow
	ear        *Ear
	bridge     *Bridge
	leg        *leg // where the bridge takes what is heard here
	heard      time.Time
	stats      Stats
	keeper     *keeper // nil: no keep-alive

	reports reports

	in        rtp.Packet // the reader's own
	reporting bool       // ... too: a report is due
}

// Stats counts packets since the start. What arrives before Negotiate is not counted.
type Stats struct {
	Received  uint64 // valid and from the far end
	Sent      uint64
	Lost      uint64        // missing in the far end's sequence (RFC 3550 §A.3)
	Foreign   uint64        // valid but from someone else: dropped
	Malformed uint64        // no RTP, or of a kind that was not agreed: dropped
	Jitter    time.Duration // of arrival, smoothed (RFC 3550 §6.4.1)
	Far       Far           // how the far end hears us
}

// NewSession starts reading a socket. Without Negotiate nothing is sent.
func NewSession(conn net.PacketConn) *Session {
	s := &Session{
		conn:  conn,
		out:   newOutgoing(socketOf(conn)),
		turn:  make(chan struct{}, 1),
		keys:  make(chan byte, 32),
		done:  make(chan struct{}),
		ended: make(chan struct{}),
	}
	go s.read()
	return s
}

// Local is the address of the session's socket.
func (s *Session) Local() netip.AddrPort { return addrPortOf(s.conn.LocalAddr()) }

// Negotiate sets where to send and what to speak, from the far end's
// description; again after a re-INVITE. The first of remote.Codecs is spoken,
// both laws are understood. While the far end holds the call (no address, or a
// direction that doesn't receive) nothing is sent to it.
//
// The source of packets is learned once in a short window after it (symmetric
// RTP) and then locked: the described address at once, another one after five
// packets in a row within 2 s. An unchanged description doesn't unlock it.
func (s *Session) Negotiate(remote Description) error {
	if remote.Addr.Port() == 0 {
		return errors.New("the far end refused the sound stream (port 0 in its SDP)")
	}
	if len(remote.Codecs) == 0 {
		return errors.New("the far end's SDP has neither PCMA nor PCMU")
	}
	addr := plain(remote.Addr)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.negotiated, s.dtmf, s.reports.port = true, remote.DTMF, remote.RTCP
	if !addr.Addr().IsUnspecified() {
		s.source.expect(addr, time.Now())
		if s.source.locked.IsValid() {
			addr = s.source.locked
		}
	}
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	s.out.to, s.out.codec, s.out.dtmf = addr, remote.Codecs[0], remote.DTMF
	s.out.held = addr.Addr().IsUnspecified() || !remote.receives()
	if s.out.held {
		s.out.last = nil // what comes after the hold begins a talk spurt
	}
	return nil
}

// Codec is the law agreed on: the one that is sent.
func (s *Session) Codec() Codec {
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	return s.out.codec
}

// LastHeard is when the last valid packet arrived; zero if none did.
func (s *Session) LastHeard() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heard
}

// Stats returns the counters.
func (s *Session) Stats() Stats {
	s.mu.Lock()
	st := s.stats
	st.Lost, st.Jitter, st.Far = s.flow.lost(), timeOf(int64(s.flow.jitter)), s.reports.far
	s.mu.Unlock()
	s.out.mu.Lock()
	st.Sent = s.out.sent
	s.out.mu.Unlock()
	return st
}

// Close stops the session and its socket, parts its bridge, and returns when
// its goroutine has ended. Closing twice is harmless.
func (s *Session) Close() error {
	var err error
	s.once.Do(func() {
		close(s.done)
		s.KeepAlive(0)
		err = s.conn.Close()
	})
	<-s.ended
	s.mu.Lock()
	b := s.bridge
	s.mu.Unlock()
	if b != nil {
		b.Close()
	}
	return err
}
