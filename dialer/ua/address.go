package ua

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"
)

// Names is what a UA asks of DNS; *net.Resolver answers it.
type Names interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// lookupWait is how long DNS may take.
const lookupWait = 5 * time.Second

// resolve finds the trunk's addresses. The one in use stays so while DNS has it.
func (t *trunk) resolve() error {
	ctx, cancel := context.WithTimeout(t.u.ctx, lookupWait)
	defer cancel()
	found, err := t.lookup(ctx)
	if err != nil {
		return fmt.Errorf("trunk %q: find %s: %w", t.cfg.Name, t.hostname, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.addrs) > 0 {
		if at := slices.Index(found, t.addrs[0]); at > 0 {
			found = append(found[at:len(found):len(found)], found[:at]...)
		}
	}
	t.addrs = found
	return nil
}

// lookup asks for SRV records, unless a port is configured or a certificate must
// fit the name, then for the name's own addresses (RFC 3263 §4.2). Their order is DNS's.
func (t *trunk) lookup(ctx context.Context) (found []netip.AddrPort, err error) {
	if ip, err := netip.ParseAddr(t.hostname); err == nil {
		return t.at(ctx, ip.Unmap().String(), t.port)
	}
	if !t.named && t.cfg.Transport != "tls" {
		_, records, _ := t.u.cfg.Names.LookupSRV(ctx, "sip", t.cfg.Transport, t.hostname) // most have none
		for _, r := range records {
			if at, err := t.at(ctx, r.Target, strconv.Itoa(int(r.Port))); err == nil {
				found = append(found, at...)
			}
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	return t.at(ctx, t.hostname, t.port)
}

// at are a host's addresses: those of IPv4, if it has any.
func (t *trunk) at(ctx context.Context, host, port string) (found []netip.AddrPort, err error) {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("port %q is no number from 0 to 65535", port)
	}
	ips, err := []netip.Addr(nil), error(nil)
	if ip, bad := netip.ParseAddr(host); bad == nil {
		ips = []netip.Addr{ip}
	} else if ips, err = t.u.cfg.Names.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, err
	}
	six := []netip.AddrPort{}
	for _, ip := range ips {
		if ap := netip.AddrPortFrom(ip.Unmap(), uint16(n)); ap.Addr().Is4() {
			found = append(found, ap)
		} else {
			six = append(six, ap)
		}
	}
	if len(found) == 0 {
		found = six
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s has no address", host)
	}
	return found, nil
}

// elsewhere goes to the next address of a trunk that does not answer at this
// one (RFC 3263 §4.3), as DNS has them now.
func (t *trunk) elsewhere() {
	silent := t.address()
	if err := t.resolve(); err != nil || t.address() != silent {
		return // where it was, or where DNS says that it is now
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.addrs = append(t.addrs[1:len(t.addrs):len(t.addrs)], t.addrs[0])
}

// address is where requests to the trunk go; zero while it is not found.
func (t *trunk) address() netip.AddrPort {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.addrs) == 0 {
		return netip.AddrPort{}
	}
	return t.addrs[0]
}

// has says whether an address is one of the trunk's.
func (t *trunk) has(ip netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.addrs, func(ap netip.AddrPort) bool { return ap.Addr() == ip })
}
