package dialer

import (
	"context"
	"path/filepath"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/dialer/keep"
	"apel/dialer/ua"
	"apel/media"

	"go.uber.org/zap"
)

// Tones that an operator hears on the leg: a person is on the line, and gone.
const (
	connectToneHz = 1000
	endToneHz     = 500
	toneTime      = 100 * time.Millisecond
	toneLevel     = -12 // dBFS
)

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
			case floor.DoConnect:
				c.connect(o.Operator)
			case floor.DoRelease:
				return c.apologise()
			case floor.DoHangup:
				if o.Operator != "" && c.consult != nil {
					c.goOn(takenBack)
					break
				}
				c.byOperator = o.Operator != ""
				c.sip.Hangup()
			case floor.DoDispose:
				c.dispose(o.Key)
			case floor.DoConsult:
				c.setAside(o.Operator)
			case floor.DoPart:
				c.leave(o.Operator)
			}
		case v := <-c.listening.later():
			c.correct(v)
		case n := <-c.farNews():
			c.heardOf(n)
		case f := <-c.asks:
			f()
		case <-c.sip.Ended():
			if !c.talksOn() {
				c.endConsult(customerGone)
			}
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
	if c.operator != nil && c.operator != l {
		c.anew()
	}
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
	c.l.tell(floor.Input{Kind: floor.InBridged, Call: c.a.ID, Operator: operator})
	c.l.publish(Event{Kind: "call.bridged", Attempt: c.a.ID, Operator: operator})
}

// anew forgets what was the former operator's alone: the result is for the next
// to say, who is not muted.
func (c *call) anew() {
	c.key = 0
	c.work.mu.Lock()
	defer c.work.mu.Unlock()
	c.work.muted, c.work.at = false, time.Time{}
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
	rel := keep.Recording(c.rec.PlacedAt, c.a.ID)
	r, err := media.NewRecorder(filepath.Join(c.l.s.cfg.Data, rel), c.listening.sound())
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
	if k := c.consult; k != nil && k.far != nil && k.answered() {
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
			if brief && o.Kind == floor.DoHangup {
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
	if c.away == nil { // else it was told as the customer was handed over
		c.l.tell(floor.Input{Kind: floor.InTalkEnded, Call: c.a.ID, Operator: c.rec.Operator})
	}
	c.operator.play(endToneHz)
	for c.noteResult() {
		c.endConsult(customerGone)
		c.rec.WrapMS = time.Since(from).Milliseconds()
		if !c.takenBack() {
			return
		}
	}
	c.endConsult(customerGone)
	c.rec.WrapMS = time.Since(from).Milliseconds()
}

// endTalk takes the two apart for good.
func (c *call) endTalk() {
	c.part()
	c.rec.TalkMS = c.rec.EndedAt.Sub(c.talkFrom).Milliseconds()
	c.closeRecording()
}

// noteResult waits for the operator's word; false if none comes. A word that was
// said before ends no conversation that goes on with somebody outside.
func (c *call) noteResult() bool {
	for said := c.key; (c.key == 0 || c.key == said && c.consult != nil) && c.l.s.desk.leg(c.rec.Operator) == c.operator; {
		select {
		case n := <-c.farNews():
			c.heardOf(n)
		case f := <-c.asks:
			f()
		case o := <-c.orders:
			if o.Kind == floor.DoDispose {
				c.dispose(o.Key)
			} else if o.Kind == floor.DoHangup && o.Operator == "" {
				c.sip.Hangup() // on a customer who talks outside
				return false
			} else if o.Kind != floor.DoTakenBack && o.Kind != floor.DoConsult && o.Kind != floor.DoPart && o.Kind != floor.DoHangup { // the time is up, or the floor has given this call's operator up
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
	c.rec.Recording, c.rec.RecordingSHA256, err = c.l.s.keeper.Seal(c.rec.Recording, r.SHA256)
	if err != nil { // the plain one stays: the evidence is worth more than that nobody can read it
		c.l.log.Error("recording could not be encrypted", zap.String("attempt", c.a.ID), zap.Error(err))
	}
}
