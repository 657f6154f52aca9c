package dialer

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/dialer/ua"
	"apel/media"
	"apel/media/amd"

	"go.uber.org/zap"
)

// sendWithin is how long a leased call may wait for its trunk's channel and
// turn; then it is not sent.
const sendWithin = 10 * time.Second

// call is one attempt on the wire: a goroutine that reads top to bottom. It
// tells its loop what happens and takes the floor's orders. Here it is leased,
// sent, rings and is listened to; then it is served (callserve.go) and settled
// (callsettle.go).
type call struct {
	l      *loop
	rules  *rules
	a      contactdb.Attempt
	rec    contactdb.Record
	notes  contactdb.Notes
	orders chan floor.Action
	inLine chan struct{} // closed when the call has its place at the trunk

	sip        *ua.Call
	left       bool      // without a final response, at a stop
	gaveUp     string    // outcome to record if the far end goes along with our hanging up
	heardEnd   time.Time // end of the greeting
	operator   *leg
	bridge     *media.Bridge
	recorder   *media.Recorder
	listening  *listening // to who answered; nil before, and without a detector
	corrected  string     // outcome that was heard after a person had been assumed
	talkFrom   time.Time
	byOperator bool // the operator hung up
	key        byte // disposition

	backs []chan error // who waits to hear whether the result is taken back

	asks chan func()   // what operators want of it, run by its goroutine
	over chan struct{} // closed when it is settled
	work work
	held bool // the customer is on hold

	consult  *consult               // somebody is asked, the customer on hold
	passed   []*consult             // all of them, with the last
	ended    string                 // how the last consultation ended
	asked    atomic.Pointer[string] // the colleague who is asked
	away     *outside               // the customer is theirs
	seconds  int                    // calls outside
	stopHold context.CancelFunc     // nil: no prompt plays

	stopReplay context.CancelFunc // nil: nothing was replayed

	sound atomic.Pointer[media.Session] // of the customer, once the INVITE has left

	card atomic.Pointer[contactdb.Contact] // as an operator has corrected it; nil: as it was leased

	preview bool   // an operator decides first
	viewer  string // ... and has decided to call
}

// contact is who is called, as corrected during the call. Any goroutine may
// ask, and none changes what it gets.
func (c *call) contact() contactdb.Contact {
	if now := c.card.Load(); now != nil {
		return *now
	}
	return c.a.Contact
}

// run conducts the call and settles it.
func (c *call) run() {
	defer c.l.wg.Done()
	defer c.done()
	c.rec.Outcome = c.conduct()
	c.listening.end()
	if c.viewer != "" && c.rec.BridgedAt.IsZero() {
		c.l.s.desk.served(c.viewer, c) // nobody to talk to
	}
	c.settle()
}

// conduct is a call's life: dial, ring, screen, serve.
func (c *call) conduct() string {
	if c.preview && !c.wanted() {
		return contactdb.Cancelled
	}
	if err := c.dial(); err != nil {
		c.l.log.Info("call was not sent", zap.String("attempt", c.a.ID), zap.Error(err))
		c.rec.EndedBy, c.rec.Note = string(ua.Dialer), err.Error()
		return contactdb.Cancelled
	}
	if !c.ring() {
		return c.unanswered()
	}
	verdict := c.screen()
	if outcome := c.judge(verdict); outcome != contactdb.Human {
		if c.viewer != "" { // who goes on at once, whatever is left on the machine
			c.l.s.desk.served(c.viewer, c)
		}
		c.l.tell(floor.Input{Kind: floor.InMachine, Call: c.a.ID})
		if outcome == contactdb.Machine {
			c.leaveMessage(verdict)
		}
		c.end()
		if outcome == contactdb.Machine && c.sampled() {
			c.startRecording()
			c.note()
		}
		return outcome
	}
	c.l.tell(floor.Input{Kind: floor.InHuman, Call: c.a.ID, Since: c.heardEnd})
	return c.serve()
}

