package dialer

import (
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/media"
)

// The customer is handed over: to the colleague who was asked, whose call it is
// now, or to somebody outside, with whom the customer is joined.

// handOver gives the customer to the one who is asked. In the call's goroutine.
func (c *call) handOver() error {
	k := c.consult
	if c.gone() {
		return noCustomer()
	}
	if k.far != nil {
		select {
		case <-k.far.call.Ended():
			c.goOn(otherLeft)
			return say(contactdb.ErrState, "other-gone", "%s has hung up", k.name)
		default:
			c.sendAway()
			return nil
		}
	}
	if k.leg.deaf.Load() || c.l.s.desk.leg(k.To) != k.leg {
		c.goOn(otherLost)
		return say(contactdb.ErrState, "nobody-free", "nobody is free: %s", k.name)
	}
	c.settleOn(k)
	c.l.tell(floor.Input{Kind: floor.InHandedOver, Call: c.a.ID, Operator: k.To})
	return nil
}

// settleOn makes the colleague who was asked the operator of the call.
func (c *call) settleOn(k *consult) {
	first := c.rec.Operator
	c.closeConsult(k)
	c.asked.Store(nil)
	c.unhold()
	c.anew()
	c.operator = k.leg
	c.rejoin(k.leg)
	c.rec.Operator, c.rec.Team = k.To, k.leg.team
	c.notes.Operator = k.To
	c.note()
	c.l.s.desk.served(first, c)
	c.l.s.desk.told(k.To, "customer")
	c.l.publish(Event{Kind: "call.transferred", Attempt: c.a.ID, Operator: k.To, Detail: first})
}

// closeConsult ends a consultation that has led to the transfer.
func (c *call) closeConsult(k *consult) {
	k.End, k.HandedAt = handedOver, time.Now()
	c.endConference(k)
	if k.bridge != nil {
		k.bridge.Close()
	}
	c.consult = nil
	c.notes.Answers = c.handings()
}

// sendAway joins the customer with somebody outside. The operator says the
// result while the two talk; when one of them hangs up, so do we on the other.
func (c *call) sendAway() {
	k := c.consult
	c.closeConsult(k)
	c.unhold()
	c.part()
	c.rec.TalkMS = time.Since(c.talkFrom).Milliseconds()
	c.away = k.far
	customer, far := c.sip, k.far
	c.bridge = media.Join(customer.Media(), far.call.Media(), c.recorder)
	c.note()
	c.l.tell(floor.Input{Kind: floor.InTalkEnded, Call: c.a.ID, Operator: c.rec.Operator, Away: true})
	c.l.publish(Event{Kind: "call.transferred", Attempt: c.a.ID, Operator: c.rec.Operator, Detail: "outside"})
	c.l.wg.Go(func() {
		select {
		case <-customer.Ended():
			far.hangup()
		case <-far.over:
			customer.Hangup()
		}
	})
}

// outlast takes the operator's word, if there is one to wait for, while customer
// and outside talk; then it waits for their end.
func (c *call) outlast(word bool) string {
	if word {
		c.takeWord()
		c.l.tell(floor.Input{Kind: floor.InFreed, Call: c.a.ID, Operator: c.rec.Operator, Disposition: c.said()})
		c.l.s.desk.served(c.rec.Operator, c)
	}
	for {
		select {
		case o := <-c.orders:
			if o.Kind == floor.DoHangup && o.Operator == "" {
				c.sip.Hangup()
			}
		case f := <-c.asks:
			f()
		case <-c.sip.Ended():
			c.part()
			c.took(c.sip.Ending())
			return c.served()
		}
	}
}
