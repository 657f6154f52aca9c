package media

import (
	"encoding/binary"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// key sends one telephone-event packet at the present timestamp.
func (p *peer) key(event byte, duration uint16, end bool) {
	p.t.Helper()
	h := p.h
	p.h.PayloadType = 101
	payload := []byte{event, 10, 0, 0}
	if end {
		payload[1] |= 0x80
	}
	binary.BigEndian.PutUint16(payload[2:], duration)
	p.send(payload)
	p.h.PayloadType, p.h.Timestamp = h.PayloadType, h.Timestamp
}

// taken are the keys told so far.
func taken(s *Session) string {
	synctest.Wait()
	keys := ""
	for {
		select {
		case k := <-s.Digits():
			keys += string(k)
		default:
			return keys
		}
	}
}

func TestAKeyPressIsToldOnce(t *testing.T) {
	press := func(p *peer, event byte, last int) { // packets of one press up to last
		for i := range last {
			p.key(event, uint16(160*(i+1)), i >= 5)
		}
		p.h.Timestamp += 1600
	}
	for _, c := range []struct {
		name string
		send func(p *peer)
		want string
	}{
		{"all packets", func(p *peer) { press(p, 5, 8) }, "5"},
		{"no end packet arrives", func(p *peer) { press(p, 5, 3) }, "5"},
		{"only an end packet arrives", func(p *peer) { p.key(5, 800, true) }, "5"},
		{"the same key twice", func(p *peer) { press(p, 5, 8); press(p, 5, 8) }, "55"},
		{"the same key twice, the first without its end", func(p *peer) { press(p, 5, 3); press(p, 5, 8) }, "55"},
		{"every key", func(p *peer) {
			for e := range byte(16) {
				press(p, e, 8)
			}
		}, "0123456789*#ABCD"},
		{"an event that is no key", func(p *peer) { press(p, 16, 8) }, ""},
		{"a packet of the press before, late", func(p *peer) {
			before := p.h
			press(p, 1, 8)
			press(p, 2, 8)
			after := p.h
			p.h = before
			p.key(1, 800, true)
			p.h = after
		}, "12"},
		{"a press longer than one packet can say", func(p *peer) {
			p.key(9, 0x8000, false)
			p.key(9, 0xFFFF, false)
			p.h.Timestamp += 0xFFFF
			p.key(9, 160, false)
			p.key(9, 320, true)
		}, "9"},
		{"a short payload", func(p *peer) {
			p.h.PayloadType = 101
			p.send([]byte{5, 10, 0})
		}, ""},
		{"a new stream from the same far end", func(p *peer) {
			press(p, 1, 8)
			p.h.SSRC, p.h.Timestamp = 77, 3
			press(p, 2, 8)
		}, "12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBridged(t, PCMA, PCMA)
				c.send(b.far)
				if diff := cmp.Diff(c.want, taken(b.customer)); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestKeysAreUnderstoodUnderTheFarEndsPayloadTypeAndUnderOurs(t *testing.T) {
	for _, pt := range []uint8{96, TelephoneEvent, 97} {
		synctest.Test(t, func(t *testing.T) {
			n := newMemNet()
			s := n.open(t)
			p := n.peer(t, "10.0.0.2:4000", s)
			d := p.describes(PCMA)
			d.DTMF = 96
			negotiate(t, s, d)
			p.h.PayloadType = pt
			p.send([]byte{3, 10, 0, 160})
			want := "3"
			if pt == 97 {
				want = ""
			}
			if got := taken(s); got != want {
				t.Errorf("payload type %d: got %q, want %q", pt, got, want)
			}
		})
	}
}

func TestASentKeyHasOneTimestampGrowingDurationAndThreeEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		d := b.far.describes(PCMA)
		d.DTMF = 97
		negotiate(t, b.customer, d)
		if err := b.customer.SendDigit(t.Context(), '#', 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		type packet struct {
			PT       uint8
			Marker   bool
			Event    byte
			End      bool
			Duration uint16
		}
		var got []packet
		all := b.far.received()
		for i, p := range all {
			if p.Timestamp != all[0].Timestamp || p.SequenceNumber != all[0].SequenceNumber+uint16(i) {
				t.Errorf("packet %d: %v", i, p)
			}
			got = append(got, packet{p.PayloadType, p.Marker, p.Payload[0], p.Payload[1]&0x80 != 0, binary.BigEndian.Uint16(p.Payload[2:])})
		}
		want := []packet{
			{97, true, 11, false, 160}, {97, false, 11, false, 320}, {97, false, 11, false, 480}, {97, false, 11, false, 640},
			{97, false, 11, true, 800}, {97, false, 11, true, 800}, {97, false, 11, true, 800},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOneSessionsKeyIsAnothersDigit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newMemNet()
		a, b := n.open(t), n.open(t)
		negotiate(t, a, Description{Addr: b.Local(), Codecs: []Codec{PCMA}, DTMF: 101})
		negotiate(t, b, Description{Addr: a.Local(), Codecs: []Codec{PCMA}, DTMF: 101})
		for _, key := range "159*0#D" {
			if err := a.SendDigit(t.Context(), byte(key), 80*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		if got := taken(b); got != "159*0#D" {
			t.Errorf("got %q", got)
		}
		b.Close()
		if _, open := <-b.Digits(); open {
			t.Error("the digits of a closed session go on")
		}
	})
}

func TestAKeyThatCannotBeSentIsAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		if err := b.customer.SendDigit(t.Context(), 'x', time.Second); err == nil {
			t.Error("x is no key")
		}
		negotiate(t, b.customer, Description{Addr: b.far.addr(), Codecs: []Codec{PCMA}})
		if err := b.customer.SendDigit(t.Context(), '1', time.Second); err == nil {
			t.Error("the far end takes no telephone-events")
		}
	})
}
