package lab

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"apel/media"
	"apel/testdata/voices"

	"github.com/zaf/g711"
)

// Sound is one piece of what a callee or an operator says: a clip, a tone, or
// a pause.
type Sound struct {
	Clip  string        // a name of testdata/voices
	Tone  []float64     // frequencies in Hz, sounding together
	For   time.Duration // of a tone or pause
	Level float64       // dB above the speaker's own level
}

// Say is a clip as it is.
func Say(clip string) Sound { return Sound{Clip: clip} }

// Pause is silence.
func Pause(d time.Duration) Sound { return Sound{For: d} }

// Tone sounds frequencies together; each is at -16 dBFS for one of them and
// 3 dB lower for two.
func Tone(d time.Duration, hz ...float64) Sound { return Sound{Tone: hz, For: d} }

// Signals of the network and of machines.
var (
	congestionTone = []Sound{Tone(250*time.Millisecond, 425), Pause(250 * time.Millisecond)} // ITU-T E.180, Europe
	ringbackTone   = []Sound{Tone(1*time.Second, 425), Pause(4 * time.Second)}
	// sitTones announce that a number is not in service (ITU-T E.180 §7, "IC").
	sitTones = []Sound{Tone(274*time.Millisecond, 913.8), Tone(274*time.Millisecond, 1370.6), Tone(380*time.Millisecond, 1776.7)}
	// faxTone is the called station's answer (CED, ITU-T T.30 §4.1): 2100 Hz, 2.6 to 4 s.
	faxTone = []Sound{Pause(600 * time.Millisecond), Tone(3*time.Second, 2100), Pause(75 * time.Millisecond)}
)

// render gives the samples of a script; silence is exactly zero.
func render(script []Sound, level float64) ([]int16, error) {
	var out []int16
	for _, s := range script {
		gain := math.Pow(10, (level+s.Level)/20)
		switch {
		case s.Clip != "":
			clip, err := samples(s.Clip)
			if err != nil {
				return nil, err
			}
			out = appendLouder(out, clip, gain)
		case len(s.Tone) > 0:
			out = appendTone(out, s, gain)
		default:
			out = append(out, make([]int16, count(s.For))...)
		}
	}
	return out, nil
}

//go:norace
func appendLouder(out, clip []int16, gain float64) []int16 {
	out = slices.Grow(out, len(clip))
	for _, v := range clip {
		out = append(out, clip16(float64(v)*gain))
	}
	return out
}

// The loops over samples below, and in goertzel.go, are left out of the race
// detector (go:norace): each has its sound to itself, and what takes it from one
// goroutine to another is seen. With it, sound is most of what a call costs.

// tones are what Sounds with a Tone have been rendered to, by what they are and
// their gain: humming is the same second over and over.
var tones sync.Map // string to []int16

// appendTone adds sines with edges of 5 ms.
func appendTone(out []int16, s Sound, gain float64) []int16 {
	key := fmt.Sprint(s.Tone, s.For, gain)
	tone, ok := tones.Load(key)
	if !ok {
		tone, _ = tones.LoadOrStore(key, sines(s, gain))
	}
	return append(out, tone.([]int16)...)
}

//go:norace
func sines(s Sound, gain float64) (out []int16) {
	n, edge := count(s.For), count(5*time.Millisecond)
	amp := 0.158 * math.MaxInt16 * gain * math.Sqrt2 / math.Sqrt(float64(len(s.Tone)))
	for i := range n {
		v := 0.0
		for _, hz := range s.Tone {
			v += math.Sin(2 * math.Pi * hz * float64(i) / media.SampleRate)
		}
		ramp := min(1, float64(i)/float64(edge), float64(n-1-i)/float64(edge))
		out = append(out, clip16(v*amp*ramp))
	}
	return out
}

func count(d time.Duration) int { return int(d * media.SampleRate / time.Second) }

func clip16(v float64) int16 {
	return int16(max(math.MinInt16, min(math.MaxInt16, v)))
}

var clips sync.Map // name to []int16

// samples decodes a clip, once.
func samples(name string) ([]int16, error) {
	if v, ok := clips.Load(name); ok {
		return v.([]int16), nil
	}
	ulaw, err := voices.Ulaw(name)
	if err != nil {
		return nil, fmt.Errorf("no clip %q: %w", name, err)
	}
	pcm := make([]int16, len(ulaw))
	for i, b := range ulaw {
		pcm[i] = g711.DecodeUlawFrame(b)
	}
	clips.Store(name, pcm)
	return pcm, nil
}

// noise adds a line's hiss: white, by seed, uniform, at an RMS of level dBFS.
type noise struct {
	state uint64
	amp   float64
}

func newNoise(rng *rand.Rand, level float64) *noise {
	if level == 0 {
		return &noise{}
	}
	return &noise{state: rng.Uint64(), amp: math.MaxInt16 * math.Pow(10, level/20) * math.Sqrt(3)}
}

// add mixes hiss into a frame.
//
//go:norace
func (n *noise) add(frame []int16) {
	if n.amp == 0 {
		return
	}
	for i, v := range frame {
		n.state = n.state*6364136223846793005 + 1442695040888963407
		frame[i] = clip16(float64(v) + n.amp*float64(int32(n.state>>32))/(1<<31))
	}
}

// silent says that a frame of a script has no sound in it.
//
//go:norace
func silent(frame []int16) bool {
	for _, v := range frame {
		if v != 0 {
			return false
		}
	}
	return true
}

// loudness is the mean magnitude of a G.711 byte, per law.
var loudness = func() (table [2][256]int32) {
	for i := range 256 {
		table[0][i] = abs(int32(g711.DecodeUlawFrame(uint8(i))))
		table[1][i] = abs(int32(g711.DecodeAlawFrame(uint8(i))))
	}
	return table
}()

func abs(v int32) int32 {
	if v < 0 {
		return -v
	}
	return v
}
