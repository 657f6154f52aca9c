package amd

import (
	"math"
	"testing"
	"time"
)

// melody plays notes of an instrument with a few harmonics, some of which fade.
func melody(notes []float64, each time.Duration, fade float64) []int16 {
	var pcm []int16
	for _, hz := range notes {
		n := int(each.Seconds() * sampleRate)
		for i := range n {
			t := float64(i) / sampleRate
			v := math.Exp(-fade*t) * (math.Sin(2*math.Pi*hz*t) + 0.5*math.Sin(4*math.Pi*hz*t) + 0.3*math.Sin(6*math.Pi*hz*t))
			pcm = append(pcm, int16(5000*v))
		}
	}
	return pcm
}

func TestAMelodyIsMusicAndNoBeep(t *testing.T) {
	scale := []float64{262, 330, 392, 523, 392, 330, 294, 440, 494, 392, 349, 330}
	for _, c := range []struct {
		each time.Duration
		fade float64
	}{{300 * time.Millisecond, 0}, {400 * time.Millisecond, 2}, {500 * time.Millisecond, 1}, {250 * time.Millisecond, 3}} {
		d := New(Settings{})
		var first Verdict
		pcm := melody(scale, c.each, c.fade)
		for ; len(pcm) >= frameSamples; pcm = pcm[frameSamples:] {
			v, changed := d.Feed(pcm[:frameSamples])
			if changed && first.Kind == "" {
				first = v
			}
			if changed && v.Kind == Beep {
				t.Errorf("notes of %s: %s", c.each, v.Why)
			}
		}
		if first.Kind != Music || first.At > 3*time.Second {
			t.Errorf("notes of %s are %s at %s: %s", c.each, first.Kind, first.At, first.Why)
		}
	}
}

func TestNobodyWhoSpeaksIsMusic(t *testing.T) {
	for _, name := range []string{"business-ro", "business-en", "machine-ro", "machine-en", "machine-es", "hello-de"} {
		for _, lead := range []int{0, 1500, 6000} {
			d := New(Settings{})
			d.Feed(make([]int16, lead))
			if v, _ := d.Feed(spoken(t, "testdata/"+name+".ulaw")); v.Kind == Music {
				t.Errorf("%s after %d samples: %s", name, lead, v.Why)
			}
		}
	}
}
