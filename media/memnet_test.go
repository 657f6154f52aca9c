package media

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// memNet is a network in memory: every wait is on a channel, so it lives in a bubble.
type memNet struct {
	mu    sync.Mutex
	conns map[string]*memConn
	next  int
	lose  func(from, to net.Addr, b []byte) bool // nil: nothing is lost
}

type memConn struct {
	net    *memNet
	addr   *net.UDPAddr
	in     chan datagram
	closed chan struct{}
	once   sync.Once
}

type datagram struct {
	b    []byte
	from net.Addr
}

func newMemNet() *memNet { return &memNet{conns: map[string]*memConn{}, next: 20000} }

func (n *memNet) ListenPacket(_ context.Context, _, address string) (net.PacketConn, error) {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if addr.Port() == 0 {
		n.next += 2
		addr = netip.AddrPortFrom(addr.Addr(), uint16(n.next))
	}
	if n.conns[addr.String()] != nil {
		return nil, &net.OpError{Op: "listen", Net: "udp", Err: net.ErrClosed}
	}
	c := &memConn{net: n, addr: net.UDPAddrFromAddrPort(addr), in: make(chan datagram, 4096), closed: make(chan struct{})}
	n.conns[addr.String()] = c
	return c, nil
}

func (c *memConn) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case d := <-c.in:
		return copy(b, d.b), d.from, nil
	case <-c.closed:
		return 0, nil, net.ErrClosed
	}
}

func (c *memConn) WriteTo(b []byte, to net.Addr) (int, error) {
	c.net.mu.Lock()
	d, lose := c.net.conns[to.String()], c.net.lose
	c.net.mu.Unlock()
	if d != nil && (lose == nil || !lose(c.addr, to, b)) {
		select {
		case d.in <- datagram{append([]byte(nil), b...), c.addr}:
		default:
		}
	}
	return len(b), nil
}

func (c *memConn) Close() error {
	c.once.Do(func() {
		c.net.mu.Lock()
		delete(c.net.conns, c.addr.String())
		c.net.mu.Unlock()
		close(c.closed)
	})
	return nil
}

func (c *memConn) LocalAddr() net.Addr              { return c.addr }
func (c *memConn) SetDeadline(time.Time) error      { return nil }
func (c *memConn) SetReadDeadline(time.Time) error  { return nil }
func (c *memConn) SetWriteDeadline(time.Time) error { return nil }

// open is a session on a fresh port of the network, closed at the end of the test.
func (n *memNet) open(t *testing.T) *Session {
	t.Helper()
	conn, err := n.ListenPacket(t.Context(), "udp", "10.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewSession(conn)
	t.Cleanup(func() { s.Close() })
	return s
}

// peer is a far end that sends and takes single packets.
type peer struct {
	t    *testing.T
	conn *memConn
	to   netip.AddrPort
	h    rtp.Header
}

// peer is a far end at an address, which speaks to s.
func (n *memNet) peer(t *testing.T, address string, s *Session) *peer {
	t.Helper()
	conn, err := n.ListenPacket(t.Context(), "udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &peer{t: t, conn: conn.(*memConn), to: s.Local(), h: rtp.Header{Version: 2, PayloadType: 8, SSRC: 0x1234, SequenceNumber: 100, Timestamp: 5000}}
}

func (p *peer) addr() netip.AddrPort { return p.conn.addr.AddrPort() }

// describes is what the peer's SDP says.
func (p *peer) describes(codecs ...Codec) Description {
	return Description{Addr: p.addr(), Codecs: codecs, DTMF: 101}
}

// send sends one packet and moves on in sequence and time.
func (p *peer) send(payload []byte) {
	p.t.Helper()
	p.raw((&rtp.Packet{Header: p.h, Payload: payload}).Marshal())
	p.h.SequenceNumber++
	p.h.Timestamp += uint32(len(payload))
}

func (p *peer) raw(b []byte, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := p.conn.WriteTo(b, net.UDPAddrFromAddrPort(p.to)); err != nil {
		p.t.Fatal(err)
	}
}

// received takes all that has arrived.
func (p *peer) received() []*rtp.Packet {
	p.t.Helper()
	var all []*rtp.Packet
	for {
		select {
		case d := <-p.conn.in:
			pkt := new(rtp.Packet)
			if err := pkt.Unmarshal(d.b); err != nil {
				p.t.Fatal(err)
			}
			all = append(all, pkt)
		default:
			return all
		}
	}
}
