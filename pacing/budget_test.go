package pacing

import (
	"testing"
	"time"
)

// After a clump of losses that the debt does not cover, with most of the window
// to come, something may still be lost; near its end nothing.
func TestAClumpEarlyInTheWindowDoesNotEndPrediction(t *testing.T) {
	set := Settings{Mode: Predictive, MaxAbandonment: .03, Debt: 1}
	s := Snapshot{Now: noon, Horizon: noon.Add(4 * time.Hour), Contacts: -1, Live: 300, Abandoned: 12}
	o := outlook{able: 10, free: 10, small: true}
	b := budget{Rate: .06} // 26 people to be earned; three are owed
	if got := b.terms(set, &s, &o); got.allowed < 1 {
		t.Errorf("allowed to lose %d with %.1f owed and four hours to come", got.allowed, -got.spare)
	}
	s.Horizon = noon.Add(time.Hour)
	if got := b.terms(set, &s, &o); got.allowed > 0 {
		t.Errorf("allowed to lose %d with %.1f owed in the last hour", got.allowed, -got.spare)
	}
}

func TestARateOfFewAnswersIsRememberedLonger(t *testing.T) {
	b, at := budget{}, noon
	answer := func(after time.Duration) {
		at = at.Add(after)
		b.live(at, false)
	}
	for range 100 {
		answer(150 * time.Second)
	}
	for range 3 {
		answer(30 * time.Second)
	}
	if perHour := b.Rate * 3600; perHour > 32 {
		t.Errorf("three answers in a row make %.0f an hour of 24", perHour)
	}
}
