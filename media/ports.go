package media

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"time"
)

// PortsConfig says where RTP sockets are opened.
type PortsConfig struct {
	Network     Network       // nil: the machine's
	Host        string        // local address to bind, e.g. "127.0.0.1"
	First, Last int           // inclusive range of even ports; both 0: the system picks each port
	Rest        time.Duration // default 5 s
}

// Ports opens RTP sockets from a range; a port that was closed is the last to
// be used again, and never within its rest time: packets of the old call that
// are still under way must not be heard in the next. The first round is in
// random order, so that a stranger can't guess the port of the next call.
type Ports struct {
	cfg PortsConfig

	mu    sync.Mutex // guards the fields below
	free  []freePort // the longest rested first
	inUse int
	fault error // why a port couldn't be bound, the last time
}

type freePort struct {
	number int
	from   time.Time // when it may be used again
}

// NewPorts checks the range.
func NewPorts(cfg PortsConfig) (*Ports, error) {
	if cfg.Network == nil {
		cfg.Network = &net.ListenConfig{}
	}
	if cfg.Rest == 0 {
		cfg.Rest = 5 * time.Second
	}
	p := &Ports{cfg: cfg}
	if cfg.First == 0 && cfg.Last == 0 {
		return p, nil
	}
	if cfg.First < 1 || cfg.Last > 65535 || cfg.First > cfg.Last {
		return nil, fmt.Errorf("RTP port range %d-%d is not within 1-65535, lowest first", cfg.First, cfg.Last)
	}
	for n := cfg.First + cfg.First%2; n <= cfg.Last; n += 2 {
		p.free = append(p.free, freePort{number: n})
	}
	if len(p.free) == 0 {
		return nil, fmt.Errorf("RTP port range %d-%d has no even port", cfg.First, cfg.Last)
	}
	rand.Shuffle(len(p.free), func(i, j int) { p.free[i], p.free[j] = p.free[j], p.free[i] })
	return p, nil
}

// Open opens a socket on the next port. A port that can't be bound is set
// aside for the rest time and the next one is tried; the error names the range
// when none is left.
func (p *Ports) Open(ctx context.Context) (net.PacketConn, error) {
	if p.cfg.Last == 0 {
		return p.listen(ctx, 0)
	}
	for {
		number, ok := p.take(time.Now())
		if !ok {
			return nil, p.exhausted()
		}
		conn, err := p.listen(ctx, number)
		if err == nil {
			return &portConn{PacketConn: conn, release: func() { p.put(number, time.Now(), nil) }}, nil
		}
		p.put(number, time.Now(), err)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

func (p *Ports) listen(ctx context.Context, number int) (net.PacketConn, error) {
	return p.cfg.Network.ListenPacket(ctx, "udp", net.JoinHostPort(p.cfg.Host, strconv.Itoa(number)))
}

// take gives the port that has rested longest, if it has rested enough.
func (p *Ports) take(now time.Time) (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 || p.free[0].from.After(now) {
		return 0, false
	}
	number := p.free[0].number
	p.free = p.free[1:]
	p.inUse++
	return number, true
}

// put gives a port back; all rest equally long, so the list stays in order.
// The fault is why it couldn't be used, nil if it was.
func (p *Ports) put(number int, now time.Time, fault error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, freePort{number, now.Add(p.cfg.Rest)})
	p.inUse--
	if fault != nil {
		p.fault = fault
	}
}

func (p *Ports) exhausted() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := fmt.Errorf("no RTP port left in %d-%d on %s: %d in use, %d resting for up to %v; widen the range",
		p.cfg.First, p.cfg.Last, p.cfg.Host, p.inUse, len(p.free), p.cfg.Rest)
	if p.fault != nil {
		return fmt.Errorf("%w; some are taken by others: %w", err, p.fault)
	}
	return err
}

// portConn is a socket that gives its port back when it is closed.
type portConn struct {
	net.PacketConn
	once    sync.Once
	release func()
}

func (c *portConn) Close() error {
	err := c.PacketConn.Close()
	c.once.Do(c.release)
	return err
}
