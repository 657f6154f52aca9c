package dialer

import (
	"context"
)

// On hold a customer is joined with nobody.

// hold parts customer and operator; the customer hears the campaign's prompt,
// or silence.
func (c *call) hold() {
	c.part()
	c.held = true
	sound := c.sip.Media()
	sound.KeepAlive(keepAlive) // else the carrier would take it for broken
	if len(c.rules.hold) == 0 {
		return
	}
	ctx, stop := context.WithCancel(c.l.ctx)
	c.stopHold = stop
	c.l.wg.Go(func() {
		defer stop()
		for sound.Play(ctx, c.rules.hold) == nil {
		}
	})
}

// unhold ends what the customer heard on hold.
func (c *call) unhold() {
	if !c.held {
		return
	}
	c.held = false
	if c.stopHold != nil {
		c.stopHold()
		c.stopHold = nil
	}
	c.sip.Media().KeepAlive(0)
}
