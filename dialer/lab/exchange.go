package lab

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Timers of SIP over UDP (RFC 3261 §17, table 4).
const (
	t1      = 500 * time.Millisecond
	t2      = 4 * time.Second
	timeout = 64 * t1
)

var errTimeout = errors.New("no final response in 32 s")

// peer is where a message came from and where to answer.
type peer struct {
	end  *end
	addr netip.AddrPort
	conn net.Conn // of a stream; nil over UDP
}

func (e *end) dispatch(msg sip.Message, from peer) {
	if e.lose() {
		return
	}
	switch m := msg.(type) {
	case *sip.Response:
		e.mu.Lock()
		ch := e.waiting[branchOf(m.Via())]
		e.mu.Unlock()
		if ch != nil {
			select {
			case ch <- m:
			default: // a far end that floods is not waited for
			}
		}
	case *sip.Request:
		if m.Via() == nil || m.CallID() == nil || m.CSeq() == nil || m.From() == nil || m.To() == nil {
			return
		}
		stampVia(m.Via(), from.addr)
		e.meter.count(time.Now())
		e.handle(m, from)
	}
}

// stampVia notes where a request really came from (RFC 3581 §4).
func stampVia(via *sip.ViaHeader, from netip.AddrPort) {
	if port, asked := via.Params.Get("rport"); asked && port == "" {
		via.Params.Add("rport", strconv.Itoa(int(from.Port())))
		via.Params.Add("received", from.Addr().String())
	}
}

func branchOf(via *sip.ViaHeader) string {
	if via == nil {
		return ""
	}
	b, _ := via.Params.Get("branch")
	return b
}

// send writes a message to where its peer is.
func (p peer) send(msg []byte) {
	if p.end.lose() {
		return
	}
	p.write(msg)
	if p.end.faults.Duplicate {
		p.write(msg)
	}
}

// write ignores errors: to a far end that is gone, a message is lost, and what
// follows from that is the far end's affair.
func (p peer) write(msg []byte) {
	if p.conn == nil {
		_, _ = p.end.pc.WriteTo(msg, net.UDPAddrFromAddrPort(p.addr)) // a lost datagram is sent again
		return
	}
	_ = p.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	_, _ = p.conn.Write(msg) // a broken connection shows to its reader
}

// lose says whether the next message, in or out, is one of those that vanish.
func (e *end) lose() bool {
	if e.faults.LoseNth == 0 {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent++
	return e.sent%e.faults.LoseNth == 0
}

// request sends a request and gives its final response; over UDP it is sent
// again until one comes. A refused INVITE is acknowledged here.
func (e *end) request(stop <-chan struct{}, to peer, req *sip.Request) (*sip.Response, error) {
	branch := branchOf(req.Via())
	answers := make(chan *sip.Response, 8)
	e.mu.Lock()
	e.waiting[branch] = answers
	e.mu.Unlock()
	defer func() {
		e.mu.Lock()
		delete(e.waiting, branch)
		e.mu.Unlock()
	}()
	msg := []byte(req.String())
	to.send(msg)
	interval, give := t1, time.NewTimer(timeout)
	defer give.Stop()
	again := time.NewTimer(interval)
	defer again.Stop()
	for {
		select {
		case res := <-answers:
			if res.StatusCode >= 200 {
				return res, nil
			}
			if req.IsInvite() {
				again.Stop()
			}
		case <-again.C:
			if to.conn == nil {
				to.send(msg)
			}
			interval = min(2*interval, t2)
			again.Reset(interval)
		case <-give.C:
			return nil, errTimeout
		case <-stop:
			return nil, net.ErrClosed
		case <-e.quit:
			return nil, net.ErrClosed
		}
	}
}
