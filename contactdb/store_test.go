package contactdb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var bg = context.Background()

// monday is when most tests happen.
var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// newStore opens a store in a folder of its own. At the end of the test its
// rules are checked and it is closed.
func newStore(t testing.TB) *Store {
	t.Helper()
	return openStore(t, filepath.Join(t.TempDir(), "store.db"))
}

func openStore(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Check(); err != nil && !errors.Is(err, errClosed) {
			t.Errorf("the store's rules at the end of the test: %v", err)
		}
		checkPages(t, s)
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// checkPages asks bbolt whether each page of the file is used once. It is asked
// in a write transaction, the only one in which nothing else changes.
func checkPages(t testing.TB, s *Store) {
	t.Helper()
	err := s.writeLarge(bg, "check pages", func(t *tx) error {
		var all []error
		for err := range t.file.Check() {
			all = append(all, err)
		}
		return errors.Join(all...)
	})
	if err != nil && !errors.Is(err, errClosed) {
		t.Error(err)
	}
}

// rowsOf yields contacts without an error.
func rowsOf(contacts ...Contact) iter.Seq2[Contact, error] {
	return func(yield func(Contact, error) bool) {
		for _, c := range contacts {
			if !yield(c, nil) {
				return
			}
		}
	}
}

const bucharest, chisinau = "Europe/Bucharest", "Europe/Chisinau"

// person is a contact with the n-th number, in Romania.
func person(n int) Contact {
	return Contact{Phone: fmt.Sprintf("+407%08d", n), NumberType: "mobile", Region: "RO", Zones: []string{bucharest}, Name: fmt.Sprintf("Person %d", n)}
}

// people are persons from to-1.
func people(from, to int) (all []Contact) {
	for n := from; n < to; n++ {
		all = append(all, person(n))
	}
	return all
}

func mustImport(t testing.TB, s *Store, list string, contacts ...Contact) ImportResult {
	t.Helper()
	res, err := s.Import(context.Background(), list, monday, rowsOf(contacts...))
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func mustApply(t testing.TB, s *Store, name, source string) Campaign {
	t.Helper()
	c, err := s.ApplyCampaign(name, []byte(source), monday)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func always([]string) (bool, time.Time) { return true, time.Time{} }

func yes(Candidate) Verdict { return Verdict{Kind: Yes, Trunk: "carrier", CallerID: "+40210000000"} }

// request asks for up to n contacts of the list for the campaign, all rules open.
func request(campaign string, n int, lists ...string) LeaseRequest {
	return LeaseRequest{Viewpoint: Viewpoint{Campaign: campaign, Now: monday}, Version: 1, Lists: sources(lists...), Max: n, Owner: "test", TTL: time.Hour, Open: always, Judge: yes}
}

func sources(lists ...string) (all []Source) {
	for _, name := range lists {
		all = append(all, Source{List: name})
	}
	return all
}

func mustLease(t testing.TB, s *Store, req LeaseRequest) LeaseResult {
	t.Helper()
	res, err := s.Lease(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// ended is the settlement of an attempt with an outcome and a next try.
func ended(a Attempt, outcome string, at, next time.Time) Settlement {
	st := Settlement{Record: Record{ID: a.ID, PlacedAt: a.LeasedAt, EndedAt: at, Outcome: outcome, EndedBy: "network"}, NextTry: next}
	if next.IsZero() {
		st.Final = "done"
	}
	return st
}

func mustSettle(t testing.TB, s *Store, st Settlement) Record {
	t.Helper()
	rec, err := s.Settle(context.Background(), st)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// collect takes everything from an iterator that must not fail.
func collect[T any](t testing.TB, seq iter.Seq2[T, error]) (all []T) {
	t.Helper()
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func phones(attempts []Attempt) (all []string) {
	for _, a := range attempts {
		all = append(all, a.Contact.Phone)
	}
	return all
}

func TestAWholeLifeSurvivesAReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "store.db")
	s := openStore(t, path)
	mustImport(t, s, "spring", people(0, 10)...)
	mustApply(t, s, "sale", "v1")
	res := mustLease(t, s, request("sale", 4, "spring"))
	if len(res.Attempts) != 4 {
		t.Fatalf("leased %d, want 4", len(res.Attempts))
	}
	mustSettle(t, s, ended(res.Attempts[0], Human, monday.Add(time.Minute), time.Time{}))
	if err := s.Note(res.Attempts[1].ID, Notes{PlacedAt: monday, AnsweredAt: monday.Add(9 * time.Second)}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	s = openStore(t, path)
	live, err := s.Live()
	if err != nil || len(live) != 3 || !live[0].Notes.AnsweredAt.Equal(monday.Add(9*time.Second)) {
		t.Fatalf("live after reopening: %v, %v", live, err)
	}
	got, err := s.Recover(context.Background(), "", monday.Add(time.Hour), func(Attempt) (time.Time, string) { return monday.Add(2 * time.Hour), "" })
	if err != nil || len(got) != 3 {
		t.Fatalf("recovered %d, %v", len(got), err)
	}
	v, err := s.Verify(context.Background())
	if err != nil || !v.OK || v.Records != 4 {
		t.Fatalf("verify: %+v, %v", v, err)
	}
	tally, err := s.Tally("sale", time.Time{}, time.Time{})
	if err != nil || tally.Attempts != 4 || tally.Abandoned != 1 || tally.LiveAnswers != 2 {
		t.Fatalf("tally: %+v, %v", tally, err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
}

func TestAListOfManyPartsIsSeenAtOnce(t *testing.T) {
	s := newStore(t)
	s.importStep = 10
	res := mustImport(t, s, "big", append(people(0, 35), person(3), person(34))...)
	if want := (ImportResult{List: "big", Rows: 37, Imported: 35, Duplicates: 2}); res != want {
		t.Errorf("import: %+v, want %+v", res, want)
	}
	got := collect(t, s.Contacts("big"))
	for i, c := range got {
		if c.Phone != person(i).Phone {
			t.Fatalf("contact %d is %s", i, c.Phone)
		}
	}
	if len(got) != 35 {
		t.Errorf("%d contacts, want 35", len(got))
	}
}
