package amd

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// What each of the first frames was taken for: two bits a frame.
const (
	heardQuiet = iota
	heardSpeech
	heardTone
	heardSound // neither: noise, a click, breath
)

// Bounds of what is kept: 10 s of frames, and the newest verdicts.
const (
	keptFrames   = 512
	keptVerdicts = 6
)

// journal is what evidence is made of, gathered as the answer is heard.
type journal struct {
	heard    [keptFrames / 4]byte
	verdicts [keptVerdicts]Verdict
	n        int
	features Features // at the first decision between a person and a machine
	weighed  bool
}

func (j *journal) note(frame, what int) {
	if frame < keptFrames {
		j.heard[frame/4] |= byte(what) << (2 * (frame % 4))
	}
}

func (j *journal) decided(v Verdict) {
	if j.n == keptVerdicts {
		copy(j.verdicts[1:], j.verdicts[2:]) // the first one stays
		j.n--
	}
	j.verdicts[j.n] = v
	j.n++
}

var kinds = []Kind{Unknown, Human, Machine, Beep, Fax, SIT, Busy, Congestion, Ringback, Music, Silence}

// details that evidence keeps of a verdict; the others are left out.
var details = []string{"", GoesOn, GreetingEnded, Announcement}

// Evidence is what was heard when and what was made of it, in at most 500 bytes:
// the settings, the model's name, each verdict, the features that the first
// decision weighed, and for each frame of the first 10 s whether it was quiet,
// speech, a tone or another sound. It holds no sound and nothing that was said.
// Explain reads it.
func (d *Detector) Evidence() []byte {
	j := &d.journal
	b := []byte{evidenceVersion}
	b = binary.LittleEndian.AppendUint32(b, d.model().sum)
	b = binary.LittleEndian.AppendUint16(b, uint16(min(65535, d.settings.DecideWithin.Milliseconds())))
	b = binary.LittleEndian.AppendUint16(b, uint16(min(65535, d.settings.ListenOn.Milliseconds())))
	b = binary.LittleEndian.AppendUint16(b, uint16(min(65535, math.Round(d.settings.PeopleLost*10000))))
	b = append(b, byte(bit(d.settings.EarlyMedia)))
	b = binary.LittleEndian.AppendUint32(b, uint32(d.frames))
	b = append(b, byte(j.n))
	for _, v := range j.verdicts[:j.n] {
		b = append(b, byte(max(0, slices.Index(kinds, v.Kind))), byte(max(0, slices.Index(details, v.Detail))), byte(math.Round(100*v.Confidence)))
		beep := v.BeepAt.Milliseconds()
		if v.BeepAt < 0 {
			beep = -1
		}
		for _, t := range []int64{v.At.Milliseconds(), v.SpokeUntil.Milliseconds(), beep} {
			b = binary.LittleEndian.AppendUint32(b, uint32(int32(t)))
		}
	}
	b = append(b, byte(bit(j.weighed)))
	if j.weighed {
		b = append(b, featureCount)
		for _, f := range j.features {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
		}
	}
	return append(b, j.heard[:(min(d.frames, keptFrames)+3)/4]...)
}

const evidenceVersion = 4

// Version 3 did not say how many features there are: as many as these.
const (
	evidenceVersion3 = 3
	featuresThen     = 41
)

// errEvidence is all that can be wrong with evidence: it isn't whole, or not ours.
var errEvidence = errors.New("this isn't a detector's evidence, or not all of it")

// reader takes evidence apart; after its end it gives zeros and is broken.
type reader struct {
	b      []byte
	broken bool
}

