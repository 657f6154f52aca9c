package dialer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"apel/contactdb"
	"apel/dialer/ua"
)

// outside is a call to somebody whom an operator consults, over a trunk of the
// campaign. Its goroutine tells the customer's call what happens to it. It is
// ended with its customer's call at the latest.
type outside struct {
	news   chan news     // never full: who is not interested any more reads none
	over   chan struct{} // closed when it has ended, or was not sent
	hangup context.CancelFunc

	call *ua.Call // once news has told
}

// news is what becomes of an outside call: it was sent, rings, is answered, or
// is over (with an error if it was not sent).
type news struct {
	call *ua.Call
	step ua.Step
	over bool
	err  error
}

// callOutside calls a number. It is noted, on the disk, before the INVITE leaves,
// so that a later life can end it.
func (c *call) callOutside(number string) *outside {
	ctx, cancel := context.WithCancel(c.l.ctx)
	o := &outside{news: make(chan news, 8), over: make(chan struct{}), hangup: cancel}
	c.seconds++
	r := ua.Request{Trunk: c.a.Trunk, Number: number, CallerID: c.a.CallerID, CallID: fmt.Sprintf("%s-%d", c.a.SIPCallID, c.seconds), InLine: func() {}}
	c.noteSecond(r, "")
	r.Before = func() error {
		return c.l.s.outsideAllowed(contactdb.Target{Phone: number, Campaign: c.l.name, Client: c.l.rules.Load().def.Client})
	}
	c.l.wg.Go(func() { c.l.s.conduct(ctx, o, r, c.rules.def.RingTime) })
	return o
}

// noteSecond keeps what a later life needs to end an outside call.
func (c *call) noteSecond(r ua.Request, dialog string) {
	kept, _ := json.Marshal(ua.LeftBehind{Trunk: r.Trunk, Number: r.Number, CallerID: r.CallerID, CallID: r.CallID, Dialog: dialog}) // strings: cannot fail
	c.notes.Second, c.notes.Answers = string(kept), c.handings()
	c.note()
}

// outsideAllowed asks the do-not-call lists at the instant of sending. Windows
// and caps are for customers: whom the campaign names expects to be called.
func (s *Service) outsideAllowed(to contactdb.Target) error {
	entry, err := s.store.Suppressed(to, time.Now())
	if err == nil && entry != nil {
		err = fmt.Errorf("%w: the number is on the do-not-call list", ErrRefused)
	}
	return err
}

// conduct is an outside call's life.
func (s *Service) conduct(ctx context.Context, o *outside, r ua.Request, ring time.Duration) {
	defer close(o.over)
	defer o.hangup()
	if err := s.noted(ctx); err != nil { // a power cut must not leave a call that nobody knows of
		o.news <- news{over: true, err: err}
		return
	}
	line, stop := context.WithTimeout(ctx, sendWithin)
	call, err := s.dialGated(line, r)
	stop()
	if err != nil {
		o.news <- news{over: true, err: err}
		return
	}
	o.news <- news{call: call}
	defer context.AfterFunc(ctx, call.Hangup)()
	patience := time.AfterFunc(ring, call.Hangup)
	defer patience.Stop()
	for p := range call.Progress() {
		if p.Step == ua.Answered {
			patience.Stop()
		}
		o.news <- news{step: p.Step}
	}
	o.news <- news{over: true}
}
