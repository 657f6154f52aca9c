package contactdb

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func numbers(ns ...int) (all []string) {
	for _, n := range ns {
		all = append(all, person(n).Phone)
	}
	return all
}

func TestFreshContactsComeListByListInTheOrderOfImport(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 3)...)
	mustImport(t, s, "b", people(10, 13)...)
	mustImport(t, s, "a", people(3, 5)...)
	res := mustLease(t, s, request("c", 7, "b", "missing", "a", "b"))
	if diff := cmp.Diff(numbers(10, 11, 12, 0, 1, 2, 3), phones(res.Attempts)); diff != "" {
		t.Error(diff)
	}
	if !res.NextAt.Equal(monday) || res.More {
		t.Errorf("one is left: next at %v, more %v", res.NextAt, res.More)
	}
	res = mustLease(t, s, request("c", 7, "b", "a"))
	if diff := cmp.Diff(numbers(4), phones(res.Attempts)); diff != "" || !res.NextAt.IsZero() {
		t.Errorf("%s next at %v, want none", diff, res.NextAt)
	}
}

func TestAnAttemptIsWhatTheRulesAndTheRequestSay(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 2)...)
	req := request("c", 2, "a")
	req.Version = 7
	got := mustLease(t, s, req).Attempts
	c := person(0)
	c.ID, c.List, c.ImportedAt = 1, "a", monday
	want := Attempt{
		ID: "a000000000001", Campaign: "c", Version: 7, Number: 1, Contact: c, Trunk: "carrier", CallerID: "+40210000000",
		SIPCallID: s.sipCallID("a000000000001"), LeasedAt: monday, Owner: "test", Expires: monday.Add(time.Hour),
	}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	if len(want.SIPCallID) != 32 || want.SIPCallID == got[1].SIPCallID {
		t.Errorf("call ids %q, %q", want.SIPCallID, got[1].SIPCallID)
	}
}

func TestWhatIsDueComesBeforeWhatIsFresh(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 4)...)
	first := mustLease(t, s, request("c", 2, "a")).Attempts
	mustSettle(t, s, ended(first[0], Busy, monday, monday.Add(2*time.Hour)))
	mustSettle(t, s, ended(first[1], NoAnswer, monday, monday.Add(time.Hour)))

	req := request("c", 1, "a")
	req.Now = monday.Add(time.Minute)
	if res := mustLease(t, s, req); !cmp.Equal(phones(res.Attempts), numbers(2)) || !res.NextAt.Equal(req.Now) {
		t.Errorf("before the retries: %v, next at %v", phones(res.Attempts), res.NextAt)
	}
	req.Now, req.Max = monday.Add(3*time.Hour), 3
	res := mustLease(t, s, req)
	if diff := cmp.Diff(numbers(1, 0, 3), phones(res.Attempts)); diff != "" {
		t.Error(diff)
	}
	if res.Attempts[0].Number != 2 || res.Attempts[2].Number != 1 {
		t.Errorf("attempt numbers %d, %d", res.Attempts[0].Number, res.Attempts[2].Number)
	}
}

func TestAClosedZoneIsSkippedAndSaysWhenToAskAgain(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	far, two := person(1), person(2)
	far.Zones = []string{chisinau}
	two.Zones = []string{chisinau, bucharest, bucharest}
	mustImport(t, s, "a", person(0), far, two, person(3))
	req := request("c", 9, "a")
	var asked [][]string
	req.Open = func(zones []string) (bool, time.Time) {
		asked = append(asked, zones)
		return len(zones) == 1 && zones[0] == bucharest, monday.Add(time.Duration(len(zones)) * time.Hour)
	}
	res := mustLease(t, s, req)
	if diff := cmp.Diff(numbers(0, 3), phones(res.Attempts)); diff != "" {
		t.Error(diff)
	}
	if res.Examined != 2 || !res.NextAt.Equal(monday.Add(time.Hour)) {
		t.Errorf("examined %d, next at %v", res.Examined, res.NextAt)
	}
	if diff := cmp.Diff([][]string{{bucharest}, {chisinau}, {bucharest, chisinau}}, asked); diff != "" {
		t.Error(diff)
	}
	req.Open = func([]string) (bool, time.Time) { return false, time.Time{} }
	if res := mustLease(t, s, req); !res.NextAt.IsZero() {
		t.Errorf("zones that never open: next at %v", res.NextAt)
	}
}

