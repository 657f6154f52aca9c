package lab

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/emiago/sipgo/sip"
)

// handle takes one request, in the reading goroutine.
func (c *Carrier) handle(req *sip.Request, from peer) {
	switch req.Method {
	case sip.INVITE:
		if _, within := req.To().Params.Get("tag"); within {
			c.reinvited(req, from)
		} else {
			c.invited(req, from)
		}
	case sip.ACK:
		c.acked(req)
	case sip.CANCEL:
		c.cancelled(req, from)
	case sip.BYE:
		c.hungUp(req, from)
	case sip.UPDATE:
		c.reinvited(req, from)
	case sip.REGISTER:
		c.register(req, from)
	case sip.OPTIONS, sip.INFO:
		answerTo(from, req, 200, "OK", "lab", sip.NewHeader("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, REGISTER"))
	default:
		answerTo(from, req, 405, "Method Not Allowed", "lab")
	}
}

// invited takes a first INVITE: echo, challenge, refuse, or a new call.
func (c *Carrier) invited(req *sip.Request, from peer) {
	branch := branchOf(req.Via())
	c.mu.Lock()
	defer c.mu.Unlock()
	if d := c.invites.get(branch); d != nil {
		d.echo()
		return
	}
	if c.closing {
		return
	}
	number := req.Recipient.User
	tag := fmt.Sprintf("%016x", hashString(req.CallID().Value()+branch))
	d := newDialog(c.end, from, req, tag, number)
	c.invites.put(branch, d)
	if len(c.cfg.Users) > 0 && !authorized(req, "Proxy-Authorization", c.cfg.Users) {
		d.respond(407, "Proxy Authentication Required", nil, challenge("Proxy-Authenticate", branch))
		return
	}
	c.admit(d, number)
}

// admit starts a call; c.mu is held.
func (c *Carrier) admit(d *dialog, number string) {
	now := time.Now()
	c.attempts[number]++
	s := &Seen{CallID: d.invite.CallID().Value(), Number: number, CallerID: d.invite.From().Address.User,
		Attempt: c.attempts[number], At: now}
	c.countInvite(now)
	if c.calling[number] > 0 {
		s.violate("a second INVITE for a number with a live call")
	}
	c.seen = append(c.seen, s)
	if c.cfg.Channels > 0 && len(c.live) >= c.cfg.Channels {
		s.Status, s.Ended, s.EndedBy = 503, now, "carrier"
		d.respond(503, "Service Unavailable", nil, sip.NewHeader("Reason", `Q.850;cause=34;text="No circuit"`))
		return
	}
	p := c.cfg.Persona(number, s.Attempt)
	s.Kind, s.Truth = p.Kind, p.Truth()
	rng := rand.New(rand.NewPCG(c.cfg.Seed+uint64(s.Attempt), hashString(number)))
	call := &call{carrier: c, dialog: d, persona: p, seen: s, rng: rng}
	c.live[call] = true
	c.calling[number]++
	c.stats.PeakLive = max(c.stats.PeakLive, len(c.live))
	c.dialogs.pin(d.key(), call)
	c.invites.pin(branchOf(d.invite.Via()), d)
	c.calls.Go(call.run)
}

// countInvite keeps the highest count of INVITEs within any second.
func (c *Carrier) countInvite(now time.Time) {
	c.stats.Invites++
	c.window = append(c.window, now)
	for now.Sub(c.window[0]) >= time.Second {
		c.window = c.window[1:]
	}
	c.stats.PeakCPS = max(c.stats.PeakCPS, len(c.window))
}

// acked takes an ACK: to a 2xx by its dialog, to a refusal by its branch.
func (c *Carrier) acked(req *sip.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call := c.dialogs.get(keyOf(req)); call != nil && call.dialogOf(req).final() < 300 {
		if call.seen.Acked.IsZero() && call.dialogOf(req) == call.dialog {
			call.seen.Acked = time.Now()
		}
		call.dialogOf(req).ack()
		return
	}
	if d := c.invites.get(branchOf(req.Via())); d != nil {
		d.ack()
	}
}

func (c *Carrier) cancelled(req *sip.Request, from peer) {
	c.mu.Lock()
	d := c.invites.get(branchOf(req.Via()))
	var p Persona
	if d != nil {
		if call := c.dialogs.get(d.key()); call != nil {
			p = call.persona
		}
	}
	c.mu.Unlock()
	switch {
	case d == nil:
		answerTo(from, req, 481, "Call/Transaction Does Not Exist", "lab")
		return
	case p.DeafToCancel:
		return
	}
	answerTo(from, req, 200, "OK", d.tag)
	if d.final() < 200 && !p.HeedsNoCancel {
		d.cancel()
	}
}

// within is the call that a request belongs to; none gets 481 (RFC 3261 §12.2.2).
func (c *Carrier) within(req *sip.Request, from peer) *call {
	c.mu.Lock()
	defer c.mu.Unlock()
	call := c.dialogs.get(keyOf(req))
	if call == nil {
		answerTo(from, req, 481, "Call/Transaction Does Not Exist", "lab")
	}
	return call
}

func (c *Carrier) hungUp(req *sip.Request, from peer) {
	if call := c.within(req, from); call != nil {
		call.byeFrom(req, from)
	}
}

// reinvited takes a new description within a call, or a session refresh.
func (c *Carrier) reinvited(req *sip.Request, from peer) {
	if call := c.within(req, from); call != nil {
		call.reoffered(req, from)
	}
}

// register binds a user's Contact (RFC 3261 §10.3).
func (c *Carrier) register(req *sip.Request, from peer) {
	user := req.To().Address.User
	if !authorized(req, "Authorization", c.cfg.Users) {
		answerTo(from, req, 401, "Unauthorized", "lab", challenge("WWW-Authenticate", req.CallID().Value()))
		return
	}
	expires, contact := "3600", ""
	if h := req.GetHeader("Expires"); h != nil {
		expires = h.Value()
	}
	if h := req.GetHeader("Contact"); h != nil {
		contact = h.Value()
	}
	c.mu.Lock()
	if expires == "0" {
		delete(c.contacts, user)
	} else {
		c.contacts[user] = contact
	}
	c.mu.Unlock()
	answerTo(from, req, 200, "OK", "lab", sip.NewHeader("Contact", contact), sip.NewHeader("Expires", expires))
}
