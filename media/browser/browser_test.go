package browser_test

import (
	"context"
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"apel/dialer/lab"
	"apel/media"
	"apel/media/browser"
	"apel/media/browser/headset"
)

// line is a browser and its leg.
type line struct {
	t       *testing.T
	gateway *browser.Gateway
	page    *headset.Headset
	leg     *browser.Leg
}

func connect(t *testing.T, network media.Network, here, there string, laws ...media.Codec) *line {
	t.Helper()
	g, err := browser.Listen(t.Context(), browser.Config{Network: network, Listen: here})
	if err != nil {
		t.Fatal(err)
	}
	page, err := headset.New(t.Context(), headset.Config{Network: network, Addr: there, Laws: laws})
	if err != nil {
		t.Fatal(err)
	}
	l := joined(t, g, page)
	select {
	case <-l.leg.Up():
	case <-l.leg.Ended():
		t.Fatal("the leg ended before it was up")
	}
	return l
}

// joined is a browser at a gateway that has accepted its answer.
func joined(t *testing.T, g *browser.Gateway, page *headset.Headset) *line {
	t.Helper()
	offer, err := page.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	leg, answer, err := g.Answer(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	if err := page.Accept(answer); err != nil {
		t.Fatal(err)
	}
	return &line{t, g, page, leg}
}

func (l *line) close() {
	l.page.Close()
	if err := l.gateway.Close(); err != nil {
		l.t.Error(err)
	}
}

// strength is how much of the sound is a tone of this frequency, 0 to 1 (Goertzel).
func strength(samples []int16, hz float64) float64 {
	var s1, s2, all float64
	k := 2 * math.Cos(2*math.Pi*hz/media.SampleRate)
	for _, v := range samples {
		s0 := float64(v) + k*s1 - s2
		s2, s1 = s1, s0
		all += float64(v) * float64(v)
	}
	if all == 0 {
		return 0
	}
	return (s1*s1 + s2*s2 - k*s1*s2) / (all * float64(len(samples)) / 2)
}

func listen(t *testing.T, s *media.Session, d time.Duration) []int16 {
	t.Helper()
	ear := s.Listen()
	defer ear.Close()
	var all []int16
	for range d / media.FrameTime {
		frame, err := ear.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, frame...)
	}
	return all
}

func bothWays(t *testing.T, l *line) {
	t.Helper()
	l.page.Hum(media.Tone(425, 400*time.Millisecond, -20))
	time.Sleep(200 * time.Millisecond)
	if got := strength(listen(t, l.leg.Media(), 400*time.Millisecond), 425); got < .8 {
		t.Errorf("of what the browser says %.2f is its tone", got)
	}
	l.page.Heard()
	if err := l.leg.Media().Play(t.Context(), media.Tone(1000, 400*time.Millisecond, -12)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	if got := strength(l.page.Heard(), 1000); got < .8 {
		t.Errorf("of what the browser hears %.2f is our tone", got)
	}
}

func TestABrowserIsHeardAndHearsInVirtualTime(t *testing.T) {
	for name, laws := range map[string][]media.Codec{"mu-law": {media.PCMU, media.PCMA}, "A-law": {media.PCMA, media.PCMU}, "A-law only": {media.PCMA}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := lab.NewNet(lab.NetConfig{Delay: 15 * time.Millisecond})
				l := connect(t, n, "10.0.0.1:8443", "10.0.0.30:0", laws...)
				bothWays(t, l)
				time.Sleep(time.Minute) // between customers a leg is silent for long
				bothWays(t, l)
				l.close()
			})
		})
	}
}

func TestABrowserOnLoopback(t *testing.T) {
	l := connect(t, nil, "127.0.0.1:0", "127.0.0.1:0")
	bothWays(t, l)
	l.close()
}

func TestManyBrowsersShareOnePort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := lab.NewNet(lab.NetConfig{})
		first := connect(t, n, "10.0.0.1:8443", "10.0.0.30:0")
		lines := []*line{first}
		for _, addr := range []string{"10.0.0.31:0", "10.0.0.32:0"} {
			page, err := headset.New(t.Context(), headset.Config{Network: n, Addr: addr})
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, joined(t, first.gateway, page))
		}
		for i, l := range lines {
			l.page.Hum(media.Tone(400+100*float64(i), time.Second, -20))
		}
		time.Sleep(2 * time.Second)
		for i, l := range lines {
			if got := strength(listen(t, l.leg.Media(), time.Second), 400+100*float64(i)); got < .8 {
				t.Errorf("of what browser %d says %.2f is its own tone", i, got)
			}
		}
		for _, l := range lines[1:] {
			l.page.Close()
		}
		first.close()
	})
}

func TestALegSaysWithinASecondThatItIsNotHeard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := connect(t, lab.NewNet(lab.NetConfig{}), "10.0.0.1:8443", "10.0.0.30:0")
		l.page.Hum(media.Tone(425, 400*time.Millisecond, -20))
		time.Sleep(2 * time.Second)
		if q := l.leg.Quality(); time.Since(q.HeardAt) > 40*time.Millisecond || math.Abs(q.Level+20) > 1 || q.Lost != 0 {
			t.Errorf("a good leg is %+v", q)
		}
		l.page.Unplug(true)
		time.Sleep(time.Second)
		if q := l.leg.Quality(); time.Since(q.HeardAt) < 900*time.Millisecond {
			t.Errorf("a leg without a microphone is %+v", q)
		}
		l.page.Unplug(false)
		time.Sleep(time.Second)
		if q := l.leg.Quality(); time.Since(q.HeardAt) > 40*time.Millisecond {
			t.Errorf("a leg with its microphone again is %+v", q)
		}
		l.close()
	})
}

func TestLossAndTripAreMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := connect(t, lab.NewNet(lab.NetConfig{Seed: 3, Delay: 40 * time.Millisecond, Loss: .1}), "10.0.0.1:8443", "10.0.0.30:0")
		l.page.Hum(media.Tone(425, 400*time.Millisecond, -20))
		l.leg.Media().KeepAlive(20 * time.Millisecond)
		lost, n := 0.0, 0
		for range 15 {
			time.Sleep(time.Second)
			lost += l.leg.Quality().Lost
			n++
		}
		q := l.leg.Quality()
		if mean := lost / float64(n); mean < .06 || mean > .14 {
			t.Errorf("of a tenth of the packets lost, %.3f were counted", mean)
		}
		if q.Trip < 80*time.Millisecond || q.Trip > 90*time.Millisecond {
			t.Errorf("a trip of 80 ms was measured as %s", q.Trip)
		}
		if q.FarLost == 0 {
			t.Error("of what the browser missed nothing is known")
		}
		l.close()
	})
}

func TestABridgeLivesThroughALostNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := lab.NewNet(lab.NetConfig{Delay: 5 * time.Millisecond})
		l := connect(t, n, "10.0.0.1:8443", "10.0.0.30:0")
		before := l.leg.Media()
		n.Cut(netip.MustParseAddr("10.0.0.30"))
		time.Sleep(5 * time.Second)
		if q := l.leg.Quality(); time.Since(q.HeardAt) < 4*time.Second {
			t.Fatalf("the network was not cut: %+v", q)
		}
		n.Mend()
		offer, err := l.page.Offer(true)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := l.leg.Restart(t.Context(), offer)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.page.Accept(answer); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if l.leg.Media() != before {
			t.Error("the session is another")
		}
		bothWays(t, l)
		l.close()
	})
}

func TestALegWhoseBrowserIsGoneEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := lab.NewNet(lab.NetConfig{})
		l := connect(t, n, "10.0.0.1:8443", "10.0.0.30:0")
		n.Cut(netip.MustParseAddr("10.0.0.30"))
		gone := time.Now()
		<-l.leg.Ended()
		if d := time.Since(gone); d < 20*time.Second || d > 45*time.Second {
			t.Errorf("it ended after %s", d)
		}
		l.close()
	})
}

func TestALegThatNeverConnectsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := lab.NewNet(lab.NetConfig{})
		g, err := browser.Listen(t.Context(), browser.Config{Network: n, Listen: "10.0.0.1:8443"})
		if err != nil {
			t.Fatal(err)
		}
		page, err := headset.New(t.Context(), headset.Config{Network: n, Addr: "10.0.0.30:0"})
		if err != nil {
			t.Fatal(err)
		}
		offer, err := page.Offer(false)
		if err != nil {
			t.Fatal(err)
		}
		leg, _, err := g.Answer(t.Context(), offer)
		if err != nil {
			t.Fatal(err)
		}
		<-leg.Ended()
		leg.Close()
		page.Close()
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestABrowserThatIsThereAndSendsNothingKeepsItsLeg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := lab.NewNet(lab.NetConfig{})
		first := connect(t, n, "10.0.0.1:8443", "10.0.0.30:0")
		page, err := headset.New(t.Context(), headset.Config{Network: n, Addr: "10.0.0.31:0"})
		if err != nil {
			t.Fatal(err)
		}
		page.Unplug(true)
		leg := joined(t, first.gateway, page).leg
		time.Sleep(2 * time.Minute)
		select {
		case <-leg.Ended():
			t.Error("it has ended")
		default:
		}
		page.Close()
		time.Sleep(time.Minute)
		select {
		case <-leg.Ended():
		default:
			t.Error("it has not ended although the browser is gone")
		}
		first.close()
	})
}

func TestWhatIsNoOfferIsRefused(t *testing.T) {
	g, err := browser.Listen(t.Context(), browser.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	page, err := headset.New(t.Context(), headset.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	good, err := page.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	for name, offer := range map[string]string{
		"nothing":       "",
		"no SDP":        "hello",
		"too long":      strings.Repeat("a", 100_000),
		"video":         strings.Replace(good, "m=audio", "m=video", 1),
		"two streams":   good + good[strings.Index(good, "m=audio"):],
		"another codec": strings.NewReplacer("SAVPF 0 8", "SAVPF 96 97", "rtpmap:0 PCMU", "rtpmap:96 opus", "rtpmap:8 PCMA", "rtpmap:97 opus").Replace(good),
		"no DTLS":       strings.ReplaceAll(good, "a=fingerprint", "a=nothing"),
		"no ICE":        strings.ReplaceAll(good, "a=ice-ufrag", "a=nothing"),
	} {
		if _, _, err := g.Answer(context.Background(), offer); !errors.Is(err, browser.ErrOffer) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestARestartIsOfTheSameBrowser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := lab.NewNet(lab.NetConfig{})
		l := connect(t, n, "10.0.0.1:8443", "10.0.0.30:0")
		before, err := headset.New(t.Context(), headset.Config{Network: n, Addr: "10.0.0.30:0"})
		if err != nil {
			t.Fatal(err)
		}
		late, err := before.Offer(false) // as of the page before a reload, on its way until now
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.leg.Restart(t.Context(), late); !errors.Is(err, browser.ErrOther) {
			t.Errorf("the offer of another browser gives %v", err)
		}
		before.Close()
		time.Sleep(time.Second)
		bothWays(t, l)
		l.close()
	})
}
