package ua

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/zap"
)

// Step is how far a call has come.
type Step uint8

const (
	Ringing  Step = iota // 180 or another sign that a phone rings
	Early                // sound before the answer: Media hears it
	Answered             // 2xx, acknowledged
)

// Progress is one step of a call and its time.
type Progress struct {
	Step Step
	At   time.Time
}

// Request asks for a call to a customer.
type Request struct {
	Trunk    string
	Number   string // E.164
	CallerID string // E.164
	CallID   string // from the attempt
	// InLine, if set, is called once: when the call has its channel and its place
	// in the trunk's calls per second, or never will. Calls that are dialed one
	// after another's InLine leave in that order.
	InLine func()
	// Before is asked at the last instant, when channel and turn are taken: an
	// error keeps the INVITE from being sent.
	Before func() error
}

// Call is a call of ours on the wire. Its methods may be called from any goroutine.
type Call struct {
	u          *UA
	trunk      *trunk // nil for an operator's phone
	dialog     *dialog
	media      *media.Session
	sdp        media.Description // ours
	invite     *sip.Request      // the last one sent
	progress   chan Progress
	inbox      chan *inbound
	hangup     chan struct{}
	hangOnce   sync.Once
	ended      chan struct{}
	ending     Ending        // written before ended is closed
	parted     chan struct{} // closed when our BYE was answered, or needs no answer
	release    func()        // gives back the trunk's channel and the dialog's place
	placed     time.Time
	autoAnswer bool // the far end is a phone that shall not ring

	// Owned by the call's goroutine.
	ack       *sip.Request // of the 2xx, sent again when that is
	cancelled bool
	sound     bool // the far end has said where its sound is
	byeFirst  bool // the far end's BYE came before its 2xx, or in the middle of a request of ours
	stepped   [3]bool
	leaving   bool // our BYE is on its way
	timer     sessionTimer
	saved     chan string // one element: the dialog as it is
}

// inbound is a request of the far end inside the call's dialog.
type inbound struct {
	req  *sip.Request
	tx   sip.ServerTransaction
	done chan struct{}
}

