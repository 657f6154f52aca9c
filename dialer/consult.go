package dialer

import (
	"fmt"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/dialer/ua"
	"apel/media"

	"go.uber.org/zap"
)

// A call's consultation: customer on hold, operator and the one who is asked
// together. All of it is in the call's goroutine.

// Consult is a consultation as a desktop shows it.
type Consult struct {
	Role  string    `json:"role"`  // asks, or is-asked
	With  string    `json:"with"`  // the other's name
	Stage string    `json:"stage"` // calling, ringing, talking, conference: with the customer
	Since time.Time `json:"since"`
	Blind bool      `json:"blind,omitempty"`
	Phone string    `json:"phone,omitempty"` // of somebody outside
}

// consult is the consultation of a call. Owned by the call's goroutine.
type consult struct {
	Handing
	name   string         // of who is asked
	leg    *leg           // a colleague's
	far    *outside       // a number's
	stage  string         // as Consult
	since  time.Time      // in it
	bridge *media.Bridge  // of the two
	third  *media.Monitor // of a conference
	answer chan error     // to who wants it
}

// guest is the operator who is only asked; "" if none is.
func (c *call) guest() string {
	if name := c.asked.Load(); name != nil {
		return *name
	}
	return ""
}

// transfer begins. The answer comes when it is known whether it can be done.
func (c *call) transfer(t Transfer, answer chan error) error {
	k := &consult{Handing: Handing{At: time.Now(), From: c.rec.Operator, Blind: t.Blind, Kind: "operator"}, stage: "calling", since: time.Now(), answer: answer}
	switch {
	case c.gone() || c.operator == nil || c.rec.BridgedAt.IsZero() || c.away != nil:
		return noCustomer()
	case c.consult != nil:
		return say(contactdb.ErrState, "consulting", "%s is being asked already", c.consult.name)
	case t.Number != "":
		n, ok := c.l.rules.Load().def.TransferNumber(t.Number)
		if !ok {
			return say(ErrInput, "number-not-allowed", "%s is none of the campaign's transfer: numbers", t.Number)
		}
		k.Kind, k.To, k.name, k.Trunk, k.CallerID = "number", n.Number, n.Name, c.a.Trunk, c.a.CallerID
		k.SIPCallID = fmt.Sprintf("%s-%d", c.a.SIPCallID, c.seconds+1)
		c.begin(k)
		k.far = c.callOutside(n.Number)
		answer <- nil
		return nil
	}
	in := floor.Input{Kind: floor.InConsult, Call: c.a.ID, Operator: c.rec.Operator}
	switch {
	case t.Operator == c.rec.Operator:
		return say(ErrInput, "yourself", "that is you")
	case t.Operator != "" && c.l.s.desk.listens(t.Operator):
		return say(contactdb.ErrState, "nobody-free", "nobody is free: %s", t.Operator)
	case t.Operator != "":
		in.Among, in.Named, k.name = []string{t.Operator}, true, t.Operator
	case t.Team != "":
		in.Among, k.name = c.l.s.desk.members(t.Team), t.Team
	case t.Anyone:
		k.name = c.l.name
	default:
		return say(ErrInput, "nobody-named", "say whom: operator, team, anyone or number")
	}
	c.consult = k
	c.l.tell(in)
	return nil
}

// begin puts the customer on hold and keeps what is done.
func (c *call) begin(k *consult) {
	c.consult, c.ended = k, ""
	c.hold()
	c.passed = append(c.passed, k)
	c.notes.Answers = c.handings()
}

// setAside takes in whom the floor has set aside to be asked; "": nobody, or not any more.
func (c *call) setAside(name string) {
	k := c.consult
	switch {
	case k == nil || k.far != nil || k.leg != nil && name != "":
		if name != "" { // asked for and not wanted any more
			c.l.tell(floor.Input{Kind: floor.InConsultOver, Call: c.a.ID})
		}
		return
	case name == "" && k.leg == nil:
		c.consult = nil
		k.answer <- say(contactdb.ErrState, "nobody-free", "nobody is free: %s", k.name)
		return
	case name == "":
		c.goOn(otherLost)
		return
	}
	k.leg, k.To, k.name = c.l.s.desk.leg(name), name, name
	if k.leg == nil || k.leg.deaf.Load() || c.gone() {
		c.consult = nil
		c.l.tell(floor.Input{Kind: floor.InConsultOver, Call: c.a.ID})
		k.answer <- say(contactdb.ErrState, "nobody-free", "nobody is free: %s", k.name)
		return
	}
	c.begin(k)
	c.note()
	c.asked.Store(&name)
	c.l.s.desk.serving(name, c)
	k.leg.play(connectToneHz)
	if !k.Blind {
		c.talkTo(k, k.leg.media())
		k.answer <- nil
		return
	}
	k.AnsweredAt = time.Now()
	k.answer <- c.handOver()
}

