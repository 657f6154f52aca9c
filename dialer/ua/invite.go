package ua

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"apel/media"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/zap"
)

// finalWait is how long a final response is waited for after CANCEL: 64*T1
// (RFC 3261 §9.1).
const finalWait = 32 * time.Second

// run is a call from its first INVITE to its end.
func (c *Call) run(tx sip.ClientTransaction) {
	res, err := c.establish(tx)
	switch {
	case err != nil && res == nil && c.byeFirst: // answered, which was lost on the way, and over
		c.finish(Ending{By: Customer, Answered: true, Late: c.cancelled, Text: err.Error()})
	case err != nil && res != nil: // answered, and nothing can be made of the answer
		c.finish(Ending{By: Dialer, Answered: true, Late: c.cancelled, Status: res.StatusCode, Text: err.Error()})
	case err != nil:
		c.finish(failed(err))
	case !res.IsSuccess():
		c.finish(c.turnedDown(res))
	case c.cancelled:
		// The 200 has crossed our CANCEL: acknowledge, and say goodbye.
		e := Ending{By: Dialer, Answered: true, Late: true, Status: res.StatusCode, At: time.Now()}
		c.bye()
		c.finish(e)
	case c.byeFirst:
		c.finish(Ending{By: Customer, Answered: true, Status: res.StatusCode})
	default:
		c.converse(res)
	}
}

// turnedDown is the ending by a final response other than 2xx.
func (c *Call) turnedDown(res *sip.Response) Ending {
	e := refused(res)
	if c.trunk != nil {
		c.trunk.refusedBy(res)
	}
	if c.cancelled && (res.StatusCode == 487 || asksPassword(res)) {
		e.By = Dialer
	}
	return e
}

// asksPassword says whether a response is a digest challenge.
func asksPassword(res *sip.Response) bool { return res.StatusCode == 401 || res.StatusCode == 407 }

// prepareInvite makes the next INVITE, with the authorizations that were asked
// for, and its transaction, which is connected: Init sends it.
func (c *Call) prepareInvite(ctx context.Context, auth ...sip.Header) (*sip.ClientTx, error) {
	req := c.u.request(c.dialog, sip.INVITE, c.dialog.cseq)
	if c.autoAnswer { // RFC 5373 is hardly spoken; these two are
		req.AppendHeader(sip.NewHeader("Call-Info", "<sip:"+c.u.host+">;answer-after=0"))
		req.AppendHeader(sip.NewHeader("Alert-Info", "<sip:auto>;info=alert-autoanswer"))
	}
	for _, h := range auth {
		req.AppendHeader(h)
	}
	withSDP(req, c.sdp.Marshal())
	tx, err := c.u.connect(ctx, req)
	if err != nil {
		return nil, fmt.Errorf("connect for an INVITE: %w", err)
	}
	c.invite = req
	tx.OnRetransmission(c.again)
	return tx, nil
}

// sent sends what prepareInvite has made.
func sent(tx *sip.ClientTx) error {
	if err := tx.Init(); err != nil {
		tx.Terminate()
		return fmt.Errorf("send INVITE: %w", err)
	}
	return nil
}

// establish waits for the final response of the INVITE, whatever else happens.
// A 2xx is acknowledged here.
func (c *Call) establish(tx sip.ClientTransaction) (*sip.Response, error) {
	hangup := c.hangup
	var giveUp <-chan time.Time // after CANCEL
	provisional, challenges := false, 0
	for {
		select {
		case res := <-tx.Responses():
			if err := check(res); err != nil {
				c.u.log.Warn("response dropped", zap.Error(err))
				continue
			}
			switch {
			case res.IsProvisional():
				provisional = true
				c.provisional(res)
				if c.cancelled && giveUp == nil {
					giveUp = c.cancel()
				}
			case asksPassword(res) && c.trunk != nil && !c.cancelled && challenges < 2:
				challenges++
				next, err := c.answerChallenge(res)
				if err != nil {
					c.u.log.Warn("challenge not answered", zap.String("trunk", c.trunk.cfg.Name), zap.Error(err))
					return res, nil
				}
				tx, provisional = next, false
			case res.IsSuccess():
				return res, c.accept(res)
			default:
				return res, nil
			}
		case <-hangup:
			hangup, c.cancelled = nil, true
			if provisional { // else it waits for one: RFC 3261 §9.1
				giveUp = c.cancel()
			}
		case <-giveUp:
			tx.Terminate()
			return nil, errors.New("no final response, and none will come")
		case <-tx.Done():
			return nil, fmt.Errorf("no response: %w", tx.Err())
		case in := <-c.inbox:
			if c.early(in); c.byeFirst { // whoever has hung up sends no 2xx any more
				giveUp = time.After(lastOfMessages)
			}
		}
	}
}

// lastOfMessages is how long a message may be on its way: T4 (RFC 3261 §17.1.2.2).
const lastOfMessages = 5 * time.Second

