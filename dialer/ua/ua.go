// Package ua is apel's SIP presence: trunks to carriers, the registrar for
// operators' phones, and the calls over both. It alone, with the lab, knows
// sipgo, and of sipgo it uses the messages, transports and transactions; the
// INVITE, its CANCEL and the dialog are its own, because a final response must
// be waited for and answered whatever happens (RFC 3261 §9.1, §13.2.2.4).
//
// A Call is owned by one goroutine that reads top to bottom: establish, then
// converse. Requests of the far end reach it as messages. Progress comes out
// of one channel that is closed when the call has ended; Ending then says how.
//
// What ua never does: follow a redirect, accept a call or transfer from
// outside, answer a digest challenge that is not its trunk's, write a field
// into a message that has not passed its encoder.
package ua

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"apel/media"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"go.uber.org/zap"
)

// Errors of Dial before anything was sent.
var (
	// ErrNotSent: no INVITE has left, and none will.
	ErrNotSent = errors.New("call was not sent")
	// ErrNoTrunk: the trunk is not configured.
	ErrNoTrunk = errors.New("no such trunk")
	// ErrNoPhone: the operator's phone is not registered.
	ErrNoPhone = errors.New("phone is not registered")
)

// Config is what a UA needs; Listen and Ports are required.
type Config struct {
	Network   media.Network // nil: the machine's
	Listen    string        // host:port for UDP
	TCP       bool          // also listen on TCP
	Advertise string        // host that far ends shall use; "": the local address
	Ports     *media.Ports
	Trunks    []Trunk
	Names     Names // nil: the machine's
	// Account gives the digest secrets of an operator's phone (RFC 7616 §3.4.2).
	Account func(user string) (ha1MD5, ha1SHA256 string, ok bool)
	// OnRegister is called when a phone's binding changes; an expired one has no Contact.
	OnRegister func(Binding)
	// OnTrunk is called when a trunk goes up or down.
	OnTrunk func(TrunkState)
	Log     *zap.Logger
}

// UA is one SIP user agent on one address.
type UA struct {
	cfg      Config
	log      *zap.Logger
	ua       *sipgo.UserAgent
	server   *sipgo.Server
	client   *sipgo.Client
	host     string // that far ends see, in Via and Contact
	port     int
	laddr    sip.Addr
	trunks   map[string]*trunk
	nonces   nonces
	unknown  *sources // requests from addresses that are neither trunk nor phone
	failures *sources // wrong passwords

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // every goroutine that New or a call has started
	byes   sync.WaitGroup // of them, those that wait for the answer to a BYE or CANCEL

	mu       sync.Mutex       // guards calls, bindings
	calls    map[string]*Call // by Call-ID
	bindings map[string]Binding
}

// SetLogger sends sipgo's own messages to l, without what the network has sent (quiet.go). sipgo keeps its logger in a
// package variable: call it once, from main.
func SetLogger(l *slog.Logger) { sip.SetDefaultLogger(slog.New(newQuiet(l.Handler()))) }

// New opens the sockets and starts listening. Trunks come up by themselves.
func New(cfg Config) (*UA, error) {
	if cfg.Network == nil {
		cfg.Network = &net.ListenConfig{}
	}
	if cfg.Names == nil {
		cfg.Names = net.DefaultResolver
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	u := &UA{cfg: cfg, log: cfg.Log, trunks: map[string]*trunk{}, calls: map[string]*Call{},
		bindings: map[string]Binding{}, unknown: newSources(20, 40), failures: newSources(0.1, 10)}
	if _, err := rand.Read(u.nonces.key[:]); err != nil {
		return nil, fmt.Errorf("make a key for digest nonces: %w", err)
	}
	u.ctx, u.cancel = context.WithCancel(context.Background())
	for _, t := range cfg.Trunks {
		tr, err := newTrunk(u, t)
		if err != nil {
			u.cancel()
			return nil, err
		}
		u.trunks[t.Name] = tr
	}
	if err := u.listen(); err != nil {
		u.cancel()
		return nil, err
	}
	for _, t := range u.trunks {
		u.wg.Go(t.run)
	}
	u.wg.Go(u.expireBindings)
	return u, nil
}

// listen opens the sockets and hands them to sipgo.
func (u *UA) listen() error {
	conn, err := u.cfg.Network.ListenPacket(u.ctx, "udp", u.cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen for SIP on %s: %w; choose another address with sip.listen", u.cfg.Listen, err)
	}
	local, err := netip.ParseAddrPort(conn.LocalAddr().String())
	if err != nil {
		conn.Close()
		return fmt.Errorf("listen for SIP on %s: %w", u.cfg.Listen, err)
	}
	u.port = int(local.Port())
	u.host = u.advertised(local.Addr().Unmap())
	u.laddr = sip.Addr{IP: net.IP(local.Addr().Unmap().AsSlice()), Port: u.port}
	if err := u.build(); err != nil {
		conn.Close()
		return err
	}
	var tcp net.Listener
	if u.cfg.TCP {
		tcp, err = (&net.ListenConfig{}).Listen(u.ctx, "tcp", local.String())
		if err != nil {
			conn.Close()
			return fmt.Errorf("listen for SIP on tcp %s: %w", local, err)
		}
	}
	ready := make(chan struct{})
	u.wg.Go(func() { u.served("udp", u.server.ServeUDP(newSocket(conn, ready))) })
	if tcp != nil {
		u.wg.Go(func() { u.served("tcp", u.server.ServeTCP(newListener(tcp))) })
	}
	u.wg.Go(func() {
		<-u.ctx.Done()
		conn.Close()
		if tcp != nil {
			tcp.Close()
		}
	})
	<-ready // sipgo has the socket in its pool once it reads: a request sent earlier would open another
	return nil
}

// served tells of a listener that has ended before it should.
func (u *UA) served(transport string, err error) {
	if u.ctx.Err() == nil {
		u.log.Error("SIP is not heard any more", zap.String("transport", transport), zap.Error(err))
	}
}

// build makes sipgo's user agent with our filter, checks and handlers.
func (u *UA) build() error {
	agent, err := sipgo.NewUA(
		sipgo.WithUserAgent("apel"),
		sipgo.WithUserAgenTLSConfig(u.tlsConfig()),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerReadFilter(u.filter), // in this order: the transports take the filter over
			sip.WithTransportLayerTransports(sip.TransportsConfig{TCP: outgoing(), TLS: &sip.TransportTLS{TransportTCP: outgoing()}})),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerUnhandledResponseHandler(u.strayResponse)),
	)
	if err != nil {
		return fmt.Errorf("make the SIP user agent: %w", err)
	}
	u.ua = agent
	if u.server, err = sipgo.NewServer(agent); err != nil {
		return fmt.Errorf("make the SIP server: %w", err)
	}
	if u.client, err = sipgo.NewClient(agent); err != nil {
		return fmt.Errorf("make the SIP client: %w", err)
	}
	u.handle()
	return nil
}

