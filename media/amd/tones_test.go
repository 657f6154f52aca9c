package amd

import (
	"fmt"
	"testing"
	"time"
)

const ms = time.Millisecond

// cadenced repeats tone and pause.
func cadenced(c *clip, db float64, on, off time.Duration, times int, hz ...float64) *clip {
	for range times {
		c.tone(on, db, hz...).quiet(off)
	}
	return c
}

var networkTones = []struct {
	name   string
	kind   Kind
	detail string
	make   func(c *clip, db float64) *clip
}{
	{"busy, 425", Busy, "", func(c *clip, db float64) *clip { return cadenced(c, db, 500*ms, 500*ms, 5, 425) }},
	{"busy, Russia", Busy, "", func(c *clip, db float64) *clip { return cadenced(c, db, 400*ms, 400*ms, 6, 425) }},
	{"busy, Britain", Busy, "", func(c *clip, db float64) *clip { return cadenced(c, db, 375*ms, 375*ms, 6, 400) }},
	{"busy, France", Busy, "", func(c *clip, db float64) *clip { return cadenced(c, db, 500*ms, 500*ms, 5, 440) }},
	{"busy, North America", Busy, "", func(c *clip, db float64) *clip { return cadenced(c, db, 500*ms, 500*ms, 5, 480, 620) }},
	{"congestion, 425", Congestion, "", func(c *clip, db float64) *clip { return cadenced(c, db, 250*ms, 250*ms, 10, 425) }},
	{"congestion, 425 fast", Congestion, "", func(c *clip, db float64) *clip { return cadenced(c, db, 200*ms, 200*ms, 10, 425) }},
	{"congestion, Belgium and Czechia", Congestion, "", func(c *clip, db float64) *clip { return cadenced(c, db, 167*ms, 167*ms, 12, 425) }},
	{"reorder, North America", Congestion, "", func(c *clip, db float64) *clip { return cadenced(c, db, 250*ms, 250*ms, 10, 480, 620) }},
	{"ringback, 425", Ringback, "", func(c *clip, db float64) *clip { return cadenced(c, db, 1000*ms, 4000*ms, 2, 425) }},
	{"ringback, France", Ringback, "", func(c *clip, db float64) *clip { return cadenced(c, db, 1500*ms, 3500*ms, 2, 440) }},
	{"ringback, North America", Ringback, "", func(c *clip, db float64) *clip { return cadenced(c, db, 2000*ms, 4000*ms, 2, 440, 480) }},
	{"ringback, Britain", Ringback, "", func(c *clip, db float64) *clip {
		for range 2 {
			c.tone(400*ms, db, 400, 450).quiet(200*ms).tone(400*ms, db, 400, 450).quiet(2000 * ms)
		}
		return c
	}},
	{"SIT, E.180", SIT, "general", func(c *clip, db float64) *clip { return sitTones(c, db, 950, 330, 1400, 330, 1800) }},
	{"SIT, intercept", SIT, "intercept", func(c *clip, db float64) *clip { return sitTones(c, db, 913.8, 274, 1370.6, 274, 1776.7) }},
	{"SIT, vacant code", SIT, "vacant code", func(c *clip, db float64) *clip { return sitTones(c, db, 985.2, 380, 1370.6, 274, 1776.7) }},
	{"SIT, reorder", SIT, "reorder, local", func(c *clip, db float64) *clip { return sitTones(c, db, 913.8, 274, 1428.5, 380, 1776.7) }},
	{"SIT, no circuit", SIT, "no circuit, local", func(c *clip, db float64) *clip { return sitTones(c, db, 985.2, 380, 1428.5, 380, 1776.7) }},
	{"fax answers, CED", Fax, "CED", func(c *clip, db float64) *clip { return c.tone(3*time.Second, db, 2100) }},
	{"fax calls, CNG", Fax, "CNG", func(c *clip, db float64) *clip { return cadenced(c, db, 500*ms, 3*time.Second, 2, 1100) }},
}

func sitTones(c *clip, db, hz1, ms1, hz2, ms2, hz3 float64) *clip {
	d := func(v float64) time.Duration { return time.Duration(v * float64(ms)) }
	return c.tone(d(ms1), db, hz1).tone(d(ms2), db, hz2).tone(380*ms, db, hz3).quiet(500 * ms)
}

func TestNetworkTonesAreKnownByFrequencyAndCadenceAtAnyLevelAndIn10DBOfNoise(t *testing.T) {
	for _, tone := range networkTones {
		for _, db := range []float64{-10, -38} {
			for _, snr := range []float64{10, 60} {
				name := fmt.Sprintf("%s at %.0f dB, noise %.0f dB below", tone.name, db, snr)
				t.Run(name, func(t *testing.T) {
					for _, early := range []bool{false, true} {
						c := newClip(uint64(snr)).quiet(200 * ms)
						pcm := tone.make(c, db).noise(db - snr).pcm()
						v := firstVerdict(Settings{DecideWithin: 3 * time.Second, EarlyMedia: early}, pcm)
						if v.Kind != tone.kind {
							t.Errorf("early=%v: verdict %s (%s)", early, v.Kind, v.Why)
						} else if snr > 10 && v.Detail != tone.detail {
							t.Errorf("early=%v: detail %q, want %q (%s)", early, v.Detail, tone.detail, v.Why)
						}
					}
				})
			}
		}
	}
}

// So do gateways that send nothing while it is quiet: the first frame of a tone
// is then half digital silence.
func TestNetworkTonesAreKnownOnALineThatSendsNothingBetween(t *testing.T) {
	for _, tone := range networkTones {
		for _, off := range []int{0, 80} { // where in a frame it begins
			c := newClip(3).quiet(200*ms).tone(20*ms, -60, 300).quiet(300 * ms)
			c.x = append(c.x, make([]float64, off)...)
			if v := firstVerdict(Settings{EarlyMedia: off == 0}, tone.make(c, -20).pcm()); v.Kind != tone.kind || v.Detail != tone.detail {
				t.Errorf("%s, %d samples into a frame: %s %q (%s)", tone.name, off, v.Kind, v.Detail, v.Why)
			}
		}
	}
}

func TestSpeechIsNeverABeepOrANetworkTone(t *testing.T) {
	for seed := range uint64(8) {
		c := newClip(seed).quiet(300 * ms)
		for range 5 {
			c.speech(time.Duration(500+c.rng.IntN(2500))*ms, -18).quiet(time.Duration(100+c.rng.IntN(1500)) * ms)
		}
		verdicts, _ := hearAll(Settings{}, c.noise(-48).pcm())
		for _, v := range verdicts {
			if v.Kind != Human && v.Kind != Machine {
				t.Errorf("seed %d: %s at %v: %s", seed, v.Kind, v.At, v.Why)
			}
		}
	}
}
