package lab

import (
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"
)

// carrierPatience is how long a carrier lets a call ring (3GPP TS 24.229 and
// most switches: three minutes).
const carrierPatience = 3 * time.Minute

// ring goes up to the answer; false when there is none.
func (c *call) ring() bool {
	p := &c.persona
	if !c.wait(c.carrier.cfg.Faults.Delay) {
		return c.wasCancelled()
	}
	c.dialog.respond(100, "Trying", nil)
	if !c.wait(p.Delay) {
		return c.wasCancelled()
	}
	left := p.Ring
	if p.Status == 0 {
		left = carrierPatience
	}
	if !c.progress(left) {
		return c.wasCancelled()
	}
	switch {
	case p.Status == 0:
		c.refuse(480, "Temporarily Unavailable", 19)
	case p.Status >= 300:
		c.refuse(p.Status, phrase(p.Status), p.Cause)
	default:
		return true
	}
	return false
}

// progress sends the 18x and plays early media; false when cancelled.
func (c *call) progress(left time.Duration) bool {
	p := &c.persona
	if len(p.Early) > 0 && c.open() {
		c.note(func(s *Seen) { s.Ringing = time.Now() })
		c.dialog.respond(183, "Session Progress", c.describe())
		return c.early(left)
	}
	if p.Progress != 0 {
		c.note(func(s *Seen) { s.Ringing = time.Now() })
		if !c.carrier.cfg.Faults.Swap {
			c.dialog.respond(p.Progress, phrase(p.Progress), nil)
		}
	}
	return c.wait(left)
}

// early repeats early media for as long as it rings.
func (c *call) early(left time.Duration) bool {
	pcm, err := render(c.persona.Early, c.persona.Level)
	if err != nil || len(pcm) == 0 {
		return c.wait(left)
	}
	until := time.Now().Add(left)
	c.stream.continuous = until
	for time.Now().Before(until) {
		rest := count(time.Until(until)) + 1
		if !c.stream.speak(c.dialog.cancelled, pcm[:min(len(pcm), rest)]) {
			return false
		}
	}
	return true
}

// wait waits; false when the call was cancelled.
func (c *call) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c.dialog.cancelled:
		return false
	case <-timer.C:
		return true
	}
}

// wasCancelled ends a cancelled call, unless the persona answers it all the same.
func (c *call) wasCancelled() bool {
	c.carrier.mu.Lock()
	closing := c.carrier.closing
	if !closing {
		c.seen.Cancelled = time.Now()
	}
	c.carrier.mu.Unlock()
	if closing {
		c.note(func(s *Seen) { s.EndedBy = "carrier" })
		return false
	}
	if c.persona.AnswersCancelled {
		return true
	}
	c.note(func(s *Seen) { s.Status, s.EndedBy = 487, "caller" })
	c.dialog.respond(487, "Request Terminated", nil)
	return false
}

// refuse ends the INVITE with a status of 300 or more.
func (c *call) refuse(status int, reason string, cause int) {
	var more []sip.Header
	if cause != 0 {
		more = append(more, sip.NewHeader("Reason", fmt.Sprintf(`Q.850;cause=%d;text="%s"`, cause, reason)))
	}
	if c.persona.ComeBack > 0 {
		more = append(more, sip.NewHeader("Retry-After", fmt.Sprint(int(c.persona.ComeBack.Seconds()))))
	}
	if c.persona.Redirect != "" && status < 400 {
		more = append(more, sip.NewHeader("Contact", "<"+c.persona.Redirect+">"))
	}
	c.note(func(s *Seen) { s.Status, s.EndedBy = status, "callee" })
	c.dialog.respond(status, reason, nil, more...)
}

// phrase is the reason phrase of a status (RFC 3261 §21).
func phrase(status int) string {
	p := map[int]string{180: "Ringing", 183: "Session Progress", 302: "Moved Temporarily", 404: "Not Found",
		480: "Temporarily Unavailable", 484: "Address Incomplete", 486: "Busy Here", 503: "Service Unavailable", 603: "Decline"}[status]
	if p == "" {
		p = "Status"
	}
	return p
}
