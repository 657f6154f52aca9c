package amd

import (
	"fmt"
	"testing"
	"time"
)

func TestABeepAfterSpeechIsFoundWithin300MsOfItsEnd(t *testing.T) {
	beeps := map[string]func(c *clip) *clip{}
	for _, hz := range []float64{350, 440, 620, 1000, 1400, 2000} {
		for _, d := range []time.Duration{100 * ms, 250 * ms, 500 * ms, 1000 * ms} {
			beeps[fmt.Sprintf("%.0f Hz for %v", hz, d)] = func(c *clip) *clip { return c.tone(d, -20, hz) }
		}
	}
	beeps["rising 400 to 900 Hz"] = func(c *clip) *clip { return c.glide(400*ms, -20, 400, 900) }
	beeps["rising 1000 to 1300 Hz"] = func(c *clip) *clip { return c.glide(250*ms, -20, 1000, 1300) }
	for name, beep := range beeps {
		t.Run(name, func(t *testing.T) {
			c := beep(newClip(3).quiet(300*ms).speech(3*time.Second, -20).quiet(500 * ms))
			end := time.Duration(len(c.x)) * time.Second / sampleRate
			verdicts, _ := hearAll(Settings{}, c.quiet(time.Second).noise(-50).pcm())
			last := verdicts[len(verdicts)-1]
			if last.Kind != Beep || last.At > end+300*ms || last.BeepAt < end-60*ms || last.BeepAt > end+60*ms {
				t.Errorf("beep ends at %v; last verdict %+v", end, last)
			}
		})
	}
}

// greeting is a greeting and the pause after it.
func greeting(seed uint64) *clip {
	return newClip(seed).quiet(300*ms).speech(1500*ms, -20).quiet(500 * ms)
}

// hearsBeep tells whether a beep is known at most 300 ms after the clip's end.
func hearsBeep(c *clip, lost ...time.Duration) (Verdict, bool) {
	end := time.Duration(len(c.x)) * time.Second / sampleRate
	pcm := c.quiet(time.Second).noise(-60).pcm()
	for _, at := range lost { // whole packets
		from := samples(at) / frameSamples * frameSamples
		clear(pcm[from : from+frameSamples])
	}
	verdicts, _ := hearAll(Settings{}, pcm)
	v := last(verdicts)
	return v, v.Kind == Beep && v.At <= end+300*ms && (v.BeepAt-end).Abs() <= 60*ms
}

func TestABeepThatRisesFastIsOne(t *testing.T) {
	for _, hz := range []float64{800, 1400, 1900} {
		if v, ok := hearsBeep(greeting(4).glide(200*ms, -18, hz, 1.75*hz)); !ok {
			t.Errorf("from %.0f Hz: %+v", hz, v)
		}
	}
}

func TestABeepOfWhichPacketsAreLostInTheMiddleIsOne(t *testing.T) {
	for _, to := range []float64{900, 1300, 1600} {
		for lost := range 2 {
			c := greeting(4).glide(240*ms, -18, 900, to)
			at := time.Duration(len(c.x))*time.Second/sampleRate - 120*ms
			if v, ok := hearsBeep(c, at, at+time.Duration(lost)*20*ms); !ok {
				t.Errorf("to %.0f Hz, %d lost: %+v", to, 1+lost, v)
			}
		}
	}
}

func TestALowBeepInNoiseIsOneWhenQuietFollows(t *testing.T) {
	for _, hz := range []float64{355, 370, 405} {
		c := greeting(6)
		from := len(c.x)
		c.tone(240*ms, -24, hz)
		for i := from; i < len(c.x); i++ {
			c.x[i] += 32768 * 0.02 * c.rng.NormFloat64() // 10 dB below
		}
		if v, ok := hearsBeep(c); !ok {
			t.Errorf("%.0f Hz: %+v", hz, v)
		}
	}
}

// The room answers: the beep is as long as it was.
func TestABeepInARoomIsKnownInTime(t *testing.T) {
	for _, hz := range []float64{400, 440, 480, 1000} {
		c := greeting(7).tone(300*ms, -20, hz)
		end := time.Duration(len(c.x)) * time.Second / sampleRate
		for db := -30.0; db > -50; db -= 4 {
			c.tone(20*ms, db, hz)
		}
		verdicts, _ := hearAll(Settings{}, c.quiet(time.Second).noise(-60).pcm())
		if v := last(verdicts); v.Kind != Beep || v.At > end+300*ms {
			t.Errorf("%.0f Hz ends at %v: %+v", hz, end, v)
		}
	}
}

// Vowels with two strong harmonics are no keys, after which a tone would be what is left of one.
func TestABeepAtAKeysFrequencyAfterSpeechIsOne(t *testing.T) {
	for _, hz := range []float64{697, 770, 941, 1209, 1477, 1633} {
		for seed := range uint64(4) {
			c := newClip(seed).quiet(300*ms).speech(800*ms, -20)
			for _, db := range []float64{-26, -22, -19, -24, -29} { // it swells and fades
				c.tone(20*ms, db, 730, 1220)
			}
			if v, ok := hearsBeep(c.quiet(500*ms).tone(200*ms, -20, hz)); !ok {
				t.Errorf("%.0f Hz, seed %d: %+v", hz, seed, v)
			}
		}
	}
}

// So end words of a low voice, in a frame that is nearly a pure tone.
func TestAHumThatFallsIsNoBeep(t *testing.T) {
	for _, hz := range []float64{400, 430, 470} {
		verdicts, _ := hearAll(Settings{}, newClip(8).quiet(500*ms).glide(180*ms, -20, hz, 0.8*hz).quiet(time.Second).noise(-60).pcm())
		for _, v := range verdicts {
			if v.Kind == Beep {
				t.Errorf("from %.0f Hz: %+v", hz, v)
			}
		}
	}
}

// Packets that were lost leave a beep's level in steps, not its pitch.
func TestABeepWhoseLevelJumpsIsOne(t *testing.T) {
	for _, hz := range []float64{600, 1200, 1500} {
		c := newClip(5).quiet(300*ms).speech(1500*ms, -20).quiet(500*ms).tone(80*ms, -26, hz).tone(80*ms, -31, hz)
		verdicts, _ := hearAll(Settings{}, c.quiet(time.Second).noise(-65).pcm())
		if v := verdicts[len(verdicts)-1]; v.Kind != Beep {
			t.Errorf("%.0f Hz: %+v", hz, v)
		}
	}
}

// Of a key with much twist only one tone is heard; the keys before tell it from a beep.
func TestWhatIsLeftOfAKeyAmongKeysIsNoBeep(t *testing.T) {
	for _, left := range []float64{697, 1336} {
		c := newClip(6).quiet(300*ms).speech(500*ms, -20).quiet(500*ms).tone(200*ms, -24, 852, 1477).quiet(150*ms).tone(220*ms, -24, left)
		verdicts, _ := hearAll(Settings{}, c.quiet(time.Second).noise(-65).pcm())
		for _, v := range verdicts {
			if v.Kind == Beep {
				t.Errorf("%.0f Hz: %+v", left, v)
			}
		}
	}
}
