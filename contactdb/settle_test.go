package contactdb

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// oneLive is a store with one contact in a live attempt of campaign c.
func oneLive(t *testing.T) (*Store, Attempt) {
	t.Helper()
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(0))
	return s, mustLease(t, s, request("c", 1, "a")).Attempts[0]
}

func TestASettledAttemptBecomesARecordAndProgress(t *testing.T) {
	end := monday.Add(90 * time.Second)
	for _, tc := range []struct {
		name string
		st   Settlement
		want Progress
	}{
		{"a retry", Settlement{NextTry: end.Add(time.Hour)}, Progress{NextTry: end.Add(time.Hour)}},
		{"a callback", Settlement{NextTry: end.Add(time.Hour), Callback: true}, Progress{NextTry: end.Add(time.Hour), Rescheduled: true}},
		{"the end", Settlement{Final: "sold"}, Progress{Final: "sold"}},
		{"an end with a next try", Settlement{Final: "sold", NextTry: end, Callback: true}, Progress{Final: "sold"}},
		{"nothing said", Settlement{}, Progress{Final: "no-next-try"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, a := oneLive(t)
			tc.st.Record = Record{ID: a.ID, Phone: "+1", Campaign: "other", Outcome: NoAnswer, PlacedAt: monday, EndedAt: end, SIPStatus: 480}
			rec := mustSettle(t, s, tc.st)
			want := Record{
				ID: a.ID, Campaign: "c", CampaignVersion: 1, List: "a", ContactID: a.Contact.ID, Phone: a.Contact.Phone, Attempt: 1,
				Trunk: "carrier", CallerID: "+40210000000", SIPCallID: a.SIPCallID, PlacedAt: monday, EndedAt: end, Outcome: NoAnswer, SIPStatus: 480,
				PrevHash: firstHash, Hash: rec.Hash,
			}
			if diff := cmp.Diff(want, rec); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]Record{want}, collect(t, s.Records(RecordFilter{}))); diff != "" {
				t.Error(diff)
			}
			tc.want.Attempts, tc.want.LastOutcome, tc.want.LastAt, tc.want.Outcomes = 1, NoAnswer, end, []string{NoAnswer}
			got, err := s.Progress("c", a.Contact.ID)
			if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if live, err := s.Live(); err != nil || len(live) != 0 {
				t.Errorf("live: %v, %v", live, err)
			}
		})
	}
}

func TestAnAttemptIsSettledOnce(t *testing.T) {
	s, a := oneLive(t)
	mustSettle(t, s, ended(a, Busy, monday, time.Time{}))
	for _, id := range []string{a.ID, "", "a000000000099"} {
		if _, err := s.Settle(bg, Settlement{Record: Record{ID: id}}); !errors.Is(err, ErrState) {
			t.Errorf("settle %q: error %v, want %v", id, err, ErrState)
		}
	}
}

func TestARecordWithoutAnEndEndsAtItsLastTime(t *testing.T) {
	s, a := oneLive(t)
	rec := mustSettle(t, s, Settlement{Record: Record{ID: a.ID, PlacedAt: monday, RingingAt: monday.Add(time.Second), Outcome: Failed}})
	if !rec.EndedAt.Equal(monday.Add(time.Second)) {
		t.Errorf("ended at %v", rec.EndedAt)
	}
}

func TestASettlementCanSuppressTheNumber(t *testing.T) {
	s, a := oneLive(t)
	st := ended(a, Human, monday, time.Time{})
	st.Suppress = &Suppression{Reason: "asked", Source: "ana", AddedAt: monday}
	mustSettle(t, s, st)
	got, err := s.Suppressed(Target{Phone: a.Contact.Phone}, monday)
	if want := (&Suppression{Phone: a.Contact.Phone, List: OwnList, Reason: "asked", Source: "ana", AddedAt: monday}); err != nil || !cmp.Equal(want, got) {
		t.Errorf("entry %+v, %v", got, err)
	}
}

