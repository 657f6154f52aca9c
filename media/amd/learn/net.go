package learn

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"

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
	Vary   float64 // how much each sequence sounds different each time; 0: not at all
	Seed   uint64
	Log    func(epoch int, loss float64)
}

const (
	batch = 32
	alike = 16 // batches that are dealt from sequences sorted by length: few then wait for longer ones
)

const (
	netIn   = amd.NetInputs
	netMem  = amd.NetHidden
	netGate = 3 * netMem
)

// netFitter is one fit. Its parameters stand as the multiplication of a whole
// batch reads them: the weights by input, not by unit as in amd.Net.
type netFitter struct {
	params, grads []float32
	mean, square  []float32 // Adam's moments
	steps         int
	tape          tape
}

// tape is what a batch leaves for the way back: of all its steps, one after the
// other, the sequences that have so many. Longer ones come first, so that those
// of a step stand in a row with what they were a step before.
type tape struct {
	at           []int     // by step: where its rows begin; the end of the last
	x, gx, gh, h []float32 // inputs, what they and the memory bring to the gates, the memory after
	z, r, c      []float32 // update, reset, candidate
	odds, w, y   []float32
	dgx, dgh, dh []float32
	none         []float32 // the memory before the first step
}

// FitNet fits the network by logistic loss at every step, with Adam (D. Kingma
// and J. Ba, 2015). The same sequences and seed give the same network.
func FitNet(list []Sequence, config NetConfig) *amd.Net {
	config.Epochs, config.Rate, config.Decay = cmp.Or(config.Epochs, 12), cmp.Or(config.Rate, 0.004), cmp.Or(config.Decay, 0.01)
	rng := rand.New(rand.NewPCG(config.Seed, 7))
	f := newNetFitter(rng)
	total := 0.0
	for _, s := range list {
		for _, w := range s.Weights {
			total += float64(w)
		}
	}
	scale := float32(float64(len(list)) / total)
	order := make([]*Sequence, len(list))
	for i := range list {
		order[i] = &list[i]
	}
	updates := config.Epochs * ((len(list) + batch - 1) / batch)
	for epoch := range config.Epochs {
		loss := 0.0
		for _, b := range deal(order, rng) {
			f.tape.lay(b, scale)
			f.tape.vary(len(b), config.Vary, rng)
			loss += f.slope()
			f.bound()
			rate := config.Rate * 0.5 * (1 + math.Cos(math.Pi*float64(f.steps)/float64(updates)))
			f.adam(rate, config.Decay)
		}
		if config.Log != nil {
			config.Log(epoch, loss/float64(len(list)))
		}
	}
	return f.net()
}

// deal shuffles the sequences and gives batches of such as are about as long.
func deal(order []*Sequence, rng *rand.Rand) (batches [][]*Sequence) {
	rng.Shuffle(len(order), func(i, k int) { order[i], order[k] = order[k], order[i] })
	for some := range slices.Chunk(order, alike*batch) {
		slices.SortStableFunc(some, func(a, b *Sequence) int { return len(b.Inputs) - len(a.Inputs) })
		batches = slices.AppendSeq(batches, slices.Chunk(some, batch))
	}
	rng.Shuffle(len(batches), func(i, k int) { batches[i], batches[k] = batches[k], batches[i] })
	return batches
}

// Where the parameters begin.
const (
	inputBias  = netIn * netGate
	recurrent  = inputBias + netGate
	memoryBias = recurrent + netMem*netGate
	output     = memoryBias + netGate
)

func newNetFitter(rng *rand.Rand) *netFitter {
	f := &netFitter{}
	for _, v := range []*[]float32{&f.params, &f.grads, &f.mean, &f.square} {
		*v = make([]float32, amd.NetParams)
	}
	for i := range f.params {
		switch {
		case i < inputBias:
			f.params[i] = float32(rng.NormFloat64() / math.Sqrt(netIn))
		case i < inputBias+netMem:
			f.params[i] = -2 // the update gate: remember
		case i >= recurrent && i < memoryBias:
			f.params[i] = float32(rng.NormFloat64() / math.Sqrt(netMem))
		case i >= output && i < output+netMem:
			f.params[i] = float32(0.1 * rng.NormFloat64())
		}
	}
	return f
}

// net is the network with its weights by unit.
func (f *netFitter) net() *amd.Net {
	n := &amd.Net{}
	for g := range netGate {
		for i := range netIn {
			n.Params[g*netIn+i] = f.params[i*netGate+g]
		}
		for i := range netMem {
			n.Params[amd.NetRecurrent+g*netMem+i] = f.params[recurrent+i*netGate+g]
		}
	}
	copy(n.Params[amd.NetBias:amd.NetRecurrent], f.params[inputBias:])
	copy(n.Params[amd.NetRecBias:amd.NetOut], f.params[memoryBias:])
	copy(n.Params[amd.NetOut:], f.params[output:])
	return n
}

