package dialer

import (
	"fmt"
	"testing"
	"time"

	"apel/campaign"
	"apel/contactdb"
)

// Two zones an hour apart, at 17:30 in one and 18:30 in the other: the day of
// the second ends first, and who waits counts from the hour in which they may be tried.
func TestTheHoursLeftAreThoseInWhichContactsAreLeased(t *testing.T) {
	def, err := campaign.Parse([]byte("name: spring\ntrunks: [acme]\ncaller-id: \"+40312345678\"\nwindows: {daily: 10:00-20:30}\n"))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 23, 16, 30, 0, 0, time.UTC)
	left := []contactdb.Left{
		{ZoneSet: contactdb.ZoneSet{Zones: []string{"Europe/Berlin"}, Contacts: 7}, Fresh: 5,
			Waiting: []contactdb.HourOf{{At: now.Truncate(time.Hour).Add(2 * time.Hour), Contacts: 2}}},
		{ZoneSet: contactdb.ZoneSet{Zones: []string{"Europe/Bucharest"}, Contacts: 3}, Fresh: 3},
	}
	want := []string{
		"17:00=5 18:00=5 19:00=7 20:00=7 21:00=- 10:00=7 11:00=7 ",
		"18:00=3 19:00=3 20:00=3 21:00=- 10:00=3 11:00=3 12:00=3 ",
	}
	h := (&rules{def: def}).hoursLeft("spring", left, now)
	for i, z := range h.Zones {
		got := ""
		for j, hour := range z.Hours {
			switch {
			case hour.Open:
				got += fmt.Sprintf("%s=%d ", hour.Clock, hour.Contacts)
			case j > 0 && z.Hours[j-1].Open:
				got += hour.Clock + "=- "
			}
		}
		if len(z.Hours) != 24 || len(got) < len(want[i]) || got[:len(want[i])] != want[i] {
			t.Errorf("%s: %d hours, %s", z.Zones, len(z.Hours), got)
		}
	}
}
