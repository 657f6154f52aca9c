package media

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// listen takes frames for so long.
func listen(t *testing.T, e *Ear, d time.Duration) []int16 {
	t.Helper()
	var heard []int16
	for range d / FrameTime {
		frame, err := e.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		heard = append(heard, frame...)
	}
	return heard
}

// after is sound with silence before it, as an Ear hears it first, up to a length.
func after(delay int, length time.Duration, sounds ...[]int16) []int16 {
	heard := slices.Concat(append([][]int16{make([]int16, delay)}, sounds...)...)
	return append(heard, make([]int16, max(0, int(samplesIn(length))-len(heard)))...)[:samplesIn(length)]
}

func TestAnEarPutsPacketsWhereTheyBelong(t *testing.T) {
	said := Tone(440, 400*time.Millisecond, -6)
	heard := roundTrip(PCMA, said)
	frames := slices.Collect(slices.Chunk(said, FrameSamples))
	// every sends frame i at i*20 ms after a delay; a negative one loses it
	every := func(delay func(i int) time.Duration) func(p *peer) {
		return func(p *peer) {
			for i, frame := range frames {
				q := *p
				q.h.SequenceNumber += uint16(i)
				q.h.Timestamp += uint32(i * FrameSamples)
				if d := delay(i); d >= 0 {
					time.AfterFunc(time.Duration(i)*FrameTime+d, func() { q.send(PCMA.Encode(nil, frame)) })
				}
			}
		}
	}
	without := func(lost ...int) []int16 {
		h := slices.Clone(heard)
		for _, i := range lost {
			clear(h[i*FrameSamples : (i+1)*FrameSamples])
		}
		return h
	}
	for _, c := range []struct {
		name string
		send func(p *peer)
		want []int16
	}{
		{"in order", every(func(int) time.Duration { return 0 }), heard},
		{"jitter of 30 ms, with reordering", every(func(i int) time.Duration { return time.Duration(i%4) * 10 * time.Millisecond }), heard},
		{"a lost packet is silence", every(func(i int) time.Duration {
			if i == 7 {
				return -1
			}
			return 0
		}), without(7)},
		{"a packet that comes too late is silence", every(func(i int) time.Duration {
			if i == 7 {
				return 70 * time.Millisecond
			}
			return 0
		}), without(7)},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBridged(t, PCMA, PCMA)
				ear := b.customer.Listen()
				c.send(b.far)
				if diff := cmp.Diff(after(earDelay, time.Second, c.want), listen(t, ear, time.Second)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestPacketsOfAnyUsualLengthAreHeard(t *testing.T) {
	for _, ms := range []int{10, 20, 30, 40, 60} {
		synctest.Test(t, func(t *testing.T) {
			b := newBridged(t, PCMA, PCMA)
			ear := b.customer.Listen()
			said := Tone(440, 600*time.Millisecond, -6)
			go func() {
				for part := range slices.Chunk(said, ms*8) {
					b.far.send(PCMA.Encode(nil, part))
					time.Sleep(time.Duration(ms) * time.Millisecond)
				}
			}()
			if diff := cmp.Diff(after(earDelay, time.Second, roundTrip(PCMA, said)), listen(t, ear, time.Second)); diff != "" {
				t.Errorf("%d ms: %s", ms, diff)
			}
		})
	}
}

func TestPausesWithoutPacketsAreHeardInTheirLength(t *testing.T) {
	said := Tone(440, 200*time.Millisecond, -6)
	heard := roundTrip(PCMA, said)
	for _, c := range []struct {
		name    string
		pause   time.Duration
		advance uint32 // of the timestamp in the pause
	}{
		{"timestamps go on with the clock", 3 * time.Second, 3 * SampleRate},
		{"timestamps stand still", 3 * time.Second, 0},
		{"timestamps stand still for less than a second", time.Second / 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBridged(t, PCMA, PCMA)
				ear := b.customer.Listen()
				go func() {
					b.far.talk(said)
					b.far.h.PayloadType = comfortNoise
					b.far.says(1)
					b.far.h.PayloadType, b.far.h.Timestamp = uint8(PCMA), b.far.h.Timestamp-FrameSamples
					time.Sleep(c.pause)
					b.far.h.Timestamp += c.advance
					b.far.h.Marker = true
					b.far.send(PCMA.Encode(nil, said[:FrameSamples]))
					b.far.h.Marker = false
					time.Sleep(FrameTime)
					b.far.talk(said[FrameSamples:])
				}()
				want := after(earDelay, 4*time.Second, heard, make([]int16, samplesIn(c.pause)), heard)
				if diff := cmp.Diff(want, listen(t, ear, 4*time.Second)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestANewStreamIsHeardAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		ear := b.customer.Listen()
		said := Tone(440, 200*time.Millisecond, -6)
		go func() {
			b.far.talk(said)
			b.far.h.SSRC, b.far.h.SequenceNumber, b.far.h.Timestamp = 9, 9, 9
			b.far.talk(said)
		}()
		heard := roundTrip(PCMA, said)
		if diff := cmp.Diff(after(earDelay, time.Second, heard, heard), listen(t, ear, time.Second)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAFarEndWhoseClockIsWrongStaysInReach(t *testing.T) {
	for _, every := range []time.Duration{19 * time.Millisecond, 21 * time.Millisecond} { // 5 % is a hundred times what is usual
		synctest.Test(t, func(t *testing.T) {
			b := newBridged(t, PCMA, PCMA)
			ear := b.customer.Listen()
			loud := PCMA.Encode(nil, slices.Repeat([]int16{8000}, FrameSamples))
			go func() {
				for range 60 * time.Second / every {
					b.far.send(loud)
					time.Sleep(every)
				}
			}()
			heard := listen(t, ear, 60*time.Second)
			silent := 0
			for _, s := range heard {
				if s == 0 {
					silent++
				}
			}
			if silent > len(heard)/10 {
				t.Errorf("a packet every %v: %d of %d samples are silent", every, silent, len(heard))
			}
			time.Sleep(200 * time.Millisecond)
			rest := listen(t, ear, 400*time.Millisecond)
			if tail := slices.IndexFunc(rest, func(s int16) bool { return s == 0 }); tail > earAhead+2*FrameSamples {
				t.Errorf("a packet every %v: %d samples were still buffered at the end", every, tail)
			}
		})
	}
}

func TestAListenerWhoComesLateGetsWhatHasGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		ear := b.customer.Listen()
		said := Tone(440, 500*time.Millisecond, -6)
		b.far.talk(said)
		start := time.Now()
		got := listen(t, ear, 500*time.Millisecond)
		if took := time.Since(start); took != 0 {
			t.Errorf("waited %v for what was there", took)
		}
		if diff := cmp.Diff(after(earDelay, 500*time.Millisecond, roundTrip(PCMA, said)), got); diff != "" {
			t.Error(diff)
		}
		b.far.talk(Tone(440, 5*time.Second, -6)) // nobody listens
		ear.Next(t.Context())
	})
}

func TestAnEarIsQuietBeforeNegotiationAndByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ear := newMemNet().open(t).Listen()
		start := time.Now()
		if got := listen(t, ear, time.Second); !slices.Equal(got, make([]int16, SampleRate)) {
			t.Error("something is heard")
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("a second took %v", took)
		}
	})
}

func TestListeningEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemNet().open(t)
		ear := s.Listen()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := ear.Next(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("with its context: %v", err)
		}
		next := s.Listen()
		if _, err := ear.Next(t.Context()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("with the next ear: %v", err)
		}
		ear.Close() // must not end the next one
		if _, err := next.Next(t.Context()); err != nil {
			t.Error(err)
		}
		time.AfterFunc(5*time.Millisecond, func() { s.Close() })
		if _, err := next.Next(t.Context()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("with the session: %v", err)
		}
	})
}