func TestVerdictsDecide(t *testing.T) {
	later := Verdict{Kind: Later, When: monday.Add(time.Hour), Reason: "early"}
	never := Verdict{Kind: Never, Reason: "used-up"}
	for _, tc := range []struct {
		name    string
		verdict Verdict
		passed  map[string]int
		next    time.Time
		again   int // examined by a lease two hours later
		anew    int // examined after Rejudge, at once
	}{
		{"later", later, map[string]int{"early": 2}, monday.Add(time.Hour), 2, 2},
		{"later, but in the past", Verdict{Kind: Later, Reason: "early"}, map[string]int{"early": 2}, monday.Add(time.Second), 2, 2},
		{"never", never, map[string]int{"used-up": 2}, time.Time{}, 0, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newStore(t)
			mustApply(t, s, "c", "v1")
			mustImport(t, s, "a", people(0, 2)...)
			req := request("c", 9, "a")
			req.Judge = func(Candidate) Verdict { return tc.verdict }
			res := mustLease(t, s, req)
			if diff := cmp.Diff(LeaseResult{Examined: 2, Passed: tc.passed, NextAt: tc.next}, res); diff != "" {
				t.Error(diff)
			}
			if err := s.Rejudge("c"); err != nil {
				t.Fatal(err)
			}
			if res := mustLease(t, s, req); res.Examined != tc.anew {
				t.Errorf("%d examined after rejudge, want %d", res.Examined, tc.anew)
			}
			req.Now = monday.Add(2 * time.Hour)
			if res := mustLease(t, s, req); res.Examined != tc.again {
				t.Errorf("%d examined two hours later, want %d", res.Examined, tc.again)
			}
		})
	}
}

func TestWhatRulesPassedOverIsConsideredAgain(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, s *Store) error{
		"by rejudge":       func(t *testing.T, s *Store) error { return s.Rejudge("c") },
		"by a new version": func(t *testing.T, s *Store) error { _, err := s.ApplyCampaign("c", []byte("v2"), monday); return err },
		"by an edit":       func(t *testing.T, s *Store) error { return edit(t, s, func(c *Contact) { c.Name = "other" }) },
		"by a move to other zones": func(t *testing.T, s *Store) error {
			return edit(t, s, func(c *Contact) { c.Zones = []string{chisinau} })
		},
		"by its removal from the do-not-call list": func(t *testing.T, s *Store) error {
			if _, err := s.Suppress(bg, oneEntry(person(0).Phone)); err != nil {
				return err
			}
			_, err := s.Unsuppress(Suppression{Phone: person(0).Phone})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			mustApply(t, s, "c", "v1")
			mustImport(t, s, "a", person(0))
			req := request("c", 9, "a")
			req.Judge = func(Candidate) Verdict { return Verdict{Kind: Never, Reason: "rule"} }
			mustLease(t, s, req)
			if res := mustLease(t, s, request("c", 9, "a")); len(res.Attempts) != 0 {
				t.Fatal("a contact that was passed over was leased without a change")
			}
			if err := change(t, s); err != nil {
				t.Fatal(err)
			}
			if res := mustLease(t, s, request("c", 9, "a")); len(res.Attempts) != 1 {
				t.Errorf("leased %d, want 1", len(res.Attempts))
			}
		})
	}
}

// edit changes the first contact of list a.
func edit(t *testing.T, s *Store, change func(*Contact)) error {
	c := collect(t, s.Contacts("a"))[0]
	change(&c)
	_, err := s.PutContact(c, monday)
	return err
}

func TestANewVersionDoesNotRetryWhatIsFinalOrWaits(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 3)...)
	got := mustLease(t, s, request("c", 3, "a")).Attempts
	mustSettle(t, s, ended(got[0], Human, monday, time.Time{}))
	mustSettle(t, s, ended(got[1], Busy, monday, monday.Add(time.Hour)))
	mustApply(t, s, "c", "v2")
	res := mustLease(t, s, request("c", 3, "a"))
	if len(res.Attempts) != 0 || res.Examined != 0 || !res.NextAt.Equal(monday.Add(time.Hour)) {
		t.Errorf("lease after a new version: %+v", res)
	}
}

