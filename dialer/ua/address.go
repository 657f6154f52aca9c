package ua

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// Names is what a UA asks of DNS; *net.Resolver answers it.
type Names interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// lookupWait is how long DNS may take.
const lookupWait = 5 * time.Second

// place is one of a trunk's addresses.
type place struct {
	at       netip.AddrPort
	priority uint16 // of its SRV record: the lower, the better (RFC 2782); 0 without one
}

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
	now := t.places
	t.places = found
	if len(now) > 0 {
		t.turnTo(now[0].at)
	}
	return nil
}

// turnTo puts an address into use, the others following in their order; one
// that DNS does not have is not. With mu held.
func (t *trunk) turnTo(at netip.AddrPort) {
	if i := slices.IndexFunc(t.places, func(p place) bool { return p.at == at }); i > 0 {
		t.places = append(t.places[i:len(t.places):len(t.places)], t.places[:i]...)
	}
}

// lookup asks for SRV records, unless a port is configured or a certificate must
// fit the name, then for the name's own addresses (RFC 3263 §4.2). Their order is DNS's.
func (t *trunk) lookup(ctx context.Context) (found []place, err error) {
	if ip, err := netip.ParseAddr(t.hostname); err == nil {
		return t.at(ctx, ip.Unmap().String(), t.port, 0)
	}
	if !t.named && t.cfg.Transport != "tls" {
		_, records, _ := t.u.cfg.Names.LookupSRV(ctx, "sip", t.cfg.Transport, t.hostname) // most have none
		for _, r := range records {
			if at, err := t.at(ctx, r.Target, strconv.Itoa(int(r.Port)), r.Priority); err == nil {
				found = append(found, at...)
			}
		}
	}
	if len(found) > 0 {
		return found, nil
	}
	return t.at(ctx, t.hostname, t.port, 0)
}

// at are a host's addresses: those of IPv4, if it has any.
func (t *trunk) at(ctx context.Context, host, port string, priority uint16) (found []place, err error) {
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
	six := []place{}
	for _, ip := range ips {
		if p := (place{netip.AddrPortFrom(ip.Unmap(), uint16(n)), priority}); p.at.Addr().Is4() {
			found = append(found, p)
		} else {
			six = append(six, p)
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
	t.turnTo(t.places[1%len(t.places)].at)
}

// homeAfter is how often in a row a better address must answer before the trunk
// goes back to it: one that comes and goes would take calls with it each time.
const homeAfter = 2

// homeRefused is how many times as long the trunk stays away from one that
// answers and then registers nobody.
const homeRefused = 5

// home goes back to an address that DNS prefers to the one in use, when somebody
// answers there again, and says whether it did. Calls that go on stay where they are.
func (t *trunk) home() bool {
	better, ok := t.better()
	if !ok {
		t.well = 0
		return false
	}
	if res, err := t.options(better.String()); err != nil || res.StatusCode == 503 {
		t.well = 0
		_ = t.resolve() // it may be another by now; an error leaves things as they are
		return false
	}
	if t.well++; t.well < homeAfter {
		return false
	}
	t.well = 0
	t.u.log.Info("the trunk goes back to an address that DNS prefers", zap.String("trunk", t.cfg.Name), zap.Stringer("address", better))
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turnTo(better)
	return true
}

// better is the first of the addresses that DNS prefers to the one in use.
func (t *trunk) better() (netip.AddrPort, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.places) == 0 {
		return netip.AddrPort{}, false
	}
	best := slices.MinFunc(t.places, func(a, b place) int { return cmp.Compare(a.priority, b.priority) })
	return best.at, best.priority < t.places[0].priority
}

// address is where requests to the trunk go; zero while it is not found.
func (t *trunk) address() netip.AddrPort {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.places) == 0 {
		return netip.AddrPort{}
	}
	return t.places[0].at
}

// has says whether an address is one of the trunk's.
func (t *trunk) has(ip netip.Addr) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.places, func(p place) bool { return p.at.Addr() == ip })
}