// dial sends the INVITE, unless a rule has come between the lease and now.
func (c *call) dial() error {
	sip, err := c.place(ua.Request{Trunk: c.a.Trunk, Number: c.a.Contact.Phone, CallerID: c.a.CallerID, CallID: c.a.SIPCallID,
		InLine: func() { close(c.inLine) }, Before: c.allowed})
	c.l.s.sent(c.a.Trunk)
	if err != nil {
		return err
	}
	c.sip = sip
	c.sound.Store(sip.Media())
	c.rec.PlacedAt = sip.PlacedAt()
	c.notes.PlacedAt = c.rec.PlacedAt
	c.note()
	c.l.publish(Event{Kind: "call.placed", Attempt: c.a.ID, Trunk: c.a.Trunk, Phone: mask(c.a.Contact.Phone)})
	return nil
}

// place waits for the trunk's turn and sends the INVITE. An operator who waits
// for the call may ask for it meanwhile: the page is opened anew, or shows it.
func (c *call) place(r ua.Request) (sip *ua.Call, err error) {
	ctx, cancel := context.WithTimeout(c.l.ctx, sendWithin)
	defer cancel()
	if c.viewer == "" {
		return c.l.s.dialGated(ctx, r)
	}
	sent := make(chan struct{})
	c.l.wg.Go(func() {
		defer close(sent)
		sip, err = c.l.s.dialGated(ctx, r)
	})
	for {
		select {
		case <-sent:
			return sip, err
		case f := <-c.asks:
			f()
		}
	}
}

// dialGated dials; what Before has looked up holds until the INVITE has left: a
// do-not-call entry waits for the gate.
func (s *Service) dialGated(ctx context.Context, r ua.Request) (*ua.Call, error) {
	before, held := r.Before, false
	r.Before = func() error {
		s.gate.RLock()
		held = true
		return before()
	}
	defer func() {
		if held {
			s.gate.RUnlock() // the INVITE has left, or never will
		}
	}()
	return s.ua.Dial(ctx, r)
}

// allowed asks the rules once more at the instant of sending.
func (c *call) allowed() error {
	select {
	case <-c.orders: // the only one before ringing
		return errors.New("the campaign was stopped")
	default:
	}
	if !c.l.running() {
		return fmt.Errorf("%w: the campaign places no further calls", ErrRefused)
	}
	s, err := c.l.s.store.Suppressed(contactdb.Target{Phone: c.a.Contact.Phone, Contact: c.a.Contact.ID, Campaign: c.l.name, Client: c.l.rules.Load().def.Client}, time.Now())
	if err != nil {
		return err
	}
	if s != nil {
		return fmt.Errorf("%w: the number was put on the do-not-call list", ErrRefused)
	}
	contact := c.contact()
	if open, _ := c.l.rules.Load().open(contact.ZonesOf(c.a.Contact.Phone), time.Now()); !open {
		return fmt.Errorf("%w: the call window or the schedule has closed", ErrRefused)
	}
	return c.stillThere()
}

// stillThere looks at the contact again, which has waited for its trunk's turn
// or for an operator to decide: it may have been removed, or have taken back
// its agreement.
func (c *call) stillThere() error {
	all, err := c.l.s.store.ContactsByPhone(c.a.Contact.Phone)
	if err != nil {
		return err
	}
	for _, now := range all {
		if now.ID != c.a.Contact.ID {
			continue
		}
		if err := c.l.rules.Load().def.MayCall(now.Consent, time.Now()); err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
		return nil
	}
	return fmt.Errorf("%w: the contact has this number no more", ErrRefused)
}

// ring waits for the answer; false if none came.
func (c *call) ring() bool {
	timer := time.NewTimer(c.rules.def.RingTime)
	defer timer.Stop()
	ctx, cancel := context.WithCancel(c.l.ctx)
	defer cancel()
	var tones <-chan amd.Verdict
	for {
		select {
		case p, ok := <-c.sip.Progress():
			if !ok {
				return false
			}
			switch p.Step {
			case ua.Ringing:
				c.rec.RingingAt, c.notes.RingingAt = p.At, p.At
				c.note()
				c.l.tell(floor.Input{Kind: floor.InRinging, Call: c.a.ID})
				c.l.publish(Event{Kind: "call.ringing", Attempt: c.a.ID})
			case ua.Early:
				tones = c.listenEarly(ctx)
			case ua.Answered:
				c.answered(p.At)
				return true
			}
		case v := <-tones:
			c.rec.DetectorVerdict, c.gaveUp, tones = string(v.Kind), earlyOutcome(v), nil
			c.sip.Hangup()
		case <-timer.C:
			c.giveUp(contactdb.NoAnswer)
		case o := <-c.orders:
			if o.Kind == floor.DoHangup {
				c.giveUp(contactdb.Cancelled)
			}
		case f := <-c.asks: // of the operator whose preview it was
			f()
		case <-c.l.s.leave:
			c.left = true
			return false
		}
	}
}

