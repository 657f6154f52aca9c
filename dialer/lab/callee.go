package lab

import (
	"time"

	"apel/media"
)

// live is the callee from the answer to the end.
func (c *call) live() {
	ack := time.AfterFunc(timeout, c.unacknowledged)
	defer ack.Stop()
	if p := c.persona; p.HangUpAt > 0 {
		bell := time.AfterFunc(p.HangUpAt, func() { c.leave("callee") })
		defer bell.Stop()
	}
	if p := c.persona; p.HoldAt > 0 {
		c.carrier.calls.Go(c.hold)
	}
	c.converse()
	c.part()
	if c.twin != nil {
		c.awaitTwin()
	}
}

// awaitTwin gives the caller time to end the second answer too.
func (c *call) awaitTwin() {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-c.twin.over:
	case <-c.carrier.quit:
	case <-timer.C:
		c.note(func(s *Seen) { s.violate("the second answer was not ended with a BYE") })
		c.twin.hangUp()
	}
}

// leave ends the call from this side.
func (c *call) leave(who string) {
	c.note(func(s *Seen) {
		if s.EndedBy == "" {
			s.EndedBy = who
		}
	})
	c.dialog.hangUp()
}

// part sends the BYE unless the caller did, and notes what it owed.
func (c *call) part() {
	c.carrier.mu.Lock()
	closing, by := c.carrier.closing, c.seen.EndedBy
	if !closing {
		c.seen.Ended = time.Now()
	}
	c.carrier.mu.Unlock()
	if closing || by == "caller" {
		return
	}
	if err := c.dialog.bye(c.carrier.quit); err != nil {
		c.note(func(s *Seen) { s.violate("BYE: " + err.Error()) })
	}
}

func (c *call) unacknowledged() {
	if closed(c.dialog.acked) || closed(c.dialog.over) {
		return
	}
	c.note(func(s *Seen) { s.violate(neverAcked) })
	c.leave("carrier")
}

// converse says the greeting, then takes turns until someone has had enough.
func (c *call) converse() {
	p, over := &c.persona, c.dialog.over
	if !c.say(p.Voice) {
		return
	}
	again, spoken := p.Again, 0
	for {
		patience := p.Patience
		first := since(c.stream.firstAt.Load())
		if !first.IsZero() {
			patience = p.Bored
		}
		heard, ok := c.stream.hears(over, patience)
		switch {
		case !ok:
			return
		case !heard && first.IsZero() && len(again) > 0:
			if !c.say(again) {
				return
			}
			again = nil
			continue
		case !heard:
			c.leave("callee")
			return
		}
		if !c.stream.hush(over, p.Gap) {
			return
		}
		if first = since(c.stream.firstAt.Load()); p.TalkFor > 0 && time.Since(first) >= p.TalkFor {
			c.leave("callee")
			return
		}
		if len(p.Talk) > 0 {
			if !c.stream.speak(over, c.must(p.Talk[spoken%len(p.Talk):][:1])) {
				return
			}
			spoken++
		}
	}
}

// say speaks a script; false when the call ended first.
func (c *call) say(script []Sound) bool {
	return c.stream.speak(c.dialog.over, c.must(script))
}

// must renders a script; a clip that is missing is silence.
func (c *call) must(script []Sound) []int16 {
	pcm, err := render(script, c.persona.Level)
	if err != nil {
		c.note(func(s *Seen) { s.violate("lab: " + err.Error()) })
	}
	return pcm
}

// hold puts the call on hold for a time by two re-INVITEs.
func (c *call) hold() {
	over := c.dialog.over
	timer := time.NewTimer(c.persona.HoldAt)
	defer timer.Stop()
	laws := []media.Codec{c.law}
	for i, direction := range []string{"sendonly", "sendrecv"} {
		select {
		case <-over:
			return
		case <-timer.C:
		}
		timer.Reset(c.persona.HoldFor)
		res, err := c.dialog.reinvite(over, writeSDP(c.stream.local(), laws, c.dtmf(), direction, 2+i))
		if err == nil && res.StatusCode >= 300 {
			c.note(func(s *Seen) { s.violate("a re-INVITE was refused") })
		}
	}
}
