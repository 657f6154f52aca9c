package pacing

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

// stateWith is a state that was learned from traits, with its predictor changed.
func stateWith(t *testing.T, change func(traits map[string]any)) []byte {
	t.Helper()
	p := schooled(predictiveSettings())
	p.e.traits.learn([]Trait{{Name: "hour", Value: 1}}, true)
	b, err := p.Save()
	if err != nil {
		t.Fatal(err)
	}
	var state map[string]any
	if err := json.Unmarshal(b, &state); err != nil {
		t.Fatal(err)
	}
	change(state["Traits"].(map[string]any))
	if b, err = json.Marshal(state); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAStateWithoutABendIsTakenUpAndLearnsOn(t *testing.T) {
	p := New(predictiveSettings())
	if err := p.Load(stateWith(t, func(traits map[string]any) { delete(traits, "Bend") })); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		traits := []Trait{{"hour", math.Exp(14*rng.Float64()-7) * float64(1-2*rng.IntN(2))}, {"always", 1}, {"no number", math.NaN()}}
		p.e.traits.learn(traits, rng.IntN(50) == 0)
		if q := p.e.traits.chance(traits); !(q >= 0 && q < 1) {
			t.Fatalf("the chance of %v is %v", traits, q)
		}
	}
	if q := p.e.traits.chance([]Trait{{"always", 1}}); q < .005 || q > .08 {
		t.Errorf("one in fifty answers, the chance is %v", q)
	}
}

func TestAStateOfWhichTheChanceIsNoNumberIsRefused(t *testing.T) {
	for name, change := range map[string]func(traits map[string]any){
		"bend":   func(traits map[string]any) { traits["Bend"].([]any)[3].(map[string]any)["Mean"] = 1e300 },
		"bias":   func(traits map[string]any) { traits["Bias"].(map[string]any)["Mean"] = -1e308 },
		"weight": func(traits map[string]any) { traits["W"].(map[string]any)["hour"].(map[string]any)["Mean"] = 1e308 },
	} {
		if err := New(predictiveSettings()).Load(stateWith(t, change)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
