package media

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pion/rtp"
)

// TelephoneEvent is the payload type that apel offers for telephone-event; far
// ends that offer name their own.
const TelephoneEvent = 101

// keyNames are the events of RFC 4733 §3.2 in the order of their codes.
const keyNames = "0123456789*#ABCD"

// press is the key press heard last.
type press struct {
	known    bool
	ssrc     uint32
	ts       uint32
	event    byte
	duration uint16
	ended    bool
}

// Digits gives telephone-events from the far end, one per key press, at its
// first packet, retransmissions removed; closed when the session ends. Presses
// that nobody takes are dropped after the first 32.
func (s *Session) Digits() <-chan byte { return s.keys }

// pressed takes a telephone-event packet (RFC 4733 §2.3): all packets of one
// press carry the timestamp of its beginning, so any of them may be the first
// to arrive and the last ones may be lost. The caller holds mu.
func (s *Session) pressed(ssrc, ts uint32, payload []byte) {
	if len(payload) < 4 || int(payload[0]) >= len(keyNames) {
		return
	}
	now := press{
		known: true, ssrc: ssrc, ts: ts, event: payload[0],
		ended: payload[1]&0x80 != 0, duration: binary.BigEndian.Uint16(payload[2:]),
	}
	was := s.press
	fresh := !was.known || was.ssrc != ssrc || int32(ts-was.ts) > 0
	switch {
	case !fresh && ts == was.ts:
		s.press.duration = max(was.duration, now.duration)
		s.press.ended = was.ended || now.ended
	case fresh:
		s.press = now
		if !was.continuedBy(now) {
			s.tell(keyNames[now.event])
		}
	}
}

// continuedBy tells whether next is a further segment of a press longer than
// the 8 s that a duration can say (RFC 4733 §2.5.1.3).
func (p press) continuedBy(next press) bool {
	return p.known && !p.ended && p.ssrc == next.ssrc && p.event == next.event &&
		p.duration > 0 && next.ts == p.ts+uint32(p.duration)
}

func (s *Session) tell(key byte) {
	select {
	case s.keys <- key:
	default:
	}
}

// endPackets is how often the end of a press is said (RFC 4733 §2.5.1.4).
const endPackets = 3

// SendDigit sends a telephone-event of the given duration (RFC 4733 §2.5): 0-9,
// *, #, A-D, at least 40 ms and at most 8 s. It returns after the last packet.
func (s *Session) SendDigit(ctx context.Context, digit byte, d time.Duration) error {
	event := strings.IndexByte(keyNames, digit)
	if event < 0 {
		return fmt.Errorf("%q is no key of a telephone: 0-9, *, #, A-D", digit)
	}
	v := new(voice)
	if err := s.takeTurn(ctx, v); err != nil {
		return err
	}
	defer s.leaveTurn()
	total := samplesIn(min(max(d, 2*FrameTime), 8*time.Second))
	ticker := time.NewTicker(FrameTime)
	defer ticker.Stop()
	k := keyPress{voice: v, event: byte(event), buf: make([]byte, rtpHeader+4)}
	for sent, ends := int64(0), 0; ends < endPackets; {
		sent = min(sent+FrameSamples, total)
		if sent == total {
			ends++
		}
		if err := s.out.key(&k, uint16(sent), ends > 0, time.Now()); err != nil {
			return err
		}
		if err := s.tick(ctx, ticker.C); err != nil {
			return err
		}
	}
	return nil
}

// keyPress is a press being sent.
type keyPress struct {
	voice   *voice
	event   byte
	started bool
	ts      uint32
	buf     []byte
}

// key sends one packet of a press. All have its first timestamp; the sequence goes on.
func (o *outgoing) key(k *keyPress, duration uint16, end bool, now time.Time) error {
	o.mu.Lock()
	if o.dtmf == 0 {
		o.mu.Unlock()
		return errors.New("the far end takes no telephone-events (RFC 4733)")
	}
	if !o.sending(k.voice) {
		o.mu.Unlock()
		return nil
	}
	first := !k.started
	if first {
		k.started = true
		k.ts, _ = o.nextTimestamp(now)
	}
	h := rtp.Header{
		Version: 2, Marker: first, PayloadType: o.dtmf, SSRC: o.ssrc,
		SequenceNumber: o.seq + 1, Timestamp: k.ts,
	}
	o.advance(h, int(duration), k.voice, now)
	to := o.to
	o.mu.Unlock()
	const level = 10 // dBm0 below full, the customary value
	k.buf[rtpHeader], k.buf[rtpHeader+1] = k.event, level
	if end {
		k.buf[rtpHeader+1] |= 0x80
	}
	binary.BigEndian.PutUint16(k.buf[rtpHeader+2:], duration)
	return o.write(h, k.buf, to)
}
