package learn

import (
	"errors"
	"math/rand/v2"
	"testing"

	"apel/media/amd"
)

// calls are labelled moments of which one feature tells the truth, in so many per cent.
func calls(n int, told int, seed uint64) (list []Example) {
	rng := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		e := Example{Machine: rng.IntN(2) == 0, Answer: i}
		shows := e.Machine
		if rng.IntN(100) >= told {
			shows = rng.IntN(2) == 0
		}
		for k := range e.Features {
			e.Features[k] = rng.Float32()
		}
		if shows {
			e.Features[3] += 2
		}
		list = append(list, e)
	}
	return list
}

func weighed(list []Example) []Example { balance(list); return list }

// blank is a model that knows nothing.
func blank() *amd.Model {
	return &amd.Model{Trees: make([]amd.Tree, 1), Thresholds: []amd.Threshold{{PeopleLost: 0.01, Ratio: 1}}}
}

func TestACandidateThatHasLearnedFromCallsIsAdopted(t *testing.T) {
	base := Fit(weighed(calls(300, 50, 9)), Config{Trees: 10})
	base.Thresholds = []amd.Threshold{{PeopleLost: 0.01, Ratio: 1}}
	m, trial, err := Retrain(base, calls(900, 98, 1), 0.01, 1)
	if err != nil {
		t.Fatal(err)
	}
	if better, why := trial.Better(); !better || trial.LossAfter > 0.7*trial.LossBefore {
		t.Errorf("not adopted: %s (%+v)", why, trial)
	}
	if trial.People+trial.Machines < 200 || trial.People+trial.Machines > 400 {
		t.Errorf("%+v: a third is held out of 900", trial)
	}
	if again, err := amd.ParseModel(m.Text()); err != nil || len(again.Trees) != 50 {
		t.Errorf("the candidate cannot be read: %v", err)
	}
}

func TestACandidateThatHasLearnedNothingIsNotAdopted(t *testing.T) {
	good, _, err := Retrain(blank(), calls(3000, 100, 2), 0.01, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, trial, err := Retrain(good, calls(300, 0, 3), 0.01, 1)
	if err != nil {
		t.Fatal(err)
	}
	// By labels that say nothing it may only unlearn; on calls as they are, it does.
	m, _, _ := Retrain(good, calls(300, 0, 3), 0.01, 1)
	if better, why := compare(good, m, calls(500, 100, 4), 1).Better(); better {
		t.Errorf("adopted: %s (%+v)", why, trial)
	}
}

func TestWithTooFewCallsNothingIsLearned(t *testing.T) {
	if _, _, err := Retrain(blank(), calls(50, 95, 1), 0.01, 1); !errors.Is(err, ErrTooFew) {
		t.Errorf("error %v", err)
	}
}
