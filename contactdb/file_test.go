package contactdb

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

func TestWhatIsNoStoreIsDamagedAndNeverAPanic(t *testing.T) {
	whole, err := os.ReadFile(settledStore(t, 200))
	if err != nil {
		t.Fatal(err)
	}
	whole = whole[:needed(t, whole)]
	noise := make([]byte, 100_000)
	rand.NewChaCha8([32]byte{1}).Read(noise)
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	withBolt(t, foreign, func(tx *bbolt.Tx) { _, _ = tx.CreateBucket([]byte("other")) })
	other, err := os.ReadFile(foreign)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty":               {},
		"one byte":            {0},
		"a text file":         []byte("phone,name\n+40700000001,Ana\n"),
		"random bytes":        noise,
		"zeros":               make([]byte, 1<<20),
		"half a page":         whole[:2048],
		"the two meta pages":  whole[:8192],
		"cut in the middle":   whole[:len(whole)/2/4096*4096],
		"cut by one page":     whole[:len(whole)-4096],
		"both metas spoilt":   bytes.Replace(whole, []byte{0xed, 0xda, 0x0c, 0xed}, []byte{0xed, 0xda, 0x0c, 0xee}, 2),
		"a foreign bolt file": other,
		"metas over noise":    append(bytes.Clone(whole[:8192]), bytes.Repeat(noise, 1+len(whole)/len(noise))...),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := Open(Config{Path: path})
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("error %v, want %v", err, ErrDamaged)
			}
			if err == nil {
				s.Close()
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, content) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
	t.Run("a directory", func(t *testing.T) {
		if _, err := Open(Config{Path: t.TempDir()}); !errors.Is(err, ErrDamaged) {
			t.Errorf("error %v, want %v", err, ErrDamaged)
		}
	})
}

// needed is how long the file must be at least.
func needed(t *testing.T, whole []byte) int64 {
	t.Helper()
	m, err := newestMeta(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	return m.size()
}

func TestASecondOpenerIsToldAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	first := openStore(t, path)
	if _, err := Open(Config{Path: path}); !errors.Is(err, ErrInUse) {
		t.Errorf("error %v, want %v", err, ErrInUse)
	}
	mustImport(t, first, "l", people(0, 3)...)
}

func TestAFileOfANewerProgramIsLeftAlone(t *testing.T) {
	path := settledStore(t, 3)
	withBolt(t, path, func(tx *bbolt.Tx) { _ = tx.Bucket(bMeta).Put(kSchema, be64(nil, schema+1)) })
	if _, err := Open(Config{Path: path}); !errors.Is(err, ErrNewer) {
		t.Errorf("error %v, want %v", err, ErrNewer)
	}
}

func TestAKillDuringCreationLeavesNoStore(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "store.db")
	if err := os.WriteFile(filepath.Join(dir, ".new-store-1"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, path)
	mustImport(t, s, "l", people(0, 3)...)
}

func TestAClosedStoreRefuses(t *testing.T) {
	path := settledStore(t, 3)
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	_, listErr := s.Lists()
	_, leaseErr := s.Lease(bg, request("c", 1, "l"))
	for what, err := range map[string]error{"lists": listErr, "lease": leaseErr, "note": s.Note("a", Notes{}), "rejudge": s.Rejudge("c")} {
		if !errors.Is(err, errClosed) {
			t.Errorf("%s: error %v, want %v", what, err, errClosed)
		}
	}
}
