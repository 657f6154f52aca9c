package console

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"apel/dialer"

	"github.com/google/go-cmp/cmp"
)

const leads = "phone,name\n+40722111331,Ana\n+40722111332,Ion\n"

const spring = `name: spring
lists: [spring]
trunks: [carrier]
caller-id: "+40312345678"
pacing: progressive
windows: {daily: 00:00-24:00}
`

// newService opens a service over an empty data directory; it does not run.
func newService(t *testing.T) *dialer.Service {
	t.Helper()
	svc, err := dialer.Open(dialer.Config{Data: t.TempDir(), Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := svc.Store().Check(); err != nil {
			t.Errorf("the store's own rules: %v", err)
		}
		if err := svc.Close(); err != nil {
			t.Error(err)
		}
	})
	return svc
}

// ask sends one request: "METHOD /path" and a body.
func ask(h http.Handler, request, body string) *httptest.ResponseRecorder {
	method, target, _ := strings.Cut(request, " ")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "http://localhost"+target, strings.NewReader(body)))
	return w
}

// filled is an API with a list, an operator, a team, a campaign and a
// do-not-call entry.
func filled(t *testing.T) http.Handler {
	t.Helper()
	h := New(newService(t))
	for _, step := range [][2]string{
		{"POST /api/lists/spring/import", leads},
		{"POST /api/teams", `{"name":"south"}`},
		{"POST /api/operators", `{"name":"ana","team":"south","password":"long-enough"}`},
		{"POST /api/campaigns", spring},
		{"POST /api/dnc", `{"phones":["+40722111332"],"reason":"asked"}`},
	} {
		if w := ask(h, step[0], step[1]); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", step[0], w.Code, w.Body)
		}
	}
	return h
}