// product adds a (rows by inner) times b (inner by columns) to c.
func product(rows, columns, inner int, a, b, c []float32) {
	gonum.Implementation{}.Sgemm(blas.NoTrans, blas.NoTrans, rows, columns, inner, 1, a, inner, b, columns, 1, c, columns)
}

// productOf adds the transposed a (inner by rows) times b (inner by columns) to c.
func productOf(rows, columns, inner int, a, b, c []float32) {
	gonum.Implementation{}.Sgemm(blas.Trans, blas.NoTrans, rows, columns, inner, 1, a, rows, b, columns, 1, c, columns)
}

// productBy adds a (rows by inner) times the transposed b (columns by inner) to c.
func productBy(rows, columns, inner int, a, b, c []float32) {
	gonum.Implementation{}.Sgemm(blas.NoTrans, blas.Trans, rows, columns, inner, 1, a, inner, b, inner, 1, c, columns)
}

// slope leaves the gradient of the batch that was laid and gives its loss.
func (f *netFitter) slope() float64 {
	t := &f.tape
	t.forward(f.params)
	loss := t.judge()
	clear(f.grads)
	t.backward(f.params, f.grads)
	return loss
}

// bound shortens a gradient that is longer than 1.
func (f *netFitter) bound() {
	norm := 0.0
	for _, g := range f.grads {
		norm += float64(g) * float64(g)
	}
	if norm = math.Sqrt(norm); norm > 1 {
		for i := range f.grads {
			f.grads[i] /= float32(norm)
		}
	}
}

func (f *netFitter) adam(rate, decay float64) {
	const b1, b2 = 0.9, 0.999
	f.steps++
	fix1 := 1 - math.Pow(b1, float64(f.steps))
	fix2 := 1 - math.Pow(b2, float64(f.steps))
	for i, g := range f.grads {
		f.mean[i] += (1 - b1) * (g - f.mean[i])
		f.square[i] += (1 - b2) * (g*g - f.square[i])
		step := float64(f.mean[i]) / fix1 / (math.Sqrt(float64(f.square[i])/fix2) + 1e-8)
		f.params[i] -= float32(rate * (step + decay*float64(f.params[i])))
	}
}

// rows makes room for n rows of a width; what they hold is overwritten.
func rows(s *[]float32, n, width int) {
	*s = slices.Grow((*s)[:0], n*width)[:n*width]
}

// lay puts a batch's steps one after the other. The longest sequence is the first.
func (t *tape) lay(list []*Sequence, scale float32) {
	t.at = t.at[:0]
	n := 0
	for k := range len(list[0].Inputs) {
		t.at = append(t.at, n)
		for n-t.at[k] < len(list) && len(list[n-t.at[k]].Inputs) > k {
			n++
		}
	}
	t.at = append(t.at, n)
	rows(&t.x, n, netIn)
	for _, s := range []*[]float32{&t.odds, &t.w, &t.y} {
		rows(s, n, 1)
	}
	for _, s := range []*[]float32{&t.h, &t.z, &t.r, &t.c} {
		rows(s, n, netMem)
	}
	for _, s := range []*[]float32{&t.gx, &t.gh, &t.dgx, &t.dgh} {
		rows(s, n, netGate)
	}
	rows(&t.dh, len(list), netMem)
	rows(&t.none, len(list), netMem)
	clear(t.none)
	for k, from := range t.at[:len(t.at)-1] {
		for i, s := range list[:t.at[k+1]-from] {
			copy(t.x[(from+i)*netIn:], s.Inputs[k][:])
			t.w[from+i], t.y[from+i] = scale*s.Weights[k], 0
			if s.Machine {
				t.y[from+i] = 1
			}
		}
	}
}

// vary makes each sequence sound as if another voice said the same: by a factor
// of its own for each measure of a voice, by noise on the bands, and now and then
// without them. What a few voices sound like is so learned less than how people
// and machines speak.
func (t *tape) vary(count int, by float64, rng *rand.Rand) {
	if by == 0 {
		return
	}
	var factors amd.NetInput
	for row := range count {
		for i := range factors {
			factors[i] = float32(math.Exp(by * rng.NormFloat64()))
		}
		bare := rng.Float64() < by
		for k := 0; k+1 < len(t.at) && row < t.at[k+1]-t.at[k]; k++ {
			x := (*amd.NetInput)(t.x[(t.at[k]+row)*netIn:])
			for i := amd.NetVoice; i < amd.NetVoiceEnd; i++ {
				x[i] *= factors[i]
			}
			for i := amd.NetBands; i < amd.NetBandsEnd; i++ {
				if bare {
					x[i] = 0
				}
				x[i] = x[i]*factors[i] + float32(by*rng.NormFloat64())
			}
		}
	}
}

