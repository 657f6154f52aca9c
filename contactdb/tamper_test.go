package contactdb

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// settledStore is a closed store with n call records.
func settledStore(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store.db")
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	mustImport(t, s, "l", people(0, n)...)
	mustApply(t, s, "c", "v1")
	for i := 0; i < n; {
		for _, a := range mustLease(t, s, request("c", n-i, "l")).Attempts {
			mustSettle(t, s, ended(a, Busy, monday.Add(time.Duration(i)*time.Minute), time.Time{}))
			i++
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// withBolt changes the file behind the store's back.
func withBolt(t *testing.T, path string, f func(tx *bbolt.Tx)) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Update(func(tx *bbolt.Tx) error { f(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

// chain is the records bucket with its records by place.
type chain struct{ *bbolt.Bucket }

func (c chain) at(n int) []byte        { return bytes.Clone(c.Get(be64(nil, uint64(n)))) }
func (c chain) set(n int, body []byte) { _ = c.Put(be64(nil, uint64(n)), body) }
func (c chain) drop(n int)             { _ = c.Delete(be64(nil, uint64(n))) }

// rehash writes a changed record with a hash that fits its new content.
func rehash(t *testing.T, body []byte, change func(*Record)) []byte {
	t.Helper()
	var r Record
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatal(err)
	}
	change(&r)
	r.Hash = ""
	blank, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	row, _, err := seal(r.PrevHash, blank, records.personal)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func TestVerifyNamesTheFirstPlaceThatDoesNotFit(t *testing.T) {
	const n = 6
	for _, tc := range []struct {
		name   string
		tamper func(t *testing.T, c chain)
		at     int
		id     string
	}{
		{"one byte of a record changed", func(t *testing.T, c chain) {
			c.set(3, bytes.Replace(c.at(3), []byte(`"busy"`), []byte(`"bysy"`), 1))
		}, 3, "a000000000003"},
		{"a blank added", func(t *testing.T, c chain) {
			c.set(2, bytes.Replace(c.at(2), []byte(`,"list"`), []byte(`, "list"`), 1))
		}, 2, "a000000000002"},
		{"the hash itself changed", func(t *testing.T, c chain) {
			c.set(2, append(bytes.TrimSuffix(c.at(2), []byte(`"}`))[:len(c.at(2))-3], []byte(`x"}`)...))
		}, 2, "a000000000002"},
		{"no JSON any more", func(t *testing.T, c chain) { c.set(4, []byte("{")) }, 4, ""},
		{"a record changed and hashed anew", func(t *testing.T, c chain) {
			c.set(3, rehash(t, c.at(3), func(r *Record) { r.Outcome = Human }))
		}, 4, "a000000000004"},
		{"the last record changed and hashed anew", func(t *testing.T, c chain) {
			c.set(n, rehash(t, c.at(n), func(r *Record) { r.Outcome = Human }))
		}, n, ""},
		{"the first record dropped", func(t *testing.T, c chain) { c.drop(1) }, 1, "a000000000002"},
		{"a record dropped", func(t *testing.T, c chain) { c.drop(3) }, 3, "a000000000004"},
		{"a record dropped and the rest moved up", func(t *testing.T, c chain) {
			for i := 3; i < n; i++ {
				c.set(i, c.at(i+1))
			}
			c.drop(n)
		}, 3, "a000000000004"},
		{"the last record dropped", func(t *testing.T, c chain) { c.drop(n) }, n, ""},
		{"all records dropped", func(t *testing.T, c chain) {
			for i := 1; i <= n; i++ {
				c.drop(i)
			}
		}, 1, ""},
		{"two records swapped", func(t *testing.T, c chain) { b2, b5 := c.at(2), c.at(5); c.set(2, b5); c.set(5, b2) }, 2, "a000000000005"},
		{"a record doubled at the end", func(t *testing.T, c chain) { c.set(n+1, c.at(n)) }, n + 1, "a000000000006"},
		{"a record doubled in the chain", func(t *testing.T, c chain) {
			c.set(n+1, rehash(t, c.at(2), func(r *Record) {
				var last Record
				_ = json.Unmarshal(c.at(n), &last)
				r.PrevHash = last.Hash
			}))
		}, n + 1, "a000000000002"},
		{"a well-made record added", func(t *testing.T, c chain) {
			c.set(n+1, rehash(t, c.at(n), func(r *Record) { r.PrevHash, r.ID = r.Hash, "a000000000099" }))
		}, n + 1, "a000000000099"},
		{"a foreign key", func(t *testing.T, c chain) { _ = c.Put([]byte("x"), c.at(1)) }, n + 1, "a000000000001"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := settledStore(t, n)
			withBolt(t, path, func(tx *bbolt.Tx) { tc.tamper(t, chain{tx.Bucket(bRecords)}) })
			s, err := Open(Config{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			v, err := s.Verify(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if v.OK || v.BadAt != tc.at || v.BadID != tc.id || v.Problem == "" {
				t.Errorf("verify: %+v, want place %d, id %q", v, tc.at, tc.id)
			}
			if s.Check() == nil {
				t.Error("check finds nothing")
			}
		})
	}
}

func TestAnUntouchedChainVerifies(t *testing.T) {
	s := openStore(t, settledStore(t, 6))
	last := Record{}
	for _, r := range collect(t, s.Records(RecordFilter{})) {
		last = r
	}
	v, err := s.Verify(context.Background())
	if want := (Verification{Records: 6, Head: last.Hash, OK: true}); err != nil || v != want {
		t.Errorf("verify: %+v, %v, want %+v", v, err, want)
	}
}

func TestCheckFindsAnIndexThatDoesNotFit(t *testing.T) {
	first := func(b *bbolt.Bucket) []byte { k, _ := b.Cursor().First(); return k }
	for _, tc := range []struct {
		name   string
		tamper func(tx *bbolt.Tx)
	}{
		{"a number entry is gone", func(tx *bbolt.Tx) { b := tx.Bucket(bPhones); _ = b.Delete(first(b)) }},
		{"a zone entry is gone", func(tx *bbolt.Tx) { b := tx.Bucket(bFresh); _ = b.Delete(first(b)) }},
		{"a contact is gone", func(tx *bbolt.Tx) { b := tx.Bucket(bContacts); _ = b.Delete(first(b)) }},
		{"a progress row is gone", func(tx *bbolt.Tx) { b := tx.Bucket(bProgress); _ = b.Delete(first(b)) }},
		{"a record id is gone", func(tx *bbolt.Tx) { b := tx.Bucket(bRecordIDs); _ = b.Delete(first(b)) }},
		{"a record id is too many", func(tx *bbolt.Tx) { _ = tx.Bucket(bRecordIDs).Put([]byte("a9"), be64(nil, 1)) }},
		{"a record's number is gone", func(tx *bbolt.Tx) { b := tx.Bucket(bRecordPhones); _ = b.Delete(first(b)) }},
		{"a day of records is gone", func(tx *bbolt.Tx) { b := tx.Bucket(bRecordDays); _ = b.Delete(first(b)) }},
		{"a day of records is narrow", func(tx *bbolt.Tx) { b := tx.Bucket(bRecordDays); _ = b.Put(first(b), span{1, 2}.bytes()) }},
		{"a tally is gone", func(tx *bbolt.Tx) { b := tx.Bucket(bTallies); _ = b.Delete(first(b)) }},
		{"a tally counts more", func(tx *bbolt.Tx) { b := tx.Bucket(bTallies); _ = b.Put(first(b), []byte(`{"attempts":9}`)) }},
		{"a queue entry has no row", func(tx *bbolt.Tx) { _ = tx.Bucket(bDue).Put(dueKey(1, place{1, 1, 1}, 5), nil) }},
		{"a lease has no attempt", func(tx *bbolt.Tx) { _ = tx.Bucket(bCalling).Put([]byte("+40"), []byte("a9")) }},
		{"notes have no attempt", func(tx *bbolt.Tx) { _ = tx.Bucket(bNotes).Put([]byte("a9"), []byte("{}")) }},
		{"a short key among the numbers", func(tx *bbolt.Tx) { _ = tx.Bucket(bPhones).Put([]byte("x"), nil) }},
		{"a short key among the zones", func(tx *bbolt.Tx) { _ = tx.Bucket(bFresh).Put([]byte("x"), nil) }},
		{"a short key in the queue", func(tx *bbolt.Tx) { _ = tx.Bucket(bDue).Put([]byte("x"), nil) }},
		{"a short key among the records", func(tx *bbolt.Tx) { _ = tx.Bucket(bRecords).Put([]byte("x"), []byte("{}")) }},
		{"a list counts wrong", func(tx *bbolt.Tx) {
			b := tx.Bucket(bLists)
			_ = b.Put([]byte("l"), bytes.Replace(b.Get([]byte("l")), []byte(`"contacts":3`), []byte(`"contacts":4`), 1))
		}},
		{"a list is gone", func(tx *bbolt.Tx) { _ = tx.Bucket(bLists).Delete([]byte("l")) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := settledStore(t, 3)
			withBolt(t, path, tc.tamper)
			s, err := Open(Config{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.Check(); err == nil {
				t.Error("check finds nothing")
			}
		})
	}
}
