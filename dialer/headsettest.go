package dialer

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"apel/contactdb"
	"apel/media"
)

// Headset is the result of a loop test: what the operator said was heard here
// and said back, and a hiss that only we know was played, to hear whether it
// comes back by the microphone.
type Headset struct {
	OK       bool      `json:"ok"`
	At       time.Time `json:"at"`
	LevelDB  float64   `json:"level_db"`  // of the voice, in dBFS
	Cut      float64   `json:"cut"`       // share of it that is cut off at full scale
	EchoDB   float64   `json:"echo_db"`   // of what came back, against what was played; -60: nothing
	Loss     float64   `json:"loss"`      // share of packets, the worse direction
	TripMS   int64     `json:"trip_ms"`   // to the browser and back
	JitterMS int64     `json:"jitter_ms"` // at the browser
	Problems []string  `json:"problems"`  // quiet, loud, echo, loss, delay: what must be mended first
}

// What a headset must keep to. A voice below -45 dBFS is not understood, one of
// which a fiftieth is cut off at full scale is distorted; an echo louder than -25 dB disturbs a customer at
// any delay (ITU-T G.131); from 400 ms there and back people talk into each
// other (ITU-T G.114).
const (
	quietest  = -45.0
	mostCut   = 0.02
	mostEcho  = -25.0
	mostLoss  = 0.05
	mostTrip  = 400 * time.Millisecond
	hissTime  = 400 * time.Millisecond
	hissLevel = 2000 // amplitude, about -24 dBFS
)

// TestHeadset lets an operator who is connected by a browser speak for a while,
// says it back, and measures level, echo, loss and delay. It takes a little
// over twice the time. ErrState while the operator has a customer.
func (s *Service) TestHeadset(ctx context.Context, operator, tab string, speak time.Duration) (h Headset, err error) {
	if speak < 500*time.Millisecond || speak > 10*time.Second {
		return Headset{}, say(ErrInput, "test-long", "a test lasts from 500 ms to 10 s, not %s", speak)
	}
	page, err := s.desk.window(operator, tab)
	if err != nil {
		return Headset{}, err
	}
	if err := s.desk.testing(operator); err != nil {
		return Headset{}, err
	}
	defer func() {
		if err != nil { // the page is gone, or its leg
			s.desk.untested(operator)
		}
	}()
	sound := page.Media()
	voice, err := hearFor(ctx, sound, speak)
	if err != nil {
		return Headset{}, err
	}
	spoken := page.Quality()
	if err := sound.Play(ctx, voice); err != nil {
		return Headset{}, err
	}
	echo, err := listenForHiss(ctx, sound)
	if err != nil {
		return Headset{}, err
	}
	q := page.Quality()
	h = judgeHeadset(Headset{At: time.Now(), LevelDB: loudestOf(voice), Cut: cutOff(voice), EchoDB: echo, Loss: max(q.Lost, q.FarLost, spoken.Lost), TripMS: tripOf(spoken.Trip, q.Trip).Milliseconds(), JitterMS: q.Jitter.Milliseconds()})
	s.desk.tested(operator, h)
	return h, nil
}

