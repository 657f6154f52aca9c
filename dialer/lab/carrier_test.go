package lab

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

func testRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// box is a carrier and a caller on one network.
type box struct {
	net     *Net
	carrier *Carrier
	caller  *caller
	ladder  *Ladder
}

// inBox runs a test in a bubble; every callee is of one kind, or as persona says.
func inBox(t *testing.T, cfg CarrierConfig, netCfg NetConfig, test func(t *testing.T, b *box)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var l Ladder
		showOnFailure(t, &l)
		netCfg.Tap = l.Tap
		n := NewNet(netCfg)
		cfg.Network, cfg.Addr = n, "10.0.0.2:5060"
		carrier, err := StartCarrier(context.Background(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		b := &box{net: n, carrier: carrier, caller: newCaller(t, n, "10.0.0.1:5060", carrier.Addr()), ladder: &l}
		test(t, b)
		b.caller.close()
		carrier.Close()
	})
}

func all(kind Kind) CarrierConfig {
	return CarrierConfig{Seed: 1, Population: NewPopulation(PopulationConfig{Seed: 1, Kinds: map[Kind]float64{kind: 1}})}
}

func TestAPersonAnswersAndSaysHelloAndHangsUpWhenNobodySpeaks(t *testing.T) {
	inBox(t, all(Hello), NetConfig{Delay: 10 * time.Millisecond}, func(t *testing.T, b *box) {
		p := b.caller.call("40721000001", time.Minute)
		if p.res.StatusCode != 200 {
			t.Fatalf("statuses %v", p.statuses)
		}
		if p.at[180] == 0 || p.at[200]-p.at[180] < 2*time.Second {
			t.Errorf("rang at %v, answered at %v", p.at[180], p.at[200])
		}
		if id := <-b.caller.byes; id != p.invite.CallID().Value() {
			t.Errorf("BYE for %s", id)
		}
		p.rtp.stream.close()
		seen := b.carrier.Seen()
		if len(seen) != 1 {
			t.Fatalf("%d calls seen", len(seen))
		}
		s := seen[0]
		if s.EndedBy != "callee" || s.Truth != IsHuman || s.Acked.IsZero() || s.Heard != 0 || len(s.Violations) > 0 {
			t.Errorf("seen %+v", s)
		}
		if talk := speech(p.heard()); talk < 300*time.Millisecond || talk > 2500*time.Millisecond {
			t.Errorf("heard %v of speech", talk)
		}
	})
}

// speech is how much of a sound is audible.
func speech(pcm []int16) (d time.Duration) {
	for len(pcm) >= 160 {
		var sum int
		for _, v := range pcm[:160] {
			sum += int(abs(int32(v)))
		}
		if sum > audibleLevel*160 {
			d += 20 * time.Millisecond
		}
		pcm = pcm[160:]
	}
	return d
}

func TestABusyLineRefusesWith486(t *testing.T) {
	inBox(t, all(Busy), NetConfig{}, func(t *testing.T, b *box) {
		p := b.caller.call("40721000001", time.Minute)
		p.rtp.stream.close()
		if p.res.StatusCode != 486 || p.res.GetHeader("Reason").Value() != `Q.850;cause=17;text="Busy Here"` {
			t.Errorf("got %s", p.res)
		}
	})
}

func TestNobodyAnswersUntilTheCallIsCancelled(t *testing.T) {
	inBox(t, all(NoAnswer), NetConfig{Delay: 10 * time.Millisecond}, func(t *testing.T, b *box) {
		p := b.caller.call("40721000001", 25*time.Second)
		p.rtp.stream.close()
		s := b.carrier.Seen()[0]
		if p.res.StatusCode != 487 || s.EndedBy != "caller" || s.Cancelled.IsZero() {
			t.Errorf("ended with %d, seen %+v", p.res.StatusCode, s)
		}
	})
}

func TestAMachineSpeaksAndBeepsAndListens(t *testing.T) {
	inBox(t, all(MachineLong), NetConfig{}, func(t *testing.T, b *box) {
		p := b.caller.call("40721000001", time.Minute)
		time.Sleep(15 * time.Second)
		if res := p.bye(); res.StatusCode != 200 {
			t.Errorf("BYE got %d", res.StatusCode)
		}
		p.rtp.stream.close()
		if talk := speech(p.heard()); talk < 4*time.Second {
			t.Errorf("heard %v of speech", talk)
		}
		if s := b.carrier.Seen()[0]; s.EndedBy != "caller" || s.Truth != IsMachine || len(s.Violations) > 0 {
			t.Errorf("seen %+v", s)
		}
	})
}
