package contactdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Whatever pages are spoilt, a store that opens answers with errors, never
// with the end of the process.
func TestSpoiltPagesGiveErrors(t *testing.T) {
	whole, err := os.ReadFile(settledStore(t, 200))
	if err != nil {
		t.Fatal(err)
	}
	whole = whole[:needed(t, whole)]
	dir := t.TempDir()
	found := 0
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 0))
		spoilt := bytes.Clone(whole)
		for range 1 + r.IntN(40) {
			spoilt[8192+r.IntN(len(spoilt)-8192)] = byte(r.Uint32())
		}
		if r.IntN(3) == 0 { // a page of noise or zeros
			p := spoilt[4096*(2+r.IntN(len(spoilt)/4096-2)):][:4096]
			for i := range p {
				p[i] = byte(r.Uint32() * uint32(r.IntN(2)))
			}
		}
		path := filepath.Join(dir, "store.db")
		if err := os.WriteFile(path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		if useAll(path) != nil {
			found++
		}
	}
	if found < 100 {
		t.Errorf("only %d of 150 spoilt files gave an error", found)
	}
}

// useAll opens a store, does something of everything and returns an error of it.
func useAll(path string) error {
	s, err := Open(Config{Path: path})
	if err != nil {
		return err
	}
	errs := []error{s.Check()}
	for _, err := range s.Contacts("l") {
		errs = append(errs, err)
	}
	for _, err := range s.Records(RecordFilter{}) {
		errs = append(errs, err)
	}
	_, err = s.Import(bg, "m", monday, rowsOf(people(200, 300)...))
	errs = append(errs, err)
	res, err := s.Lease(bg, request("c", 10, "l", "m"))
	errs = append(errs, err)
	for _, a := range res.Attempts {
		_, err := s.Settle(bg, ended(a, Busy, monday, time.Time{}))
		errs = append(errs, err)
	}
	errs = append(errs, s.RemoveList("l"), s.Close())
	return errors.Join(errs...)
}

// bbolt would follow such a branch for ever.
func TestABranchThatLeadsToItselfIsFound(t *testing.T) {
	path := settledStore(t, 200)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for at := 8192; at < int(needed(t, whole)); at += 4096 {
		page := whole[at : at+4096]
		if binary.NativeEndian.Uint16(page[8:]) != kindBranch {
			continue
		}
		spoilt := bytes.Clone(whole)
		copy(spoilt[at+pageHeader+8:], page[:8])
		if err := os.WriteFile(path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		// A branch of an older state is free by now, and leads nowhere.
		if s, err := Open(Config{Path: path}); err == nil {
			if err := s.Check(); err != nil {
				t.Errorf("page %d: opened, and then: %v", at/4096, err)
			}
			s.Close()
		} else if !errors.Is(err, ErrDamaged) {
			t.Errorf("page %d: error %v, want %v", at/4096, err, ErrDamaged)
		} else {
			found++
		}
	}
	if found == 0 {
		t.Error("no branch in use was spoilt")
	}
}
