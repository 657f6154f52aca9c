package contactdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// migrations brings a file of an older schema to this one: the step at place i
// makes schema i+2 of schema i+1. All steps are one transaction with the new
// number of the schema: after a kill the file is of the old one. A part that
// is new (later) needs no step: it is made here. A step must do its work in memory
// that does not grow with the file.
var migrations = [schema - 1]func(*tx) error{
	func(*tx) error { return nil },                                     // 2: the audit trail; records have salts from now on
	func(*tx) error { return nil },                                     // 3: the evidence of verdicts; rows of contacts are packed
	func(*tx) error { return nil },                                     // 4: registers of numbers that are not to be called
	func(*tx) error { return nil },                                     // 5: values that many contacts share are words
	func(t *tx) error { t.identify(); return nil },                     // 6: the journal
	func(t *tx) error { t.put(bMeta, kRezone, []byte{1}); return nil }, // 7: contacts wait with those whose numbers have the same hours
	func(*tx) error { return nil },                                     // 8: the file says when it has a journal
}

// migrate makes the file one of this schema; ErrNewer if a newer program wrote it.
func (s *Store) migrate() error {
	have, err := s.schema()
	if err != nil || have == schema {
		return err
	}
	err = s.db.Update(func(btx *bbolt.Tx) error {
		t := &tx{file: btx, words: &s.words}
		for _, name := range later {
			if _, err := btx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		for _, step := range migrations[have-1:] {
			if err := step(t); err != nil {
				return err
			}
		}
		t.put(bMeta, kSchema, be64(nil, schema))
		return t.err
	})
	if err != nil {
		return fmt.Errorf("bring it from schema %d to %d (nothing was changed): %w", have, schema, spaceError(err))
	}
	return nil
}

// schema is the file's.
func (s *Store) schema() (have uint64, err error) {
	err = s.db.View(func(btx *bbolt.Tx) error {
		meta := btx.Bucket(bMeta)
		if meta == nil || len(meta.Get(kSchema)) != 8 {
			return fmt.Errorf("%w: it is no contact store", ErrDamaged)
		}
		have = binary.BigEndian.Uint64(meta.Get(kSchema))
		switch {
		case have > schema:
			return fmt.Errorf("%w: its schema is %d, this program knows %d; install the newer version", ErrNewer, have, schema)
		case have == 0:
			return fmt.Errorf("%w: its schema is 0, which there never was; restore a backup", ErrDamaged)
		}
		for _, name := range buckets {
			old := !slices.ContainsFunc(later, func(l []byte) bool { return bytes.Equal(l, name) })
			if have < schema && old && btx.Bucket(name) == nil { // not age, but damage
				return fmt.Errorf("%w: its part %q is missing; restore a backup", ErrDamaged, name)
			}
		}
		return nil
	})
	return have, err
}