func (c *call) giveUp(outcome string) {
	if c.gaveUp == "" {
		c.gaveUp = outcome
	}
	c.sip.Hangup()
}

func (c *call) answered(at time.Time) {
	c.rec.AnsweredAt, c.notes.AnsweredAt, c.notes.Dialog = at, at, c.sip.Dialog()
	c.note()
	c.l.tell(floor.Input{Kind: floor.InAnswered, Call: c.a.ID})
	c.l.publish(Event{Kind: "call.answered", Attempt: c.a.ID})
}

// unanswered is the outcome of a call that ended before its answer.
func (c *call) unanswered() string {
	if c.left {
		// The service stops and the far end says nothing. Should it answer yet, the next life ends it as a stray.
		c.rec.EndedBy, c.rec.Note = string(ua.Dialer), "the service stopped before a final response"
		return contactdb.Cancelled
	}
	e := c.sip.Ending()
	c.took(e)
	switch {
	case e.Late:
		// Somebody has answered just as we gave up, and heard nobody. No pacing can
		// prevent it, so the record says that it was not for want of an operator.
		c.rec.AnsweredAt, c.rec.Note = e.At, "answered as the call was given up, and ended at once"
		return contactdb.Abandoned
	case e.Answered && e.By == ua.Dialer: // with sound that cannot be used: whoever it was heard nobody
		c.rec.AnsweredAt = e.At
		return contactdb.Abandoned
	case c.gaveUp != "" && (e.By == ua.Dialer || e.Status == 487 || e.Status == 0 || c.gaveUp != contactdb.NoAnswer && c.gaveUp != contactdb.Cancelled):
		return c.gaveUp
	case e.Answered: // answered and gone
		c.rec.AnsweredAt = e.At
		return contactdb.Human
	default:
		return e.Outcome()
	}
}

// took copies an ending into the record.
func (c *call) took(e ua.Ending) {
	c.rec.EndedAt, c.rec.SIPStatus, c.rec.Q850Cause, c.rec.EndedBy = e.At, e.Status, e.Q850, string(e.By)
	if c.byOperator && e.By == ua.Dialer {
		c.rec.EndedBy = "operator"
	}
}

// screen listens until the detector has decided or the far end is gone.
func (c *call) screen() amd.Verdict {
	if c.rules.def.Detector.Off {
		c.heardEnd = c.rec.AnsweredAt
		return amd.Verdict{Kind: amd.Human, Why: "the detector is off"}
	}
	c.listening = c.listen()
	for {
		select {
		case v := <-c.listening.verdicts:
			return c.heard(v)
		case f := <-c.asks:
			f()
		case o := <-c.orders:
			if o.Kind == floor.DoHangup {
				c.giveUp(contactdb.Cancelled)
			}
		}
	}
}

func (c *call) heard(v amd.Verdict) amd.Verdict {
	c.rec.DetectedAt = time.Now()
	c.rec.DetectorMS = c.rec.DetectedAt.Sub(c.rec.AnsweredAt).Milliseconds()
	c.rec.DetectorVerdict = string(v.Kind)
	c.heardEnd = c.rec.AnsweredAt.Add(v.SpokeUntil)
	c.l.publish(Event{Kind: "call.verdict", Attempt: c.a.ID, State: string(v.Kind), Detail: v.Why})
	return v
}

// judge is what a verdict means. Whoever is not known to be a machine is
// treated as a person: to hang up on a person is the worse mistake.
func (c *call) judge(v amd.Verdict) string {
	switch v.Kind {
	case amd.Machine, amd.Beep, amd.Music, amd.Ringback:
		return contactdb.Machine
	case amd.Unknown:
		if v.Detail == amd.Tone { // of a line out of order, or of some device: nobody's voice
			return contactdb.Machine
		}
		return contactdb.Human
	case amd.SIT, amd.Busy, amd.Congestion, amd.Fax:
		return toneOutcome(v.Kind)
	default:
		return contactdb.Human
	}
}

// end hangs up and waits until the far end knows.
func (c *call) end() {
	c.sip.Hangup()
	<-c.sip.Ended()
	c.took(c.sip.Ending())
}
