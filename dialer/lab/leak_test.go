package lab

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
)

// TestClosingInTheMiddleOfEverythingLeavesNothingBehind ends a carrier and a
// phone at moments drawn by seed, with calls in every state; the bubble fails
// when a goroutine is left.
func TestClosingInTheMiddleOfEverythingLeavesNothingBehind(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { closeInTheMiddle(t, seed) })
		})
	}
}

func closeInTheMiddle(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	n := NewNet(NetConfig{Seed: seed, Delay: 10 * time.Millisecond, Jitter: 20 * time.Millisecond, Loss: .02, Duplicate: .02, Reorder: .02})
	pop := NewPopulation(PopulationConfig{Seed: seed, Quirks: .5, Scale: .3})
	carrier, err := StartCarrier(context.Background(), CarrierConfig{Network: n, Addr: "10.0.0.2:5060", Population: pop})
	if err != nil {
		t.Fatal(err)
	}
	e, err := open(context.Background(), n, "udp", "10.0.0.1:5060", nil)
	if err != nil {
		t.Fatal(err)
	}
	e.start(func(req *sip.Request, from peer) { answerTo(from, req, 200, "OK", "x") })
	phone, err := StartPhone(context.Background(), PhoneConfig{Network: n, Addr: "10.0.0.3:5060", User: "ana", Registrar: e.local,
		Faults: PhoneFaults{Move: between(rng, 1000, 60000), Drop: between(rng, 1000, 60000)}})
	if err != nil {
		t.Fatal(err)
	}
	toCarrier := &lean{end: e, to: peer{end: e, addr: carrier.Addr()}}
	toPhone := &lean{end: e, to: peer{end: e, addr: netip.MustParseAddrPort("10.0.0.3:5060")}}
	var wg sync.WaitGroup
	wg.Go(func() { toPhone.call(0) })
	for i := range 40 {
		wg.Go(func() { toCarrier.call(1 + i) })
	}
	time.Sleep(between(rng, 1, 30000))
	wg.Go(func() { phone.Close() })
	carrier.Close()
	carrier.Close() // twice is as good as once
	e.close()
	wg.Wait()
	if live := carrier.Stats().Live; live != 0 {
		t.Errorf("%d calls are live after Close", live)
	}
	if len(n.conns) != 0 {
		t.Errorf("%d sockets are open after Close", len(n.conns))
	}
}
