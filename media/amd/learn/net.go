package learn

import (
	"cmp"
	"math"
	"math/rand/v2"
	"sync"

	"apel/media/amd"
)

// Sequence is what the network hears of one answer, and how much each step counts.
type Sequence struct {
	Inputs  []amd.NetInput
	Weights []float32
	Machine bool
}

// NetConfig of a fit; the zero value is the default.
type NetConfig struct {
	Epochs int     // default 12
	Rate   float64 // of Adam's steps at the beginning, default 0.004; it falls to nothing by half a cosine
	Decay  float64 // of the weights, default 0.01
	Seed   uint64
	Log    func(epoch int, loss float64)
}

const (
	batch  = 32
	shards = 4 // a batch's gradients are summed in as many parts, in order, whatever works on them
)

type params = [amd.NetParams]float32

// netFitter is one fit.
type netFitter struct {
	net    amd.Net
	mean   params // Adam's moments
	square params
	steps  int
	grads  [shards]params
	loss   [shards]float64
	tapes  [shards]tape
}

// tape is what a step forward leaves for the way back.
type tape struct {
	h          []amd.NetState
	z, r, c, q [][amd.NetHidden]float32
	delta      []float32
}

// FitNet fits the network by logistic loss at every step, with Adam (D. Kingma
// and J. Ba, 2015). The same sequences and seed give the same network.
func FitNet(list []Sequence, config NetConfig) *amd.Net {
	config.Epochs, config.Rate, config.Decay = cmp.Or(config.Epochs, 12), cmp.Or(config.Rate, 0.004), cmp.Or(config.Decay, 0.01)
	f := &netFitter{}
	rng := rand.New(rand.NewPCG(config.Seed, 7))
	f.draw(rng)
	total := 0.0
	for _, s := range list {
		for _, w := range s.Weights {
			total += float64(w)
		}
	}
	scale := float32(float64(len(list)) / total)
	order := rng.Perm(len(list))
	updates := config.Epochs * (len(list) + batch - 1) / batch
	for epoch := range config.Epochs {
		rng.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
		loss := 0.0
		for from := 0; from < len(order); from += batch {
			loss += f.batch(list, order[from:min(from+batch, len(order))], scale)
			rate := config.Rate * 0.5 * (1 + math.Cos(math.Pi*float64(f.steps)/float64(updates)))
			f.adam(rate, config.Decay)
		}
		if config.Log != nil {
			config.Log(epoch, loss/float64(len(order)))
		}
	}
	return &f.net
}

func (f *netFitter) draw(rng *rand.Rand) {
	p := &f.net.Params
	for i := range amd.NetBias {
		p[i] = float32(rng.NormFloat64() / math.Sqrt(amd.NetInputs))
	}
	for i := amd.NetRecurrent; i < amd.NetRecBias; i++ {
		p[i] = float32(rng.NormFloat64() / math.Sqrt(amd.NetHidden))
	}
	for i := range amd.NetHidden {
		p[amd.NetBias+i] = -2 // the update gate: remember
		p[amd.NetOut+i] = float32(0.1 * rng.NormFloat64())
	}
}

// batch sums the gradients of some sequences.
func (f *netFitter) batch(list []Sequence, which []int, scale float32) float64 {
	var group sync.WaitGroup
	for s := range shards {
		group.Go(func() {
			f.grads[s], f.loss[s] = params{}, 0
			for i := s; i < len(which); i += shards {
				f.loss[s] += f.tapes[s].learn(&f.net, &list[which[i]], &f.grads[s], scale)
			}
		})
	}
	group.Wait()
	loss := f.loss[0]
	for s := 1; s < shards; s++ {
		loss += f.loss[s]
		for i, g := range f.grads[s] {
			f.grads[0][i] += g
		}
	}
	norm := 0.0
	for i := range f.grads[0] {
		f.grads[0][i] /= float32(len(which))
		norm += float64(f.grads[0][i]) * float64(f.grads[0][i])
	}
	if norm = math.Sqrt(norm); norm > 1 {
		for i := range f.grads[0] {
			f.grads[0][i] /= float32(norm)
		}
	}
	return loss
}