func TestOutcomesOfAContactAreBounded(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(0))
	for i := range outcomesKept + 5 {
		a := mustLease(t, s, request("c", 1, "a")).Attempts[0]
		mustSettle(t, s, ended(a, Outcomes[i%len(Outcomes)], monday, monday))
	}
	p, err := s.Progress("c", 1)
	if err != nil || len(p.Outcomes) != outcomesKept || p.Attempts != outcomesKept+5 || p.Outcomes[0] != Outcomes[5] {
		t.Errorf("progress %+v, %v", p, err)
	}
}

func TestNotesAddUpAndComeBackWithTheAttempt(t *testing.T) {
	s, a := oneLive(t)
	for _, n := range []Notes{{PlacedAt: monday}, {RingingAt: monday.Add(time.Second), Dialog: "x"}, {PlacedAt: monday.Add(time.Minute)}, {Operator: "ana"}} {
		if err := s.Note(a.ID, n); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Note("a000000000099", Notes{PlacedAt: monday}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Recover(bg, "", monday, func(Attempt) (time.Time, string) { return monday, "" })
	want := Notes{PlacedAt: monday.Add(time.Minute), RingingAt: monday.Add(time.Second), Dialog: "x", Operator: "ana"}
	if err != nil || len(got) != 1 || !cmp.Equal(want, got[0].Notes) {
		t.Errorf("recovered %+v, %v", got, err)
	}
}

func TestRecoverMakesOneInterruptedRecordOfEachAttemptOfTheOwner(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 4)...)
	req := request("c", 2, "a")
	req.Owner = "gone"
	gone := mustLease(t, s, req).Attempts
	mustLease(t, s, request("c", 2, "a"))
	if err := s.Note(gone[0].ID, Notes{PlacedAt: monday, AnsweredAt: monday.Add(5 * time.Second), Operator: "ana"}); err != nil {
		t.Fatal(err)
	}
	now := monday.Add(time.Hour)
	next := func(a Attempt) (time.Time, string) {
		if a.ID == gone[1].ID {
			return time.Time{}, "used up"
		}
		return now.Add(time.Hour), ""
	}
	if got, err := s.Recover(bg, "gone", now, next); err != nil || len(got) != 2 {
		t.Fatalf("recovered %v, %v", got, err)
	}
	if got, err := s.Recover(bg, "gone", now, next); err != nil || len(got) != 0 {
		t.Fatalf("recovered again %v, %v", got, err)
	}
	records := collect(t, s.Records(RecordFilter{}))
	want := Record{ID: gone[0].ID, Outcome: Interrupted, EndedBy: "dialer", PlacedAt: monday, AnsweredAt: monday.Add(5 * time.Second), EndedAt: now, Operator: "ana"}
	ignore := cmpopts.IgnoreFields(Record{}, "Campaign", "CampaignVersion", "List", "ContactID", "Phone", "Attempt", "Trunk", "CallerID", "SIPCallID", "PrevHash", "Hash")
	if diff := cmp.Diff(want, records[0], ignore); diff != "" || len(records) != 2 {
		t.Errorf("%d records; %s", len(records), diff)
	}
	if live, err := s.Live(); err != nil || len(live) != 2 {
		t.Errorf("live: %v, %v", live, err)
	}
	if p, err := s.Progress("c", gone[1].Contact.ID); err != nil || p.Final != "used up" {
		t.Errorf("progress %+v, %v", p, err)
	}
}

