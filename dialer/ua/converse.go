package ua

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/zap"
)

// converse keeps an answered call until one side, or its silence, ends it.
func (c *Call) converse(res *sip.Response) {
	e := Ending{Answered: true, Status: res.StatusCode}
	for {
		select {
		case <-c.hangup:
			e.By, e.At = Dialer, time.Now()
			c.bye()
			c.finish(e)
			return
		case in := <-c.inbox:
			if c.inDialog(in) {
				e.By, e.Q850 = Customer, q850(in.req)
				c.releaseSoon()
				c.finish(e)
				return
			}
		case <-c.timer.C():
			err := c.refreshSession()
			if c.byeFirst {
				e.By = Customer
				c.finish(e)
				return
			}
			if err != nil {
				e.By, e.Text, e.At = Network, err.Error(), time.Now()
				if errors.Is(err, errHungUp) {
					e.By, e.Text = Dialer, ""
				}
				c.bye()
				c.finish(e)
				return
			}
		}
	}
}

// inDialog answers a request of the far end; it says whether the call is over.
func (c *Call) inDialog(in *inbound) (over bool) {
	defer close(in.done)
	switch in.req.Method {
	case sip.BYE:
		respond(in, 200, "OK")
		return true
	case sip.INVITE, sip.UPDATE:
		c.renegotiate(in)
	case sip.ACK: // of a re-INVITE without an offer: the answer is in here
		if d, err := media.ParseSDP(in.req.Body()); err == nil {
			if err := c.media.Negotiate(d); err != nil {
				c.u.log.Info("sound of an ACK is not taken up", zap.Error(err))
			}
		}
	default: // INFO, OPTIONS, MESSAGE...: heard, without effect
		respond(in, 200, "OK")
	}
	return false
}

// renegotiate answers a re-INVITE or UPDATE (RFC 3261 §14.2, RFC 3311 §5.2):
// a new address or law, hold, or only a refreshed session.
func (c *Call) renegotiate(in *inbound) {
	res := sip.NewResponseFromRequest(in.req, 200, "OK", nil)
	res.AppendHeader(c.u.contact(c.dialog))
	res.AppendHeader(sip.NewHeader("Supported", "timer"))
	switch body := in.req.Body(); {
	case len(body) > 0:
		answer, err := c.reanswer(body)
		if err != nil {
			respond(in, 488, "Not Acceptable Here")
			return
		}
		withSDP(res, answer)
	case in.req.Method == sip.INVITE: // it wants an offer; what it answers in ACK is read there
		c.sdp.Version++
		withSDP(res, c.sdp.Marshal())
	}
	if t := in.req.Contact(); t != nil && cleanURI(t.Address) && t.Address.Host != "" {
		c.dialog.target = *t.Address.Clone() // target refresh, RFC 3261 §12.2.2
		if !c.dialog.fixed {
			c.dialog.destination = c.dialog.nextHop()
		}
	}
	c.timer.refreshed(in.req, res, time.Now())
	if err := in.tx.Respond(res); err != nil {
		c.u.log.Info("answer to a re-INVITE could not be sent", zap.Error(err))
	}
}

// reanswer takes up a new offer.
func (c *Call) reanswer(offer []byte) ([]byte, error) {
	d, err := media.ParseSDP(offer)
	if err != nil {
		return nil, err
	}
	c.sdp.Version++
	answer, err := media.Answer(d, c.sdp)
	if err != nil {
		return nil, err
	}
	if err := c.media.Negotiate(d.Agreed(c.sdp)); err != nil {
		return nil, err
	}
	return answer.Marshal(), nil
}

// settleTime is how long a channel is kept after the far end's BYE: the carrier
// has it back when our answer arrives, and a new INVITE must not be there first.
const settleTime = 100 * time.Millisecond

func (c *Call) releaseSoon() {
	release := c.release
	c.release = func() {}
	c.u.wg.Go(func() {
		sleep(c.u.ctx, settleTime)
		release()
	})
}

// bye ends the dialog. Its answer is waited for in the background, and with it
// the trunk's channel: only then has the carrier freed it, too.
func (c *Call) bye() {
	c.dialog.cseq++
	req := c.u.request(c.dialog, sip.BYE, c.dialog.cseq)
	release := c.release
	c.release = func() {}
	tx, err := c.u.send(context.WithoutCancel(c.u.ctx), req)
	if err != nil {
		c.u.log.Info("BYE could not be sent", zap.Error(err))
		release()
		return
	}
	c.leaving = true
	c.u.byes.Add(1) // before the call has ended: Close waits for calls first
	c.u.wg.Go(func() {
		defer c.u.byes.Done()
		defer release()
		defer close(c.parted)
		c.u.awaitBye(c.trunk, c.dialog, req, tx)
	})
}

// awaitBye waits for the answer to a BYE. A trunk that asks for its password
// even here gets it, else the call would stay up on its side.
func (u *UA) awaitBye(t *trunk, d *dialog, req *sip.Request, tx sip.ClientTransaction) {
	res := u.await(tx, "BYE")
	if t == nil || res == nil || !asksPassword(res) {
		return
	}
	auth, err := t.credentials(req, res)
	if err != nil {
		u.log.Warn("BYE was refused", zap.String("trunk", t.cfg.Name), zap.Error(err))
		return
	}
	again := u.request(d, sip.BYE, req.CSeq().SeqNo+1)
	again.AppendHeader(auth)
	if tx, err = u.send(context.WithoutCancel(u.ctx), again); err != nil {
		u.log.Info("BYE could not be sent", zap.Error(err))
		return
	}
	u.await(tx, "BYE")
}

// await waits for the final response of a request that nobody else waits for;
// nil if none came.
func (u *UA) await(tx sip.ClientTransaction, what string) *sip.Response {
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res
			}
		case <-tx.Done():
			u.log.Info(what+" was not answered", zap.Error(tx.Err()))
			return nil
		}
	}
}

