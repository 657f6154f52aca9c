package console

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"apel/contactdb"
)

// entries are those of the trail, as "verb object phone".
func entries(t *testing.T, store *contactdb.Store, f contactdb.AuditFilter) (all []contactdb.AuditEntry) {
	t.Helper()
	for e, err := range store.AuditTrail(f) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func TestEveryRouteThatChangesOrShowsPersonalDataIsAudited(t *testing.T) {
	for _, r := range Routes() {
		private := strings.Contains(r.Path, "contacts") || strings.Contains(r.Path, "dnc") || strings.Contains(r.Path, "export") || r.Path == "/api/records"
		if r.Audit == "" && (r.Method != "GET" || private) {
			t.Errorf("%s %s leaves no trace in the audit trail; give it a verb", r.Method, r.Path)
		}
	}
}

func TestARequestLeavesOneEntryWithWhoAndWhat(t *testing.T) {
	svc := newService(t)
	h := New(svc)
	ask(h, "POST /api/lists/spring/import", leads)
	before := len(entries(t, svc.Store(), contactdb.AuditFilter{}))
	for _, tc := range []struct {
		request, body, verb, object, phone, change string
	}{
		{"GET /api/contacts/0722111331?country=RO", "", "contact.show", "", "+40722111331", ""},
		{"PATCH /api/contacts/+40722111331", `{"city":"Iași","name":"Ana Pop"}`, "contact.edit", "list/spring", "+40722111331", "city: Iași; name: Ana → Ana Pop"},
		{"PATCH /api/contacts/+40722111331", `{"city":"Cluj"}`, "contact.edit", "list/spring", "+40722111331", "city: Iași → Cluj"},
		{"POST /api/operators", `{"name":"ana","password":"long-enough"}`, "operator.add", "operator/ana", "", ""},
		{"GET /api/lists/spring/export", "", "list.export", "list/spring", "", ""},
		{"POST /api/campaigns", spring, "campaign.apply", "campaign/spring", "", ""},
		{"DELETE /api/lists/spring", "", "list.rm", "list/spring", "", "contacts: 2 → nothing"},
	} {
		method, target, _ := strings.Cut(tc.request, " ")
		r := httptest.NewRequest(method, target, strings.NewReader(tc.body))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r.WithContext(WithCaller(r.Context(), "maria")))
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", tc.request, w.Code, w.Body)
		}
		all := entries(t, svc.Store(), contactdb.AuditFilter{})
		if before++; len(all) != before {
			t.Fatalf("%s: %d entries, want %d", tc.request, len(all), before)
		}
		e := all[before-1]
		if e.Who != "maria" || e.Verb != tc.verb || e.Object != tc.object || e.Phone != tc.phone || tc.change != "" && Changes(e) != tc.change {
			t.Errorf("%s: %+v (%s)", tc.request, e, Changes(e))
		}
	}
	if w := ask(h, "GET /api/contacts/+40722999999", ""); w.Code != http.StatusNotFound {
		t.Fatal(w.Code)
	}
	if all := entries(t, svc.Store(), contactdb.AuditFilter{}); len(all) != before {
		t.Error("a look that showed nothing is in the trail")
	}
}

func TestWhatCannotBeAuditedIsNotShown(t *testing.T) {
	svc := newService(t)
	h := New(svc)
	ask(h, "POST /api/lists/spring/import", leads)
	a := &api{svc: svc}
	w := httptest.NewRecorder()
	route := Route{Method: "GET", Path: "/x", Audit: "contact.show"}
	r := httptest.NewRequest("GET", "/x", nil)
	// A name with a zero is refused by the store: the entry cannot be written.
	aw, ar := a.audited(route, w, r.WithContext(WithCaller(context.Background(), "a\x00b")))
	_ = ar
	if _, err := aw.Write([]byte("personal")); err == nil {
		t.Error("the write succeeds")
	}
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "personal") || !strings.Contains(w.Body.String(), "audit trail") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestTheCallerOfASocketIsTheUserOfTheProcess(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := peerUID(server.(*net.UnixConn)); errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this system does not tell")
	}
	if got, want := connectedAs(ConnContext(context.Background(), server)), connectedAs(context.Background()); got != want || !strings.HasPrefix(got, "local:") {
		t.Errorf("the caller is %q, want %q", got, want)
	}
}
