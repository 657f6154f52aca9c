package media

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

var replayFile = flag.String("replay", "", "write what the operator hears of a greeting to this WAV `file`, to listen to it")

// pitch is the frequency of the strongest tone, found to a hundredth of the range.
func pitch(samples []int16, from, to float64) float64 {
	best, at := 0.0, 0.0
	for hz := from; hz <= to; hz += (to - from) / 100 {
		var re, im float64
		for i, v := range samples {
			sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / SampleRate)
			re, im = re+float64(v)*cos, im+float64(v)*sin
		}
		if p := re*re + im*im; p > best {
			best, at = p, hz
		}
	}
	return at
}

func stretched(sound []int16, rate float64) []int16 {
	s := newStretcher()
	s.add(sound)
	frame := make([]int16, FrameSamples)
	var out []int16
	for s.frame(rate, frame) {
		out = append(out, frame...)
	}
	return out
}

func TestSoundIsPlayedFasterAtItsOwnPitch(t *testing.T) {
	for _, hz := range []float64{110, 180, 300, 700, 1500} {
		for _, rate := range []float64{1, 1.3, 1.6, 2, 2.2} {
			out := stretched(Tone(hz, 2*time.Second, -12), rate)
			if got, want := float64(len(out)), 2*SampleRate/rate; math.Abs(got-want) > 3*stretchNeed {
				t.Errorf("%v Hz at %v: %v samples, want about %v", hz, rate, got, want)
			}
			out = out[FrameSamples : len(out)-FrameSamples]
			if got := pitch(out[:min(len(out), SampleRate/2)], hz*.9, hz*1.1); math.Abs(got-hz) > hz*.01+2 {
				t.Errorf("%v Hz at %v times the speed sounds at %v Hz", hz, rate, got)
			}
			loud := 0.0
			for _, v := range out {
				loud += float64(v) * float64(v)
			}
			if db := 10 * math.Log10(loud/float64(len(out))/(math.MaxInt16*math.MaxInt16/2)); math.Abs(db+12) > 1 {
				t.Errorf("%v Hz at %v times the speed has %.1f dB instead of -12", hz, rate, db)
			}
		}
	}
}

// greeting is a voice of harmonics that says so many words of 300 ms, with a
// pause of 400 ms before each.
func greeting(words int, hz float64) []int16 {
	var out []int16
	for range words {
		out = append(out, make([]int16, 4*SampleRate/10)...)
		word := Tone(hz, 300*time.Millisecond, -18)
		for h := 2.0; h <= 6; h++ {
			for i, v := range Tone(hz*h, 300*time.Millisecond, -18-4*h) {
				word[i] += v
			}
		}
		out = append(out, word...)
	}
	return out
}

// TestTheOperatorHearsTheGreetingAndIsCaughtUpWithinTwoSeconds plays greetings of
// different lengths while the customer goes on talking.
func TestTheOperatorHearsTheGreetingAndIsCaughtUpWithinTwoSeconds(t *testing.T) {
	for _, c := range []struct {
		words int
		goOn  bool // the customer does not stop
	}{{1, false}, {2, false}, {3, true}, {5, true}, {12, true}} {
		t.Run(fmt.Sprintf("%d words, goes on %t", c.words, c.goOn), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newMemNet()
				operator, far := n.open(t), n.open(t)
				for _, p := range [][2]*Session{{operator, far}, {far, operator}} {
					if err := p[0].Negotiate(Description{Addr: p[1].Local(), Codecs: []Codec{PCMA}}); err != nil {
						t.Fatal(err)
					}
				}
				past := greeting(c.words, 150)
				live := greeting(40, 150)
				if !c.goOn {
					live = make([]int16, len(live))
				}
				began := time.Now()
				asked := 0
				said := func() []int16 {
					now := int(samplesIn(time.Since(began)))
					fresh := append([]int16(nil), past...)
					past = nil
					fresh = append(fresh, live[asked:now]...)
					asked = now
					return fresh
				}
				ear := far.Listen()
				var heard []int16
				done := make(chan struct{})
				go func() {
					defer close(done)
					for range 150 {
						f, err := ear.Next(t.Context())
						if err != nil {
							return
						}
						heard = append(heard, f...)
					}
				}()
				behind, took, err := operator.Replay(t.Context(), said)
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("a greeting of %v was %v behind without its pauses, and caught up with after %v", time.Duration(c.words)*700*time.Millisecond, behind, took)
				if took > 2*time.Second {
					t.Errorf("it took %v", took)
				}
				<-done
				ear.Close()
				var voiced []int16
				for i := 0; i+FrameSamples <= len(heard); i += FrameSamples {
					if p := loudness(heard[i : i+FrameSamples]); p > 1000 {
						voiced = append(voiced, heard[i:i+FrameSamples]...)
					}
				}
				if len(voiced) < 4*FrameSamples {
					t.Fatalf("only %d samples of a voice were heard", len(voiced))
				}
				if got := pitch(voiced[:min(len(voiced), SampleRate)], 120, 190); math.Abs(got-150) > 4 {
					t.Errorf("a voice of 150 Hz was heard at %v", got)
				}
				if *replayFile != "" && c.words == 5 {
					writeMono(t, *replayFile, heard)
				}
				operator.Close()
				far.Close()
			})
		})
	}
}

