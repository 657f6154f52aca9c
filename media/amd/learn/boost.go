// Package learn fits the answer detector's classifier: gradient-boosted trees
// of three questions on labelled features, by logistic loss, over histograms of
// each feature's quantiles (the method of J. Friedman, 2001, with the histograms
// that later implementations made usual). Pure: examples in, a model out; the
// same examples and seed give the same model.
package learn

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"apel/media/amd"
)

// Example is one moment of one answer, labelled.
type Example struct {
	Features amd.Features
	Machine  bool
	Weight   float32
	Answer   int // which answer it is a moment of: sampled together
}

// Config of a fit; the zero value is the default.
type Config struct {
	Trees int     // default 160
	Rate  float64 // learning rate, default 0.1
	Share float64 // share of the answers that each tree sees, default 0.6
	Least float64 // least weight in a leaf as a share of all, default 0.002
	Seed  uint64
	Base  *amd.Model // go on from this model: its trees stay, Trees are added
}

func (c Config) withDefaults() Config {
	c.Trees, c.Rate = cmp.Or(c.Trees, 160), cmp.Or(c.Rate, 0.1)
	c.Share, c.Least = cmp.Or(c.Share, 0.6), cmp.Or(c.Least, 0.002)
	return c
}

const bins = 64

// fitter holds the examples in columns of bins.
type fitter struct {
	config   Config
	examples []Example
	edges    [][]float32 // by feature: upper edges of its bins
	columns  [][]uint8
	odds     []float64
	gradient []float32
	hessian  []float32
	weight   []float32
	rows     []int32 // the examples sampled for the tree being grown
	node     []uint8 // where each of them is in it
	total    float64
}

// Fit fits a model. It panics on no examples.
func Fit(examples []Example, config Config) *amd.Model {
	f := &fitter{config: config.withDefaults(), examples: examples}
	f.bin()
	m := f.start()
	f.gradient = make([]float32, len(examples))
	f.hessian = make([]float32, len(examples))
	f.node = make([]uint8, len(examples))
	f.weight = make([]float32, len(examples)) // apart from the features: every tree reads it often
	for i, e := range examples {
		f.weight[i] = e.Weight
	}
	rng := rand.New(rand.NewPCG(f.config.Seed, 1))
	for range f.config.Trees {
		m.Trees = append(m.Trees, f.grow(rng))
	}
	return m
}

// start is the model before the first new tree, and each example's odds by it.
func (f *fitter) start() *amd.Model {
	f.odds = make([]float64, len(f.examples))
	var positive float64
	for _, e := range f.examples {
		f.total += float64(e.Weight)
		if e.Machine {
			positive += float64(e.Weight)
		}
	}
	if base := f.config.Base; base != nil {
		m := &amd.Model{Base: base.Base, Net: base.Net, Trees: slices.Clone(base.Trees), Thresholds: slices.Clone(base.Thresholds)}
		for i := range f.examples {
			p := base.Machine(&f.examples[i].Features)
			f.odds[i] = math.Log(p / (1 - p))
		}
		return m
	}
	odds := math.Log(positive / (f.total - positive))
	for i := range f.odds {
		f.odds[i] = odds + float64(f.examples[i].Features[amd.FeatureNet]) // which models add
	}
	return &amd.Model{Base: float32(odds)}
}

// bin cuts each feature at quantiles of a sample of it.
func (f *fitter) bin() {
	count := len(f.examples[0].Features)
	step := max(1, len(f.examples)/20000)
	for k := range count {
		var values []float32
		for i := 0; i < len(f.examples); i += step {
			values = append(values, f.examples[i].Features[k])
		}
		slices.Sort(values)
		var edges []float32
		for b := 1; b < bins; b++ {
			edges = append(edges, values[b*(len(values)-1)/bins])
		}
		edges = slices.Compact(edges)
		column := make([]uint8, len(f.examples))
		for i, e := range f.examples {
			n, _ := slices.BinarySearch(edges, e.Features[k])
			column[i] = uint8(n)
		}
		f.edges, f.columns = append(f.edges, edges), append(f.columns, column)
	}
}

