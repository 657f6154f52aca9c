package ua

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"
	"go.uber.org/zap"
)

// handle says what becomes of each request that comes in.
func (u *UA) handle() {
	for _, m := range []sip.RequestMethod{sip.BYE, sip.UPDATE, sip.INFO, sip.INVITE, sip.ACK, sip.NOTIFY, sip.MESSAGE} {
		u.server.OnRequest(m, u.guarded(u.toCall))
	}
	u.server.OnRegister(u.guarded(u.register))
	u.server.OnOptions(u.guarded(func(req *sip.Request, tx sip.ServerTransaction) {
		if tag(req.To().Params) != "" {
			u.toCall(req, tx)
			return
		}
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		res.AppendHeader(sip.NewHeader("Allow", allow))
		u.reply(tx, res)
	}))
	u.server.OnCancel(u.guarded(func(req *sip.Request, tx sip.ServerTransaction) {
		u.reply(tx, sip.NewResponseFromRequest(req, 481, "Call/Transaction Does Not Exist", nil))
	}))
	u.server.OnNoRoute(u.guarded(func(req *sip.Request, tx sip.ServerTransaction) {
		res := sip.NewResponseFromRequest(req, 405, "Method Not Allowed", nil)
		res.AppendHeader(sip.NewHeader("Allow", allow+", REGISTER"))
		u.reply(tx, res)
	}))
}

// guarded checks a request before anything is done for it, and keeps a panic
// over one message from ending the program.
func (u *UA) guarded(next func(*sip.Request, sip.ServerTransaction)) func(*sip.Request, sip.ServerTransaction) {
	return func(req *sip.Request, tx sip.ServerTransaction) {
		defer func() {
			if p := recover(); p != nil {
				u.log.Error("request dropped", zap.String("method", string(req.Method)), zap.String("from", req.Source()),
					zap.String("panic", fmt.Sprint(p)), zap.Stack("stack"))
			}
		}()
		if err := checkRequest(req); err != nil {
			u.log.Info("bad request", zap.String("from", req.Source()), zap.Error(err))
			if req.Method != sip.ACK {
				u.reply(tx, sip.NewResponseFromRequest(req, 400, "Bad Request", nil))
			}
			return
		}
		next(req, tx)
	}
}

// toCall hands a request to the call whose dialog it names, and waits until
// the call has answered it. Nobody may start a dialog with us.
func (u *UA) toCall(req *sip.Request, tx sip.ServerTransaction) {
	c := u.callOf(req)
	if c == nil {
		u.notOurs(req, tx)
		return
	}
	in := &inbound{req: req, tx: tx, done: make(chan struct{})}
	select {
	case c.inbox <- in:
		<-in.done
	case <-c.ended:
		if req.Method == sip.BYE { // both have hung up at once
			respond(in, 200, "OK")
			return
		}
		u.notOurs(req, tx)
	}
}

func (u *UA) notOurs(req *sip.Request, tx sip.ServerTransaction) {
	switch {
	case req.Method == sip.ACK:
	case tag(req.To().Params) != "":
		u.reply(tx, sip.NewResponseFromRequest(req, 481, "Call/Transaction Does Not Exist", nil))
	case req.Method == sip.INVITE:
		u.reply(tx, sip.NewResponseFromRequest(req, 403, "Forbidden", nil))
	default:
		u.reply(tx, sip.NewResponseFromRequest(req, 405, "Method Not Allowed", nil))
	}
}

// callOf finds the call by Call-ID, our tag, and the far end's (RFC 3261 §12.2.2).
func (u *UA) callOf(req *sip.Request) *Call {
	id := req.CallID().Value()
	u.mu.Lock()
	c := u.calls[id]
	u.mu.Unlock()
	if c == nil || tag(req.To().Params) != c.dialog.localTag {
		return nil
	}
	select {
	case s := <-c.saved: // answered: the far end's tag is known
		c.saved <- s
		if tag(req.From().Params) != tag(c.ack.To().Params) {
			return nil
		}
	default:
	}
	return c
}

func (u *UA) reply(tx sip.ServerTransaction, res *sip.Response) {
	if err := tx.Respond(res); err != nil {
		u.log.Debug("response could not be sent", zap.Error(err))
	}
}

// strayResponse sees responses that no transaction waits for. A 2xx to an
// INVITE of ours means that somebody has answered a call that we know nothing
// of any more: it is acknowledged and ended, not left in silence.
func (u *UA) strayResponse(res *sip.Response) {
	if check(res) != nil || !res.IsSuccess() || res.CSeq().MethodName != sip.INVITE {
		return
	}
	src, err := netip.ParseAddrPort(res.Source())
	if err != nil || !u.known(src) || tag(res.From().Params) != localTag(res.CallID().Value()) {
		return
	}
	u.endStray(res)
}

