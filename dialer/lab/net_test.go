package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func mustListen(t testing.TB, n *Net, addr string) *conn {
	t.Helper()
	pc, err := n.ListenPacket(context.Background(), "udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return pc.(*conn)
}

// pass sends numbered datagrams a millisecond apart; it gives them as they
// arrived, with the times.
func pass(t *testing.T, cfg NetConfig, count int) (got []string, at []time.Duration) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNet(cfg)
		a, b := mustListen(t, n, "10.0.0.1:1000"), mustListen(t, n, "10.0.0.2:2000")
		start := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			buf := make([]byte, 100)
			for {
				k, from, err := b.ReadFrom(buf)
				if err != nil {
					return
				}
				if from.String() != "10.0.0.1:1000" {
					t.Errorf("from %s", from)
				}
				got = append(got, string(buf[:k]))
				at = append(at, time.Since(start))
			}
		}()
		for i := range count {
			if _, err := a.WriteTo([]byte(fmt.Sprint(i)), b.LocalAddr()); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		a.Close()
		b.Close()
		<-done
	})
	return got, at
}

func TestAnIdealNetworkDeliversAllAtOnceInOrder(t *testing.T) {
	got, at := pass(t, NetConfig{}, 100)
	for i, d := range at {
		if got[i] != fmt.Sprint(i) || d != time.Duration(i)*time.Millisecond {
			t.Fatalf("datagram %d: %q at %v", i, got[i], d)
		}
	}
	if len(got) != 100 {
		t.Errorf("%d arrived", len(got))
	}
}

func TestADelayedDatagramArrivesExactlyThen(t *testing.T) {
	_, at := pass(t, NetConfig{Delay: 40 * time.Millisecond}, 3)
	want := []time.Duration{40 * time.Millisecond, 41 * time.Millisecond, 42 * time.Millisecond}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Error(diff)
	}
}

func TestJitterKeepsTheOrderWithinALink(t *testing.T) {
	got, at := pass(t, NetConfig{Delay: 10 * time.Millisecond, Jitter: 20 * time.Millisecond, Seed: 3}, 500)
	if len(got) != 500 {
		t.Fatalf("%d arrived", len(got))
	}
	late := 0
	for i, d := range at {
		if got[i] != fmt.Sprint(i) {
			t.Fatalf("%s arrived as number %d", got[i], i)
		}
		if d > time.Duration(i)*time.Millisecond+12*time.Millisecond {
			late++
		}
	}
	if late < 200 {
		t.Errorf("only %d of 500 were late", late)
	}
}

func TestAFaultyNetworkLosesDuplicatesAndReordersAboutAsOftenAsAsked(t *testing.T) {
	got, _ := pass(t, NetConfig{Seed: 9, Loss: .1, Duplicate: .05, Reorder: .05}, 4000)
	count := map[string]int{}
	for _, s := range got {
		count[s]++
	}
	lost, twice := 4000-len(count), len(got)-len(count)
	if lost < 320 || lost > 480 || twice < 130 || twice > 240 {
		t.Errorf("%d lost, %d twice of 4,000", lost, twice)
	}
	inversions := 0
	last := -1
	for _, s := range got {
		var i int
		fmt.Sscan(s, &i)
		if i < last {
			inversions++
		}
		last = max(last, i)
	}
	if inversions < 100 {
		t.Errorf("%d overtaken", inversions)
	}
}

func TestTheSameSeedGivesALinkTheSameFate(t *testing.T) {
	cfg := NetConfig{Seed: 5, Delay: time.Millisecond, Jitter: 5 * time.Millisecond, Loss: .2, Duplicate: .1, Reorder: .1}
	a, atA := pass(t, cfg, 500)
	b, atB := pass(t, cfg, 500)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(atA, atB); diff != "" {
		t.Error(diff)
	}
	cfg.Seed = 6
	if c, _ := pass(t, cfg, 500); slices.Equal(a, c) {
		t.Error("another seed changed nothing")
	}
}

func TestAnotherLinksTrafficDoesNotChangeALinksFate(t *testing.T) {
	fate := func(busy bool) (arrived []bool) {
		synctest.Test(t, func(t *testing.T) {
			n := NewNet(NetConfig{Seed: 1, Loss: .5})
			a, b, other := mustListen(t, n, "10.0.0.1:1"), mustListen(t, n, "10.0.0.2:2"), mustListen(t, n, "10.0.0.3:3")
			for range 100 {
				time.Sleep(time.Millisecond)
				if busy {
					other.WriteTo([]byte("x"), b.udp)
					a.WriteTo([]byte("x"), other.udp)
				}
				_, copies := a.fate(b.addr, []byte("x"))
				arrived = append(arrived, copies > 0)
			}
		})
		return arrived
	}
	if !slices.Equal(fate(false), fate(true)) {
		t.Error("it does")
	}
}

