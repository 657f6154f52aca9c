package amd

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func TestTheBuiltInModelIsWholeAndTellsItsOrigin(t *testing.T) {
	m := Builtin()
	if len(m.Trees) < 50 || len(m.Thresholds) < 5 {
		t.Errorf("%d trees, %d thresholds", len(m.Trees), len(m.Thresholds))
	}
	notes := strings.Join(m.Notes, "\n")
	for _, want := range []string{"go run ./media/amd/train", "Data:", "Score"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes have no %q:\n%s", want, notes)
		}
	}
}

func TestTheFewerPeopleMayBeLostTheMoreCarefulTheModelIs(t *testing.T) {
	m := Builtin()
	before := m.Ratio(0)
	for lost := 0.001; lost < 0.4; lost += 0.001 {
		now := m.Ratio(lost)
		if now > before || now <= 0 {
			t.Fatalf("ratio %.2f at %.3f, %.2f just before", now, lost, before)
		}
		before = now
	}
}

func TestAModelSurvivesItsText(t *testing.T) {
	text := Builtin().Text()
	again, err := ParseModel(text)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Text(), text) {
		t.Error("the text changed")
	}
	var f Features
	for i := range f {
		f[i] = float32(i) / 7
	}
	if a, b := Builtin().Machine(&f), again.Machine(&f); a != b {
		t.Errorf("probability %v became %v", a, b)
	}
}

// A data directory's own model, retrained by an earlier version, asks of the
// features that there were then and has no network.
func TestAModelOfFewerFeaturesAndNoNetworkStillJudges(t *testing.T) {
	m, err := ParseModel([]byte("features 41\nbase 0.5\ntree" + strings.Repeat(" 3<1", treeNodes) + strings.Repeat(" 0.25", leaves) + "\n"))
	if err != nil || m.Net != nil {
		t.Fatal(m, err)
	}
	d := New(Settings{Model: m})
	if v, _ := d.Feed(newClip(4).quiet(300*ms).speech(2*time.Second, -20).quiet(2 * time.Second).pcm()); v.Kind == "" {
		t.Errorf("%+v", v)
	}
}

// One that was retrained by a version whose network heard other measures.
func TestAModelWithAnotherNetworkIsRefused(t *testing.T) {
	text := "features 42\ntree" + strings.Repeat(" 3<1", treeNodes) + strings.Repeat(" 0.25", leaves) + "\n" + strings.Repeat("net 0.5 0.5 0.5\n", 1000)
	if _, err := ParseModel([]byte(text)); err == nil || !strings.Contains(err.Error(), "3000 parameters") || !strings.Contains(err.Error(), "another version") {
		t.Errorf("error %v", err)
	}
}

func TestABrokenModelIsNamedByItsLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "no trees",
		"# note\nfeatures 99\n": "line 2: it has 99 features",
		"base x\n":              "line 1",
		"tree 1<2\n":            "line 1",
		"tree 99<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n":  "is no question",
		"tree 9<nan 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n": "is no number",
	} {
		if _, err := ParseModel([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func FuzzParseModel(f *testing.F) {
	f.Add("# n\nfeatures 41\nbase 0\nlost 0.1 ratio 2\ntree 1<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 0<1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ParseModel([]byte(text))
		if err != nil {
			return
		}
		var features Features
		m.Machine(&features)
		if _, err := ParseModel(m.Text()); err != nil {
			t.Errorf("what was parsed can't be parsed again: %v", err)
		}
	})
}
