package contactdb

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheLastEntriesAreTheEndOfAllThatFit(t *testing.T) {
	s, err := Open(Config{Path: filepath.Join(t.TempDir(), "apel.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for i := range 1500 {
		e := AuditEntry{At: now.Add(time.Duration(i-1500) * 3 * time.Minute), Who: "ana", Verb: "contact.edit", Object: "list/spring", Detail: map[string]string{"said": `"contact.erase"`}}
		if i%7 == 0 {
			e.Verb = "record.ls"
		}
		if i == 3 || i == 700 {
			e.Verb, e.Who = "contact.erase", "ion"
		}
		if _, err := s.Audit(context.Background(), e); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []AuditFilter{{}, {NoLookups: true}, {Verb: "contact.erase"}, {Who: "ion"}, {Object: "list/spring", Verb: "record.ls"}, {Verb: "contact.era"},
		{From: now.AddDate(0, 0, -2), To: now.AddDate(0, 0, -1)}, {From: now}} {
		var all []AuditEntry
		for e, err := range s.AuditTrail(f) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, e)
		}
		for _, limit := range []int{0, 1, 2, 50, 1300, 5000} {
			got, err := s.LastAudit(f, limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fmt.Sprint(all[max(0, len(all)-limit):]), fmt.Sprint(got)); diff != "" {
				t.Errorf("%+v, the last %d of %d: %d\n%s", f, limit, len(all), len(got), diff)
			}
		}
	}
}