func TestACutHostHearsNothingUntilItIsMended(t *testing.T) {
	n := NewNet(NetConfig{})
	a, b := mustListen(t, n, "10.0.0.1:1"), mustListen(t, n, "10.0.0.2:2")
	heard := func() bool {
		a.WriteTo([]byte("x"), b.udp)
		b.SetReadDeadline(time.Now().Add(time.Millisecond))
		_, _, err := b.ReadFrom(make([]byte, 10))
		return err == nil
	}
	before := heard()
	n.Cut(netip.MustParseAddr("10.0.0.1"))
	during := heard()
	n.Mend()
	n.Partition(netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.1"))
	parted := heard()
	n.Mend()
	if after := heard(); !before || during || parted || !after {
		t.Error(before, during, parted, after)
	}
	if sent, lost := n.Sent(); sent != 4 || lost != 2 {
		t.Errorf("%d sent, %d lost", sent, lost)
	}
}

func TestAReadDeadlineEndsAReadThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := mustListen(t, NewNet(NetConfig{}), "10.0.0.1:1")
		start := time.Now()
		time.AfterFunc(time.Second, func() { c.SetReadDeadline(time.Now().Add(2 * time.Second)) })
		_, _, err := c.ReadFrom(make([]byte, 10))
		var timeout net.Error
		if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("error %v", err)
		}
		if d := time.Since(start); d != 3*time.Second {
			t.Errorf("after %v", d)
		}
		c.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { c.Close() })
		if _, _, err := c.ReadFrom(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("after close: %v", err)
		}
	})
}

func TestAllReadersOfASocketAreServedAndReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNet(NetConfig{Delay: time.Millisecond})
		a, b := mustListen(t, n, "10.0.0.1:1"), mustListen(t, n, "10.0.0.2:2")
		got := make(chan string, 10)
		for range 3 {
			go func() {
				buf := make([]byte, 10)
				for {
					k, _, err := b.ReadFrom(buf)
					if err != nil {
						got <- err.Error()
						return
					}
					got <- string(buf[:k])
				}
			}()
		}
		for _, s := range []string{"a", "b", "c"} {
			a.WriteTo([]byte(s), b.udp)
		}
		all := []string{<-got, <-got, <-got}
		slices.Sort(all)
		if diff := cmp.Diff([]string{"a", "b", "c"}, all); diff != "" {
			t.Error(diff)
		}
		b.SetReadDeadline(time.Now())
		if all := []string{<-got, <-got, <-got}; all[2] != os.ErrDeadlineExceeded.Error() {
			t.Error(all)
		}
	})
}

func TestAnAddressIsBoundOnceAndFreeAfterClose(t *testing.T) {
	n := NewNet(NetConfig{})
	a := mustListen(t, n, "10.0.0.1:1")
	if _, err := n.ListenPacket(context.Background(), "udp", "10.0.0.1:1"); err == nil {
		t.Error("bound twice")
	}
	a.Close()
	mustListen(t, n, "10.0.0.1:1").Close()
	if err := a.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := a.WriteTo([]byte("x"), a.udp); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
	for _, bad := range []string{"", ":5060", "0.0.0.0:5060", "host:5060"} {
		if _, err := n.ListenPacket(context.Background(), "udp", bad); err == nil {
			t.Errorf("%q was bound", bad)
		}
	}
	x, y := mustListen(t, n, "10.0.0.1:0"), mustListen(t, n, "10.0.0.1:0")
	if x.addr == y.addr || x.addr.Port() < firstEphemeral {
		t.Errorf("ephemeral %v and %v", x.addr, y.addr)
	}
}

func BenchmarkNet(b *testing.B) {
	for _, delay := range []time.Duration{0, 10 * time.Millisecond} {
		b.Run(delay.String(), func(b *testing.B) {
			b.ReportAllocs()
			n := NewNet(NetConfig{Delay: delay, Queue: 1 << 20})
			x, y := mustListen(b, n, "10.0.0.1:1"), mustListen(b, n, "10.0.0.2:2")
			done := make(chan struct{})
			go func() {
				defer close(done)
				buf := make([]byte, 200)
				for range b.N {
					if _, _, err := y.ReadFromUDPAddrPort(buf); err != nil {
						return
					}
				}
			}()
			packet := make([]byte, 172)
			for range b.N {
				x.WriteToUDPAddrPort(packet, y.addr)
			}
			<-done
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}
