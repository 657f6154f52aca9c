package dialer

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer/floor"
	"apel/dialer/keep"
	"apel/dialer/ua"
	"apel/media"
	"apel/media/browser"

	"go.uber.org/zap"
)

// Config is a service's settings; the zero value with Data set is a store
// that can be looked after without telephony.
type Config struct {
	Data    string        // data directory
	Version string        // of the program, shown in status
	Network media.Network // nil: the machine's

	SIP     SIPConfig
	RTP     RTPConfig
	Browser BrowserConfig
	Trunks  []TrunkConfig
	Log     *zap.Logger // nil: no log
	Keep    keep.Rules  // how the data is kept
}

// SIPConfig is where we are reached.
type SIPConfig struct {
	Listen    string // host:port for UDP (and TCP if TCP is set); default "0.0.0.0:5060"
	TCP       bool   // also listen on TCP for operators' phones
	Advertise string // address that far ends shall use; "": the local address
}

// RTPConfig is where media sockets are opened.
type RTPConfig struct {
	Host        string // local address to bind; "": as SIP
	First, Last int    // port range; 0: the system picks
}

// BrowserConfig is where operators' browsers send their sound.
type BrowserConfig struct {
	Listen    string       // host:port for UDP; "": no browsers
	Advertise []netip.Addr // addresses that browsers shall use; nil: the local ones
}

// TrunkConfig is a SIP carrier connection.
type TrunkConfig = ua.Trunk

// Service is one dialer over one data directory.
type Service struct {
	cfg   Config
	log   *zap.Logger
	store *contactdb.Store
	owner string // of our leases
	since time.Time
	ready chan struct{} // closed when Run is up

	events   events
	desk     *desk
	monitors monitors
	surveys  surveys
	ua       *ua.UA           // nil until Run
	gateway  *browser.Gateway // nil until Run, and without a port for browsers
	keeper   *keep.Keeper

	stop     chan struct{}   // closed when Run is to end: no new call
	leave    chan struct{}   // closed when calls without a final response are to be left
	legsDown chan struct{}   // closed when operators' legs are to end
	callCtx  context.Context // ends when the last call has
	endCalls context.CancelFunc
	wg       sync.WaitGroup // loops and keepers of legs

	// gate orders do-not-call entries and INVITEs: an INVITE is checked and
	// sent under its read side, an entry is acknowledged after its write side
	// was held once. So no INVITE leaves after the acknowledgement.
	gate sync.RWMutex

	own ownModel // of the detector

	mappings sync.Mutex // held while the mappings of imports are changed; guards no field

	// Set by tests before Run.
	inspect func(*floor.Floor) // sees every floor after every step
	settle  func(context.Context, contactdb.Settlement) (contactdb.Record, error)
	noted   func(context.Context) error

	mu      sync.Mutex // guards what follows
	running bool
	loops   map[string]*loop
	booked  map[string]int // calls leased and not yet at their trunk
}

// Open opens the store of cfg.Data. Nothing is sent before Run.
func Open(cfg Config) (*Service, error) {
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	if cfg.SIP.Listen == "" {
		cfg.SIP.Listen = "0.0.0.0:5060"
	}
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	store, err := contactdb.Open(contactdb.Config{Path: filepath.Join(cfg.Data, "apel.db")})
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, log: cfg.Log, store: store, owner: "apel", since: time.Now(), ready: make(chan struct{}),
		stop: make(chan struct{}), leave: make(chan struct{}), legsDown: make(chan struct{}), loops: map[string]*loop{}, booked: map[string]int{}}
	s.keeper, err = keep.New(keep.Config{Dir: cfg.Data, Store: store, Log: cfg.Log, Stop: s.stop, Rules: cfg.Keep})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrInput, err), store.Close())
	}
	s.callCtx, s.endCalls = context.WithCancel(context.Background())
	s.settle, s.noted = store.Settle, store.Noted
	s.desk = newDesk(s)
	s.monitors = monitors{s: s, of: map[string]*monitor{}}
	return s, nil
}

// Close closes the store; Run must have returned.
func (s *Service) Close() error {
	s.endCalls()
	return s.store.Close()
}

// Store gives the database to the commands that need only it.
func (s *Service) Store() *contactdb.Store { return s.store }

// Keeper gives what looks after the data directory.
func (s *Service) Keeper() *keep.Keeper { return s.keeper }

