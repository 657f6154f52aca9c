// Package evaluate measures the answer detector on labelled recordings: how
// often each kind of answer is judged right, how soon, and at what cost, with
// the cadence method (words and silences counted, the usual one) beside it.
// Pure: recordings and labels in, a report out; the report writes itself as a
// text table and draws the trade-off between people lost and machines passed.
package evaluate

import (
	"math"
	"slices"
	"strings"
	"time"

	"apel/media/amd"
)

// Label says what is true of a recording.
type Label struct {
	File       string
	Kind       amd.Kind      // Human, Machine, Fax, SIT, Busy, Congestion, Ringback, Silence, Music
	Group      string        // finer than Kind, "business greeting" for one; may be empty
	SpokeUntil time.Duration // end of the first utterance; negative when unknown
	BeepAt     time.Duration // end of the beep; negative when there is none or it is unknown
}

// Clip is a recording of an answer from its first frame on: 8 kHz, one channel.
type Clip struct {
	Label
	PCM []int16
}

// tooLate is when an answer counts as undecided, after the answer.
const tooLate = 3 * time.Second

// Outcome is what a method made of one clip.
type Outcome struct {
	Label   Label
	First   amd.Verdict // the first decision; at the recording's end if none came before
	Last    amd.Verdict // after everything was heard
	Beeps   []time.Duration
	Decided bool // before the recording ended
}

// Listen runs a detector over a clip.
func Listen(c Clip, s amd.Settings) Outcome {
	o := Outcome{Label: c.Label}
	d := amd.New(s)
	for pcm := c.PCM; len(pcm) > 0; {
		n := min(160, len(pcm))
		v, changed := d.Feed(pcm[:n])
		pcm = pcm[n:]
		if !changed {
			continue
		}
		if !o.Decided {
			o.First, o.Decided = v, true
		}
		if v.Kind == amd.Beep {
			o.Beeps = append(o.Beeps, v.BeepAt)
		}
	}
	o.Last = d.Finish()
	if !o.Decided {
		o.First = o.Last
	}
	return o
}

// Row counts the outcomes of one group by one method.
type Row struct {
	Method, Group string
	Truth         amd.Kind
	N             int
	AsHuman       int             // first decision: a person
	AsMachine     int             // a machine, or its beep
	AsTruth       int             // the kind that it is
	Late          int             // undecided 3 s after the answer
	Delay         []time.Duration // of right decisions: after the utterance of people, after the answer of others
	BeepsFound    int
	Beeps         int // clips with a known beep that were listened to until after it
	FalseBeeps    int // clips without a beep in which one was heard
}

// Wrong is how many were judged as the opposite: people as machines, machines
// as people, all else as anything but what it is.
func (r Row) Wrong() int {
	switch r.Truth {
	case amd.Human:
		return r.AsMachine
	case amd.Machine:
		return r.AsHuman
	}
	return r.N - r.AsTruth
}

// Report is the measure of the detector and of the cadence method on the same clips.
type Report struct {
	Rows      []Row // by group in the order of their first clip, the detector's row before the cadence method's
	Confusion []Confusion
	Curve     []Point
	Costs     []Cost
}

// Confusion counts what one method first called the answers of one kind.
type Confusion struct {
	Method string
	Truth  amd.Kind
	Called map[amd.Kind]int
}

// Point is one setting's trade-off.
type Point struct {
	PeopleLost    float64 // the setting
	Lost, Passed  float64 // measured shares: of people, of machines
	CadenceMethod bool
	DecisionDelay time.Duration // median, after a person's utterance
	MachineDelay  time.Duration // median, after the answer
}

// Trial is what became of one clip: by the detector as it is set, by the
// cadence method, and by the detector at each setting of the trade-off curve.
type Trial struct {
	Ours, Theirs Outcome
	curve        []Outcome
}

// swept are the shares of people lost that the curve shows.
var swept = []float64{0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2}

// Try lets both methods hear a clip. It keeps nothing of the sound.
func Try(c Clip, s amd.Settings) Trial {
	t := Trial{Ours: Listen(c, s), Theirs: Cadence(c)}
	if c.Kind == amd.Human || c.Kind == amd.Machine {
		for _, lost := range swept {
			s.PeopleLost = lost
			t.curve = append(t.curve, Listen(c, s))
		}
	}
	return t
}

// Evaluate measures the settings on the clips.
func Evaluate(clips []Clip, s amd.Settings) Report {
	var trials []Trial
	for _, c := range clips {
		trials = append(trials, Try(c, s))
	}
	return Collect(trials)
}

