package lab

import (
	"fmt"
	"math/rand/v2"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
)

// carrierPatience is how long a carrier lets a call ring (3GPP TS 24.229 and
// most switches: three minutes).
const carrierPatience = 3 * time.Minute

// neverAcked: a 200 is repeated after 0.5, 1.5 and 3.5 s, so that one lost ACK
// is no violation.
const neverAcked = "the 200 was never acknowledged"

// call is one callee being called: one goroutine that lives the persona.
type call struct {
	carrier *Carrier
	dialog  *dialog
	twin    *dialog // the second answer of a persona that answers twice
	persona Persona
	rng     *rand.Rand
	seen    *Seen // carrier.mu guards it, stream and twin

	stream *stream
	offer  offer
	law    media.Codec
	answer time.Time
}

// run lives the call from the INVITE to its end.
func (c *call) run() {
	defer c.finish()
	offer, err := readSDP(c.dialog.invite.Body())
	if err != nil {
		c.refuse(488, "Not Acceptable Here", 0)
		return
	}
	var ok bool
	c.offer = offer
	if c.law, ok = choose(offer.laws, c.laws()); !ok {
		c.refuse(488, "Not Acceptable Here", 0)
		return
	}
	if !c.ring() {
		return
	}
	c.pickUp()
	if c.stream == nil {
		return
	}
	c.live()
}

func (c *call) laws() []media.Codec {
	if len(c.persona.Line.Laws) > 0 {
		return c.persona.Line.Laws
	}
	return []media.Codec{media.PCMU, media.PCMA}
}

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
	if c.persona.Redirect != "" && status < 400 {
		more = append(more, sip.NewHeader("Contact", "<"+c.persona.Redirect+">"))
	}
	c.note(func(s *Seen) { s.Status, s.EndedBy = status, "callee" })
	c.dialog.respond(status, reason, nil, more...)
}

// open takes the callee's RTP sockets; false when there are none left.
func (c *call) open() bool {
	conn, err := c.carrier.listenRTP()
	if err != nil {
		return false
	}
	s := newStream(conn, c.rng, newNoise(c.rng, c.persona.Noise))
	if c.persona.Line.OtherPort {
		if out, err := c.carrier.listenRTP(); err == nil {
			s.out = out
		}
	}
	s.mute, s.strange = c.persona.Line.Mute, c.persona.Line.Strange
	s.aim(c.offer, c.law)
	s.listen()
	c.carrier.mu.Lock()
	c.stream = s
	c.carrier.mu.Unlock()
	return true
}

// describe is the callee's SDP: one law, so that there is nothing to guess.
func (c *call) describe() []byte {
	return writeSDP(c.stream.local(), []media.Codec{c.law}, c.dtmf(), mirror(c.offer.direction), 1)
}

func (c *call) dtmf() uint8 {
	if c.persona.Line.NoDTMF {
		return 0
	}
	return c.offer.dtmf
}

// pickUp sends the 200, and whatever a disorderly persona sends with it.
func (c *call) pickUp() {
	if c.stream == nil && !c.open() {
		c.refuse(500, "No Socket", 0)
		return
	}
	c.answer = time.Now()
	c.note(func(s *Seen) { s.Status, s.Answered = 200, c.answer })
	body := c.describe()
	c.dialog.respond(200, "OK", body)
	if c.carrier.cfg.Faults.Swap && c.persona.Progress != 0 {
		c.dialog.from.send(c.dialog.build(c.dialog.tag, c.persona.Progress, phrase(c.persona.Progress), nil))
	}
	if c.persona.AnswersTwice {
		c.fork(body)
	}
	continuous := c.persona.Line.Continuous
	if continuous == 0 {
		continuous = 5 * time.Second
	}
	c.stream.continuous = c.answer.Add(continuous)
}

// fork answers once more with another tag (RFC 3261 §13.2.2.4: the caller has
// to acknowledge it, and to end it with a BYE).
func (c *call) fork(body []byte) {
	twin := newDialog(c.dialog.end, c.dialog.from, c.dialog.invite, c.dialog.tag+"b", c.dialog.user)
	c.carrier.mu.Lock()
	c.twin = twin
	c.carrier.dialogs.put(twin.key(), c)
	c.carrier.mu.Unlock()
	twin.respond(200, "OK", body)
}

// dialogOf tells the two answers of a call apart.
func (c *call) dialogOf(req *sip.Request) *dialog {
	if c.twin != nil && keyOf(req) == c.twin.key() {
		return c.twin
	}
	return c.dialog
}

// byeFrom takes the caller's BYE.
func (c *call) byeFrom(req *sip.Request, from peer) {
	c.carrier.mu.Lock()
	d := c.dialogOf(req)
	c.carrier.mu.Unlock()
	if c.persona.ByeRace && d == c.dialog {
		d.target().send([]byte(d.newRequest(sip.BYE, d.tag, nil).String()))
	}
	answerTo(from, req, 200, "OK", d.tag)
	c.note(func(s *Seen) {
		if d == c.dialog && s.EndedBy == "" {
			s.EndedBy = "caller"
		}
	})
	d.hangUp()
}

// reoffered takes the caller's re-INVITE or UPDATE.
func (c *call) reoffered(req *sip.Request, from peer) {
	c.carrier.mu.Lock()
	d, s := c.dialogOf(req), c.stream
	c.carrier.mu.Unlock()
	if s == nil {
		answerTo(from, req, 491, "Request Pending", d.tag)
		return
	}
	res := reply(req, 200, "OK", d.tag, d.contact())
	direction := "sendrecv"
	if offer, err := readSDP(req.Body()); err == nil {
		law, ok := choose(offer.laws, c.laws())
		if !ok {
			answerTo(from, req, 488, "Not Acceptable Here", d.tag)
			return
		}
		s.aim(offer, law)
		direction = mirror(offer.direction)
	}
	res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	res.SetBody(writeSDP(s.local(), []media.Codec{c.law}, c.dtmf(), direction, 2))
	from.send([]byte(res.String()))
}

// note changes the truth about the call.
func (c *call) note(change func(*Seen)) {
	c.carrier.mu.Lock()
	change(c.seen)
	c.carrier.mu.Unlock()
}

// measure brings the truth's sound up to date; carrier.mu is held.
func (c *call) measure() {
	if c.stream == nil {
		return
	}
	s := c.seen
	s.Heard = time.Duration(c.stream.audible.Load()) * media.FrameTime
	s.Said = time.Duration(c.stream.sent.Load()) * media.FrameTime
	s.Packets = c.stream.received.Load()
	s.FirstHeard, s.LastHeard = since(c.stream.firstAt.Load()), since(c.stream.lastAt.Load())
}

// finish closes what the call held and completes the truth.
func (c *call) finish() {
	if c.stream != nil {
		c.stream.close()
	}
	c.carrier.mu.Lock()
	defer c.carrier.mu.Unlock()
	c.measure()
	c.seen.Ended = time.Now()
	if c.carrier.closing && c.seen.EndedBy == "" {
		c.seen.EndedBy = "carrier"
		if !c.seen.Answered.IsZero() {
			c.seen.violate("an answered call was never ended")
		}
	}
	if s := c.seen; !s.Answered.IsZero() && s.Acked.IsZero() && s.Ended.Sub(s.Answered) > 4*time.Second {
		s.violate(neverAcked)
	}
	delete(c.carrier.live, c)
}

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
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
