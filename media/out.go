package media

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// rtpHeader is the size of a header as apel sends it (RFC 3550 §5.1).
const rtpHeader = 12

// voice is one who speaks on an outgoing stream: a prompt, a digit, a bridge's
// leg, the keep-alive. A change of voice begins a talk spurt.
type voice struct {
	leg *leg // speaks for this side of a bridge, while that stands; nil: for nobody but itself
}

// outgoing is the stream a session sends. It keeps growing across voices, so
// that the receiver sees one source for the whole call (RFC 3550 §5.1).
type outgoing struct {
	sock socket

	mu     sync.Mutex // guards the fields below
	to     netip.AddrPort
	codec  Codec
	dtmf   uint8
	held   bool   // the far end wants nothing for now
	holder *voice // has the stream to itself, or nil
	leg    *leg   // the bridge that may speak when nobody holds the stream
	last   *voice // who spoke last
	ssrc   uint32
	seq    uint16    // the highest sent
	ts     uint32    // of the packet with seq
	length uint32    // samples of that packet
	began  time.Time // when those samples began: ts by the clock
	at     time.Time // when the last packet was sent
	sent   uint64
	octets uint64 // of sound
}

func newOutgoing(sock socket) *outgoing {
	return &outgoing{sock: sock, ssrc: rand.Uint32(), seq: uint16(rand.Uint32()), ts: rand.Uint32()}
}

// pauseAfter is how late a packet may be and still follow the one before it, in
// samples: less is the scheduler's jitter, more is a pause.
const pauseAfter = 4 * FrameSamples

// nextTimestamp continues the stream: contiguous while packets follow each
// other, by the clock after a pause. The caller holds mu.
func (o *outgoing) nextTimestamp(now time.Time) (ts uint32, paused bool) {
	if o.at.IsZero() {
		return o.ts, true
	}
	passed := samplesIn(now.Sub(o.began))
	if passed < int64(o.length)+pauseAfter {
		return o.ts + o.length, false
	}
	return o.ts + uint32(passed), true
}

// sending tells whether v may send now. The caller holds mu.
func (o *outgoing) sending(v *voice) bool {
	return o.to.IsValid() && !o.held && (o.holder == nil || o.holder == v) && (v.leg == nil || v.leg == o.leg)
}

// advance notes a packet that is about to be sent, whose sound lasts length
// samples from its timestamp. The caller holds mu.
func (o *outgoing) advance(h rtp.Header, length int, v *voice, now time.Time) {
	if int16(h.SequenceNumber-o.seq) > 0 || o.at.IsZero() {
		if o.at.IsZero() || h.Timestamp != o.ts {
			o.began = now
		}
		o.seq, o.ts, o.length = h.SequenceNumber, h.Timestamp, uint32(length)
	}
	o.at, o.last = now, v
	o.sent++
	o.octets += uint64(length)
}

// speak sends a frame of v, encoded into buf; nothing while the stream is another's or held.
func (o *outgoing) speak(v *voice, samples []int16, buf []byte, now time.Time) error {
	o.mu.Lock()
	if !o.sending(v) {
		o.mu.Unlock()
		return nil
	}
	ts, paused := o.nextTimestamp(now)
	h := rtp.Header{
		Version: 2, Marker: paused || o.last != v, PayloadType: uint8(o.codec), SSRC: o.ssrc,
		SequenceNumber: o.seq + 1, Timestamp: ts,
	}
	o.advance(h, len(samples), v, now)
	to, codec := o.to, o.codec
	o.mu.Unlock()
	return o.write(h, codec.Encode(buf[:rtpHeader], samples), to)
}

// write puts the header before a payload that begins at rtpHeader, and sends both.
func (o *outgoing) write(h rtp.Header, buf []byte, to netip.AddrPort) error {
	if _, err := h.MarshalTo(buf); err != nil {
		return err
	}
	_, err := o.sock.WriteToUDPAddrPort(buf, to)
	return err
}

// direct sets where to send.
func (o *outgoing) direct(to netip.AddrPort) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to = to
}

// hold gives the stream to v alone; nil gives it back.
func (o *outgoing) hold(v *voice) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.holder = v
}
