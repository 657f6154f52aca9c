package simulate

import (
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"

	"apel/pacing/world"
)

// inks are told apart by people who see colours poorly too (after Okabe and
// Ito, "Color universal design", 2008).
var inks = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b8860b", "#56b4e9"}

const (
	drawingWidth, drawingHeight = 960., 860.
	textInk, gridInk, capInk    = "#333", "#e4e4e4", "#c0392b"
)

// Draw gives an SVG of what the cells came to: occupancy against abandonment,
// and a shift minute by minute.
func Draw(rs []Shifts) []byte {
	var d drawing
	fmt.Fprintf(&d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" font-family="system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif" font-size="13" fill="%s">`+"\n", drawingWidth, drawingHeight, drawingWidth, drawingHeight, textInk)
	fmt.Fprintf(&d, `<rect width="100%%" height="100%%" fill="#fff"/>`+"\n")
	d.frontier(rs)
	d.timeline(shown(rs))
	fmt.Fprintln(&d, "</svg>")
	return []byte(d.String())
}

// shown is the cell whose first shift is drawn: of predictive if it is there.
func shown(rs []Shifts) Shifts {
	for _, r := range slices.Backward(rs) {
		if r.Policy == "predictive" {
			return r
		}
	}
	return rs[len(rs)-1]
}

type drawing struct{ strings.Builder }

// text places words; anchor is start, middle or end.
func (d *drawing) text(x, y float64, anchor, style, words string) {
	fmt.Fprintf(d, `<text x="%.1f" y="%.1f" text-anchor="%s" %s>`, x, y, anchor, style)
	_ = xml.EscapeText(d, []byte(words)) // a builder takes all
	fmt.Fprintln(d, "</text>")
}

// axes is a frame with values on both sides.
type axes struct {
	left, top, width, height float64
	x0, x1, y0, y1           float64
}

func (a axes) x(v float64) float64 { return a.left + (v-a.x0)/(a.x1-a.x0)*a.width }
func (a axes) y(v float64) float64 { return a.top + a.height - (v-a.y0)/(a.y1-a.y0)*a.height }

// steps are round values between two, about n.
func steps(from, to float64, n int) []float64 {
	raw := (to - from) / float64(n)
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := unit * 10
	for _, m := range []float64{1, 2, 2.5, 5} {
		if unit*m >= raw {
			step = unit * m
			break
		}
	}
	var all []float64
	for i := int(math.Ceil(from/step - 1e-9)); float64(i)*step <= to+step*1e-9; i++ {
		all = append(all, float64(i)*step)
	}
	return all
}

func (d *drawing) frame(a axes, xName, yName string, xText, yText func(float64) string) {
	for _, v := range steps(a.x0, a.x1, 8) {
		fmt.Fprintf(d, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s"/>`+"\n", a.x(v), a.x(v), a.top, a.top+a.height, gridInk)
		d.text(a.x(v), a.top+a.height+18, "middle", "", xText(v))
	}
	for _, v := range steps(a.y0, a.y1, 6) {
		fmt.Fprintf(d, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s"/>`+"\n", a.left, a.left+a.width, a.y(v), a.y(v), gridInk)
		d.text(a.left-8, a.y(v)+4, "end", "", yText(v))
	}
	fmt.Fprintf(d, `<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="none" stroke="#999"/>`+"\n", a.left, a.top, a.width, a.height)
	d.text(a.left+a.width/2, a.top+a.height+38, "middle", "", xName)
	fmt.Fprintf(d, `<g transform="rotate(-90 %.1f %.1f)">`, a.left-48, a.top+a.height/2)
	d.text(a.left-48, a.top+a.height/2, "middle", "", yName)
	fmt.Fprintln(d, "</g>")
}

func inPercent(v float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*v), ".0") + " %" }

// frontier draws occupancy against abandonment: a mark a cell, a faint one a
// seed, cells of one policy joined.
func (d *drawing) frontier(rs []Shifts) {
	a := axes{left: 90, top: 70, width: 660, height: 300}
	a.x0, a.x1, a.y0, a.y1 = rangeOf(rs)
	d.text(24, 34, "start", `font-size="18" font-weight="600"`, "Occupancy against abandonment")
	d.text(24, 54, "start", `fill="#777"`, fmt.Sprintf("%g hours, %d seeds from %d; a faint mark is one shift, a full one the mean", rs[0].Hours, rs[0].Seeds, rs[0].Seed))
	d.frame(a, "abandoned, of live answers", "occupancy", inPercent, inPercent)
	caps := map[float64]bool{}
	for _, r := range rs {
		if !caps[r.MaxAbandonment] && r.MaxAbandonment <= a.x1 {
			caps[r.MaxAbandonment] = true
			x := a.x(r.MaxAbandonment)
			fmt.Fprintf(d, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-dasharray="5 4"/>`+"\n", x, x, a.top, a.top+a.height, capInk)
			d.text(x+5, a.top+14, "start", fmt.Sprintf(`fill="%s" font-size="11"`, capInk), "cap "+inPercent(r.MaxAbandonment))
		}
	}
	ink, order := map[string]string{}, []string{}
	for _, r := range rs {
		if ink[r.Policy] == "" {
			ink[r.Policy] = inks[len(ink)%len(inks)]
			order = append(order, r.Policy)
		}
	}
	for _, policy := range order {
		d.policy(a, rs, policy, ink[policy])
	}
	for i, policy := range order {
		y := a.top + 12 + 22*float64(i)
		fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s"/>`+"\n", a.left+a.width+22, y, ink[policy])
		d.text(a.left+a.width+34, y+4, "start", "", policy)
	}
	d.text(a.left+a.width+16, a.top+a.height-4, "start", `fill="#777" font-size="11"`, "numbers: operators")
}

// rangeOf is a little more than what the shifts span.
func rangeOf(rs []Shifts) (x0, x1, y0, y1 float64) {
	y0, y1 = 1, 0
	for _, r := range rs {
		x1 = max(x1, min(r.MaxAbandonment, .1)*1.15)
		for _, one := range r.all {
			x1, y0, y1 = max(x1, one.AbandonmentRate*1.05), min(y0, one.Occupancy), max(y1, one.Occupancy)
		}
	}
	room := max((y1-y0)*.12, .02)
	return -x1 * .04, max(x1, .01), max(y0-room, 0), min(y1+room, 1)
}

func (d *drawing) policy(a axes, rs []Shifts, policy, ink string) {
	var line []string
	for _, r := range rs {
		if r.Policy == policy {
			line = append(line, fmt.Sprintf("%.1f,%.1f", a.x(r.AbandonmentRate), a.y(r.Occupancy)))
		}
	}
	fmt.Fprintf(d, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.5" opacity=".5"/>`+"\n", strings.Join(line, " "), ink)
	for _, r := range rs {
		if r.Policy != policy {
			continue
		}
		if len(r.all) > 1 {
			for _, one := range r.all {
				fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="2.5" fill="%s" opacity=".3"/>`+"\n", a.x(one.AbandonmentRate), a.y(one.Occupancy), ink)
			}
		}
		fmt.Fprintf(d, `<circle cx="%.1f" cy="%.1f" r="5" fill="%s"/>`+"\n", a.x(r.AbandonmentRate), a.y(r.Occupancy), ink)
		d.text(a.x(r.AbandonmentRate)+8, a.y(r.Occupancy)+4, "start", fmt.Sprintf(`font-size="11" fill="%s"`, ink), fmt.Sprint(r.Operators))
	}
}

// smooth is over how many minutes occupancy is shown.
const smooth = 10

// timeline draws a shift: occupancy, and the share lost so far.
func (d *drawing) timeline(cell Shifts) {
	r := cell.all[0]
	if len(r.Timeline) < 2 {
		return
	}
	hours := float64(r.Timeline[len(r.Timeline)-1].AtMS) / 3.6e6
	most := max(cell.MaxAbandonment*1.3, .01)
	for _, m := range r.Timeline {
		if m.AtMS > 20*60_000 { // the first people say little
			most = max(most, lostSoFar(m)*1.1)
		}
	}
	top := 500.
	d.text(24, top-36, "start", `font-size="18" font-weight="600"`, "A shift")
	d.text(24, top-16, "start", `fill="#777"`, fmt.Sprintf("%s, %d operators, seed %d: %d calls, %.1f %% busy, %d of %d people lost", r.Policy, r.Operators, r.Seed, r.Calls, 100*r.Occupancy, r.Abandoned, r.LiveAnswers))
	hour := func(v float64) string { return fmt.Sprintf("%g h", v) }
	upper := axes{left: 90, top: top, width: 660, height: 150, x0: 0, x1: hours, y0: 0, y1: 1}
	d.frame(upper, "", "occupancy", func(float64) string { return "" }, inPercent)
	lower := axes{left: 90, top: top + 180, width: 660, height: 110, x0: 0, x1: hours, y0: 0, y1: most}
	d.frame(lower, "time of the shift", "lost so far", hour, inPercent)
	capAt := lower.y(cell.MaxAbandonment)
	fmt.Fprintf(d, `<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-dasharray="5 4"/>`+"\n", lower.left, lower.left+lower.width, capAt, capAt, capInk)
	d.text(lower.left+lower.width+8, capAt+4, "start", fmt.Sprintf(`fill="%s" font-size="11"`, capInk), "cap "+inPercent(cell.MaxAbandonment))
	var busy, lost []string
	for i, m := range r.Timeline {
		from, sum := max(i-smooth+1, 0), 0.
		for _, before := range r.Timeline[from : i+1] {
			sum += before.Occupancy
		}
		x := float64(m.AtMS) / 3.6e6
		busy = append(busy, fmt.Sprintf("%.1f,%.1f", upper.x(x), upper.y(sum/float64(i+1-from))))
		lost = append(lost, fmt.Sprintf("%.1f,%.1f", lower.x(x), lower.y(min(lostSoFar(m), most))))
	}
	for _, l := range []struct {
		points []string
		ink    string
	}{{busy, inks[0]}, {lost, inks[1]}} {
		fmt.Fprintf(d, `<polyline points="%s" fill="none" stroke="%s" stroke-width="1.8" stroke-linejoin="round"/>`+"\n", strings.Join(l.points, " "), l.ink)
	}
	d.text(upper.left+upper.width+8, upper.top+14, "start", `fill="#777" font-size="11"`, fmt.Sprintf("mean of %d minutes", smooth))
}

func lostSoFar(m world.Minute) float64 { return float64(m.Abandoned) / float64(max(m.Live, 1)) }
