package lab

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/emiago/sipgo/sip"
)

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
