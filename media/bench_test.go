package media

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// BenchmarkBridge measures one packet through a bridge over loopback sockets:
// sent by a far end, read, rewritten, converted, sent on, and counted at the
// other far end. A full call is 100 of them a second.
func BenchmarkBridge(b *testing.B) {
	for _, c := range []struct {
		name     string
		operator Codec
	}{{"same law", PCMA}, {"other law", PCMU}} {
		b.Run(c.name, func(b *testing.B) {
			far, near := benchSocket(b), benchSocket(b)
			customer, operator := realSession(b, "127.0.0.1"), realSession(b, "127.0.0.1")
			addr := func(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }
			customer.Negotiate(Description{Addr: addr(far), Codecs: []Codec{PCMA}})
			operator.Negotiate(Description{Addr: addr(near), Codecs: []Codec{c.operator}})
			defer Join(customer, operator, nil).Close()
			packet, _ := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SSRC: 1}, Payload: make([]byte, FrameSamples)}).Marshal()
			in := make([]byte, maxPacket)
			to := customer.Local()
			b.ReportAllocs()
			for i := range b.N {
				packet[2], packet[3] = byte(i>>8), byte(i)
				ts := uint32(i) * FrameSamples
				packet[4], packet[5], packet[6], packet[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
				if _, err := far.WriteToUDPAddrPort(packet, to); err != nil {
					b.Fatal(err)
				}
				near.SetReadDeadline(time.Now().Add(time.Second))
				if _, _, err := near.ReadFromUDPAddrPort(in); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "packets/s")
		})
	}
}

func benchSocket(b *testing.B) *net.UDPConn {
	b.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return conn
}

// BenchmarkForward measures the same without sockets: what a packet costs in
// our own code, with and without a recorder.
func BenchmarkForward(b *testing.B) {
	far := netip.MustParseAddrPort("10.0.0.2:4000")
	packet, _ := (&rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: 8, SSRC: 1}, Payload: make([]byte, FrameSamples)}).Marshal()
	for _, c := range []struct {
		name string
		rec  *Recorder
	}{{"plain", nil}, {"recorded", &Recorder{wake: make(chan struct{}, 1)}}} {
		b.Run(c.name, func(b *testing.B) {
			customer, operator := NewSession(new(sink)), NewSession(new(devNull))
			for _, s := range []*Session{customer, operator} {
				s.Negotiate(Description{Addr: far, Codecs: []Codec{PCMA}})
				defer s.Close()
			}
			Join(customer, operator, c.rec)
			fwd, now := make([]byte, 0, maxPacket), time.Now()
			b.ReportAllocs()
			for i := range b.N {
				packet[2], packet[3] = byte(i>>8), byte(i)
				customer.receive(packet, fwd, far, now)
			}
		})
	}
}

// devNull is a sink that doesn't remember.
type devNull struct{ sink }

func (*devNull) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }

func BenchmarkEar(b *testing.B) {
	s := NewSession(new(sink))
	defer s.Close()
	ear := s.Listen()
	p := &rtp.Packet{Header: rtp.Header{PayloadType: 8}, Payload: make([]byte, FrameSamples)}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		ear.hear(p, now)
		p.Timestamp += FrameSamples
		now = now.Add(FrameTime)
	}
}

func BenchmarkG711(b *testing.B) {
	frame, payload := Tone(440, FrameTime, -6), make([]byte, 0, FrameSamples)
	samples := make([]int16, 0, FrameSamples)
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			payload = PCMA.Encode(payload[:0], frame)
		}
	})
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			samples = PCMA.Decode(samples[:0], payload)
		}
	})
	b.Run("convert", func(b *testing.B) {
		dst := make([]byte, 0, FrameSamples)
		for b.Loop() {
			dst = PCMA.convert(dst[:0], payload, PCMU)
		}
	})
}
