package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// NetConfig says how datagrams travel. The zero value delivers each at once.
// Chances are 0..1; each is drawn from the seed, the two addresses, the time of
// sending and the first line of a SIP message: in a bubble, where time is exact,
// a datagram's fate depends neither on what other links do nor on the order in
// which goroutines happened to send.
type NetConfig struct {
	Seed      uint64
	Delay     time.Duration // one way
	Jitter    time.Duration // 0..Jitter more; what a link was given at different times keeps its order
	Loss      float64
	Duplicate float64
	Reorder   float64       // chance of being held back by HeldBack, and overtaken
	HeldBack  time.Duration // default 30 ms
	Queue     int           // datagrams that wait at a socket before more are lost; default 4096

	// Tap sees every datagram sent, also those that are then lost. It must not
	// keep data.
	Tap func(at time.Time, from, to netip.AddrPort, data []byte)
	// Drop loses the datagrams for which it returns true. It must not keep data.
	Drop func(from, to netip.AddrPort, data []byte) bool
}

// Net is a datagram network in memory. What blocks on it parks on channels, so
// that a synctest bubble's clock can advance; a delayed datagram waits at its
// receiver and costs no goroutine.
type Net struct {
	cfg   NetConfig
	cuts  atomic.Pointer[map[[2]netip.Addr]bool]
	lost  atomic.Uint64
	count atomic.Uint64

	mu    sync.RWMutex // guards conns and port
	conns map[netip.AddrPort]*conn
	port  uint16
}

const firstEphemeral = 20000

// NewNet returns a network with nobody on it.
func NewNet(cfg NetConfig) *Net {
	if cfg.HeldBack == 0 {
		cfg.HeldBack = 30 * time.Millisecond
	}
	if cfg.Queue == 0 {
		cfg.Queue = 4096
	}
	return &Net{cfg: cfg, conns: map[netip.AddrPort]*conn{}, port: firstEphemeral}
}

