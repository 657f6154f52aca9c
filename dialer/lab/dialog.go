package lab

import (
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

func via(e *end, branch string) *sip.ViaHeader {
	return &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: e.transport,
		Host: e.local.Addr().String(), Port: int(e.local.Port()),
		Params: sip.HeaderParams{{K: "branch", V: branch}, {K: "rport"}}}
}

func hashString(s string) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return mix(h)
}
