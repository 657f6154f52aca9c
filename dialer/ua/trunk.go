package ua

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// Trunk is a SIP carrier connection with its limits.
type Trunk struct {
	Name           string
	Host           string // host or host:port
	Transport      string // udp (default), tcp, tls
	Username       string // digest; also the registered address
	Password       string
	Realm          string        // challenges of another realm are not answered; "": any, from the trunk's address only
	Register       bool          // REGISTER and keep registered (RFC 3261 §10)
	RegisterEvery  time.Duration // asked for; default 5 min
	Options        time.Duration // keep-alive by OPTIONS; default 30 s, negative: off
	Channels       int           // calls at once; default 10
	CallsPerSecond float64       // INVITEs a second, evenly spaced; default 1
	CallerIDs      []string      // numbers that it may show; empty: not restricted (the campaign's check holds to it)
	Insecure       bool          // tls: any certificate will do
	CAFile         string        // tls: the authority to trust instead of the system's
	Prefix         string        // put before the number
	StripPlus      bool          // the carrier wants numbers without the plus
}

// TrunkState is a trunk at an instant.
type TrunkState struct {
	Name     string
	Up       bool
	Reason   string // why it is not up
	InUse    int    // channels taken
	Channels int
	CPS      float64
	paused   bool // by the carrier's wish
}

// trunk owns the limits and the health of one carrier connection.
type trunk struct {
	u        *UA
	cfg      Trunk
	hostname string // as configured, without port
	port     string
	named    bool // the port is configured
	uriPort  int  // to write in URIs: 0 if it is the transport's own
	roots    *x509.CertPool
	channels chan struct{} // one element a call
	rate     *rate.Limiter

	well int  // how often in a row a better address has answered; run's own
	mute bool // OPTIONS were not answered last time, of a trunk that registers; run's own

	mu     sync.Mutex // guards what follows
	places []place    // the one in use first; see resolve
	up     bool
	reason string
	pause  time.Time // until then the carrier wants nothing
}

func newTrunk(u *UA, cfg Trunk) (*trunk, error) {
	if cfg.Transport == "" {
		cfg.Transport = "udp"
	}
	if cfg.Channels <= 0 {
		cfg.Channels = 10
	}
	if cfg.CallsPerSecond <= 0 {
		cfg.CallsPerSecond = 1
	}
	if cfg.RegisterEvery <= 0 {
		cfg.RegisterEvery = 5 * time.Minute
	}
	if cfg.Options == 0 {
		cfg.Options = 30 * time.Second
	}
	port := "5060"
	if cfg.Transport == "tls" {
		port = "5061"
	}
	_, _, bare := net.SplitHostPort(cfg.Host)
	host, port, err := net.SplitHostPort(hostPort(cfg.Host, port))
	if err != nil || host == "" {
		return nil, fmt.Errorf("trunk %q: host %q is not a host or host:port", cfg.Name, cfg.Host)
	}
	uriPort, err := strconv.Atoi(port)
	if err != nil || uriPort < 0 || uriPort > 65535 {
		return nil, fmt.Errorf("trunk %q: port %q is no number from 0 to 65535", cfg.Name, port)
	}
	if uriPort == sip.DefaultPort(cfg.Transport) {
		uriPort = 0
	}
	switch cfg.Transport {
	case "udp", "tcp", "tls":
	default:
		return nil, fmt.Errorf("trunk %q: transport %q is not known; write udp, tcp or tls", cfg.Name, cfg.Transport)
	}
	if cfg.Username != "" && !printable(cfg.Username) {
		return nil, fmt.Errorf("trunk %q: the username has a character that SIP does not allow", cfg.Name)
	}
	t := &trunk{u: u, cfg: cfg, hostname: host, port: port, named: bare == nil, uriPort: uriPort, channels: make(chan struct{}, cfg.Channels),
		rate: rate.NewLimiter(rate.Limit(cfg.CallsPerSecond), 1), up: cfg.Options < 0 && !cfg.Register, reason: "not reached yet"}
	if cfg.CAFile != "" {
		pem, err := os.ReadFile(cfg.CAFile)
		if err != nil {
			return nil, fmt.Errorf("trunk %q: read its authority: %w", cfg.Name, err)
		}
		t.roots = x509.NewCertPool()
		if !t.roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("trunk %q: %s holds no certificate", cfg.Name, cfg.CAFile)
		}
	}
	if err := t.resolve(); err != nil {
		t.reason = err.Error()
	}
	return t, nil
}

// serverName is what a TLS connection to the trunk is known by: its name, or
// nothing if it is given by address (RFC 6066 §3 has no addresses in SNI).
func (t *trunk) serverName() string {
	if net.ParseIP(t.hostname) != nil {
		return ""
	}
	return t.hostname
}

// verify checks a TLS peer's certificate by the trunk's own settings.
func (t *trunk) verify(cs tls.ConnectionState) error {
	if t.cfg.Insecure {
		return nil
	}
	opts := x509.VerifyOptions{DNSName: t.hostname, Roots: t.roots, Intermediates: x509.NewCertPool()}
	for _, c := range cs.PeerCertificates[1:] {
		opts.Intermediates.AddCert(c)
	}
	_, err := cs.PeerCertificates[0].Verify(opts)
	return err
}

