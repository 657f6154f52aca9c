package contactdb

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestNotesAreForgottenWhenTheyAreOldAndTheChainVerifies(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 10)...)
	for i, a := range mustLease(t, s, request("c", 10, "a")).Attempts {
		st := ended(a, Human, monday.Add(time.Duration(i)*time.Hour), time.Time{})
		st.Record.Note = "secret"
		mustSettle(t, s, st)
	}
	f, err := s.ForgetInRecords(bg, "notes", NotesOnly, monday.Add(150*time.Minute))
	if err != nil || f.Rows != 3 || f.First != 1 || f.Last != 3 || f.More {
		t.Errorf("first pass: %+v, %v", f, err)
	}
	if f, err := s.ForgetInRecords(bg, "notes", NotesOnly, monday.Add(270*time.Minute)); err != nil || f.Rows != 2 || f.First != 4 {
		t.Errorf("second pass goes on where the first ended: %+v, %v", f, err)
	}
	if f, err := s.ForgetInRecords(bg, "notes", NotesOnly, monday.Add(270*time.Minute)); err != nil || f.Rows != 0 {
		t.Errorf("third pass: %+v, %v", f, err)
	}
	if f, err := s.ForgetInRecords(bg, "records", Personal, monday.Add(30*time.Minute)); err != nil || f.Rows != 1 {
		t.Errorf("numbers: %+v, %v", f, err)
	}
	for i, r := range collect(t, s.Records(RecordFilter{})) {
		if gone := strings.HasPrefix(r.Note, erasedText); gone != (i < 5) {
			t.Errorf("record %d: note %q", i, r.Note)
		}
		if gone := strings.HasPrefix(r.Phone, erasedText); gone != (i < 1) {
			t.Errorf("record %d: phone %q", i, r.Phone)
		}
	}
	if v, err := s.Verify(bg); err != nil || !v.OK || v.Erased != 5 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestWhatTheTrailSaysOfAPersonIsForgottenWhenItIsOldAndWhoDidWhatStays(t *testing.T) {
	s := newStore(t)
	for i := range 6 {
		e := AuditEntry{At: monday.Add(time.Duration(i) * time.Hour), Who: "ana", Verb: "contact.edit", Phone: person(i % 2).Phone, After: map[string]string{"name": "Vâlceanu"}}
		if i == 1 {
			e = AuditEntry{At: e.At, Who: "ana", Verb: "campaign.apply", Object: "campaign/c", Detail: map[string]string{"version": "3"}}
		}
		if _, err := s.Audit(bg, e); err != nil {
			t.Fatal(err)
		}
	}
	f, err := s.ForgetInAudit(bg, "notes", AuditTexts, monday.Add(210*time.Minute))
	if err != nil || f.Rows != 3 || f.First != 1 || f.Last != 4 || f.More {
		t.Errorf("%+v, %v", f, err)
	}
	if f, err := s.ForgetInAudit(bg, "numbers", Personal, monday.Add(30*time.Minute)); err != nil || f.Rows != 1 || f.Last != 1 {
		t.Errorf("numbers: %+v, %v", f, err)
	}
	for i, e := range collect(t, s.AuditTrail(AuditFilter{})) {
		if e.Who != "ana" || e.Verb == "" {
			t.Errorf("entry %d: %+v", i, e)
		}
		switch {
		case i == 1:
			if e.Detail["version"] != "3" {
				t.Errorf("what was done with a campaign is gone: %+v", e)
			}
		case (e.After["name"] == "") != (i < 4):
			t.Errorf("entry %d after: %v", i, e.After)
		case strings.HasPrefix(e.Phone, erasedText) != (i == 0):
			t.Errorf("entry %d phone: %s", i, e.Phone)
		}
	}
	if n := len(collect(t, s.AuditTrail(AuditFilter{Phone: person(0).Phone}))); n != 2 {
		t.Errorf("%d entries are found by the number, want those two that have it still", n)
	}
	if v, err := s.VerifyAudit(bg); err != nil || !v.OK || v.Erased != 3 {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestContactsThatNobodyTriesAreForgotten(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "old", people(0, 8)...)
	later := monday.Add(100 * 24 * time.Hour)
	if _, err := s.Import(bg, "new", later, rowsOf(people(20, 23)...)); err != nil {
		t.Fatal(err)
	}
	req := request("c", 2, "old")
	req.Now = later
	res := mustLease(t, s, req) // two of the old ones are called, one is in a call still
	mustSettle(t, s, ended(res.Attempts[0], Busy, later, later.Add(time.Hour)))
	lists, next, err := s.ForgetContacts(bg, later.Add(-24*time.Hour), nil)
	if err != nil || next != nil || len(lists) != 1 || lists["old"] != 6 {
		t.Errorf("forgotten %v, %q, %v", lists, next, err)
	}
	if l, err := s.List("old"); err != nil || l.Contacts != 2 {
		t.Errorf("left: %+v, %v", l, err)
	}
}

// Between looking and writing a contact may be removed, or called: the others go.
func TestWhoIsRemovedOrCalledMeanwhileDoesNotKeepOthersFromBeingForgotten(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 4)...)
	var keys [][]byte
	if err := s.view("look", func(t *tx) error {
		return t.each(bContacts, nil, func(k, _ []byte) (bool, error) { keys = append(keys, bytes.Clone(k)); return true, nil })
	}); err != nil {
		t.Fatal(err)
	}
	called := mustLease(t, s, request("c", 1, "a")).Attempts[0].Contact
	gone, err := s.ContactsByPhone(person(1).Phone)
	if err != nil || len(gone) != 1 || called.Phone == person(1).Phone {
		t.Fatal(called, gone, err)
	}
	if err := s.RemoveUntried(gone[0]); err != nil {
		t.Fatal(err)
	}
	lists, err := s.forgetStale(bg, keys, monday.Add(time.Hour))
	if err != nil || lists["a"] != 2 {
		t.Errorf("forgotten %v, %v", lists, err)
	}
	if l, err := s.List("a"); err != nil || l.Contacts != 1 {
		t.Errorf("left: %+v, %v", l, err)
	}
}

func TestOnlyAContactThatNobodyHasTriedIsRemoved(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 3)...)
	tried := mustLease(t, s, request("c", 1, "a")).Attempts[0].Contact
	if err := s.RemoveUntried(tried); !errors.Is(err, ErrState) {
		t.Errorf("who is in a call: %v", err)
	}
	all, err := s.ContactsByPhone(person(2).Phone)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if err := s.RemoveUntried(all[0]); err != nil {
		t.Error(err)
	}
	if err := s.RemoveUntried(all[0]); !errors.Is(err, ErrNotFound) {
		t.Errorf("who is gone: %v", err)
	}
	if l, err := s.List("a"); err != nil || l.Contacts != 2 {
		t.Errorf("left: %+v, %v", l, err)
	}
}