func (r *reader) take(n int) []byte {
	if len(r.b) < n {
		r.broken = true
		return make([]byte, n)
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}

func (r *reader) byte() byte     { return r.take(1)[0] }
func (r *reader) uint16() uint16 { return binary.LittleEndian.Uint16(r.take(2)) }
func (r *reader) uint32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

// Account is evidence taken apart.
type Account struct {
	ModelID  string   // of the model that judged
	Settings Settings // it was judged by; without the model
	Heard    time.Duration
	Verdicts []Verdict // the first, and the newest of those that changed it; without Why
	Weighed  bool      // a person was told from a machine by Features
	Features Features  // at the first such decision
	Measured int       // how many of the features there are; the others came later
	frames   []byte
}

// ParseEvidence takes evidence apart.
func ParseEvidence(evidence []byte) (a Account, err error) {
	r := &reader{b: evidence}
	version := r.byte()
	if version != evidenceVersion && version != evidenceVersion3 {
		return a, errEvidence
	}
	a.ModelID = fmt.Sprintf("%08x", r.uint32())
	a.Settings.DecideWithin = time.Duration(r.uint16()) * time.Millisecond
	a.Settings.ListenOn = time.Duration(r.uint16()) * time.Millisecond
	a.Settings.PeopleLost = float64(r.uint16()) / 10000
	a.Settings.EarlyMedia = r.byte() != 0
	frames := int(r.uint32())
	a.Heard = at(frames)
	r.verdicts(&a)
	if a.Weighed = r.byte() != 0; a.Weighed {
		a.Measured = featuresThen
		if version == evidenceVersion {
			a.Measured = min(int(r.byte()), featureCount)
		}
		for i := range a.Measured {
			a.Features[i] = math.Float32frombits(r.uint32())
		}
	}
	a.frames = r.take((min(frames, keptFrames) + 3) / 4)
	if r.broken || len(r.b) > 0 {
		return Account{}, errEvidence
	}
	return a, nil
}

func (r *reader) verdicts(a *Account) {
	for range min(int(r.byte()), keptVerdicts) {
		kind, detail, sure := int(r.byte()), int(r.byte()), r.byte()
		millis := func() time.Duration { return time.Duration(int32(r.uint32())) * time.Millisecond }
		v := Verdict{At: millis(), SpokeUntil: millis(), BeepAt: millis(), Confidence: float64(sure) / 100}
		if v.BeepAt < 0 {
			v.BeepAt = -1
		}
		if kind >= len(kinds) || detail >= len(details) {
			r.broken = true
			return
		}
		v.Kind, v.Detail = kinds[kind], details[detail]
		a.Verdicts = append(a.Verdicts, v)
	}
}

// Explain writes evidence for people: what was heard when, the verdicts, and
// what spoke for them. Reasons need the model that judged; nil is the built-in.
func Explain(evidence []byte, m *Model) (string, error) {
	a, err := ParseEvidence(evidence)
	if err != nil {
		return "", err
	}
	if m == nil {
		m = Builtin()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "model %s, decide within %d ms, people lost at most %.2f %%", a.ModelID, a.Settings.DecideWithin.Milliseconds(), 100*a.Settings.PeopleLost)
	if a.Settings.EarlyMedia {
		b.WriteString(", before the answer")
	}
	fmt.Fprintf(&b, "; %d ms heard\n", a.Heard.Milliseconds())
	for _, v := range a.Verdicts {
		v.explain(&b)
	}
	a.reasons(&b, m)
	a.heard(&b)
	return b.String(), nil
}

func (v Verdict) explain(b *strings.Builder) {
	fmt.Fprintf(b, "%d ms: %s", v.At.Milliseconds(), v.Kind)
	if v.Detail != "" {
		fmt.Fprintf(b, " (%s)", v.Detail)
	}
	fmt.Fprintf(b, ", %.0f %% sure", 100*v.Confidence)
	if v.SpokeUntil > 0 {
		fmt.Fprintf(b, ", speech until %d ms", v.SpokeUntil.Milliseconds())
	}
	if v.BeepAt > 0 {
		fmt.Fprintf(b, ", beep until %d ms", v.BeepAt.Milliseconds())
	}
	b.WriteByte('\n')
}

func (a *Account) reasons(b *strings.Builder, m *Model) {
	switch {
	case !a.Weighed:
		return
	case a.ModelID != m.ID():
		b.WriteString("judged by another model; its reasons aren't known\n")
		return
	}
	fmt.Fprintf(b, "machine %.1f %%, because of:\n", 100*m.Machine(&a.Features))
	for _, reason := range m.Reasons(&a.Features)[:8] {
		fmt.Fprintf(b, "  %-30s %8.2f  %s\n", FeatureNames[reason.Feature], a.Features[reason.Feature], reason.side())
	}
}

func (a *Account) heard(b *strings.Builder) {
	names := [...]string{"quiet", "speech", "tone", "other sound"}
	what := func(n int) byte { return a.frames[n/4] >> (2 * (n % 4)) & 3 }
	frames := min(int(a.Heard/frameTime), keptFrames)
	for from := 0; from < frames; {
		to := from
		for to < frames && (what(to) == what(from) || to+wordGap < frames && what(to) == heardQuiet && what(to+wordGap) == what(from)) {
			to++ // a gap between two words isn't worth a line
		}
		fmt.Fprintf(b, "%6d to %d ms: %s\n", at(from).Milliseconds(), at(to).Milliseconds(), names[what(from)])
		from = to
	}
}

// Reason is one feature's part in the log odds of a machine.
type Reason struct {
	Feature int
	Part    float64 // positive speaks for a machine
}

func (r Reason) side() string {
	if r.Part > 0 {
		return fmt.Sprintf("machine %+.2f", r.Part)
	}
	return fmt.Sprintf("person %+.2f", r.Part)
}

// Reasons shares each tree's answer among the features that it asked on the way;
// the strongest first. What the network says is a reason by itself.
func (m *Model) Reasons(f *Features) []Reason {
	list := make([]Reason, featureCount)
	for i := range list {
		list[i].Feature = i
	}
	list[FeatureNet].Part = float64(f[FeatureNet])
	for k := range m.Trees {
		t := &m.Trees[k]
		part := float64(t.Value(f)) / Depth
		for i := 0; i < treeNodes; {
			list[t.Feature[i]].Part += part
			if f[t.Feature[i]] <= t.Threshold[i] {
				i = 2*i + 1
			} else {
				i = 2*i + 2
			}
		}
	}
	slices.SortStableFunc(list, func(a, b Reason) int {
		switch x, y := math.Abs(a.Part), math.Abs(b.Part); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return list
}
