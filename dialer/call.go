package dialer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"apel/contactdb"
	"apel/dialer/ua"
	"apel/media"
	"apel/media/amd"

	"go.uber.org/zap"
)

// Tones that an operator hears on the leg: a person is on the line, and gone.
const (
	connectToneHz = 1000
	endToneHz     = 500
	toneTime      = 100 * time.Millisecond
	toneLevel     = -12 // dBFS
)

// sendWithin is how long a leased call may wait for its trunk's channel and
// turn; then it is not sent.
const sendWithin = 10 * time.Second

// call is one attempt on the wire: a goroutine that reads top to bottom. It
// tells its loop what happens and takes the floor's orders.
type call struct {
	l      *loop
	rules  *rules
	a      contactdb.Attempt
	rec    contactdb.Record
	notes  contactdb.Notes
	orders chan Action
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
		c.l.tell(Input{Kind: InMachine, Call: c.a.ID})
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
	c.l.tell(Input{Kind: InHuman, Call: c.a.ID, Since: c.heardEnd})
	return c.serve()
}

// dial sends the INVITE, unless a rule has come between the lease and now.
func (c *call) dial() error {
	ctx, cancel := context.WithTimeout(c.l.ctx, sendWithin)
	defer cancel()
	gate := &c.l.s.gate
	held := false
	sip, err := c.l.s.ua.Dial(ctx, ua.Request{Trunk: c.a.Trunk, Number: c.a.Contact.Phone, CallerID: c.a.CallerID, CallID: c.a.SIPCallID,
		InLine: func() { close(c.inLine) },
		Before: func() error {
			gate.RLock()
			held = true
			return c.allowed()
		}})
	if held {
		gate.RUnlock() // the INVITE has left, or never will
	}
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
	if open, _ := c.l.rules.Load().open(c.contact().Zones, time.Now()); !open {
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
				c.l.tell(Input{Kind: InRinging, Call: c.a.ID})
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
			if o.Kind == DoHangup {
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
	c.l.tell(Input{Kind: InAnswered, Call: c.a.ID})
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
		// Somebody has answered just as we gave up, and heard nobody.
		c.rec.AnsweredAt = e.At
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
			if o.Kind == DoHangup {
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

// serve waits for an operator with the person, lets them talk, and has the
// operator note the result.
func (c *call) serve() string {
	for {
		if c.away != nil {
			return c.outlast(true)
		}
		select {
		case o := <-c.orders:
			switch o.Kind {
			case DoConnect:
				c.connect(o.Operator)
			case DoRelease:
				return c.apologise()
			case DoHangup:
				if o.Operator != "" && c.consult != nil {
					c.goOn(takenBack)
					break
				}
				c.byOperator = o.Operator != ""
				c.sip.Hangup()
			case DoDispose:
				c.dispose(o.Key)
			case DoConsult:
				c.setAside(o.Operator)
			case DoPart:
				c.leave(o.Operator)
			}
		case v := <-c.listening.later():
			c.correct(v)
		case n := <-c.farNews():
			c.heardOf(n)
		case f := <-c.asks:
			f()
		case <-c.sip.Ended():
			c.endConsult(customerGone)
			c.unhold()
			c.took(c.sip.Ending())
			if c.corrected != "" && c.rec.BridgedAt.IsZero() {
				return c.corrected
			}
			if c.rec.BridgedAt.IsZero() && c.sip.Ending().By == ua.Dialer {
				return contactdb.Abandoned // we hung up on a person: stopped, or given up as they answered
			}
			c.wrapUp()
			return c.served()
		}
	}
}

// connect joins the person with an operator. If the operator's leg is gone by
// now, the floor knows or will know, and sends another. A customer who has hung
// up by the end of the tone is not joined to anybody.
func (c *call) connect(operator string) {
	c.part()
	c.firstIsLost(operator)
	l := c.l.s.desk.leg(operator)
	if l == nil || c.gone() || c.corrected != "" && c.rec.BridgedAt.IsZero() {
		return
	}
	for _, before := range []string{c.rec.Operator, c.viewer} { // lost since: it is not on that desktop any more
		if before != "" && before != operator {
			c.l.s.desk.served(before, c)
		}
	}
	c.l.s.desk.serving(operator, c)
	l.play(connectToneHz)
	switch {
	case c.gone():
		l.play(endToneHz)
		c.l.s.desk.served(operator, c)
		return
	case l.deaf.Load(): // the floor hears of it too, and sends another
		c.l.s.desk.served(operator, c)
		return
	}
	c.unhold()
	c.operator = l
	if c.rules.def.Record && c.recorder == nil {
		c.startRecording()
	}
	c.rejoin(l)
	now := time.Now()
	if c.rec.BridgedAt.IsZero() {
		c.replay(l)
		c.rec.BridgedAt, c.talkFrom = now, now
		c.rec.BridgeWaitMS = max(now.Sub(c.heardEnd).Milliseconds(), 0)
	}
	c.rec.Operator, c.rec.Team = operator, l.team
	c.notes.BridgedAt, c.notes.Operator = c.rec.BridgedAt, operator
	c.note()
	c.l.tell(Input{Kind: InBridged, Call: c.a.ID, Operator: operator})
	c.l.publish(Event{Kind: "call.bridged", Attempt: c.a.ID, Operator: operator})
}

// gone says whether the call has ended; one that is not sent yet has not begun.
func (c *call) gone() bool {
	if c.sip == nil {
		return false
	}
	select {
	case <-c.sip.Ended():
		return true
	default:
		return false
	}
}

func (c *call) startRecording() {
	rel := filepath.Join("recordings", c.rec.PlacedAt.UTC().Format("2006/01/02"), c.a.ID+".wav")
	r, err := media.NewRecorderAfter(filepath.Join(c.l.s.cfg.Data, rel), c.listening.sound())
	if err != nil {
		c.l.log.Error("call cannot be recorded", zap.String("attempt", c.a.ID), zap.Error(err))
		return
	}
	c.recorder, c.rec.Recording, c.notes.Recording = r, rel, rel
}

// part takes the two apart.
func (c *call) part() {
	if c.stopReplay != nil {
		c.stopReplay()
	}
	if c.bridge != nil {
		c.bridge.Close()
		c.bridge = nil
	}
}

// apologise plays the campaign's message to a person for whom nobody was free.
// A machine that was found out just then is let go without it.
func (c *call) apologise() string {
	if k := c.consult; k != nil && k.far != nil && k.stage == "talking" {
		c.sendAway() // the one who was asked is there
		return c.outlast(false)
	}
	c.endConsult(operatorLost)
	c.unhold()
	c.part()
	if c.corrected != "" && c.rec.BridgedAt.IsZero() {
		c.end()
		return c.corrected
	}
	if err := c.play(c.rules.message, false); err != nil {
		c.l.log.Info("message was cut off", zap.String("attempt", c.a.ID), zap.Error(err))
	}
	c.end()
	if c.rec.BridgedAt.IsZero() {
		return contactdb.Abandoned
	}
	c.endTalk() // the operator was lost in the middle of it: nobody is left whose word is waited for
	return c.served()
}

// play plays a message to its end, or to that of a stop's grace; an order to
// hang up ends it if it is brief.
func (c *call) play(pcm []int16, brief bool) error {
	ctx, stop := context.WithCancel(c.l.ctx)
	defer stop()
	played := make(chan error, 1)
	c.l.wg.Go(func() { played <- c.sip.Media().Play(ctx, pcm) })
	down := c.l.s.legsDown
	for {
		select {
		case err := <-played:
			return err
		case f := <-c.asks:
			f()
		case o := <-c.orders:
			if brief && o.Kind == DoHangup {
				stop()
			}
		case <-down:
			down = nil
			stop()
		}
	}
}

// dispose takes an operator's word; a key that names no result is a slip.
func (c *call) dispose(key byte) {
	if int(key-'1') < len(c.rules.def.Dispositions) {
		c.key = key
	}
}

// wrapUp ends the talk and waits for the operator's word on it.
func (c *call) wrapUp() {
	if c.rec.BridgedAt.IsZero() {
		return
	}
	c.endTalk()
	c.takeWord()
}

// takeWord waits for the operator's word, until it is not taken back any more.
func (c *call) takeWord() {
	from := time.Now()
	c.l.tell(Input{Kind: InTalkEnded, Call: c.a.ID, Operator: c.rec.Operator, Away: c.away != nil})
	c.operator.play(endToneHz)
	for c.noteResult() {
		c.rec.WrapMS = time.Since(from).Milliseconds()
		if !c.takenBack() {
			return
		}
	}
	c.rec.WrapMS = time.Since(from).Milliseconds()
}

// endTalk takes the two apart for good.
func (c *call) endTalk() {
	c.part()
	c.rec.TalkMS = c.rec.EndedAt.Sub(c.talkFrom).Milliseconds()
	c.closeRecording()
}

// noteResult waits for the operator's word; false if none comes.
func (c *call) noteResult() bool {
	for c.key == 0 && c.l.s.desk.leg(c.rec.Operator) == c.operator {
		select {
		case f := <-c.asks:
			f()
		case o := <-c.orders:
			if o.Kind == DoDispose {
				c.dispose(o.Key)
			} else if o.Kind != DoTakenBack && o.Kind != DoConsult && o.Kind != DoPart && (o.Kind != DoHangup || o.Operator == "") { // the time is up, or the floor has given this call's operator up
				return false
			}
		case <-c.l.s.leave: // the legs are down by now
			return false
		}
	}
	return c.key != 0
}

func (c *call) closeRecording() {
	if c.recorder == nil {
		return
	}
	r, err := c.recorder.Close()
	if err != nil {
		c.l.log.Error("recording could not be completed", zap.String("attempt", c.a.ID), zap.Error(err))
	}
	c.recorder = nil
	c.rec.Recording, c.rec.RecordingSHA256, err = c.l.s.sealRecording(c.rec.Recording, r.SHA256)
	if err != nil { // the plain one stays: the evidence is worth more than that nobody can read it
		c.l.log.Error("recording could not be encrypted", zap.String("attempt", c.a.ID), zap.Error(err))
	}
}

func (c *call) note() {
	if err := c.l.s.store.Note(c.a.ID, c.notes); err != nil {
		c.l.log.Error("progress of an attempt could not be noted", zap.String("attempt", c.a.ID), zap.Error(err))
	}
}

// settle makes the call record, says what becomes of the contact, and lets the floor know.
func (c *call) settle() {
	c.closeRecording()
	c.farEnds()
	if c.rec.EndedAt.IsZero() {
		c.rec.EndedAt = time.Now()
	}
	c.worked()
	st := contactdb.Settlement{Record: c.rec, Evidence: c.listening.evidence()}
	def := c.rules.def
	said, promised := "", time.Time{}
	if c.key != 0 {
		d := def.Dispositions[c.key-'1']
		said = d.Name
		st.Callback = d.Callback > 0
		promised = c.promised()
		st.Promised = !d.Final
		if d.DNC {
			st.Suppress = &contactdb.Suppression{Phone: c.a.Contact.Phone, Reason: "asked not to be called", Source: "operator " + c.rec.Operator, AddedAt: time.Now()}
		}
	}
	st.Record.Disposition = said
	if said == "" && !c.rec.BridgedAt.IsZero() {
		st.Record.Disposition = "unset"
	}
	st.NextTry, st.Final = def.NextTry(c.a, c.rec.Outcome, said, c.rec.EndedAt)
	st.NextTry = def.InBestHour(*c.l.hours.Load(), c.contact().Zones, c.rec.Outcome, st.NextTry)
	if st.Callback && st.Final == "" && promised.IsZero() {
		st.Promise = def.Promise(st.NextTry, "", c.rec.Operator, st.Record.Note, time.Now())
	}
	if !promised.IsZero() && st.Final == "" {
		st.Promise = def.Promise(promised, c.promisedBy(), c.rec.Operator, st.Record.Note, time.Now())
		st.NextTry = promised
	}
	st.Promised = st.Promised || said == ""
	if st.Owed = st.Final == "" && said == "" && c.rec.PlacedAt.IsZero(); st.Owed && c.rec.EndedBy != endedByOperator {
		st.NextTry = soonAgain(c.a, st.NextTry, c.rec.EndedAt)
	}
	next := c.l.rules.Load().ask(st.NextTry)
	free := sync.OnceFunc(func() {
		c.l.tell(Input{Kind: InSettled, Call: c.a.ID, Outcome: c.rec.Outcome, Disposition: st.Record.Disposition, NextAt: next})
	})
	defer free()
	rec, kept := c.keep(st, free)
	if !kept {
		return
	}
	c.l.s.surveys.count(c, rec.ScriptAnswers)
	if st.Promise != nil || c.a.For != "" {
		c.l.promisesChanged()
	}
	c.l.publish(Event{Kind: "call.ended", Attempt: c.a.ID, Operator: rec.Operator, State: rec.Outcome, Detail: rec.Disposition})
}

// heldFor is how long an operator waits for a record that cannot be kept.
const heldFor = 10 * time.Second

// keep makes the record, even while the service stops. While the store cannot
// be written it tries again, the contact and the operator's word being worth
// it, and after heldFor has the floor go on without; false for what a stop finds
// unkept: the next life recovers it as interrupted.
func (c *call) keep(st contactdb.Settlement, free func()) (rec contactdb.Record, kept bool) {
	began := time.Now()
	for first := true; ; first = false {
		rec, err := c.l.s.settle(context.WithoutCancel(c.l.ctx), st)
		if err == nil || errors.Is(err, contactdb.ErrState) {
			return rec, true
		}
		if first {
			c.l.s.storeFailed(c.l.name, err)
		}
		if time.Since(began) >= heldFor {
			free()
		}
		if !c.l.s.pause(time.Second) {
			return rec, false
		}
	}
}
