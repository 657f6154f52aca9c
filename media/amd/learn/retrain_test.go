package learn

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
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

// dealt parts labelled moments as calls of a centre are.
func dealt(list []Example) (fit, held []Example) {
	var ids []string
	for i := range list {
		ids = append(ids, fmt.Sprintf("%08d", i))
	}
	for i, judges := range Deal(ids, "") {
		if judges {
			held = append(held, list[i])
		} else {
			fit = append(fit, list[i])
		}
	}
	return fit, held
}

// retrain by calls of which none has judged yet.
func retrain(base *amd.Model, list []Example) (*amd.Model, Trial, error) {
	fit, held := dealt(list)
	return Retrain(base, fit, held, 0.01, 1)
}

func weighed(list []Example) []Example { balance(list); return list }

// blank is a model that knows nothing.
func blank() *amd.Model {
	return &amd.Model{Trees: make([]amd.Tree, 1), Thresholds: []amd.Threshold{{PeopleLost: 0.01, Ratio: 1}}}
}

func TestACandidateThatHasLearnedFromCallsIsAdopted(t *testing.T) {
	base := Fit(weighed(calls(300, 50, 9)), Config{Trees: 10})
	base.Thresholds = []amd.Threshold{{PeopleLost: 0.01, Ratio: 1}}
	m, trial, err := retrain(base, calls(900, 98, 1))
	if err != nil {
		t.Fatal(err)
	}
	if better, why := trial.Better(); !better || trial.LossAfter > 0.7*trial.LossBefore {
		t.Errorf("not adopted: %s (%+v)", why, trial)
	}
	if trial.People+trial.Machines < 400 || trial.People+trial.Machines > 500 {
		t.Errorf("%+v: half is held out of 900", trial)
	}
	if again, err := amd.ParseModel(m.Text()); err != nil || len(again.Trees) != 50 {
		t.Errorf("the candidate cannot be read: %v", err)
	}
}

func TestACandidateThatHasLearnedNothingIsNotAdopted(t *testing.T) {
	good, _, err := retrain(blank(), calls(3000, 100, 2))
	if err != nil {
		t.Fatal(err)
	}
	_, trial, err := retrain(good, calls(300, 0, 3))
	if err != nil {
		t.Fatal(err)
	}
	// By labels that say nothing it may only unlearn; on calls as they are, it does.
	m, _, _ := retrain(good, calls(300, 0, 3))
	if better, why := compare(good, m, calls(500, 100, 4), 1).Better(); better {
		t.Errorf("adopted: %s (%+v)", why, trial)
	}
}

func TestWithTooFewCallsNothingIsLearned(t *testing.T) {
	if _, _, err := retrain(blank(), calls(50, 95, 1)); !errors.Is(err, ErrTooFew) {
		t.Errorf("error %v", err)
	}
}

func TestNoCallJudgesTwice(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	judged := map[string]int{}
	var ids []string
	since, made := "", 0
	for range 20 {
		for range rng.IntN(40) {
			made++
			ids = append(ids, fmt.Sprintf("%04d-%08x", made, rng.Uint32()))
		}
		ids = ids[rng.IntN(1+len(ids)/4):] // the evidence of old ones is forgotten
		for i, judges := range Deal(ids, since) {
			if judges {
				judged[ids[i]]++
			}
		}
		if len(ids) > 0 {
			since = ids[len(ids)-1]
		}
	}
	if len(judged) < 100 {
		t.Fatalf("only %d calls judged", len(judged))
	}
	for id, n := range judged {
		if n > 1 {
			t.Errorf("call %s judged %d times", id, n)
		}
	}
}

func TestWithNoNewCallsToJudgeByNothingIsTried(t *testing.T) {
	list := calls(900, 98, 1)
	_, _, err := Retrain(blank(), list, nil, 0.01, 1)
	if !errors.Is(err, ErrTooFew) || !strings.Contains(err.Error(), "since the last trial: 0 of people") {
		t.Errorf("error %v", err)
	}
}
