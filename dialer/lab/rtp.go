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
)

// audibleLevel is the mean magnitude from which a frame counts as sound, about
// -46 dBFS; line noise lies below it.
const audibleLevel = 150

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

//go:norace
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
