package ua

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/dialer/lab"
	"apel/media"
)

// names is a DNS of one carrier.
type names struct {
	mu   sync.Mutex // guards host
	srv  []*net.SRV
	host map[string][]netip.Addr
}

func (n *names) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	if len(n.srv) == 0 || service != "sip" || proto != "udp" || name != "sip.example" {
		return "", nil, errors.New("no such record")
	}
	return name, n.srv, nil
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if found := n.host[host]; found != nil {
		return found, nil
	}
	return nil, errors.New("no such host")
}

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

// move gives a name another address.
func (n *names) move(name string, to netip.Addr) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.host[name] = []netip.Addr{to}
}

func TestATrunkThatIsSilentAtOneAddressIsTriedAtTheNext(t *testing.T) {
	for name, c := range map[string]struct {
		host string
		dns  *names
		then func(*names) // done while the first address is silent
	}{
		"the next SRV record": {host: "sip.example", dns: &names{srv: []*net.SRV{{Target: "a.example", Port: 5070, Priority: 1}, {Target: "b.example", Port: 5060, Priority: 2}},
			host: map[string][]netip.Addr{"a.example": {ip("10.0.0.9")}, "b.example": {ip("10.0.0.2")}}}},
		"the next address": {host: "sip.example:5060", dns: &names{srv: []*net.SRV{{Target: "a.example", Port: 5099}},
			host: map[string][]netip.Addr{"sip.example": {ip("2001:db8::1"), ip("10.0.0.9"), ip("10.0.0.2")}}}},
		"the name has moved": {host: "sip.example", dns: &names{host: map[string][]netip.Addr{"sip.example": {ip("10.0.0.9")}}},
			then: func(n *names) { n.move("sip.example", ip("10.0.0.2")) }},
		"it was not in DNS yet": {host: "sip.example", dns: &names{host: map[string][]netip.Addr{}},
			then: func(n *names) { n.move("sip.example", ip("10.0.0.2")) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := lab.NewNet(lab.NetConfig{})
				carrier, err := lab.StartCarrier(t.Context(), lab.CarrierConfig{Network: n, Addr: "10.0.0.2:5060", Users: map[string]string{"apel": "pw"},
					Persona: func(string, int) lab.Persona { return lab.Persona{Status: 486} }})
				if err != nil {
					t.Fatal(err)
				}
				ports, err := media.NewPorts(media.PortsConfig{Network: n, Host: "10.0.0.1"})
				if err != nil {
					t.Fatal(err)
				}
				u, err := New(Config{Network: n, Listen: "10.0.0.1:5060", Ports: ports, Names: c.dns,
					Trunks: []Trunk{{Name: "acme", Host: c.host, Username: "apel", Password: "pw", Channels: 10, CallsPerSecond: 10}}})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second)
				if u.Trunks()[0].Up {
					t.Error("the trunk is up at an address where nobody is")
				}
				if c.then != nil {
					c.then(c.dns)
				}
				time.Sleep(time.Minute)
				if s := u.Trunks()[0]; !s.Up {
					t.Fatalf("the trunk is %+v", s)
				}
				call, err := u.Dial(t.Context(), Request{Trunk: "acme", Number: "+40722123456", CallerID: "+40312345678", CallID: "a1"})
				if err != nil {
					t.Fatal(err)
				}
				if e := call.Ending(); e.Status != 486 { // and its challenge was answered
					t.Errorf("the call ended %+v", e)
				}
				if err := u.Close(); err != nil {
					t.Error(err)
				}
				carrier.Close()
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestATrunkGoesBackToItsFirstAddressWhenThatAnswersAgain(t *testing.T) {
	for name, set := range map[string]Trunk{"watched by OPTIONS": {}, "registered": {Register: true, RegisterEvery: time.Minute},
		"registered for long": {Register: true, RegisterEvery: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := lab.NewNet(lab.NetConfig{})
				open := func(at string) *lab.Carrier {
					c, err := lab.StartCarrier(t.Context(), lab.CarrierConfig{Network: n, Addr: at, Users: map[string]string{"apel": "pw"},
						Persona: func(string, int) lab.Persona { return lab.Persona{Status: 486} }})
					if err != nil {
						t.Fatal(err)
					}
					return c
				}
				first, second := open("10.0.0.8:5060"), open("10.0.0.9:5060")
				ports, err := media.NewPorts(media.PortsConfig{Network: n, Host: "10.0.0.1"})
				if err != nil {
					t.Fatal(err)
				}
				dns := &names{srv: []*net.SRV{{Target: "a.example", Port: 5060, Priority: 1}, {Target: "b.example", Port: 5060, Priority: 2}},
					host: map[string][]netip.Addr{"a.example": {ip("10.0.0.8")}, "b.example": {ip("10.0.0.9")}}}
				set.Name, set.Host, set.Username, set.Password, set.CallsPerSecond = "acme", "sip.example", "apel", "pw", 10
				u, err := New(Config{Network: n, Listen: "10.0.0.1:5060", Ports: ports, Names: dns, Trunks: []Trunk{set}})
				if err != nil {
					t.Fatal(err)
				}
				calls := 0
				dial := func() {
					t.Helper()
					if s := u.Trunks()[0]; !s.Up {
						t.Fatalf("the trunk is %+v", s)
					}
					calls++
					call, err := u.Dial(t.Context(), Request{Trunk: "acme", Number: "+40722123456", CallerID: "+40312345678", CallID: fmt.Sprint("a", calls)})
					if err != nil {
						t.Fatal(err)
					}
					if e := call.Ending(); e.Status != 486 {
						t.Errorf("the call ended %+v", e)
					}
				}
				at := func(wantFirst, wantSecond int, when string) {
					t.Helper()
					if a, b := len(first.Seen()), len(second.Seen()); a != wantFirst || b != wantSecond {
						t.Errorf("%s the two have %d and %d calls, want %d and %d", when, a, b, wantFirst, wantSecond)
					}
				}
				time.Sleep(5 * time.Second)
				dial()
				at(1, 0, "at the beginning")
				n.Cut(ip("10.0.0.8"))
				time.Sleep(5 * time.Minute)
				dial()
				at(1, 1, "while the first is silent")
				n.Mend()
				time.Sleep(5 * time.Minute)
				dial()
				at(2, 1, "when the first is back")
				if err := u.Close(); err != nil {
					t.Error(err)
				}
				first.Close()
				second.Close()
				time.Sleep(time.Minute)
			})
		})
	}
}

