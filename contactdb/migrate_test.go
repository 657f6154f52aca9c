package contactdb

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// kept unpacks a store as an earlier version of the program left it.
func kept(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "store.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// schema1.db.gz was written by the program of schema 1: two lists, six records,
// two live attempts, one suppressed number, an operator and a team.
func TestAStoreOfSchema1IsBroughtForwardWithAllThatIsInIt(t *testing.T) {
	path := kept(t, "schema1.db.gz")
	s := openStore(t, path)
	if v, err := s.Verify(bg); err != nil || !v.OK || v.Records != 6 {
		t.Errorf("its records: %+v, %v", v, err)
	}
	lists, err := s.Lists()
	if err != nil || len(lists) != 2 || lists[0].Contacts != 15 || lists[1].Contacts != 21 {
		t.Errorf("its lists: %+v, %v", lists, err)
	}
	cs, err := s.ContactsByPhone(person(3).Phone)
	if err != nil || len(cs) != 1 || cs[0].Name != "Ștefan Țurcanu" || cs[0].Fields["sold"] != "120,50" {
		t.Errorf("a contact of it: %+v, %v", cs, err)
	}
	live, err := s.Live()
	if err != nil || len(live) != 2 || live[0].Notes.Operator != "ana" {
		t.Errorf("its live attempts: %+v, %v", live, err)
	}
	for _, a := range live {
		mustSettle(t, s, ended(a, Busy, monday.Add(2*time.Hour), monday.Add(3*time.Hour)))
	}
	if entry, err := s.Suppressed(Target{Phone: person(1).Phone}, monday); err != nil || entry == nil || entry.Source != "ana" {
		t.Errorf("its suppressed number: %+v, %v", entry, err)
	}
	if o, err := s.Operator("ana"); err != nil || o.HA1SHA256 != "4567" {
		t.Errorf("its operator: %+v, %v", o, err)
	}
	if _, err := s.Audit(bg, AuditEntry{At: monday, Who: "ana", Verb: "record.verify"}); err != nil {
		t.Error(err)
	}
	if v, err := s.Verify(bg); err != nil || !v.OK || v.Records != 8 {
		t.Errorf("with records of both schemas: %+v, %v", v, err)
	}
}

// schema4-calls.db.gz was written by the program of schema 4: 21 contacts, six records,
// two live attempts, a callback that ana promised. Schemas 2 and 3 had the same rows.
func TestAStoreOfSchema4IsBroughtForwardWithItsProgress(t *testing.T) {
	for have := uint64(2); have <= 4; have++ {
		path := kept(t, "schema4-calls.db.gz")
		withBolt(t, path, func(tx *bbolt.Tx) { _ = tx.Bucket(bMeta).Put(kSchema, be64(nil, have)) })
		s := openStore(t, path)
		live, err := s.Live()
		if err != nil || len(live) != 2 || live[0].Notes.Operator != "ana" {
			t.Errorf("its live attempts: %+v, %v", live, err)
		}
		for _, a := range live {
			mustSettle(t, s, ended(a, Busy, monday.Add(time.Minute), monday.Add(time.Hour)))
		}
		p, err := s.Progress("c", 3)
		if err != nil || p.Attempts != 1 || p.Final != "sale" || p.LastOutcome != Human {
			t.Errorf("its progress: %+v, %v", p, err)
		}
		if all, err := s.Callbacks("c", "ana", time.Time{}); err != nil || len(all) != 1 || all[0].Note != "after lunch" {
			t.Errorf("its callback: %+v, %v", all, err)
		}
		req := request("c", 99, "a")
		req.Now = monday.Add(3 * time.Hour)
		if res := mustLease(t, s, req); len(res.Attempts) != 19 { // not who bought, nor whom ana will call
			t.Errorf("leased %d", len(res.Attempts))
		}
	}
}

func TestAMigrationThatIsRefusedChangesNothing(t *testing.T) {
	path := kept(t, "schema1.db.gz")
	withBolt(t, path, func(tx *bbolt.Tx) { _ = tx.DeleteBucket(bTallies) })
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Path: path}); !errors.Is(err, ErrDamaged) {
		t.Errorf("an old store without its tallies: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed (%v)", err)
	}
}

// schema4.db.gz was written by the program of schema 4: a list of 700 contacts
// with two numbers, one of whom was edited.
func TestAStoreOfSchema4IsReadAndWrittenOn(t *testing.T) {
	s := openStore(t, kept(t, "schema4.db.gz"))
	for i, note := range map[int]string{3: "vrea să fie sunat luni", 699: ""} {
		cs, err := s.ContactsByPhone(fmt.Sprintf("+40722%06d", i))
		if err != nil || len(cs) != 1 {
			t.Fatal(cs, err)
		}
		c := cs[0]
		if c.Name != fmt.Sprintf("Ștefan Popescu%d", i) || c.City != "Brașov" || c.Fields["Sold"] != fmt.Sprintf("%d,50", i) || len(c.Numbers) != 2 || c.Numbers[0].Type != "mobile" ||
			c.Numbers[1].Phone != fmt.Sprintf("+40213%06d", i) || c.Numbers[1].Kind != Work || c.Notes != note && note != "" || c.Consent == nil {
			t.Errorf("contact %d: %+v", i, c)
		}
		c.City = "Cluj-Napoca"
		if _, err := s.PutContact(c, monday); err != nil {
			t.Error(err)
		}
		for _, q := range []Search{{Words: []string{fmt.Sprintf("C-%d", i)}}, {Values: map[string]string{"city": "cluj napoca", "email": c.Email}}, {Phone: c.Numbers[1].Phone}} {
			if found, err := s.FindContacts(q); err != nil || len(found.Contacts) != 1 || found.Contacts[0].ID != c.ID {
				t.Errorf("%+v: %+v, %v", q, found, err)
			}
		}
	}
}

// Between the first and the last schema files were of 2 to 4 too: each is
// brought forward, whatever there is to do.
func TestAStoreOfEverySchemaIsOpened(t *testing.T) {
	for have := uint64(1); have < schema; have++ {
		path := kept(t, "schema4.db.gz")
		withBolt(t, path, func(tx *bbolt.Tx) { _ = tx.Bucket(bMeta).Put(kSchema, be64(nil, have)) })
		openStore(t, path)
	}
}