// acquire takes a channel, then a turn in the calls per second, tells inLine,
// and waits for the turn; release gives the channel back. It waits no longer
// than ctx.
func (t *trunk) acquire(ctx context.Context, inLine func()) (release func(), err error) {
	select {
	case t.channels <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: trunk %q has no free channel", ErrNotSent, t.cfg.Name)
	}
	turn := t.rate.Reserve()
	inLine()
	if !sleep(ctx, turn.Delay()) {
		turn.Cancel()
		<-t.channels
		return nil, fmt.Errorf("%w: trunk %q is at its calls-per-second limit", ErrNotSent, t.cfg.Name)
	}
	if s := t.state(); !s.Up && s.paused {
		<-t.channels
		return nil, fmt.Errorf("%w: trunk %q: %s", ErrNotSent, t.cfg.Name, s.Reason)
	}
	return func() { <-t.channels }, nil
}

func (t *trunk) state() TrunkState {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := TrunkState{Name: t.cfg.Name, Up: t.up, Reason: t.reason, InUse: len(t.channels), Channels: cap(t.channels), CPS: t.cfg.CallsPerSecond}
	if time.Now().Before(t.pause) {
		s.Up, s.paused, s.Reason = false, true, "the carrier asks for a pause until "+t.pause.UTC().Format(time.TimeOnly)+"Z"
	}
	return s
}

// longestPause bounds what a carrier may ask for.
const longestPause = 5 * time.Minute

// refusedBy takes in a carrier's 503 that says when to come back: until then
// nothing is sent to it (RFC 3261 §21.5.4).
func (t *trunk) refusedBy(res *sip.Response) {
	h := res.GetHeader("Retry-After")
	if res.StatusCode != 503 || h == nil {
		return
	}
	seconds := 0
	if _, err := fmt.Sscan(h.Value(), &seconds); err != nil || seconds <= 0 {
		return
	}
	d := min(time.Duration(seconds)*time.Second, longestPause)
	t.mu.Lock()
	t.pause = time.Now().Add(d)
	t.mu.Unlock()
	told := func() {
		if t.u.cfg.OnTrunk != nil {
			t.u.cfg.OnTrunk(t.state())
		}
	}
	told()
	t.u.background(func() {
		if sleep(t.u.ctx, d) {
			told()
		}
	})
}

func (t *trunk) set(up bool, reason string) {
	t.mu.Lock()
	changed := t.up != up || t.reason != reason
	t.up, t.reason = up, reason
	t.mu.Unlock()
	if changed && t.u.cfg.OnTrunk != nil {
		t.u.cfg.OnTrunk(t.state())
	}
}

// run keeps the trunk registered and watched until the UA closes.
func (t *trunk) run() {
	if t.cfg.Register {
		t.keepRegistered()
		return
	}
	if t.cfg.Options < 0 {
		return
	}
	for {
		t.probe()
		if !sleep(t.u.ctx, t.cfg.Options) {
			return
		}
	}
}

// probe sends OPTIONS: any final response shows that somebody is there (RFC
// 3261 §11), a 503 or silence that no call should be sent.
func (t *trunk) probe() {
	if t.address().Port() == 0 {
		if err := t.resolve(); err != nil {
			t.set(false, err.Error())
			return
		}
	}
	res, err := t.options(t.destination())
	switch {
	case t.u.ctx.Err() != nil:
	case err != nil:
		t.set(false, fmt.Sprintf("no answer to OPTIONS from %s", t.cfg.Host))
		t.elsewhere()
	case res.StatusCode == 503:
		t.set(false, "the carrier answers 503 to OPTIONS")
		t.elsewhere()
	default:
		t.set(true, "")
		t.home()
	}
}

// options sends OPTIONS to one of the trunk's addresses.
func (t *trunk) options(to string) (*sip.Response, error) {
	req := t.request(sip.OPTIONS, sip.Uri{Scheme: "sip", Host: t.hostname, Port: t.uriPort}, randomID(), 1)
	req.SetDestination(to)
	ctx, cancel := context.WithTimeout(t.u.ctx, 10*time.Second)
	defer cancel()
	return t.u.do(ctx, req)
}

// keepRegistered registers, refreshes before the time is up, and after a
// failure tries again, first soon, then each half minute.
func (t *trunk) keepRegistered() {
	const soon = 2 * time.Second
	callID, cseq, wait := randomID(), uint32(1), soon
	came := false // home, where nobody is registered yet
	for t.u.ctx.Err() == nil {
		expires, err := t.register(callID, &cseq, int(t.cfg.RegisterEvery/time.Second))
		switch {
		case t.u.ctx.Err() != nil:
		case err != nil && came:
			t.u.log.Info("the address that DNS prefers registers nobody; the trunk goes back", zap.String("trunk", t.cfg.Name), zap.Error(err))
			came, t.well = false, -homeAfter*(homeRefused-1)
			t.elsewhere()
		case err != nil:
			t.set(false, err.Error())
			t.elsewhere()
			wait = min(2*wait, 30*time.Second)
			sleep(t.u.ctx, wait)
		default:
			t.set(true, "")
			came, wait = t.watch(time.Now().Add(expires*4/5)), soon
		}
	}
}

// watch looks, until the registration is due again, whether the trunk is there
// and whether a better address is; came says that it went to one, where it is to
// be registered. Silence is no more than a reason to register now: there are
// carriers that answer that and no OPTIONS.
func (t *trunk) watch(due time.Time) (came bool) {
	for {
		rest := max(time.Until(due), time.Second)
		every := t.cfg.Options
		if every < 0 || every > rest {
			every = rest
		}
		if !sleep(t.u.ctx, every) {
			return false
		}
		if t.home() {
			return true
		}
		if every == rest {
			return false
		}
		_, err := t.options(t.destination())
		fell := err != nil && !t.mute
		if t.mute = err != nil; fell {
			return false
		}
	}
}

// register sends one REGISTER and answers its challenge; it returns the time granted.
func (t *trunk) register(callID string, cseq *uint32, seconds int) (time.Duration, error) {
	if t.address().Port() == 0 {
		if err := t.resolve(); err != nil {
			return 0, err
		}
	}
	ctx, cancel := context.WithTimeout(t.u.ctx, 20*time.Second)
	defer cancel()
	auth := ""
	for range 3 {
		req := t.request(sip.REGISTER, sip.Uri{Scheme: "sip", Host: t.hostname, Port: t.uriPort}, callID, *cseq)
		*cseq++
		aor := sip.Uri{Scheme: "sip", User: t.cfg.Username, Host: t.hostname}
		req.ReplaceHeader(&sip.FromHeader{Address: aor, Params: sip.HeaderParams{{K: "tag", V: localTag(callID)}}})
		req.ReplaceHeader(&sip.ToHeader{Address: aor})
		exp := sip.ExpiresHeader(seconds)
		req.AppendHeader(&exp)
		if auth != "" {
			name, value, _ := strings.Cut(auth, ": ")
			req.AppendHeader(sip.NewHeader(name, value))
		}
		res, err := t.u.do(ctx, req)
		if err != nil {
			return 0, fmt.Errorf("no answer to REGISTER from %s", t.cfg.Host)
		}
		switch res.StatusCode {
		case 200:
			return granted(res, time.Duration(seconds)*time.Second), nil
		case 401, 407:
			if auth, err = t.authorize(req, res); err != nil {
				return 0, err
			}
		case 423: // interval too brief, RFC 3261 §10.3
			if h := res.GetHeader("Min-Expires"); h != nil {
				fmt.Sscan(h.Value(), &seconds)
			}
		default:
			return 0, fmt.Errorf("%s refuses to register %s: %d %s", t.cfg.Host, t.cfg.Username, res.StatusCode, res.Reason)
		}
	}
	return 0, fmt.Errorf("%s refuses the password of %s", t.cfg.Host, t.cfg.Username)
}

// granted reads the expiry of our binding: the Contact's parameter, or Expires.
func granted(res *sip.Response, asked time.Duration) time.Duration {
	seconds := 0
	if c := res.Contact(); c != nil {
		if v, ok := c.Params.Get("expires"); ok {
			fmt.Sscan(v, &seconds)
		}
	}
	if h := res.GetHeader("Expires"); seconds == 0 && h != nil {
		fmt.Sscan(h.Value(), &seconds)
	}
	if seconds <= 0 {
		return asked
	}
	return time.Duration(seconds) * time.Second
}

// request is a request outside of any dialog, to the trunk.
func (t *trunk) request(method sip.RequestMethod, uri sip.Uri, callID string, cseq uint32) *sip.Request {
	if t.cfg.Transport != "udp" {
		uri.UriParams = sip.HeaderParams{{K: "transport", V: t.cfg.Transport}}
	}
	user := t.cfg.Username
	if user == "" {
		user = "apel"
	}
	d := &dialog{callID: callID, local: sip.Uri{Scheme: "sip", User: user, Host: t.u.host}, remote: uri,
		localTag: localTag(callID), target: uri, transport: strings.ToUpper(t.cfg.Transport), destination: t.destination()}
	return t.u.request(d, method, cseq)
}

// destination is where requests to the trunk go: its name for TLS, where the
// certificate must match, its address else.
func (t *trunk) destination() string {
	if t.cfg.Transport == "tls" {
		return net.JoinHostPort(t.hostname, t.port)
	}
	return t.address().String()
}

// Trunks returns every trunk as it is now.
func (u *UA) Trunks() []TrunkState {
	states := make([]TrunkState, 0, len(u.trunks))
	for _, t := range u.cfg.Trunks {
		states = append(states, u.trunks[t.Name].state())
	}
	return states
}

// sleep waits and says whether to go on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
