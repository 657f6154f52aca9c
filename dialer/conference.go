package dialer

import (
	"time"

	"apel/contactdb"
	"apel/media"
)

// In a conference customer, operator and the one who is asked all hear each
// other. It is a stage of the consultation: whoever of the three goes, the rest
// is as without it. Who is asked is the third of the customer's bridge.

// conferring is the stage of a conference.
const conferring = "conference"

// Conference has customer, operator and the one who is asked talk together, or
// (off) puts the customer on hold again, so that the two are alone. ErrState
// before the one who is asked has answered.
func (s *Service) Conference(operator, attempt string, on bool) error {
	err := s.order(operator, attempt, func(c *call) error {
		k := c.consult
		switch {
		case k == nil:
			return say(contactdb.ErrState, "no-consult", "nobody is being asked")
		case !k.answered():
			return say(contactdb.ErrState, "not-answered", "%s has not answered yet", k.name)
		case c.gone():
			return noCustomer()
		case on == (k.stage == conferring):
		case on:
			c.confer(k)
		default:
			c.askAlone(k)
		}
		return nil
	})
	s.desk.told(operator, "consult")
	if err == nil {
		s.desk.toldGuest(operator)
	}
	return err
}

// answered says whether the one who is asked is there, alone with the operator or not.
func (k *consult) answered() bool { return k.stage == "talking" || k.stage == conferring }

// confer takes the customer from the hold. In the call's goroutine, as all here.
func (c *call) confer(k *consult) {
	k.bridge.Close()
	k.bridge = nil
	k.stage, k.since = conferring, time.Now()
	if k.ConferenceAt.IsZero() {
		k.ConferenceAt = k.since
		c.notes.Answers = c.handings()
		c.note()
	}
	c.unhold()
	c.rejoin(c.operator)
}

// askAlone puts the customer on hold again.
func (c *call) askAlone(k *consult) {
	c.endConference(k)
	c.hold()
	k.stage, k.since = "talking", time.Now()
	c.consultBridge(k, c.thirdOf(k))
}

// thirdOf is the sound of who is asked.
func (c *call) thirdOf(k *consult) *media.Session {
	if k.far != nil {
		return k.far.call.Media()
	}
	return k.leg.media()
}

// seatThird has who is asked take part in the customer's bridge, which is new,
// or whose own sound is.
func (c *call) seatThird(k *consult) {
	c.endConference(k)
	k.third = media.NewThird(c.thirdOf(k))
	k.third.Attach(c.bridge)
}

func (c *call) endConference(k *consult) {
	if k.third != nil {
		k.third.Close()
		k.third = nil
	}
}

// talksOn has operator and somebody outside talk on whose customer the operator
// has hung up on; false if there is nobody.
func (c *call) talksOn() bool {
	k := c.consult
	if !c.byOperator || k == nil || k.far == nil || !k.answered() {
		return false
	}
	if k.stage == conferring {
		c.endConference(k)
		k.stage, k.since = "talking", time.Now()
		c.consultBridge(k, c.thirdOf(k))
	}
	return true
}

// conferenceGoesOn says whether a conference with somebody outside outlives its
// operator: the next one takes part in it.
func (c *call) conferenceGoesOn() bool {
	k := c.consult
	return k != nil && k.far != nil && k.stage == conferring
}

// toldGuest tells who is asked by an operator.
func (d *desk) toldGuest(operator string) {
	d.mu.Lock()
	s := d.seats[operator]
	var c *call
	if s != nil {
		c = s.call
	}
	d.mu.Unlock()
	if c == nil {
		return
	}
	if guest := c.guest(); guest != "" {
		d.told(guest, "consult")
	}
}
