package campaign

import (
	"testing"
	"time"

	"apel/contactdb"
)

func TestWhatFollowsAnOutcome(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	d := Default("spring")
	d.Dispositions = append(d.Dispositions, Disposition{Name: "maybe"})
	for _, tt := range []struct {
		outcome, disposition string
		attempt              int
		delay                time.Duration
		final                string
	}{
		{contactdb.Busy, "", 1, 15 * time.Minute, ""},
		{contactdb.NoAnswer, "", 1, 4 * time.Hour, ""},
		{contactdb.Machine, "", 2, 4 * time.Hour, ""},
		{contactdb.Abandoned, "", 1, 72 * time.Hour, ""},
		{contactdb.Rejected, "", 1, 24 * time.Hour, ""},
		{contactdb.Congested, "", 1, 15 * time.Minute, ""},
		{contactdb.Failed, "", 1, 30 * time.Minute, ""},
		{contactdb.Cancelled, "", 1, time.Hour, ""},
		{contactdb.Interrupted, "", 1, 4 * time.Hour, ""},
		{contactdb.Fax, "", 1, 0, "fax"},
		{contactdb.InvalidNumber, "", 1, 0, "invalid-number"},
		{contactdb.Intercepted, "", 1, 0, "intercepted"},
		{contactdb.Human, "", 1, 0, Talked},
		{contactdb.Human, "sale", 1, 0, "sale"},
		{contactdb.Human, "callback", 1, 24 * time.Hour, ""},
		{contactdb.Human, "do-not-call", 1, 0, DoNotCall},
		{contactdb.Human, "maybe", 1, 0, Talked},
		{contactdb.Human, "of another version", 1, 0, Talked},
		{contactdb.Machine, "wrong-number", 1, 0, "wrong-number"},
		{contactdb.Machine, "maybe", 1, 4 * time.Hour, ""},
		{contactdb.Busy, "", 3, 15 * time.Minute, ""},
		{contactdb.Busy, "", 4, 0, AttemptsUp},
		{contactdb.Human, "callback", 4, 24 * time.Hour, ""}, // a promise
		{contactdb.Human, "sale", 4, 0, "sale"},
		{"of a later version", "", 1, 30 * time.Minute, ""},
	} {
		t.Run(tt.outcome+" "+tt.disposition, func(t *testing.T) {
			at, final := d.NextTry(contactdb.Attempt{Number: tt.attempt}, tt.outcome, tt.disposition, now)
			if final != tt.final {
				t.Fatalf("final is %q, want %q", final, tt.final)
			}
			if final == "" && !at.Equal(now.Add(tt.delay)) || final != "" && !at.IsZero() {
				t.Errorf("next try is %v, want %v later", at, tt.delay)
			}
		})
	}
}

func TestEveryOutcomeHasADefault(t *testing.T) {
	for _, outcome := range contactdb.Outcomes {
		if _, ok := defaultRetry()[outcome]; !ok {
			t.Errorf("%s has no delay", outcome)
		}
	}
}

func TestADefinitionWithoutARetryTableUsesTheDefaults(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	d := &Definition{Attempts: Attempts{Max: 2}}
	if at, final := d.NextTry(contactdb.Attempt{Number: 1}, contactdb.Busy, "", now); final != "" || !at.Equal(now.Add(15*time.Minute)) {
		t.Errorf("got %v %q", at, final)
	}
}