// ListenPacket binds an address such as "10.0.0.1:5060"; port 0 takes a free
// one. The network must be udp. The result also has ReadFromUDPAddrPort and
// WriteToUDPAddrPort, as a *net.UDPConn has, which cost no allocation.
func (n *Net) ListenPacket(_ context.Context, network, address string) (net.PacketConn, error) {
	if network != "udp" && network != "udp4" {
		return nil, fmt.Errorf("the memory network has no %s", network)
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil || at.Addr().IsUnspecified() {
		return nil, fmt.Errorf("the memory network needs an address like 10.0.0.1:5060, not %q", address)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if at.Port() == 0 {
		if at, err = n.ephemeral(at.Addr()); err != nil {
			return nil, err
		}
	}
	if n.conns[at] != nil {
		return nil, fmt.Errorf("address %s is in use", at)
	}
	c := newConn(n, at)
	n.conns[at] = c
	return c, nil
}

// ephemeral gives the next free port of a host; n.mu is held.
func (n *Net) ephemeral(host netip.Addr) (netip.AddrPort, error) {
	for range 65536 - firstEphemeral {
		at := netip.AddrPortFrom(host, n.port)
		if n.port++; n.port < firstEphemeral {
			n.port = firstEphemeral
		}
		if n.conns[at] == nil {
			return at, nil
		}
	}
	return netip.AddrPort{}, errors.New("every port of the host is in use")
}

// Cut takes a host off the network, until Mend.
func (n *Net) Cut(host netip.Addr) { n.Partition(host, netip.Addr{}) }

// Partition loses everything between two hosts, until Mend. The zero Addr
// stands for all hosts.
func (n *Net) Partition(a, b netip.Addr) {
	cuts := map[[2]netip.Addr]bool{{a, b}: true, {b, a}: true}
	if old := n.cuts.Load(); old != nil {
		for k := range *old {
			cuts[k] = true
		}
	}
	n.cuts.Store(&cuts)
}

// Mend ends every Cut and Partition.
func (n *Net) Mend() { n.cuts.Store(nil) }

// Sent counts the datagrams sent, and those of them that were lost on the way
// or had no receiver.
func (n *Net) Sent() (sent, lost uint64) { return n.count.Load(), n.lost.Load() }

func (n *Net) cut(from, to netip.Addr) bool {
	cuts := n.cuts.Load()
	if cuts == nil {
		return false
	}
	all := netip.Addr{}
	return (*cuts)[[2]netip.Addr{from, to}] || (*cuts)[[2]netip.Addr{from, all}] || (*cuts)[[2]netip.Addr{all, to}]
}

// send carries a datagram from a socket to an address.
func (n *Net) send(from *conn, to netip.AddrPort, data []byte) {
	n.count.Add(1)
	if n.cfg.Tap != nil {
		n.cfg.Tap(time.Now(), from.addr, to, data)
	}
	n.mu.RLock()
	dest := n.conns[to]
	n.mu.RUnlock()
	if dest == nil || n.cut(from.addr.Addr(), to.Addr()) || (n.cfg.Drop != nil && n.cfg.Drop(from.addr, to, data)) {
		n.lost.Add(1)
		return
	}
	due, copies := from.fate(to, data)
	if copies == 0 {
		n.lost.Add(1)
	}
	for range copies {
		if !dest.deliver(from, due, data) {
			n.lost.Add(1)
		}
	}
}

// plain says that a datagram's fate needs no draw.
func (c NetConfig) plain() bool {
	return c.Jitter == 0 && c.Loss == 0 && c.Duplicate == 0 && c.Reorder == 0
}

// link is the way from one socket to one address.
type link struct {
	hash   uint64
	at     time.Time // of the latest sending
	last   time.Time // when the latest datagram sent at that time is due
	before time.Time // when the latest sent before that is due
}

// fate draws when a datagram arrives (zero: now) and how often.
func (l *link) fate(cfg NetConfig, data []byte) (due time.Time, copies int) {
	now := time.Now()
	if now.After(l.at) {
		l.at, l.before = now, l.last
	}
	h := mix(l.hash ^ mix(uint64(now.UnixNano())) ^ firstLine(data))
	draw := func(salt uint64) float64 { return float64(mix(h+salt)>>11) / (1 << 53) }
	if draw(0) < cfg.Loss {
		return due, 0
	}
	copies = 1
	if draw(1) < cfg.Duplicate {
		copies = 2
	}
	due = now.Add(cfg.Delay + time.Duration(draw(2)*float64(cfg.Jitter)))
	if draw(3) < cfg.Reorder {
		return due.Add(cfg.HeldBack), copies
	}
	if due.Before(l.before) {
		due = l.before
	}
	if due.After(l.last) {
		l.last = due
	}
	return due, copies
}

// firstLine is a hash of the first line of a SIP message, and 0 for others:
// what is random in a packet must not decide about it.
func firstLine(data []byte) uint64 {
	if len(data) < 16 || data[0] < 'A' || data[0] > 'Z' {
		return 0
	}
	line, _, _ := strings.Cut(string(data[:min(len(data), 128)]), "\r\n")
	return hashString(line)
}

// linkHash is the same in every run for a seed and two addresses. Ports that
// the network picked count for nothing: who gets which depends on the order in
// which goroutines asked.
func linkHash(seed uint64, from, to netip.AddrPort) uint64 {
	h := mix(seed)
	for _, a := range [2]netip.AddrPort{from, to} {
		b := a.Addr().As16()
		h = mix(h ^ binary.BigEndian.Uint64(b[:8]))
		h = mix(h ^ binary.BigEndian.Uint64(b[8:]))
		if a.Port() < firstEphemeral {
			h = mix(h ^ uint64(a.Port()))
		}
	}
	return h
}

// mix is the finalizer of splitmix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
