package lab

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"apel/media"
)

// CarrierConfig says where a carrier is and who lives behind it.
type CarrierConfig struct {
	Network   media.Network // nil: the machine's
	Addr      string        // to bind, e.g. "10.0.0.2:5060" or "127.0.0.1:0"
	Transport string        // "udp" (default), "tcp" or "tls"; the last two are real sockets
	TLS       *tls.Config   // for "tls"

	// Persona says who answers a number at an attempt, counted from 1; nil:
	// Population; that nil too: the default population.
	Persona    func(number string, attempt int) Persona
	Population *Population

	Users    map[string]string // user to password; when not empty, INVITE and REGISTER need digest
	Channels int               // calls at once, more get 503; 0: no limit
	Faults   Faults
	Seed     uint64
}

// Faults of a carrier's signalling.
type Faults struct {
	LoseNth   int           // every nth SIP message, in or out, vanishes
	Delay     time.Duration // before the first response to an INVITE
	Duplicate bool          // every message is sent twice
	Swap      bool          // the 200 overtakes the 180
}

// Carrier answers calls with personas and keeps the truth about them.
type Carrier struct {
	cfg   CarrierConfig
	end   *end
	calls sync.WaitGroup
	quit  chan struct{}

	mu       sync.Mutex // guards what is below
	closing  bool
	seen     []*Seen
	invites  recent[*dialog] // by branch of the INVITE
	dialogs  recent[*call]   // by Call-ID and our tag
	live     map[*call]bool
	attempts map[string]int
	calling  map[string]int    // live calls by number
	contacts map[string]string // who is registered: user to Contact
	stats    CarrierStats
	window   []time.Time // INVITEs within the last second
}

// CarrierStats counts what a carrier met.
type CarrierStats struct {
	Requests   int // of every method
	PeakSecond int // requests within a second of the clock, at most
	Invites    int // accepted for routing: past digest, retransmissions left out
	PeakCPS    int // those within any second, at most
	Live       int // calls now
	PeakLive   int
}

// StartCarrier binds and answers until Close.
func StartCarrier(ctx context.Context, cfg CarrierConfig) (*Carrier, error) {
	if cfg.Persona == nil {
		if cfg.Population == nil {
			cfg.Population = NewPopulation(PopulationConfig{Seed: cfg.Seed})
		}
		cfg.Persona = cfg.Population.Persona
	}
	e, err := open(ctx, cfg.Network, cfg.Transport, cfg.Addr, cfg.TLS)
	if err != nil {
		return nil, fmt.Errorf("carrier: %w", err)
	}
	e.faults = cfg.Faults
	c := &Carrier{cfg: cfg, end: e, quit: make(chan struct{}), live: map[*call]bool{}, attempts: map[string]int{}, calling: map[string]int{},
		contacts: map[string]string{}}
	e.start(c.handle)
	return c, nil
}

// Addr is where the carrier listens.
func (c *Carrier) Addr() netip.AddrPort { return c.end.local }

// Close ends every call without a word, and waits until nothing runs.
func (c *Carrier) Close() error {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return nil
	}
	c.closing = true
	close(c.quit)
	for call := range c.live {
		call.dialog.cancel()
		call.dialog.hangUp()
	}
	c.mu.Unlock()
	c.calls.Wait()
	c.end.close()
	return nil
}

// HangUp has the callee of a number, or of its last digits, hang up; false if
// there is no call to it.
func (c *Carrier) HangUp(number string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for call := range c.live {
		if strings.HasSuffix(call.seen.Number, number) {
			go call.leave("callee")
			return true
		}
	}
	return false
}

// Stats counts so far.
func (c *Carrier) Stats() CarrierStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stats
	s.Live = len(c.live)
	c.end.meter.mu.Lock()
	s.Requests, s.PeakSecond = c.end.meter.total, c.end.meter.peak
	c.end.meter.mu.Unlock()
	return s
}

// Registered gives the Contact of a user who is registered, or "".
func (c *Carrier) Registered(user string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.contacts[user]
}

// listenRTP opens a callee's socket, on the carrier's host.
func (c *Carrier) listenRTP() (net.PacketConn, error) {
	network := c.cfg.Network
	if network == nil {
		network = &net.ListenConfig{}
	}
	return network.ListenPacket(context.Background(), "udp", netip.AddrPortFrom(c.end.local.Addr(), 0).String())
}