func TestATrunkStaysUpWhenTheAddressThatDNSPrefersRegistersNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := lab.NewNet(lab.NetConfig{})
		var carriers []*lab.Carrier
		for at, password := range map[string]string{"10.0.0.8:5060": "another", "10.0.0.9:5060": "pw"} {
			c, err := lab.StartCarrier(t.Context(), lab.CarrierConfig{Network: n, Addr: at, Users: map[string]string{"apel": password}})
			if err != nil {
				t.Fatal(err)
			}
			carriers = append(carriers, c)
		}
		ports, err := media.NewPorts(media.PortsConfig{Network: n, Host: "10.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		dns := &names{srv: []*net.SRV{{Target: "a.example", Port: 5060, Priority: 1}, {Target: "b.example", Port: 5060, Priority: 2}},
			host: map[string][]netip.Addr{"a.example": {ip("10.0.0.8")}, "b.example": {ip("10.0.0.9")}}}
		var told []string // guarded by mu
		var mu sync.Mutex
		u, err := New(Config{Network: n, Listen: "10.0.0.1:5060", Ports: ports, Names: dns,
			OnTrunk: func(s TrunkState) { mu.Lock(); told = append(told, fmt.Sprint(s.Up, s.Reason)); mu.Unlock() },
			Trunks:  []Trunk{{Name: "acme", Host: "sip.example", Register: true, RegisterEvery: time.Minute, Username: "apel", Password: "pw"}}})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		mu.Lock()
		if len(told) != 2 || told[1] != "true" {
			t.Errorf("within an hour the trunk was %q", told)
		}
		mu.Unlock()
		if err := u.Close(); err != nil {
			t.Error(err)
		}
		for _, c := range carriers {
			c.Close()
		}
		time.Sleep(time.Minute)
	})
}

func TestACarrierThatAsksForAPauseIsSentNothing(t *testing.T) {
	onRig(t, Trunk{}, only(lab.Persona{Status: 503, ComeBack: 20 * time.Second}), func(r *rig) {
		if e := r.dial().Ending(); e.Status != 503 {
			t.Fatalf("the call ended %+v", e)
		}
		asked := time.Now()
		if s := r.ua.Trunks()[0]; s.Up || s.Reason == "" {
			t.Errorf("the trunk is %+v", s)
		}
		time.Sleep(15 * time.Second)
		if _, err := r.ua.Dial(r.t.Context(), Request{Trunk: "acme", Number: "+40722123456", CallerID: "+40312345678", CallID: "b"}); !errors.Is(err, ErrNotSent) {
			t.Errorf("a call in the pause: %v", err)
		}
		time.Sleep(time.Until(asked.Add(20 * time.Second)))
		if s := r.ua.Trunks()[0]; !s.Up {
			t.Errorf("after the pause the trunk is %+v", s)
		}
		if n := r.saw("INVITE", "10.0.0.2"); n != 1 {
			t.Errorf("%d INVITEs were sent", n)
		}
	})
}
