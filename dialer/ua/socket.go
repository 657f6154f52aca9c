package ua

import (
	"errors"
	"net"
	"sync"
	"time"
)

// socket keeps sipgo's reader alive: sipgo ends it on any error but "closed",
// and a UDP socket reports an ICMP refusal of some earlier packet as one.
type socket struct {
	net.PacketConn
	ready chan struct{}
	once  sync.Once
}

// newSocket closes ready at the first read: from then on sipgo knows the socket.
func newSocket(conn net.PacketConn, ready chan struct{}) net.PacketConn {
	if c, ok := conn.(interface{ SetReadBuffer(int) error }); ok {
		c.SetReadBuffer(4 << 20) // the default holds about 150 messages; a smaller limit of the system is taken as it is
	}
	return &socket{PacketConn: conn, ready: ready}
}

// ReadFrom reads the next packet; errors other than the end are passed over.
func (s *socket) ReadFrom(b []byte) (int, net.Addr, error) {
	s.once.Do(func() { close(s.ready) })
	for failures := 0; ; failures++ {
		n, addr, err := s.PacketConn.ReadFrom(b)
		if err == nil || errors.Is(err, net.ErrClosed) || failures > 1000 {
			return n, addr, err
		}
	}
}

// Limits of connections from phones over TCP: sipgo never closes a silent one.
const (
	maxConns     = 2000
	maxConnsByIP = 20
	firstMessage = 10 * time.Second
	idleConn     = 15 * time.Minute
)

// listener caps connections, in all and by address, and closes silent ones.
type listener struct {
	net.Listener
	mu   sync.Mutex // guards byIP, all
	byIP map[string]int
	all  int
}

func newListener(l net.Listener) net.Listener { return &listener{Listener: l, byIP: map[string]int{}} }

// Accept waits for the next connection within the limits.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		ip, _, _ := net.SplitHostPort(c.RemoteAddr().String())
		l.mu.Lock()
		ok := l.all < maxConns && l.byIP[ip] < maxConnsByIP
		if ok {
			l.all++
			l.byIP[ip]++
		}
		l.mu.Unlock()
		if ok {
			c.SetReadDeadline(time.Now().Add(firstMessage))
			return &conn{Conn: c, done: func() { l.release(ip) }}, nil
		}
		c.Close()
	}
}

func (l *listener) release(ip string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all--
	if l.byIP[ip]--; l.byIP[ip] <= 0 {
		delete(l.byIP, ip)
	}
}

// conn is an accepted connection whose deadline moves with what it reads.
type conn struct {
	net.Conn
	once sync.Once
	done func()
}

// Read moves the deadline on whenever something came in.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.SetReadDeadline(time.Now().Add(idleConn))
	}
	return n, err
}

// Close closes and gives the place free.
func (c *conn) Close() error {
	c.once.Do(c.done)
	return c.Conn.Close()
}
