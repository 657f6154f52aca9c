package amd

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// endless makes a sound that a callee may send for as long as the call lasts, of
// the kind and by the draws that the seed gives: a tone or a pair, steady or in
// pulses, with a lead or a word before it, clicks, a scale, a modem's noise,
// speech between tones.
func endless(seed uint64) (string, *clip) {
	const whole = 13 * time.Second
	c := newClip(seed)
	draw := func(low, high float64) float64 { return low * math.Pow(high/low, c.rng.Float64()) }
	within := func(low, high float64) time.Duration { return time.Duration(draw(low, high) * float64(ms)) }
	db, hz := -10-24*c.rng.Float64(), []float64{draw(200, 3400)}
	lead := time.Duration(c.rng.IntN(3000)) * ms
	name := fmt.Sprintf("seed %d: after %v, %.0f Hz at %.0f dB", seed, lead, hz[0], db)
	c.quiet(lead)
	on, off := within(30, 2500), within(20, 1500)
	switch seed % 8 {
	case 0:
		c.tone(whole, db, hz...)
		name += ", steady"
	case 1:
		hz = append(hz, draw(200, 3400))
		fallthrough
	case 2, 3:
		name += fmt.Sprintf(" and %.0f Hz, %v on, %v off", hz[1:], on, off)
		cadenced(c, db, on, off, int(whole/(on+off)), hz...)
	case 4:
		name += fmt.Sprintf(", %v on, %v off, after a word", on, off)
		cadenced(c.speech(within(150, 900), -20), db, on, off, int(whole/(on+off)), hz...)
	case 5:
		name += ", clicks"
		for n := int(whole / (60*ms + off)); n > 0; n-- {
			c.tone(2*ms, -6, 900).quiet(58*ms + off)
		}
	case 6:
		name += fmt.Sprintf(", notes of %v", on)
		for n := int(whole / on); n > 0; n-- {
			c.tone(on, db, draw(200, 1800))
		}
	case 7:
		name += fmt.Sprintf(" for %v between words", on)
		for n := int(whole / (800*ms + on)); n > 0; n-- {
			c.speech(within(100, 700), -20).quiet(100*ms).tone(on, db, hz...)
		}
	}
	noise := -65.0
	if c.rng.IntN(4) == 0 {
		noise = -35
	}
	return name, c.noise(noise)
}

func TestTheFirstVerdictComesInTimeWhateverIsHeard(t *testing.T) {
	for seed := range uint64(160) {
		name, c := endless(seed)
		for _, set := range []Settings{{}, {ListenOn: 4 * time.Second}} {
			if _, ok := firstWithin(set, c.pcm()); !ok {
				t.Errorf("%s, listen-on %v: nothing until %v", name, set.ListenOn, set.Latest())
			}
		}
	}
}

// A phone company's dial tone, number unobtainable and fault tones are no person.
func TestAToneThatNeverEndsIsNoPerson(t *testing.T) {
	for _, hz := range []float64{200, 400, 440, 1000, 2600} {
		for _, pulse := range []time.Duration{0, 60 * ms, 200 * ms} {
			for _, set := range []Settings{{}, {ListenOn: 4 * time.Second}} {
				c := newClip(1)
				if pulse == 0 {
					c.tone(8*time.Second, -20, hz)
				} else {
					cadenced(c, -20, 300*ms, pulse, 24, hz)
				}
				v, ok := firstWithin(set, c.noise(-60).pcm())
				switch {
				case !ok, v.Kind == Human, v.Kind == Silence, v.At > DefaultDecideWithin+toneTells+frameTime:
					t.Errorf("%.0f Hz, gaps of %v, listen-on %v: %+v", hz, pulse, set.ListenOn, v)
				}
			}
		}
	}
}

// firstWithin is the first verdict, and whether it came in time.
func firstWithin(s Settings, pcm []int16) (Verdict, bool) {
	d := New(s)
	for d.Heard() < s.Latest() && len(pcm) >= frameSamples {
		if v, ok := d.Feed(pcm[:frameSamples]); ok {
			return v, v.At <= s.Latest()
		}
		pcm = pcm[frameSamples:]
	}
	return Verdict{}, false
}
