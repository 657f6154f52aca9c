package main

import (
	"math"
	"math/rand/v2"

	"github.com/zaf/g711"
)

// scene is when a recording plays, seconds; a person's is the whole call.
type scene struct{ from, to float64 }

// overTheLine turns clean speech into what arrives at the dialer: the room, the
// noise in it, a level, a band, echo, a codec and lost packets.
func overTheLine(rng *rand.Rand, x []float64, machine bool, s scene, speechFrom int) []int16 {
	if chance(rng, 40, 25, machine) {
		reverberate(rng, x)
	}
	if chance(rng, 15, 5, machine) {
		breathe(rng, x, speechFrom)
	}
	background(rng, x, machine, s)
	band(rng, x)
	if rng.IntN(100) < 30 && chance(rng, 100, 50, machine) {
		bump(rng, x)
	}
	if rng.IntN(7) == 0 {
		echo(rng, x)
	}
	add(x, noise(rng, "white", len(x)), 0, gain(-45-30*rng.Float64())) // the line itself
	level := gain(-14-22*rng.Float64()) * 32768
	out := make([]int16, len(x))
	for i, v := range x {
		out[i] = int16(math.Max(-32768, math.Min(32767, v*level)))
	}
	encode(rng, out)
	lose(rng, out)
	if rng.IntN(12) == 0 {
		suppress(out)
	}
	open(rng, out)
	return out
}

// open is digital silence from the answer until the first packet comes, which
// takes what the way takes and, at some far ends, half a second more.
func open(rng *rand.Rand, x []int16) {
	var late float64 // seconds
	switch n := rng.IntN(100); {
	case n < 15:
	case n < 80:
		late = 0.02 + 0.16*rng.Float64()
	default:
		late = 0.15 + 0.5*rng.Float64()
	}
	clear(x[:int(late*rate)])
}

// suppress sends nothing while the line is quiet (RFC 3551 section 4.1), as
// gateways do that know of speech and not.
func suppress(x []int16) {
	const frame, hangover = 160, 10
	loudest := 0.0
	powers := make([]float64, len(x)/frame)
	for i := range powers {
		for _, v := range x[i*frame : (i+1)*frame] {
			powers[i] += float64(v) * float64(v)
		}
		loudest = math.Max(loudest, powers[i])
	}
	quiet := hangover
	for i, p := range powers {
		if quiet++; p > loudest/5000 {
			quiet = 0
		}
		if quiet > hangover {
			clear(x[i*frame : (i+1)*frame])
		}
	}
}

// chance in per cent of people and of machines.
func chance(rng *rand.Rand, people, machines int, machine bool) bool {
	if machine {
		people = machines
	}
	return rng.IntN(100) < people
}

// background adds noise: people's is there from the answer on; a machine's
// mostly only while its recording plays.
func background(rng *rand.Rand, x []float64, machine bool, s scene) {
	if chance(rng, 20, 35, machine) {
		return // a silent room, or a line that sends none
	}
	kind := []string{"white", "pink", "pink", "car", "hum"}[rng.IntN(5)]
	from, to := 0, len(x)
	if machine && rng.IntN(100) < 65 {
		from, to = int(s.from*rate), min(len(x), int(s.to*rate))
	}
	if from >= to {
		return
	}
	db := -12 - 38*rng.Float64()
	add(x, noise(rng, kind, to-from), from, gain(db))
	if kind == "white" && rng.IntN(3) == 0 { // it comes and goes
		for i := from; i < to; i++ {
			x[i] *= 1 + 0.2*math.Sin(2*math.Pi*float64(i)/rate*0.7)
		}
	}
}

func reverberate(rng *rand.Rand, x []float64) {
	decay := 0.03 + 0.15*rng.Float64() // seconds to fall by 60 dB, roughly a third of RT60
	n := int(decay * rate)
	taps := 40
	wet := gain(-8 - 12*rng.Float64())
	dry := append([]float64(nil), x...)
	for range taps {
		at := 20 + rng.IntN(n)
		g := wet * math.Exp(-3*float64(at)/float64(n)) * rng.NormFloat64()
		for i := at; i < len(x); i++ {
			x[i] += g * dry[i-at]
		}
	}
}

func breathe(rng *rand.Rand, x []float64, speechFrom int) {
	n := int((0.1 + 0.25*rng.Float64()) * rate)
	air := noise(rng, "white", n)
	passFilter(true, 900).apply(air)
	for i := range air {
		air[i] *= math.Sin(math.Pi * float64(i) / float64(n))
	}
	add(x, air, speechFrom-n-int(0.1*rng.Float64()*rate), gain(-26+12*rng.Float64()))
}

// band cuts the edges as a telephone, a codec or a cheap microphone does.
func band(rng *rand.Rand, x []float64) {
	high := passFilter(true, 100+250*rng.Float64())
	low := passFilter(false, 2500+1300*rng.Float64())
	high.apply(x)
	low.apply(x)
	if rng.IntN(2) == 0 {
		high.apply(x)
		low.apply(x)
	}
}

// bump is a handset being lifted, or a click of the line, soon after the answer.
func bump(rng *rand.Rand, x []float64) {
	n := int((0.005 + 0.08*rng.Float64()) * rate)
	thump := noise(rng, []string{"white", "car"}[rng.IntN(2)], n)
	for i := range thump {
		thump[i] *= math.Exp(-4 * float64(i) / float64(n))
	}
	add(x, thump, rng.IntN(rate/2), gain(-16+14*rng.Float64()))
}

func echo(rng *rand.Rand, x []float64) {
	at := int((0.02 + 0.16*rng.Float64()) * rate)
	g := gain(-20 - 20*rng.Float64())
	for i := len(x) - 1; i >= at; i-- {
		x[i] += g * x[i-at]
	}
}

func encode(rng *rand.Rand, x []int16) {
	alaw := rng.IntN(3) > 0
	for i, v := range x {
		if alaw {
			x[i] = g711.DecodeAlawFrame(g711.EncodeAlawFrame(v))
		} else {
			x[i] = g711.DecodeUlawFrame(g711.EncodeUlawFrame(v))
		}
	}
}

// lose drops packets; what fills the hole is nothing or the packet before.
func lose(rng *rand.Rand, x []int16) {
	if rng.IntN(5) > 0 {
		return
	}
	share, repeat := 0.05*rng.Float64(), rng.IntN(2) == 0
	for at := 160; at+160 <= len(x); at += 160 {
		if rng.Float64() >= share {
			continue
		}
		if repeat {
			copy(x[at:at+160], x[at-160:at])
		} else {
			clear(x[at : at+160])
		}
	}
}
