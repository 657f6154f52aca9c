package amd

import (
	"math"
	"testing"
	"time"
)

// TestNetworkToneByTheHundredAtTenDecibels draws levels, twist, detuning and
// where in its period a tone is first heard, all in noise 10 dB below it.
func TestNetworkTonesByTheHundredIn10DBOfNoise(t *testing.T) {
	const each = 6
	wrong, all := 0, 0
	for _, tone := range networkTones {
		for seed := range uint64(each) {
			c := newClip(1000 + seed)
			c.detune = 1 + 0.012*(2*c.rng.Float64()-1)
			c.twist = 3 * (2*c.rng.Float64() - 1)
			c.quiet(time.Duration(c.rng.IntN(800)) * ms)
			db := -10 - 26*c.rng.Float64()
			tone.make(c, db)
			pcm := c.noise(db - 10).pcm()
			v := firstVerdict(Settings{EarlyMedia: seed%2 == 0}, pcm)
			all++
			if v.Kind != tone.kind {
				_, d := hearAll(Settings{EarlyMedia: seed%2 == 0}, pcm)
				for k := range d.tones.n {
					t.Logf("%+v", d.tones.done[k])
				}
				wrong++
				t.Logf("%s, seed %d, %.0f dB, twist %.1f dB: %s (%s)", tone.name, seed, db, c.twist, v.Kind, v.Why)
			}
		}
	}
	if share := float64(wrong) / float64(all); share > 0.01 {
		t.Errorf("%d of %d wrong, %.1f %%", wrong, all, 100*share)
	}
}

func TestBeepsByTheHundredAreFoundWithin300Ms(t *testing.T) {
	const count = 120
	found := 0
	for seed := range uint64(count) {
		c := newClip(5000 + seed)
		c.quiet(300*ms).speech(time.Duration(800+c.rng.IntN(3000))*ms, -20).quiet(time.Duration(200+c.rng.IntN(1200)) * ms)
		hz := 350 * math.Pow(2000.0/350, c.rng.Float64())
		length := time.Duration(100+c.rng.IntN(900)) * ms
		db := -12 - 14*c.rng.Float64()
		switch c.rng.IntN(4) {
		case 0:
			c.tone(max(100*ms, length/2), db, hz).quiet(time.Duration(60+c.rng.IntN(200))*ms).tone(max(100*ms, length/2), db, hz)
		case 1:
			c.glide(max(200*ms, length), db, hz, min(2000, hz*(1.1+0.6*c.rng.Float64())))
		default:
			c.tone(length, db, hz)
		}
		end := time.Duration(len(c.x)) * time.Second / sampleRate
		verdicts, d := hearAll(Settings{}, c.quiet(time.Second).noise(-42-20*c.rng.Float64()).pcm())
		if v := last(verdicts); v.Kind == Beep && (v.BeepAt-end).Abs() <= 60*ms && v.At <= end+300*ms {
			found++
		} else {
			for k := d.tones.n - 1; k >= max(0, d.tones.n-3); k-- {
				t.Logf("%+v", d.tones.done[k])
			}
			t.Logf("seed %d: %.0f Hz for %v at %.0f dB, end %v: %s at %v, beep %v", seed, hz, length, db, end, v.Kind, v.At, v.BeepAt)
		}
	}
	if found < count*97/100 {
		t.Errorf("%d of %d found", found, count)
	}
}