// streamWait bounds how long a connection may take to come up, and to take what
// is written: a trunk behind a dead route says neither yes nor no.
const streamWait = 5 * time.Second

func outgoing() *sip.TransportTCP {
	return &sip.TransportTCP{WriteTimeout: streamWait, DialerCreate: func(local net.Addr) net.Dialer {
		return net.Dialer{Timeout: streamWait, LocalAddr: local}
	}}
}

// tlsConfig trusts, for each TLS trunk, what that trunk says.
func (u *UA) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, // verified below, by the trunk's own authority
		VerifyConnection: func(cs tls.ConnectionState) error {
			err := fmt.Errorf("no tls trunk is named %q", cs.ServerName)
			for _, t := range u.trunks {
				if t.cfg.Transport != "tls" || t.serverName() != cs.ServerName {
					continue
				}
				if err = t.verify(cs); err == nil {
					return nil
				}
			}
			return err
		},
	}
}

// advertised is the host that far ends shall use.
func (u *UA) advertised(local netip.Addr) string {
	if u.cfg.Advertise != "" {
		return u.cfg.Advertise
	}
	if !local.IsUnspecified() {
		return local.String()
	}
	// Bound to every address: the one from which the first trunk is reached. No packet is sent.
	for _, t := range u.cfg.Trunks {
		if c, err := net.Dial("udp", hostPort(t.Host, "5060")); err == nil {
			defer c.Close()
			return c.LocalAddr().(*net.UDPAddr).IP.String()
		}
	}
	return "127.0.0.1"
}

// Addr is where the UA listens for UDP.
func (u *UA) Addr() netip.AddrPort {
	ip, _ := netip.AddrFromSlice(u.laddr.IP)
	return netip.AddrPortFrom(ip.Unmap(), uint16(u.port))
}

// Close ends every call as it stands (CANCEL or BYE is sent, not waited for),
// and stops everything the UA has started.
func (u *UA) Close() error {
	u.mu.Lock()
	calls := make([]*Call, 0, len(u.calls))
	for _, c := range u.calls {
		calls = append(calls, c)
	}
	u.mu.Unlock()
	for _, c := range calls {
		c.Hangup()
	}
	// The far ends have a second to answer; what comes later finds nobody, as after a crash.
	answered := make(chan struct{})
	go func() {
		for _, c := range calls {
			<-c.ended
		}
		u.byes.Wait()
		close(answered)
	}()
	deadline := time.NewTimer(time.Second)
	defer deadline.Stop()
	select {
	case <-answered:
	case <-deadline.C:
	}
	u.cancel()
	err := u.ua.Close()
	u.wg.Wait()
	<-answered
	return err
}

// connect makes the client transaction of a request that is complete: over TCP
// and TLS it waits for the connection, no longer than ctx. Init sends it.
func (u *UA) connect(ctx context.Context, req *sip.Request) (*sip.ClientTx, error) {
	return u.ua.TransactionLayer().NewClientTransaction(ctx, req)
}

// send starts a client transaction for a request that is complete.
func (u *UA) send(ctx context.Context, req *sip.Request) (sip.ClientTransaction, error) {
	return u.client.TransactionRequest(ctx, req, asBuilt)
}

// write sends a request outside of any transaction (an ACK).
func (u *UA) write(req *sip.Request) error { return u.client.WriteRequest(req, asBuilt) }

// asBuilt keeps sipgo from completing what our own builder has made.
func asBuilt(*sipgo.Client, *sip.Request) error { return nil }

// do sends a request other than INVITE and waits for its final response.
func (u *UA) do(ctx context.Context, req *sip.Request) (*sip.Response, error) {
	return u.client.Do(ctx, req, asBuilt)
}