// Ready is closed when Run has recovered and listens.
func (s *Service) Ready() <-chan struct{} { return s.ready }

// Subscribe gives events from now on; a subscriber that does not keep up is
// dropped (its channel closed). Stop with cancel.
func (s *Service) Subscribe() (<-chan Event, func()) { return s.events.subscribe() }

// SubscribeAfter is Subscribe, with the events after one that was seen; whole
// says that none of them is forgotten.
func (s *Service) SubscribeAfter(seq uint64) (past []Event, whole bool, events <-chan Event, cancel func()) {
	return s.events.subscribeAfter(seq)
}

// SIPAddr is where phones register; zero until Ready.
func (s *Service) SIPAddr() string {
	if s.ua == nil {
		return ""
	}
	return s.ua.Addr().String()
}

// Run recovers what a crash left, brings up trunks and operators' phones, goes
// on with the campaigns that were running, and serves until ctx ends; then it
// drains: no new call, waits for bridged ones up to grace, ends the rest.
func (s *Service) Run(ctx context.Context, grace time.Duration) error {
	if err := s.listen(); err != nil {
		return err
	}
	if err := s.recover(); err != nil {
		s.ua.Close()
		return err
	}
	s.keeper.Reserve() // what a crash left is recorded first, should there be room for one of the two
	s.mu.Lock()
	s.running = true
	s.mu.Unlock()
	if err := s.resume(); err != nil {
		s.log.Error("a campaign could not be resumed", zap.Error(err))
	}
	close(s.ready)
	s.wg.Go(func() { s.keeper.Run(s.diskFull) })
	<-ctx.Done()
	return s.shutDown(grace)
}

// listen opens the SIP and RTP side.
func (s *Service) listen() error {
	rtp := s.cfg.RTP
	if rtp.Host == "" {
		rtp.Host = hostOf(s.cfg.SIP.Listen)
	}
	ports, err := media.NewPorts(media.PortsConfig{Network: s.cfg.Network, Host: rtp.Host, First: rtp.First, Last: rtp.Last})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	u, err := ua.New(ua.Config{Network: s.cfg.Network, Listen: s.cfg.SIP.Listen, TCP: s.cfg.SIP.TCP, Advertise: s.cfg.SIP.Advertise,
		Ports: ports, Trunks: s.cfg.Trunks, Log: s.log, Account: s.account,
		OnRegister: s.desk.registered, OnTrunk: s.trunkChanged})
	if err != nil {
		return err
	}
	var g *browser.Gateway
	if s.cfg.Browser.Listen != "" {
		if g, err = browser.Listen(s.callCtx, browser.Config{Network: s.cfg.Network, Listen: s.cfg.Browser.Listen, Advertise: s.cfg.Browser.Advertise}); err != nil {
			return errors.Join(err, u.Close())
		}
	}
	s.mu.Lock()
	s.ua, s.gateway = u, g
	s.mu.Unlock()
	return nil
}

func (s *Service) account(user string) (md5, sha256 string, ok bool) {
	o, err := s.store.Operator(user)
	return o.HA1MD5, o.HA1SHA256, err == nil && o.HA1MD5 != "" && !s.closed(user) // a digest of nothing would fit a known answer
}

// trunkChanged lets the floors know that there are more or fewer lines.
func (s *Service) trunkChanged(t ua.TrunkState) {
	state := "up"
	if !t.Up {
		state = "down"
	}
	s.events.publish(Event{Kind: "trunk.state", Trunk: t.Name, State: state, Detail: t.Reason})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.loops {
		l.tell(floor.Input{Kind: floor.InLines})
	}
}

