package web

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// Charts are SVG made here: no script draws anything. Colours are classes of
// the style sheet, so that they follow the theme; each chart says in words what
// it shows, for who cannot see it.

// Line is one line of a chart.
type Line struct {
	Name   string
	Class  string // c1 to c6
	Values []float64
}

const (
	chartWidth  = 720
	chartHeight = 150
	chartLeft   = 34
	chartFoot   = 16
)

// Lines draws lines over the same stretch of time; top 0: as high as the values.
func Lines(title, from, to string, top float64, lines ...Line) template.HTML {
	for _, l := range lines {
		for _, v := range l.Values {
			top = max(top, v)
		}
	}
	top = nice(max(top, 2)) // the lines of the grid are whole numbers
	var b strings.Builder
	b.WriteString(open(title, chartWidth, chartHeight, " wide"))
	plot := chartHeight - chartFoot - 6
	for i := range 3 {
		y := 6 + plot*i/2
		fmt.Fprintf(&b, `<line class="grid" x1="%d" y1="%d" x2="%d" y2="%d"/><text class="axis" x="%d" y="%d" text-anchor="end">%s</text>`,
			chartLeft, y, chartWidth, y, chartLeft-5, y+4, short(top*float64(2-i)/2))
	}
	for _, l := range lines {
		if len(l.Values) == 0 {
			continue
		}
		var at []string
		for i, v := range l.Values {
			x := float64(chartLeft)
			if len(l.Values) > 1 {
				x += float64(chartWidth-chartLeft) * float64(i) / float64(len(l.Values)-1)
			}
			at = append(at, fmt.Sprintf("%.1f,%.1f", x, 6+float64(plot)*(1-v/top)))
		}
		fmt.Fprintf(&b, `<polyline class="line %s" points="%s"/>`, l.Class, strings.Join(at, " "))
	}
	fmt.Fprintf(&b, `<text class="axis" x="%d" y="%d">%s</text><text class="axis" x="%d" y="%d" text-anchor="end">%s</text></svg>`,
		chartLeft, chartHeight-2, esc(from), chartWidth, chartHeight-2, esc(to))
	return template.HTML(b.String()) //nolint:gosec // every text in it is escaped
}

// Bar is one bar with its name and what is written behind it.
type Bar struct {
	Name  string
	Class string
	Value float64
	Text  string
}

// Bars draws bars that lie, one below the other.
func Bars(title string, bars ...Bar) template.HTML {
	const width, line, left, right = 560, 26, 150, 110
	top := 0.0
	for _, v := range bars {
		top = max(top, v.Value)
	}
	var b strings.Builder
	b.WriteString(open(title, width, max(1, len(bars))*line))
	for i, v := range bars {
		long := 0.0
		if top > 0 {
			long = (width - left - right) * v.Value / top
		}
		y := i * line
		fmt.Fprintf(&b, `<text class="label" x="%d" y="%d" text-anchor="end">%s</text><rect class="bar %s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/><text class="label" x="%.1f" y="%d">%s</text>`,
			left-8, y+18, esc(cut(v.Name, 22)), v.Class, left, y+4, max(long, 1), line-8, float64(left)+long+6, y+18, esc(v.Text))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // every text in it is escaped
}

// fewestColumns is for how many there is room at least: one alone is no wall.
const fewestColumns = 12

// Columns draws columns over hours or days; every other name is written if there are many.
func Columns(title string, bars ...Bar) template.HTML {
	top := 0.0
	for _, v := range bars {
		top = max(top, v.Value)
	}
	top = nice(max(top, 2)) // the lines of the grid are whole numbers
	var b strings.Builder
	b.WriteString(open(title, chartWidth, chartHeight, " wide"))
	plot := float64(chartHeight - chartFoot - 6)
	for i := range 3 {
		y := 6 + plot*float64(i)/2
		fmt.Fprintf(&b, `<line class="grid" x1="%d" y1="%.0f" x2="%d" y2="%.0f"/><text class="axis" x="%d" y="%.0f" text-anchor="end">%s</text>`,
			chartLeft, y, chartWidth, y, chartLeft-5, y+4, short(top*float64(2-i)/2))
	}
	step := float64(chartWidth-chartLeft) / float64(max(fewestColumns, len(bars)))
	every := 1 + len(bars)/16
	for i, v := range bars {
		high := plot * v.Value / top
		x := float64(chartLeft) + step*float64(i)
		fmt.Fprintf(&b, `<rect class="bar %s" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s: %s</title></rect>`, v.Class, x+step*.12, 6+plot-high, step*.76, high, esc(v.Name), esc(v.Text))
		if i%every == 0 {
			fmt.Fprintf(&b, `<text class="axis" x="%.1f" y="%d" text-anchor="middle">%s</text>`, x+step/2, chartHeight-2, esc(v.Name))
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) //nolint:gosec // every text in it is escaped
}

// Gauge draws a share of a limit: how much of a budget is used.
func Gauge(title string, share float64, class string) template.HTML {
	const width, height = 120, 8
	long := width * min(1, max(0, share))
	return template.HTML(open(title, width, height) + //nolint:gosec // every text in it is escaped
		fmt.Sprintf(`<rect class="rail" x="0" y="0" width="%d" height="%d" rx="4"/><rect class="bar %s" x="0" y="0" width="%.1f" height="%d" rx="4"/></svg>`, width, height, esc(class), long, height))
}

func open(title string, width, height int, class ...string) string {
	return fmt.Sprintf(`<svg class="chart%s" role="img" aria-label="%s" viewBox="0 0 %d %d" width="%d" height="%d">`, strings.Join(class, ""), esc(title), width, height, width, height)
}

func esc(s string) string { return template.HTMLEscapeString(s) }

func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// nice is the next round number from a value up: an even digit, or one, and zeros.
func nice(v float64) float64 {
	if v <= 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 4, 6, 8, 10} { // half of each is as round, from 2 up
		if v <= m*p*(1+1e-9) {
			return m * p
		}
	}
	return 10 * p
}

func short(v float64) string {
	switch {
	case v >= 1e6:
		return fmt.Sprintf("%gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%gk", v/1e3)
	}
	return fmt.Sprintf("%g", v)
}