// tripOf is the way there and back by two reports, of which one may be missing
// (0). The shorter counts: a report that was late says nothing of the way.
func tripOf(a, b time.Duration) time.Duration {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// judgeHeadset says what is wrong.
func judgeHeadset(h Headset) Headset {
	h.Problems = []string{}
	for _, p := range []struct {
		wrong bool
		what  string
	}{
		{h.LevelDB < quietest, "quiet"}, {h.Cut > mostCut, "loud"}, {h.EchoDB > mostEcho, "echo"},
		{h.Loss > mostLoss, "loss"}, {h.TripMS > mostTrip.Milliseconds(), "delay"},
	} {
		if p.wrong {
			h.Problems = append(h.Problems, p.what)
		}
	}
	h.OK = len(h.Problems) == 0
	return h
}

// beingTested is the reason of not being ready during a test.
const beingTested = "testing the headset"

// untested takes in that a test came to no end.
func (d *desk) untested(operator string) {
	d.mu.Lock()
	if s := d.seats[operator]; s != nil && s.reason == beingTested {
		s.reason = "headset not tested"
		d.tell(s)
	}
	d.mu.Unlock()
	d.told(operator, "untested")
}

// testing takes an operator off calls for a test.
func (d *desk) testing(operator string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seats[operator]
	if s.state == "talking" || s.state == "reserved" {
		return say(contactdb.ErrState, "test-customer", "%s has a customer on the line; test the headset afterwards", operator)
	}
	s.ready, s.reason, s.headset = false, beingTested, nil
	d.tell(s)
	return nil
}

func (d *desk) tested(operator string, h Headset) {
	d.mu.Lock()
	if s := d.seats[operator]; s != nil && s.leg != nil {
		s.headset = &h
		if s.reason == beingTested {
			s.reason = "headset tested"
		}
		d.tell(s)
	}
	d.mu.Unlock()
	d.told(operator, "tested")
}

// hearFor is what comes in within a time.
func hearFor(ctx context.Context, sound *media.Session, d time.Duration) ([]int16, error) {
	ear := sound.Listen()
	defer ear.Close()
	var all []int16
	for range int(d / media.FrameTime) {
		frame, err := ear.Next(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, frame...)
	}
	return all, nil
}

// listenForHiss plays a hiss that nobody else makes, and says how loud it comes
// back within a second, in dB of what was played.
func listenForHiss(ctx context.Context, sound *media.Session) (float64, error) {
	hiss := make([]int16, int(hissTime*media.SampleRate/time.Second))
	for i := range hiss {
		hiss[i] = int16(rand.IntN(2*hissLevel+1) - hissLevel)
	}
	played := make(chan error, 1)
	go func() { played <- sound.Play(ctx, hiss) }()
	heard, err := hearFor(ctx, sound, hissTime+time.Second)
	if e := <-played; err == nil {
		err = e
	}
	if err != nil {
		return 0, err
	}
	return echoOf(hiss, heard), nil
}

// noEcho is the level of an echo that is not there, in dB.
const noEcho = -60

// echoOf is the share of a signal in what was heard, in dB: the largest
// coefficient of its projection over all delays, if it stands out of the others.
// Sounds that have nothing to do with it give coefficients of one size.
//
// Both sounds are the caller's own: millions of products need no race detector,
// and take seconds with it.
//
//go:norace
func echoOf(signal, heard []int16) float64 {
	own := 0.0
	for _, v := range signal {
		own += float64(v) * float64(v)
	}
	best, all, n := 0.0, 0.0, 0
	for at := 0; at+len(signal) <= len(heard); at++ {
		sum := 0.0
		for i, v := range signal {
			sum += float64(v) * float64(heard[at+i])
		}
		best, all, n = max(best, math.Abs(sum)/own), all+sum*sum/own/own, n+1
	}
	const outstanding = 6 // standard deviations
	if n == 0 || best == 0 || best < outstanding*math.Sqrt(all/float64(n)) {
		return noEcho
	}
	return max(20*math.Log10(best), noEcho)
}

// loudestOf is the level of the loudest fifth of a second, in dBFS.
func loudestOf(sound []int16) float64 {
	const span = media.SampleRate / 5
	best := 0.0
	for ; len(sound) >= span; sound = sound[span:] {
		sum := 0.0
		for _, v := range sound[:span] {
			sum += float64(v) * float64(v)
		}
		best = max(best, sum/span)
	}
	if best == 0 {
		return -127
	}
	return 10 * math.Log10(best/(math.MaxInt16*math.MaxInt16/2))
}

// cutOff is the share of the sound that stands at full scale.
func cutOff(sound []int16) float64 {
	const full = 32000 // G.711 knows nothing above 32124
	n := 0
	for _, v := range sound {
		if v > full || v < -full {
			n++
		}
	}
	return float64(n) / float64(max(len(sound), 1))
}
