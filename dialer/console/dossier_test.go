package console

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"
)

// withCall is a service whose store has one settled call to Ana, with a recording.
func withCall(t *testing.T) (svc *dialer.Service, data string) {
	t.Helper()
	data = t.TempDir()
	svc, err := dialer.Open(dialer.Config{Data: data, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := svc.Store().Check(); err != nil {
			t.Error(err)
		}
		svc.Close()
	})
	h := New(svc)
	ask(h, "POST /api/lists/spring/import", leads)
	ask(h, "POST /api/campaigns", spring)
	now := time.Now()
	res, err := svc.Store().Lease(t.Context(), contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: "spring", Now: now}, Version: 1, Lists: []contactdb.Source{{List: "spring"}}, Max: 1, Owner: "x", TTL: time.Hour,
		Open:  func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict { return contactdb.Verdict{Kind: contactdb.Yes} },
	})
	if err != nil || len(res.Attempts) != 1 {
		t.Fatal(res, err)
	}
	path := "recordings/2026/11/25/" + res.Attempts[0].ID + ".wav"
	if err := os.MkdirAll(filepath.Join(data, filepath.Dir(path)), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, path), []byte("RIFF and a voice"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Store().Settle(t.Context(), contactdb.Settlement{Final: "sale", Record: contactdb.Record{
		ID: res.Attempts[0].ID, Outcome: contactdb.Human, Note: "spoke of her garden", Recording: path, EndedAt: now}}); err != nil {
		t.Fatal(err)
	}
	return svc, data
}

func TestTheFileOfAPersonHasAllThatIsKept(t *testing.T) {
	svc, _ := withCall(t)
	h := New(svc)
	ask(h, "PATCH /api/contacts/+40722111331", `{"city":"Iași"}`)
	w := ask(h, "GET /api/contacts/+40722111331/export", "")
	z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string]string{
		"README.txt": "+40722111331", "contacts.json": `"name": "Ana"`, "records.jsonl": "spoke of her garden", "audit.jsonl": "contact.edit", "suppressed.json": "", "live.json": "",
	} {
		f, err := z.Open(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := io.ReadAll(f)
		if err != nil || !strings.Contains(string(b), part) {
			t.Errorf("%s has no %q: %s (%v)", name, part, b, err)
		}
	}
	voices := 0
	for _, f := range z.File {
		if strings.HasPrefix(f.Name, "recordings/a") {
			voices++
		}
	}
	if voices != 1 {
		t.Errorf("%d recordings", voices)
	}
}

func TestAnErasureTakesRecordingsWithIt(t *testing.T) {
	svc, data := withCall(t)
	h := New(svc)
	if w := ask(h, "DELETE /api/contacts/+40722111331", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"records":1`) {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	found, err := filepath.Glob(filepath.Join(data, "recordings/*/*/*/*"))
	if err != nil || len(found) > 0 {
		t.Errorf("still there: %v, %v", found, err)
	}
	for _, e := range entries(t, svc.Store(), contactdb.AuditFilter{}) {
		if strings.Contains(e.Phone+Changes(e), "+40722111331") {
			t.Errorf("the trail remembers whom it was told to forget: %+v", e)
		}
	}
	if w := ask(h, "GET /api/contacts/+40722111331/export", ""); w.Code == 200 && strings.Contains(w.Body.String(), "garden") {
		t.Error("the note is still there")
	}
}
