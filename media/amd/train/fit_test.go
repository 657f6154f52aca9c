package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"apel/media/amd"
)

// babble stands for speech: harmonics of a voice that come and go with syllables.
func babble(seconds float64) utterance {
	x := make([]float64, int(seconds*rate))
	for i := range x {
		t := float64(i) / rate
		for h := 1.0; h < 20; h++ {
			x[i] += math.Sin(2*math.Pi*h*(120*t+3*math.Sin(3*t))) / h
		}
		x[i] *= 1000 * (1.1 + math.Sin(2*math.Pi*4*t))
	}
	return utterance{pcm: trim(x)}
}

func TestOneCommandFitsProvesAndWritesAModelThatTheDetectorReads(t *testing.T) {
	one := voice{name: "v", language: "xx", engine: "espeak", said: map[role][]utterance{
		hello: {babble(0.4), babble(0.6)}, firm: {babble(1.5), babble(3.2)}, long: {babble(2), babble(3)}, brief: {babble(1.2)},
	}}
	other := one
	other.name, other.language = "w", "es" // of the other fold
	o := options{seed: 1, answers: 80, folds: 2, trees: 3, epochs: 1, rate: 0.01, workers: 1, out: filepath.Join(t.TempDir(), "model.txt")}
	var said strings.Builder
	if err := fitAndProve(t.Context(), o, o.assembleAll(context.Background(), []voice{one, other}), &said); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.out)
	if err != nil {
		t.Fatal(err)
	}
	m, err := amd.ParseModel(text)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Trees) != 3 || m.Net == nil || len(m.Thresholds) == 0 || !strings.Contains(strings.Join(m.Notes, "\n"), "-answers 80") {
		t.Errorf("%d trees, network %v, thresholds %v, notes %v", len(m.Trees), m.Net != nil, m.Thresholds, m.Notes)
	}
	if !strings.Contains(said.String(), "4 of 4 answers that were listened to again were decided as replayed") {
		t.Errorf("a replay decides otherwise than the detector:\n%s", said.String())
	}
}
