package webhook

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// answerWithin is how long a receiver may take.
const answerWithin = 10 * time.Second

// ErrURL: a hook cannot be told there.
var ErrURL = errors.New("this address cannot be used for a webhook")

// poster sends requests, to whom it may.
type poster struct {
	agent    string
	networks []netip.Prefix
	tls      *http.Client // to public addresses and the networks
	plain    *http.Client // http://: to the networks only
}

func newPoster(networks []netip.Prefix, agent string) *poster {
	p := &poster{agent: agent, networks: networks}
	p.tls, p.plain = p.client(false), p.client(true)
	return p
}

func (p *poster) client(plain bool) *http.Client {
	dial := &net.Dialer{Timeout: answerWithin, Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		return p.allowed(to, plain)
	}}
	return &http.Client{Timeout: answerWithin, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{DialContext: dial.DialContext, TLSHandshakeTimeout: answerWithin, MaxIdleConnsPerHost: atOnce, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10}} // Proxy nil: nobody in between
}

// allowed says whether an address may be told, by its IP and port: a name may change.
func (p *poster) allowed(to netip.AddrPort, plain bool) error {
	if err := listens(to.Port()); err != nil {
		return err
	}
	ip := to.Addr().Unmap().WithZone("")
	if slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(ip) }) {
		return nil
	}
	if plain {
		return fmt.Errorf("%w: http:// is for networks of your own, and %s is in none that console: webhook-networks names; use https://", ErrURL, ip)
	}
	if !public(ip) {
		return fmt.Errorf("%w: %s is not public; name its network in the settings, console: webhook-networks", ErrURL, ip)
	}
	return nil
}

// listens refuses the ports of other well-known services (RFC 6335 §6), also in
// a network that the settings name: a request to a mail server or a login is
// none of a webhook's business.
func listens(port uint16) error {
	if port >= 1024 || port == 80 || port == 443 {
		return nil
	}
	return fmt.Errorf("%w: port %d is for other services; a receiver listens on 443, 80, or from 1024 on", ErrURL, port)
}

// special are networks that are not the public internet though they look like
// it (IANA special-purpose registries, RFC 6890).
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"),
}

// unicast is all of IPv6 that the internet is made of so far (RFC 4291 §2.4).
var unicast = netip.MustParsePrefix("2000::/3")

func public(ip netip.Addr) bool {
	return (ip.Is4() || unicast.Contains(ip)) && ip.IsGlobalUnicast() && !ip.IsPrivate() && !slices.ContainsFunc(special, func(n netip.Prefix) bool { return n.Contains(ip) })
}

// check refuses early what would never be sent.
func (p *poster) check(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%w: %q is no https:// address (without a name and password in it)", ErrURL, text)
	}
	port, err := strconv.ParseUint(cmp.Or(u.Port(), map[string]string{"https": "443", "http": "80"}[u.Scheme]), 10, 16)
	if err != nil {
		return fmt.Errorf("%w: port %s is no number from 0 to 65535", ErrURL, u.Port())
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return p.allowed(netip.AddrPortFrom(ip, uint16(port)), u.Scheme == "http")
	}
	if err := listens(uint16(port)); err != nil {
		return err
	}
	if u.Scheme == "http" && len(p.networks) == 0 {
		return fmt.Errorf("%w: http:// is for networks of your own, which console: webhook-networks names; use https://", ErrURL)
	}
	return nil
}

// send posts an event; an answer other than 2xx is an error, with its status.
func (b *Book) send(ctx context.Context, k kept, d Delivery) (status int, err error) {
	body, err := b.body(k.Hook, d)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	signature, err := Sign(k.Secret, d.ID, now, body)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, k.URL, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	for name, value := range map[string]string{"Content-Type": "application/json", "User-Agent": b.post.agent, "Webhook-Id": d.ID, "Webhook-Timestamp": strconv.FormatInt(now.Unix(), 10),
		"Webhook-Signature": signature, "Apel-Event": d.Event, "Apel-Try": strconv.Itoa(d.Tries)} {
		r.Header.Set(name, value)
	}
	client := b.post.tls
	if r.URL.Scheme == "http" {
		client = b.post.plain
	}
	resp, err := client.Do(r)
	if err != nil {
		return 0, failure(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection is used again
	if resp.StatusCode/100 != 2 {
		return resp.StatusCode, fmt.Errorf("the receiver answered %s", resp.Status)
	}
	return resp.StatusCode, nil
}

// failure says why a request came to nothing: in words, and without the address,
// which may hold a secret of the receiver's.
func failure(err error) error {
	if asked := (*url.Error)(nil); errors.As(err, &asked) {
		err = asked.Err
	}
	name, at, late := (*net.DNSError)(nil), (*net.OpError)(nil), net.Error(nil)
	switch {
	case errors.Is(err, ErrURL) && errors.As(err, &at):
		err = at.Err
	case errors.As(err, &name) && name.IsNotFound:
		err = fmt.Errorf("the name %s is not in DNS", name.Name)
	case errors.As(err, &name):
		err = fmt.Errorf("DNS does not answer about %s", name.Name)
	case errors.Is(err, syscall.ECONNREFUSED) && errors.As(err, &at):
		err = fmt.Errorf("nobody listens at %s", at.Addr)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &late) && late.Timeout():
		err = fmt.Errorf("no answer within %s", answerWithin)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		err = errors.New("the connection was closed before an answer")
	}
	return err
}
