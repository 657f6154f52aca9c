package media

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// roundTrip is what sound is after a law.
func roundTrip(c Codec, samples []int16) []int16 { return c.Decode(nil, c.Encode(nil, samples)) }

func TestWhatOnePlaysTheOtherHears(t *testing.T) {
	for _, codec := range []Codec{PCMA, PCMU} {
		t.Run(codec.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newMemNet()
				a, b := n.open(t), n.open(t)
				ear := b.Listen()
				negotiate(t, a, Description{Addr: b.Local(), Codecs: []Codec{codec}})
				negotiate(t, b, Description{Addr: a.Local(), Codecs: []Codec{codec}})
				sound := Tone(440, 400*time.Millisecond, -6)
				go a.Play(t.Context(), sound)
				var heard []int16
				for range 25 {
					frame, err := ear.Next(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					heard = append(heard, frame...)
				}
				want := roundTrip(codec, sound)
				heard = heard[earDelay:][:len(want)]
				if !slices.Equal(want, heard) {
					t.Error(cmp.Diff(want, heard))
				}
			})
		})
	}
}

func negotiate(t *testing.T, s *Session, d Description) {
	t.Helper()
	if err := s.Negotiate(d); err != nil {
		t.Fatal(err)
	}
}

func TestPlaySendsAFrameEvery20Milliseconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMU, PCMA)
		start := time.Now()
		sound := Tone(440, 90*time.Millisecond, -6) // four and a half frames
		if err := b.customer.Play(t.Context(), sound); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		got := b.far.received()
		if len(got) != 5 || got[0].PayloadType != 0 {
			t.Fatalf("got %d packets: %v", len(got), got)
		}
		for i, p := range got {
			if p.Marker != (i == 0) || p.SequenceNumber != got[0].SequenceNumber+uint16(i) || p.Timestamp != got[0].Timestamp+uint32(i)*FrameSamples || len(p.Payload) != FrameSamples {
				t.Errorf("packet %d: %v", i, p)
			}
		}
	})
}

func TestASecondPromptWaitsForTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		one, two := Tone(440, 200*time.Millisecond, -6), Tone(880, 200*time.Millisecond, -6)
		go b.customer.Play(t.Context(), one)
		synctest.Wait()
		if err := b.customer.Play(t.Context(), two); err != nil {
			t.Fatal(err)
		}
		if got := sound(b.far.received()); !slices.Equal(got, roundTrip(PCMA, slices.Concat(one, two))) {
			t.Error("the prompts were mixed")
		}
	})
}

func TestAPromptEndsWithItsContextAndWithItsSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		long := make([]int16, 10*SampleRate)
		if err := b.customer.Play(ctx, long); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.AfterFunc(time.Second, func() { b.customer.Close() })
		if err := b.customer.Play(t.Context(), long); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

func TestNothingIsSentBeforeNegotiation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemNet().open(t)
		s.KeepAlive(time.Second)
		if err := s.Play(t.Context(), make([]int16, 160)); !errors.Is(err, ErrNotNegotiated) {
			t.Errorf("Play: %v", err)
		}
		if err := s.SendDigit(t.Context(), '1', time.Second); !errors.Is(err, ErrNotNegotiated) {
			t.Errorf("SendDigit: %v", err)
		}
		time.Sleep(10 * time.Second)
		if sent := s.Stats().Sent; sent != 0 {
			t.Errorf("%d packets were sent", sent)
		}
	})
}

func TestADescriptionThatCannotBeSpokenToIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemNet().open(t)
		for _, d := range []Description{
			{Addr: netip.MustParseAddrPort("10.0.0.2:0"), Codecs: []Codec{PCMA}},
			{Addr: netip.MustParseAddrPort("10.0.0.2:4000")},
			{},
		} {
			if err := s.Negotiate(d); err == nil {
				t.Errorf("%+v is accepted", d)
			}
		}
	})
}

