package dialer

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
)

// Every byte of the data directory is looked at, rejected rows and the compacted
// store too.
func TestNoByteOfAnErasedPersonIsLeftInTheDataDirectory(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Config{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	file := "Cod client;Nume;Telefon;Dată acord\n" +
		"K1;Vâlceanu Ștefania;0722 000 001;2026-01-31\n" +
		"K2;Vâlceanu Ștefania;0722.000.001;31.31.2026\n" + // rejected
		"K3;Pop Ana;0722000003;32.01.2026\n" // rejected
	if _, err := s.ImportList(context.Background(), "a", strings.NewReader(file), ImportOptions{Country: "RO", Map: map[string]string{"consent_at": "Dată acord"}}); err != nil {
		t.Fatal(err)
	}
	phone, texts := "+40722000001", []string{"722000001", "722 000 001", "722.000.001", "Vâlceanu", "Ștefania"}
	if left := bytesOf(t, dir, texts...); len(left) < 3 {
		t.Fatalf("the directory knows the person in %v only", left)
	}
	gone, err := s.Erase(context.Background(), contactdb.Erasure{Phone: phone, Reason: "erased", Source: "ana", Now: time.Now()})
	if err != nil || gone.Rejects != 1 || gone.Contacts != 1 {
		t.Errorf("%+v, %v", gone, err)
	}
	if err := errors.Join(s.store.Check(), s.Close()); err != nil {
		t.Fatal(err)
	}
	stores, err := filepath.Glob(filepath.Join(dir, "*.db"))
	if err != nil || len(stores) != 1 {
		t.Fatal(stores, err)
	}
	if _, _, err := contactdb.Compact(stores[0]); err != nil {
		t.Fatal(err)
	}
	if left := bytesOf(t, dir, texts...); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if left := bytesOf(t, dir, "Pop Ana"); len(left) == 0 {
		t.Error("another's rejected row went too")
	}
}

// bytesOf are the files in which a text is found.
func bytesOf(t *testing.T, dir string, texts ...string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(b, []byte(text)) {
				found = append(found, path+": "+text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
