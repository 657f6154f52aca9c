package main

import (
	"math"
	"math/rand/v2"
)

// answer is one assembled answer with what is true of it.
type answer struct {
	kind                      role
	speaker, language, engine string
	pcm                       []int16
	until                     float64 // seconds: end of what was said, of people before they repeat themselves
	beepEnd                   float64 // -1 without a beep
	beep                      beep
}

// beep is how a beep was made.
type beep struct {
	kind             string // single, double, rising; empty without one
	hz, to           float64
	from, length, db float64 // seconds; against speech
}

func (a answer) machine() bool { return a.kind == long || a.kind == brief }

// voice is a speaker's utterances by role.
type voice struct {
	name, language, engine string
	said                   map[role][]utterance
}

const seconds = 7.0

// assemble makes one answer of a kind; false if the voice can't. Warped, two to
// six in ten voices speak faster and higher, or slower and lower, than they are: so one
// recorded person stands for several.
func assemble(rng *rand.Rand, v voice, kind role, warped bool) (answer, bool) {
	body := v.greeting(rng, kind)
	if body == nil {
		return answer{}, false
	}
	speed := 1.0
	if warped && rng.IntN(10) < 2+v.few() {
		speed = math.Max(0.8, math.Min(1.25, math.Exp(0.1*rng.NormFloat64())))
	}
	body = resample(body, warped8(speed))
	a := answer{kind: kind, speaker: v.name, language: v.language, engine: v.engine, beepEnd: -1}
	lead := leadTime(rng, a.machine())
	x := make([]float64, int(seconds*rate))
	speechFrom := int(lead * rate)
	add(x, body, speechFrom, 1)
	end := lead + float64(len(body))/rate
	a.until = math.Min(end, seconds)
	scene := scene{from: 0, to: seconds}
	if a.machine() {
		scene.from = math.Max(0, lead-0.05-0.8*rng.Float64())
		scene.to = end + 0.05 + 0.5*rng.Float64()
		if rng.IntN(10) < 8 {
			a.beep, a.beepEnd = addBeep(rng, x, math.Max(scene.to, end+0.15)+gapBeforeBeep(rng))
		}
	} else if rng.IntN(10) < 4 {
		again := v.greeting(rng, hello)
		add(x, resample(again, warped8(speed)), int((end+1.4+2*rng.Float64())*rate), 1)
	}
	a.pcm = overTheLine(rng, x, a.machine(), scene, speechFrom)
	return a, true
}

// human tells whether a person's voice was recorded.
func (v voice) human() bool { return v.engine == "recorded" || v.engine == "people" }

// few is how much more often a voice is warped because there are few like it.
func (v voice) few() int {
	if v.human() {
		return 4
	}
	return 0
}

// warped8 is the sample rate that sound would have to be of to come out so much
// faster: in steps of half a per cent, so that filters are few.
func warped8(speed float64) int { return int(speed*rate/40+0.5) * 40 }

// leadTime until the first word: people lift, breathe, speak; machines pick up
// and play. The two are drawn alike, so that it tells nothing by itself.
func leadTime(rng *rand.Rand, machine bool) float64 {
	if rng.IntN(20) == 0 {
		return 0 // the line opened in the middle of it
	}
	median, spread := 0.42, 0.55
	if machine {
		median, spread = 0.42, 0.65
	}
	return math.Min(1.8, median*math.Exp(spread*rng.NormFloat64()))
}

func gapBeforeBeep(rng *rand.Rand) float64 {
	return math.Min(2, 0.25*math.Exp(0.9*rng.NormFloat64()))
}

// greeting puts together what a voice says.
func (v voice) greeting(rng *rand.Rand, kind role) []float64 {
	if v.human() {
		return v.recordedGreeting(rng, kind)
	}
	switch kind {
	case long:
		return v.chain(rng, long, 2+rng.IntN(4), 0.12, 0.6, 3.6, 60)
	case hello:
		if rng.IntN(6) == 0 {
			return v.chain(rng, hello, 2, 0.08, 0.45, 0, 2.2)
		}
	case firm:
		return v.chain(rng, firm, 1, 0, 0, 0.7, 2.5)
	case desk:
		return v.chain(rng, firm, 1, 0, 0, 2.5, 5.6)
	}
	return v.chain(rng, kind, 1, 0, 0, 0, 60)
}