func TestANumberIsNeverInTwoLiveAttempts(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustApply(t, s, "d", "v1")
	mustImport(t, s, "a", person(0), person(1))
	mustImport(t, s, "b", person(0))
	first := mustLease(t, s, request("c", 9, "a", "b"))
	if diff := cmp.Diff(numbers(0, 1), phones(first.Attempts)); diff != "" {
		t.Error(diff)
	}
	second := mustLease(t, s, request("d", 9, "b", "a"))
	if len(second.Attempts) != 0 || second.Passed["in-call"] != 3 || !second.NextAt.Equal(monday.Add(inCall)) {
		t.Errorf("while in a call: %+v", second)
	}
	mustSettle(t, s, ended(first.Attempts[0], Busy, monday, time.Time{}))
	req := request("d", 9, "b", "a")
	req.Now = monday.Add(2 * inCall)
	if got := phones(mustLease(t, s, req).Attempts); len(got) != 1 || got[0] != person(0).Phone {
		t.Errorf("after the call: %v", got)
	}
}

func TestASuppressedNumberIsNotLeasedWhateverTheRulesSay(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 2)...)
	if _, err := s.Suppress(bg, oneEntry(person(0).Phone)); err != nil {
		t.Fatal(err)
	}
	res := mustLease(t, s, request("c", 9, "a"))
	if diff := cmp.Diff(numbers(1), phones(res.Attempts)); diff != "" || res.Passed["do-not-call"] != 1 {
		t.Errorf("%s passed over: %v", diff, res.Passed)
	}
}

func TestRulesSeeTheTriesOfAllCampaignsInThirtyDays(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", person(0))
	for i, name := range []string{"c", "d", "e"} {
		mustApply(t, s, name, "v1")
		req := request(name, 1, "a")
		req.Now = monday.Add(time.Duration(i) * 20 * 24 * time.Hour)
		var seen []time.Time
		req.Judge = func(c Candidate) Verdict { seen = c.NumberTries; return yes(c) }
		a := mustLease(t, s, req).Attempts[0]
		mustSettle(t, s, ended(a, Busy, req.Now, time.Time{}))
		want := [][]time.Time{nil, {monday}, {monday.Add(20 * 24 * time.Hour)}}[i]
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("campaign %s: %s", name, diff)
		}
	}
}

func TestTheTriesOnANumberAreBounded(t *testing.T) {
	s := newStore(t)
	err := s.update("tries", func(tx *tx) error {
		for i := range 100 {
			tx.addTry("+40", monday.Add(time.Duration(i)*time.Minute))
		}
		tries := recentTries(tx.get(bTries, []byte("+40")), monday)
		if len(tries) != triesKept || !tries[0].Equal(monday.Add(36*time.Minute)) {
			t.Errorf("%d tries from %v", len(tries), tries[0])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestALeaseStopsAtItsWorkLimitAndGoesOn(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, leaseWork+10)...)
	req := request("c", 1, "a")
	req.Judge = func(c Candidate) Verdict {
		if c.Phone == person(leaseWork+9).Phone {
			return yes(c)
		}
		return Verdict{Kind: Never, Reason: "rule"}
	}
	res := mustLease(t, s, req)
	if !res.More || res.Examined != leaseWork || len(res.Attempts) != 0 || !res.NextAt.Equal(monday) {
		t.Errorf("first: examined %d, more %v, next at %v", res.Examined, res.More, res.NextAt)
	}
	res = mustLease(t, s, req)
	if res.More || res.Examined != 10 || len(res.Attempts) != 1 || !res.NextAt.IsZero() {
		t.Errorf("second: examined %d, more %v, next at %v", res.Examined, res.More, res.NextAt)
	}
}

func TestALeaseNeedsAnAppliedCampaignAndALiveContext(t *testing.T) {
	s := newStore(t)
	if _, err := s.Lease(bg, request("c", 1, "a")); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want %v", err, ErrNotFound)
	}
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(0))
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if _, err := s.Lease(ctx, request("c", 1, "a")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
	if live, err := s.Live(); err != nil || len(live) != 0 {
		t.Errorf("live: %v, %v", live, err)
	}
}

func TestContactsImportedWhileACampaignRunsAreNext(t *testing.T) {
	s := newStore(t)
	s.importStep = 2
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(0))
	mustLease(t, s, request("c", 9, "a"))
	for _, rows := range [][]Contact{{person(1)}, people(2, 7)} {
		mustImport(t, s, "a", rows...)
		if got := mustLease(t, s, request("c", 9, "a")); len(got.Attempts) != len(rows) {
			t.Errorf("leased %d of %d new contacts", len(got.Attempts), len(rows))
		}
	}
	if _, err := s.PutContact(Contact{List: "a", Phone: "+40799", Zones: []string{bucharest}}, monday); err != nil {
		t.Fatal(err)
	}
	if got := mustLease(t, s, request("c", 9, "a")); len(got.Attempts) != 1 {
		t.Errorf("leased %d, want the added contact", len(got.Attempts))
	}
}
