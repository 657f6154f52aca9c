package evaluate

import (
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"apel/media/amd"

	"github.com/google/go-cmp/cmp"
)

const ms = time.Millisecond

// voice makes pieces of buzz with three resonances, and silence between.
func voice(pieces ...time.Duration) []int16 {
	var pcm []int16
	for i, d := range pieces {
		n := int(d.Seconds() * 8000)
		for k := range n {
			if i%2 == 0 {
				pcm = append(pcm, 0)
				continue
			}
			t := float64(k) / 8000
			pitch := 120 + 25*math.Sin(2*math.Pi*2.3*t)
			v := 0.0
			for h := 1; h <= 24; h++ {
				f := pitch * float64(h)
				weight := math.Exp(-math.Pow((f-550)/260, 2)) + 0.5*math.Exp(-math.Pow((f-1500)/300, 2)) + 0.2*math.Exp(-math.Pow((f-2500)/300, 2))
				v += weight * math.Sin(2*math.Pi*f*t)
			}
			syllables := 0.55 - 0.45*math.Cos(2*math.Pi*4*t)
			pcm = append(pcm, int16(2500*syllables*v))
		}
	}
	return pcm
}

func person(file string) Clip {
	return Clip{Label{File: file, Kind: amd.Human, SpokeUntil: 800 * ms, BeepAt: -1}, voice(400*ms, 400*ms, 3*time.Second)}
}

func machine(file string) Clip {
	return Clip{Label{File: file, Kind: amd.Machine, SpokeUntil: 8500 * ms, BeepAt: -1}, voice(500*ms, 8*time.Second, time.Second)}
}

func TestTheCadenceMethodCountsWordsAndSilences(t *testing.T) {
	cases := []struct {
		name string
		pcm  []int16
		want amd.Kind
		why  string
	}{
		{"a bare hello", voice(400*ms, 400*ms, 2*time.Second), amd.Human, "a pause after the greeting"},
		{"nothing", voice(4 * time.Second), amd.Machine, "no word for too long"},
		{"three words", voice(400*ms, 250*ms, 120*ms, 250*ms, 120*ms, 250*ms, 2*time.Second), amd.Machine, "3 words"},
		{"two words", voice(400*ms, 250*ms, 120*ms, 250*ms, 2*time.Second), amd.Human, "a pause after the greeting"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v := cadence(c.pcm)
			if v.Kind != c.want || v.Why != c.why {
				t.Errorf("%s at %v: %s", v.Kind, v.At, v.Why)
			}
		})
	}
}

func TestAReportCountsEachGroupByBothMethods(t *testing.T) {
	clips := []Clip{person("a"), person("b"), machine("c")}
	clips[1].Kind = amd.Machine // a wrong label shows as a machine passed
	r := Evaluate(clips, amd.Settings{})
	got := map[string][3]int{}
	for _, row := range r.Rows {
		if row.Method == "apel" {
			got[row.Group] = [3]int{row.N, row.AsHuman, row.AsMachine}
		}
	}
	want := map[string][3]int{"human": {1, 1, 0}, "machine": {2, 1, 1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("n, as human, as machine:\n%s\n%s", diff, r)
	}
	if r.Rows[0].Delay[0] < 200*ms || r.Rows[0].Delay[0] > 1500*ms {
		t.Errorf("delay after the utterance %v", r.Rows[0].Delay[0])
	}
	if len(r.Curve) < 3 || !r.Curve[len(r.Curve)-1].CadenceMethod {
		t.Errorf("curve %+v", r.Curve)
	}
	for _, want := range []string{"undecided", "cadence method", "people lost"} {
		if !strings.Contains(r.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, r)
		}
	}
}

func TestCostsCountWhatAMistakeCosts(t *testing.T) {
	outcomes := []Outcome{
		{Label: Label{Kind: amd.Human, SpokeUntil: time.Second}, First: amd.Verdict{Kind: amd.Machine}},
		{Label: Label{Kind: amd.Human, SpokeUntil: time.Second}, First: amd.Verdict{Kind: amd.Human, At: 1500 * ms}},
		{Label: Label{Kind: amd.Machine}, First: amd.Verdict{Kind: amd.Human}},
		{Label: Label{Kind: amd.Machine}, First: amd.Verdict{Kind: amd.Beep}},
	}
	want := Cost{"m", 30, 2, 1.5, 33.5}
	if diff := cmp.Diff(want, costOf("m", outcomes)); diff != "" {
		t.Error(diff)
	}
}

func TestTheTradeOffIsDrawnAsWellFormedSVG(t *testing.T) {
	svg := Evaluate([]Clip{person("a"), machine("b")}, amd.Settings{}).SVG()
	decoder := xml.NewDecoder(strings.NewReader(string(svg)))
	for {
		if _, err := decoder.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
}

func TestTheTradeOffHasRoundStepsAndSaysWhatEachPointWasSetTo(t *testing.T) {
	r := Report{Curve: []Point{{PeopleLost: 0.002, Passed: 0.629}, {PeopleLost: 0.05, Lost: 0.17, Passed: 0.065}, {Lost: 0.534, Passed: 0.048, CadenceMethod: true}}}
	svg := string(r.SVG())
	for _, want := range []string{">0 %<", ">20 %<", ">40 %<", ">60 %<", ">80 %<", ">0.2 %<", ">5 %<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %s in\n%s", want, svg)
		}
	}
}

func TestADelayOfWhichThereIsNoneIsADash(t *testing.T) {
	r := Report{Rows: []Row{{Method: "cadence", Group: "desk", Truth: amd.Human, N: 7, AsMachine: 7}}}
	if text := r.String(); strings.Contains(text, " ms") {
		t.Errorf("a delay in\n%s", text)
	}
}

func TestWilsonsIntervalMatchesPublishedValues(t *testing.T) {
	for _, c := range []struct {
		count, of int
		low, high float64
	}{{0, 20, 0, 0.161}, {10, 20, 0.299, 0.701}, {1, 100, 0.0018, 0.0545}, {0, 0, 0, 1}} {
		low, high := Interval(c.count, c.of)
		if math.Abs(low-c.low) > 0.001 || math.Abs(high-c.high) > 0.001 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.count, c.of, low, high, c.low, c.high)
		}
	}
}

func TestLabelsAreReadByTheirHeader(t *testing.T) {
	got, err := ParseLabels(strings.NewReader("\ufeffkind, file,spoke_until_ms,beep_ms,group,remark\nHuman,a.wav,812,-1,business,x\nmachine,b.wav,,6400\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Label{
		{"a.wav", amd.Human, "business", 812 * ms, -1},
		{"b.wav", amd.Machine, "", -1, 6400 * ms},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAWrongLabelIsNamedByItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "no header",
		"name,truth\n":                   "must name the columns",
		"file,kind\na.wav,person\n":      "line 2",
		"file,kind\na.wav,human\n,x\n":   "line 3",
		"file,kind,beep_ms\na,human,x\n": "column beep_ms",

		"file,kind,spoke_until_ms\na,human,1.1\n": `column spoke_until_ms: "1.1" is no whole number`,
	} {
		if _, err := ParseLabels(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func FuzzParseLabels(f *testing.F) {
	f.Add("file,kind,group\na.wav,human,x\n")
	f.Fuzz(func(t *testing.T, text string) {
		labels, err := ParseLabels(strings.NewReader(text))
		for _, l := range labels {
			if err == nil && (l.File == "" || l.Kind == "") {
				t.Errorf("%+v", l)
			}
		}
	})
}
