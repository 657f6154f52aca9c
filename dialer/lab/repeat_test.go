package lab

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/google/go-cmp/cmp"
)

// evening places 150 calls over a network that loses some, and gives the truth.
func evening(t *testing.T, seed uint64) (seen []Seen) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNet(NetConfig{Seed: seed, Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: .03})
		pop := NewPopulation(PopulationConfig{Seed: seed, Quirks: .3, NoAnswer: 0, People: .4, Machines: .4, Failed: .2})
		carrier, err := StartCarrier(context.Background(), CarrierConfig{Network: n, Addr: "10.0.0.2:5060", Population: pop, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		e, err := open(context.Background(), n, "udp", "10.0.0.1:5060", nil)
		if err != nil {
			t.Fatal(err)
		}
		e.start(func(req *sip.Request, from peer) { answerTo(from, req, 200, "OK", "x") })
		caller := &lean{end: e, to: peer{end: e, addr: carrier.Addr()}}
		var wg sync.WaitGroup
		for i := range 150 {
			wg.Go(func() { caller.call(i) })
			time.Sleep(41 * time.Millisecond)
		}
		wg.Wait()
		time.Sleep(2 * time.Minute)
		seen = carrier.Seen()
		carrier.Close()
		e.close()
	})
	return seen
}

func TestTheSameSeedGivesTheSameEvening(t *testing.T) {
	first := evening(t, 4)
	if diff := cmp.Diff(first, evening(t, 4)); diff != "" {
		t.Error(diff)
	}
	if cmp.Equal(first, evening(t, 5)) {
		t.Error("another seed changed nothing")
	}
	if len(first) != 150 {
		t.Errorf("%d calls were seen", len(first))
	}
}
