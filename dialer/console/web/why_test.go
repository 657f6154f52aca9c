package web

import (
	"testing"
	"time"

	"apel/pacing"
)

func TestAGroundIsSaidInTheReadersLanguageWithTheSameFigures(t *testing.T) {
	at := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	floor := func(ready, lines, live, abandoned int) pacing.Snapshot {
		s := pacing.Snapshot{Now: at, Lines: lines, Contacts: -1, Live: live, Abandoned: abandoned}
		for range ready {
			s.Operators = append(s.Operators, pacing.Operator{State: pacing.Ready, Since: at})
		}
		return s
	}
	power := pacing.Settings{Mode: pacing.Power, Ratio: 2.5, MaxAbandonment: .03}
	for _, c := range []struct {
		set pacing.Settings
		s   pacing.Snapshot
		ro  string
	}{
		{pacing.Settings{Mode: pacing.Progressive}, floor(3, 100, 0, 0), "inițiază 3: 3 liberi, 0 apeluri în aer, câte un apel de operator liber"},
		{pacing.Settings{Mode: pacing.Progressive}, floor(3, 1, 0, 0), "inițiază 1 din 3, nu mai multe din cauza: liniile ocupate: 3 liberi, 0 apeluri în aer, câte un apel de operator liber"},
		{power, floor(2, 100, 400, 1), "inițiază 5: 2 liberi, 0 apeluri în aer, raport 2,5, 1 abandonate din 400 răspunsuri, încă 11 suportabile"},
		{power, floor(2, 100, 100, 3), ""},
		{pacing.Settings{Mode: pacing.Predictive, MaxAbandonment: .03}, floor(2, 100, 0, 0), ""},
	} {
		why := pacing.New(c.set).Decide(c.s).Why
		if got := Why(English, why, ""); got != why.String() || got == "" {
			t.Errorf("in English %q, want %q", got, why)
		}
		if got := Why(Romanian, why, ""); c.ro != "" && got != c.ro || got == why.String() {
			t.Errorf("in Romanian %q, want %q", got, c.ro)
		}
	}
	if got := Why(Romanian, pacing.Grounds{Said: "as I like"}, "as I like"); got != "as I like" {
		t.Errorf("own words: %q", got)
	}
}

func TestEveryPhraseOfPacingHasItsText(t *testing.T) {
	for _, code := range []string{"place", "place-less", "predictive", "power-held", "power", "progressive", "unschooled", "refusing", "spent"} {
		if _, ok := messages["why."+code]; !ok {
			t.Errorf("why.%s has no text", code)
		}
	}
	for _, c := range []pacing.Cause{pacing.NoContacts, pacing.Hours, pacing.NoLines, pacing.Rate, pacing.Budget, pacing.Caution, pacing.OnRinging, pacing.Detection} {
		if got := Word(English, "cause", string(c)); got != string(c) || Word(Romanian, "cause", string(c)) == string(c) {
			t.Errorf("cause %s is said %q", c, got)
		}
	}
}