func TestATallyCountsWhatTheRegulatorCounts(t *testing.T) {
	at := monday
	for _, tc := range []struct {
		name                     string
		rec                      Record
		live, abandoned, bridged int
	}{
		{"a conversation", Record{Outcome: Human, AnsweredAt: at, BridgedAt: at}, 1, 0, 1},
		{"abandoned", Record{Outcome: Abandoned, AnsweredAt: at}, 1, 1, 0},
		{"a machine", Record{Outcome: Machine, AnsweredAt: at}, 0, 0, 0},
		{"interrupted while it rang", Record{Outcome: Interrupted, PlacedAt: at}, 0, 0, 0},
		{"interrupted between answer and bridge", Record{Outcome: Interrupted, AnsweredAt: at}, 1, 1, 0},
		{"interrupted in conversation", Record{Outcome: Interrupted, AnsweredAt: at, BridgedAt: at}, 0, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, a := oneLive(t)
			tc.rec.ID, tc.rec.TalkMS, tc.rec.WrapMS, tc.rec.EndedAt = a.ID, 7, 3, at
			mustSettle(t, s, Settlement{Record: tc.rec, Final: "done"})
			got, err := s.Tally("c", time.Time{}, time.Time{})
			want := Tally{Attempts: 1, Outcomes: map[string]int{tc.rec.Outcome: 1}, LiveAnswers: tc.live, Abandoned: tc.abandoned, Bridged: tc.bridged, TalkMS: 7, WrapMS: 3}
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

func TestTalliesSumDaysOperatorsAndCampaigns(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", people(0, 4)...)
	for _, name := range []string{"c", "cc"} {
		mustApply(t, s, name, "v1")
		for i, a := range mustLease(t, s, request(name, 4, "a")).Attempts {
			st := ended(a, Human, monday.Add(time.Duration(i)*24*time.Hour), time.Time{})
			st.Record.Operator = []string{"ana", "an"}[i%2]
			mustSettle(t, s, st)
		}
	}
	day := func(n int) time.Time { return monday.Add(time.Duration(n) * 24 * time.Hour).Truncate(24 * time.Hour) }
	for _, tc := range []struct {
		operator, campaign string
		from, to           time.Time
		want               int
	}{
		{"", "c", time.Time{}, time.Time{}, 4},
		{"", "c", day(1), time.Time{}, 3},
		{"", "c", time.Time{}, day(3), 3},
		{"", "c", day(1), day(3), 2},
		{"", "other", time.Time{}, time.Time{}, 0},
		{"ana", "", time.Time{}, time.Time{}, 4},
		{"ana", "cc", time.Time{}, time.Time{}, 2},
		{"an", "cc", day(2), time.Time{}, 1},
	} {
		got, err := s.Tally(tc.campaign, tc.from, tc.to)
		if tc.operator != "" {
			got, err = s.OperatorTally(tc.operator, tc.campaign, tc.from, tc.to)
		}
		if err != nil || got.Attempts != tc.want {
			t.Errorf("%+v: %d attempts, %v", tc, got.Attempts, err)
		}
	}
}

func TestRecordsAreFiltered(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", people(0, 3)...)
	for i, name := range []string{"c", "d"} {
		mustApply(t, s, name, "v1")
		for j, a := range mustLease(t, s, request(name, 3, "a")).Attempts {
			st := ended(a, Human, monday.Add(time.Duration(3*i+j)*time.Hour), time.Time{})
			st.Record.Operator = []string{"ana", "ion", "ion"}[j]
			mustSettle(t, s, st)
		}
	}
	for _, tc := range []struct {
		name string
		f    RecordFilter
		want int
	}{
		{"all", RecordFilter{}, 6},
		{"of a campaign", RecordFilter{Campaign: "c"}, 3},
		{"of a number", RecordFilter{Phone: person(1).Phone}, 2},
		{"of an operator", RecordFilter{Operator: "ion"}, 4},
		{"from", RecordFilter{From: monday.Add(2 * time.Hour)}, 4},
		{"to", RecordFilter{To: monday.Add(2 * time.Hour)}, 2},
		{"together", RecordFilter{Campaign: "d", Operator: "ion", From: monday.Add(5 * time.Hour), To: monday.Add(9 * time.Hour)}, 1},
		{"none", RecordFilter{Phone: "+1"}, 0},
	} {
		if got := collect(t, s.Records(tc.f)); len(got) != tc.want {
			t.Errorf("%s: %d records, want %d", tc.name, len(got), tc.want)
		}
	}
}
