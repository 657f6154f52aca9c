package evaluate

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"apel/media/amd"
)

// String writes the report as a text table.
func (r Report) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "answers\tmethod\tn\twrong\t95 %\tas human\tas machine\tundecided 3 s\tdelay p50\tp95\tbeeps found\tfalse")
	for _, row := range r.Rows {
		low, high := Interval(row.Wrong(), row.N)
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%.1f-%.1f\t%d\t%d\t%s\t%s\t%s\t%s\t%d\n", row.Group, row.Method, row.N,
			percent(row.Wrong(), row.N), 100*low, 100*high, row.AsHuman, row.AsMachine, percent(row.Late, row.N),
			row.delay(0.5), row.delay(0.95), percent(row.BeepsFound, row.Beeps), row.FalseBeeps)
	}
	r.writeConfusion(w)
	fmt.Fprintln(w, "\ncost of an answer, s of an operator\tmethod\tpeople lost\tmachines passed\twaiting\ttotal")
	for _, c := range r.Costs {
		fmt.Fprintf(w, "\t%s\t%.2f\t%.2f\t%.2f\t%.2f\n", c.Method, c.Lost, c.Passed, c.Waiting, c.Total)
	}
	if len(r.Curve) > 0 {
		fmt.Fprintln(w, "\ntrade-off: people-lost set to\tpeople lost\tmachines passed\tperson delay p50\tmachine delay p50")
	}
	for _, p := range r.Curve {
		name := fmt.Sprintf("%.1f %%", 100*p.PeopleLost)
		if p.CadenceMethod {
			name = "cadence method"
		}
		fmt.Fprintf(w, "%s\t%.1f %%\t%.1f %%\t%s\t%s\n", name, 100*p.Lost, 100*p.Passed, millis(p.DecisionDelay), millis(p.MachineDelay))
	}
	_ = w.Flush() // into memory
	return b.String()
}

// writeConfusion writes what each kind was first called.
func (r Report) writeConfusion(w io.Writer) {
	var called []amd.Kind
	for _, c := range r.Confusion {
		for k := range c.Called {
			if !slices.Contains(called, k) {
				called = append(called, k)
			}
		}
	}
	if len(called) == 0 {
		return
	}
	slices.Sort(called)
	fmt.Fprint(w, "\nconfusion: what it is\tmethod")
	for _, k := range called {
		fmt.Fprintf(w, "\t%s", k)
	}
	fmt.Fprintln(w)
	for _, c := range r.Confusion {
		fmt.Fprintf(w, "%s\t%s", c.Truth, c.Method)
		for _, k := range called {
			fmt.Fprintf(w, "\t%d", c.Called[k])
		}
		fmt.Fprintln(w)
	}
}

func percent(count, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*share(count, of))
}

// delay writes a quantile of the right decisions' delays; a dash if none was right.
func (r Row) delay(q float64) string {
	if len(r.Delay) == 0 {
		return "-"
	}
	return millis(r.Quantile(q))
}

func millis(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }
