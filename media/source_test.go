package media

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// bleed is a session whose far end is described at one address, with others about.
type bleed struct {
	t                     *testing.T
	n                     *memNet
	s                     *Session
	described, nat, thief *peer
}

func newBleed(t *testing.T) *bleed {
	n := newMemNet()
	b := &bleed{t: t, n: n, s: n.open(t)}
	b.described = n.peer(t, "10.0.0.2:4000", b.s)
	b.nat = n.peer(t, "192.0.2.7:61000", b.s)
	b.thief = n.peer(t, "203.0.113.66:4000", b.s)
	b.nat.h.SSRC, b.thief.h.SSRC = 0x7777, 0x6666
	return b
}

// says sends so many packets of a peer.
func (p *peer) says(packets int) {
	p.t.Helper()
	for range packets {
		p.send(PCMA.Encode(nil, make([]int16, FrameSamples)))
	}
	synctest.Wait()
}

// target is who gets what the session plays.
func (b *bleed) target() string {
	b.t.Helper()
	for _, p := range []*peer{b.described, b.nat, b.thief} {
		p.received()
	}
	if err := b.s.Play(b.t.Context(), make([]int16, FrameSamples)); err != nil {
		b.t.Fatal(err)
	}
	names := ""
	for name, p := range map[string]*peer{"described": b.described, "nat": b.nat, "thief": b.thief} {
		if len(p.received()) > 0 {
			names += name
		}
	}
	return names
}

// counts compares how many packets were taken and refused.
func (b *bleed) counts(received, foreign uint64) {
	b.t.Helper()
	got := b.s.Stats()
	if diff := cmp.Diff([]uint64{received, foreign}, []uint64{got.Received, got.Foreign}); diff != "" {
		b.t.Error("received and foreign:", diff)
	}
}

func TestOnlyTheFarEndIsHeardAndSpokenTo(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(b *bleed)
		want string // who is spoken to afterwards
		in   uint64
		out  uint64
	}{
		{"the described address locks at once", func(b *bleed) {
			b.described.says(1)
			b.thief.says(20)
		}, "described", 1, 20},
		{"another address is learned from five packets in a row", func(b *bleed) {
			b.nat.says(5)
			b.nat.says(5)
		}, "nat", 6, 4},
		{"four packets are not enough", func(b *bleed) { b.nat.says(4) }, "described", 0, 4},
		{"a gap begins the count anew", func(b *bleed) {
			b.nat.says(4)
			b.nat.h.SequenceNumber++
			b.nat.says(4)
		}, "described", 0, 8},
		{"another SSRC begins the count anew", func(b *bleed) {
			b.nat.says(4)
			b.nat.h.SSRC++
			b.nat.says(4)
		}, "described", 0, 8},
		{"another payload type begins the count anew", func(b *bleed) {
			b.nat.says(4)
			b.nat.h.PayloadType = uint8(PCMU)
			b.nat.says(4)
		}, "described", 0, 8},
		{"a key pressed at once does not", func(b *bleed) {
			for range 3 {
				b.nat.says(1)
				b.nat.h.PayloadType = TelephoneEvent
				b.nat.says(1)
				b.nat.h.PayloadType = uint8(PCMA)
			}
		}, "nat", 2, 4},
		{"two senders at once spoil each other's count", func(b *bleed) {
			for range 10 {
				b.nat.says(1)
				b.thief.says(1)
			}
		}, "described", 0, 20},
		{"after two seconds nobody new is learned", func(b *bleed) {
			time.Sleep(learnWindow)
			b.thief.says(50)
		}, "described", 0, 50},
		{"the described address is taken however late", func(b *bleed) {
			time.Sleep(time.Minute)
			b.described.says(3)
		}, "described", 3, 0},
		{"once learned it is locked, for the thief too", func(b *bleed) {
			b.nat.says(5)
			b.thief.says(50)
		}, "nat", 1, 54},
		{"the described address wins over a learned one within the window", func(b *bleed) {
			b.thief.says(6)
			b.described.says(3)
			b.thief.says(6)
		}, "described", 5, 10},
		{"after the window a learned source stays", func(b *bleed) {
			b.nat.says(5)
			time.Sleep(learnWindow)
			b.described.says(3)
		}, "nat", 1, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBleed(t)
				negotiate(t, b.s, b.described.describes(PCMA))
				c.play(b)
				b.counts(c.in, c.out)
				if got := b.target(); got != c.want {
					t.Errorf("%s is spoken to, want %s", got, c.want)
				}
			})
		})
	}
}

