package contactdb

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What the best hour is learned from: calls that were placed, by the clock where the
// number is and not by ours, kept over a restart, and for a campaign by itself.
func TestCallsAreCountedByTheHourWhereTheirNumberIs(t *testing.T) {
	s := newStore(t)
	east, west := person(0), person(1)
	east.Zones, west.Zones = []string{"Europe/Bucharest"}, []string{"America/New_York"}
	mustImport(t, s, "a", east, west)
	mustApply(t, s, "c", "v1")
	mustApply(t, s, "d", "v1")
	at := time.Date(2026, 3, 2, 15, 30, 0, 0, time.UTC) // 17:30 in Bucharest, 10:30 in New York
	for round, outcomes := range [][2]string{{Human, Machine}, {NoAnswer, Abandoned}, {Human, Human}} {
		for _, a := range mustLease(t, s, request("c", 2, "a")).Attempts {
			st := ended(a, outcomes[0], at, monday)
			if st.Record.PlacedAt = at; a.Contact.Phone == west.Phone {
				st.Record.Outcome = outcomes[1]
			}
			if round == 2 { // it was never placed
				st.Record.PlacedAt = time.Time{}
			}
			mustSettle(t, s, st)
		}
	}
	path := s.db.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = openStore(t, path)
	var want Hours
	want.Calls[17], want.Calls[10] = 2, 2
	want.Answers[17], want.Answers[10] = 1, 1
	for name, want := range map[string]Hours{"c": want, "d": {}} {
		got, err := s.Hours(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("campaign %s: %s", name, diff)
		}
	}
}
