package media

import (
	"math"
	"testing"
)

func TestALawedSoundIsTheSameAfterDecodingAndEncoding(t *testing.T) {
	for _, c := range []Codec{PCMU, PCMA} {
		for i := range 256 {
			b := []byte{byte(i)}
			sample := c.Decode(nil, b)
			again := c.Decode(nil, c.Encode(nil, sample))
			if again[0] != sample[0] {
				t.Errorf("%v byte %#x is %d, then %d", c, i, sample[0], again[0])
			}
		}
	}
}

func TestALawKeepsSamplesWithinItsStep(t *testing.T) {
	for _, c := range []Codec{PCMU, PCMA} {
		for s := math.MinInt16; s <= math.MaxInt16; s++ {
			got := int(roundTrip(c, []int16{int16(s)})[0])
			if off := math.Abs(float64(got - s)); off > 16+math.Abs(float64(s))/16 && math.Abs(float64(s)) < 32000 {
				t.Fatalf("%v: %d becomes %d", c, s, got)
			}
		}
	}
}

func TestConvertingALawIsDecodingAndEncoding(t *testing.T) {
	for i := range 256 {
		for from, to := range map[Codec]Codec{PCMU: PCMA, PCMA: PCMU} {
			b := []byte{byte(i)}
			got := to.Decode(nil, from.convert(nil, b, to))[0]
			want := roundTrip(to, from.Decode(nil, b))[0]
			if got != want {
				t.Errorf("%v %#x: %d, want %d", from, i, got, want)
			}
		}
	}
}

func TestAToneHasItsLevelAndSoftEdges(t *testing.T) {
	tone := Tone(1000, 1e9, -20)
	if len(tone) != SampleRate || tone[0] != 0 || tone[len(tone)-1] != 0 {
		t.Errorf("%d samples from %d to %d", len(tone), tone[0], tone[len(tone)-1])
	}
	if got := levelAt(tone, 1000); math.Abs(got+20) > 0.2 {
		t.Errorf("level %.1f dBFS", got)
	}
	if got := len(Tone(1000, -1, 0)); got != 0 {
		t.Errorf("%d samples of a negative duration", got)
	}
}

// levelAt is the level of a frequency in dBFS (Goertzel's sum, directly).
func levelAt(samples []int16, hz float64) float64 {
	var re, im float64
	for i, s := range samples {
		a := 2 * math.Pi * hz * float64(i) / SampleRate
		re += float64(s) * math.Cos(a)
		im += float64(s) * math.Sin(a)
	}
	return 20 * math.Log10(2*math.Hypot(re, im)/float64(len(samples))/math.MaxInt16)
}
