package learn

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"apel/media/amd"
)

// drawn makes examples in which a machine is one whose feature 2 is over 1.5
// while feature 4 is under 0.5; a tenth of the labels are wrong.
func drawn(n int, seed uint64) (list []Example) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for i := range n {
		e := Example{Weight: 1, Answer: i / 3}
		for k := range e.Features {
			e.Features[k] = rng.Float32() * 3
		}
		e.Machine = e.Features[2] > 1.5 && e.Features[4] < 0.5
		if rng.IntN(10) == 0 {
			e.Machine = !e.Machine
		}
		list = append(list, e)
	}
	return list
}

func right(m *amd.Model, examples []Example) (count int) {
	for _, e := range examples {
		if (m.Machine(&e.Features) > 0.5) == e.Machine {
			count++
		}
	}
	return count
}

func TestARuleOfTwoFeaturesIsLearnedThroughWrongLabels(t *testing.T) {
	m := Fit(drawn(3000, 1), Config{Trees: 40})
	if n := right(m, drawn(1000, 2)); n < 870 {
		t.Errorf("%d of 1000 right; 900 can be", n)
	}
}

func TestTheSameExamplesAndSeedGiveTheSameModel(t *testing.T) {
	config := Config{Trees: 10, Seed: 5}
	if a, b := Fit(drawn(500, 1), config), Fit(drawn(500, 1), config); !bytes.Equal(a.Text(), b.Text()) {
		t.Error("two fits differ")
	}
}

func TestTheProbabilityIsCalibrated(t *testing.T) {
	m := Fit(drawn(4000, 1), Config{Trees: 40})
	sum, machines := 0.0, 0.0
	for _, e := range drawn(2000, 9) {
		sum += m.Machine(&e.Features)
		if e.Machine {
			machines++
		}
	}
	if ratio := sum / machines; ratio < 0.85 || ratio > 1.15 {
		t.Errorf("expects %.0f machines, there are %.0f", sum, machines)
	}
}
