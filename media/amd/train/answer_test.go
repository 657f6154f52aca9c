package main

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"apel/media/amd/evaluate"

	"github.com/google/go-cmp/cmp"
)

// buzz stands for a phrase: a tone of a length, trimmed and levelled.
func buzz(seconds float64) utterance {
	x := make([]float64, int(seconds*rate))
	for i := range x {
		x[i] = 1000 * math.Sin(2*math.Pi*200*float64(i)/rate)
	}
	return utterance{pcm: trim(x)}
}

func testVoice() voice {
	return voice{name: "v", language: "xx", engine: "espeak", said: map[role][]utterance{
		hello: {buzz(0.4), buzz(0.6)}, firm: {buzz(1.5), buzz(3.2)}, long: {buzz(2), buzz(3)}, brief: {buzz(1.2)},
	}}
}

func TestTheSameSeedAssemblesTheSameAnswer(t *testing.T) {
	for seed := range uint64(4) {
		for _, m := range learned {
			a, ok1 := assemble(rand.New(rand.NewPCG(seed, 1)), testVoice(), m.kind, true)
			b, ok2 := assemble(rand.New(rand.NewPCG(seed, 1)), testVoice(), m.kind, true)
			if !ok1 || !ok2 || a.until != b.until || a.beepEnd != b.beepEnd {
				t.Fatalf("seed %d, %s: %v %v", seed, m.kind, a.until, b.until)
			}
			if diff := cmp.Diff(a.pcm, b.pcm); diff != "" {
				t.Fatalf("seed %d, %s: the sound differs", seed, m.kind)
			}
		}
	}
}

func TestAnAnswerIsLabelledByWhatIsInIt(t *testing.T) {
	for seed := range uint64(15) {
		for _, m := range learned {
			a, ok := assemble(rand.New(rand.NewPCG(seed, 1)), testVoice(), m.kind, true)
			if !ok {
				t.Fatalf("no %s", m.kind)
			}
			switch {
			case len(a.pcm) != seconds*rate:
				t.Errorf("%d samples", len(a.pcm))
			case !a.machine() && a.beepEnd >= 0:
				t.Errorf("a person beeps at %.2f s", a.beepEnd)
			case m.kind == long && a.until < 3.6:
				t.Errorf("a long greeting ends at %.2f s", a.until)
			case m.kind == hello && a.until > 1.8+2.2:
				t.Errorf("a hello ends at %.2f s", a.until)
			case a.beepEnd >= 0 && (a.beepEnd <= a.until || a.beepEnd > seconds):
				t.Errorf("speech until %.2f s, beep until %.2f s", a.until, a.beepEnd)
			}
		}
	}
}

func TestAPhraseIsTrimmedAndLevelled(t *testing.T) {
	x := make([]float64, rate)
	for i := rate / 4; i < rate/2; i++ {
		x[i] = 500 * math.Sin(float64(i))
	}
	got := trim(x)
	if len(got) < rate/4-160 || len(got) > rate/4+160 {
		t.Errorf("%d samples are left of %d", len(got), rate/4)
	}
	power := 0.0
	for _, v := range got {
		power += v * v / float64(len(got))
	}
	if math.Abs(power-1) > 0.1 {
		t.Errorf("power %.2f, want 1", power)
	}
	if trim(make([]float64, rate)) != nil {
		t.Error("something is left of silence")
	}
}

func TestResamplingKeepsAToneAndDropsWhatATelephoneCannotCarry(t *testing.T) {
	level := func(hz float64) float64 {
		x := make([]float64, 22050)
		for i := range x {
			x[i] = math.Sin(2 * math.Pi * hz * float64(i) / 22050)
		}
		power := 0.0
		y := resample(x, 22050)
		for _, v := range y[400 : len(y)-400] {
			power += 2 * v * v / float64(len(y)-800)
		}
		return 10 * math.Log10(power)
	}
	if db := level(1000); math.Abs(db) > 0.2 {
		t.Errorf("1,000 Hz comes out at %.1f dB", db)
	}
	if db := level(6000); db > -35 {
		t.Errorf("6,000 Hz comes out at %.1f dB", db)
	}
}

func TestFrenchAndItalianAreInNoTrainingData(t *testing.T) {
	for _, l := range append(languages(), trainSounds...) {
		if l == "fr" || l == "it" {
			t.Errorf("%s is trained on", l)
		}
	}
}

func TestWrittenAnswersHaveLabelsThatTheEvaluationReads(t *testing.T) {
	o := options{seed: 1, answers: 6, workers: 1}
	folder := t.TempDir()
	if err := writeAnswers(folder, o.assembleAll(context.Background(), []voice{testVoice()})); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	labels, err := evaluate.ParseLabels(strings.NewReader(string(text)))
	if err != nil || len(labels) != 6 {
		t.Fatalf("%d labels: %v", len(labels), err)
	}
	for _, l := range labels {
		data, err := os.ReadFile(filepath.Join(folder, l.File))
		if err != nil {
			t.Fatal(err)
		}
		if pcm, err := readWAV(data); err != nil || len(pcm) != seconds*rate {
			t.Errorf("%s: %d samples: %v", l.File, len(pcm), err)
		}
	}
}
