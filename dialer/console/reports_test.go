package console

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"

	"github.com/google/go-cmp/cmp"
)

// settled are the ends of the calls that seed makes, in turn.
var settled = []contactdb.Record{
	{Outcome: contactdb.Human, Operator: "ana", Team: "south", Disposition: "sale", TalkMS: 60_000, WrapMS: 5_000, BridgedAt: time.Unix(1, 0).UTC(), SIPStatus: 200, ScriptAnswers: map[string]string{"amount": "1234.5"}},
	{Outcome: contactdb.Abandoned, SIPStatus: 200},
	{Outcome: contactdb.Busy, SIPStatus: 486},
	{Outcome: contactdb.Human, Operator: "ion", Disposition: "refused", TalkMS: 7_000, BridgedAt: time.Unix(2, 0).UTC(), SIPStatus: 200},
	{Outcome: contactdb.Machine, SIPStatus: 200},
}

// seed calls the first five contacts of a list.
func seed(t *testing.T, store *contactdb.Store, campaign, list string) {
	t.Helper()
	ctx, now := context.Background(), time.Now()
	leased, err := store.Lease(ctx, contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: campaign, Now: now}, Version: 1, Lists: []contactdb.Source{{List: list}}, Max: len(settled), Owner: "test", TTL: time.Hour,
		Open: func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict {
			return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "carrier"}
		},
	})
	if err != nil || len(leased.Attempts) != len(settled) {
		t.Fatalf("%d attempts, %v", len(leased.Attempts), err)
	}
	for i, at := range leased.Attempts {
		r := settled[i]
		r.ID, r.Campaign, r.CampaignVersion, r.List, r.ContactID, r.Phone = at.ID, at.Campaign, at.Version, at.Contact.List, at.Contact.ID, at.Contact.Phone
		r.Attempt, r.Trunk, r.SIPCallID, r.PlacedAt, r.EndedAt = at.Number, at.Trunk, at.SIPCallID, now, now.Add(time.Minute)
		if _, err := store.Settle(ctx, contactdb.Settlement{Record: r, Final: "done"}); err != nil {
			t.Fatal(err)
		}
	}
}

// called is an API over a campaign whose five contacts were called.
func called(t *testing.T) (http.Handler, *contactdb.Store) {
	t.Helper()
	svc := newService(t)
	h := New(svc)
	const five = "phone\n+40722111331\n+40722111332\n+40722111333\n+40722111334\n+40722111335\n"
	for _, step := range [][2]string{{"POST /api/lists/spring/import", five}, {"POST /api/campaigns", spring}} {
		if w := ask(h, step[0], step[1]); w.Code != 200 {
			t.Fatalf("%s: %s", step[0], w.Body)
		}
	}
	seed(t, svc.Store(), "spring", "spring")
	return h, svc.Store()
}

func rowsFrom[T any](t *testing.T, h http.Handler, path string) []T {
	t.Helper()
	w := ask(h, "GET "+path, "")
	var rows []T
	if err := json.Unmarshal(w.Body.Bytes(), &rows); err != nil {
		t.Fatalf("%s: %d %s: %v", path, w.Code, w.Body, err)
	}
	return rows
}

