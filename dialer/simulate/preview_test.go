package simulate_test

import (
	"testing"
	"time"

	"apel/dialer/floor"
	"apel/dialer/simulate"
	"apel/pacing"
	"apel/pacing/world"
)

func preview(c world.Config) world.Result {
	return simulate.Shift(c, "preview", floor.Settings{Pacing: pacing.Settings{Mode: pacing.Preview}, Within: 2 * time.Second})
}

// An operator in preview looks before each call, is busy for less of the time
// than in progressive, and what is neither work nor a look is waiting with a cause.
func TestSimulatedOperatorsLookBeforeTheyCallInPreview(t *testing.T) {
	c := world.Config{Operators: 4, Hours: 2, Seed: 1, Look: 15 * time.Second}
	r := preview(c)
	if r.Abandoned != 0 || r.Calls == 0 || r.MaxLines > c.Operators {
		t.Errorf("%d of %d answers abandoned, %d lines for %d operators", r.Abandoned, r.LiveAnswers, r.MaxLines, c.Operators)
	}
	want := int64(r.Calls) * c.Look.Milliseconds()
	if d := r.LookingMS - want; d < -1000 || d > int64(c.Operators)*c.Look.Milliseconds() {
		t.Errorf("%d ms of looking, %d calls took %d", r.LookingMS, r.Calls, want)
	}
	sum := int64(0)
	for _, ms := range r.IdleCauses {
		sum += ms
	}
	if sum != r.IdleMS || r.IdleMS == 0 {
		t.Errorf("causes add up to %d ms of %d", sum, r.IdleMS)
	}
	c.Look = time.Minute
	if slow := preview(c); slow.Calls >= r.Calls {
		t.Errorf("%d calls with a look of a minute, %d with one of 15 s", slow.Calls, r.Calls)
	}
}

// Who skips every second contact looks at two for each call.
func TestSimulatedOperatorsSkipAShareInPreview(t *testing.T) {
	c := world.Config{Operators: 4, Hours: 4, Seed: 4, Skip: .5}
	r := preview(c)
	looks := float64(r.LookingMS) / 10_000
	if each := looks / float64(r.Calls); each < 1.8 || each > 2.2 {
		t.Errorf("%.0f looks of 10 s for %d calls, half of them skipped", looks, r.Calls)
	}
	c.Skip, c.Contacts = .3, 60
	if r := preview(c); r.Calls != 60 || r.FinishedMS == 0 {
		t.Errorf("%d calls of 60 contacts, finished %d: who is skipped is shown again", r.Calls, r.FinishedMS)
	}
}

// The last contacts are shown to as many operators as there are, the lines that
// are there are used, and nobody is stuck when the world takes no call.
func TestPreviewEndsWithTheListAndKeepsToTheLines(t *testing.T) {
	r := preview(world.Config{Operators: 6, Hours: 2, Seed: 2, Contacts: 40, Lines: 3})
	if r.Calls != 40 || r.FinishedMS == 0 || r.MaxLines > 3 {
		t.Errorf("%d calls of 40 contacts on %d lines, finished %d", r.Calls, r.MaxLines, r.FinishedMS)
	}
	dead := world.Shock{At: 20 * time.Minute, For: 20 * time.Minute, Dead: true}
	if r := preview(world.Config{Operators: 3, Hours: 1, Seed: 3, Shocks: []world.Shock{dead}}); r.Timeline[58].Live <= r.Timeline[45].Live {
		t.Errorf("no answers after the trunk came back: %+v and %+v", r.Timeline[45], r.Timeline[58])
	}
}
