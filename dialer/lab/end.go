package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"

	"apel/media"

	"github.com/emiago/sipgo/sip"
)

// end is one SIP element: a UDP socket, or a listener and its connections.
// Messages are handled one after another in the order in which they came.
type end struct {
	transport string // UDP, TCP, TLS, as in Via
	local     netip.AddrPort
	pc        net.PacketConn
	ln        net.Listener
	parser    *sip.Parser
	faults    Faults
	meter     meter

	handle func(*sip.Request, peer) // in the reading goroutine: must not block

	mu      sync.Mutex // guards the rest
	waiting map[string]chan *sip.Response
	conns   map[net.Conn]bool
	sent    int
	closed  bool

	quit    chan struct{}
	reading sync.WaitGroup
}

// open binds an address; "tcp" and "tls" are real sockets always.
func open(ctx context.Context, network media.Network, transport, addr string, conf *tls.Config) (*end, error) {
	e := &end{transport: strings.ToUpper(transport), parser: sip.NewParser(),
		waiting: map[string]chan *sip.Response{}, conns: map[net.Conn]bool{}, quit: make(chan struct{})}
	var err error
	switch e.transport {
	case "", "UDP":
		e.transport = "UDP"
		if network == nil {
			network = &net.ListenConfig{}
		}
		if e.pc, err = network.ListenPacket(ctx, "udp", addr); err == nil {
			e.local = addrPort(e.pc.LocalAddr())
		}
	case "TCP", "TLS":
		var lc net.ListenConfig
		if e.ln, err = lc.Listen(ctx, "tcp", addr); err == nil {
			e.local = addrPort(e.ln.Addr())
		}
		if err == nil && e.transport == "TLS" {
			e.ln = tls.NewListener(e.ln, conf)
		}
	default:
		err = fmt.Errorf("no transport %q", transport)
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// start reads until close.
func (e *end) start(handle func(*sip.Request, peer)) {
	e.handle = handle
	if e.pc != nil {
		e.reading.Go(e.readPackets)
		return
	}
	e.reading.Go(func() {
		for {
			c, err := e.ln.Accept()
			if err != nil {
				return
			}
			e.adopt(c)
		}
	})
}

func (e *end) adopt(c net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		c.Close()
		return
	}
	e.conns[c] = true
	e.reading.Go(func() { e.readStream(c) })
}

func (e *end) readPackets() {
	buf := make([]byte, 65536)
	for {
		n, from, err := e.pc.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || n < 16 { // keep-alives are shorter than any message
			continue
		}
		msg, err := e.parser.ParseSIP(append([]byte(nil), buf[:n]...))
		if err == nil {
			e.dispatch(msg, peer{end: e, addr: addrPort(from)})
		}
	}
}

func (e *end) readStream(c net.Conn) {
	defer func() {
		c.Close()
		e.mu.Lock()
		delete(e.conns, c)
		e.mu.Unlock()
	}()
	from := peer{end: e, addr: addrPort(c.RemoteAddr()), conn: c}
	stream := e.parser.NewSIPStream()
	defer stream.Close()
	buf := make([]byte, 16384)
	for {
		n, err := c.Read(buf)
		if err != nil {
			return
		}
		if string(buf[:n]) == "\r\n\r\n" { // RFC 5626 §3.5.1: ping, pong
			_, _ = io.WriteString(c, "\r\n") // a peer that is gone shows at the next read
			continue
		}
		err = stream.ParseSIPStream(buf[:n], func(msg sip.Message) { e.dispatch(msg, from) })
		if err != nil && !errors.Is(err, sip.ErrParseSipPartial) {
			return
		}
	}
}

// close shuts every socket and waits for their readers.
func (e *end) close() {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	e.closed = true
	close(e.quit)
	for c := range e.conns {
		c.Close()
	}
	e.mu.Unlock()
	if e.pc != nil {
		e.pc.Close()
	}
	if e.ln != nil {
		e.ln.Close()
	}
	e.reading.Wait()
}
