package main

import (
	"context"
	"encoding/binary"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
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

const (
	momentEvery = 6   // frames between two examples of one answer; twice as many when it is decided mostly
	heardFor    = 6.8 // seconds of an answer that are learned from
	decidedBy   = 4.4 // seconds within which every answer is decided when nobody is listened to for longer
	patientBy   = 7.0 // the same with listen-on
)

// moments are an answer's examples: what is heard of it every 120 ms, up to when
// a decision must have been made.
func moments(a answer, index int) (examples []learn.Example, heard learn.Sequence) {
	heard.Machine = a.machine()
	d := amd.New(amd.Settings{DecideWithin: time.Minute, Model: &amd.Model{}}) // whatever it decides
	end := heardFor
	if !a.machine() {
		end = min(end, a.until+1.4)
	}
	for n := 0; n < int(end*50); n++ {
		if v, _ := d.Feed(a.pcm[n*160 : (n+1)*160]); v.Kind == amd.Beep {
			break // then it is known
		}
		every := momentEvery
		if n > 180 {
			every *= 2
		}
		f, ok := d.Features()
		if in, whole := d.NetInput(); whole {
			w := float32(0)
			if ok {
				w = counts(f)
			}
			heard.Inputs, heard.Weights = append(heard.Inputs, in), append(heard.Weights, w)
		}
		if ok && n%every == 1 {
			examples = append(examples, learn.Example{Features: f, Machine: a.machine(), Answer: index, Weight: counts(f)})
		}
	}
	weigh(a, examples, heard)
	return examples, heard
}

// weigh lets every answer of a kind count the same, however long it is heard.
func weigh(a answer, examples []learn.Example, heard learn.Sequence) {
	sum := float32(0)
	for _, e := range examples {
		sum += e.Weight
	}
	for i := range examples {
		examples[i].Weight *= weight(a.kind) / sum
	}
	sum = 0
	for _, w := range heard.Weights {
		sum += w
	}
	for i := range heard.Weights {
		heard.Weights[i] *= weight(a.kind) / max(1, sum)
	}
}

// counts is how much a moment matters: decisions fall in pauses, and when the
// time is up.
func counts(f amd.Features) float32 {
	span, pause, at := f[2], f[4], f[0]
	switch {
	case pause >= 0.3, at >= 2.6:
		return 3
	case span < 0.6:
		return 0.3
	}
	return 1
}

// weight of an answer of a kind: long machines are the most usual machine, and
// short ones cost less than a person does.
func weight(kind role) float32 {
	switch kind {
	case hello, long:
		return 12
	case brief, desk:
		return 7
	}
	return 10
}

// fold of an answer: recorded people by person, whatever languages they speak;
// synthesised ones by language, so that no phrase is in training and in test, and
// every language is judged by a model that hasn't heard it.
func fold(a answer, folds int) int {
	name := a.language
	if a.engine == "recorded" {
		name = a.speaker
		if _, person, ok := strings.Cut(name, "_f_"); ok {
			name = person
		}
	}
	if folds == 2 {
		return foldOf[name]
	}
	return int(hash(name)>>3) % folds
}

// foldOf spreads people and languages over two folds; the others are in the first.
var foldOf = map[string]int{
	"es":         1, // a language, and the speaker from Colombia
	"IvrvoiceRU": 1, "en": 1, "hu": 1, "cs": 1, "pl": 1, "ru": 1, "sv": 1,
}

type data struct {
	answers  []answer
	examples [][]learn.Example
	heard    []learn.Sequence
}

func measure(o options, answers []answer) data {
	d := data{answers, make([][]learn.Example, len(answers)), make([]learn.Sequence, len(answers))}
	parallel(o.workers, len(answers), func(i int) { d.examples[i], d.heard[i] = moments(answers[i], i) })
	return d
}

// fit fits on the answers for which keep is true: the trees and the network each
// for itself. Both say log odds, and what counts is their mean: each errs in its
// own way.
func (d data) fit(o options, keep func(answer) bool, out io.Writer) *amd.Model {
	var examples []learn.Example
	for i, a := range d.answers {
		if keep(a) {
			examples = append(examples, d.examples[i]...)
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
	var heard []learn.Sequence
	for i, a := range d.answers {
		if keep(a) {
			heard = append(heard, d.heard[i])
		}
	}
	config := learn.NetConfig{Epochs: o.epochs, Seed: o.seed}
	if out != nil {
		config.Log = func(n int, loss float64) { fmt.Fprintf(out, "epoch %d: %.4f\n", n, loss) }
	}
	return learn.FitNet(heard, config)
}

// withNet fills in what a network makes of an answer at its examples.
func withNet(list []learn.Example, heard learn.Sequence, net *amd.Net) []learn.Example {
	if net == nil {
		return list
	}
	odds := make([]float32, len(heard.Inputs))
	var h amd.NetState
	for i := range odds {
		odds[i] = net.Step(&h, &heard.Inputs[i])
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Features[amd.FeatureNet] = odds[int(list[i].Features[0]*50+0.5)/2-1]
	}
	return list
}

func (d data) where(keep func(answer) bool) (list []answer) {
	for _, a := range d.answers {
		if keep(a) {
			list = append(list, a)
		}
	}
	return list
}

// fitAndProve cross-validates by voice, sets the thresholds by what it found,
// fits on everything and writes the model.
func fitAndProve(ctx context.Context, o options, answers []answer, out io.Writer) error {
	start := time.Now()
	d := measure(o, answers)
	fmt.Fprintf(out, "%d answers measured in %.0f s\n", len(answers), time.Since(start).Seconds())
	models := make([]*amd.Model, o.folds)
	for k := range models {
		models[k] = d.fit(o, func(a answer) bool { return fold(a, o.folds) != k }, out)
		d.netLoss(models[k], func(a answer) bool { return fold(a, o.folds) == k }, out)
		if err := os.WriteFile(filepath.Join(o.cache, fmt.Sprintf("fold-%d.txt", k)), models[k].Text(), 0o644); err != nil { // hours of work
			return err
		}
	}
	thresholds := calibrate(o, answers, models, out)
	var clips, patient []evaluate.Outcome
	for k, m := range models {
		m.Thresholds = thresholds
		held := d.where(func(a answer) bool { return fold(a, o.folds) == k })
		clips = append(clips, outcomes(o, held, amd.Settings{Model: m})...)
		patient = append(patient, outcomes(o, held, amd.Settings{Model: m, ListenOn: 4 * time.Second})...)
	}
	fmt.Fprintf(out, "people lost by the ratio of costs: %.4v\n", thresholds)
	proof := evaluate.Summarise(clips)
	fmt.Fprintf(out, "cross-validation by voice and language, %d folds:\n%s", o.folds, proof)
	fmt.Fprintf(out, "with listen-on 4 s:\n%s", evaluate.Summarise(patient))
	bySlice(out, "engine", d.answers, clips, func(a answer) string { return a.engine }, o)
	bySlice(out, "language", d.answers, clips, func(a answer) string {
		if a.engine == "recorded" {
			return a.speaker
		}
		return a.language
	}, o)
	if o.languages {
		leaveOut(o, d, thresholds, out)
	}
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
		for _, e := range withNet(d.examples[i], d.heard[i], m.Net) {
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

// outcomes runs the detector, in the order of the answers.
func outcomes(o options, answers []answer, set amd.Settings) []evaluate.Outcome {
	list := make([]evaluate.Outcome, len(answers))
	parallel(o.workers, len(answers), func(i int) {
		list[i] = evaluate.Listen(clip(answers[i]), set)
	})
	return list
}

func clip(a answer) evaluate.Clip {
	kind := amd.Human
	if a.machine() {
		kind = amd.Machine
	}
	return evaluate.Clip{PCM: a.pcm, Label: evaluate.Label{File: a.speaker, Kind: kind, Group: string(a.kind),
		SpokeUntil: time.Duration(a.until * float64(time.Second)), BeepAt: time.Duration(a.beepEnd * float64(time.Second))}}
}

func evaluateWith(o options, answers []answer, set amd.Settings) evaluate.Report {
	answers = slices.Clone(answers)
	slices.SortStableFunc(answers, func(a, b answer) int { return strings.Compare(string(a.kind), string(b.kind)) })
	trials := make([]evaluate.Trial, len(answers))
	parallel(o.workers, len(answers), func(i int) { trials[i] = evaluate.Try(clip(answers[i]), set) })
	return evaluate.Collect(trials)
}

// calibrate finds, on voices that each fold's model hasn't seen, the ratio of
// costs that loses a given share of people. Of the people, 85 in 100 say a word
// or two and 15 answer for a business.
func calibrate(o options, answers []answer, models []*amd.Model, out io.Writer) (list []amd.Threshold) {
	traces := make([][]amd.Moment, len(answers))
	until := decidedBy
	if o.dump != "" {
		until = patientBy
	}
	parallel(o.workers, len(answers), func(i int) { traces[i] = trace(answers[i], models[fold(answers[i], o.folds)], until) })
	if o.dump != "" {
		dumpTraces(o.dump, answers, traces)
	}
	fmt.Fprintln(out, "ratio of costs: hello and firm lost, long and brief passed, per cent:")
	for _, ratio := range []float64{300, 100, 50, 25, 12, 8, 5, 4, 3, 2.5, 2, 1.6, 1.2, 0.7, 0.4, 0.2} {
		wrong := map[role]float64{}
		count := map[role]float64{}
		for i, a := range answers {
			count[a.kind]++
			if (decide(traces[i], ratio) == amd.Machine) != a.machine() {
				wrong[a.kind]++
			}
		}
		for k := range wrong {
			wrong[k] /= count[k]
		}
		fmt.Fprintf(out, "%6.1f: %5.1f %5.1f %5.1f %5.1f\n", ratio, 100*wrong[hello], 100*wrong[firm], 100*wrong[long], 100*wrong[brief])
		lost := 0.85*wrong[hello] + 0.15*wrong[firm]
		if len(list) == 0 || lost > list[len(list)-1].PeopleLost {
			list = append(list, amd.Threshold{PeopleLost: lost, Ratio: ratio})
		}
	}
	return list
}

// trace is every moment at which an answer can be decided.
func trace(a answer, m *amd.Model, until float64) (list []amd.Moment) {
	d := amd.New(amd.Settings{Model: m, DecideWithin: time.Hour})
	for n := 0; n < int(50*until); n++ {
		if v, _ := d.Feed(a.pcm[n*160 : (n+1)*160]); v.Kind == amd.Beep {
			return append(list, amd.Moment{At: d.Heard(), Span: time.Hour, Machine: 1}) // it is known
		}
		if moment, ok := d.Moment(); ok {
			list = append(list, moment)
		}
	}
	return list
}

// decide replays a trace with the default time to decide.
func decide(moments []amd.Moment, ratio float64) amd.Kind {
	for _, m := range moments {
		if k, _ := m.Decide(amd.Costs{Ratio: ratio, Within: amd.DefaultDecideWithin}); k != "" {
			return k
		}
	}
	return amd.Human
}

func dumpTraces(path string, answers []answer, traces [][]amd.Moment) {
	var b strings.Builder
	for i, a := range answers {
		fmt.Fprintf(&b, "%s %s %s %.3f %.3f", a.kind, a.engine, a.language, a.until, a.beepEnd)
		for _, m := range traces[i] {
			fmt.Fprintf(&b, " %d,%d,%d,%.4f", m.At.Milliseconds(), m.Span.Milliseconds(), m.Pause.Milliseconds(), m.Machine)
		}
		b.WriteByte('\n')
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "traces are not kept:", err)
	}
}

func bySlice(out io.Writer, name string, answers []answer, clips []evaluate.Outcome, key func(answer) string, o options) {
	groups := map[string][]evaluate.Outcome{}
	i := 0
	for k := range o.folds {
		for _, a := range answers {
			if fold(a, o.folds) == k {
				c := clips[i]
				groups[key(a)] = append(groups[key(a)], c)
				i++
			}
		}
	}
	fmt.Fprintf(out, "by %s, wrong in per cent of hello, firm, desk, long, brief:\n", name)
	for _, g := range sortedKeys(groups) {
		fmt.Fprintf(out, "  %-18s %s\n", g, wrongs(groups[g]))
	}
}

func wrongs(list []evaluate.Outcome) string {
	var b strings.Builder
	for _, m := range measured {
		wrong, n := 0, 0
		for _, c := range list {
			if c.Label.Group != string(m.kind) {
				continue
			}
			n++
			machine := c.First.Kind == amd.Machine || c.First.Kind == amd.Beep
			if c.Label.Kind == amd.Human && machine || c.Label.Kind == amd.Machine && c.First.Kind == amd.Human {
				wrong++
			}
		}
		low, high := evaluate.Interval(wrong, n)
		fmt.Fprintf(&b, "  %5.1f (%.1f-%.1f, n %d)", 100*float64(wrong)/float64(max(1, n)), 100*low, 100*high, n)
	}
	return b.String()
}

// leaveOut trains without one language and tests on it.
func leaveOut(o options, d data, thresholds []amd.Threshold, out io.Writer) {
	languages := map[string]bool{}
	for _, a := range d.answers {
		languages[a.language] = true
	}
	fmt.Fprintln(out, "trained without the language, wrong in per cent of hello, firm, desk, long, brief:")
	for _, l := range sortedKeys(languages) {
		m := d.fit(o, func(a answer) bool { return a.language != l }, nil)
		m.Thresholds = thresholds
		fmt.Fprintf(out, "  %-10s %s\n", l, wrongs(outcomes(o, d.where(func(a answer) bool { return a.language == l }), amd.Settings{Model: m})))
	}
}

func notes(o options, answers []answer, proof evaluate.Report) []string {
	engines := map[string]int{}
	for _, a := range answers {
		engines[a.engine]++
	}
	list := []string{"The answer detector's model. Made by:", fmt.Sprintf("  go run ./media/amd/train -seed %d -speakers %d -answers %d -trees %d -folds %d -epochs %d -out media/amd/model.txt", o.seed, o.speakers, o.answers, o.trees, o.folds, o.epochs),
		fmt.Sprintf("Data: %d answers assembled by seed; by source: %v (recorded: Debian's asterisk-core-sounds en, es, ru and asterisk-prompt-es-co).", len(answers), engines),
		"Score, cross-validated by voice and language:"}
	return append(list, strings.Split(strings.TrimRight(proof.String(), "\n"), "\n")...)
}

// writeAnswers writes WAV files and the labels file that apel detect --evaluate reads.
func writeAnswers(folder string, answers []answer) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(folder, "labels.csv"))
	if err != nil {
		return err
	}
	labels := csv.NewWriter(f)
	_ = labels.Write([]string{"file", "kind", "group", "spoke_until_ms", "beep_ms"}) // Error tells, at the end
	for i, a := range answers {
		name := fmt.Sprintf("%05d-%s.wav", i, a.kind)
		c := clip(a)
		_ = labels.Write([]string{name, string(c.Kind), c.Group, fmt.Sprint(c.SpokeUntil.Milliseconds()), fmt.Sprint(int(a.beepEnd * 1000))})
		if err := os.WriteFile(filepath.Join(folder, name), wavFile(a.pcm), 0o644); err != nil {
			return err
		}
	}
	labels.Flush()
	if err := labels.Error(); err != nil {
		return err
	}
	return f.Close()
}

func wavFile(pcm []int16) []byte {
	b := []byte("RIFF")
	b = binary.LittleEndian.AppendUint32(b, uint32(36+2*len(pcm)))
	b = append(b, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = binary.LittleEndian.AppendUint32(b, 2*rate)
	b = append(b, "\x02\x00\x10\x00data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*len(pcm)))
	for _, v := range pcm {
		b = binary.LittleEndian.AppendUint16(b, uint16(v))
	}
	return b
}