func TestReportsAreTheStoresOwnSumsAndTheirPartsAreTheWhole(t *testing.T) {
	h, store := called(t)

	tally, err := store.Tally("spring", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	campaigns := rowsFrom[CampaignReport](t, h, "/api/reports/campaign")
	want := []CampaignReport{{Campaign: "spring", AbandonmentRate: 1. / 3, Tally: tally}}
	if diff := cmp.Diff(want, campaigns); diff != "" {
		t.Errorf("the report differs from the store's tally: %s", diff)
	}

	operators := rowsFrom[OperatorReport](t, h, "/api/reports/operator?campaign=spring")
	if diff := cmp.Diff([]OperatorReport{
		{Operator: "ana", Team: "south", Calls: 1, TalkMS: 60_000, TalkMeanMS: 60_000, WrapMS: 5_000, Successes: 1},
		{Operator: "ion", Calls: 1, TalkMS: 7_000, TalkMeanMS: 7_000},
	}, operators); diff != "" {
		t.Error(diff)
	}
	var calls int
	var talk int64
	for _, c := range rowsFrom[CommissionReport](t, h, "/api/reports/commission") {
		calls, talk = calls+c.Calls, talk+c.TalkMS
		if want := map[string]int64{"ana": 123450}[c.Operator]; c.AmountCents != want {
			t.Errorf("%s has sold for %d hundredths, want %d", c.Operator, c.AmountCents, want)
		}
	}
	if calls != tally.Bridged || talk != tally.TalkMS {
		t.Errorf("commission counts %d calls and %d ms, the store %d and %d", calls, talk, tally.Bridged, tally.TalkMS)
	}

	abandonment := rowsFrom[AbandonmentReport](t, h, "/api/reports/abandonment")
	if diff := cmp.Diff([]AbandonmentReport{
		{Campaign: "spring", WindowMS: (24 * time.Hour).Milliseconds(), LiveAnswers: 3, Abandoned: 1, Rate: 1. / 3, Limit: .03, Kept: false},
	}, abandonment); diff != "" {
		t.Error(diff)
	}
}

func TestTheLastRecordsAreGivenOldestFirst(t *testing.T) {
	h, _ := called(t)
	var got []string
	for _, r := range rowsFrom[contactdb.Record](t, h, "/api/records?limit=2") {
		got = append(got, r.Outcome)
	}
	if diff := cmp.Diff([]string{contactdb.Human, contactdb.Machine}, got); diff != "" {
		t.Error(diff)
	}
	if rows := rowsFrom[contactdb.Record](t, h, "/api/records?limit=0"); len(rows) != 0 {
		t.Errorf("%d records of none", len(rows))
	}
	if rows := rowsFrom[contactdb.Record](t, h, "/api/records?phone=%2B40722111333"); len(rows) != 1 || rows[0].Outcome != contactdb.Busy {
		t.Errorf("%v", rows)
	}
}

// A call that was cut off between the answer and an operator was abandoned, in
// the sums of the law as in every report.
func TestACallThatWasLostAfterTheAnswerIsAbandonedInEveryReport(t *testing.T) {
	was := settled
	defer func() { settled = was }()
	settled = append(slices.Clone(was[:4]), contactdb.Record{Outcome: contactdb.Interrupted, AnsweredAt: time.Now()})
	h, store := called(t)
	tally, err := store.Tally("spring", time.Time{}, time.Time{})
	if err != nil || tally.Abandoned != 2 {
		t.Fatalf("the store counts %d abandoned, %v", tally.Abandoned, err)
	}
	if rows := rowsFrom[CampaignReport](t, h, "/api/reports/campaign"); len(rows) != 1 || rows[0].Abandoned != 2 || rows[0].LiveAnswers != tally.LiveAnswers {
		t.Errorf("%+v; the store has %+v", rows, tally)
	}
	if rows := rowsFrom[CallReport](t, h, "/api/reports/calls?by=list"); len(rows) != 1 || rows[0].Abandoned != 2 {
		t.Errorf("%+v", rows)
	}
	m := newMemory()
	if err := m.seed(store, time.Now()); err != nil {
		t.Fatal(err)
	}
	if hour := m.look(dialer.Status{Campaigns: []dialer.CampaignStatus{{Campaign: contactdb.Campaign{Name: "spring"}}}}, time.Now())["spring"].hour; hour.abandoned != 2 {
		t.Errorf("the last hour has %+v", hour)
	}
}

func TestAPeriodIsComparedWithTheOneBefore(t *testing.T) {
	h, store := called(t)
	whole, err := store.Tally("spring", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	today := time.Now().Local().Format(time.DateOnly)
	tomorrow := url.QueryEscape(time.Now().AddDate(0, 0, 1).Format(time.RFC3339))
	next := url.QueryEscape(time.Now().AddDate(0, 0, 2).Format(time.RFC3339))
	for _, by := range reportNames() {
		rows := rowsFrom[CallReport](t, h, "/api/reports/calls?by="+by)
		sum, later := contactdb.Tally{}, contactdb.Tally{}
		for _, r := range rows {
			sum.Merge(r.Tally)
			if r.Before != nil {
				t.Errorf("by %s: nobody asked what was before: %+v", by, r)
			}
		}
		for _, r := range rowsFrom[CallReport](t, h, "/api/reports/calls?by="+by+"&compare=1&from="+tomorrow+"&to="+next) {
			if r.Attempts != 0 {
				t.Errorf("by %s: calls of tomorrow: %+v", by, r)
			}
			later.Merge(*r.Before)
		}
		if diff := cmp.Diff([]contactdb.Tally{whole, whole}, []contactdb.Tally{sum, later}); diff != "" {
			t.Errorf("by %s, now and as the day before: %s", by, diff)
		}
		page := ask(h, "GET /reports?compare=1&by="+by+"&from="+today, "").Body.String()
		if n := strings.Count(page, `class="was"`); n != len(reportColumns)*(len(rows)+1) {
			t.Errorf("by %s: %d figures of the period before in %d rows", by, n, len(rows))
		}
		if yesterday := time.Now().Local().AddDate(0, 0, -1).Format(time.DateOnly); !strings.Contains(page, yesterday) {
			t.Errorf("by %s: the page does not say what it is compared with", by)
		}
	}
	if w := ask(h, "GET /api/reports/calls?by=moon", ""); w.Code != http.StatusBadRequest {
		t.Errorf("by something unknown: %d %s", w.Code, w.Body)
	}
	if w := ask(h, "GET /api/reports/calls?compare=1", ""); w.Code != http.StatusBadRequest {
		t.Errorf("compared with nothing: %d %s", w.Code, w.Body)
	}
}

func TestThePeriodBeforeHasAsManyDaysAsAreTouched(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	var err error
	if time.Local, err = time.LoadLocation("Europe/Bucharest"); err != nil {
		t.Fatal(err)
	}
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.Local) } // the 29th has 23 hours
	for _, c := range []struct {
		from, to time.Time
		want     int
	}{
		{at(20, 0), at(21, 0), 1},
		{at(20, 0), at(20, 9), 1},
		{at(20, 0), at(26, 1), 7}, // six days, and a seventh that has begun
		{at(20, 0), at(26, 23), 7},
		{at(29, 0), at(30, 0), 1},
		{at(28, 0), at(31, 0), 3},
		{at(28, 0), at(31, 1), 4},
		{at(20, 9), at(21, 9), 1},
		{at(20, 0), at(20, 0), 1},
		{at(20, 0), at(12, 0), 1},
	} {
		for _, where := range []*time.Location{time.Local, time.UTC} {
			before, days := daysBefore(contactdb.RecordFilter{From: c.from.In(where), To: c.to.In(where)})
			if days != c.want || !before.To.Equal(c.from) || !before.From.Equal(c.from.AddDate(0, 0, -c.want)) {
				t.Errorf("from %s to %s: %d days, from %s to %s; want %d", c.from, c.to, days, before.From, before.To, c.want)
			}
		}
	}
}