func TestAHeldFarEndIsSentNothing(t *testing.T) {
	for _, hold := range []Description{{Direction: "sendonly"}, {Direction: "inactive"}, {Addr: netip.MustParseAddrPort("0.0.0.0:4000")}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBridged(t, PCMA, PCMA)
			Join(b.customer, b.operator, nil)
			b.customer.KeepAlive(time.Second)
			b.far.says(1)
			hold.Codecs = []Codec{PCMA}
			if !hold.Addr.IsValid() {
				hold.Addr = b.far.addr()
			}
			negotiate(t, b.customer, hold)
			b.near.talk(Tone(440, time.Second, -6))
			if err := b.customer.Play(t.Context(), make([]int16, SampleRate)); err != nil {
				t.Error(err)
			}
			time.Sleep(10*time.Second + 500*time.Millisecond) // between two looks of the keep-alive
			if got := len(b.far.received()); got != 0 {
				t.Errorf("%d packets were sent to a far end that holds", got)
			}
			negotiate(t, b.customer, b.far.describes(PCMA))
			b.near.talk(Tone(440, 100*time.Millisecond, -6))
			got := b.far.received()
			if len(got) != 5 || !got[0].Marker {
				t.Errorf("after the hold: %v", got)
			}
			b.far.says(1)
			if st := b.customer.Stats(); st.Received != 2 || st.Foreign != 0 {
				t.Errorf("the source was forgotten: %+v", st)
			}
		})
	}
}

func TestKeepAliveFillsOnlySilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		b.customer.KeepAlive(5 * time.Second)
		b.customer.Play(t.Context(), make([]int16, 12*SampleRate))
		if got := len(b.far.received()); got != 600 {
			t.Errorf("%d packets while playing 600", got)
		}
		time.Sleep(21 * time.Second)
		got := b.far.received()
		if len(got) != 4 {
			t.Fatalf("%d packets in 21 s, want 4", len(got))
		}
		for _, s := range sound(got) {
			if s < -8 || s > 8 {
				t.Fatal("the keep-alive is not silent")
			}
		}
		b.customer.KeepAlive(0)
		time.Sleep(time.Minute)
		if got := len(b.far.received()); got != 0 {
			t.Errorf("%d packets after it was stopped", got)
		}
	})
}

func TestPacketsAreCountedByWhatTheyWere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		if !b.customer.LastHeard().IsZero() {
			t.Error("heard before anything was")
		}
		b.far.says(2)
		b.far.h.SequenceNumber += 3 // lost
		b.far.says(1)
		heard := time.Now()
		time.Sleep(time.Second)
		b.far.raw([]byte{}, nil)
		b.far.raw([]byte{1, 2, 3}, nil)
		b.far.raw(slices.Repeat([]byte{0x80}, maxPacket), nil)
		b.far.raw([]byte("INVITE sip:x@y SIP/2.0\r\n"), nil)
		b.far.raw([]byte{0x80, 200, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0}, nil) // RTCP
		b.far.h.PayloadType = 18                                        // G.729, not agreed
		b.far.says(1)
		want, got := Stats{Received: 3, Lost: 3, Malformed: 5}, b.customer.Stats()
		got.Jitter = 0 // has a test of its own
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if got := b.customer.LastHeard(); !got.Equal(heard) {
			t.Errorf("last heard %v, want %v", got, heard)
		}
	})
}

func TestClosingTwiceAndUsingAClosedSessionIsHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		if err := b.customer.Close(); err != nil {
			t.Error(err)
		}
		b.customer.Close()
		b.customer.KeepAlive(time.Second)
		Join(b.customer, b.operator, nil).Close()
		ear := b.customer.Listen()
		if _, err := ear.Next(t.Context()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v", err)
		}
		negotiate(t, b.customer, b.far.describes(PCMA))
	})
}

func TestJitterIsThatOfTheWayAndNotOfPausesOrKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		b.far.talk(make([]int16, 100*FrameSamples))
		synctest.Wait()
		if j := b.customer.Stats().Jitter; j != 0 {
			t.Errorf("packets in time have a jitter of %v", j)
		}
		for i := range 200 {
			d := FrameTime + 4*time.Millisecond
			if i%2 == 1 {
				d = FrameTime - 4*time.Millisecond
			}
			b.far.send(make([]byte, FrameSamples))
			time.Sleep(d)
		}
		synctest.Wait()
		if j := b.customer.Stats().Jitter; j < 3*time.Millisecond || j > 5*time.Millisecond {
			t.Errorf("packets that come 4 ms early and late have a jitter of %v", j)
		}
	})
}
