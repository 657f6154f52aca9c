package conformance

import (
	"path/filepath"
	"testing"

	"apel/contactdb"
)

func TestTheStoreKeepsEveryPromise(t *testing.T) {
	Run(t, func(t testing.TB) Store {
		s, err := contactdb.Open(contactdb.Config{Path: filepath.Join(t.TempDir(), "store.db")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}
