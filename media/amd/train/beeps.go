package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"apel/media/amd"
	"apel/media/amd/evaluate"
)

// countBeeps measures only how beeps are heard, over many machines that beep and
// as many people who don't: how many were found, and known, within 300 ms of
// their end, by how they were made; and how often one was heard where none was.
func countBeeps(ctx context.Context, o options, voices []voice, out io.Writer) {
	list := make([]heardBeeps, o.beeps)
	parallel(o.workers, len(list), func(i int) {
		rng := rand.New(rand.NewPCG(o.seed, uint64(i)+9000))
		kind := []role{brief, long, hello, firm, desk}[i%5]
		for ok := false; !ok && ctx.Err() == nil; {
			var a answer
			if a, ok = assemble(rng, draw(rng, voices), kind, true); ok {
				list[i] = hearBeeps(a)
			}
		}
	})
	rows := map[string]*beepRow{}
	for _, h := range list {
		for _, name := range h.rows() {
			if rows[name] == nil {
				rows[name] = &beepRow{}
			}
			rows[name].add(h)
		}
	}
	for _, name := range sortedKeys(rows) {
		r := rows[name]
		low, high := evaluate.Interval(r.found, r.beeps)
		fmt.Fprintf(out, "%-24s %5d answers, %5d beep: found %5.1f %% (%.1f-%.1f), known in time %5.1f %%; heard where none was in %d\n",
			name, r.answers, r.beeps, percent(r.found, r.beeps), 100*low, 100*high, percent(r.soon, r.beeps), r.wrong)
	}
}

// heardBeeps is one answer and what was heard of its beep.
type heardBeeps struct {
	answer
	found, soon, wrong bool
}

func hearBeeps(a answer) heardBeeps {
	h := heardBeeps{answer: a}
	d := amd.New(amd.Settings{})
	end := time.Duration(a.beepEnd * float64(time.Second))
	for pcm := a.pcm; len(pcm) >= 160; pcm = pcm[160:] {
		v, changed := d.Feed(pcm[:160])
		if !changed || v.Kind != amd.Beep {
			continue
		}
		near := a.beepEnd >= 0 && (v.BeepAt-end).Abs() <= 300*time.Millisecond
		h.found = h.found || near
		h.soon = h.soon || near && v.At <= end+300*time.Millisecond
		h.wrong = h.wrong || !near && (a.beepEnd < 0 || v.BeepAt < time.Duration(a.beep.from*float64(time.Second)))
	}
	return h
}

// rows names the lines of the table that an answer counts in.
func (h heardBeeps) rows() []string {
	names := []string{string(h.kind)}
	if h.beepEnd < 0 {
		return names
	}
	names = append(names, "beep: all", "beep: "+h.beep.kind)
	for _, hz := range []float64{450, 700, 1000, 1400, 4000} {
		if h.beep.hz < hz {
			names = append(names, fmt.Sprintf("beep: to %4.0f Hz", hz))
			break
		}
	}
	switch {
	case h.beep.length < 0.2:
		names = append(names, "beep: under 200 ms")
	case h.beep.length < 0.5:
		names = append(names, "beep: under 500 ms")
	}
	return names
}

type beepRow struct{ answers, beeps, found, soon, wrong int }

func (r *beepRow) add(h heardBeeps) {
	count := func(n *int, is bool) {
		if is {
			*n++
		}
	}
	r.answers++
	count(&r.beeps, h.beepEnd >= 0)
	count(&r.found, h.found)
	count(&r.soon, h.soon)
	count(&r.wrong, h.wrong)
}

func percent(count, of int) float64 { return 100 * float64(count) / float64(max(1, of)) }
