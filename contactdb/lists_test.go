package contactdb

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestImportAccountsForEveryRow(t *testing.T) {
	for _, step := range []int{2, 1000} {
		t.Run(fmt.Sprintf("%d rows a transaction", step), func(t *testing.T) {
			s := newStore(t)
			s.importStep = step
			if _, err := s.Suppress(bg, oneEntry(person(5).Phone)); err != nil {
				t.Fatal(err)
			}
			mustImport(t, s, "a", person(1), person(2))
			got := mustImport(t, s, "a", person(5), person(1), person(3), person(3), person(5), person(4))
			want := ImportResult{List: "a", Rows: 6, Imported: 3, Duplicates: 3, Suppressed: 1}
			if got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			other := mustImport(t, s, "b", person(1))
			if other.Imported != 1 {
				t.Errorf("another list may have the number: %+v", other)
			}
			list, err := s.List("a")
			wantList := List{Name: "a", Contacts: 5, ImportedAt: monday, Zones: []ZoneSet{{Zones: []string{bucharest}, Contacts: 5}}}
			if diff := cmp.Diff(wantList, list); diff != "" || err != nil {
				t.Error(diff, err)
			}
		})
	}
}

func TestAContactComesBackAsItWentIn(t *testing.T) {
	s := newStore(t)
	c := Contact{
		Phone: "+40712345678", NumberType: "mobile", Region: "RO", Zones: []string{chisinau, bucharest}, Name: "Ana <Pop> & \"Co\"\r\n",
		FirstName: "Ana", LastName: "Pop", Email: "ana@example.org", City: "Iași", Fields: map[string]string{"debt": "12", "": "x"},
	}
	mustImport(t, s, "a", c)
	c.ID, c.List, c.Zones, c.ImportedAt = 1, "a", []string{bucharest, chisinau}, monday
	if diff := cmp.Diff([]Contact{c}, collect(t, s.Contacts("a"))); diff != "" {
		t.Error(diff)
	}
	byPhone, err := s.ContactsByPhone(c.Phone)
	if diff := cmp.Diff([]Contact{c}, byPhone); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestAnImportThatFailsLeavesNothing(t *testing.T) {
	cancelled, cancel := context.WithCancel(bg)
	for name, tc := range map[string]struct {
		ctx  context.Context
		list string
		bad  func(yield func(Contact, error) bool)
	}{
		"a row with an error":     {bg, "a", func(yield func(Contact, error) bool) { yield(Contact{}, errors.New("line 5")) }},
		"a row without a number":  {bg, "a", func(yield func(Contact, error) bool) { yield(Contact{Name: "x"}, nil) }},
		"a cancelled context":     {cancelled, "a", func(func(Contact, error) bool) { cancel() }},
		"a list without a name":   {bg, "", func(func(Contact, error) bool) {}},
		"a list with a long name": {bg, string(make([]byte, 999)), func(func(Contact, error) bool) {}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.importStep = 2
			mustImport(t, s, "a", person(0))
			rows := func(yield func(Contact, error) bool) {
				rowsOf(people(1, 6)...)(yield)
				tc.bad(yield)
			}
			if _, err := s.Import(tc.ctx, tc.list, monday, rows); err == nil {
				t.Fatal("the import succeeded")
			}
			lists, err := s.Lists()
			if err != nil || len(lists) != 1 || lists[0].Contacts != 1 {
				t.Errorf("lists %+v, %v", lists, err)
			}
			if found, err := s.ContactsByPhone(person(1).Phone); err != nil || len(found) != 0 {
				t.Errorf("found %v, %v", found, err)
			}
			if res := mustImport(t, s, "a", people(1, 6)...); res.Imported != 5 {
				t.Errorf("again: %+v", res)
			}
		})
	}
}

func TestAnImportUnderWayIsNotSeen(t *testing.T) {
	s := newStore(t)
	s.importStep = 2
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(0))
	seen := 0
	rows := func(yield func(Contact, error) bool) {
		for _, c := range people(1, 8) {
			if !yield(c, nil) {
				return
			}
			found, err := s.ContactsByPhone(person(1).Phone)
			if err != nil {
				t.Error(err)
			}
			seen += len(found) + len(collect(t, s.Contacts("a"))) - 1
		}
		// Whoever is seen first has the number.
		if _, err := s.PutContact(Contact{List: "a", Phone: person(1).Phone}, monday); err != nil {
			t.Error(err)
		}
	}
	res, err := s.Import(bg, "a", monday, rows)
	if err != nil || res.Imported != 6 || res.Duplicates != 1 {
		t.Fatalf("%+v, %v", res, err)
	}
	if seen != 0 {
		t.Errorf("%d contacts were seen before the end", seen)
	}
	if got := len(collect(t, s.Contacts("a"))); got != 8 {
		t.Errorf("%d contacts after the end", got)
	}
}

