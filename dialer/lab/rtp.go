package lab

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"apel/media"

	"github.com/pion/rtp"
	"github.com/zaf/g711"
)

// audibleLevel is the mean magnitude from which a frame counts as sound, about
// -46 dBFS; line noise lies below it.
const audibleLevel = 150

// keepAlive is how often a silent stream sends a packet.
const keepAlive = time.Second

// stream is one end of an RTP stream. One goroutine speaks, one listens.
type stream struct {
	conn net.PacketConn // hears
	out  net.PacketConn // speaks; another socket where a persona does so

	mu      sync.Mutex // guards what packets are made of
	remote  netip.AddrPort
	law     media.Codec
	dtmf    uint8
	hold    bool // the far end wants nothing
	mute    bool // a fault: nothing is ever sent
	strange uint8
	header  rtp.Header
	packet  [12 + media.FrameSamples]byte
	stamp   time.Time // wall time of header.Timestamp
	fresh   bool      // the next packet begins a talkspurt
	keying  bool      // a key is being pressed: no sound

	noise      *noise
	continuous time.Time // until then silence is sent too, as line noise
	timer      *time.Timer

	sound    chan struct{} // a token: something audible arrived
	onFrame  func(at time.Time, law media.Codec, payload []byte)
	audible  atomic.Uint64 // frames
	received atomic.Uint64 // packets
	sent     atomic.Uint64 // frames of sound
	firstAt  atomic.Int64  // first audible frame, Unix ns
	lastAt   atomic.Int64  // latest audible frame, Unix ns
	packetAt atomic.Int64  // latest packet, Unix ns
	deaf     atomic.Bool   // a fault: nothing that arrives is heard

	listening sync.WaitGroup
}

func newStream(conn net.PacketConn, rng *rand.Rand, hiss *noise) *stream {
	s := &stream{conn: conn, out: conn, noise: hiss, sound: make(chan struct{}, 1), fresh: true}
	s.header = rtp.Header{Version: 2, SSRC: rng.Uint32(), SequenceNumber: uint16(rng.Uint32()), Timestamp: rng.Uint32()}
	return s
}

// aim sets where to send and what to speak.
func (s *stream) aim(o offer, law media.Codec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remote, s.law, s.dtmf = o.addr, law, o.dtmf
	s.hold = o.direction == "sendonly" || o.direction == "inactive" || o.addr.Port() == 0
}

// local is the address of the socket that hears.
func (s *stream) local() netip.AddrPort { return addrPort(s.conn.LocalAddr()) }

// listen counts and shows what arrives until the socket closes.
func (s *stream) listen() {
	s.listening.Go(func() {
		buf := make([]byte, 2048)
		read := reader(s.conn)
		for {
			n, err := read(buf)
			if err != nil {
				return
			}
			if !s.deaf.Load() {
				s.hear(buf[:n])
			}
		}
	})
}

// hear judges one packet.
func (s *stream) hear(b []byte) {
	var h rtp.Header
	n, err := h.Unmarshal(b)
	if err != nil || h.Version != 2 {
		return
	}
	now := time.Now()
	s.received.Add(1)
	s.packetAt.Store(now.UnixNano())
	law := media.Codec(h.PayloadType)
	if law != media.PCMU && law != media.PCMA {
		return
	}
	if s.onFrame != nil {
		s.onFrame(now, law, b[n:])
	}
	if !loud(law, b[n:]) {
		return
	}
	s.audible.Add(1)
	s.firstAt.CompareAndSwap(0, now.UnixNano())
	s.lastAt.Store(now.UnixNano())
	select {
	case s.sound <- struct{}{}:
	default:
	}
}

func loud(law media.Codec, payload []byte) bool {
	table := &loudness[0]
	if law == media.PCMA {
		table = &loudness[1]
	}
	var sum int32
	for _, b := range payload {
		sum += table[b]
	}
	return sum > audibleLevel*int32(len(payload))
}

// speak plays samples in real time; false when stop closed first. Silence
// inside them is sent as line noise for as long as the stream is continuous,
// and is suppressed afterwards.
func (s *stream) speak(stop <-chan struct{}, pcm []int16) bool {
	next := time.Now()
	var frame [media.FrameSamples]int16
	for len(pcm) > 0 {
		n := copy(frame[:], pcm)
		clear(frame[n:])
		pcm = pcm[n:]
		if !silent(frame[:]) {
			s.sent.Add(1)
			s.send(frame)
		} else if next.Before(s.continuous) {
			s.send(frame)
		} else {
			s.gap()
		}
		next = next.Add(media.FrameTime)
		if !s.pause(stop, next, nil) {
			return false
		}
	}
	return true
}

// idle waits until a time with nothing to say; false when stop closed first.
// With wake it also ends at a token there.
func (s *stream) idle(stop <-chan struct{}, until time.Time, wake <-chan struct{}) bool {
	for {
		now := time.Now()
		if !now.Before(until) {
			return true
		}
		next := now.Add(media.FrameTime)
		if now.Before(s.continuous) {
			s.send([media.FrameSamples]int16{})
		} else {
			next = s.refresh(now)
		}
		if next.After(until) {
			next = until
		}
		if !s.pause(stop, next, wake) {
			return false
		}
		if time.Now().Before(next) {
			return true // woken
		}
	}
}

