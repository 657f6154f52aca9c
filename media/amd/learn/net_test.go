package learn

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"apel/media/amd"
)

// tunes are sequences in which a machine is one whose first input rises after
// its second was high; single steps say nothing.
func tunes(n int, seed uint64) (list []Sequence) {
	rng := rand.New(rand.NewPCG(seed, 5))
	for range n {
		s := Sequence{Machine: rng.IntN(2) == 0}
		at, first := 3+rng.IntN(5), 0
		if s.Machine {
			first = 1
		}
		for k := range 20 {
			var in amd.NetInput
			for i := range in {
				in[i] = float32(rng.NormFloat64()) / 4
			}
			switch k {
			case at:
				in[1-first] += 2
			case at + 5:
				in[first] += 2
			}
			s.Inputs = append(s.Inputs, in)
			w := float32(0)
			if k > at+6 {
				w = 1
			}
			s.Weights = append(s.Weights, w)
		}
		list = append(list, s)
	}
	return list
}

func TestTheNetworkLearnsAnOrderOfEvents(t *testing.T) {
	net := FitNet(tunes(600, 1), NetConfig{Epochs: 12, Rate: 0.01, Seed: 1})
	right := 0
	for _, s := range tunes(300, 2) {
		var h amd.NetState
		odds := float32(0)
		for i := range s.Inputs {
			odds = net.Step(&h, &s.Inputs[i])
		}
		if odds > 0 == s.Machine {
			right++
		}
	}
	if right < 280 {
		t.Errorf("%d of 300 right", right)
	}
}

func TestTheGradientIsThatOfTheLossForSequencesOfEveryLength(t *testing.T) {
	f := newNetFitter(rand.New(rand.NewPCG(3, 1)))
	var list []*Sequence
	for i, s := range tunes(4, 4) {
		steps := len(s.Inputs) - i*i // the last has eleven
		s.Inputs, s.Weights = s.Inputs[:steps], s.Weights[:steps]
		list = append(list, &s)
	}
	f.tape.lay(list, 1)
	f.slope()
	grads := slices.Clone(f.grads)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		i := rng.IntN(amd.NetParams)
		const step = 1e-2
		loss := func(by float32) float64 {
			was := f.params[i]
			defer func() { f.params[i] = was }()
			f.params[i] += by
			return f.slope() / float64(len(list))
		}
		slope := (loss(step) - loss(-step)) / (2 * step)
		if math.Abs(slope-float64(grads[i])) > 0.02*math.Abs(slope)+5e-4 {
			t.Errorf("parameter %d: gradient %.5f, the loss falls by %.5f", i, grads[i], slope)
		}
	}
}
