package contactdb

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

// audited is a store with a few entries of two people, one every minute.
func audited(t *testing.T) (*Store, []AuditEntry) {
	t.Helper()
	s := newStore(t)
	var all []AuditEntry
	for i, e := range []AuditEntry{
		{Who: "local:1000", Verb: "list.import", Object: "list/spring", Detail: map[string]string{"rows": "2"}},
		{Who: "ana", Verb: "contact.show", Phone: person(1).Phone},
		{Who: "ana", Verb: "contact.edit", Phone: person(1).Phone, Before: map[string]string{"city": "Iași"}, After: map[string]string{"city": "Cluj"}},
		{Who: "bob", Verb: "contact.show", Phone: person(2).Phone},
		{Who: "anabel", Verb: "list.export", Object: "list/spring"},
	} {
		e.At = monday.Add(time.Duration(i) * time.Minute)
		e, err := s.Audit(bg, e)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return s, all
}

func TestTheAuditTrailIsFoundByPersonObjectWhoAndTime(t *testing.T) {
	s, all := audited(t)
	for _, tc := range []struct {
		f    AuditFilter
		want []int
	}{
		{AuditFilter{}, []int{0, 1, 2, 3, 4}},
		{AuditFilter{Who: "ana"}, []int{1, 2}},
		{AuditFilter{Phone: person(1).Phone}, []int{1, 2}},
		{AuditFilter{Phone: person(1).Phone, Verb: "contact.edit"}, []int{2}},
		{AuditFilter{Object: "list/spring"}, []int{0, 4}},
		{AuditFilter{Object: "list/spring", Who: "anabel"}, []int{4}},
		{AuditFilter{From: monday.Add(time.Minute), To: monday.Add(3 * time.Minute)}, []int{1, 2}},
		{AuditFilter{From: monday.Add(48 * time.Hour)}, nil},
		{AuditFilter{Who: "nobody"}, nil},
	} {
		var want []AuditEntry
		for _, i := range tc.want {
			want = append(want, all[i])
		}
		if diff := cmp.Diff(want, collect(t, s.AuditTrail(tc.f))); diff != "" {
			t.Errorf("%+v: %s", tc.f, diff)
		}
	}
}

func TestAnErasedPersonIsNotInTheAuditTrailAndItVerifies(t *testing.T) {
	s, all := audited(t)
	err := s.update("erase", func(t2 *tx) error {
		n, err := t2.eraseAudit(person(1).Phone)
		if n != 2 {
			err = fmt.Errorf("%d entries erased, %v", n, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.VerifyAudit(bg)
	if want := (Verification{Records: 5, Erased: 2, Head: all[4].Hash, OK: true}); err != nil || v != want {
		t.Errorf("verify: %+v, %v, want %+v", v, err, want)
	}
	if left := collect(t, s.AuditTrail(AuditFilter{Phone: person(1).Phone})); len(left) > 0 {
		t.Errorf("still found: %+v", left)
	}
	for _, e := range collect(t, s.AuditTrail(AuditFilter{Who: "ana"})) {
		if e.Verb == "contact.edit" && (e.Before["city"] != "" || e.After["city"] != "" || e.Phone == person(1).Phone || e.Hash != all[2].Hash) {
			t.Errorf("after the erasure: %+v", e)
		}
	}
}

// Each byte of a stored row is changed in turn: whatever it is, verify names the row.
func TestEachChangedByteOfARowIsFound(t *testing.T) {
	s, _ := audited(t)
	path := s.db.Path()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	row := func(db *bbolt.DB) (row []byte) {
		_ = db.View(func(tx *bbolt.Tx) error { row = chain{tx.Bucket(bAudit)}.at(3); return nil })
		return row
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	whole := row(db)
	changed := &Store{db: db}
	for i := range whole {
		for _, to := range []byte{whole[i] ^ 0x20, whole[i] + 1, '"', ' '} {
			if to == whole[i] {
				continue
			}
			bad := append([]byte(nil), whole...)
			bad[i] = to
			if err := db.Update(func(tx *bbolt.Tx) error { chain{tx.Bucket(bAudit)}.set(3, bad); return nil }); err != nil {
				t.Fatal(err)
			}
			if v, err := changed.VerifyAudit(bg); err != nil || v.OK || v.BadAt != 3 {
				t.Fatalf("byte %d changed from %q to %q: %+v, %v\n%s", i, whole[i], to, v, err, bad)
			}
		}
	}
}
