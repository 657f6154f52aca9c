package contactdb

import (
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
