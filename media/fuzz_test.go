package media

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sink is a socket that takes everything and says nothing.
type sink struct {
	net.PacketConn
	sizes []int
}

func (s *sink) ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error) {
	return 0, netip.AddrPort{}, net.ErrClosed
}

func (s *sink) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	s.sizes = append(s.sizes, len(b))
	return len(b), nil
}

func (s *sink) Close() error        { return nil }
func (s *sink) LocalAddr() net.Addr { return &net.UDPAddr{} }

func FuzzParseSDP(f *testing.F) {
	f.Add(Description{Addr: netip.MustParseAddrPort("192.0.2.1:40000"), Codecs: []Codec{PCMA, PCMU}, DTMF: 101}.Marshal())
	f.Add([]byte(sdpOf("m=audio 0 RTP/AVP 8", "c=IN IP6 ::", "a=inactive")))
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := ParseSDP(b)
		if err != nil {
			return
		}
		again, err := ParseSDP(d.Marshal())
		if d.Addr.Port() == 0 {
			return // refused: its codecs are nobody's business
		}
		if err != nil {
			t.Fatalf("%+v can't be written and read: %v", d, err)
		}
		if diff := cmp.Diff(d, again, addrs); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzRTP feeds a session's receive path, cut into datagrams: whatever comes,
// it doesn't panic, counts each datagram once, and forwards no more than it took.
func FuzzRTP(f *testing.F) {
	packet := append([]byte{0x80, 8, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4}, make([]byte, 160)...)
	f.Add(packet, uint8(172))
	f.Add(bytes.Repeat(packet, 6), uint8(172))
	f.Add([]byte{0x80, 101, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, 5, 10, 1, 0}, uint8(16))
	f.Add([]byte{0xBF, 0x88, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4, 0xBE, 0xDE, 0, 1, 0, 0, 0, 0}, uint8(20))
	far, thief := netip.MustParseAddrPort("10.0.0.2:4000"), netip.MustParseAddrPort("10.0.0.3:4000")
	f.Fuzz(func(t *testing.T, b []byte, size uint8) {
		out := new(sink)
		customer, operator := NewSession(new(sink)), NewSession(out)
		defer customer.Close()
		defer operator.Close()
		for _, s := range []*Session{customer, operator} {
			if err := s.Negotiate(Description{Addr: far, Codecs: []Codec{PCMA}, DTMF: 101}); err != nil {
				t.Fatal(err)
			}
		}
		ear := customer.Listen()
		defer ear.Close()
		rec := new(Recorder)
		rec.wake = make(chan struct{}, 1)
		Join(customer, operator, rec)
		<-customer.ended // its reader is gone: this goroutine takes its place
		customer.keys = make(chan byte, 32)
		now, fed := time.Now(), uint64(0)
		for len(b) > 0 {
			n := min(int(size)+1, len(b))
			from := far
			if n%7 == 0 {
				from = thief
			}
			if !isRTCP(b[:n]) {
				fed++
			}
			customer.receive(b[:n], make([]byte, 0, maxPacket), from, now)
			b, now = b[n:], now.Add(FrameTime)
		}
		st := customer.Stats()
		if st.Received+st.Foreign+st.Malformed != fed {
			t.Errorf("%+v of %d datagrams", st, fed)
		}
		if uint64(len(out.sizes)) > st.Received || operator.Stats().Sent != uint64(len(out.sizes)) {
			t.Errorf("%d sent of %d received", len(out.sizes), st.Received)
		}
	})
}

// FuzzTelephoneEvent: from any packets only keys come out, never more than packets.
func FuzzTelephoneEvent(f *testing.F) {
	f.Add([]byte{5, 10, 0, 160, 0, 5, 0x8A, 3, 32, 0, 7, 10, 0, 160, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &Session{keys: make(chan byte, 1000)}
		packets := 0
		for ; len(b) >= 5 && packets < 1000; packets++ {
			s.pressed(uint32(b[4]>>7), uint32(b[4]&0x7F)*800, b[:min(4, len(b))])
			b = b[5:]
		}
		if len(s.keys) > packets {
			t.Errorf("%d keys of %d packets", len(s.keys), packets)
		}
		for len(s.keys) > 0 {
			if k := <-s.keys; !bytes.ContainsRune([]byte(keyNames), rune(k)) {
				t.Errorf("key %q", k)
			}
		}
	})
}

func FuzzReadWAV(f *testing.F) {
	f.Add(new(wav).format(1, 2, 44100, 16).chunk("data", make([]byte, 400)).bytes())
	f.Add(new(wav).chunk("LIST", []byte("abc")).format(7, 1, 11127, 8).chunk("data", make([]byte, 99)).bytes())
	f.Add(wavHeader(2, 1<<28))
	f.Fuzz(func(t *testing.T, b []byte) {
		channels, err := readWAV(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		if len(channels) < 1 || len(channels) > maxWAVChannels {
			t.Fatalf("%d channels", len(channels))
		}
		for _, c := range channels {
			if len(c) != len(channels[0]) || len(c) > 2*len(b) {
				t.Errorf("%d samples of %d bytes, the first channel has %d", len(c), len(b), len(channels[0]))
			}
		}
	})
}
