package contactdb

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestEvidenceLiesBesideItsRecordUntilItIsForgotten(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", person(0), person(1), person(2))
	req := request("c", 3, "a")
	for i, a := range mustLease(t, s, req).Attempts {
		st := Settlement{Record: Record{ID: a.ID, Outcome: Machine, EndedAt: monday.Add(time.Duration(i) * time.Hour)}, Final: "x"}
		if i < 2 {
			st.Evidence = []byte{1, 2, byte(i)}
		}
		mustSettle(t, s, st)
	}
	var ids []string
	for j, err := range s.Judged() {
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := s.Evidence(j.Record.ID); err != nil || string(kept) != string(j.Evidence) || int(kept[2]) != len(ids) {
			t.Errorf("evidence %v of %s: %v", kept, j.Record.ID, err)
		}
		ids = append(ids, j.Record.ID)
	}
	if len(ids) != 2 {
		t.Fatalf("%d records have evidence, want 2", len(ids))
	}
	if n, err := s.ForgetEvidence(context.Background(), monday.Add(time.Hour)); n != 1 || err != nil {
		t.Errorf("forgot %d: %v", n, err)
	}
	if _, err := s.Evidence(ids[0]); !errors.Is(err, ErrNotFound) {
		t.Errorf("the older one: %v", err)
	}
	if _, err := s.Evidence(ids[1]); err != nil {
		t.Errorf("the newer one: %v", err)
	}
	if r, err := s.RecordOf(ids[0]); err != nil || r.Outcome != Machine {
		t.Errorf("its record %+v: %v", r, err)
	}
	if v, err := s.Verify(context.Background()); err != nil || !v.OK {
		t.Errorf("the chain: %+v, %v", v, err)
	}
}

func TestMoreEvidenceThanEvidenceIsIsRefused(t *testing.T) {
	s, a := oneLive(t)
	if _, err := s.Settle(t.Context(), Settlement{Record: Record{ID: a.ID}, Final: "x", Evidence: make([]byte, maxEvidence+1)}); !errors.Is(err, errEvidence) {
		t.Errorf("error %v", err)
	}
	if live, err := s.Live(); err != nil || len(live) != 1 {
		t.Errorf("live: %v, %v", live, err)
	}
}
