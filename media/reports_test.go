package media

import (
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"
)

func TestTheFarEndsReportsSayHowItHearsUs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newMemNet()
		a, b := n.open(t), n.open(t)
		packets := 0
		n.lose = func(from, _ net.Addr, p []byte) bool { // each tenth packet of a's sound
			if from.String() != a.Local().String() || isRTCP(p) {
				return false
			}
			packets++
			return packets%10 == 0
		}
		describe := func(s *Session) Description {
			return Description{Addr: s.Local(), Codecs: []Codec{PCMA}, RTCP: s.Local().Port(), Mux: true}
		}
		negotiate(t, a, describe(b))
		negotiate(t, b, describe(a))
		var wg sync.WaitGroup
		for _, s := range []*Session{a, b} {
			wg.Go(func() {
				if err := s.Play(t.Context(), Tone(400, 30*time.Second, -10)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for name, c := range map[string]struct {
			far         Far
			least, most float64
		}{"who loses nothing": {b.Stats().Far, 0, 0}, "who loses a tenth": {a.Stats().Far, .09, .11}} {
			if f := c.far; time.Since(f.At) > reportEvery+FrameTime || f.Lost < c.least || f.Lost > c.most || f.RoundTrip > time.Millisecond {
				t.Errorf("%s is told %+v", name, f)
			}
		}
	})
}

// The far end answers our sender report 40 ms after it had it; the answer takes
// as long as the way there.
func TestTheRoundTripIsThatOfTheWayAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBridged(t, PCMA, PCMA)
		d := b.far.describes(PCMA)
		d.RTCP = 4000
		negotiate(t, b.customer, d)
		b.customer.Play(t.Context(), Tone(400, time.Second, -10))
		b.far.says(1)
		b.far.received()
		time.Sleep(reportEvery)
		b.far.says(1)
		synctest.Wait()
		var sr *rtcp.SenderReport
		for len(b.far.conn.in) > 0 {
			p := <-b.far.conn.in
			if all, err := rtcp.Unmarshal(p.b); err == nil && isRTCP(p.b) {
				sr, _ = all[0].(*rtcp.SenderReport)
			}
		}
		if sr == nil || sr.PacketCount != 50 || sr.OctetCount != 50*FrameSamples || len(sr.Reports) != 1 || sr.Reports[0].SSRC != b.far.h.SSRC {
			t.Fatalf("we report %+v", sr)
		}
		time.Sleep(120 * time.Millisecond)
		answer := &rtcp.ReceiverReport{SSRC: b.far.h.SSRC, Reports: []rtcp.ReceptionReport{{SSRC: sr.SSRC, FractionLost: 64, Jitter: 80,
			LastSenderReport: uint32(sr.NTPTime >> 16), Delay: 40 * 65536 / 1000}}}
		b.far.raw(rtcp.Marshal([]rtcp.Packet{answer}))
		synctest.Wait()
		far := b.customer.Stats().Far
		if far.Lost != .25 || far.Jitter != 10*time.Millisecond || far.RoundTrip.Round(time.Millisecond) != 80*time.Millisecond {
			t.Errorf("the far end's report is read as %+v", far)
		}
	})
}
