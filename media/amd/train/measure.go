package main

import (
	"strings"
	"time"

	"apel/media/amd"
	"apel/media/amd/evaluate"
	"apel/media/amd/learn"
)

const (
	momentEvery = 8   // frames between two examples of one answer; twice as many when it is decided mostly
	heardFor    = 6.8 // seconds of an answer that are learned from
	checkOne    = 20  // one answer in so many is listened to again after the fits
)

// heard is all that fits and proofs need of one answer; it holds no sound.
type heard struct {
	examples []learn.Example
	sequence learn.Sequence // longer than what is learned from: its last weights are nothing
	moments  []instant
	other    amd.Verdict // the first that no costs decide: a beep or another tone; of no kind if there was none
}

// instant is a moment at which an answer can be decided.
type instant struct {
	amd.Moment
	features amd.Features
	step     int // of the sequence, the last before it; -1 before the first
}

// hear listens to an answer as a detector does that never decides.
func hear(a answer, index int) (h heard) {
	h.sequence.Machine = a.machine()
	d := amd.New(amd.Settings{DecideWithin: time.Minute, Model: &amd.Model{}})
	end := heardFor
	if !a.machine() {
		end = min(end, a.until+1.4)
	}
	for n := range len(a.pcm) / 160 {
		if v, _ := d.Feed(a.pcm[n*160 : (n+1)*160]); v.Kind != "" && v.Kind != amd.Human && v.Kind != amd.Machine {
			h.other = v
			break // then it is known
		}
		learned := n < int(end*50)
		f, ok := d.Features()
		if in, whole := d.NetInput(); whole {
			w := float32(0)
			if ok && learned {
				w = counts(f)
			}
			h.sequence.Inputs, h.sequence.Weights = append(h.sequence.Inputs, in), append(h.sequence.Weights, w)
		}
		if m, ok := d.Moment(); ok {
			h.moments = append(h.moments, instant{m, f, len(h.sequence.Inputs) - 1})
		}
		every := momentEvery
		if n > 180 {
			every *= 2
		}
		if ok && learned && n%every == 1 {
			h.examples = append(h.examples, learn.Example{Features: f, Machine: a.machine(), Answer: index, Weight: counts(f)})
		}
	}
	weigh(a, h.examples, h.sequence)
	return h
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
	switch a.engine {
	case "recorded":
		name = a.speaker
		if _, person, ok := strings.Cut(name, "_f_"); ok {
			name = person
		}
	case "people":
		name = a.speaker
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
	"fillets-ng-data-cs cs m": 1, "fillets-ng-data-cs cs v": 1,
	"hedgewars-data Pirate": 1, "hedgewars-data Russian_pl": 1, "hedgewars-data Singer": 1,
	"ktuberling-data lt":         1,
	"tuxpaint-stamps-default el": 1, "tuxpaint-stamps-default es": 1, "tuxpaint-stamps-default ru": 1,
}

// data is what was heard of the answers.
type data struct {
	answers []answer // without their sound, but for one in checkOne
	heard   []heard
}

func measure(o options, answers []answer) data {
	d := data{answers, make([]heard, len(answers))}
	parallel(o.workers, len(answers), func(i int) {
		d.heard[i] = hear(answers[i], i)
		if i%checkOne != 0 {
			answers[i].pcm = nil
		}
	})
	return d
}

// odds is what a network makes of an answer, by step.
func (h *heard) odds(net *amd.Net) []float32 {
	odds := make([]float32, len(h.sequence.Inputs))
	var state amd.NetState
	for i := range odds {
		if net != nil {
			odds[i] = net.Step(&state, &h.sequence.Inputs[i])
		}
	}
	return odds
}

// trace is every moment at which the answer can be decided, as a model sees it.
func (h *heard) trace(m *amd.Model) (list []amd.Moment) {
	odds := h.odds(m.Net)
	for _, at := range h.moments {
		if at.step >= 0 {
			at.features[amd.FeatureNet] = odds[at.step]
		}
		at.Machine = m.Machine(&at.features)
		list = append(list, at.Moment)
	}
	return list
}

// decide replays a trace: the first verdict, as a detector with such costs gives it.
func (h *heard) decide(trace []amd.Moment, costs amd.Costs) amd.Verdict {
	if len(trace) == 0 || trace[0].At > costs.Within {
		return h.undecided(costs)
	}
	for _, m := range trace {
		if k, _ := m.Decide(costs); k != "" {
			return amd.Verdict{Kind: k, At: m.At}
		}
	}
	return h.undecided(costs)
}

// undecided is the verdict on an answer in which nobody is known to have spoken.
func (h *heard) undecided(costs amd.Costs) amd.Verdict {
	if h.other.Kind != "" {
		return h.other
	}
	return amd.Verdict{Kind: amd.Silence, At: costs.Within}
}

// outcome is what a replay makes of an answer.
func (h *heard) outcome(a answer, trace []amd.Moment, costs amd.Costs) evaluate.Outcome {
	o := evaluate.Outcome{Label: clip(a).Label, First: h.decide(trace, costs), Decided: true}
	if h.other.Kind == amd.Beep {
		o.Beeps = append(o.Beeps, h.other.BeepAt)
	}
	return o
}
