package console

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"apel/contactdb"
	"apel/dialer"
)

func TestContactsLeftOfLongListsAreCountedByTheRulesForWhoAsks(t *testing.T) {
	o := newOffice(t)
	who := o.session("supervisor")
	do := func(request, body string) string {
		t.Helper()
		w := o.as(who, request, body)
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", request, w.Code, w.Body)
		}
		return w.Body.String()
	}
	do("POST /api/lists/spring/import", people(10))
	do("POST /api/campaigns", spring)
	a := o.con.api
	a.plans.walkable, a.plans.least = 9, time.Hour
	const rules, more = "can be dialed now", `data-more="/campaign/spring/left?rules=1"`
	page := do("GET /campaign/spring/left", "")
	if strings.Contains(page, rules) || !strings.Contains(page, more) || !strings.Contains(page, "Asia/Tokyo") || !strings.Contains(page, "<strong>4</strong>") {
		t.Errorf("of a long list: %s", page)
	}
	if page = do("GET /campaign/spring/left?rules=1", ""); !strings.Contains(page, rules) || strings.Contains(page, more) {
		t.Errorf("asked by the rules: %s", page)
	}
	do("POST /api/lists/spring/import", people(12))
	if again := do("GET /campaign/spring/left", ""); again != page {
		t.Errorf("what was counted does not serve the next who looks: %s", again)
	}
	do("POST /api/campaigns", spring+"ring-time: 21s\n")
	a.plans.walkable = 12
	if page = do("GET /campaign/spring/left", ""); !strings.Contains(page, rules) || !strings.Contains(page, "America/New_York") {
		t.Errorf("of a list that is not long: %s", page)
	}
	if again := do("GET /campaign/spring/left", ""); again != page {
		t.Errorf("it is not kept: %s", again)
	}
}

func TestTheHoursOfTheIndexAreThoseInWhichContactsAreDialedFirst(t *testing.T) {
	at := time.Date(2026, 10, 1, 18, 0, 0, 0, time.UTC)
	hours := func(n ...int) (all []dialer.HourLeft) {
		for i, n := range n {
			all = append(all, dialer.HourLeft{At: at.Add(time.Duration(i) * time.Hour), Open: n > 0, Contacts: n})
		}
		return all
	}
	got := leftByIndex(dialer.HoursLeft{Zones: []dialer.ZoneHours{
		{Left: contactdb.Left{ZoneSet: contactdb.ZoneSet{Zones: []string{"A", "B"}, AnyOf: [][]string{{"A"}, {"A", "B"}}, Contacts: 3}}, Hours: hours(3, 3, 0)},
		{Left: contactdb.Left{ZoneSet: contactdb.ZoneSet{Zones: []string{"C"}, Contacts: 9}}, Hours: hours(0, 4, 6)},
	}})
	want := []dialer.ZonePlan{
		{Zones: []string{"C"}, At: map[string]int{"2026-10-01T19:00:00Z": 4, "2026-10-01T20:00:00Z": 2, notSoon: 3}},
		{Zones: []string{"A", "A + B"}, At: map[string]int{"2026-10-01T18:00:00Z": 3}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var d contactsLeft
	d.fill(got, "en")
	if len(d.Hours) != 4 || d.Hours[3].Hour != "later" || d.Zones[0].At[3].N != 3 || d.Zones[0].Sum != 9 {
		t.Errorf("%+v", d)
	}
}
