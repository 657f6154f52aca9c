package amd

import (
	"os"
	"strings"
	"testing"
	"time"
)

func last(verdicts []Verdict) Verdict {
	if len(verdicts) == 0 {
		return Verdict{}
	}
	return verdicts[len(verdicts)-1]
}

func TestAMachineThatSaidHelloAndGoesOnIsCorrected(t *testing.T) {
	for seed := range uint64(5) {
		pcm := newClip(seed).quiet(300*ms).speech(450*ms, -20).quiet(900*ms).speech(9*time.Second, -20).noise(-60).pcm()
		verdicts, _ := hearAll(Settings{}, pcm)
		if len(verdicts) != 2 || verdicts[0].Kind != Human || verdicts[1].Kind != Machine || verdicts[1].Detail != "goes on" {
			t.Errorf("seed %d: %+v", seed, verdicts)
		}
	}
}

func TestAPersonWhoTalksWithTheOperatorIsNeverCorrected(t *testing.T) {
	for seed := range uint64(8) {
		c := newClip(seed).quiet(400*ms).speech(450*ms, -20)
		for range 6 { // turns, with the operator's between them
			c.quiet(time.Duration(1600+c.rng.IntN(1500))*ms).speech(time.Duration(300+c.rng.IntN(6000))*ms, -20)
		}
		verdicts, _ := hearAll(Settings{}, c.noise(-55).pcm())
		if len(verdicts) != 1 || verdicts[0].Kind != Human {
			t.Errorf("seed %d: %+v", seed, verdicts)
		}
	}
}

func TestABeepSoonAfterAPersonWasAssumedIsAMachine(t *testing.T) {
	pcm := newClip(2).quiet(300*ms).speech(450*ms, -20).quiet(2*time.Second).tone(400*ms, -18, 1000).quiet(time.Second).noise(-60).pcm()
	verdicts, _ := hearAll(Settings{}, pcm)
	if len(verdicts) != 2 || verdicts[0].Kind != Human || verdicts[1].Kind != Beep {
		t.Errorf("verdicts %+v", verdicts)
	}
}

func TestAToneLateInAConversationIsNoBeep(t *testing.T) {
	c := newClip(2).quiet(300*ms).speech(450*ms, -20)
	for range 8 {
		c.quiet(1200*ms).speech(700*ms, -20)
	}
	verdicts, _ := hearAll(Settings{}, c.quiet(500*ms).tone(400*ms, -18, 1000).quiet(time.Second).noise(-60).pcm())
	if len(verdicts) != 1 || verdicts[0].Kind != Human {
		t.Errorf("verdicts %+v", verdicts)
	}
}

func TestTheEndOfAGreetingWithoutABeepIsTold(t *testing.T) {
	c := newClip(5).quiet(300*ms).speech(5*time.Second, -20)
	end := time.Duration(len(c.x)) * time.Second / sampleRate
	verdicts, _ := hearAll(Settings{}, c.quiet(4*time.Second).noise(-60).pcm())
	v := last(verdicts)
	if len(verdicts) != 2 || v.Kind != Machine || v.Detail != "greeting ended" || (v.SpokeUntil-end).Abs() > 120*ms {
		t.Errorf("greeting ends at %v: %+v", end, verdicts)
	}
}

func TestKeysPressedAreNoBeeps(t *testing.T) {
	rows, columns := []float64{697, 770, 852, 941}, []float64{1209, 1336, 1477, 1633}
	for _, row := range rows {
		for _, column := range columns {
			pcm := newClip(1).quiet(300*ms).speech(400*ms, -20).quiet(900*ms).tone(300*ms, -15, row, column).quiet(time.Second).noise(-55).pcm()
			verdicts, _ := hearAll(Settings{}, pcm)
			if v := last(verdicts); v.Kind != Human {
				t.Errorf("%.0f+%.0f Hz: %+v", row, column, verdicts)
			}
		}
	}
}

func TestKeysPressedOneSoonAfterTheOtherAreNoBeeps(t *testing.T) {
	rows, columns := []float64{697, 770, 852, 941}, []float64{1209, 1336, 1477, 1633}
	for i := range 16 {
		c := newClip(1).quiet(300*ms).speech(400*ms, -20).quiet(900 * ms)
		for k := range 3 {
			c.tone(time.Duration(60+5*i)*ms, -15, rows[(i+k)%4], columns[i/4]).quiet(32 * ms)
		}
		verdicts, _ := hearAll(Settings{}, c.quiet(time.Second).noise(-55).pcm())
		if v := last(verdicts); v.Kind != Human {
			t.Errorf("from %.0f Hz with %.0f Hz: %+v", rows[i%4], columns[i/4], verdicts)
		}
	}
}