// refreshSession sends the re-INVITE that keeps the session (RFC 4028 §10), or
// says that the far end has let it run out.
func (c *Call) refreshSession() error {
	if !c.timer.ours {
		return fmt.Errorf("the far end let the session of %s run out", c.timer.interval)
	}
	req := c.refresh()
	res, err := c.transact(req)
	if err == nil && asksPassword(res) && c.trunk != nil {
		auth, aerr := c.trunk.credentials(req, res)
		if aerr != nil {
			return aerr
		}
		req = c.refresh(auth)
		res, err = c.transact(req)
	}
	switch {
	case err != nil:
		return fmt.Errorf("the far end is gone: %w", err)
	case res.IsSuccess():
		ack := c.u.request(c.dialog, sip.ACK, req.CSeq().SeqNo)
		for _, h := range credentialsOf(req) {
			ack.AppendHeader(h)
		}
		if d, err := media.ParseSDP(res.Body()); err == nil {
			if err := c.media.Negotiate(d); err != nil {
				c.u.log.Info("refreshed session's sound is kept as it was", zap.Error(err))
			}
		}
		c.timer.start(res, time.Now())
		return c.u.write(ack)
	case res.StatusCode == 491: // both at once: again in 2.1 to 4 s, we own the Call-ID (RFC 3261 §14.1)
		c.timer.in(3 * time.Second)
		return nil
	case res.StatusCode == 408 || res.StatusCode == 481:
		return fmt.Errorf("the far end has forgotten the call: %d", res.StatusCode)
	default:
		c.timer.start(res, time.Now())
		return nil
	}
}

// refresh builds the next re-INVITE that keeps the session.
func (c *Call) refresh(auth ...sip.Header) *sip.Request {
	c.dialog.cseq++
	req := c.u.request(c.dialog, sip.INVITE, c.dialog.cseq)
	req.AppendHeader(sip.NewHeader("Session-Expires", fmt.Sprintf("%d;refresher=uac", int(c.timer.interval.Seconds()))))
	for _, h := range auth {
		req.AppendHeader(h)
	}
	withSDP(req, c.sdp.Marshal())
	return req
}

// errHungUp: we have hung up while a request of ours was waiting; BYE may be
// sent all the same (RFC 3261 §15).
var errHungUp = errors.New("we have hung up")

// transact sends a request in the dialog and, while it waits for the final
// response, answers what the far end asks.
func (c *Call) transact(req *sip.Request) (*sip.Response, error) {
	tx, err := c.u.send(c.u.ctx, req)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(finalWait)
	defer timer.Stop()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, check(res)
			}
		case <-tx.Done():
			return nil, tx.Err()
		case <-c.hangup:
			tx.Terminate()
			return nil, errHungUp
		case <-timer.C:
			tx.Terminate()
			return nil, errors.New("no final response")
		case in := <-c.inbox:
			if in.req.Method == sip.BYE {
				c.byeFirst = true
				respond(in, 200, "OK")
				close(in.done)
				tx.Terminate()
				return nil, errors.New("the far end has hung up")
			}
			respond(in, 491, "Request Pending")
			close(in.done)
		}
	}
}

// respond answers a request without a body.
func respond(in *inbound, status int, reason string) {
	// An answer that cannot be sent is as one that was lost: the far end asks again.
	_ = in.tx.Respond(sip.NewResponseFromRequest(in.req, status, reason, nil))
}

// sessionTimer is RFC 4028 for one dialog. The zero value is off.
type sessionTimer struct {
	interval time.Duration
	ours     bool // we refresh
	timer    *time.Timer
}

// start reads what a 2xx of ours says of the session.
func (t *sessionTimer) start(res *sip.Response, now time.Time) {
	h := res.GetHeader("Session-Expires")
	if h == nil {
		if t.timer != nil && t.interval > 0 {
			t.in(t.interval / 2)
		}
		return
	}
	t.set(h.Value(), "uac", now)
}

// refreshed reads what a refresh of the far end says and agrees to it.
func (t *sessionTimer) refreshed(req *sip.Request, res *sip.Response, now time.Time) {
	h := req.GetHeader("Session-Expires")
	if h == nil {
		return
	}
	t.set(h.Value(), "uas", now)
	refresher := "uac"
	if t.ours {
		refresher = "uas"
	}
	res.AppendHeader(sip.NewHeader("Require", "timer"))
	res.AppendHeader(sip.NewHeader("Session-Expires", fmt.Sprintf("%d;refresher=%s", int(t.interval.Seconds()), refresher)))
}

// set starts the timer: at half the interval if we refresh, and if the far end
// does, shortly before the end (RFC 4028 §10).
func (t *sessionTimer) set(value, we string, _ time.Time) {
	seconds, params, _ := strings.Cut(value, ";")
	n := 0
	if _, err := fmt.Sscan(strings.TrimSpace(seconds), &n); err != nil {
		return
	}
	t.interval = min(max(time.Duration(n)*time.Second, 90*time.Second), 24*time.Hour) // RFC 4028 §5: 90 s at least
	t.ours = strings.Contains(strings.ToLower(params), "refresher="+we)
	if t.ours {
		t.in(t.interval / 2)
		return
	}
	t.in(t.interval - min(32*time.Second, t.interval/3))
}

func (t *sessionTimer) in(d time.Duration) {
	if t.timer == nil {
		t.timer = time.NewTimer(d)
		return
	}
	t.timer.Reset(d)
}

// C fires when the session is to be refreshed or has run out.
func (t *sessionTimer) C() <-chan time.Time {
	if t.timer == nil {
		return nil
	}
	return t.timer.C
}