// grow adds one tree and moves the odds by it.
func (f *fitter) grow(rng *rand.Rand) amd.Tree {
	f.derive(rng)
	var tree amd.Tree
	nodes := len(tree.Feature)
	for level := 0; 1<<level-1 < nodes; level++ {
		first := 1<<level - 1
		for n, s := range f.splits(first, 1<<level) {
			tree.Feature[first+n] = uint8(s.feature)
			tree.Threshold[first+n] = math.MaxFloat32 // all to the left
			if s.bin < len(f.edges[s.feature]) {
				tree.Threshold[first+n] = f.edges[s.feature][s.bin]
			}
		}
		f.descend(tree)
	}
	f.leaves(&tree)
	return tree
}

// derive computes the loss's derivatives and samples answers.
func (f *fitter) derive(rng *rand.Rand) {
	f.rows = f.rows[:0]
	salt := rng.Uint64() | 1
	limit := uint64(f.config.Share * (1 << 32))
	for i := range f.examples {
		e := &f.examples[i]
		h := (uint64(e.Answer) + 0x9e3779b97f4a7c15) * salt
		h ^= h >> 29
		h *= 0xbf58476d1ce4e5b9
		if h>>32 >= limit {
			continue
		}
		f.node[i] = 0
		f.rows = append(f.rows, int32(i))
		p := 1 / (1 + math.Exp(-f.odds[i]))
		y := 0.0
		if e.Machine {
			y = 1
		}
		f.gradient[i] = e.Weight * float32(y-p)
		f.hessian[i] = e.Weight * float32(p*(1-p))
	}
}

// question is the best one found for a node.
type question struct {
	feature, bin int
	gain         float64
}

// sums of one bin, or of many.
type sums struct{ g, h, w float64 }

// splits finds, for the nodes of one level, the questions that lower the loss
// most. One pass over each feature's column serves all of them.
func (f *fitter) splits(first, count int) []question {
	best := make([]question, count)
	for n := range best {
		best[n] = question{bin: math.MaxInt, gain: 1e-6}
	}
	for k, column := range f.columns {
		var table [1 << (amd.Depth - 1)][bins + 1]sums
		for _, i := range f.rows {
			s := &table[int(f.node[i])-first][column[i]]
			s.g += float64(f.gradient[i])
			s.h += float64(f.hessian[i])
			s.w += float64(f.weight[i])
		}
		for n := range best {
			f.cut(&best[n], k, &table[n])
		}
	}
	return best
}

// cut tries every edge of a feature's bins.
func (f *fitter) cut(best *question, feature int, table *[bins + 1]sums) {
	const ridge = 1
	var all, left sums
	for _, s := range table {
		all = sums{all.g + s.g, all.h + s.h, all.w + s.w}
	}
	least := f.config.Least * f.total * f.config.Share
	for b := range f.edges[feature] {
		s := table[b]
		left = sums{left.g + s.g, left.h + s.h, left.w + s.w}
		if left.w < least || all.w-left.w < least {
			continue
		}
		g, h := all.g-left.g, all.h-left.h
		gain := left.g*left.g/(left.h+ridge) + g*g/(h+ridge) - all.g*all.g/(all.h+ridge)
		if gain > best.gain {
			*best = question{feature, b, gain}
		}
	}
}

// descend moves each example to its node on the next level.
func (f *fitter) descend(tree amd.Tree) {
	for _, i := range f.rows {
		n := f.node[i]
		if f.examples[i].Features[tree.Feature[n]] <= tree.Threshold[n] {
			f.node[i] = 2*n + 1
		} else {
			f.node[i] = 2*n + 2
		}
	}
}

// leaves sets the leaves by Newton's step and moves every example's odds, the
// ones that weren't sampled too.
func (f *fitter) leaves(tree *amd.Tree) {
	const ridge = 1
	var g, h [len(tree.Leaf)]float64
	nodes := len(tree.Feature)
	for _, i := range f.rows {
		n := int(f.node[i]) - nodes
		g[n] += float64(f.gradient[i])
		h[n] += float64(f.hessian[i])
	}
	for i := range tree.Leaf {
		tree.Leaf[i] = float32(f.config.Rate * g[i] / (h[i] + ridge))
	}
	for i := range f.examples {
		f.odds[i] += float64(tree.Value(&f.examples[i].Features))
	}
}
