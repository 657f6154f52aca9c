package lab

import (
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// dialog is the answering side of one INVITE and of what follows it.
type dialog struct {
	end    *end
	from   peer
	invite *sip.Request
	tag    string
	user   string   // of our Contact
	remote sip.Uri  // the far end's Contact
	route  []string // its Record-Route

	mu     sync.Mutex // guards what is below
	last   []byte     // the latest response to the INVITE
	status int
	cseq   uint32 // of our own requests
	again  *time.Timer

	cancelled chan struct{} // closed by a CANCEL before the final response
	acked     chan struct{} // closed by the ACK
	over      chan struct{} // closed by a BYE, or by us
	once      [3]sync.Once
}

func newDialog(e *end, from peer, invite *sip.Request, tag, user string) *dialog {
	d := &dialog{end: e, from: from, invite: invite, tag: tag, user: user, cseq: 1, remote: invite.From().Address,
		cancelled: make(chan struct{}), acked: make(chan struct{}), over: make(chan struct{})}
	if c := invite.Contact(); c != nil {
		d.remote = c.Address
	}
	for _, h := range invite.GetHeaders("Record-Route") {
		d.route = append(d.route, h.Value())
	}
	return d
}

// key finds the dialog again from a request within it.
func (d *dialog) key() string { return d.invite.CallID().Value() + " " + d.tag }

func keyOf(req *sip.Request) string {
	tag, _ := req.To().Params.Get("tag")
	return req.CallID().Value() + " " + tag
}

func (d *dialog) cancel() { d.once[0].Do(func() { close(d.cancelled) }) }
func (d *dialog) hangUp() { d.once[2].Do(func() { close(d.over) }) }

// ack ends the retransmission of the final response.
func (d *dialog) ack() {
	d.mu.Lock()
	if d.again != nil {
		d.again.Stop()
	}
	d.mu.Unlock()
	d.once[1].Do(func() { close(d.acked) })
}

// reply builds a response (RFC 3261 §8.2.6); 100 has no tag of ours.
func reply(req *sip.Request, status int, reason, tag string, more ...sip.Header) *sip.Response {
	res := sip.NewResponse(status, reason)
	for _, name := range []string{"Via", "Record-Route"} {
		for _, h := range req.GetHeaders(name) {
			res.AppendHeader(h)
		}
	}
	res.AppendHeader(req.From())
	to := *req.To()
	if _, tagged := to.Params.Get("tag"); !tagged && tag != "" && status > 100 {
		to.Params = append(to.Params.Clone(), sip.HeaderKV{K: "tag", V: tag})
	}
	res.AppendHeader(&to)
	res.AppendHeader(req.CallID())
	res.AppendHeader(req.CSeq())
	for _, h := range more {
		res.AppendHeader(h)
	}
	return res
}

// answerTo sends a response without a transaction.
func answerTo(from peer, req *sip.Request, status int, reason, tag string, more ...sip.Header) {
	res := reply(req, status, reason, tag, more...)
	res.SetBody(nil)
	from.send([]byte(res.String()))
}

// respond sends a response to the INVITE; a final one again until its ACK.
func (d *dialog) respond(status int, reason string, body []byte, more ...sip.Header) {
	msg := d.build(d.tag, status, reason, body, more...)
	d.mu.Lock()
	d.last, d.status = msg, status
	d.mu.Unlock()
	d.from.send(msg)
	if status >= 200 && (status < 300 || d.from.conn == nil) {
		d.repeat(t1, time.Now().Add(timeout))
	}
}

func (d *dialog) build(tag string, status int, reason string, body []byte, more ...sip.Header) []byte {
	res := reply(d.invite, status, reason, tag, more...)
	if status > 100 && status < 300 {
		res.AppendHeader(d.contact())
	}
	if body != nil {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	}
	res.SetBody(body)
	return []byte(res.String())
}

func (d *dialog) contact() sip.Header {
	return sip.NewHeader("Contact", contact(d.end, d.user))
}

func contact(e *end, user string) string {
	param := ""
	if e.transport != "UDP" {
		param = ";transport=" + map[string]string{"TCP": "tcp", "TLS": "tls"}[e.transport]
	}
	return fmt.Sprintf("<sip:%s@%s%s>", user, e.local, param)
}

// repeat sends the final response after a time, and again with doubled pauses
// (RFC 3261 §13.3.1.4, §17.2.1), until the ACK or the end of patience.
func (d *dialog) repeat(after time.Duration, give time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.again = time.AfterFunc(after, func() {
		select {
		case <-d.acked:
			return
		case <-d.over:
			return
		case <-d.end.quit:
			return
		default:
		}
		if time.Now().After(give) {
			return
		}
		d.mu.Lock()
		msg := d.last
		d.mu.Unlock()
		d.from.send(msg)
		d.repeat(min(2*after, t2), give)
	})
}

// echo answers a repeated INVITE.
func (d *dialog) echo() {
	d.mu.Lock()
	msg := d.last
	d.mu.Unlock()
	if msg != nil {
		d.from.send(msg)
	}
}

// final is the status the INVITE ended with so far; below 200 it has not.
func (d *dialog) final() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status
}

