package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"apel/media/amd"
	"apel/media/amd/evaluate"
)

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

// compare lets the detector and the cadence method hear the answers, by kind.
func compare(o options, answers []answer, set amd.Settings) evaluate.Report {
	answers = slices.Clone(answers)
	slices.SortStableFunc(answers, func(a, b answer) int { return strings.Compare(string(a.kind), string(b.kind)) })
	trials := make([]evaluate.Trial, len(answers))
	parallel(o.workers, len(answers), func(i int) {
		c := clip(answers[i])
		trials[i] = evaluate.Trial{Ours: evaluate.Listen(c, set), Theirs: evaluate.Cadence(c)}
	})
	return evaluate.Collect(trials)
}

// calibrate finds, on voices that each fold's model hasn't seen, the ratio of
// costs that loses a given share of people. Of the people, 85 in 100 say a word
// or two and 15 answer for a business. Whose words were cut out of sentences
// doesn't count, for nobody answers so.
func (d data) calibrate(traces [][]amd.Moment, out io.Writer) (list []amd.Threshold) {
	fmt.Fprintln(out, "ratio of costs: hello, firm and desk lost, long and brief passed, per cent; half of the long ones known by:")
	for _, ratio := range []float64{300, 100, 50, 25, 12, 8, 5, 4, 3, 2.5, 2, 1.6, 1.2, 0.7, 0.4, 0.2} {
		wrong := map[role]float64{}
		count := map[role]float64{}
		var known []time.Duration
		for i, a := range d.answers {
			if a.engine == "people" {
				continue
			}
			count[a.kind]++
			v := d.heard[i].decide(traces[i], amd.Costs{Ratio: ratio, Within: amd.DefaultDecideWithin})
			machine := v.Kind == amd.Machine || v.Kind == amd.Beep
			switch {
			case machine != a.machine() && (machine || v.Kind == amd.Human):
				wrong[a.kind]++
			case a.kind == long:
				known = append(known, v.At)
			}
		}
		for k := range wrong {
			wrong[k] /= count[k]
		}
		slices.Sort(known)
		half := time.Duration(0)
		if len(known) > 0 {
			half = known[len(known)/2]
		}
		fmt.Fprintf(out, "%6.1f: %5.1f %5.1f %5.1f %5.1f %5.1f %5.2f s\n", ratio, 100*wrong[hello], 100*wrong[firm], 100*wrong[desk], 100*wrong[long], 100*wrong[brief], half.Seconds())
		lost := 0.85*wrong[hello] + 0.15*wrong[firm]
		if len(list) == 0 || lost > list[len(list)-1].PeopleLost {
			list = append(list, amd.Threshold{PeopleLost: lost, Ratio: ratio})
		}
	}
	return list
}

// replay gives every answer's outcome by its trace.
func (d data) replay(traces [][]amd.Moment, ratio float64, listenOn time.Duration) []evaluate.Outcome {
	list := make([]evaluate.Outcome, len(d.answers))
	for i, a := range d.answers {
		list[i] = d.heard[i].outcome(a, traces[i], amd.Costs{Ratio: ratio, Within: amd.DefaultDecideWithin, ListenOn: listenOn})
	}
	return list
}

// check listens to one answer in checkOne for how often a replay's verdict is
// the detector's own.
func (d data) check(o options, models []*amd.Model, replayed []evaluate.Outcome, out io.Writer) {
	var which []int
	for i, a := range d.answers {
		if a.pcm != nil {
			which = append(which, i)
		}
	}
	same := make([]bool, len(which))
	parallel(o.workers, len(which), func(n int) {
		i := which[n]
		heard := evaluate.Listen(clip(d.answers[i]), amd.Settings{Model: models[fold(d.answers[i], o.folds)]})
		same[n] = heard.First.Kind == replayed[i].First.Kind && heard.First.At == replayed[i].First.At
	})
	count := 0
	for _, s := range same {
		if s {
			count++
		}
	}
	fmt.Fprintf(out, "%d of %d answers that were listened to again were decided as replayed, at the same time\n", count, len(which))
}

func bySlice(out io.Writer, name string, answers []answer, clips []evaluate.Outcome, key func(answer) string) {
	groups := map[string][]evaluate.Outcome{}
	for i, a := range answers {
		groups[key(a)] = append(groups[key(a)], clips[i])
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
