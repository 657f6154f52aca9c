package lab

import (
	"math/rand/v2"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
)

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
	c.carrier.dialogs.pin(twin.key(), c)
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
	if !c.persona.DeafToBye {
		answerTo(from, req, 200, "OK", d.tag)
	}
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
	if c.seen.Ended.IsZero() {
		c.seen.Ended = time.Now()
	}
	if c.carrier.closing && c.seen.EndedBy == "" {
		c.seen.EndedBy = "carrier"
		if !c.seen.Answered.IsZero() {
			c.seen.violate("an answered call was never ended")
		}
	}
	if s := c.seen; !s.Answered.IsZero() && s.Acked.IsZero() && s.Ended.Sub(s.Answered) > 4*time.Second {
		s.violate(neverAcked)
	}
	c.leaveTables()
}

// leaveTables forgets the call, but for what may yet be repeated; carrier.mu is
// held.
func (c *call) leaveTables() {
	k := c.carrier
	delete(k.live, c)
	if k.calling[c.seen.Number]--; k.calling[c.seen.Number] == 0 {
		delete(k.calling, c.seen.Number)
	}
	k.invites.unpin(branchOf(c.dialog.invite.Via()))
	k.dialogs.unpin(c.dialog.key())
	if c.twin != nil {
		k.dialogs.unpin(c.twin.key())
	}
}

func closed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}