// requests is every route, with what it answers on a filled API that does not
// run: the status, and a part of the body.
var requests = []struct {
	request, body string
	status        int
	part          string
}{
	{"GET /", "", 303, "/floor"},
	{"GET /static/app.css", "", 200, "--bg"},
	{"GET /static/texts-ro.js", "", 200, "Autentificare"},
	{"GET /signin", "", 303, ""},
	{"POST /signin", "", 401, "Name or password is wrong"},
	{"POST /signout", "", 303, ""},
	{"GET /setup?code=x", "", 403, "link is used or old"},
	{"POST /setup", "", 403, "link is used or old"},
	{"POST /preferences", "", 303, ""},
	{"GET /account", "", 200, "Change password"},
	{"POST /account/password", "", 400, "too weak"},
	{"POST /account/sessions", "", 404, "no such session"},
	{"GET /desk", "", 200, "Desk"},
	{"GET /floor", "", 200, "Floor"},
	{"GET /tv", "", 200, "Wall"},
	{"GET /operators", "", 200, "ana"},
	{"GET /calls", "", 200, "No call is in the air"},
	{"GET /trunks", "", 200, "No trunk is set"},
	{"GET /campaign/spring", "", 200, "draft"},
	{"GET /campaign/sprang", "", 404, "did you mean"},
	{"GET /campaign/spring/left", "", 200, "do not call"},
	{"GET /campaign/spring/settings", "", 200, "caller-id"},
	{"GET /lists", "", 200, "spring"},
	{"GET /rejects/..%2Fapel.db", "", 404, "not-found"},
	{"GET /records", "", 200, "No call record fits"},
	{"GET /records?from=yesterday", "", 400, "is not a day"},
	{"GET /campaign/spring/survey", "", 409, "has no script"},
	{"GET /campaign/spring/script", "", 409, "has no script"},
	{"GET /api/reports/calls?by=list", "", 200, "["},
	{"GET /reports?by=campaign&compare=1", "", 200, "No call record fits"},
	{"GET /compliance", "", 200, "Requests of a person"},
	{"GET /audit", "", 200, "list.import"},
	{"GET /accounts", "", 200, "Make a token"},
	{"GET /live/nothing", "", 404, "not-found"},
	{"GET /events", "", 503, "not-running"},
	{"GET /api", "", 200, `"path":"/api/status"`},
	{"GET /api/openapi.json", "", 200, `"openapi": "3.1.0"`},
	{"GET /api/status", "", 200, `"running":false`},

	{"GET /api/lists", "", 200, `"name":"spring"`},
	{"GET /api/lists/spring", "", 200, `"contacts":2`},
	{"GET /api/lists/sprng", "", 404, `did you mean \"spring\"`},
	{"POST /api/lists/more/import?country=RO&map=phone=T,name=N", "T,N\n0722111333,Dan\n", 200, `"imported":1`},
	{"POST /api/lists/more/import?country=RO&dry-run=1", "T,N\n0722111333,Dan\n0722,Ana\n", 200, `"understood":["column 1 \"T\": phone (as in an earlier file)"`},
	{"GET /api/contacts?q=0722111&country=RO", "", 200, `"phone":"+40722111`},
	{"GET /api/contacts?q=nobody-is-called-so", "", 200, `"contacts":[]`},
	{"GET /api/contacts", "", 400, `"code":"usage"`},
	{"GET /api/contacts?q=city=", "", 400, `"code":"usage"`},
	{"GET /api/contacts?q=x&limit=0", "", 400, `"code":"usage"`},
	{"GET /api/progress/nobody", "", 200, `{"done":0,"of":0}`},
	{"GET /api/mappings", "", 200, `"map":{"name":"N","phone":"T"}`},
	{"DELETE /api/mappings/none", "", 404, `"code":"not-found"`},
	{"GET /api/lists/more/imports", "", 200, `"state":"done"`},
	{"GET /api/lists/none/imports", "", 404, `"code":"not-found"`},
	{"POST /api/lists/more/undo?import=x", "", 400, `"code":"usage"`},
	{"POST /api/lists/more/undo", "", 200, `"removed":1`},
	{"POST /api/lists/more/undo", "", 404, `"code":"not-found"`},
	{"POST /api/lists/more/import?map=phone", leads, 400, `"code":"usage"`},
	{"POST /api/lists/a%2Fb/import", leads, 400, `"code":"usage"`},
	{"POST /api/lists/more/import", "", 400, `"code":"input"`},
	{"GET /api/lists/spring/export", "", 200, "phone,name,"},
	{"GET /api/lists/spring/export?format=xlsx", "", 200, "PK"},
	{"GET /api/lists/spring/export?format=pdf", "", 400, `"code":"usage"`},
	{"GET /api/lists/none/export", "", 404, `"code":"not-found"`},

	{"GET /api/contacts/+40722111331", "", 200, `"name":"Ana"`},
	{"GET /api/contacts/0722111331?country=RO", "", 200, `"name":"Ana"`},
	{"GET /api/contacts/hello", "", 400, `"code":"input"`},
	{"GET /api/contacts/+40722999999", "", 404, `"code":"not-found"`},
	{"POST /api/contacts", `{"list":"spring","phone":"+40722111335","name":"Vlad","fields":{"product":"gold"}}`, 200, `"zones":["Europe/Bucharest"]`},
	{"POST /api/contacts", `{"list":"spring","phone":"+40722111335"}`, 409, `"code":"state"`},
	{"POST /api/contacts", `{"list":"none","phone":"+40722111336"}`, 404, `"code":"not-found"`},
	{"POST /api/contacts", `{"lits":"spring"}`, 400, `"code":"usage"`},
	{"POST /api/contacts", `{"list":"spring","phone":"+40722111336"}` + strings.Repeat(" ", maxJSON), 200, ``},
	{"POST /api/contacts", `{"list":"` + strings.Repeat("x", maxJSON) + `"}`, 400, `"code":"input"`},
	{"PATCH /api/contacts/+40722111331", `{"city":"Iași"}`, 200, `"city":"Iași"`},
	{"PATCH /api/contacts/+40722111331?list=none", `{"city":"Iași"}`, 404, `"code":"not-found"`},
	{"GET /api/contacts/+40722111332/history", "", 200, `"reason":"asked"`},
	{"GET /api/contacts/+40722111332/export", "", 200, "PK"},
	{"GET /api/contacts/+40722999999/export", "", 404, `"code":"not-found"`},
	{"GET /api/contacts/+40722111332/why", "", 200, `"verdict":"never"`},

	{"POST /api/dnc", `{"phones":[]}`, 400, `"code":"usage"`},
	{"POST /api/dnc/import?country=RO&source=file", "0722111339\nnobody\n", 200, `"rejected":1`},
	{"GET /api/dnc/export?format=jsonl", "", 200, `{"phone":"+40722111332","reason":"asked"`},
	{"GET /api/dnc/+40722111332", "", 200, `"suppressed":true`},
	{"GET /api/dnc/+40722111332?campaign=sprang", "", 404, `did you mean \"spring\"`},
	{"POST /api/dnc", `{"phones":["+40722111332"],"scope":"galaxy"}`, 400, `"code":"usage"`},
	{"POST /api/dnc/import?country=RO&list=robinson", "0722111339\n", 200, `"register":{"name":"robinson"`},
	{"GET /api/dnc", "", 200, `{"name":"robinson"`},
	{"DELETE /api/dnc/registers/robinson", "", 200, `"removed":"robinson"`},
	{"DELETE /api/dnc/registers/robinson", "", 404, `"code":"not-found"`},
	{"DELETE /api/dnc/+40722111332", "", 200, `"removed":"+40722111332"`},
	{"DELETE /api/dnc/+40722111332", "", 404, `"code":"not-found"`},

	{"GET /api/operators", "", 200, `"state":"offline"`},
	{"POST /api/operators", `{"name":"ana","password":"long-enough"}`, 409, `"code":"state"`},
	{"PATCH /api/operators/ana", `{"full_name":"Ana Pop"}`, 200, `"full_name":"Ana Pop"`},
	{"PATCH /api/operators/anna", `{}`, 404, `did you mean \"ana\"`},
	{"POST /api/operators/ana/ready", "", 503, `"code":"not-running"`},
	{"POST /api/operators/ana/notready", `{"reason":"lunch"}`, 503, `"code":"not-running"`},
	{"GET /api/operators/ana/preview", "", 503, `"code":"not-running"`},
	{"POST /api/operators/ana/preview", `{"decision":"accept"}`, 503, `"code":"not-running"`},
	{"POST /api/operators/ana/wrapup", `{"ready_in_ms":10000}`, 503, `"code":"not-running"`},

	{"POST /api/operators/ana/message", `{"text":"come to me"}`, 503, `"code":"not-running"`},

	{"GET /api/monitors", "", 200, `[]`},
	{"POST /api/operators/ana/monitor", `{"mode":"listen","phone":"dan"}`, 503, `"code":"not-running"`},
	{"PATCH /api/operators/ana/monitor", `{"mode":"whisper"}`, 503, `"code":"not-running"`},
	{"DELETE /api/operators/ana/monitor", "", 503, `"code":"not-running"`},
	{"GET /api/calls", "", 200, `[]`},
	{"DELETE /api/calls/a000000000099", "", 503, `"code":"not-running"`},

	{"GET /api/accounts", "", 200, `"role":"operator"`},
	{"POST /api/accounts", `{"name":"ada","role":"administrator","password":"some words of mine"}`, 200, `"name":"ada"`},
	{"POST /api/accounts", `{"name":"ada","role":"administrator","password":"some words of mine"}`, 409, `"code":"state"`},
	{"POST /api/accounts", `{"name":"eve","role":"queen","password":"some words of mine"}`, 400, `"code":"usage"`},
	{"POST /api/accounts", `{"name":"eve","role":"compliance","password":"short"}`, 400, `fewer than 10`},
	{"PATCH /api/accounts/ada", `{"role":"operator"}`, 409, `only administrator`},
	{"PATCH /api/accounts/ada", `{"disabled":true}`, 409, `only administrator`},
	{"PATCH /api/accounts/adda", `{}`, 404, `did you mean`},
	{"DELETE /api/accounts/ada", "", 409, `only administrator`},
	{"GET /api/sessions?account=ada", "", 200, `[]`},
	{"DELETE /api/sessions/x", "", 404, `"code":"not-found"`},
	{"POST /api/tokens", `{"name":"crm","scopes":["read"],"days":30}`, 200, `"token":"apel_`},
	{"POST /api/tokens", `{"name":"crm","scopes":["read"]}`, 409, `"code":"state"`},
	{"POST /api/tokens", `{"name":"x","scopes":["everything"]}`, 400, `"code":"usage"`},
	{"GET /api/tokens", "", 200, `"name":"crm"`},
	{"DELETE /api/tokens/crm", "", 200, `"removed":"crm"`},
	{"DELETE /api/tokens/crn", "", 404, `"code":"not-found"`},

	{"GET /api/webhooks", "", 200, `[]`},
	{"POST /api/webhooks", `{"name":"crm","url":"https://crm.example/apel"}`, 200, `"secret":"whsec_`},
	{"POST /api/webhooks", `{"name":"crm","url":"https://crm.example/apel"}`, 409, `"code":"state"`},
	{"POST /api/webhooks", `{"name":"inside","url":"https://169.254.169.254/"}`, 400, `is not public`},
	{"POST /api/webhooks", `{"name":"x","url":"https://crm.example/","events":["call.begun"]}`, 400, `events are call.ended`},
	{"POST /api/webhooks", `{"name":"x","url":"https://crm.example/","campaign":"sprang"}`, 404, `did you mean`},
	{"GET /api/webhooks", "", 200, `"events":["call.ended"]`},
	{"POST /api/webhooks/crn/test", "", 404, `did you mean`},
	{"GET /api/webhooks/crm/undelivered", "", 200, `{"waiting":[],"dead":[]}`},
	{"POST /api/webhooks/crm/retry", "", 200, `{"retried":0}`},
	{"DELETE /api/webhooks/crm", "", 200, `"removed":"crm"`},
	{"DELETE /api/webhooks/crm", "", 404, `"code":"not-found"`},
	{"GET /webhooks", "", 200, ""},

	{"GET /api/teams", "", 200, `"name":"south"`},
	{"POST /api/teams", `{"name":""}`, 400, `"code":"usage"`},
	{"PATCH /api/teams/south", `{"leader":"ana"}`, 200, `"leader":"ana"`},
	{"DELETE /api/teams/south", "", 409, `"code":"state"`},

	{"GET /api/campaigns", "", 200, `"name":"spring"`},
	{"POST /api/campaigns", "name: x\nringtime: 3\n", 400, `"code":"input"`},
	{"POST /api/plan", spring, 200, `"contacts":4`},
	{"GET /api/campaigns/spring", "", 200, `"state":"draft"`},
	{"GET /api/campaigns/sprang", "", 404, `did you mean \"spring\"`},
	{"GET /api/campaigns/spring/definition", "", 200, `"effective":"`},
	{"GET /api/campaigns/spring/definition?version=7", "", 404, `"code":"not-found"`},
	{"GET /api/campaigns/spring/plan", "", 200, `"violations":["`},
	{"GET /api/campaigns/spring/why", "", 200, `"decisions":[]`},
	{"POST /api/campaigns/spring/plan", `{"mode":"power"}`, 200, `"contacts":4`},
	{"PATCH /api/campaigns/spring?reason=calmer", `{"mode":"power","max_lines":7}`, 200, `"version":2`},
	{"PATCH /api/campaigns/spring", `{"mode":"power"}`, 400, `"code":"usage"`},
	{"PATCH /api/campaigns/spring", `{"mode":"fast"}`, 400, `"code":"input"`},
	{"PATCH /api/campaigns/spring?reason=" + strings.Repeat("x", 301), `{"max_lines":8}`, 400, `"code":"usage"`},
	{"PATCH /api/campaigns/sprang", `{"max_lines":8}`, 404, `did you mean`},
	{"GET /api/campaigns/spring/hour", "", 200, `"every_ms":10000,"samples":[]`},
	{"GET /api/campaigns/sprang/hour", "", 404, `did you mean`},
	{"GET /api/trunks", "", 200, `[`},
	{"GET /api/retention", "", 200, `{"kind":"recordings","days":`},
	{"POST /api/campaigns/spring/start", "", 503, `"code":"not-running"`},
	{"POST /api/campaigns/spring/pause", "", 503, `"code":"not-running"`},
	{"POST /api/campaigns/spring/resume", "", 503, `"code":"not-running"`},
	{"POST /api/campaigns/spring/drain", "", 503, `"code":"not-running"`},
	{"POST /api/campaigns/spring/stop", "", 503, `"code":"not-running"`},
	{"POST /api/campaigns/spring/select?version=1", "", 200, `"version":1`},
	{"POST /api/campaigns/spring/select?version=x", "", 400, `"code":"usage"`},

	{"GET /api/records?limit=3", "", 200, `[]`},
	{"GET /api/records?from=today", "", 400, `"code":"usage"`},
	{"GET /api/records/export", "", 200, "id,campaign,campaign_version"},
	{"GET /api/records/export?format=pdf", "", 400, `"code":"usage"`},
	{"GET /api/records/export?outcome=hooman", "", 400, `"code":"usage"`},
	{"GET /api/records/x/recording", "", 404, "not-found"},
	{"GET /api/records/verify", "", 200, `"ok":true`},
	{"POST /api/records/anchor", "", 200, `"audit_entries":`},
	{"POST /api/records/verify", "an anchor", 400, `"code":"input"`},
	{"PATCH /api/records/a000000000099", `{"note":"x","reason":"y"}`, 404, `"code":"not-found"`},
	{"PATCH /api/records/a000000000099", `{"note":"x"}`, 400, `"code":"usage"`},
	{"GET /api/records/a000000000099/recording", "", 404, `"code":"not-found"`},
	{"POST /api/records/a000000000099/play", `{"identity":"not a key"}`, 400, "AGE-SECRET-KEY-1"},
	{"GET /wall", "", 404, "apel token add"},
	{"GET /contacts?q=nobody", "", 200, "Nobody was found"},
	{"GET /api/records/a000000000099/explain", "", 404, `"code":"not-found"`},
	{"GET /api/detector/examples", "", 200, `[]`},
	{"GET /api/detector/samples", "", 200, `[]`},
	{"GET /api/audit?phone=%2B40722111331&verb=contact.edit", "", 200, `"after":{"city":"Iași"}`},
	{"GET /api/db/check", "", 200, `"problems":[]`},
	{"GET /api/db/stats", "", 200, `"name":"contacts"`},
	{"GET /api/db/backup", "", 200, ""},
	{"GET /api/audit?from=today", "", 400, `"code":"usage"`},
	{"GET /api/audit/export?format=jsonl", "", 200, `{"seq":1,"at":"`},
	{"GET /api/audit/verify", "", 200, `"ok":true`},
	{"GET /api/reports/campaign", "", 200, `[]`},
	{"GET /api/reports/operator", "", 200, `[]`},
	{"GET /api/reports/abandonment", "", 200, `"abandonment_limit":`},
	{"GET /api/reports/commission?campaign=none", "", 404, `"code":"not-found"`},

	// An operator's desk needs a service that runs.
	{"GET /api/desk", "", 503, `"code":"not-running"`},
	{"GET /api/desk/events", "", 503, `"code":"not-running"`},
	{"POST /api/desk/leg", "{}", 503, `"code":"not-running"`},
	{"PATCH /api/desk/leg/x", "{}", 503, `"code":"not-running"`},
	{"DELETE /api/desk/leg/x", "", 503, `"code":"not-running"`},
	{"POST /api/desk/test", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/microphone", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/ready", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/notready", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/hangup", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/hold", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/dial", "{}", 503, `"code":"not-running"`},
	{"GET /api/desk/transfer", "", 503, `"code":"not-running"`},
	{"POST /api/desk/transfer", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/consult", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/mute", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/keys", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/note", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/script", "{}", 503, `"code":"not-running"`},
	{"PUT /api/desk/wording", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/result", "{}", 503, `"code":"not-running"`},
	{"POST /api/desk/takeback", "{}", 503, `"code":"not-running"`},
	{"PATCH /api/desk/contact", "{}", 503, `"code":"not-running"`},
	{"GET /api/desk/callbacks", "", 503, `"code":"not-running"`},
	{"POST /api/desk/callbacks", `{}`, 503, `"code":"not-running"`},
	{"POST /api/callbacks", `{"campaign":"spring","phone":"+40722111331"}`, 400, `"code":"usage"`},
	{"POST /api/callbacks", `{"campaign":"spring","phone":"+40722999999","at":"2026-11-26T15:00:00+02:00"}`, 404, `"code":"not-found"`},
	{"POST /api/callbacks", `{"campaign":"spring","phone":"+40722111335","at":"2001-11-26T15:00:00+02:00"}`, 422, `is over already`},
	{"GET /api/callbacks", "", 200, `[]`},
	{"GET /api/callbacks?campaign=sprang", "", 404, `did you mean`},
	{"PATCH /api/callbacks/spring/+40722111331", `{"at":"2026-11-26T15:00:00+02:00"}`, 404, `apel callback ls`},
	{"DELETE /api/callbacks/spring/+40722111331", "", 404, `apel callback ls`},
	{"POST /api/desk/preview", "{}", 503, `"code":"not-running"`},
	{"GET /api/desk/hours", "", 503, `"code":"not-running"`},
	{"GET /api/desk/calls", "", 503, `"code":"not-running"`},
	{"GET /api/campaigns/spring/survey", "", 409, "has no script"},
	{"DELETE /api/contacts/+40722111331", "", 200, `"lists":["spring"]`},
	{"DELETE /api/operators/ana", "", 200, `"removed":"ana"`},
	{"DELETE /api/lists/more", "", 200, `"removed":"more"`},
}

func TestEveryRouteAnswersAndEveryErrorIsASentenceWithACode(t *testing.T) {
	h := filled(t)
	asked := map[string]bool{}
	for _, r := range requests {
		w := ask(h, r.request, r.body)
		if w.Code != r.status || !strings.Contains(w.Body.String(), r.part) {
			t.Errorf("%s: %d %.300s; want %d with %s", r.request, w.Code, w.Body, r.status, r.part)
		}
		if w.Code >= 400 && strings.Contains(r.request, "/api") {
			checkProblem(t, r.request, w)
		}
		asked[patternOf(t, r.request)] = true
	}
	for _, r := range Routes() {
		if !asked[r.Method+" "+r.Path] {
			t.Errorf("no request in the test for %s %s", r.Method, r.Path)
		}
		if r.Doc == "" {
			t.Errorf("%s %s does not say what it is for", r.Method, r.Path)
		}
	}
}

func checkProblem(t *testing.T, request string, w *httptest.ResponseRecorder) {
	t.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Sentence == "" {
		t.Errorf("%s: %q is no problem: %v", request, w.Body, err)
	}
	if statuses[p.Code] != w.Code {
		t.Errorf("%s: code %s goes with %d, not %d", request, p.Code, statuses[p.Code], w.Code)
	}
}

// patternOf finds the line of the table that a request belongs to.
func patternOf(t *testing.T, request string) string {
	t.Helper()
	mux := http.NewServeMux()
	for _, r := range Routes() {
		mux.HandleFunc(r.Method+" "+r.Path, func(http.ResponseWriter, *http.Request) {})
	}
	method, target, _ := strings.Cut(request, " ")
	_, pattern := mux.Handler(httptest.NewRequest(method, target, nil))
	return pattern
}

func TestAFileThatIsRefusedIsReadToItsEnd(t *testing.T) {
	srv := httptest.NewServer(New(newService(t)))
	defer srv.Close()
	file := "\x7fELF" + strings.Repeat("x", 8<<20)
	resp, err := http.Post(srv.URL+"/api/lists/bad/import", "text/csv", strings.NewReader(file))
	if err != nil {
		t.Fatalf("the sender saw a broken pipe instead of the error: %v", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
}

func TestAProblemSaysWhatTheLayersBelowPromise(t *testing.T) {
	for _, c := range codes {
		wrapped := fmt.Errorf("lease for campaign %q: %w", "spring", c.is)
		if got := ProblemOf(wrapped).Code; got != c.code {
			t.Errorf("%v became %s, want %s", wrapped, got, c.code)
		}
	}
	err := fmt.Errorf("%w: campaign %q is draining; wait, or: apel campaign stop spring", dialer.ErrRefused, "spring")
	want := &Problem{Sentence: `campaign "spring" is draining; wait, or: apel campaign stop spring`, Code: Refused}
	if diff := cmp.Diff(want, ProblemOf(err)); diff != "" {
		t.Error(diff)
	}
}

func TestNearestFindsSlipsOfTheFingerAndNothingElse(t *testing.T) {
	known := []string{"spring", "autumn", "winter-2026"}
	for word, want := range map[string]string{
		"spring": "spring", "sprnig": "spring", "Spring": "spring", "sprin": "spring", "autum": "autumn",
		"winter-2025": "winter-2026", "summer": "", "x": "", "": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%q is taken for %q, want %q", word, got, want)
		}
	}
}
