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
			millis(row.Quantile(0.5)), millis(row.Quantile(0.95)), percent(row.BeepsFound, row.Beeps), row.FalseBeeps)
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

func millis(d time.Duration) string { return fmt.Sprintf("%d ms", d.Milliseconds()) }

// SVG draws the trade-off curve: people lost to the right, machines passed
// upwards, the cadence method as a cross.
func (r Report) SVG() []byte {
	const width, height, left, bottom, size = 560, 420, 70, 360, 320
	most := 0.05
	for _, p := range r.Curve {
		most = max(most, p.Lost, p.Passed)
	}
	x := func(v float64) float64 { return left + v/most*(width-left-30) }
	y := func(v float64) float64 { return bottom - v/most*size }
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", width, height)
	fmt.Fprintf(&b, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n<g stroke=\"#ccc\">\n", width, height)
	for i := range 6 {
		v := most * float64(i) / 5
		fmt.Fprintf(&b, "<path d=\"M%.1f %d V%d M%d %.1f H%d\"/>\n", x(v), bottom, bottom-size, left, y(v), width-30)
	}
	b.WriteString("</g>\n")
	for i := range 6 {
		v := most * float64(i) / 5
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.1f %%</text>\n", x(v), bottom+16, 100*v)
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.1f %%</text>\n", left-6, y(v)+4, 100*v)
	}
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">people taken for machines</text>\n", (left+width)/2, height-16)
	fmt.Fprintf(&b, "<text transform=\"translate(16 %d) rotate(-90)\" text-anchor=\"middle\">machines taken for people</text>\n", bottom-size/2)
	b.WriteString("<polyline fill=\"none\" stroke=\"#1a6\" stroke-width=\"2\" points=\"")
	for _, p := range r.Curve {
		if !p.CadenceMethod {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(p.Lost), y(p.Passed))
		}
	}
	b.WriteString("\"/>\n")
	for _, p := range r.Curve {
		if p.CadenceMethod {
			fmt.Fprintf(&b, "<path stroke=\"#c33\" stroke-width=\"2\" d=\"m%.1f %.1f l10 10 m0 -10 l-10 10\"/>\n<text x=\"%.1f\" y=\"%.1f\" fill=\"#c33\" text-anchor=\"end\">cadence method</text>\n", x(p.Lost)-5, y(p.Passed)-5, x(p.Lost)-10, y(p.Passed)-10)
			continue
		}
		fmt.Fprintf(&b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#1a6\"><title>people-lost %.1f %%: lost %.1f %%, passed %.1f %%</title></circle>\n", x(p.Lost), y(p.Passed), 100*p.PeopleLost, 100*p.Lost, 100*p.Passed)
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}