// resume opens the floors of campaigns that were going on, in the order in which they
// were started: who may work for several works for the same one as before.
func (s *Service) resume() error {
	all, err := s.store.Campaigns()
	if err != nil {
		return err
	}
	var order []string
	s.desk.recall(startedKey, &order)
	place := func(c contactdb.Campaign) int {
		if i := slices.Index(order, c.Name); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(all, func(a, b contactdb.Campaign) int { return place(a) - place(b) })
	for _, c := range all {
		if c.State == contactdb.Running || c.State == contactdb.Paused || c.State == contactdb.Draining {
			if e := s.open(c); e != nil {
				err = errors.Join(err, e)
			}
		}
	}
	return err
}

// load reads a campaign's version.
func (s *Service) load(name string, version int) (*rules, error) {
	v, err := s.store.CampaignVersion(name, version)
	if err != nil {
		return nil, err
	}
	def, err := campaign.Parse(v.Source)
	if err != nil {
		return nil, fmt.Errorf("campaign %q version %d: %w", name, v.Version, err)
	}
	return s.withMessage(def, v.Version)
}

// open starts the floor of a campaign, behind those that are open.
func (s *Service) open(c contactdb.Campaign) error {
	r, err := s.load(c.Name, c.Version)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.loops[c.Name] != nil || s.stopping() {
		s.mu.Unlock()
		return nil
	}
	l := s.newLoop(c, r)
	s.loops[c.Name] = l
	s.arrange(r)
	opened := make(chan struct{})
	s.wg.Go(func() { // in this order: a floor may end at once
		s.desk.opened(l)
		close(opened)
		s.wg.Go(l.run)
		s.closeFloor(l)
	})
	s.mu.Unlock()
	<-opened
	return nil
}

// closeFloor waits for the end of a floor, writes it down, and lets go of it:
// only then can the campaign be started again.
func (s *Service) closeFloor(l *loop) {
	l.finish()
	var c contactdb.Campaign
	var err error
	if !l.kept.Load() {
		c, err = s.store.SetCampaignState(l.name, contactdb.Done, l.why, time.Now(), contactdb.Running, contactdb.Draining, contactdb.Paused)
	}
	s.mu.Lock()
	delete(s.loops, l.name)
	s.mu.Unlock()
	s.desk.closed(l)
	switch {
	case l.kept.Load():
	case err != nil && !errors.Is(err, contactdb.ErrState):
		s.log.Error("campaign's end was not kept", zap.String("campaign", l.name), zap.Error(err))
	default:
		s.events.publish(Event{Kind: "campaign.state", Campaign: l.name, State: string(c.State), Detail: c.Reason})
	}
}

// SetPassword sets the digest secrets of an operator's account (RFC 7616 §3.4.2).
func SetPassword(o *contactdb.Operator, password string) {
	a1 := []byte(o.Name + ":" + contactdb.Realm + ":" + password)
	m, h := md5.Sum(a1), sha256.Sum256(a1)
	o.HA1MD5, o.HA1SHA256 = hex.EncodeToString(m[:]), hex.EncodeToString(h[:])
}

// SetOperatorReady signs an operator in as ready or not ready (with a reason).
// ErrState while the operator's phone is not up.
func (s *Service) SetOperatorReady(name string, ready bool, reason string) (OperatorStatus, error) {
	o, err := s.store.Operator(name)
	if err != nil {
		return OperatorStatus{}, err
	}
	if !s.isRunning() {
		return OperatorStatus{}, ErrNotRunning
	}
	if !ready && reason == "" {
		reason = "set not ready"
	}
	return s.desk.setReady(o, ready, reason)
}

// Tell shows an operator a line of text, if a screen of theirs is open.
func (s *Service) Tell(operator, text string) {
	s.events.publish(Event{Kind: "operator.message", Operator: operator, Detail: text})
}

func (s *Service) isRunning() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running
}

// floorOf returns the loop of a running campaign, nil if it has none.
func (s *Service) floorOf(name string) *loop {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loops[name]
}

// Status of everything.
func (s *Service) Status() (Status, error) {
	st := Status{Version: s.cfg.Version, Running: s.isRunning(), Campaigns: []CampaignStatus{}, Trunks: []TrunkStatus{}}
	if st.Running {
		st.Since = s.since
		for _, t := range s.ua.Trunks() {
			state := "up"
			if !t.Up {
				state = "down"
			}
			st.Trunks = append(st.Trunks, TrunkStatus{Name: t.Name, State: state, Reason: t.Reason, InUse: t.InUse, Channels: t.Channels, CallsPerSecond: t.CPS})
		}
	}
	all, err := s.store.Campaigns()
	if err != nil {
		return st, err
	}
	for _, c := range all {
		cs, err := s.CampaignStatus(c.Name, false)
		if err != nil {
			return st, err
		}
		st.Campaigns = append(st.Campaigns, cs)
	}
	accounts, err := s.store.Operators()
	if err != nil {
		return st, err
	}
	st.Operators = s.desk.all(accounts)
	slices.SortFunc(st.Operators, func(a, b OperatorStatus) int { return compare(a.Name, b.Name) })
	return st, nil
}
