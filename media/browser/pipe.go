package browser

import (
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"
)

// pipeRoom is how many packets may wait for the session, half a second of them.
const pipeRoom = 25

// The two ends of a pipe, as a session sees them: addresses that are nobody's
// (RFC 5737), since the ways of the packets are ICE's business.
var (
	farEnd  = netip.MustParseAddrPort("192.0.2.1:9")
	nearEnd = netip.MustParseAddrPort("192.0.2.2:9")
)

// pipe is the socket of a leg's session: what the browser's track gives is read
// from it, what is written to it goes to our track.
type pipe struct {
	track  *webrtc.TrackLocalStaticRTP
	in     chan []byte
	free   chan []byte
	closed chan struct{}
	once   sync.Once
}

func newPipe(track *webrtc.TrackLocalStaticRTP) *pipe {
	return &pipe{track: track, in: make(chan []byte, pipeRoom), free: make(chan []byte, pipeRoom), closed: make(chan struct{})}
}

// put hands a packet to the session; one that it has no room for is lost, as on the way.
func (p *pipe) put(b []byte) {
	var room []byte
	select {
	case room = <-p.free:
	default:
	}
	select {
	case p.in <- append(room[:0], b...):
	default:
	}
}

// ReadFromUDPAddrPort gives the next packet of the browser.
func (p *pipe) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case got := <-p.in:
		n := copy(b, got)
		select {
		case p.free <- got:
		default:
		}
		return n, farEnd, nil
	case <-p.closed:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

// WriteToUDPAddrPort sends a packet to the browser. Before it is connected, and
// while its network is gone, what is sent is lost.
func (p *pipe) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	return p.track.Write(b)
}

// ReadFrom and WriteTo are the same for whoever knows only net.PacketConn.
func (p *pipe) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := p.ReadFromUDPAddrPort(b)
	return n, net.UDPAddrFromAddrPort(from), err
}

func (p *pipe) WriteTo(b []byte, _ net.Addr) (int, error) { return p.track.Write(b) }

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipe) LocalAddr() net.Addr              { return net.UDPAddrFromAddrPort(nearEnd) }
func (p *pipe) SetDeadline(time.Time) error      { return nil }
func (p *pipe) SetReadDeadline(time.Time) error  { return nil }
func (p *pipe) SetWriteDeadline(time.Time) error { return nil }