// before is the memory before step k.
func (t *tape) before(k int) []float32 {
	if k == 0 {
		return t.none
	}
	return t.h[t.at[k-1]*netMem:]
}

func (t *tape) forward(p []float32) {
	n := len(t.odds)
	for i := range n {
		copy(t.gx[i*netGate:], p[inputBias:recurrent])
		copy(t.gh[i*netGate:], p[memoryBias:output])
		t.odds[i] = p[output+netMem]
	}
	product(n, netGate, netIn, t.x, p, t.gx)
	for k, from := range t.at[:len(t.at)-1] {
		h, count := t.before(k), t.at[k+1]-from
		product(count, netGate, netMem, h, p[recurrent:], t.gh[from*netGate:])
		for i := range count {
			t.remember(from+i, h[i*netMem:])
		}
	}
	product(n, 1, netMem, t.h, p[output:], t.odds)
}

// remember makes a row's memory of the one before and its gates.
func (t *tape) remember(row int, before []float32) {
	gx, gh := (*[netGate]float32)(t.gx[row*netGate:]), (*[netGate]float32)(t.gh[row*netGate:])
	z, r, c := (*[netMem]float32)(t.z[row*netMem:]), (*[netMem]float32)(t.r[row*netMem:]), (*[netMem]float32)(t.c[row*netMem:])
	h, was := (*[netMem]float32)(t.h[row*netMem:]), (*[netMem]float32)(before)
	for i := range netMem {
		z[i], r[i] = amd.Sigmoid(gx[i]+gh[i]), amd.Sigmoid(gx[netMem+i]+gh[netMem+i])
		c[i] = amd.Tanh(gx[2*netMem+i] + r[i]*gh[2*netMem+i])
		h[i] = was[i] + z[i]*(c[i]-was[i])
	}
}

// judge gives the loss and turns the odds into its slope by them.
func (t *tape) judge() float64 {
	loss, count := 0.0, float32(t.at[1])
	for i, w := range t.w {
		p := amd.Sigmoid(t.odds[i])
		right := p*t.y[i] + (1-p)*(1-t.y[i])
		loss -= float64(w) * math.Log(float64(max(right, 1e-7)))
		t.odds[i] = w * (p - t.y[i]) / count
	}
	return loss
}

func (t *tape) backward(p, grads []float32) {
	clear(t.dh)
	for k := len(t.at) - 2; k >= 0; k-- {
		from, count, h := t.at[k], t.at[k+1]-t.at[k], t.before(k)
		product(count, netMem, 1, t.odds[from:], p[output:], t.dh)
		for i := range count {
			t.recall(from+i, h[i*netMem:], t.dh[i*netMem:])
		}
		productBy(count, netMem, netGate, t.dgh[from*netGate:], p[recurrent:], t.dh)
		productOf(netMem, netGate, count, h, t.dgh[from*netGate:], grads[recurrent:])
	}
	n := len(t.odds)
	productOf(netIn, netGate, n, t.x, t.dgx, grads)
	productOf(netMem, 1, n, t.h, t.odds, grads[output:])
	for i := range n {
		grads[output+netMem] += t.odds[i]
		for g, v := range t.dgx[i*netGate : (i+1)*netGate] {
			grads[inputBias+g] += v
			grads[memoryBias+g] += t.dgh[i*netGate+g]
		}
	}
}

// recall takes a row's slope by its memory back to its gates and, for what went
// past them, to the memory before.
func (t *tape) recall(row int, before, slope []float32) {
	gh := (*[netGate]float32)(t.gh[row*netGate:])
	dgx, dgh := (*[netGate]float32)(t.dgx[row*netGate:]), (*[netGate]float32)(t.dgh[row*netGate:])
	z, r, c := (*[netMem]float32)(t.z[row*netMem:]), (*[netMem]float32)(t.r[row*netMem:]), (*[netMem]float32)(t.c[row*netMem:])
	was, dh := (*[netMem]float32)(before), (*[netMem]float32)(slope)
	for i, up := range dh {
		dz := up * (c[i] - was[i]) * z[i] * (1 - z[i])
		dc := up * z[i] * (1 - c[i]*c[i])
		dr := dc * gh[2*netMem+i] * r[i] * (1 - r[i])
		dgx[i], dgx[netMem+i], dgx[2*netMem+i] = dz, dr, dc
		dgh[i], dgh[netMem+i], dgh[2*netMem+i] = dz, dr, dc*r[i]
		dh[i] = up * (1 - z[i])
	}
}
