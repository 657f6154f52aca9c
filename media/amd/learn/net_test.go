package learn

import (
	"math"
	"math/rand/v2"
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

func TestTheGradientIsThatOfTheLoss(t *testing.T) {
	f := &netFitter{}
	f.draw(rand.New(rand.NewPCG(3, 1)))
	s := tunes(1, 4)[0]
	var grad params
	f.tapes[0].learn(&f.net, &s, &grad, 1)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 60 {
		i := rng.IntN(amd.NetParams)
		const step = 1e-2
		loss := func(by float32) float64 {
			n := f.net
			n.Params[i] += by
			var none params
			return (&tape{}).learn(&n, &s, &none, 1)
		}
		slope := (loss(step) - loss(-step)) / (2 * step)
		if math.Abs(slope-float64(grad[i])) > 0.02*math.Abs(slope)+2e-3 {
			t.Errorf("parameter %d: gradient %.5f, the loss falls by %.5f", i, grad[i], slope)
		}
	}
}