// Collect makes a report of trials; without a curve if they have none, as of
// trials that Try didn't make and of tones.
func Collect(trials []Trial) Report {
	var r Report
	var ours, theirs []Outcome
	curve := make([][]Outcome, len(swept))
	for _, t := range trials {
		ours, theirs = append(ours, t.Ours), append(theirs, t.Theirs)
		for i, o := range t.curve {
			curve[i] = append(curve[i], o)
		}
	}
	for _, group := range groups(ours) {
		r.Rows = append(r.Rows, count("apel", group, ours), count("cadence", group, theirs))
	}
	r.Confusion = append(confusion("apel", ours), confusion("cadence", theirs)...)
	for i, outcomes := range curve {
		if len(outcomes) == 0 {
			continue
		}
		p := point(outcomes)
		p.PeopleLost = swept[i]
		r.Curve = append(r.Curve, p)
	}
	if len(r.Curve) > 0 {
		p := point(theirs)
		p.CadenceMethod = true
		r.Curve = append(r.Curve, p)
	}
	r.Costs = []Cost{costOf("apel", ours), costOf("cadence", theirs)}
	return r
}

func confusion(method string, outcomes []Outcome) (list []Confusion) {
	for _, o := range outcomes {
		i := slices.IndexFunc(list, func(c Confusion) bool { return c.Truth == o.Label.Kind })
		if i < 0 {
			i = len(list)
			list = append(list, Confusion{method, o.Label.Kind, map[amd.Kind]int{}})
		}
		list[i].Called[o.First.Kind]++
	}
	return list
}

// Summarise counts outcomes that were gathered elsewhere, the detector's only.
func Summarise(ours []Outcome) Report {
	var r Report
	for _, group := range groups(ours) {
		r.Rows = append(r.Rows, count("apel", group, ours))
	}
	slices.SortStableFunc(r.Rows, func(a, b Row) int { return strings.Compare(string(a.Truth)+a.Group, string(b.Truth)+b.Group) })
	r.Costs = []Cost{costOf("apel", ours)}
	return r
}

func (l Label) group() string {
	if l.Group != "" {
		return l.Group
	}
	return string(l.Kind)
}

func groups(outcomes []Outcome) (names []string) {
	for _, o := range outcomes {
		if g := o.Label.group(); !slices.Contains(names, g) {
			names = append(names, g)
		}
	}
	return names
}

func count(method, group string, outcomes []Outcome) Row {
	r := Row{Method: method, Group: group}
	for _, o := range outcomes {
		if o.Label.group() == group {
			r.Truth = o.Label.Kind
			r.add(o)
		}
	}
	slices.Sort(r.Delay)
	return r
}

func (r *Row) add(o Outcome) {
	r.N++
	machine := o.First.Kind == amd.Machine || o.First.Kind == amd.Beep
	right := o.First.Kind == r.Truth
	switch {
	case o.First.Kind == amd.Human:
		r.AsHuman++
	case machine:
		r.AsMachine++
	}
	if right || r.Truth == amd.Machine && machine {
		r.AsTruth++
		switch {
		case r.Truth != amd.Human:
			r.Delay = append(r.Delay, o.First.At)
		case o.Label.SpokeUntil >= 0:
			r.Delay = append(r.Delay, o.First.At-o.Label.SpokeUntil)
		}
	}
	if !o.Decided || o.First.At > tooLate {
		r.Late++
	}
	if o.Label.BeepAt >= 0 {
		r.Beeps++
		if slices.ContainsFunc(o.Beeps, func(b time.Duration) bool { return (b - o.Label.BeepAt).Abs() <= 300*time.Millisecond }) {
			r.BeepsFound++
		}
	} else if len(o.Beeps) > 0 {
		r.FalseBeeps++
	}
}

// Quantile of the delays; 0 without any.
func (r Row) Quantile(q float64) time.Duration { return quantile(r.Delay, q) }

func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(math.Round(q*float64(len(sorted)-1)))]
}

// Interval is the 95 % interval of a share by E. Wilson's method (1927), which
// stays honest for few and for extreme cases.
func Interval(count, of int) (low, high float64) {
	if of == 0 {
		return 0, 1
	}
	const z = 1.96
	n, p := float64(of), float64(count)/float64(of)
	middle := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, middle-half), min(1, middle+half)
}

func point(outcomes []Outcome) (p Point) {
	var people, machines Row
	people.Truth, machines.Truth = amd.Human, amd.Machine
	for _, o := range outcomes {
		switch o.Label.Kind {
		case amd.Human:
			people.add(o)
		case amd.Machine:
			machines.add(o)
		}
	}
	slices.Sort(people.Delay)
	slices.Sort(machines.Delay)
	p.Lost = share(people.Wrong(), people.N)
	p.Passed = share(machines.Wrong(), machines.N)
	p.DecisionDelay, p.MachineDelay = people.Quantile(0.5), machines.Quantile(0.5)
	return p
}

func share(count, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(count) / float64(of)
}
