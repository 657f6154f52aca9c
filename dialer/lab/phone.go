package lab

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
)

// PhoneConfig says whose phone it is, and how its operator works.
type PhoneConfig struct {
	Network        media.Network // nil: the machine's
	Addr           string        // to bind, e.g. "10.0.0.21:5060" or "127.0.0.1:0"
	User, Password string
	Registrar      netip.AddrPort
	Expires        time.Duration // asked for; default 60 s; refreshed at half of what is granted
	Seed           uint64

	// Manual operators press nothing by themselves: see Press. Others sign in
	// with * when the leg comes up, hang up with # and press a disposition.
	Manual       bool
	Talk         Law              // until # is pressed; default mean 120 s; negative mean: the customer ends it
	Wrap         Law              // from the end tone to the disposition; default mean 20 s, from 1 s
	Turn         Law              // quiet before taking a turn; default as a population's
	Dispositions map[byte]float64 // weights of the digits 1 to 9; default always 1
	Lang         string           // of what is said; default "en"

	Continuous bool          // sends a packet every 20 ms, not only with sound
	Laws       []media.Codec // default mu-law and A-law
	Faults     PhoneFaults
}

// PhoneFaults happen so long after a leg came up; 0: never.
type PhoneFaults struct {
	Drop time.Duration // the leg is forgotten without a BYE
	Bye  time.Duration // the phone hangs up
	Deaf time.Duration // RTP to the phone is lost
	Mute time.Duration // RTP from the phone is lost
	Move time.Duration // registers again from another port
}

// Phone is an operator's SIP phone. It registers, answers one call of the
// dialer, keeps that leg up, and works its customers.
type Phone struct {
	cfg  PhoneConfig
	quit chan struct{}
	work sync.WaitGroup

	mu    sync.Mutex // guards what is below
	rng   *rand.Rand
	end   *end   // what is registered
	ends  []*end // all, to close
	leg   *leg
	stats PhoneStats
}

// PhoneStats counts what a phone lived through.
type PhoneStats struct {
	Registered    bool
	Registrations int // accepted, refreshes included
	Legs          int // answered
	LegUp         bool
	Calls         int             // customers: connect tones
	Ended         int             // end tones
	Heard, Said   time.Duration   // sound of customers, of the operator
	Delays        []time.Duration // from the connect tone to the first sound of each customer heard
	Pressed       []byte
	Violations    []string // what the dialer must not do
}

// StartPhone binds, and registers until Close. A registration that fails is
// tried again every five seconds.
func StartPhone(ctx context.Context, cfg PhoneConfig) (*Phone, error) {
	if cfg.Expires == 0 {
		cfg.Expires = time.Minute
	}
	if cfg.Talk == (Law{}) {
		cfg.Talk = Law{Mean: 120 * time.Second, Spread: .8, Least: 5 * time.Second}
	}
	if cfg.Wrap == (Law{}) {
		cfg.Wrap = Law{Mean: 20 * time.Second, Spread: .5, Least: time.Second}
	}
	if cfg.Turn == (Law{}) {
		cfg.Turn = Law{Mean: 700 * time.Millisecond, Spread: .4, Least: 300 * time.Millisecond}
	}
	if len(cfg.Dispositions) == 0 {
		cfg.Dispositions = map[byte]float64{'1': 1}
	}
	if cfg.Lang == "" {
		cfg.Lang = "en"
	}
	if len(cfg.Laws) == 0 {
		cfg.Laws = []media.Codec{media.PCMU, media.PCMA}
	}
	p := &Phone{cfg: cfg, quit: make(chan struct{}), rng: rand.New(rand.NewPCG(cfg.Seed, hashString(cfg.User)))}
	if err := p.bind(ctx, cfg.Addr); err != nil {
		return nil, err
	}
	p.work.Go(p.register)
	return p, nil
}

// bind opens a signalling socket and makes it the one to register.
func (p *Phone) bind(ctx context.Context, addr string) error {
	e, err := open(ctx, p.cfg.Network, "udp", addr, nil)
	if err != nil {
		return fmt.Errorf("phone %s: %w", p.cfg.User, err)
	}
	p.mu.Lock()
	p.end = e
	p.ends = append(p.ends, e)
	p.mu.Unlock()
	e.start(p.handle)
	return nil
}

// Addr is where the phone listens.
func (p *Phone) Addr() netip.AddrPort {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.end.local
}

// Stats counts so far.
func (p *Phone) Stats() PhoneStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Delays = append([]time.Duration(nil), s.Delays...)
	s.Pressed = append([]byte(nil), s.Pressed...)
	s.Violations = append([]string(nil), s.Violations...)
	if p.leg != nil {
		s.Said += p.leg.said()
	}
	return s
}

// Press presses a key (0-9, *, #) on the leg and returns when it is released.
func (p *Phone) Press(digit byte) error {
	p.mu.Lock()
	l := p.leg
	p.mu.Unlock()
	if l == nil {
		return errors.New("the phone has no leg")
	}
	l.press(digit)
	return nil
}

// Close unregisters, hangs up, and waits until nothing runs.
func (p *Phone) Close() error {
	p.mu.Lock()
	if closed(p.quit) {
		p.mu.Unlock()
		return nil
	}
	close(p.quit)
	p.mu.Unlock()
	p.work.Wait()
	for _, e := range p.ends {
		e.close()
	}
	return nil
}

func (p *Phone) draw() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rng.Uint64()
}

func (p *Phone) violate(what string) {
	p.mu.Lock()
	p.stats.Violations = append(p.stats.Violations, what)
	p.mu.Unlock()
}

// handle takes one request, in the reading goroutine.
func (p *Phone) handle(req *sip.Request, from peer) {
	p.mu.Lock()
	l := p.leg
	p.mu.Unlock()
	mine := l != nil && req.CallID().Value() == l.dialog.invite.CallID().Value()
	switch {
	case req.Method == sip.OPTIONS:
		answerTo(from, req, 200, "OK", "lab")
	case req.Method == sip.INVITE && !mine:
		p.invited(req, from, l != nil)
	case req.Method == sip.ACK:
		if mine {
			l.dialog.ack()
		}
	case !mine:
		answerTo(from, req, 481, "Call/Transaction Does Not Exist", "lab")
	case req.Method == sip.INVITE && branchOf(req.Via()) == branchOf(l.dialog.invite.Via()):
		l.dialog.echo()
	case req.Method == sip.INVITE || req.Method == sip.UPDATE:
		l.reoffered(req, from)
	case req.Method == sip.BYE:
		answerTo(from, req, 200, "OK", l.dialog.tag)
		l.dialog.hangUp()
	default: // CANCEL too: the 200 is on its way, RFC 3261 §9.2
		answerTo(from, req, 200, "OK", l.dialog.tag)
	}
}

// invited answers the dialer's call; a phone with a leg is busy.
func (p *Phone) invited(req *sip.Request, from peer, busy bool) {
	offer, err := readSDP(req.Body())
	law, ok := choose(offer.laws, p.cfg.Laws)
	switch {
	case closed(p.quit):
		answerTo(from, req, 480, "Temporarily Unavailable", "lab")
	case busy:
		p.violate("an INVITE while the leg is up")
		answerTo(from, req, 486, "Busy Here", "lab")
	case err != nil || !ok:
		answerTo(from, req, 488, "Not Acceptable Here", "lab")
	default:
		p.answer(req, from, offer, law)
	}
}