// talkTo lets operator and the one who is asked talk.
func (c *call) talkTo(k *consult, other *media.Session) {
	k.stage, k.since, k.AnsweredAt = "talking", time.Now(), time.Now()
	c.consultBridge(k, other)
}

func (c *call) consultBridge(k *consult, other *media.Session) {
	k.bridge = media.Join(other, c.operator.media(), nil)
	c.work.mu.Lock()
	defer c.work.mu.Unlock()
	k.bridge.MuteOperator(c.work.muted)
}

// heardOf takes in what becomes of the call outside.
func (c *call) heardOf(n news) {
	k := c.consult
	switch {
	case n.call != nil:
		k.far.call = n.call
		if c.operator != nil && !k.Blind {
			c.consultBridge(k, n.call.Media()) // what the network says meanwhile
		}
		return
	case n.over:
		if n.err != nil {
			c.l.log.Info("call outside was not sent", zap.String("attempt", c.a.ID), zap.Error(n.err))
		}
		end := otherLeft
		if k.AnsweredAt.IsZero() {
			end = notReached
		}
		c.goOn(end)
		return
	case n.step == ua.Ringing:
		k.stage = "ringing"
	case n.step == ua.Answered:
		c.talkTo(k, k.far.call.Media())
		c.notes.Answers = c.handings()
		c.noteSecond(ua.Request{Trunk: k.Trunk, Number: k.To, CallerID: k.CallerID, CallID: k.SIPCallID}, k.far.call.Dialog())
		if k.Blind {
			_ = c.handOver()
		}
	}
	c.l.s.desk.told(c.rec.Operator, "consult")
}

// farNews is what the call outside has to tell; nil: there is none.
func (c *call) farNews() <-chan news {
	if c.consult == nil || c.consult.far == nil {
		return nil
	}
	return c.consult.far.news
}

// goOn ends the consultation, and the operator has the customer again.
func (c *call) goOn(end string) {
	c.endConsult(end)
	if c.operator != nil && !c.gone() {
		c.operator.play(endToneHz)
		if c.held { // not in a conference
			c.unhold()
			c.rejoin(c.operator)
		}
	}
	c.l.s.desk.told(c.rec.Operator, "consult")
}

// endConsult parts operator and the one who is asked; the customer stays on hold.
func (c *call) endConsult(end string) {
	k := c.consult
	if k == nil {
		return
	}
	if end == takenBack && c.gone() {
		end = customerGone
	}
	c.consult = nil
	k.End = end
	c.endConference(k)
	if k.bridge != nil {
		k.bridge.Close()
	}
	if k.far == nil && k.leg == nil { // nobody was set aside yet
		k.answer <- noCustomer()
		return
	}
	c.ended = end
	if k.far == nil {
		k.EndedAt = time.Now()
	}
	c.notes.Answers = c.handings()
	c.note()
	if k.far != nil {
		k.far.hangup()
	} else {
		c.asked.Store(nil)
		k.leg.play(endToneHz)
		c.l.s.desk.served(k.To, c)
		c.l.tell(floor.Input{Kind: floor.InConsultOver, Call: c.a.ID})
	}
}

// leave is for one of the two who has heard enough.
func (c *call) leave(operator string) {
	switch {
	case c.consult == nil: // the customer was handed over meanwhile
	case c.guest() == operator:
		c.goOn(otherLeft)
	default:
		c.goOn(takenBack)
	}
}

// firstIsLost ends the consultation of an operator who is lost; the customer is
// another's now, perhaps of the one who was asked.
func (c *call) firstIsLost(next string) {
	if k := c.consult; k != nil && k.leg != nil && k.To == next {
		c.asked.Store(nil)
		c.closeConsult(k)
		return
	}
	if !c.conferenceGoesOn() {
		c.endConsult(operatorLost)
	}
}

// consultation is what an operator's desktop shows of it; nil: nothing. In the
// call's goroutine.
func (c *call) consultation(operator string) *Consult {
	k := c.consult
	if k == nil || k.far == nil && k.leg == nil {
		return nil
	}
	v := &Consult{Role: "asks", With: k.name, Stage: k.stage, Since: k.since, Blind: k.Blind}
	if k.far != nil {
		v.Phone = k.To
	}
	if c.guest() == operator {
		v.Role, v.With = "is-asked", k.From
	}
	return v
}