func TestANumberThatAnImportHasIndexedIsNotAddedBesideIt(t *testing.T) {
	s := newStore(t)
	s.importStep = 2
	mustImport(t, s, "a", person(0))
	s.bulk.Lock()
	defer s.bulk.Unlock()
	im := newImporting(bg, s, ImportRequest{List: "a"})
	defer im.close()
	b := &batch{contacts: people(1, 3), done: make(chan struct{})}
	b.prepare(makes{list: "a", at: monday, book: im.book})
	if err := errors.Join(im.stage(&part{batches: []*batch{b}, n: 2}), im.indexAll()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutContact(Contact{List: "a", Phone: person(1).Phone}, monday); !errors.Is(err, ErrExists) {
		t.Errorf("error %v, want %v", err, ErrExists)
	}
	if err := im.finish(); err != nil {
		t.Fatal(err)
	}
	if got := len(collect(t, s.Contacts("a"))); got != 3 {
		t.Errorf("%d contacts, want 3", got)
	}
}

func TestARemovedListIsGoneAndItsRecordsStay(t *testing.T) {
	s := newStore(t)
	s.importStep = 2
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 5)...)
	mustImport(t, s, "b", person(0))
	a := mustLease(t, s, request("c", 1, "b")).Attempts[0]
	if err := s.RemoveList("a"); !errors.Is(err, ErrState) {
		t.Errorf("while its number is called: error %v, want %v", err, ErrState)
	}
	mustSettle(t, s, ended(a, Busy, monday, monday))
	for _, a := range mustLease(t, s, request("c", 3, "a")).Attempts {
		mustSettle(t, s, ended(a, Busy, monday, monday))
	}
	if err := s.RemoveList("a"); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveList("a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("twice: error %v, want %v", err, ErrNotFound)
	}
	for _, err := range s.Contacts("a") {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("contacts: %v", err)
		}
	}
	if _, err := s.List("a"); !errors.Is(err, ErrNotFound) {
		t.Errorf("list: %v", err)
	}
	if n := len(collect(t, s.Records(RecordFilter{}))); n != 4 {
		t.Errorf("%d records", n)
	}
	if res := mustImport(t, s, "a", people(0, 5)...); res.Imported != 5 {
		t.Errorf("imported again: %+v", res)
	}
	if p, err := s.Progress("c", 1); err != nil || p.Attempts != 0 {
		t.Errorf("progress of a removed contact: %+v, %v", p, err)
	}
}

func TestPutContactAddsAndReplaces(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", people(0, 2)...)
	added, err := s.PutContact(Contact{List: "a", Phone: "+40799", Zones: []string{chisinau}}, monday.Add(time.Hour))
	if err != nil || added.ID != 3 || !added.ImportedAt.Equal(monday.Add(time.Hour)) {
		t.Fatalf("added %+v, %v", added, err)
	}
	added.Phone, added.Zones = "+40798", []string{bucharest}
	if _, err := s.PutContact(added, monday); err != nil {
		t.Fatal(err)
	}
	if found, err := s.ContactsByPhone("+40799"); err != nil || len(found) != 0 {
		t.Errorf("by the old number: %v, %v", found, err)
	}
	if found, err := s.ContactsByPhone("+40798"); err != nil || !cmp.Equal(found, []Contact{added}) {
		t.Errorf("by the new number: %v, %v", found, err)
	}
	for name, tc := range map[string]struct {
		c    Contact
		want error
	}{
		"a number of the list":     {Contact{List: "a", Phone: person(0).Phone}, ErrExists},
		"another contact's number": {Contact{List: "a", ID: 2, Phone: person(0).Phone}, ErrExists},
		"a missing list":           {Contact{List: "b", Phone: "+1"}, ErrNotFound},
		"a missing contact":        {Contact{List: "a", ID: 99, Phone: "+1"}, ErrNotFound},
	} {
		if _, err := s.PutContact(tc.c, monday); !errors.Is(err, tc.want) {
			t.Errorf("%s: error %v, want %v", name, err, tc.want)
		}
	}
}

func TestCandidatesAreWhatALeaseJudges(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 4)...)
	if _, err := s.Suppress(bg, oneEntry(person(3).Phone)); err != nil {
		t.Fatal(err)
	}
	got := mustLease(t, s, request("c", 2, "a")).Attempts
	mustSettle(t, s, ended(got[0], Busy, monday, monday))
	all := collect(t, s.Candidates(Viewpoint{Campaign: "c", Now: monday}, []string{"a"}))
	if len(all) != 4 || all[0].Progress.LastOutcome != Busy || !all[1].Leased || len(all[1].NumberTries) != 1 || all[3].Suppressed == nil {
		t.Errorf("candidates %+v", all)
	}
	for _, c := range all {
		one, err := s.Candidate(Viewpoint{Campaign: "c", Now: monday}, c.Contact)
		if diff := cmp.Diff(c, one); diff != "" || err != nil {
			t.Error(diff, err)
		}
	}
	if n := len(collect(t, s.Candidates(Viewpoint{Campaign: "never applied", Now: monday}, []string{"a"}))); n != 4 {
		t.Errorf("%d candidates of a campaign that was never applied", n)
	}
	for _, err := range s.Candidates(Viewpoint{Campaign: "c", Now: monday}, []string{"b"}) {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("candidates of a missing list: %v", err)
		}
	}
}

func TestALoopOverTheStoreMayWriteToIt(t *testing.T) {
	s := openStore(t, settledStore(t, 3*page))
	n := 0
	for range collect(t, s.Contacts("l")) {
		n++
	}
	for _, err := range s.Records(RecordFilter{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%500 == 0 {
			if err := s.Remember("n", []byte(fmt.Sprint(n))); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range s.Candidates(Viewpoint{Campaign: "c", Now: monday}, []string{"l"}) {
		if n++; n%500 == 0 {
			if err := s.Remember("n", []byte(fmt.Sprint(n))); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n != 9*page {
		t.Errorf("%d rows, want %d", n, 9*page)
	}
}
