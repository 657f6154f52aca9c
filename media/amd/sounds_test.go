package amd

import (
	"math"
	"math/rand/v2"
	"time"
)

// clip is sound being made for a test: tones, noise and speech-like signals,
// one after the other.
type clip struct {
	x      []float64
	rng    *rand.Rand
	detune float64 // factor of tones' frequencies; 0 is 1
	twist  float64 // dB of a pair's second tone over the first
}

func newClip(seed uint64) *clip { return &clip{rng: rand.New(rand.NewPCG(seed, 7))} }

func samples(d time.Duration) int { return int(d.Seconds() * sampleRate) }

func (c *clip) quiet(d time.Duration) *clip {
	c.x = append(c.x, make([]float64, samples(d))...)
	return c
}

// tone adds sines of equal amplitude at a level (dB below full scale, all together).
func (c *clip) tone(d time.Duration, db float64, hz ...float64) *clip {
	amp := math.Pow(10, db/20) * 32768 * math.Sqrt(2/float64(len(hz)))
	detune := c.detune
	if detune == 0 {
		detune = 1
	}
	for i := range samples(d) {
		v := 0.0
		for k, f := range hz {
			v += amp * math.Pow(10, float64(k)*c.twist/20) * math.Sin(2*math.Pi*f*detune*float64(i)/sampleRate)
		}
		c.x = append(c.x, v)
	}
	return c
}

// glide adds a sine whose frequency moves from one to another.
func (c *clip) glide(d time.Duration, db, from, to float64) *clip {
	amp := math.Pow(10, db/20) * 32768 * math.Sqrt2
	n := samples(d)
	phase := 0.0
	for i := range n {
		f := from + (to-from)*float64(i)/float64(n)
		phase += 2 * math.Pi * f / sampleRate
		c.x = append(c.x, amp*math.Sin(phase))
	}
	return c
}

// speech adds syllables: pulses at a moving pitch through three resonances that
// move too, with a rise and fall of level and short pauses between.
func (c *clip) speech(d time.Duration, db float64) *clip {
	for left := d; left > 0; {
		syllable := min(left, time.Duration(120+c.rng.IntN(140))*time.Millisecond)
		c.syllable(syllable, db+4*c.rng.Float64()-2)
		left -= syllable
		if gap := min(left, time.Duration(20+c.rng.IntN(60))*time.Millisecond); gap > 0 {
			c.quiet(gap)
			left -= gap
		}
	}
	return c
}

func (c *clip) syllable(d time.Duration, db float64) {
	n := samples(d)
	pitch := 100 + 110*c.rng.Float64()
	slope := (c.rng.Float64() - 0.5) * 60
	formants := [3]float64{300 + 500*c.rng.Float64(), 900 + 1300*c.rng.Float64(), 2300 + 700*c.rng.Float64()}
	moves := [3]float64{(c.rng.Float64() - 0.5) * 300, (c.rng.Float64() - 0.5) * 700, 0}
	var y1, y2 [3]float64
	out := make([]float64, n)
	phase, power := 0.0, 0.0
	for i := range n {
		t := float64(i) / float64(n)
		phase += (pitch + slope*t) / sampleRate
		in := 0.02 * c.rng.NormFloat64()
		if phase >= 1 {
			phase--
			in++
		}
		for k := range formants {
			f := formants[k] + moves[k]*t
			r := math.Exp(-math.Pi * (60 + 40*float64(k)) / sampleRate)
			y := in + 2*r*math.Cos(2*math.Pi*f/sampleRate)*y1[k] - r*r*y2[k]
			y2[k], y1[k] = y1[k], y
			out[i] += y / float64(k+1)
		}
		out[i] *= math.Sin(math.Pi * math.Min(1, 0.08+t*0.92))
		power += out[i] * out[i]
	}
	gain := math.Pow(10, db/20) * 32768 / math.Sqrt(power/float64(n)+1e-9)
	for _, v := range out {
		c.x = append(c.x, v*gain)
	}
}

// noise adds white noise over all there is so far.
func (c *clip) noise(db float64) *clip {
	amp := math.Pow(10, db/20) * 32768
	for i := range c.x {
		c.x[i] += amp * c.rng.NormFloat64()
	}
	return c
}

func (c *clip) pcm() []int16 {
	out := make([]int16, len(c.x))
	for i, v := range c.x {
		out[i] = int16(max(-32768, min(32767, v)))
	}
	return out
}

// hearAll feeds a whole clip and returns every verdict in order.
func hearAll(s Settings, pcm []int16) (verdicts []Verdict, d *Detector) {
	d = New(s)
	for len(pcm) > 0 {
		n := min(frameSamples, len(pcm))
		if v, ok := d.Feed(pcm[:n]); ok {
			verdicts = append(verdicts, v)
		}
		pcm = pcm[n:]
	}
	return verdicts, d
}

// firstVerdict is the first decision, or what Finish makes of the clip.
func firstVerdict(s Settings, pcm []int16) Verdict {
	verdicts, d := hearAll(s, pcm)
	if len(verdicts) == 0 {
		return d.Finish()
	}
	return verdicts[0]
}
