package lab

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/emiago/sipgo/sip"
)

// register keeps the phone registered and unregisters it at the end.
func (p *Phone) register() {
	callID := fmt.Sprintf("%016x@%s", p.draw(), p.Addr().Addr())
	for seq := uint32(1); ; seq += 2 {
		granted, err := p.registerOnce(callID, seq, p.cfg.Expires, p.quit)
		p.mu.Lock()
		p.stats.Registered = err == nil
		if err == nil {
			p.stats.Registrations++
		}
		p.mu.Unlock()
		wait := granted / 2
		if err != nil {
			wait = 5 * time.Second
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-p.quit:
			timer.Stop()
			p.goodbye(callID, seq+2)
			return
		}
	}
}

// goodbye takes the registration back, and does not wait long for the answer.
func (p *Phone) goodbye(callID string, seq uint32) {
	give, stop := giveUp(2 * time.Second)
	defer stop()
	_, _ = p.registerOnce(callID, seq, 0, give) // the registrar forgets us anyhow
}

// giveUp is a channel that closes after a time.
func giveUp(d time.Duration) (ch chan struct{}, stop func() bool) {
	ch = make(chan struct{})
	return ch, time.AfterFunc(d, func() { close(ch) }).Stop
}

// move registers from another port, as after a restart or behind a NAT that
// forgot; the leg stays where it is.
func (p *Phone) move() {
	if err := p.bind(context.Background(), netip.AddrPortFrom(p.Addr().Addr(), 0).String()); err != nil {
		return
	}
	_, _ = p.registerOnce(fmt.Sprintf("%016x-moved", p.draw()), 1, p.cfg.Expires, p.quit)
}

// registerOnce sends a REGISTER, and again with credentials when challenged
// (RFC 3261 §10.2, §22.2); it gives how long the binding is good for.
func (p *Phone) registerOnce(callID string, seq uint32, expires time.Duration, stop <-chan struct{}) (time.Duration, error) {
	p.mu.Lock()
	e := p.end
	p.mu.Unlock()
	to := peer{end: e, addr: p.cfg.Registrar}
	req := p.registration(e, callID, seq, expires)
	res, err := e.request(stop, to, req)
	if err == nil && (res.StatusCode == 401 || res.StatusCode == 407) {
		req = p.registration(e, callID, seq+1, expires)
		if err := authorize(req, res, p.cfg.User, p.cfg.Password); err != nil {
			return 0, err
		}
		res, err = e.request(stop, to, req)
	}
	if err != nil {
		return 0, err
	}
	if res.StatusCode != 200 {
		return 0, fmt.Errorf("REGISTER got %d %s", res.StatusCode, res.Reason)
	}
	return grantedBy(res, expires), nil
}

// grantedBy reads how long the registrar keeps a binding: the parameter of the
// Contact before the header of the message (RFC 3261 §10.2.4).
func grantedBy(res *sip.Response, asked time.Duration) time.Duration {
	var s string
	if h := res.GetHeader("Expires"); h != nil {
		s = h.Value()
	}
	if c := res.Contact(); c != nil {
		s = c.Params.GetOr("expires", s)
	}
	if d, err := time.ParseDuration(s + "s"); err == nil && d > 0 {
		return d
	}
	return max(asked, 2*time.Second)
}

func (p *Phone) registration(e *end, callID string, seq uint32, expires time.Duration) *sip.Request {
	host := p.cfg.Registrar
	aor := sip.Uri{Scheme: "sip", User: p.cfg.User, Host: host.Addr().String()}
	req := sip.NewRequest(sip.REGISTER, sip.Uri{Scheme: "sip", Host: host.Addr().String(), Port: int(host.Port())})
	req.AppendHeader(via(e, fmt.Sprintf("%s%016x", sip.RFC3261BranchMagicCookie, hashString(fmt.Sprint(callID, seq)))))
	req.AppendHeader(&sip.FromHeader{Address: aor, Params: sip.HeaderParams{{K: "tag", V: fmt.Sprintf("%x", hashString(callID))}}})
	req.AppendHeader(&sip.ToHeader{Address: aor})
	id := sip.CallIDHeader(callID)
	req.AppendHeader(&id)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: sip.REGISTER})
	req.AppendHeader(sip.NewHeader("Max-Forwards", "70"))
	req.AppendHeader(sip.NewHeader("Contact", contact(e, p.cfg.User)))
	req.AppendHeader(sip.NewHeader("Expires", fmt.Sprint(int(expires/time.Second))))
	req.SetBody(nil)
	return req
}
