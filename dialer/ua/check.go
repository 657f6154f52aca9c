package ua

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// maxMessage is the largest SIP message that is looked at, in bytes.
const maxMessage = 8 << 10

// filter sees every packet before it is parsed. Trunks and registered phones
// may send anything; others only REGISTER and OPTIONS, at a limited rate, and
// the rest of them is dropped without an answer, so that a scanner sees nobody.
func (u *UA) filter(info sip.TransportReadProps, data []byte) ([]byte, error) {
	src, err := netip.ParseAddrPort(info.RemoteAddr.String())
	if err != nil {
		return nil, nil
	}
	if u.known(src) {
		if info.Transport == "UDP" && len(data) > maxMessage {
			return nil, nil
		}
		return data, nil
	}
	if !u.unknown.allow(src.Addr(), time.Now()) || len(data) > maxMessage {
		return nil, nil
	}
	if info.Transport == "UDP" && !bytes.HasPrefix(data, []byte("REGISTER ")) && !bytes.HasPrefix(data, []byte("OPTIONS ")) {
		return nil, nil
	}
	return data, nil
}

// known says whether an address is a trunk's or a registered phone's.
func (u *UA) known(src netip.AddrPort) bool {
	ip := src.Addr().Unmap()
	for _, t := range u.trunks {
		if t.has(ip) {
			return true
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, b := range u.bindings {
		if b.Source.Addr() == ip {
			return true
		}
	}
	return false
}

// sources is a token bucket for each unknown address.
type sources struct {
	rate, burst float64
	mu          sync.Mutex // guards m
	m           map[netip.Addr]bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newSources(rate, burst float64) *sources {
	return &sources{rate: rate, burst: burst, m: map[netip.Addr]bucket{}}
}

func (s *sources) allow(ip netip.Addr, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.m[ip]
	if !ok {
		if len(s.m) > 10_000 { // a flood from invented addresses: forget them all rather than grow
			clear(s.m)
		}
		b = bucket{s.burst, now}
	}
	b.tokens = min(s.burst, b.tokens+s.rate*now.Sub(b.at).Seconds())
	b.at = now
	ok = b.tokens >= 1
	if ok {
		b.tokens--
	}
	s.m[ip] = b
	return ok
}

// message is what both requests and responses have.
type message interface {
	GetHeaders(name string) []sip.Header
	From() *sip.FromHeader
	To() *sip.ToHeader
	CallID() *sip.CallIDHeader
	CSeq() *sip.CSeqHeader
	Via() *sip.ViaHeader
}

// check finds what sipgo's parser lets pass: each of the headers that must be
// there exactly once (RFC 3261 §8.1.1), with values that can be written back.
func check(m message) error {
	for _, name := range []string{"From", "To", "Call-ID", "CSeq"} {
		if n := len(m.GetHeaders(name)); n != 1 {
			return fmt.Errorf("%d %s headers", n, name)
		}
	}
	if m.From() == nil || m.To() == nil || m.CallID() == nil || m.CSeq() == nil || m.Via() == nil {
		return fmt.Errorf("a header that must be there cannot be read")
	}
	switch m.Via().Transport {
	case "UDP", "TCP", "TLS", "WS", "WSS":
	default:
		return fmt.Errorf("no transport in Via")
	}
	if !printable(m.Via().Host) || m.Via().Host == "" {
		return fmt.Errorf("no sender in Via")
	}
	if !cleanURI(m.From().Address) || !cleanURI(m.To().Address) {
		return fmt.Errorf("characters that are not allowed in From or To")
	}
	if !printable(m.CallID().Value()) || !printable(tag(m.From().Params)) || !printable(tag(m.To().Params)) {
		return fmt.Errorf("Call-ID or tag has characters that are not allowed")
	}
	return nil
}

// checkRequest adds what a request must have.
func checkRequest(req *sip.Request) error {
	if err := check(req); err != nil {
		return err
	}
	switch {
	case req.SipVersion != "SIP/2.0":
		return fmt.Errorf("version %q", req.SipVersion)
	case req.CSeq().MethodName != req.Method:
		return fmt.Errorf("CSeq is of method %s", req.CSeq().MethodName)
	case tag(req.From().Params) == "":
		return fmt.Errorf("no tag in From")
	case len(req.Body()) > maxMessage:
		return fmt.Errorf("body of %d bytes", len(req.Body()))
	case strings.ContainsAny(req.Recipient.String(), "\r\n"):
		return fmt.Errorf("line break in the Request-URI")
	}
	return nil
}

func tag(p sip.HeaderParams) string {
	t, _ := p.Get("tag")
	return t
}