// answerChallenge sends the INVITE again with the trunk's password. What a
// proxy was told before is told again: it and the server behind it may both
// ask (RFC 3261 §22.3).
func (c *Call) answerChallenge(res *sip.Response) (sip.ClientTransaction, error) {
	auth, err := c.trunk.credentials(c.invite, res)
	if err != nil {
		return nil, err
	}
	all := []sip.Header{auth}
	for _, h := range credentialsOf(c.invite) {
		if h.Name() != auth.Name() {
			all = append(all, h)
		}
	}
	c.dialog.cseq++
	tx, err := c.prepareInvite(c.u.ctx, all...)
	if err == nil {
		err = sent(tx)
	}
	return tx, err
}

// credentialsOf are the answers to challenges in a request.
func credentialsOf(req *sip.Request) (all []sip.Header) {
	for _, name := range []string{"Proxy-Authorization", "Authorization"} {
		for _, h := range req.GetHeaders(name) {
			all = append(all, sip.HeaderClone(h))
		}
	}
	return all
}

// provisional takes in a 1xx: ringing, and sound before the answer.
func (c *Call) provisional(res *sip.Response) {
	if res.StatusCode == 100 {
		return
	}
	if len(res.Body()) > 0 {
		if d, err := media.ParseSDP(res.Body()); err == nil && c.media.Negotiate(d) == nil {
			c.sound = true
			c.step(Early)
			if res.StatusCode == 183 {
				return // sound, or a network's announcement: not yet a sign of a phone
			}
		}
	}
	c.step(Ringing)
}

// cancel asks the far end to give up, and starts the wait for what it says.
// CANCEL has the Via of the INVITE (RFC 3261 §9.1).
func (c *Call) cancel() <-chan time.Time {
	req := c.u.request(c.dialog, sip.CANCEL, c.invite.CSeq().SeqNo)
	req.RemoveHeader("Via")
	req.PrependHeader(sip.HeaderClone(c.invite.Via()))
	tx, err := c.u.send(context.WithoutCancel(c.u.ctx), req)
	if err != nil {
		c.u.log.Info("CANCEL could not be sent", zap.Error(err))
		return time.After(finalWait)
	}
	c.u.byes.Add(1)
	c.u.wg.Go(func() {
		defer c.u.byes.Done()
		c.u.await(tx, "CANCEL")
	})
	return time.After(finalWait)
}

// accept acknowledges a 2xx and takes up its sound. An answer without usable
// sound is an answer all the same: it is acknowledged, then ended.
func (c *Call) accept(res *sip.Response) error {
	if err := c.dialog.learn(res); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	c.ack = c.u.request(c.dialog, sip.ACK, c.invite.CSeq().SeqNo)
	for _, h := range credentialsOf(c.invite) {
		c.ack.AppendHeader(h) // RFC 3261 §22.1
	}
	if err := c.u.write(c.ack); err != nil {
		c.u.log.Warn("ACK could not be sent", zap.Error(err))
	}
	c.saved <- c.dialog.save()
	if c.cancelled || c.byeFirst {
		return nil
	}
	if len(res.Body()) > 0 || !c.sound { // else what came with a 183 holds
		d, err := media.ParseSDP(res.Body())
		if err == nil {
			err = c.media.Negotiate(d)
		}
		if err != nil {
			c.bye()
			return fmt.Errorf("answer's sound cannot be used: %w", err)
		}
	}
	c.timer.start(res, time.Now())
	c.step(Answered)
	return nil
}

// again handles a 2xx that is sent again: our ACK was lost. One of another
// fork of the call is acknowledged and ended (RFC 3261 §13.2.2.4). It runs in
// a goroutine of sipgo.
func (c *Call) again(res *sip.Response) {
	if check(res) != nil || !res.IsSuccess() {
		return
	}
	if tag(res.To().Params) == c.ackTag() {
		if err := c.u.write(c.ack); err != nil {
			c.u.log.Info("ACK could not be sent again", zap.Error(err))
		}
		return
	}
	c.u.endStray(res)
}

// ackTag is the far end's tag of the answer that we took; the channel orders
// it after accept. "" if the call has ended without taking one.
func (c *Call) ackTag() string {
	select {
	case s := <-c.saved:
		c.saved <- s
	case <-c.ended:
		if c.Dialog() == "" {
			return ""
		}
	}
	return tag(c.ack.To().Params)
}

// early answers requests of the far end that come before its answer.
func (c *Call) early(in *inbound) {
	defer close(in.done)
	switch in.req.Method {
	case sip.BYE: // it has overtaken the 200
		c.byeFirst = true
		respond(in, 200, "OK")
	case sip.UPDATE, sip.INVITE:
		respond(in, 491, "Request Pending")
	case sip.ACK:
	default:
		respond(in, 200, "OK")
	}
}

func parseHost(s string) (netip.Addr, error) { return netip.ParseAddr(s) }

func withHost(ap netip.AddrPort, host netip.Addr) netip.AddrPort {
	return netip.AddrPortFrom(host, ap.Port())
}
