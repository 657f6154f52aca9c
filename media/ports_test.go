package media

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func port(c net.PacketConn) int { return int(addrPortOf(c.LocalAddr()).Port()) }

func TestPortsAreEvenUniqueAndRestBeforeTheyAreUsedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, err := NewPorts(PortsConfig{Network: newMemNet(), Host: "10.0.0.1", First: 40001, Last: 40007})
		if err != nil {
			t.Fatal(err)
		}
		open := map[int]net.PacketConn{}
		for range 3 {
			c, err := p.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if n := port(c); n%2 != 0 || n < 40001 || n > 40007 || open[n] != nil {
				t.Errorf("port %d", n)
			}
			open[port(c)] = c
		}
		refused := func(words ...string) {
			t.Helper()
			_, err := p.Open(t.Context())
			for _, w := range words {
				if err == nil || !strings.Contains(err.Error(), w) {
					t.Errorf("%v doesn't say %q", err, w)
				}
			}
		}
		refused("40001-40007", "3 in use")
		open[40004].Close()
		open[40004].Close() // gives the port back once
		time.Sleep(time.Second)
		open[40002].Close()
		refused("1 in use", "2 resting")
		time.Sleep(4 * time.Second)
		for _, want := range []int{40004, 40002} {
			c, err := p.Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if port(c) != want {
				t.Errorf("port %d, want %d, which rested longest", port(c), want)
			}
			time.Sleep(time.Second)
		}
	})
}

// refusing is a network where some ports are taken by others.
type refusing struct {
	*memNet
	taken func(port uint16) bool
}

func (r refusing) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	if r.taken(netip.MustParseAddrPort(address).Port()) {
		return nil, fmt.Errorf("listen %s: address already in use", address)
	}
	return r.memNet.ListenPacket(ctx, network, address)
}

func TestAPortThatIsTakenIsSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := refusing{newMemNet(), func(port uint16) bool { return port != 40006 }}
		p, _ := NewPorts(PortsConfig{Network: n, Host: "10.0.0.1", First: 40000, Last: 40010})
		c, err := p.Open(t.Context())
		if err != nil || port(c) != 40006 {
			t.Fatalf("got %v, %v", c, err)
		}
		if _, err := p.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "already in use") {
			t.Errorf("%v doesn't say why", err)
		}
	})
}

func TestANonsensePortRangeIsRefused(t *testing.T) {
	for _, r := range [][2]int{{-2, 10}, {10, 5}, {0, 10}, {1, 70000}, {10, 0}, {7, 7}} {
		if _, err := NewPorts(PortsConfig{First: r[0], Last: r[1]}); err == nil {
			t.Errorf("%v is accepted", r)
		}
	}
}

func TestWithoutARangeTheSystemPicks(t *testing.T) {
	p, err := NewPorts(PortsConfig{Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if port(c) == 0 {
		t.Error("no port")
	}
}
