package amd

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Depth of a model's trees: four questions, sixteen answers.
const (
	Depth     = 4
	treeNodes = 1<<Depth - 1
	leaves    = 1 << Depth
)

// Tree asks Depth questions of the features and gives a share of the log odds
// that a machine speaks. Node i's children are 2i+1 (feature below or at the
// threshold) and 2i+2.
type Tree struct {
	Feature   [treeNodes]uint8
	Threshold [treeNodes]float32
	Leaf      [leaves]float32
}

// Model is a classifier of features: gradient-boosted trees, a network whose log
// odds are added to theirs, and how careful it must be for a given share of
// people lost. It is read-only once in use.
type Model struct {
	Notes      []string // provenance: command, data, score
	Base       float32  // log odds before the first tree
	Trees      []Tree
	Net        *Net        // gives the last feature, which is added as it is; nil: 0
	Thresholds []Threshold // by PeopleLost, ascending
	net        []float32   // its parameters, as they are read
	sum        uint32
}

// Threshold is what a lost person costs against a passed machine such that the
// given share of people is lost, measured on speakers that the model hadn't seen.
type Threshold struct {
	PeopleLost float64
	Ratio      float64
}

//go:embed model.txt
var embedded []byte

var builtin = sync.OnceValue(func() *Model {
	m, err := ParseModel(embedded)
	if err != nil {
		panic("amd: the built-in model: " + err.Error()) // a test reads it
	}
	return m
})

// Builtin is the model that the package was built with.
func Builtin() *Model { return builtin() }

// Machine is the probability that the features are a machine's.
func (m *Model) Machine(f *Features) float64 {
	odds := m.Base + f[FeatureNet]
	for i := range m.Trees {
		odds += m.Trees[i].Value(f)
	}
	return 1 / (1 + math.Exp(-float64(odds)))
}

// Value is the share of the log odds that the tree gives.
func (t *Tree) Value(f *Features) float32 {
	i := 0
	for i < treeNodes {
		if f[t.Feature[i]] <= t.Threshold[i] {
			i = 2*i + 1
		} else {
			i = 2*i + 2
		}
	}
	return t.Leaf[i-treeNodes]
}

// Ratio is how many passed machines weigh as much as one lost person when at
// most a share of people may be lost.
func (m *Model) Ratio(peopleLost float64) float64 {
	if len(m.Thresholds) == 0 {
		return 10
	}
	last := m.Thresholds[0]
	if peopleLost <= last.PeopleLost {
		return last.Ratio
	}
	for _, t := range m.Thresholds[1:] {
		if peopleLost <= t.PeopleLost {
			part := (peopleLost - last.PeopleLost) / (t.PeopleLost - last.PeopleLost)
			return last.Ratio + part*(t.Ratio-last.Ratio)
		}
		last = t
	}
	return last.Ratio
}

// ID names the model in evidence: a checksum of its text.
func (m *Model) ID() string { return fmt.Sprintf("%08x", m.sum) }

// netRow is how many parameters of the network stand in a line.
const netRow = 24

// Text writes the model as ParseModel reads it: notes after #, then one line a
// setting and one line a tree, then the network's parameters.
func (m *Model) Text() []byte {
	var b bytes.Buffer
	for _, n := range m.Notes {
		fmt.Fprintf(&b, "# %s\n", n)
	}
	fmt.Fprintf(&b, "features %d\nbase %.5g\n", featureCount, m.Base)
	for _, t := range m.Thresholds {
		fmt.Fprintf(&b, "lost %.4g ratio %.5g\n", t.PeopleLost, t.Ratio)
	}
	for _, t := range m.Trees {
		b.WriteString("tree")
		for i := range treeNodes {
			fmt.Fprintf(&b, " %d<%.5g", t.Feature[i], t.Threshold[i])
		}
		for _, v := range t.Leaf {
			fmt.Fprintf(&b, " %.4g", v)
		}
		b.WriteByte('\n')
	}
	if m.Net != nil {
		for row := range slices.Chunk(m.Net.Params[:], netRow) {
			b.WriteString("net")
			for _, v := range row {
				fmt.Fprintf(&b, " %.4g", v)
			}
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

// ParseModel reads a model's text. An error names the line.
func ParseModel(text []byte) (*Model, error) {
	m := &Model{sum: crc32.ChecksumIEEE(text)}
	scan := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; scan.Scan(); n++ {
		if err := m.parseLine(scan.Text()); err != nil {
			return nil, fmt.Errorf("model line %d: %w", n, err)
		}
	}
	if err := scan.Err(); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if n := len(m.net); n > 0 {
		if n != NetParams {
			return nil, fmt.Errorf("model: its network has %d parameters, this detector's %d: it hears other measures, of another version", n, NetParams)
		}
		m.Net = &Net{Params: [NetParams]float32(m.net)}
	}
	if len(m.Trees) == 0 {
		return nil, errors.New("model: it has no trees")
	}
	return m, nil
}

func (m *Model) parseLine(line string) error {
	if note, ok := strings.CutPrefix(line, "#"); ok {
		m.Notes = append(m.Notes, strings.TrimSpace(note))
		return nil
	}
	fields := strings.Fields(line)
	switch {
	case len(fields) == 0:
		return nil
	case fields[0] == "features" && len(fields) == 2:
		if n, err := strconv.Atoi(fields[1]); err != nil || n < 1 || n > featureCount { // new ones are added at the end
			return fmt.Errorf("it has %s features, this detector measures %d", fields[1], featureCount)
		}
		return nil
	case fields[0] == "net":
		for _, f := range fields[1:] {
			var v float32
			if err := parseFloat(f, &v); err != nil {
				return err
			}
			m.net = append(m.net, v)
		}
		return nil
	case fields[0] == "base" && len(fields) == 2:
		return parseFloat(fields[1], &m.Base)
	case fields[0] == "lost" && len(fields) == 4:
		var lost, ratio float32
		if err := errors.Join(parseFloat(fields[1], &lost), parseFloat(fields[3], &ratio)); err != nil {
			return err
		}
		m.Thresholds = append(m.Thresholds, Threshold{float64(lost), float64(ratio)})
		return nil
	case fields[0] == "tree" && len(fields) == 1+treeNodes+leaves:
		return m.parseTree(fields[1:])
	}
	return fmt.Errorf("unknown line %.40q", line)
}

func (m *Model) parseTree(fields []string) error {
	var t Tree
	for i := range treeNodes {
		feature, threshold, ok := strings.Cut(fields[i], "<")
		n, err := strconv.Atoi(feature)
		if !ok || err != nil || n < 0 || n >= featureCount {
			return fmt.Errorf("%q is no question", fields[i])
		}
		t.Feature[i] = uint8(n)
		if err := parseFloat(threshold, &t.Threshold[i]); err != nil {
			return err
		}
	}
	for i := range leaves {
		if err := parseFloat(fields[treeNodes+i], &t.Leaf[i]); err != nil {
			return err
		}
	}
	m.Trees = append(m.Trees, t)
	return nil
}

func parseFloat(s string, to *float32) error {
	v, err := strconv.ParseFloat(s, 32)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("%q is no number", s)
	}
	*to = float32(v)
	return nil
}
