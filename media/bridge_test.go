package media

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"
)

// sound decodes what was received, in order of arrival.
func sound(packets []*rtp.Packet) []int16 {
	var samples []int16
	for _, p := range packets {
		samples = Codec(p.PayloadType).Decode(samples, p.Payload)
	}
	return samples
}

func TestABridgeConvertsTheLaw(t *testing.T) {
	for _, c := range []struct{ customer, operator Codec }{{PCMA, PCMU}, {PCMU, PCMA}, {PCMA, PCMA}, {PCMU, PCMU}} {
		t.Run(c.customer.String()+" to "+c.operator.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBridged(t, c.customer, c.operator)
				Join(b.customer, b.operator, nil)
				said := Tone(440, time.Second, -6)
				b.far.talk(said)
				got := b.near.received()
				for _, p := range got {
					if p.PayloadType != uint8(c.operator) {
						t.Fatalf("payload type %d at the operator", p.PayloadType)
					}
				}
				want := roundTrip(c.customer, said)
				if c.customer != c.operator {
					want = roundTrip(c.operator, want)
				}
				if diff := cmp.Diff(want, sound(got)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestABridgeCarriesBothDirections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMU)
		Join(b.customer, b.operator, nil)
		go b.far.talk(Tone(440, time.Second, -6))
		b.near.talk(Tone(880, time.Second, -6))
		synctest.Wait()
		if far, near := len(b.far.received()), len(b.near.received()); far != 50 || near != 50 {
			t.Errorf("the customer got %d packets and the operator %d, want 50 and 50", far, near)
		}
	})
}

func TestLossReorderingAndDuplicatesStayVisibleAcrossABridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		Join(b.customer, b.operator, nil)
		first := b.far.h
		for _, seq := range []uint16{0, 1, 2, 4, 3, 3, 8, 9} {
			b.far.h.SequenceNumber = first.SequenceNumber + seq
			b.far.h.Timestamp = first.Timestamp + uint32(seq)*FrameSamples
			b.far.send(make([]byte, FrameSamples))
		}
		synctest.Wait()
		got := b.near.received()
		var seqs []uint16
		for _, p := range got {
			seqs = append(seqs, p.SequenceNumber-got[0].SequenceNumber)
			if ts := p.Timestamp - got[0].Timestamp; ts != uint32(seqs[len(seqs)-1])*FrameSamples {
				t.Errorf("timestamp %d of sequence %d", ts, seqs[len(seqs)-1])
			}
		}
		if diff := cmp.Diff([]uint16{0, 1, 2, 4, 3, 3, 8, 9}, seqs); diff != "" {
			t.Error(diff)
		}
	})
}

func TestKeysAndComfortNoiseDoNotCrossABridgeAndLeaveNoGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		Join(b.customer, b.operator, nil)
		for _, p := range []*peer{b.far, b.near} {
			p.send(make([]byte, FrameSamples))
			p.key(5, 0, true)
			p.send(make([]byte, FrameSamples))
			p.h.PayloadType = comfortNoise
			p.send([]byte{60})
			p.h.PayloadType = uint8(PCMA)
			p.send(make([]byte, FrameSamples))
		}
		synctest.Wait()
		for name, p := range map[string]*peer{"customer": b.far, "operator": b.near} {
			got := p.received()
			if len(got) != 3 {
				t.Fatalf("the %s got %d packets, want 3", name, len(got))
			}
			for i, packet := range got {
				if packet.PayloadType != uint8(PCMA) || packet.SequenceNumber != got[0].SequenceNumber+uint16(i) {
					t.Errorf("packet %d at the %s: %v", i, name, packet)
				}
			}
		}
		if key := <-b.operator.Digits(); key != '5' {
			t.Errorf("the dialer got the operator's key %q", key)
		}
	})
}

