package lab

import (
	"math"

	"apel/media"

	"github.com/zaf/g711"
)

// The dialer's tones to an operator, 100 ms each at -12 dBFS: between them a
// customer is on the line.
const (
	ConnectTone = 1000.0 // Hz
	EndTone     = 500.0  // Hz
)

// toneFrames is how many frames in a row make a tone: three of its five, so
// that two may be lost or lie on its edges.
const toneFrames = 3

// toneEar finds the dialer's tones in frames of G.711.
type toneEar struct {
	pcm  [media.FrameSamples]float64
	last float64
	run  int
}

// hear takes a frame; it gives the frequency of the tone that has just become
// certain, or 0, and whether the frame is part of any tone.
func (t *toneEar) hear(law media.Codec, payload []byte) (certain float64, tone bool) {
	found := t.find(law, payload)
	if found == 0 || found != t.last {
		t.run = 0
	}
	t.last = found
	if found == 0 {
		return 0, false
	}
	if t.run++; t.run == toneFrames {
		return found, true
	}
	return 0, true
}

// find says which tone a frame is: nearly all of its energy at one frequency,
// and loud enough.
//
//go:norace
func (t *toneEar) find(law media.Codec, payload []byte) float64 {
	n := min(len(payload), len(t.pcm))
	energy := 0.0
	for i, b := range payload[:n] {
		v := g711.DecodeUlawFrame(b)
		if law == media.PCMA {
			v = g711.DecodeAlawFrame(b)
		}
		t.pcm[i] = float64(v)
		energy += t.pcm[i] * t.pcm[i]
	}
	if n < len(t.pcm) || math.Sqrt(energy/float64(n)) < 1000 {
		return 0
	}
	for _, hz := range [2]float64{ConnectTone, EndTone} {
		if goertzel(t.pcm[:n], hz) > 0.95*energy*float64(n)/2 {
			return hz
		}
	}
	return 0
}

// goertzel is the squared magnitude at a frequency (Goertzel, 1958). A pure
// sine there has energy * n / 2.
//
//go:norace
func goertzel(pcm []float64, hz float64) float64 {
	w := 2 * math.Cos(2*math.Pi*hz/media.SampleRate)
	var s1, s2 float64
	for _, v := range pcm {
		s1, s2 = v+w*s1-s2, s1
	}
	return s1*s1 + s2*s2 - w*s1*s2
}
