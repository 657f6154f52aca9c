package browser

import (
	"testing"

	"apel/media/browser/headset"
)

// WebRTC tells of a track in a goroutine of its own, which may be late.
func TestATrackThatComesAsItsLegIsClosedIsNotHeard(t *testing.T) {
	g, err := Listen(t.Context(), Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	page, err := headset.New(t.Context(), headset.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	offer, err := page.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	leg, _, err := g.Answer(t.Context(), offer)
	if err != nil {
		t.Fatal(err)
	}
	slow, done := make(chan struct{}), false
	leg.run(func() { <-slow; done = true })
	go func() { <-leg.Ended(); close(slow) }()
	leg.Close()
	if !done {
		t.Error("the leg is closed while something of it runs")
	}
	leg.run(func() { t.Error("something of a closed leg is begun") })
	leg.wg.Wait()
}