// endStray acknowledges a 2xx and says BYE, from what the response itself says.
func (u *UA) endStray(res *sip.Response) {
	d := &dialog{callID: res.CallID().Value(), localTag: tag(res.From().Params), local: res.From().Address, remote: res.To().Address,
		target: res.To().Address, transport: res.Transport(), destination: res.Source()}
	if !cleanURI(d.local) || !cleanURI(d.remote) {
		return
	}
	if err := d.learn(res); err != nil {
		return
	}
	if err := u.write(u.request(d, sip.ACK, res.CSeq().SeqNo)); err != nil {
		u.log.Info("ACK of a stray answer could not be sent", zap.Error(err))
	}
	u.farewell(nil, d, res.CSeq().SeqNo+1)
	u.log.Info("a stray answer was ended", zap.String("call_id", d.callID))
}

// farewell says BYE in a dialog that has no call; over is closed when it was
// answered, or will not be.
func (u *UA) farewell(t *trunk, d *dialog, cseq uint32) (over <-chan struct{}) {
	done := make(chan struct{})
	req := u.request(d, sip.BYE, cseq)
	tx, err := u.send(u.ctx, req)
	if err != nil {
		u.log.Info("BYE could not be sent", zap.Error(err))
		close(done)
		return done
	}
	if !u.background(func() { defer close(done); u.awaitBye(t, d, req, tx) }) {
		close(done)
	}
	return done
}

// background runs f unless the UA is closing.
func (u *UA) background(f func()) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.ctx.Err() != nil {
		return false
	}
	u.wg.Go(f)
	return true
}

// LeftBehind is a call that a crash has cut off.
type LeftBehind struct {
	Trunk, Number, CallerID string // of a customer's call
	Phone                   string // of an operator's leg: see EndLeg
	CallID                  string
	Dialog                  string // Call.Dialog, "" if it was not answered
}

// Sweep ends calls that a crash has left on the wire: an answered one by BYE,
// one that rang by CANCEL, whose tag and branch are made again from its
// Call-ID. An answer that still comes in is ended by strayResponse.
func (u *UA) Sweep(calls []LeftBehind) {
	for _, l := range calls {
		t := u.trunks[l.Trunk]
		if t == nil {
			continue
		}
		d, err := t.dialogTo(Request{Trunk: l.Trunk, Number: l.Number, CallerID: l.CallerID, CallID: l.CallID})
		if err != nil {
			u.log.Warn("a call left behind cannot be ended", zap.Error(err))
			continue
		}
		if l.Dialog != "" {
			if err := d.restore(l.Dialog); err != nil {
				u.log.Warn("a call left behind cannot be ended", zap.Error(err))
				continue
			}
			u.farewell(t, d, d.cseq+10) // above any that was sent before the crash
			continue
		}
		u.recall(t, d)
	}
}

// EndLeg ends an operator's leg of a former life, which the phone still holds:
// it would be busy. over is closed when the phone has answered, or will not.
func (u *UA) EndLeg(l LeftBehind) (over <-chan struct{}) {
	d := &dialog{callID: l.CallID, localTag: localTag(l.CallID),
		local:  sip.Uri{Scheme: "sip", User: "apel", Host: u.host},
		remote: sip.Uri{Scheme: "sip", User: l.Phone, Host: u.host}}
	b, ok := u.Binding(l.Phone)
	err := d.restore(l.Dialog)
	if !ok || err != nil {
		u.log.Warn("a leg left behind cannot be ended", zap.String("operator", l.Phone), zap.Error(err))
		done := make(chan struct{})
		close(done)
		return done
	}
	d.transport, d.destination = b.Transport, b.Source.String()
	return u.farewell(nil, d, d.cseq+10)
}

// recall cancels an INVITE of a former life. With a password there may have
// been a second one, with the next sequence number.
func (u *UA) recall(t *trunk, d *dialog) {
	last := uint32(1)
	if t.cfg.Username != "" {
		last = 3
	}
	for cseq := uint32(1); cseq <= last; cseq++ {
		req := u.request(d, sip.CANCEL, cseq)
		req.Via().Params.Remove("branch")
		req.Via().Params.Add("branch", branch(d.callID, cseq, sip.INVITE, ""))
		tx, err := u.send(u.ctx, req)
		if err != nil {
			u.log.Info("CANCEL of a call left behind could not be sent", zap.Error(err))
			return
		}
		u.background(func() { u.await(tx, "CANCEL") })
	}
}

// expireBindings forgets phones that have not come back in time.
func (u *UA) expireBindings() {
	for sleep(u.ctx, 5*time.Second) {
		now := time.Now()
		u.mu.Lock()
		var gone []Binding
		for user, b := range u.bindings {
			if now.After(b.Expires) {
				delete(u.bindings, user)
				gone = append(gone, Binding{User: user})
			}
		}
		u.mu.Unlock()
		for _, b := range gone {
			u.told(b)
		}
	}
}