// pause waits for a time, a token, or stop (false).
func (s *stream) pause(stop <-chan struct{}, until time.Time, wake <-chan struct{}) bool {
	d := time.Until(until)
	if s.timer == nil {
		s.timer = time.NewTimer(d)
	} else {
		s.timer.Reset(d)
	}
	select {
	case <-stop:
		s.timer.Stop()
		return false
	case <-wake:
		s.timer.Stop()
	case <-s.timer.C:
	}
	return true
}

// hears waits for sound, for a time or (0) for ever; ok is false when stop
// closed first.
func (s *stream) hears(stop <-chan struct{}, patience time.Duration) (heard, ok bool) {
	if patience == 0 {
		patience = 24 * time.Hour
	}
	select {
	case <-s.sound: // what was heard while speaking
	default:
	}
	until := time.Now().Add(patience)
	if !s.idle(stop, until, s.sound) {
		return false, false
	}
	return time.Now().Before(until), true
}

// hush waits until it has been quiet for a time; false when stop closed first.
func (s *stream) hush(stop <-chan struct{}, gap time.Duration) bool {
	for {
		until := since(s.lastAt.Load()).Add(gap)
		if !time.Now().Before(until) {
			return true
		}
		if !s.idle(stop, until, nil) {
			return false
		}
	}
}

// refresh sends a packet when the last is a keep-alive interval old, and says
// when the next is due.
func (s *stream) refresh(now time.Time) time.Time {
	s.mu.Lock()
	s.fresh = true
	due := s.stamp.Add(keepAlive)
	s.mu.Unlock()
	if now.Before(due) {
		return due
	}
	s.send([media.FrameSamples]int16{})
	return now.Add(keepAlive)
}

// fallSilent is a fault: nothing is sent any more.
func (s *stream) fallSilent() {
	s.mu.Lock()
	s.mute = true
	s.mu.Unlock()
}

// gap says that the next packet begins a talkspurt.
func (s *stream) gap() {
	s.mu.Lock()
	s.fresh = true
	s.mu.Unlock()
}

// send encodes a frame, with the line's noise, and sends it.
func (s *stream) send(frame [media.FrameSamples]int16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute || s.hold || s.keying || !s.remote.IsValid() {
		return
	}
	s.noise.add(frame[:])
	payload := s.packet[12:]
	if s.law == media.PCMA {
		for i, v := range frame {
			payload[i] = g711.EncodeAlawFrame(v)
		}
	} else {
		for i, v := range frame {
			payload[i] = g711.EncodeUlawFrame(v)
		}
	}
	s.header.PayloadType = uint8(s.law)
	if s.strange != 0 {
		s.header.PayloadType = s.strange
	}
	s.advance(time.Now())
	s.write(s.packet[:])
}

// advance gives the next packet its number and its place in time: RFC 3550
// counts one frame within a talkspurt, the clock from one to the next.
func (s *stream) advance(now time.Time) {
	s.header.SequenceNumber++
	step := uint32(media.FrameSamples)
	s.header.Marker = s.fresh
	if s.fresh && !s.stamp.IsZero() {
		frames := uint32(now.Sub(s.stamp) / media.FrameTime)
		step = max(frames, 1) * media.FrameSamples
	}
	s.fresh = false
	s.header.Timestamp += step
	s.stamp = now
}

func (s *stream) write(packet []byte) {
	if _, err := s.header.MarshalTo(packet); err != nil {
		return
	}
	writeTo(s.out, packet, s.remote) // a lost packet is a lost packet
}

// press sends a telephone-event (RFC 4733 §2.5): packets every 20 ms with one
// timestamp and a growing duration, the last three times.
func (s *stream) press(stop <-chan struct{}, digit byte, d time.Duration) bool {
	event, ok := eventOf(digit)
	if !ok {
		return true
	}
	s.mu.Lock()
	s.keying, s.fresh = true, true
	s.advance(time.Now())
	s.header.SequenceNumber--
	pt := s.dtmf
	s.mu.Unlock()
	frames := max(2, int(d/media.FrameTime))
	timer := time.NewTicker(media.FrameTime)
	defer timer.Stop()
	for i := 1; i <= frames+2; i++ {
		s.event(pt, event, min(i, frames), i >= frames, i == 1)
		select {
		case <-stop:
			return false
		case <-timer.C:
		}
	}
	s.mu.Lock()
	s.keying, s.fresh = false, true
	s.mu.Unlock()
	return true
}

func (s *stream) event(pt, event uint8, frames int, end, marker bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mute || pt == 0 || !s.remote.IsValid() {
		return
	}
	var packet [16]byte
	h := s.header
	h.PayloadType, h.Marker = pt, marker
	h.SequenceNumber++
	s.header.SequenceNumber++
	h.MarshalTo(packet[:]) // 12 bytes always fit
	duration := frames * media.FrameSamples
	packet[12], packet[13] = event, 10
	if end {
		packet[13] |= 0x80
	}
	packet[14], packet[15] = byte(duration>>8), byte(duration)
	writeTo(s.out, packet[:], s.remote)
}

func eventOf(digit byte) (uint8, bool) {
	switch {
	case digit >= '0' && digit <= '9':
		return digit - '0', true
	case digit == '*':
		return 10, true
	case digit == '#':
		return 11, true
	}
	return 0, false
}

// close ends the stream and waits for its listener.
func (s *stream) close() {
	s.conn.Close()
	if s.out != s.conn {
		s.out.Close()
	}
	s.listening.Wait()
}

func since(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
