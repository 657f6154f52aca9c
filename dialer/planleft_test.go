package dialer

import (
	"testing"
	"time"

	"apel/contactdb"

	"github.com/google/go-cmp/cmp"
)

func TestContactsLeftAreCountedByAttemptOutcomeZoneAndHour(t *testing.T) {
	now := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	yes := contactdb.Verdict{Kind: contactdb.Yes}
	in := func(d time.Duration) contactdb.Verdict {
		return contactdb.Verdict{Kind: contactdb.Later, When: now.Add(d)}
	}
	var left contactsLeft
	for _, c := range []struct {
		attempts int
		after    string
		zone     string
		v        contactdb.Verdict
	}{
		{0, "", "Europe/Bucharest", yes},
		{1, contactdb.Busy, "Europe/Bucharest", yes},
		{1, contactdb.Busy, "Europe/Bucharest", in(time.Hour)},
		{1, contactdb.Busy, "Europe/London", in(2 * time.Hour)},
		{1, contactdb.Busy, "Europe/London", in(25 * time.Hour)},
		{1, contactdb.NoAnswer, "Europe/Bucharest", in(time.Minute)},
		{2, contactdb.Busy, "Europe/Bucharest", in(time.Minute)},
		{3, contactdb.Busy, "Europe/Bucharest", contactdb.Verdict{Kind: contactdb.Never}},
	} {
		left.count(contactdb.Candidate{Contact: contactdb.Contact{Zones: []string{c.zone}}, Progress: contactdb.Progress{Attempts: c.attempts, LastOutcome: c.after}}, c.v, now)
	}
	if diff := cmp.Diff([]Retry{
		{Attempt: 2, After: contactdb.Busy, Contacts: 4, Now: 1, Hour: 1, Day: 1, Later: 1},
		{Attempt: 2, After: contactdb.NoAnswer, Contacts: 1, Hour: 1},
		{Attempt: 3, After: contactdb.Busy, Contacts: 1, Hour: 1},
	}, left.retries()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]ZonePlan{
		{Zones: []string{"Europe/Bucharest"}, Now: 2, At: map[string]int{"2026-11-25T09:00:00Z": 2, "2026-11-25T10:00:00Z": 1}},
		{Zones: []string{"Europe/London"}, At: map[string]int{"2026-11-25T11:00:00Z": 1, "2026-11-26T10:00:00Z": 1}},
	}, left.zones()); diff != "" {
		t.Error(diff)
	}
}
