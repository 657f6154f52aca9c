package dialer

import (
	"fmt"
	"time"

	"apel/dialer/floor"
	"apel/media"
	"apel/media/amd"

	"go.uber.org/zap"
)

// leaveMessage leaves the campaign's recorded message on a machine: after its
// beep, or after its greeting if none comes. The record says what was left.
func (c *call) leaveMessage(v amd.Verdict) {
	drop := c.rules.drop
	if drop == nil || c.listening == nil {
		return
	}
	after := c.awaitBeep(v)
	if after == "" || c.gone() {
		return
	}
	from := time.Now()
	err := c.play(drop, true)
	whole := time.Duration(len(drop)) * time.Second / media.SampleRate
	left := min(time.Since(from).Round(100*time.Millisecond), whole.Round(100*time.Millisecond))
	c.rec.Note = fmt.Sprintf("voice drop: %s of %s left after %s", left, c.rules.def.VoiceDrop.Message, after)
	if err != nil {
		c.l.log.Info("voice drop was cut off", zap.String("attempt", c.a.ID), zap.Error(err))
	}
	c.l.publish(Event{Kind: "call.voice-drop", Attempt: c.a.ID, Detail: c.rec.Note})
}

// awaitBeep waits until a machine listens and says what came before; "" if the
// call is over, is to be, or the machine never ends.
func (c *call) awaitBeep(v amd.Verdict) string {
	limit := time.NewTimer(longestGreeting)
	defer limit.Stop()
	for {
		switch {
		case v.Kind == amd.Beep:
			return "the beep"
		case v.Kind == amd.Machine && v.Detail == amd.GreetingEnded:
			return "the greeting"
		case toneOutcome(v.Kind) != "", v.Kind == amd.Unknown: // a tone without end records nothing
			return ""
		}
		select {
		case v = <-c.listening.later():
		case f := <-c.asks:
			f()
		case o := <-c.orders:
			if o.Kind == floor.DoHangup {
				return ""
			}
		case <-c.sip.Ended():
			return ""
		case <-limit.C:
			return ""
		}
	}
}
