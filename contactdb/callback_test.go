package contactdb

import (
	"testing"
	"time"
)

// Nothing of a person is left in the queues, nor does a lease stumble over it.
func TestAnErasedOrRemovedContactIsOwedNothing(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", withField(1, "7"), withField(2, "8"))
	mustImport(t, s, "b", withField(3, "9"))
	if err := s.Arrange(bg, "a", "highest balance"); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"a", "b"} {
		for _, c := range collect(t, s.Contacts(list)) {
			if _, err := s.PromiseCallback("c", c, Promise{At: monday.Add(time.Hour), Operator: "ana", Note: "secret"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := s.Erase(bg, Erasure{Phone: person(1).Phone, Reason: "erased", Source: "ana", Now: monday}); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveList("b"); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Callbacks("", "", time.Time{}); err != nil || len(all) != 1 || all[0].Contact.Phone != person(2).Phone {
		t.Errorf("callbacks %+v, %v", all, err)
	}
	req := byField("c", 9, "highest balance", "a", "b")
	req.Now, req.For = monday.Add(time.Hour), "ana"
	if got := phones(mustLease(t, s, req).Attempts); len(got) != 1 || got[0] != person(2).Phone {
		t.Errorf("leased %v", got)
	}
	if err := s.view("look", func(t2 *tx) error {
		for bucket, want := range map[string]int{string(bCallbacks): 0, string(bOrdered): 2} { // the list's mark, and the contact that is left
			if n := t2.keys([]byte(bucket)); n != want {
				t.Errorf("%d keys are left in %s, want %d", n, bucket, want)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAPromiseThatTheRulesMoveOnKeepsItsOperatorAndDeputy(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(1))
	due, opens := monday.Add(time.Hour), monday.Add(20*time.Hour)
	if _, err := s.PromiseCallback("c", collect(t, s.Contacts("a"))[0], Promise{At: due, Operator: "ana", Deputy: due.Add(15 * time.Minute)}); err != nil {
		t.Fatal(err)
	}
	req := request("c", 1, "a")
	req.Now, req.For = due, "ana"
	req.Judge = func(Candidate) Verdict { return Verdict{Kind: Later, When: opens, Reason: "outside-hours"} }
	if res := mustLease(t, s, req); res.Passed["outside-hours"] != 1 {
		t.Errorf("passed over %v", res.Passed)
	}
	all, err := s.Callbacks("c", "ana", time.Time{})
	if err != nil || len(all) != 1 || !all[0].At.Equal(due) || !all[0].Due.Equal(opens) {
		t.Fatalf("callbacks %+v, %v", all, err)
	}
	req.Judge, req.For = yes, ""
	if res := mustLease(t, s, req); len(res.Attempts) != 0 || !res.NextAt.Equal(opens) {
		t.Errorf("for anybody: %+v", res)
	}
	req.Now = opens
	if res := mustLease(t, s, req); len(res.Attempts) != 1 || res.Attempts[0].Promise == nil {
		t.Errorf("when hours open, its deputy's time being over: %+v", res)
	}
}

// A pause, a stop, a restart come between a promise and its call: it is owed still.
func TestACallbackThatWasNotPlacedIsStillOwed(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(1))
	due := monday.Add(time.Hour)
	if _, err := s.PromiseCallback("c", collect(t, s.Contacts("a"))[0], Promise{At: due, Operator: "ana"}); err != nil {
		t.Fatal(err)
	}
	req := request("c", 1, "a")
	req.Now, req.For = due, "ana"
	for name, end := range map[string]func(id string, at time.Time) error{
		"settled": func(id string, at time.Time) error {
			_, err := s.Settle(bg, Settlement{Record: Record{ID: id, Outcome: Cancelled, EndedAt: at}, NextTry: at.Add(time.Minute), Promised: true, Owed: true})
			return err
		},
		"recovered": func(_ string, at time.Time) error {
			_, err := s.Recover(bg, "", at, func(Attempt) (time.Time, string) { return at.Add(time.Minute), "" })
			return err
		},
	} {
		res := mustLease(t, s, req)
		if len(res.Attempts) != 1 {
			t.Fatalf("%s: leased %+v", name, res)
		}
		if err := end(res.Attempts[0].ID, req.Now.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		again := req.Now.Add(time.Minute + time.Second)
		all, err := s.Callbacks("c", "ana", time.Time{})
		if err != nil || len(all) != 1 || !all[0].At.Equal(due) || !all[0].Due.Equal(again) {
			t.Fatalf("%s: callbacks %+v, %v; want it due at %s", name, all, err, again)
		}
		req.Now = again
	}
	res := mustLease(t, s, req)
	if len(res.Attempts) != 1 {
		t.Fatalf("leased %+v", res)
	}
	if _, err := s.Settle(bg, Settlement{Record: Record{ID: res.Attempts[0].ID, Outcome: NoAnswer}, NextTry: req.Now.Add(time.Hour), Promised: true}); err != nil {
		t.Fatal(err)
	}
	if all, err := s.Callbacks("c", "", time.Time{}); err != nil || len(all) != 0 {
		t.Errorf("a call that rang leaves the promise %+v, %v", all, err)
	}
}

// Nobody else may keep it: the campaign is not done while it is owed, and does
// not ask without end either.
func TestACallbackOfOneWhoIsAwayKeepsACampaignFromBeingExhausted(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(1))
	due := monday.Add(time.Hour)
	if _, err := s.PromiseCallback("c", collect(t, s.Contacts("a"))[0], Promise{At: due, Operator: "ana"}); err != nil {
		t.Fatal(err)
	}
	req := request("c", 1, "a")
	for now, next := range map[time.Time]time.Time{monday: due, due.Add(time.Hour): due.Add(time.Hour + time.Minute)} {
		req.Now = now
		if res := mustLease(t, s, req); len(res.Attempts) != 0 || !res.NextAt.Equal(next) {
			t.Errorf("at %s: %+v, want to be asked again at %s", now, res, next)
		}
	}
}
