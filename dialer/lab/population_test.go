package lab

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestANumberAndAttemptMeetTheSameCalleeInAnyOrder(t *testing.T) {
	cfg := PopulationConfig{Seed: 7, Quirks: .3}
	p, q := NewPopulation(cfg), NewPopulation(cfg)
	const n = 300
	first := make([]Persona, n)
	for i := range n {
		first[i] = p.Persona(fmt.Sprintf("4072%07d", i), 1+i%3)
	}
	var wg sync.WaitGroup
	for i := n - 1; i >= 0; i-- {
		wg.Go(func() {
			if diff := cmp.Diff(first[i], q.Persona(fmt.Sprintf("4072%07d", i), 1+i%3)); diff != "" {
				t.Error(diff)
			}
		})
	}
	wg.Wait()
}

func TestSharesAreMetWithinChance(t *testing.T) {
	p := NewPopulation(PopulationConfig{Seed: 1})
	const n = 20000
	count := map[string]float64{}
	for i := range n {
		switch k := p.Persona(fmt.Sprint(40720000000+i), 1).Kind; {
		case k.Truth() == IsHuman:
			count["people"]++
		case k == NoAnswer:
			count["no answer"]++
		case k.Truth() == IsMachine || k == Fax || k == SITAnswered:
			count["machines"]++
		default:
			count["failed"]++
		}
	}
	for group, share := range map[string]float64{"people": .25, "machines": .30, "no answer": .35, "failed": .10} {
		got := count[group] / n
		if sigma := math.Sqrt(share * (1 - share) / n); math.Abs(got-share) > 4*sigma {
			t.Errorf("%s: %.4f, want %.2f", group, got, share)
		}
	}
}

func TestEveryPersonaCanBePlayed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NewPopulation(PopulationConfig{Seed: rapid.Uint64().Draw(t, "seed"), Quirks: 1, Scale: .1})
		x := p.Persona(rapid.StringMatching(`[0-9]{8,15}`).Draw(t, "number"), rapid.IntRange(1, 20).Draw(t, "attempt"))
		for _, script := range [][]Sound{x.Early, x.Voice, x.Again, x.Talk} {
			if _, err := render(script, x.Level); err != nil {
				t.Fatal(err)
			}
		}
		if x.Ring < 0 || x.Delay < 0 || x.Gap < 0 || len(x.Line.Laws) == 0 {
			t.Fatalf("%+v", x)
		}
		if x.Kind.Truth() == IsMachine && x.HangUpAt == 0 && x.Patience == 0 {
			t.Fatal("a machine that never hangs up")
		}
	})
}

func TestALawHasItsMeanAndItsLimits(t *testing.T) {
	rng := testRand()
	l := Law{Mean: 12 * time.Second, Spread: .5, Least: 2 * time.Second, Most: 60 * time.Second}
	sum := time.Duration(0)
	for range 20000 {
		d := l.draw(rng)
		if d < l.Least || d > l.Most {
			t.Fatalf("%v is outside", d)
		}
		sum += d
	}
	if mean := sum / 20000; mean < 11800*time.Millisecond || mean > 12200*time.Millisecond {
		t.Errorf("mean %v", mean)
	}
	if d := (Law{Mean: time.Second}).draw(rng); d != time.Second {
		t.Errorf("without spread %v", d)
	}
}

func TestAQuickScaleShortensRingingAndTalkButNotSpeech(t *testing.T) {
	slow := NewPopulation(PopulationConfig{Seed: 1, Kinds: map[Kind]float64{Hello: 1}})
	quick := NewPopulation(PopulationConfig{Seed: 1, Kinds: map[Kind]float64{Hello: 1}, Scale: .1})
	a, b := slow.Persona("40720000001", 1), quick.Persona("40720000001", 1)
	if b.Ring >= a.Ring/5 || b.TalkFor >= a.TalkFor/5 {
		t.Errorf("ring %v and %v, talk %v and %v", a.Ring, b.Ring, a.TalkFor, b.TalkFor)
	}
	if diff := cmp.Diff(a.Voice, b.Voice); diff != "" {
		t.Error(diff)
	}
}
