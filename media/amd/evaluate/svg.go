package evaluate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The picture of the trade-off, pixels: its size, and of the field that it is drawn in.
const (
	pictureWide, pictureHigh = 640, 480
	fieldLeft, fieldRight    = 76, 610
	fieldTop, fieldBottom    = 56, 400
)

// SVG draws the trade-off curve: people lost to the right, machines passed
// upwards, each point with the people-lost it was set to, and the cadence method
// as a cross.
func (r Report) SVG() []byte {
	most := 0.05
	for _, p := range r.Curve {
		most = max(most, p.Lost, p.Passed)
	}
	step := roundStep(most / 6)
	most = step * math.Ceil(most/step-1e-9)
	x := func(v float64) float64 { return fieldLeft + v/most*(fieldRight-fieldLeft) }
	y := func(v float64) float64 { return fieldBottom - v/most*(fieldBottom-fieldTop) }
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\">\n", pictureWide, pictureHigh)
	fmt.Fprintf(&b, "<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n", pictureWide, pictureHigh)
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"22\" font-size=\"15\">People lost against machines passed</text>\n", fieldLeft)
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"40\" fill=\"#555\">each point: what people-lost was set to; nearer the corner is better</text>\n", fieldLeft)
	for v := 0.0; v < most+step/2; v += step {
		fmt.Fprintf(&b, "<path stroke=\"#ccc\" d=\"M%.1f %d V%d M%d %.1f H%d\"/>\n", x(v), fieldBottom, fieldTop, fieldLeft, y(v), fieldRight)
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x(v), fieldBottom+18, shareText(v))
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", fieldLeft-6, y(v)+4, shareText(v))
	}
	fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">people taken for machines</text>\n", (fieldLeft+fieldRight)/2, pictureHigh-30)
	fmt.Fprintf(&b, "<text transform=\"translate(18 %d) rotate(-90)\" text-anchor=\"middle\">machines taken for people</text>\n", (fieldTop+fieldBottom)/2)
	b.WriteString("<polyline fill=\"none\" stroke=\"#1a6\" stroke-width=\"2\" points=\"")
	for _, p := range r.Curve {
		if !p.CadenceMethod {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(p.Lost), y(p.Passed))
		}
	}
	b.WriteString("\"/>\n")
	for _, p := range r.Curve {
		if p.CadenceMethod {
			fmt.Fprintf(&b, "<path stroke=\"#c33\" stroke-width=\"2\" d=\"m%.1f %.1f l10 10 m0 -10 l-10 10\"/>\n<text x=\"%.1f\" y=\"%.1f\" fill=\"#c33\" text-anchor=\"middle\">cadence method</text>\n", x(p.Lost)-5, y(p.Passed)-5, min(x(p.Lost), fieldRight-40), y(p.Passed)-10)
			continue
		}
		fmt.Fprintf(&b, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#1a6\"><title>people-lost %.1f %%: lost %.1f %%, passed %.1f %%</title></circle>\n", x(p.Lost), y(p.Passed), 100*p.PeopleLost, 100*p.Lost, 100*p.Passed)
		fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%.1f\" fill=\"#063\" font-size=\"11\">%s</text>\n", x(p.Lost)+6, y(p.Passed)-6, shareText(p.PeopleLost))
	}
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// roundStep is the smallest of 1, 2 and 5 times a power of ten that is at least v.
func roundStep(v float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*ten >= v*(1-1e-9) {
			return m * ten
		}
	}
	return 10 * ten
}

// shareText writes a share in per cent with the digits that it has.
func shareText(v float64) string {
	return strconv.FormatFloat(math.Round(1e4*v)/100, 'f', -1, 64) + " %"
}
