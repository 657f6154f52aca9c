package amd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhoAnsweredShowsInTheLengthOfTheGreeting(t *testing.T) {
	cases := []struct {
		name  string
		make  func(c *clip) *clip
		want  Kind
		until time.Duration
	}{
		{"a bare hello", func(c *clip) *clip { return c.quiet(400*ms).speech(450*ms, -20).quiet(3 * time.Second) }, Human, 2000 * ms},
		{"two words", func(c *clip) *clip {
			return c.quiet(600*ms).speech(400*ms, -24).quiet(180*ms).speech(400*ms, -24).quiet(3 * time.Second)
		}, Human, 2300 * ms},
		{"hello from the first sample on", func(c *clip) *clip { return c.speech(400*ms, -20).quiet(3 * time.Second) }, Human, 1100 * ms},
		{"a greeting that doesn't end", func(c *clip) *clip { return c.quiet(200*ms).speech(9*time.Second, -20) }, Machine, 3000 * ms},
		{"nothing", func(c *clip) *clip { return c.quiet(6 * time.Second) }, Silence, 3000 * ms},
	}
	for _, c := range cases {
		for _, noise := range []float64{-75, -60, -45} {
			t.Run(c.name, func(t *testing.T) {
				for seed := range uint64(5) {
					v := firstVerdict(Settings{}, c.make(newClip(seed)).noise(noise).pcm())
					if v.Kind != c.want || v.At > c.until {
						t.Errorf("noise %.0f dB, seed %d: %s at %v: %s", noise, seed, v.Kind, v.At, v.Why)
					}
				}
			})
		}
	}
}

func TestAPersonWhoSpeaksLateTurnsSilenceIntoHuman(t *testing.T) {
	pcm := newClip(1).quiet(4*time.Second).speech(500*ms, -20).quiet(time.Second).noise(-60).pcm()
	verdicts, _ := hearAll(Settings{}, pcm)
	if len(verdicts) != 2 || verdicts[0].Kind != Silence || verdicts[1].Kind != Human {
		t.Errorf("verdicts %+v", verdicts)
	}
}

func TestEarlyMediaNeverMakesAPersonOrAMachine(t *testing.T) {
	pcm := newClip(1).quiet(500*ms).speech(500*ms, -20).quiet(time.Second).speech(5*time.Second, -20).noise(-60).pcm()
	verdicts, _ := hearAll(Settings{EarlyMedia: true}, pcm)
	if len(verdicts) != 1 || verdicts[0].Detail != "announcement" {
		t.Errorf("verdicts %+v", verdicts)
	}
}

func TestTheVerdictDependsOnTheSamplesAndNotOnHowTheyAreCut(t *testing.T) {
	pcm := newClip(4).quiet(300*ms).speech(700*ms, -20).quiet(time.Second).tone(300*ms, -15, 1000).quiet(time.Second).noise(-55).pcm()
	whole := New(Settings{})
	whole.Feed(pcm)
	_, cut := hearAll(Settings{}, pcm)
	odd := New(Settings{})
	for i := 0; i < len(pcm); i += 77 {
		odd.Feed(pcm[i:min(i+77, len(pcm))])
	}
	if diff := cmp.Diff(whole.Finish(), cut.Finish()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(odd.Finish(), cut.Finish()); diff != "" {
		t.Error(diff)
	}
}

func TestAnEmptyRecordingIsSilence(t *testing.T) {
	if v := New(Settings{}).Finish(); v.Kind != Silence || v.BeepAt != -1 {
		t.Errorf("verdict %+v", v)
	}
}

func BenchmarkFrameOfSpeech(b *testing.B) {
	pcm := newClip(1).speech(10*time.Second, -20).noise(-50).pcm()
	d := New(Settings{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		d.Feed(pcm[i : i+frameSamples])
		if i += frameSamples; i+frameSamples > len(pcm) {
			i = 0
		}
	}
}