// Dial calls a customer through a trunk. It waits, no longer than ctx, for a
// channel and a turn, asks Before, and sends the INVITE; ErrNotSent means that
// none was sent. From then on the call goes on whatever becomes of ctx.
func (u *UA) Dial(ctx context.Context, r Request) (*Call, error) {
	inLine := sync.OnceFunc(func() {
		if r.InLine != nil {
			r.InLine()
		}
	})
	defer inLine()
	t := u.trunks[r.Trunk]
	if t == nil {
		return nil, fmt.Errorf("%w: %w: %q", ErrNotSent, ErrNoTrunk, r.Trunk)
	}
	d, err := t.dialogTo(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	release, err := t.acquire(ctx, inLine)
	if err != nil {
		return nil, err
	}
	c, err := u.place(ctx, t, d, r.Before, release)
	if err != nil {
		release()
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return c, nil
}

// dialogTo makes the dialog that an INVITE to a customer opens.
func (t *trunk) dialogTo(r Request) (*dialog, error) {
	to := r.Number
	if t.cfg.StripPlus {
		to = strings.TrimPrefix(to, "+")
	}
	user, err := number(t.cfg.Prefix + to)
	if err != nil {
		return nil, err
	}
	from, err := number(r.CallerID)
	if err != nil {
		return nil, fmt.Errorf("caller ID: %w", err)
	}
	if !printable(r.CallID) || r.CallID == "" {
		return nil, fmt.Errorf("Call-ID %q cannot be used", r.CallID)
	}
	if !t.address().IsValid() {
		if err := t.resolve(); err != nil {
			return nil, err
		}
	}
	target := sip.Uri{Scheme: "sip", User: user, Host: t.hostname, Port: t.uriPort}
	remote := *target.Clone()
	if t.cfg.Transport != "udp" {
		target.UriParams = sip.HeaderParams{{K: "transport", V: t.cfg.Transport}}
	}
	return &dialog{callID: r.CallID, localTag: localTag(r.CallID), cseq: 1,
		local:  sip.Uri{Scheme: "sip", User: from, Host: t.u.host},
		remote: remote, target: target,
		transport: strings.ToUpper(t.cfg.Transport), destination: t.destination()}, nil
}

// DialPhone calls an operator's registered phone; there is no limit to wait for.
func (u *UA) DialPhone(ctx context.Context, user string) (*Call, error) {
	b, ok := u.Binding(user)
	if !ok {
		return nil, fmt.Errorf("%w: %w: %s", ErrNotSent, ErrNoPhone, user)
	}
	var target sip.Uri
	if err := sip.ParseUri(b.Contact, &target); err != nil {
		return nil, fmt.Errorf("%w: contact of %s: %w", ErrNotSent, user, err)
	}
	id := randomID()
	d := &dialog{callID: id, localTag: localTag(id), cseq: 1, fixed: true,
		local:  sip.Uri{Scheme: "sip", User: "apel", Host: u.host},
		remote: sip.Uri{Scheme: "sip", User: user, Host: u.host}, target: target,
		transport: b.Transport, destination: b.Source.String()}
	c, err := u.place(ctx, nil, d, nil, func() {})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return c, nil
}

// place opens media, sends the INVITE and starts the call's goroutine.
func (u *UA) place(ctx context.Context, t *trunk, d *dialog, before func() error, release func()) (*Call, error) {
	conn, err := u.cfg.Ports.Open(ctx)
	if err != nil {
		return nil, fmt.Errorf("open a port for sound: %w", err)
	}
	c := &Call{u: u, trunk: t, dialog: d, media: media.NewSession(conn),
		progress: make(chan Progress, 3), inbox: make(chan *inbound), hangup: make(chan struct{}),
		ended: make(chan struct{}), parted: make(chan struct{}), saved: make(chan string, 1), autoAnswer: t == nil}
	c.release = func() { u.leave(c); release() }
	c.sdp = u.describe(c.media)
	if err := u.enter(c); err != nil {
		c.media.Close()
		return nil, err
	}
	tx, err := c.prepareInvite(ctx)
	if err == nil && before != nil {
		if err = before(); err != nil {
			tx.Terminate()
		}
	}
	if err != nil {
		u.leave(c)
		c.media.Close()
		return nil, err
	}
	c.placed = time.Now()
	if err := sent(tx); err != nil {
		// Whether a byte has left cannot be known: from here the call counts as sent.
		c.u.log.Warn("INVITE could not be sent", zap.Error(err))
		u.wg.Go(func() { c.finish(failed(err)) })
		return c, nil
	}
	u.wg.Go(func() { c.run(tx) })
	return c, nil
}

// describe is our side's sound.
func (u *UA) describe(s *media.Session) media.Description {
	local := s.Local()
	if host, err := parseHost(u.host); err == nil {
		local = withHost(local, host)
	}
	return media.Description{Addr: local, Codecs: []media.Codec{media.PCMA, media.PCMU}, DTMF: 101, Direction: "sendrecv", RTCP: local.Port(), Mux: true, // reports are taken where sound is
		SessionID: uint64(local.Port())<<16 | 1, Version: 1}
}

// enter puts the call where requests of its dialog find it.
func (u *UA) enter(c *Call) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ctx.Err() != nil {
		return errors.New("the service is stopping")
	}
	if u.calls[c.dialog.callID] != nil {
		return fmt.Errorf("a call with Call-ID %s is up", c.dialog.callID)
	}
	u.calls[c.dialog.callID] = c
	return nil
}

func (u *UA) leave(c *Call) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.calls, c.dialog.callID)
}

// ID is the call's Call-ID.
func (c *Call) ID() string { return c.dialog.callID }

// PlacedAt is when the INVITE was sent.
func (c *Call) PlacedAt() time.Time { return c.placed }

// Progress gives the call's steps in their order; it is closed when the call
// has ended, and Ending then says how.
func (c *Call) Progress() <-chan Progress { return c.progress }

// Media is the call's sound, before the answer too. It closes with the call.
func (c *Call) Media() *media.Session { return c.media }

// Hangup ends the call: CANCEL before the answer, BYE after it. It returns at
// once; the call has ended when Progress is closed.
func (c *Call) Hangup() { c.hangOnce.Do(func() { close(c.hangup) }) }

// Ended is closed when the call has ended.
func (c *Call) Ended() <-chan struct{} { return c.ended }

// Parted is closed when the far end knows that the call has ended, or never will.
func (c *Call) Parted() <-chan struct{} { return c.parted }

// Ending says how the call ended. Only after Ended.
func (c *Call) Ending() Ending {
	<-c.ended
	return c.ending
}

// Dialog is what Sweep needs to end this call after a restart; "" before the answer.
func (c *Call) Dialog() string {
	select {
	case s := <-c.saved:
		c.saved <- s
		return s
	default:
		return ""
	}
}

// step reports a step the first time that it is taken; the channel has room for all.
func (c *Call) step(s Step) {
	if !c.stepped[s] {
		c.stepped[s] = true
		c.progress <- Progress{s, time.Now()}
	}
}

// finish ends everything the call owns.
func (c *Call) finish(e Ending) {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	c.ending = e
	c.release()
	if !c.leaving {
		close(c.parted)
	}
	c.media.Close()
	close(c.ended)
	close(c.progress)
}