// newRequest builds a request of ours within the dialog (RFC 3261 §12.2.1.1).
func (d *dialog) newRequest(method sip.RequestMethod, tag string, body []byte) *sip.Request {
	d.mu.Lock()
	d.cseq++
	seq := d.cseq
	d.mu.Unlock()
	req := sip.NewRequest(method, d.remote)
	branch := sip.RFC3261BranchMagicCookie + fmt.Sprintf("%016x", mix(hashString(d.key())^uint64(seq)))
	req.AppendHeader(via(d.end, branch))
	for _, r := range d.route {
		req.AppendHeader(sip.NewHeader("Route", r))
	}
	from, to := *d.invite.To(), *d.invite.From()
	req.AppendHeader(&sip.FromHeader{Address: from.Address, Params: sip.HeaderParams{{K: "tag", V: tag}}})
	req.AppendHeader(&sip.ToHeader{Address: to.Address, Params: to.Params})
	req.AppendHeader(d.invite.CallID())
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	req.AppendHeader(sip.NewHeader("Max-Forwards", "70"))
	if method == sip.INVITE {
		req.AppendHeader(d.contact())
	}
	if body != nil {
		req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	}
	req.SetBody(body)
	return req
}

func via(e *end, branch string) *sip.ViaHeader {
	return &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: e.transport,
		Host: e.local.Addr().String(), Port: int(e.local.Port()),
		Params: sip.HeaderParams{{K: "branch", V: branch}, {K: "rport"}}}
}

// target is where requests within the dialog go: the far end's Contact over
// UDP, the same connection otherwise.
func (d *dialog) target() peer {
	ip, err := netip.ParseAddr(d.remote.Host)
	if d.from.conn != nil || err != nil {
		return d.from
	}
	port := d.remote.Port
	if port == 0 {
		port = 5060
	}
	return peer{end: d.end, addr: netip.AddrPortFrom(ip.Unmap(), uint16(port))}
}

// bye ends the dialog from our side and waits for the answer.
func (d *dialog) bye(stop <-chan struct{}) error {
	res, err := d.end.request(stop, d.target(), d.newRequest(sip.BYE, d.tag, nil))
	if err == nil && res.StatusCode >= 300 && res.StatusCode != 481 {
		err = fmt.Errorf("BYE answered %s", strconv.Itoa(res.StatusCode))
	}
	return err
}

// reinvite sends a new description and acknowledges the answer; it gives the
// final response.
func (d *dialog) reinvite(stop <-chan struct{}, body []byte) (*sip.Response, error) {
	req := d.newRequest(sip.INVITE, d.tag, body)
	res, err := d.end.request(stop, d.target(), req)
	if err != nil {
		return nil, err
	}
	ack := d.newRequest(sip.ACK, d.tag, nil)
	ack.CSeq().SeqNo = req.CSeq().SeqNo
	if res.StatusCode >= 300 { // the same transaction: RFC 3261 §17.1.1.3
		ack.ReplaceHeader(req.Via())
		if to := res.To(); to != nil {
			ack.ReplaceHeader(to)
		}
	}
	d.target().send([]byte(ack.String()))
	return res, nil
}

func hashString(s string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}
