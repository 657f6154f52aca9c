package contactdb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func phonesOf(ns ...int) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, n := range ns {
			if !yield(person(n).Phone, nil) {
				return
			}
		}
	}
}

func mustReplace(t testing.TB, s *Store, r Register, rows iter.Seq2[string, error]) Register {
	t.Helper()
	got, err := s.ReplaceRegister(bg, r, false, monday, rows)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func suppressedNow(t testing.TB, s *Store, g Target) string {
	t.Helper()
	e, err := s.Suppressed(g, monday)
	if err != nil {
		t.Fatal(err)
	}
	if e == nil {
		return ""
	}
	return e.List
}

func TestABlockHasTheNumbersThatWereGiven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfNDistinct(rapid.Uint64Range(1, 999_999_999_999_999), 1, 300, rapid.ID).Draw(t, "numbers")
		slices.Sort(numbers)
		var got []uint64
		if err := unblock(block(numbers), func(n uint64) bool { got = append(got, n); return true }); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(numbers, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestARegisterHasExactlyItsNumbers(t *testing.T) {
	s := newStore(t)
	var odd []int
	for n := 1; n < 2000; n += 2 {
		odd = append(odd, n)
	}
	got := mustReplace(t, s, Register{Name: "robinson", Reason: "law"}, phonesOf(append(odd, 1, 3)...))
	if got.Numbers != 1000 {
		t.Errorf("%d numbers, want 1000", got.Numbers)
	}
	for n := range 2002 {
		want := ""
		if n%2 == 1 && n < 2000 {
			want = "robinson"
		}
		if list := suppressedNow(t, s, Target{Phone: person(n).Phone}); list != want {
			t.Fatalf("number %d is on list %q, want %q", n, list, want)
		}
	}
	for _, phone := range []string{"", "+", "0722", "+0", "+99999999999999999999", "person"} {
		if suppressedNow(t, s, Target{Phone: phone}) != "" {
			t.Errorf("%q is on the list", phone)
		}
	}
	all := collect(t, s.Suppressions("robinson"))
	if len(all) != 1000 || all[0].Phone != person(1).Phone || all[0].Reason != "law" || all[999].Phone != person(1999).Phone {
		t.Errorf("export: %d entries, the first %+v", len(all), all[0])
	}
}

// leavesOneBlock holds the blocks of all issues against those of the one in force.
func leavesOneBlock(t *testing.T, s *Store) {
	t.Helper()
	if err := s.view("look", func(t2 *tx) error {
		if n := t2.keys(bRegistered); n != 1 {
			t.Errorf("%d blocks are left of all issues, want 1", n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// A reader at any instant sees one issue whole, never a mixture and never none.
func TestANewIssueTakesThePlaceOfTheOldInOneStep(t *testing.T) {
	s := newStore(t)
	mustReplace(t, s, Register{Name: "r"}, phonesOf(1, 2))
	stop, seen := make(chan struct{}), make(chan error)
	go func() {
		for {
			select {
			case <-stop:
				seen <- nil
				return
			default:
			}
			var have string
			err := s.view("look", func(t *tx) error {
				for n := 1; n <= 4; n++ {
					e, err := t.suppressed(Target{Phone: person(n).Phone}, monday)
					if err != nil {
						return err
					}
					if e != nil {
						have += fmt.Sprint(n)
					}
				}
				return nil
			})
			if err == nil && have != "12" && have != "34" {
				err = fmt.Errorf("a reader saw %q", have)
			}
			if err != nil {
				seen <- err
				return
			}
		}
	}()
	for i := range 30 {
		mustReplace(t, s, Register{Name: "r"}, phonesOf(3-i%2*2, 4-i%2*2))
	}
	close(stop)
	if err := <-seen; err != nil {
		t.Error(err)
	}
	leavesOneBlock(t, s)
}

func TestAnIssueThatBreaksOffLeavesTheOneBefore(t *testing.T) {
	s := newStore(t)
	mustReplace(t, s, Register{Name: "r"}, phonesOf(1))
	broken := func(yield func(string, error) bool) {
		_ = yield(person(2).Phone, nil) && yield("", errors.New("line 2"))
	}
	if _, err := s.ReplaceRegister(bg, Register{Name: "r"}, false, monday, broken); err == nil {
		t.Error("a broken file was taken")
	}
	ctx, cancel := context.WithCancel(bg)
	cancel()
	if _, err := s.ReplaceRegister(ctx, Register{Name: "r"}, false, monday, phonesOf(2)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	for _, r := range []Register{{}, {Name: OwnList}, {Name: "r", Scope: "galaxy"}, {Name: "r", Scope: "client:"}, {Name: "r", Issued: monday, Expires: monday}} {
		if _, err := s.ReplaceRegister(bg, r, false, monday, phonesOf(2)); err == nil {
			t.Errorf("%+v was taken", r)
		}
	}
	if suppressedNow(t, s, Target{Phone: person(1).Phone}) != "r" || suppressedNow(t, s, Target{Phone: person(2).Phone}) != "" {
		t.Error("the issue before is not in force any more")
	}
}

// Of two files that are read at once the later issue stays, whichever began first
// and whichever ends last.
func TestAnOlderIssueDoesNotTakeThePlaceOfOneThatCameWhileItWasRead(t *testing.T) {
	s := newStore(t)
	issue := func(days int) Register { return Register{Name: "r", Issued: monday.AddDate(0, 0, days)} }
	mustReplace(t, s, issue(0), phonesOf(1))
	meanwhile := func(yield func(string, error) bool) {
		if yield(person(2).Phone, nil) {
			mustReplace(t, s, issue(2), phonesOf(3))
		}
	}
	_, err := s.ReplaceRegister(bg, issue(1), false, monday, meanwhile)
	var older *OlderIssueError
	if !errors.As(err, &older) || !errors.Is(err, ErrState) || !older.InForce.Issued.Equal(issue(2).Issued) {
		t.Errorf("the older issue: %v", err)
	}
	if suppressedNow(t, s, Target{Phone: person(3).Phone}) != "r" || suppressedNow(t, s, Target{Phone: person(2).Phone}) != "" {
		t.Error("the newer issue is not in force any more")
	}
	mustReplace(t, s, issue(2), phonesOf(4))
	if _, err := s.ReplaceRegister(bg, Register{Name: "r"}, false, monday, phonesOf(5)); !errors.As(err, &older) {
		t.Errorf("an issue of no day: %v", err)
	}
	if suppressedNow(t, s, Target{Phone: person(4).Phone}) != "r" {
		t.Error("another file of the same day did not take the place of the first")
	}
	if _, err := s.ReplaceRegister(bg, issue(1), true, monday, phonesOf(2)); err != nil || suppressedNow(t, s, Target{Phone: person(2).Phone}) != "r" {
		t.Errorf("an older issue that is wanted: %v", err)
	}
	leavesOneBlock(t, s)
}

func TestScopesPrefixesAndContactsAreKept(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", people(0, 3)...)
	add := func(e Suppression) {
		t.Helper()
		if _, err := s.Suppress(bg, func(yield func(Suppression, error) bool) { yield(e, nil) }); err != nil {
			t.Fatal(err)
		}
	}
	add(Suppression{Phone: person(7).Phone, List: "bank", Scope: "client:bank"})
	add(Suppression{Prefix: "+409", List: "premium"})
	add(Suppression{Contact: 2, List: "people"})
	add(Suppression{Phone: person(8).Phone, List: "sale", Scope: "campaign:sale"})
	mustReplace(t, s, Register{Name: "robinson", Scope: "client:shop"}, phonesOf(9))
	for _, tt := range []struct {
		target Target
		want   string
	}{
		{Target{Phone: person(7).Phone, Client: "bank"}, "bank"},
		{Target{Phone: person(7).Phone, Client: "shop"}, ""},
		{Target{Phone: person(7).Phone}, ""},
		{Target{Phone: "+40912345"}, "premium"},
		{Target{Phone: "+40"}, ""},
		{Target{Phone: person(1).Phone, Contact: 2}, "people"},
		{Target{Phone: person(1).Phone, Contact: 3}, ""},
		{Target{Phone: person(8).Phone, Campaign: "sale"}, "sale"},
		{Target{Phone: person(8).Phone, Campaign: "sales"}, ""},
		{Target{Phone: person(9).Phone, Client: "shop"}, "robinson"},
		{Target{Phone: person(9).Phone, Client: "bank"}, ""},
	} {
		if got := suppressedNow(t, s, tt.target); got != tt.want {
			t.Errorf("%+v is on %q, want %q", tt.target, got, tt.want)
		}
	}
	by, err := s.SuppressedBy(person(1).Phone)
	if err != nil || len(by) != 1 || by[0].List != "people" {
		t.Errorf("person 1 is covered by %+v, %v", by, err)
	}
	if _, err := s.Unsuppress(Suppression{Prefix: "+409", List: "premium"}); err != nil {
		t.Fatal(err)
	}
	if suppressedNow(t, s, Target{Phone: "+40912345"}) != "" {
		t.Error("a removed prefix counts")
	}
	for _, e := range []Suppression{{}, {Phone: "+401", Prefix: "+40"}, {Prefix: "40"}, {Phone: "+401", Scope: "all"}} {
		if _, err := s.Suppress(bg, func(yield func(Suppression, error) bool) { yield(e, nil) }); err == nil {
			t.Errorf("%+v was taken", e)
		}
	}
}

func TestAnEntryForATimeEndsAndMayBeMadeAgain(t *testing.T) {
	s := newStore(t)
	e := Suppression{Phone: person(1).Phone, AddedAt: monday, Expires: monday.Add(time.Hour)}
	for i, want := range []int{1, 0} {
		if n, err := s.Suppress(bg, func(yield func(Suppression, error) bool) { yield(e, nil) }); n != want || err != nil {
			t.Errorf("time %d: added %d, %v", i, n, err)
		}
	}
	if got, err := s.Suppressed(Target{Phone: e.Phone}, e.Expires); got != nil || err != nil {
		t.Errorf("at its end: %+v, %v", got, err)
	}
	e.AddedAt, e.Expires = e.Expires, time.Time{}
	if n, err := s.Suppress(bg, func(yield func(Suppression, error) bool) { yield(e, nil) }); n != 1 || err != nil {
		t.Errorf("again: added %d, %v", n, err)
	}
}

func TestWhoIsNotOnTheNewIssueIsConsideredAgain(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 3)...)
	mustReplace(t, s, Register{Name: "r"}, phonesOf(0, 1))
	if got := mustLease(t, s, request("c", 9, "a")); !cmp.Equal(phones(got.Attempts), numbers(2)) || got.Passed["do-not-call"] != 2 {
		t.Fatalf("leased %v, passed over %v", phones(got.Attempts), got.Passed)
	}
	mustReplace(t, s, Register{Name: "r"}, phonesOf(1))
	if got := mustLease(t, s, request("c", 9, "a")); !cmp.Equal(phones(got.Attempts), numbers(0)) {
		t.Errorf("leased %v", phones(got.Attempts))
	}
	if err := s.RemoveRegister("r"); err != nil {
		t.Fatal(err)
	}
	if got := mustLease(t, s, request("c", 9, "a")); !cmp.Equal(phones(got.Attempts), numbers(1)) {
		t.Errorf("leased %v", phones(got.Attempts))
	}
	if err := s.RemoveRegister("r"); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want %v", err, ErrNotFound)
	}
}