func (f *netFitter) adam(rate, decay float64) {
	const b1, b2 = 0.9, 0.999
	f.steps++
	fix1 := 1 - math.Pow(b1, float64(f.steps))
	fix2 := 1 - math.Pow(b2, float64(f.steps))
	for i, g := range f.grads[0] {
		f.mean[i] += (1 - b1) * (g - f.mean[i])
		f.square[i] += (1 - b2) * (g*g - f.square[i])
		step := float64(f.mean[i]) / fix1 / (math.Sqrt(float64(f.square[i])/fix2) + 1e-8)
		f.net.Params[i] -= float32(rate * (step + decay*float64(f.net.Params[i])))
	}
}

func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// learn adds one sequence's gradient and gives its loss.
func (t *tape) learn(n *amd.Net, s *Sequence, grad *params, scale float32) float64 {
	t.forward(n, s)
	y := float32(0)
	if s.Machine {
		y = 1
	}
	loss := 0.0
	for k, w := range s.Weights {
		if w == 0 {
			t.delta[k] = 0
			continue
		}
		p := amd.Sigmoid(t.delta[k])
		right := p
		if !s.Machine {
			right = 1 - p
		}
		loss -= float64(w*scale) * math.Log(float64(max(right, 1e-7)))
		t.delta[k] = w * scale * (p - y)
	}
	t.backward(n, s, grad)
	return loss
}

func (t *tape) forward(n *amd.Net, s *Sequence) {
	const H = amd.NetHidden
	p := &n.Params
	steps := len(s.Inputs)
	t.h, t.z, t.r, t.c, t.q = grow(t.h, steps+1), grow(t.z, steps), grow(t.r, steps), grow(t.c, steps), grow(t.q, steps)
	t.delta = grow(t.delta, steps)
	t.h[0] = amd.NetState{}
	for k := range steps {
		h := &t.h[k]
		var gx, gh [3 * H]float32
		n.Gates(h, &s.Inputs[k], &gx, &gh)
		odds := p[amd.NetOut+H]
		for i := range h {
			z, r := amd.Sigmoid(gx[i]+gh[i]), amd.Sigmoid(gx[H+i]+gh[H+i])
			q := gh[2*H+i]
			c := amd.Tanh(gx[2*H+i] + r*q)
			t.z[k][i], t.r[k][i], t.q[k][i], t.c[k][i] = z, r, q, c
			t.h[k+1][i] = h[i] + z*(c-h[i])
			odds += p[amd.NetOut+i] * t.h[k+1][i]
		}
		t.delta[k] = odds
	}
}

func (t *tape) backward(n *amd.Net, s *Sequence, grad *params) {
	const H, I = amd.NetHidden, amd.NetInputs
	p := &n.Params
	var dh [H]float32
	for k := len(s.Inputs) - 1; k >= 0; k-- {
		x, h := &s.Inputs[k], &t.h[k]
		d := t.delta[k]
		grad[amd.NetOut+H] += d
		var gx, gh [3 * H]float32
		for i := range dh {
			grad[amd.NetOut+i] += d * t.h[k+1][i]
			up := dh[i] + d*p[amd.NetOut+i]
			z, r, q, c := t.z[k][i], t.r[k][i], t.q[k][i], t.c[k][i]
			dz := up * (c - h[i]) * z * (1 - z)
			dc := up * z * (1 - c*c)
			dr := dc * q * r * (1 - r)
			gx[i], gx[H+i], gx[2*H+i] = dz, dr, dc
			gh[i], gh[H+i], gh[2*H+i] = dz, dr, dc*r
			dh[i] = up * (1 - z)
		}
		for j := range gx {
			g := gx[j]
			grad[amd.NetBias+j] += g
			row := (*[I]float32)(grad[j*I:])
			for i, v := range x {
				row[i] += g * v
			}
			g = gh[j]
			grad[amd.NetRecBias+j] += g
			back := (*[H]float32)(grad[amd.NetRecurrent+j*H:])
			w := (*[H]float32)(p[amd.NetRecurrent+j*H:])
			for i, v := range h {
				back[i] += g * v
				dh[i] += g * w[i]
			}
		}
	}
}
