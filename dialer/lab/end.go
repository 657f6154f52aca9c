package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
)

// Timers of SIP over UDP (RFC 3261 §17, table 4).
const (
	t1      = 500 * time.Millisecond
	t2      = 4 * time.Second
	timeout = 64 * t1
)

var errTimeout = errors.New("no final response in 32 s")

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

// peer is where a message came from and where to answer.
type peer struct {
	end  *end
	addr netip.AddrPort
	conn net.Conn // of a stream; nil over UDP
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
			io.WriteString(c, "\r\n")
			continue
		}
		err = stream.ParseSIPStream(buf[:n], func(msg sip.Message) { e.dispatch(msg, from) })
		if err != nil && !errors.Is(err, sip.ErrParseSipPartial) {
			return
		}
	}
}

func (e *end) dispatch(msg sip.Message, from peer) {
	if e.lose() {
		return
	}
	switch m := msg.(type) {
	case *sip.Response:
		e.mu.Lock()
		ch := e.waiting[branchOf(m.Via())]
		e.mu.Unlock()
		if ch != nil {
			select {
			case ch <- m:
			default: // a far end that floods is not waited for
			}
		}
	case *sip.Request:
		if m.Via() == nil || m.CallID() == nil || m.CSeq() == nil || m.From() == nil || m.To() == nil {
			return
		}
		stampVia(m.Via(), from.addr)
		e.meter.count(time.Now())
		e.handle(m, from)
	}
}

// stampVia notes where a request really came from (RFC 3581 §4).
func stampVia(via *sip.ViaHeader, from netip.AddrPort) {
	if port, asked := via.Params.Get("rport"); asked && port == "" {
		via.Params.Add("rport", strconv.Itoa(int(from.Port())))
		via.Params.Add("received", from.Addr().String())
	}
}

func branchOf(via *sip.ViaHeader) string {
	if via == nil {
		return ""
	}
	b, _ := via.Params.Get("branch")
	return b
}

// send writes a message to where its peer is.
func (p peer) send(msg []byte) {
	if p.end.lose() {
		return
	}
	p.write(msg)
	if p.end.faults.Duplicate {
		p.write(msg)
	}
}

// write ignores errors: to a far end that is gone, a message is lost, and what
// follows from that is the far end's affair.
func (p peer) write(msg []byte) {
	if p.conn == nil {
		p.end.pc.WriteTo(msg, net.UDPAddrFromAddrPort(p.addr))
		return
	}
	p.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	p.conn.Write(msg)
}

// lose says whether the next message, in or out, is one of those that vanish.
func (e *end) lose() bool {
	if e.faults.LoseNth == 0 {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent++
	return e.sent%e.faults.LoseNth == 0
}

// request sends a request and gives its final response; over UDP it is sent
// again until one comes. A refused INVITE is acknowledged here.
func (e *end) request(stop <-chan struct{}, to peer, req *sip.Request) (*sip.Response, error) {
	branch := branchOf(req.Via())
	answers := make(chan *sip.Response, 8)
	e.mu.Lock()
	e.waiting[branch] = answers
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		delete(e.waiting, branch)
		e.mu.Unlock()
	}()
	msg := []byte(req.String())
	to.send(msg)
	interval, give := t1, time.NewTimer(timeout)
	defer give.Stop()
	again := time.NewTimer(interval)
	defer again.Stop()
	for {
		select {
		case res := <-answers:
			if res.StatusCode >= 200 {
				return res, nil
			}
			if req.IsInvite() {
				again.Stop()
			}
		case <-again.C:
			if to.conn == nil {
				to.send(msg)
			}
			interval = min(2*interval, t2)
			again.Reset(interval)
		case <-give.C:
			return nil, errTimeout
		case <-stop:
			return nil, net.ErrClosed
		case <-e.quit:
			return nil, net.ErrClosed
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

// meter counts requests by second.
type meter struct {
	mu     sync.Mutex
	second int64
	now    int
	peak   int
	total  int
}

func (m *meter) count(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s := at.Unix(); s != m.second {
		m.second, m.now = s, 0
	}
	m.now++
	m.total++
	m.peak = max(m.peak, m.now)
}
