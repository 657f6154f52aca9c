package lab

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// maxDatagram is the largest UDP payload over IPv4.
const maxDatagram = 65507

// datagram waits at its receiver until it is due.
type datagram struct {
	due  time.Time // zero: at once
	seq  uint64
	from *conn
	data *[]byte
}

func (d datagram) before(o datagram) bool {
	if !d.due.Equal(o.due) {
		return d.due.Before(o.due)
	}
	return d.seq < o.seq
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 2048); return &b }}

// conn is a socket of a Net.
type conn struct {
	net  *Net
	addr netip.AddrPort
	udp  *net.UDPAddr
	wake chan struct{} // one token: something changed for a reader
	done chan struct{}

	out   sync.Mutex // guards links
	links map[netip.AddrPort]*link

	mu       sync.Mutex // guards the rest
	queue    []datagram // a heap: the first is due first
	seq      uint64
	deadline time.Time
	closed   bool
	idle     *time.Timer // a reader's timer, for the next reader
}

func newConn(n *Net, at netip.AddrPort) *conn {
	return &conn{net: n, addr: at, udp: net.UDPAddrFromAddrPort(at),
		wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// fate says when a datagram to an address arrives, and how often.
func (c *conn) fate(to netip.AddrPort, data []byte) (due time.Time, copies int) {
	cfg := &c.net.cfg
	if cfg.plain() {
		if cfg.Delay > 0 {
			due = time.Now().Add(cfg.Delay)
		}
		return due, 1
	}
	c.out.Lock()
	defer c.out.Unlock()
	l := c.links[to]
	if l == nil {
		if c.links == nil {
			c.links = map[netip.AddrPort]*link{}
		}
		l = &link{hash: linkHash(cfg.Seed, c.addr, to)}
		c.links[to] = l
	}
	return l.fate(*cfg, data)
}

// deliver queues a copy of data, or says that there was no room.
func (c *conn) deliver(from *conn, due time.Time, data []byte) bool {
	c.mu.Lock()
	if c.closed || len(c.queue) >= c.net.cfg.Queue {
		c.mu.Unlock()
		return false
	}
	b := buffers.Get().(*[]byte)
	*b = append((*b)[:0], data...)
	c.seq++
	first := c.push(datagram{due: due, seq: c.seq, from: from, data: b})
	c.mu.Unlock()
	if first {
		c.signal()
	}
	return true
}

func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// push adds to the heap and says whether the datagram is now the first.
func (c *conn) push(d datagram) bool {
	c.queue = append(c.queue, d)
	i := len(c.queue) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !c.queue[i].before(c.queue[up]) {
			break
		}
		c.queue[i], c.queue[up] = c.queue[up], c.queue[i]
		i = up
	}
	return i == 0
}

// pop takes the first from the heap.
func (c *conn) pop() datagram {
	q := c.queue
	d, last := q[0], len(q)-1
	q[0], q[last] = q[last], datagram{}
	q = q[:last]
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			break
		}
		if r := down + 1; r < last && q[r].before(q[down]) {
			down = r
		}
		if !q[down].before(q[i]) {
			break
		}
		q[i], q[down] = q[down], q[i]
		i = down
	}
	c.queue = q
	return d
}

// receive waits for a datagram that is due.
func (c *conn) receive() (datagram, error) {
	for {
		c.mu.Lock()
		wait, until, err := c.next()
		if err != nil || !wait {
			var d datagram
			if err == nil {
				d = c.pop()
			}
			more := len(c.queue) > 0 || err != nil
			c.mu.Unlock()
			if more {
				c.signal() // for another reader
			}
			return d, err
		}
		timer := c.arm(until)
		c.mu.Unlock()
		c.park(timer)
	}
}

// next says whether to wait, and until when (zero: for ever).
func (c *conn) next() (wait bool, until time.Time, err error) {
	if c.closed {
		return false, until, net.ErrClosed
	}
	if len(c.queue) > 0 && c.queue[0].due.IsZero() && c.deadline.IsZero() {
		return false, until, nil
	}
	if len(c.queue) == 0 && c.deadline.IsZero() {
		return true, until, nil
	}
	now := time.Now()
	if !c.deadline.IsZero() && !now.Before(c.deadline) {
		return false, until, os.ErrDeadlineExceeded
	}
	until = c.deadline
	if len(c.queue) > 0 {
		due := c.queue[0].due
		if !due.After(now) {
			return false, until, nil
		}
		if until.IsZero() || due.Before(until) {
			until = due
		}
	}
	return true, until, nil
}

func (c *conn) arm(until time.Time) *time.Timer {
	if until.IsZero() {
		return nil
	}
	t := c.idle
	if c.idle = nil; t == nil {
		return time.NewTimer(time.Until(until))
	}
	t.Reset(time.Until(until))
	return t
}

func (c *conn) park(timer *time.Timer) {
	if timer == nil {
		select {
		case <-c.wake:
		case <-c.done:
		}
		return
	}
	select {
	case <-c.wake:
	case <-c.done:
	case <-timer.C:
	}
	timer.Stop()
	c.mu.Lock()
	c.idle = timer
	c.mu.Unlock()
}

func (c *conn) ReadFrom(b []byte) (int, net.Addr, error) {
	d, err := c.receive()
	if err != nil {
		return 0, nil, err
	}
	n := copy(b, *d.data)
	buffers.Put(d.data)
	return n, d.from.udp, nil
}

func (c *conn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	d, err := c.receive()
	if err != nil {
		return 0, netip.AddrPort{}, err
	}
	n := copy(b, *d.data)
	buffers.Put(d.data)
	return n, d.from.addr, nil
}

func (c *conn) WriteTo(b []byte, to net.Addr) (int, error) {
	if u, ok := to.(*net.UDPAddr); ok {
		return c.WriteToUDPAddrPort(b, u.AddrPort())
	}
	at, err := netip.ParseAddrPort(to.String())
	if err != nil {
		return 0, err
	}
	return c.WriteToUDPAddrPort(b, at)
}

func (c *conn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case <-c.done:
		return 0, net.ErrClosed
	default:
	}
	if len(b) > maxDatagram {
		return 0, errors.New("message too long")
	}
	c.net.send(c, netip.AddrPortFrom(to.Addr().Unmap(), to.Port()), b)
	return len(b), nil
}

func (c *conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return net.ErrClosed
	}
	c.closed = true
	for _, d := range c.queue {
		buffers.Put(d.data)
	}
	c.queue = nil
	c.mu.Unlock()
	c.net.mu.Lock()
	delete(c.net.conns, c.addr)
	c.net.mu.Unlock()
	close(c.done)
	return nil
}

func (c *conn) LocalAddr() net.Addr { return c.udp }

func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	c.deadline = t
	c.mu.Unlock()
	c.signal()
	return nil
}

// SetWriteDeadline does nothing: writing never waits.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }
