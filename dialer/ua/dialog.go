package ua

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// dialog is what a request to the far end of a call is made from (RFC 3261 §12).
type dialog struct {
	callID      string
	local       sip.Uri
	remote      sip.Uri
	localTag    string
	remoteTag   string
	target      sip.Uri   // the far end's Contact
	routes      []sip.Uri // to go by, in this order
	transport   string    // UDP, TCP, TLS
	destination string    // host:port of the next hop
	fixed       bool      // the destination stays what it is: a phone behind NAT
	cseq        uint32    // of our last request
}

const allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO"

// request builds a request of ours in or for the dialog. Every field has been
// checked or made by us.
func (u *UA) request(d *dialog, method sip.RequestMethod, cseq uint32) *sip.Request {
	req := sip.NewRequest(method, *d.target.Clone())
	via := &sip.ViaHeader{ProtocolName: "SIP", ProtocolVersion: "2.0", Transport: d.transport, Host: u.host, Port: u.port}
	via.Params.Add("branch", branch(d.callID, cseq, method, d.remoteTag))
	via.Params.Add("rport", "")
	req.AppendHeader(via)
	for _, r := range d.routes {
		req.AppendHeader(&sip.RouteHeader{Address: r})
	}
	hops := sip.MaxForwardsHeader(70)
	req.AppendHeader(&hops)
	req.AppendHeader(&sip.FromHeader{Address: d.local, Params: sip.HeaderParams{{K: "tag", V: d.localTag}}})
	to := &sip.ToHeader{Address: d.remote}
	if d.remoteTag != "" {
		to.Params.Add("tag", d.remoteTag)
	}
	req.AppendHeader(to)
	callID := sip.CallIDHeader(d.callID)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: cseq, MethodName: method})
	if method != sip.ACK && method != sip.BYE && method != sip.CANCEL {
		req.AppendHeader(u.contact(d))
		req.AppendHeader(sip.NewHeader("Allow", allow))
		req.AppendHeader(sip.NewHeader("Supported", "timer"))
	}
	req.AppendHeader(sip.NewHeader("User-Agent", "apel"))
	req.SetTransport(d.transport)
	req.SetDestination(d.destination)
	if d.transport == "UDP" {
		u.laddr.Copy(&req.Laddr)
	}
	req.SetBody(nil)
	return req
}

func (u *UA) contact(d *dialog) *sip.ContactHeader {
	uri := sip.Uri{Scheme: "sip", User: d.local.User, Host: u.host, Port: u.port}
	if d.transport != "UDP" {
		uri.UriParams = sip.HeaderParams{{K: "transport", V: strings.ToLower(d.transport)}}
	}
	return &sip.ContactHeader{Address: uri}
}

// withSDP puts a description into a message.
func withSDP(m interface {
	AppendHeader(sip.Header)
	SetBody([]byte)
}, body []byte) {
	ct := sip.ContentTypeHeader("application/sdp")
	m.AppendHeader(&ct)
	m.SetBody(body)
}

// learn takes tag, target and route set from a response that makes or
// confirms the dialog (RFC 3261 §12.1.2). What cannot be written back is refused.
func (d *dialog) learn(res *sip.Response) error {
	if err := check(res); err != nil {
		return err
	}
	d.remoteTag = tag(res.To().Params)
	if c := res.Contact(); c != nil && c.Address.Host != "" && cleanURI(c.Address) {
		d.target = *c.Address.Clone()
	}
	routes, err := recordRoutes(res)
	if err != nil {
		return err
	}
	slices.Reverse(routes)
	d.routes = routes
	if !d.fixed {
		d.destination = d.nextHop()
	}
	return nil
}

// recordRoutes reads the Record-Route headers in order; one may hold several,
// divided by commas outside of angle brackets (RFC 3261 §7.3.1).
func recordRoutes(res *sip.Response) ([]sip.Uri, error) {
	var routes []sip.Uri
	for _, h := range res.GetHeaders("Record-Route") {
		for value := range strings.SplitSeq(strings.ReplaceAll(h.Value(), ">,", ">\n"), "\n") {
			var uri sip.Uri
			if _, err := sip.ParseAddressValue(strings.TrimSpace(value), &uri, &sip.HeaderParams{}); err != nil {
				return nil, fmt.Errorf("a Record-Route cannot be read: %w", err)
			}
			if !cleanURI(uri) {
				return nil, fmt.Errorf("a Record-Route cannot be used")
			}
			routes = append(routes, uri)
		}
	}
	return routes, nil
}

// nextHop is the first route, or the target (RFC 3261 §8.1.2, loose routing).
func (d *dialog) nextHop() string {
	uri := d.target
	if len(d.routes) > 0 {
		uri = d.routes[0]
	}
	port := uri.Port
	if port == 0 {
		port = sip.DefaultPort(d.transport)
	}
	return net.JoinHostPort(strings.Trim(uri.Host, "[]"), strconv.Itoa(port))
}

// cleanURI says whether a URI of the far end can be written as it was read:
// visible ASCII, without what would end it (RFC 3261 §25.1).
func cleanURI(u sip.Uri) bool {
	s := u.String()
	if len(s) > 512 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || c == '<' || c == '>' || c == '"' {
			return false
		}
	}
	return true
}

// savedDialog is a dialog as an attempt's notes keep it, so that a restarted
// service can say BYE.
type savedDialog struct {
	RemoteTag   string   `json:"remote_tag"`
	Target      string   `json:"target"`
	Routes      []string `json:"routes,omitempty"`
	Destination string   `json:"destination"`
	CSeq        uint32   `json:"cseq"`
}

func (d *dialog) save() string {
	s := savedDialog{RemoteTag: d.remoteTag, Target: d.target.String(), Destination: d.destination, CSeq: d.cseq}
	for _, r := range d.routes {
		s.Routes = append(s.Routes, r.String())
	}
	b, _ := json.Marshal(s) // strings and a number: cannot fail
	return string(b)
}

// restore fills in what save has kept.
func (d *dialog) restore(saved string) error {
	var s savedDialog
	if err := json.Unmarshal([]byte(saved), &s); err != nil {
		return fmt.Errorf("read a saved dialog: %w", err)
	}
	if err := sip.ParseUri(s.Target, &d.target); err != nil {
		return fmt.Errorf("read a saved dialog's target: %w", err)
	}
	for _, r := range s.Routes {
		var uri sip.Uri
		if err := sip.ParseUri(r, &uri); err != nil {
			return fmt.Errorf("read a saved dialog's route: %w", err)
		}
		d.routes = append(d.routes, uri)
	}
	d.remoteTag, d.destination, d.cseq = s.RemoteTag, s.Destination, s.CSeq
	return nil
}