func TestOneStreamIsSentThroughPromptBridgeSilenceAndTheNextBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		started := time.Now()
		at := map[uint16]time.Time{} // when a sequence number was sent
		var got []*rtp.Packet
		collect := func() {
			synctest.Wait()
			for _, p := range b.near.received() {
				at[p.SequenceNumber] = time.Now()
				got = append(got, p)
			}
		}
		step := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Millisecond) {
				collect()
			}
		}
		go b.operator.Play(t.Context(), Tone(440, 500*time.Millisecond, -6))
		step(time.Second)
		bridge := Join(b.customer, b.operator, nil)
		go b.far.talk(Tone(440, 500*time.Millisecond, -6))
		step(600 * time.Millisecond)
		bridge.Close()
		b.operator.KeepAlive(2 * time.Second)
		step(7 * time.Second)
		go b.operator.SendDigit(t.Context(), '7', 100*time.Millisecond)
		step(300 * time.Millisecond)
		b.far.h.SSRC, b.far.h.SequenceNumber, b.far.h.Timestamp = 99, 60000, 1<<31 // the next customer
		bridge = Join(b.customer, b.operator, nil)
		go b.far.talk(Tone(440, 500*time.Millisecond, -6))
		step(600 * time.Millisecond)
		bridge.Close()

		if len(got) != 25+25+3+7+25 {
			t.Errorf("%d packets", len(got))
		}
		for i, p := range got {
			if p.SSRC != got[0].SSRC || p.SequenceNumber != got[0].SequenceNumber+uint16(i) {
				t.Errorf("packet %d breaks the stream: %v", i, p)
			}
			if i > 0 && p.PayloadType != 101 && int32(p.Timestamp-got[i-1].Timestamp) <= 0 {
				t.Errorf("packet %d goes back in time: %v", i, p)
			}
			clock := samplesIn(at[p.SequenceNumber].Sub(at[got[0].SequenceNumber]))
			off := int64(p.Timestamp-got[0].Timestamp) - clock
			if p.PayloadType != 101 && (off < -FrameSamples || off > FrameSamples) {
				t.Errorf("packet %d is %d samples off the clock, %v after the start", i, off, time.Since(started))
			}
		}
		var spurts []int
		for i, p := range got {
			if p.Marker {
				spurts = append(spurts, i)
			}
		}
		if diff := cmp.Diff([]int{0, 25, 50, 51, 52, 53, 60}, spurts); diff != "" {
			t.Error("talk spurts begin elsewhere:", diff)
		}
	})
}

func TestAPromptIsHeardAloneDuringABridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		Join(b.customer, b.operator, nil)
		go b.far.talk(Tone(440, time.Second, -6))
		time.Sleep(210 * time.Millisecond)
		before := len(b.near.received())
		prompt := Tone(880, 500*time.Millisecond, -6)
		if err := b.operator.Play(t.Context(), prompt); err != nil {
			t.Fatal(err)
		}
		if got := sound(b.near.received()); !slices.Equal(got, roundTrip(PCMA, prompt)) {
			t.Error("the prompt was mixed with the bridge")
		}
		time.Sleep(time.Second)
		after := b.near.received()
		if before != 11 || len(after) != 14 || !after[0].Marker {
			t.Errorf("%d packets before and %d after the prompt, first: %v", before, len(after), after[0])
		}
	})
}

func TestNothingCrossesAfterABridgeIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		bridge := Join(b.customer, b.operator, nil)
		b.far.talk(Tone(440, 100*time.Millisecond, -6))
		bridge.Close()
		bridge.Close()
		if got := len(b.near.received()); got != 5 {
			t.Fatalf("%d packets crossed the bridge", got)
		}
		b.far.talk(Tone(440, 100*time.Millisecond, -6))
		b.near.talk(Tone(440, 100*time.Millisecond, -6))
		if near, far := len(b.near.received()), len(b.far.received()); near+far != 0 {
			t.Errorf("%d and %d packets crossed a closed bridge", near, far)
		}
	})
}

func TestASessionThatClosesPartsItsBridge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		Join(b.customer, b.operator, nil)
		b.customer.Close()
		b.near.talk(Tone(440, 100*time.Millisecond, -6))
		if b.operator.bridge != nil || b.operator.leg != nil {
			t.Error("the operator is still bridged")
		}
	})
}

func TestANewBridgeReplacesTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		n := newMemNet()
		next := n.open(t)
		far := n.peer(t, "10.0.0.9:4000", next)
		negotiate(t, next, far.describes(PCMA))
		Join(b.customer, b.operator, nil)
		Join(next, b.operator, nil)
		b.far.talk(Tone(440, 100*time.Millisecond, -6))
		if got := len(b.near.received()); got != 0 {
			t.Errorf("%d packets of the old customer reach the operator", got)
		}
		far.talk(Tone(440, 100*time.Millisecond, -6))
		if got := len(b.near.received()); got != 5 {
			t.Errorf("%d packets of the new customer reach the operator, want 5", got)
		}
	})
}

func TestAPacketThatIsUnderWayWhenABridgeClosesIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		bridge := Join(b.customer, b.operator, nil)
		bridge.Close()
		bridge.legs[0].forward(&rtp.Packet{Header: b.far.h, Payload: make([]byte, FrameSamples)}, make([]byte, 0, maxPacket), time.Now())
		if got := len(b.near.received()); got != 0 {
			t.Error("it was sent")
		}
	})
}
