package media

import (
	"math"
	"time"
)

// toneEdge is the length of a tone's rise and fall, in samples: 5 ms keep it
// from clicking.
const toneEdge = SampleRate / 200

// Tone makes a sine with soft edges at a level in dBFS: 0 is the loudest sine
// that int16 holds.
func Tone(hz float64, d time.Duration, dBFS float64) []int16 {
	samples := make([]int16, samplesIn(max(d, 0)))
	peak := math.MaxInt16 * math.Pow(10, min(dBFS, 0)/20)
	edge := min(toneEdge, len(samples)/2)
	for i := range samples {
		level := peak
		if near := min(i, len(samples)-1-i); near < edge {
			level *= float64(near) / float64(edge)
		}
		samples[i] = int16(math.Round(level * math.Sin(2*math.Pi*hz*float64(i)/SampleRate)))
	}
	return samples
}
