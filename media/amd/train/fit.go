package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"sync"
	"time"

	"apel/media/amd"
	"apel/media/amd/evaluate"
	"apel/media/amd/learn"
)

// parallel runs work for 0..n-1 on a few goroutines and waits.
func parallel(workers, n int, work func(int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range workers {
		group.Go(func() {
			for i := range next {
				work(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}

// fit fits on the answers for which keep is true: the trees and the network each
// for itself. Both say log odds, and what counts is their mean: each errs in its
// own way.
func (d data) fit(o options, keep func(answer) bool, out io.Writer) *amd.Model {
	var examples []learn.Example
	for i, a := range d.answers {
		if keep(a) {
			examples = append(examples, d.heard[i].examples...)
		}
	}
	m := learn.Fit(examples, learn.Config{Trees: o.trees, Seed: o.seed})
	if o.epochs == 0 {
		return m
	}
	net := d.fitNet(o, keep, out)
	m.Base /= 2
	for i := range m.Trees {
		for k := range m.Trees[i].Leaf {
			m.Trees[i].Leaf[k] /= 2
		}
	}
	for i := amd.NetOut; i < len(net.Params); i++ {
		net.Params[i] /= 2
	}
	m.Net = net
	return m
}

func (d data) fitNet(o options, keep func(answer) bool, out io.Writer) *amd.Net {
	var list []learn.Sequence
	for i, a := range d.answers {
		s := d.heard[i].sequence
		n := len(s.Weights)
		for n > 0 && s.Weights[n-1] == 0 {
			n--
		}
		if n > 0 && keep(a) {
			s.Inputs, s.Weights = s.Inputs[:n], s.Weights[:n]
			list = append(list, s)
		}
	}
	config := learn.NetConfig{Epochs: o.epochs, Rate: o.rate, Vary: o.vary, Seed: o.seed}
	if out != nil {
		config.Log = func(n int, loss float64) { fmt.Fprintf(out, "epoch %d: %.4f\n", n, loss) }
	}
	return learn.FitNet(list, config)
}

// fitAndProve cross-validates by voice, sets the thresholds by what it found,
// fits on everything and writes the model.
func fitAndProve(ctx context.Context, o options, answers []answer, out io.Writer) error {
	start := time.Now()
	step := func(what string) { fmt.Fprintf(out, "%5.0f s: %s\n", time.Since(start).Seconds(), what) }
	d := measure(o, answers)
	step(fmt.Sprintf("%d answers measured", len(answers)))
	models := make([]*amd.Model, o.folds)
	for k := range models {
		models[k] = d.fit(o, func(a answer) bool { return fold(a, o.folds) != k }, out)
		d.netLoss(models[k], func(a answer) bool { return fold(a, o.folds) == k }, out)
		step(fmt.Sprintf("fold %d fitted", k))
	}
	traces := make([][]amd.Moment, len(answers))
	parallel(o.workers, len(answers), func(i int) { traces[i] = d.heard[i].trace(models[fold(answers[i], o.folds)]) })
	if o.dump != "" {
		dumpTraces(o.dump, answers, traces)
	}
	thresholds := d.calibrate(traces, out)
	for _, m := range models {
		m.Thresholds = thresholds
	}
	ratio := models[0].Ratio(amd.DefaultPeopleLost)
	strict := d.replay(traces, ratio, 0)
	proof := evaluate.Summarise(strict)
	fmt.Fprintf(out, "cross-validation by voice and language, %d folds, ratio of costs %.2f:\n%s", o.folds, ratio, proof)
	fmt.Fprintf(out, "with listen-on 4 s:\n%s", evaluate.Summarise(d.replay(traces, ratio, 4*time.Second)))
	bySlice(out, "engine", answers, strict, func(a answer) string { return a.engine })
	bySlice(out, "language", answers, strict, func(a answer) string {
		if a.engine == "recorded" || a.engine == "people" {
			return a.speaker
		}
		return a.language
	})
	d.check(o, models, strict, out)
	if o.languages {
		d.leaveOut(o, thresholds, out)
	}
	step("proved")
	if o.out == "" || ctx.Err() != nil {
		return ctx.Err()
	}
	m := d.fit(o, func(answer) bool { return true }, out)
	m.Thresholds = thresholds
	m.Notes = notes(o, answers, proof)
	return os.WriteFile(o.out, m.Text(), 0o644)
}

// netLoss prints how well trees and network do at their examples, bits.
func (d data) netLoss(m *amd.Model, keep func(answer) bool, out io.Writer) {
	var trees, net, both, weights float64
	for i, a := range d.answers {
		if !keep(a) {
			continue
		}
		y := -1.0
		if a.machine() {
			y = 1
		}
		bits := func(odds float64) float64 { return math.Log2(1 + math.Exp(-y*odds)) }
		h := &d.heard[i]
		odds := h.odds(m.Net)
		for _, e := range h.examples {
			e.Features[amd.FeatureNet] = odds[max(0, int(e.Features[0]*50+0.5)/2-1)]
			p := m.Machine(&e.Features)
			all, half := math.Log(p/(1-p)), float64(e.Features[amd.FeatureNet])
			w := float64(e.Weight)
			net += w * bits(2*half)
			trees += w * bits(2*(all-half))
			both += w * bits(all)
			weights += w
		}
	}
	fmt.Fprintf(out, "held out: trees %.4f bits, network %.4f, both %.4f\n", trees/weights, net/weights, both/weights)
}

// leaveOut trains without one language and tests on it.
func (d data) leaveOut(o options, thresholds []amd.Threshold, out io.Writer) {
	languages := map[string]bool{}
	for _, a := range d.answers {
		languages[a.language] = true
	}
	fmt.Fprintln(out, "trained without the language, wrong in per cent of hello, firm, desk, long, brief:")
	for _, l := range sortedKeys(languages) {
		m := d.fit(o, func(a answer) bool { return a.language != l }, nil)
		m.Thresholds = thresholds
		var list []evaluate.Outcome
		for i, a := range d.answers {
			if a.language == l {
				h := &d.heard[i]
				list = append(list, h.outcome(a, h.trace(m), amd.Costs{Ratio: m.Ratio(amd.DefaultPeopleLost), Within: amd.DefaultDecideWithin}))
			}
		}
		fmt.Fprintf(out, "  %-10s %s\n", l, wrongs(list))
	}
}

func notes(o options, answers []answer, proof evaluate.Report) []string {
	engines := map[string]int{}
	for _, a := range answers {
		engines[a.engine]++
	}
	command, more := fmt.Sprintf("  go run ./media/amd/train -seed %d -speakers %d -answers %d -trees %d -folds %d -epochs %d -rate %g -vary %g", o.seed, o.speakers, o.answers, o.trees, o.folds, o.epochs, o.rate, o.vary), ""
	if o.people != "" {
		command, more = command+" -people "+o.people, "; people: "+strings.Join(sources(), ", ")
	}
	list := []string{"The answer detector's model. Made by:", command + " -out media/amd/model.txt",
		fmt.Sprintf("Data: %d answers assembled by seed; by source: %v (recorded: Debian's asterisk-core-sounds en, es, ru and asterisk-prompt-es-co%s).", len(answers), engines, more),
		"Score, cross-validated by voice and language:"}
	return append(list, strings.Split(strings.TrimRight(proof.String(), "\n"), "\n")...)
}
