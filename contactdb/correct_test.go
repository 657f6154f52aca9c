package contactdb

import (
	"errors"
	"testing"
	"time"
)

func TestACorrectionIsANewRecordThatNamesTheOld(t *testing.T) {
	s, a := oneLive(t)
	st := ended(a, Human, monday.Add(time.Minute), time.Time{})
	st.Record.Disposition, st.Record.Note, st.Record.Operator = "sale", "wants two", "ana"
	old := mustSettle(t, s, st)
	refused, note := "refused", "wants none"
	first, err := s.Correct(bg, Correction{ID: old.ID, Disposition: &refused, Who: "maria", Reason: "wrong key", Now: monday.Add(time.Hour)})
	if err != nil || first.ID != old.ID+"-c1" || first.PrevHash != old.Hash || first.Note != "wants two" || first.Disposition != "refused" {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := s.Correct(bg, Correction{ID: old.ID, Note: &note, Who: "maria", Reason: "and the note", Now: monday.Add(2 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	calls := collect(t, s.Records(RecordFilter{Phone: a.Contact.Phone}))
	if len(calls) != 1 || calls[0].ID != old.ID || calls[0].Disposition != "refused" || calls[0].Note != "wants none" {
		t.Errorf("the call as it was corrected: %+v", calls)
	}
	rows := 0
	for row, err := range s.RecordRows(RecordFilter{}) {
		if rows++; err != nil {
			t.Fatal(err)
		}
		if r, err := row.Decode(); rows == 1 && (err != nil || r.Disposition != "sale" || r.Note != "wants two") {
			t.Errorf("the old record: %+v, %v", r, err)
		}
	}
	if y, err := s.Tally("c", time.Time{}, time.Time{}); rows != 3 || err != nil || y.Attempts != 1 {
		t.Errorf("%d records, tally %+v, %v", rows, y, err)
	}
	if v, err := s.Verify(bg); err != nil || !v.OK || v.Records != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	trail := collect(t, s.AuditTrail(AuditFilter{Object: "record/" + old.ID}))
	if len(trail) != 2 || trail[0].Before["disposition"] != "sale" || trail[0].After["disposition"] != "refused" || trail[0].Who != "maria" {
		t.Errorf("the trail: %+v", trail)
	}
	if _, err := s.Correct(bg, Correction{ID: first.ID, Note: &note}); !errors.Is(err, ErrState) {
		t.Errorf("a correction of a correction: %v", err)
	}
	if _, err := s.Correct(bg, Correction{ID: "a9", Note: &note}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a correction of nothing: %v", err)
	}
	if gone, err := s.Erase(bg, Erasure{Phone: a.Contact.Phone, Reason: "erased", Now: monday.Add(3 * time.Hour)}); err != nil || gone.Records != 3 {
		t.Errorf("erased with its corrections: %+v, %v", gone, err)
	}
	if _, err := s.Correct(bg, Correction{ID: old.ID, Note: &note}); !errors.Is(err, ErrState) {
		t.Errorf("a correction after the erasure: %v", err)
	}
}
