package amd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zaf/g711"
)

// spoken reads a clip of testdata and lets quiet follow; see its README.
func spoken(t *testing.T, path string) []int16 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, len(data), len(data)+3*sampleRate)
	for i, v := range data {
		pcm[i] = g711.DecodeUlawFrame(v)
	}
	return append(pcm, make([]int16, 3*sampleRate)...)
}

func TestSynthesisedAnswersAreJudgedByWhatTheyAre(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.ulaw")
	if err != nil || len(paths) < 9 {
		t.Fatalf("%d clips: %v", len(paths), err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".ulaw")
		t.Run(name, func(t *testing.T) {
			want := Human
			if strings.HasPrefix(name, "machine") {
				want = Machine
			}
			v := firstVerdict(Settings{}, spoken(t, path))
			if v.Kind != want || v.At > 3*time.Second {
				t.Errorf("%s at %v: %s", v.Kind, v.At, v.Why)
			}
			if wait := v.At - v.SpokeUntil; v.Kind == Human && strings.HasPrefix(name, "hello") && wait > 900*ms {
				t.Errorf("decided %v after the last word", wait)
			}
		})
	}
}

func TestSyllablesWithEqualGapsAreNoBusyTone(t *testing.T) {
	for seed := range uint64(6) {
		c := newClip(seed).quiet(200 * ms)
		for range 8 { // two harmonics of one voice, on and off as congestion is
			c.tone(140*ms, -20, 198*2, 198*3).quiet(200 * ms)
		}
		for _, early := range []bool{false, true} {
			verdicts, _ := hearAll(Settings{EarlyMedia: early}, c.noise(-60).pcm())
			for _, v := range verdicts {
				if v.Kind == Busy || v.Kind == Congestion {
					t.Errorf("seed %d: %s at %v: %s", seed, v.Kind, v.At, v.Why)
				}
			}
		}
	}
}
