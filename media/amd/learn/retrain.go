package learn

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"

	"apel/media/amd"
)

// Trial compares two models on examples that neither was fitted to, by what
// counts: people taken for machines, machines taken for people, and how sure
// the model was of what was true (the mean logarithmic loss, in bits).
type Trial struct {
	People       int     `json:"people"` // held out
	Machines     int     `json:"machines"`
	LostBefore   int     `json:"people_lost_before"`
	LostAfter    int     `json:"people_lost_after"`
	PassedBefore int     `json:"machines_passed_before"`
	PassedAfter  int     `json:"machines_passed_after"`
	LossBefore   float64 `json:"loss_before_bits"`
	LossAfter    float64 `json:"loss_after_bits"`
}

// Least examples of each kind: to learn from, and to judge by. With fewer, chance decides.
const (
	leastToLearn = 25
	leastToJudge = 20
	judgeOneIn   = 2 // of the new ones
)

// ErrTooFew: there is not enough to learn from, or to judge by.
var ErrTooFew = errors.New("too few labelled calls")

// Deal parts calls, by the ids of their attempts with the oldest first: of those
// that came after the attempt named since, every second judges; all others are
// learned from. With the newest id of one trial as since of the next, no call
// judges twice, so that a candidate cannot be adopted by trying until the judges
// happen to like one. Which of the new ones judge rests on their ids alone.
func Deal(ids []string, since string) (judges []bool) {
	for _, id := range ids {
		h := fnv.New32a()
		_, _ = io.WriteString(h, id) // a hash takes everything
		judges = append(judges, id > since && h.Sum32()>>8%judgeOneIn == 0)
	}
	return judges
}

// Retrain fits a candidate that goes on from a model by labelled examples, each
// an answer of its own, of which those in held only judge. The candidate is
// better if it is surer of the truth and errs no more often on either kind. It
// counts as an error what the odds of costs at peopleLost say.
func Retrain(base *amd.Model, fit, held []Example, peopleLost float64, seed uint64) (*amd.Model, Trial, error) {
	if people, machines := kinds(fit); people < leastToLearn || machines < leastToLearn {
		return nil, Trial{}, fmt.Errorf("%w to learn from: %d of people and %d of machines; %d of each are needed", ErrTooFew, people, machines, leastToLearn)
	}
	if people, machines := kinds(held); people < leastToJudge || machines < leastToJudge {
		return nil, Trial{}, fmt.Errorf("%w to judge by since the last trial: %d of people and %d of machines; %d of each are needed", ErrTooFew, people, machines, leastToJudge)
	}
	balance(fit)
	m := Fit(fit, Config{Base: base, Trees: 40, Rate: 0.05, Least: 0.02, Seed: seed})
	return m, compare(base, m, held, base.Ratio(peopleLost)), nil
}

func kinds(list []Example) (people, machines int) {
	for _, e := range list {
		if e.Machine {
			machines++
		}
	}
	return len(list) - machines, machines
}

// balance gives people and machines the same weight in all.
func balance(list []Example) {
	var sum [2]float64
	kind := func(e Example) int {
		if e.Machine {
			return 1
		}
		return 0
	}
	for _, e := range list {
		sum[kind(e)]++
	}
	for i, e := range list {
		list[i].Weight = float32(float64(len(list)) / 2 / sum[kind(e)])
	}
}

func compare(before, after *amd.Model, held []Example, ratio float64) Trial {
	var t Trial
	balance(held)
	judge := func(m *amd.Model, e Example, lost, passed *int, loss *float64) {
		p := m.Machine(&e.Features)
		machine := p/(1-p) >= ratio
		switch {
		case machine && !e.Machine:
			*lost++
		case !machine && e.Machine:
			*passed++
		}
		if !e.Machine {
			p = 1 - p
		}
		*loss -= float64(e.Weight) * math.Log2(max(p, 1e-6)) / float64(len(held))
	}
	for _, e := range held {
		if e.Machine {
			t.Machines++
		} else {
			t.People++
		}
		judge(before, e, &t.LostBefore, &t.PassedBefore, &t.LossBefore)
		judge(after, e, &t.LostAfter, &t.PassedAfter, &t.LossAfter)
	}
	return t
}

// Better tells whether the candidate is to be adopted, and why or why not.
func (t Trial) Better() (bool, string) {
	switch {
	case t.LostAfter > t.LostBefore:
		return false, fmt.Sprintf("it takes %d of %d people for machines, the model in force %d", t.LostAfter, t.People, t.LostBefore)
	case t.PassedAfter > t.PassedBefore:
		return false, fmt.Sprintf("it takes %d of %d machines for people, the model in force %d", t.PassedAfter, t.Machines, t.PassedBefore)
	case t.LossAfter >= t.LossBefore:
		return false, fmt.Sprintf("it is no surer of who answered: %.3f bits lost, %.3f by the model in force", t.LossAfter, t.LossBefore)
	}
	return true, fmt.Sprintf("people lost %d instead of %d of %d, machines passed %d instead of %d of %d, %.3f bits lost instead of %.3f",
		t.LostAfter, t.LostBefore, t.People, t.PassedAfter, t.PassedBefore, t.Machines, t.LossAfter, t.LossBefore)
}