func TestAThiefGetsNothingFromARenewedDescription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBleed(t)
		negotiate(t, b.s, b.described.describes(PCMA))
		b.nat.says(5)
		time.Sleep(time.Minute)
		negotiate(t, b.s, b.described.describes(PCMA)) // a session timer's re-INVITE
		b.thief.says(50)
		b.nat.says(3)
		b.counts(4, 54)
		if got := b.target(); got != "nat" {
			t.Errorf("%s is spoken to", got)
		}
	})
}

func TestANewAddressIsLearnedAnewButNotTheOldStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBleed(t)
		negotiate(t, b.s, b.described.describes(PCMA))
		b.nat.says(5)
		time.Sleep(time.Minute)
		moved := b.described.describes(PCMA)
		moved.Addr = netip.MustParseAddrPort("10.0.0.2:4002")
		negotiate(t, b.s, moved)
		b.nat.says(50) // still under way from before
		b.counts(1, 54)
		after := b.n.peer(t, "192.0.2.7:61002", b.s)
		after.says(5)
		b.counts(2, 58)
		b.nat.says(5)
		b.counts(2, 63)
	})
}

func TestEarlyMediaAndAnotherAddressInTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBleed(t)
		ear := b.s.Listen()
		defer ear.Close()
		b.thief.says(20) // before anything is known nobody is heard
		b.counts(0, 0)
		negotiate(t, b.s, b.described.describes(PCMA)) // 183
		b.described.says(50)
		time.Sleep(20 * time.Second)
		answer := b.described.describes(PCMA)
		answer.Addr = b.nat.addr() // 200 from another gateway
		negotiate(t, b.s, answer)
		if got := b.target(); got != "nat" {
			t.Errorf("%s is spoken to", got)
		}
		b.nat.says(50)
		b.described.says(10)
		b.thief.says(10)
		b.counts(100, 20)
	})
}

func TestAnAnswerAfterSilentEarlyMediaMayStillBeLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBleed(t)
		negotiate(t, b.s, b.described.describes(PCMA)) // 183, but nothing is sent
		time.Sleep(20 * time.Second)
		negotiate(t, b.s, b.described.describes(PCMA)) // 200
		b.nat.says(5)
		if got := b.target(); got != "nat" {
			t.Errorf("%s is spoken to", got)
		}
	})
}

func TestAnInjectorChangesNeitherEarNorBridgeNorRecording(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		n := b.far.conn.net
		thief := n.peer(t, "203.0.113.66:4000", b.customer)
		thief.h = b.far.h // it even guessed the stream
		Join(b.customer, b.operator, nil)
		ear := b.customer.Listen()
		b.far.says(1)
		loud := PCMA.Encode(nil, Tone(1000, FrameTime, -3))
		for range 20 {
			thief.send(loud)
		}
		for range 20 {
			frame, err := ear.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range frame {
				if s < -8 || s > 8 { // A-law's silence is 8
					t.Fatal("the injected tone is heard")
				}
			}
		}
		if got := len(b.near.received()); got != 1 {
			t.Errorf("%d packets reached the operator, want 1", got)
		}
		if got := len(thief.received()); got != 0 {
			t.Errorf("the injector got %d packets", got)
		}
	})
}

func TestAPacketWithoutASourceAddressIsForeign(t *testing.T) {
	var s source
	s.expect(netip.MustParseAddrPort("10.0.0.2:4000"), time.Now())
	if ok, _ := s.accept(netip.AddrPort{}, 1, 8, 1, time.Now()); ok {
		t.Error("it was taken")
	}
}