// recordedGreeting makes greetings of recorded prompts: words in a row are what
// people say, whole sentences what machines say.
func (v voice) recordedGreeting(rng *rand.Rand, kind role) []float64 {
	switch kind {
	case hello:
		if len(v.said[hello]) > 0 && rng.IntN(8) == 0 {
			return v.chain(rng, hello, 1, 0, 0, 0, 2)
		}
		return v.chain(rng, word, 1+rng.IntN(2), 0.03, 0.3, 0, 1.9)
	case firm:
		if rng.IntN(4) == 0 {
			return v.join(rng, v.chain(rng, brief, 1, 0, 0, 0, 1.4), v.chain(rng, word, 1+rng.IntN(2), 0.04, 0.3, 0, 1))
		}
		return v.chain(rng, word, 3+rng.IntN(3), 0.03, 0.35, 1.1, 2.5)
	case desk:
		if rng.IntN(3) == 0 {
			return v.join(rng, v.chain(rng, word, 2+rng.IntN(3), 0.03, 0.35, 1.1, 2.5), v.chain(rng, brief, 1, 0, 0, 1, 2.5))
		}
		return v.chain(rng, word, 5+rng.IntN(6), 0.03, 0.35, 2.5, 5.6)
	case long:
		if rng.IntN(4) == 0 {
			return v.join(rng, v.chain(rng, word, 1+rng.IntN(2), 0.03, 0.3, 0, 1.5), v.chain(rng, long, 2, 0.05, 0.5, 3.2, 60))
		}
		return v.chain(rng, long, 1+rng.IntN(3), 0.05, 0.5, 3.8, 60)
	case brief:
		if rng.IntN(3) == 0 {
			return v.join(rng, v.chain(rng, word, 1, 0, 0, 0, 0.9), v.chain(rng, brief, 1, 0, 0, 0, 1.6))
		}
		if rng.IntN(3) == 0 {
			return v.chain(rng, long, 1, 0, 0, 1, 2.5)
		}
		return v.chain(rng, brief, 1, 0, 0, 0.8, 2.5)
	}
	return nil
}

// chain joins utterances of a role with gaps, until the length fits.
func (v voice) chain(rng *rand.Rand, r role, count int, gapLow, gapHigh, least, most float64) []float64 {
	pool := v.said[r]
	if len(pool) == 0 {
		return nil
	}
	for range 30 {
		var x []float64
		for k := range count {
			if k > 0 {
				x = append(x, make([]float64, int((gapLow+(gapHigh-gapLow)*rng.Float64()*rng.Float64())*rate))...)
			}
			x = append(x, pool[rng.IntN(len(pool))].pcm...)
		}
		if l := float64(len(x)) / rate; l >= least && l <= most {
			return x
		}
	}
	return nil
}

func (v voice) join(rng *rand.Rand, a, b []float64) []float64 {
	if a == nil || b == nil {
		return nil
	}
	x := append([]float64(nil), a...)
	x = append(x, make([]float64, int((0.04+0.3*rng.Float64())*rate))...)
	return append(x, b...)
}

// addBeep puts a beep and tells the second at which it ends; -1 when there is no
// room for one.
func addBeep(rng *rand.Rand, x []float64, from float64) (b beep, end float64) {
	hz := 350 * math.Pow(2000.0/350, rng.Float64())
	if rng.IntN(3) == 0 {
		hz = []float64{440, 800, 1000, 1400}[rng.IntN(4)]
	}
	b = beep{"single", hz, hz, from, 0.1 + 0.9*rng.Float64()*rng.Float64(), 0}
	if from+b.length > seconds-0.8 {
		return beep{}, -1
	}
	b.db = -8 + 10*rng.Float64()
	level := gain(b.db)
	switch rng.IntN(6) {
	case 0:
		b.kind, b.length = "double", math.Max(0.1, b.length/2)
		return b, sine(x, sine(x, from, b.length, hz, hz, level)+0.05+0.15*rng.Float64(), b.length, hz, hz, level)
	case 1:
		b.kind, b.length, b.to = "rising", math.Max(0.2, b.length), hz*(1.1+0.7*rng.Float64())
	}
	return b, sine(x, from, b.length, b.hz, b.to, level)
}

// sine adds a tone whose frequency moves and returns when it ends.
func sine(x []float64, at, length, from, to, level float64) float64 {
	phase := 0.0
	n := int(length * rate)
	for i := range n {
		phase += 2 * math.Pi * (from + (to-from)*float64(i)/float64(n)) / rate
		if k := int(at*rate) + i; k < len(x) {
			x[k] += level * math.Sqrt2 * math.Sin(phase)
		}
	}
	return at + length
}
