// Package conformance is what every implementation of the contact store must
// do: a second one, for centres that outgrow one machine, is held to the same
// promises. Each promise is a test by itself, told only in the store's own
// words: what goes in, what is asked, what must come out.
//
//	func TestConformance(t *testing.T) {
//		conformance.Run(t, func(t testing.TB) conformance.Store { return open(t) })
//	}
package conformance

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"apel/contactdb"
)

// Store is the part of a contact store that decides who is called, and keeps
// what became of it.
type Store interface {
	Import(ctx context.Context, list string, now time.Time, rows iter.Seq2[contactdb.Contact, error]) (contactdb.ImportResult, error)
	Contacts(list string) iter.Seq2[contactdb.Contact, error]
	ApplyCampaign(name string, source []byte, now time.Time) (contactdb.Campaign, error)
	Rejudge(campaign string) error

	Lease(ctx context.Context, req contactdb.LeaseRequest) (contactdb.LeaseResult, error)
	Ahead(ctx context.Context, req contactdb.LeaseRequest) ([]contactdb.Candidate, error)
	Settle(ctx context.Context, st contactdb.Settlement) (contactdb.Record, error)
	Recover(ctx context.Context, owner string, now time.Time, next func(contactdb.Attempt) (time.Time, string)) ([]contactdb.Attempt, error)
	Live() ([]contactdb.Attempt, error)
	Records(f contactdb.RecordFilter) iter.Seq2[contactdb.Record, error]
	Verify(ctx context.Context) (contactdb.Verification, error)
	Tally(campaign string, from, to time.Time) (contactdb.Tally, error)
	Hold(v contactdb.Viewpoint) (contactdb.Hold, error)
	Candidates(v contactdb.Viewpoint, lists []string) iter.Seq2[contactdb.Candidate, error]

	Suppress(ctx context.Context, entries iter.Seq2[contactdb.Suppression, error]) (added int, err error)
	Unsuppress(e contactdb.Suppression) (contactdb.Suppression, error)
	Suppressed(g contactdb.Target, now time.Time) (*contactdb.Suppression, error)
	SuppressedBy(phone string) ([]contactdb.Suppression, error)
	ReplaceRegister(ctx context.Context, r contactdb.Register, mayBeOlder bool, now time.Time, rows iter.Seq2[string, error]) (contactdb.Register, error)
	RemoveRegister(name string) error

	PromiseCallback(campaign string, contact contactdb.Contact, p contactdb.Promise) (contactdb.Callback, error)
	CancelCallback(campaign string, contact contactdb.Contact) (contactdb.Promise, error)
	Callbacks(campaign, operator string, before time.Time) ([]contactdb.Callback, error)

	Check() error
}

var _ Store = (*contactdb.Store)(nil)

// Run holds a store to every promise; open gives an empty one for each.
func Run(t *testing.T, open func(t testing.TB) Store) {
	for _, p := range promises {
		t.Run(p.promise, func(t *testing.T) {
			f := &fixture{T: t, s: open(t)}
			f.apply("c", "v1")
			p.prove(f)
			if err := f.s.Check(); err != nil {
				t.Errorf("the store's own rules afterwards: %v", err)
			}
		})
	}
}

var bg = context.Background()

// monday is when most of it happens.
var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

const here, there = "Europe/Bucharest", "Europe/Chisinau"

// fixture is a store in a test, with what every promise needs.
type fixture struct {
	*testing.T
	s Store
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) apply(campaign, source string) {
	f.Helper()
	_, err := f.s.ApplyCampaign(campaign, []byte(source), monday)
	f.must(err)
}

func phone(n int) string { return fmt.Sprintf("+407%08d", n) }

func person(n int) contactdb.Contact {
	return contactdb.Contact{Phone: phone(n), NumberType: "mobile", Region: "RO", Zones: []string{here}, Fields: map[string]string{"n": fmt.Sprint(n)}}
}

func people(ns ...int) (all []contactdb.Contact) {
	for _, n := range ns {
		all = append(all, person(n))
	}
	return all
}

// each yields values without an error.
func each[T any](values ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (f *fixture) importList(list string, contacts ...contactdb.Contact) contactdb.ImportResult {
	f.Helper()
	res, err := f.s.Import(bg, list, monday, each(contacts...))
	f.must(err)
	return res
}

// request asks for contacts of lists under rules that always say yes.
func request(n int, lists ...string) contactdb.LeaseRequest {
	req := contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: "c", Now: monday}, Version: 1, Max: n, Owner: "test", TTL: time.Hour,
		Open: func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict {
			return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "acme"}
		},
	}
	for _, l := range lists {
		req.Lists = append(req.Lists, contactdb.Source{List: l})
	}
	return req
}

func (f *fixture) lease(req contactdb.LeaseRequest) contactdb.LeaseResult {
	f.Helper()
	res, err := f.s.Lease(bg, req)
	f.must(err)
	return res
}

// gives fails unless a lease gives these numbers, in this order.
func (f *fixture) gives(req contactdb.LeaseRequest, want ...int) contactdb.LeaseResult {
	f.Helper()
	res := f.lease(req)
	var got, wanted []string
	for _, a := range res.Attempts {
		got = append(got, a.Contact.Phone)
	}
	for _, n := range want {
		wanted = append(wanted, phone(n))
	}
	if !slices.Equal(got, wanted) {
		f.Fatalf("leased %v, want %v", got, wanted)
	}
	return res
}

// settle ends an attempt; next zero: for good.
func (f *fixture) settle(a contactdb.Attempt, outcome string, at, next time.Time) {
	f.Helper()
	st := contactdb.Settlement{NextTry: next, Record: contactdb.Record{ID: a.ID, Outcome: outcome, PlacedAt: at, EndedAt: at}}
	if next.IsZero() {
		st.Final = "done"
	}
	_, err := f.s.Settle(bg, st)
	f.must(err)
}

func (f *fixture) suppress(e contactdb.Suppression) {
	f.Helper()
	e.AddedAt = monday
	_, err := f.s.Suppress(bg, each(e))
	f.must(err)
}

func (f *fixture) register(r contactdb.Register, ns ...int) {
	f.Helper()
	var phones []string
	for _, n := range ns {
		phones = append(phones, phone(n))
	}
	_, err := f.s.ReplaceRegister(bg, r, false, monday, each(phones...))
	f.must(err)
}

// contacts are those of a list, in the order of their import.
func (f *fixture) contacts(list string) (all []contactdb.Contact) {
	f.Helper()
	for c, err := range f.s.Contacts(list) {
		f.must(err)
		all = append(all, c)
	}
	return all
}