func TestMinutesOfSpeechHoldNoBeepAndNoNetworkTone(t *testing.T) {
	for seed := range uint64(3) {
		c := newClip(100 + seed)
		for len(c.x) < 120*sampleRate {
			c.speech(time.Duration(300+c.rng.IntN(4000))*ms, -14-14*c.rng.Float64()).quiet(time.Duration(80+c.rng.IntN(900)) * ms)
		}
		pcm := c.noise(-50).pcm()
		for from := 0; from+8*sampleRate < len(pcm); from += 7 * sampleRate {
			verdicts, _ := hearAll(Settings{}, pcm[from:from+8*sampleRate])
			for _, v := range verdicts {
				if v.Kind != Human && v.Kind != Machine && v.Kind != Silence {
					t.Errorf("seed %d from sample %d: %s at %v: %s", seed, from, v.Kind, v.At, v.Why)
				}
			}
		}
	}
}

func TestChordsThatChangeAreNoNetworkTone(t *testing.T) {
	c := newClip(9)
	for range 60 {
		root := 200 * (1 + c.rng.Float64())
		c.tone(time.Duration(150+c.rng.IntN(500))*ms, -20, root, root*1.25, root*1.5, root*2, root*3)
	}
	verdicts, _ := hearAll(Settings{EarlyMedia: true}, c.pcm())
	for _, v := range verdicts {
		if v.Kind != Unknown && v.Kind != Music {
			t.Errorf("%s at %v: %s", v.Kind, v.At, v.Why)
		}
	}
}

func TestADecisionComesWithinTheTimeThatIsSet(t *testing.T) {
	for _, within := range []time.Duration{time.Second, 1500 * ms, 2200 * ms} {
		pcm := newClip(3).quiet(300*ms).speech(9*time.Second, -20).noise(-60).pcm()
		verdicts, _ := hearAll(Settings{DecideWithin: within}, pcm)
		if len(verdicts) == 0 || verdicts[0].At > within+20*ms {
			t.Errorf("within %v: %+v", within, verdicts)
		}
	}
}

func TestAFrameAllocatesNothing(t *testing.T) {
	pcm := newClip(3).speech(4*time.Second, -20).tone(time.Second, -20, 1000).noise(-60).pcm()
	d := New(Settings{DecideWithin: time.Hour, EarlyMedia: true})
	d.Feed(pcm[:frameSamples*20])
	at := 0
	allocations := testing.AllocsPerRun(150, func() {
		d.Feed(pcm[at : at+frameSamples])
		at += frameSamples
	})
	if allocations != 0 {
		t.Errorf("%.1f allocations a frame", allocations)
	}
}

func TestEvidenceExplainsTheVerdictInAFewHundredBytes(t *testing.T) {
	pcm := newClip(4).quiet(300*ms).speech(5*time.Second, -20).quiet(600*ms).tone(300*ms, -15, 1000).quiet(3 * time.Second).noise(-55).pcm()
	verdicts, d := hearAll(Settings{}, pcm)
	evidence := d.Evidence()
	if len(evidence) > 500 {
		t.Errorf("%d bytes", len(evidence))
	}
	a, err := ParseEvidence(evidence)
	if err != nil || len(a.Verdicts) != len(verdicts) || a.ModelID != Builtin().ID() || a.Settings.PeopleLost != DefaultPeopleLost {
		t.Fatalf("%+v, %v", a, err)
	}
	for i, v := range a.Verdicts {
		if w := verdicts[i]; v.Kind != w.Kind || v.At != w.At || v.BeepAt != w.BeepAt || v.SpokeUntil != w.SpokeUntil {
			t.Errorf("%+v became %+v", w, v)
		}
	}
	text, err := Explain(evidence, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"machine", "beep", "speech", "tone", "because of", "burst"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q for %+v in\n%s", want, verdicts, text)
		}
	}
}

func TestEvidenceOfTheVersionBeforeIsRead(t *testing.T) {
	evidence, err := os.ReadFile("testdata/evidence-v3.bin")
	if err != nil {
		t.Fatal(err)
	}
	a, err := ParseEvidence(evidence)
	if err != nil || len(a.Verdicts) != 1 || a.Verdicts[0].Kind != Human || a.Verdicts[0].At != 2960*ms || a.ModelID != "d3350f28" {
		t.Fatalf("%+v, %v", a, err)
	}
	if !a.Weighed || a.Measured != 41 || a.Features[0] != 2.96 || a.Features[40] != 0.75 || a.Features[41] != 0 {
		t.Errorf("%d features: %v", a.Measured, a.Features)
	}
	if text, err := Explain(evidence, nil); err != nil || !strings.Contains(text, "340 to 2080 ms: speech") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestCutEvidenceIsRefused(t *testing.T) {
	_, d := hearAll(Settings{}, newClip(4).quiet(300*ms).speech(2*time.Second, -20).quiet(2*time.Second).pcm())
	whole := d.Evidence()
	for n := range len(whole) {
		if _, err := Explain(whole[:n], nil); err == nil {
			t.Fatalf("%d of %d bytes were explained", n, len(whole))
		}
	}
}

func FuzzExplain(f *testing.F) {
	_, d := hearAll(Settings{}, newClip(4).quiet(300*ms).speech(2*time.Second, -20).quiet(2*time.Second).pcm())
	f.Add(d.Evidence())
	f.Fuzz(func(t *testing.T, evidence []byte) {
		if text, err := Explain(evidence, nil); err == nil && text == "" {
			t.Error("neither text nor error")
		}
	})
}
