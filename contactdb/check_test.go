package contactdb

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// What adds up otherwise is looked for, and named.
func TestCheckNamesTheEntryThatIsMissingOrDoesNotBelong(t *testing.T) {
	for _, c := range []struct {
		bucket        []byte
		missing, much string
	}{
		{bPhones, "contact 1 is not found by its number", "the number index names contact 9"},
		{bFresh, "contact 1 is not among those of its zones", "the zone index names contact 9"},
	} {
		for want, spoil := range map[string]func(b *bbolt.Bucket, first []byte) error{
			c.missing: func(b *bbolt.Bucket, first []byte) error { return b.Delete(first) },
			c.much: func(b *bbolt.Bucket, first []byte) error {
				first[len(first)-1] = 9
				return b.Put(first, []byte{})
			},
		} {
			path := settledStore(t, 3)
			withBolt(t, path, func(tx *bbolt.Tx) {
				b := tx.Bucket(c.bucket)
				first, _ := b.Cursor().First()
				if err := spoil(b, bytes.Clone(first)); err != nil {
					t.Fatal(err)
				}
			})
			s := newUncheckedAt(t, path)
			if err := s.Check(); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", c.bucket, err, want)
			}
		}
	}
}

func newUncheckedAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
