package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apel/contactdb"

	"github.com/google/go-cmp/cmp"
)

// An anchor proves something only where it was really kept: a line in the file, and
// the same at the address, which has to say that it took it.
func TestAnAnchorIsKeptInTheFileAndAtTheAddressOrNotAtAll(t *testing.T) {
	status := http.StatusNoContent
	var got [][]byte
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s of %q: %v", r.Method, r.Header.Get("Content-Type"), err)
		}
		got = append(got, body)
		w.WriteHeader(status)
	}))
	defer elsewhere.Close()
	e := evidenceSettings{AnchorFile: filepath.Join(t.TempDir(), "anchors.jsonl"), AnchorURL: elsewhere.URL}
	heads := func(n uint64) contactdb.Heads {
		return contactdb.Heads{At: time.Date(2026, 3, 2, 9, 0, int(n), 0, time.UTC), Store: "s", Records: n, Head: "ab", Entries: 7, AuditHead: "cd"}
	}
	for n := range uint64(2) {
		where, err := e.keep(t.Context(), heads(n))
		if err != nil || where != strings.Join([]string{"log", e.AnchorFile, e.AnchorURL}, ", ") {
			t.Errorf("kept in %q, %v", where, err)
		}
	}
	file, err := os.ReadFile(e.AnchorFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(file), string(bytes.Join(got, nil))); diff != "" {
		t.Errorf("the file and the address have not the same: %s", diff)
	}
	if len(got) != 2 {
		t.Fatalf("%d anchors at the address", len(got))
	}
	for n, line := range got {
		var h contactdb.Heads
		if err := json.Unmarshal(line, &h); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(heads(uint64(n)), h); diff != "" {
			t.Error(diff)
		}
	}
	status = http.StatusBadGateway
	if where, err := e.keep(t.Context(), heads(2)); err == nil || !strings.Contains(err.Error(), "502") {
		t.Errorf("refused at the address: %q, %v", where, err)
	}
	elsewhere.Close()
	if where, err := e.keep(t.Context(), heads(3)); err == nil {
		t.Errorf("nobody at the address: %q", where)
	}
	e.AnchorFile = filepath.Join(t.TempDir(), "no", "anchors.jsonl")
	if where, err := e.keep(t.Context(), heads(4)); err == nil {
		t.Errorf("no such folder: %q", where)
	}
}