func loudness(s []int16) float64 {
	sum := 0.0
	for _, v := range s {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(s)))
}

func writeMono(t *testing.T, path string, sound []int16) {
	t.Helper()
	b := wavHeader(1, int64(len(sound)))
	for _, v := range sound {
		b = append(b, byte(v), byte(uint16(v)>>8))
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Error(err)
	}
}

// spectra are the loudness of a sound in 14 bands of speech, 200 to 3400 Hz, in dB, each 10 ms of its
// own time, which runs rate times as fast. Its products are too many for the race detector, and nobody else's.
//
//go:norace
func spectra(sound []int16, rate float64) [][]float64 {
	const window = SampleRate / 25
	var all [][]float64
	for at := 0.0; int(at)+window <= len(sound); at += SampleRate / 100 / rate {
		piece := sound[int(at) : int(at)+window]
		var bands []float64
		for band := range 14 {
			hz, power := 200*math.Pow(17, float64(band)/13), 0.0
			var re, im float64
			for i, v := range piece {
				hann := .5 - .5*math.Cos(2*math.Pi*float64(i)/window)
				sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / SampleRate)
				re, im = re+hann*float64(v)*cos, im+hann*float64(v)*sin
			}
			power = re*re + im*im
			bands = append(bands, 10*math.Log10(power+1e7))
		}
		all = append(all, bands)
	}
	return all
}

// alike is the correlation of two sounds' spectra, over bands and time.
func alike(a, b [][]float64) float64 {
	var n, x, y, xx, yy, xy float64
	for i := range min(len(a), len(b)) {
		for j := range a[i] {
			u, v := a[i][j], b[i][j]
			n, x, y, xx, yy, xy = n+1, x+u, y+v, xx+u*u, yy+v*v, xy+u*v
		}
	}
	return (xy/n - x/n*y/n) / math.Sqrt((xx/n-x/n*x/n)*(yy/n-y/n*y/n))
}

// TestAVoiceSpedUpIsTheSameVoice holds recorded voices at 1.8 times their speed to what they were: what
// is said shows in the loudness of the bands of speech over time. A tape that runs faster is the measure
// of what is not understood: its voice is higher, and its vowels are others.
func TestAVoiceSpedUpIsTheSameVoice(t *testing.T) {
	clips, err := filepath.Glob("../testdata/voices/*.wav")
	if err != nil || len(clips) == 0 {
		t.Fatal("there are no voices in testdata")
	}
	const rate = 1.8
	for i, clip := range clips {
		if i%16 != 0 { // of each language
			continue
		}
		sides, err := ReadWAV(clip)
		if err != nil {
			t.Fatal(err)
		}
		was, out := sides[0], stretched(sides[0], rate)
		if got, want := len(out), len(was)*10/18; got < want*9/10-stretchNeed || got > want*11/10 {
			t.Errorf("%s: %d samples of %d", clip, got, len(was))
		}
		var tape []int16
		for at := 0.0; int(at) < len(was); at += rate {
			tape = append(tape, was[int(at)])
		}
		before := spectra(was, 1)
		kept, taped := alike(before, spectra(out, rate)), alike(before, spectra(tape, rate))
		t.Logf("%s: alike %.2f, a tape %.2f", filepath.Base(clip), kept, taped)
		if kept < .85 || taped > kept-.3 {
			t.Errorf("%s at %v times its speed is alike by %.2f, a tape by %.2f", clip, rate, kept, taped)
		}
		if *replayFile != "" && i == 0 {
			writeMono(t, *replayFile+".voice.wav", out)
		}
	}
}

func BenchmarkReplayFrame(b *testing.B) {
	sound := greeting(40, 150)
	frame := make([]int16, FrameSamples)
	for b.Loop() {
		s := newStretcher()
		s.add(sound)
		for s.frame(1.8, frame) {
		}
	}
}
