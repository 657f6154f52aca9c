package console

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console/access"
)

func TestTheDescriptionNamesEveryRequestAndNoOther(t *testing.T) {
	body, err := OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]struct {
			Summary    string             `json:"summary"`
			Parameters []map[string]any   `json:"parameters"`
			Security   []map[string][]any `json:"security"`
			Responses  map[string]any     `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		t.Fatal(err)
	}
	described := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			described++
			if pattern := patternOf(t, strings.ToUpper(method)+" "+fillIn.Replace(path)); pattern != strings.ToUpper(method)+" "+path {
				t.Errorf("%s %s is described and is answered by %q", method, path, pattern)
			}
			if op.Summary == "" || len(op.Security) == 0 || len(op.Parameters) != strings.Count(path, "{") {
				t.Errorf("%s %s: %+v", method, path, op)
			}
		}
	}
	programs := 0
	for _, r := range Routes() {
		if !r.Page && !r.Public {
			programs++
			if _, ok := doc.Paths[r.Path][strings.ToLower(r.Method)]; !ok {
				t.Errorf("%s %s is not described", r.Method, r.Path)
			}
		}
	}
	if described != programs {
		t.Errorf("%d requests described, there are %d", described, programs)
	}
}

// hostile texts would become markup, a header, a path or a formula if somebody
// forgot to escape.
const hostile = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`

// hostileScript has it wherever a campaign's file takes a text of its author's.
const hostileScript = `
script:
  steps:
    - name: one
      title: TITLE
      text: TEXT
      say: [TEXT]
      questions:
        - {name: likes, ask: TEXT, kind: one, of: [TEXT, "no"]}
        - {name: open, ask: "Why?", kind: text}
dispositions:
  - {name: sale, final: true, success: true}
  - {name: refused, final: true}
`

// hostileOffice has hostile texts in whatever somebody may write.
func hostileOffice(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	admin := o.session("administrator")
	j := func(pairs ...string) string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		b, _ := json.Marshal(m) // strings: cannot fail
		return string(b)
	}
	csv := `"` + strings.ReplaceAll(hostile, `"`, `""`) + `"`
	yaml, _ := json.Marshal(hostile) // a string of YAML too
	definition := strings.Replace(spring, "name: spring", "name: spring # </textarea>"+hostile, 1) +
		strings.NewReplacer("TEXT", string(yaml), "TITLE", string(yaml)).Replace(hostileScript)
	for _, step := range [][2]string{
		{"POST /api/lists/spring/import?file=" + url.QueryEscape(hostile+".csv"), "phone,name," + csv + "\n+40722111331," + csv + "," + csv + "\n+40722111332,a,b\n+40722111333,a,b\n+40722111334,a,b\n+40722111335,a,b\n" + csv + ",x,y\n"},
		{"POST /api/teams", j("name", "south")},
		{"POST /api/operators", j("name", "ana", "team", "south", "password", "long-enough", "full_name", hostile)},
		{"PATCH /api/accounts/supervisor", j("full_name", hostile)},
		{"POST /api/dnc", `{"phones":["+40722111399"],"reason":` + string(yaml) + `}`},
		{"POST /api/dnc/import?list=national&source=" + url.QueryEscape(hostile), "phone\n+40722111398\n"},
		{"POST /api/campaigns?reason=" + url.QueryEscape(hostile), definition},
		{"POST /api/webhooks", j("name", "crm", "url", "https://crm.example/"+url.PathEscape(hostile))},
		{"DELETE /api/contacts/+40722111335?reason=" + url.QueryEscape(hostile), ""},
	} {
		if w := o.as(admin, step[0], step[1]); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", step[0], w.Code, w.Body)
		}
	}
	r := httptest.NewRequest("POST", "https://apel.test/signin", strings.NewReader(form("name", "administrator", "password", password)))
	r.Header.Set("User-Agent", hostile)
	r.Header.Set("X-Forwarded-For", hostile)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	o.h.ServeHTTP(w, r)
	if cookieSet(w) == nil {
		t.Fatalf("no session from a strange browser: %d %s", w.Code, w.Body)
	}
	was := settled
	settled = []contactdb.Record{{Outcome: contactdb.Human, Operator: "ana", Team: "south", Disposition: hostile, Note: hostile, BridgedAt: time.Now(), SIPStatus: 200, ScriptAnswers: map[string]string{"likes": hostile, "open": hostile, hostile: hostile}}}
	defer func() { settled = was }()
	seed(t, o.svc.Store(), "spring", "spring")
	st, calls := busy(time.Now())
	for i := range st.Campaigns {
		st.Campaigns[i].Reason, st.Campaigns[i].Why, st.Campaigns[i].State = hostile, hostile, contactdb.Paused
	}
	for i := range st.Operators {
		st.Operators[i].Reason, st.Operators[i].State = hostile, "not-ready"
	}
	for i := range st.Trunks {
		st.Trunks[i].State, st.Trunks[i].Reason = "down", hostile
	}
	o.con.seeAll = func() (dialer.Status, error) { return st, nil }
	o.con.seeCalls = func() []dialer.LiveCall { return calls }
	return o
}

// becomesMarkup says which of the hostile texts stands somewhere as it was written.
func becomesMarkup(text string) string {
	for _, bad := range []string{"<script>alert", "<img src=x", `"><script>`, `</textarea>"><script`} {
		if strings.Contains(text, bad) {
			return bad
		}
	}
	return ""
}

func TestWhatPeopleWriteNeverBecomesMarkup(t *testing.T) {
	o := hostileOffice(t)
	asked := url.QueryEscape(`"><script>alert(1)`)
	shown, pages := 0, 0
	for _, r := range Routes() {
		if r.Method != http.MethodGet || r.Path == "/live/{page}" || r.Stream || r.Live && !r.Page {
			continue
		}
		role := access.Administrator
		if len(r.Roles) > 0 && !slices.Contains(r.Roles, role) {
			role = r.Roles[0]
		}
		for _, q := range []string{"", "?from=" + asked, "?q=%2B40722111331&operator=" + asked + "&who=" + asked + "&verb=" + asked + "&object=" + asked + "&campaign=" + asked + "&by=" + asked + "&next=" + asked + "&code=" + asked, "?by=operator", "?by=disposition", "?q=" + asked} {
			who := o.session(string(role))
			r2 := httptest.NewRequest("GET", "https://apel.test"+fillIn.Replace(r.Path)+q, nil)
			r2.AddCookie(who)
			r2.Header.Set("User-Agent", hostile)
			w := httptest.NewRecorder()
			o.h.ServeHTTP(w, r2)
			if !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				continue
			}
			pages++
			if strings.Contains(w.Body.String(), "alert(1)") {
				shown++
			}
			if bad := becomesMarkup(w.Body.String()); bad != "" {
				t.Errorf("%s%s: %q stands in the page as it was written", r.Path, q, bad)
			}
		}
	}
	for name := range livePages {
		var blocks map[string]string
		_, data, _ := strings.Cut(o.streamed(o.session("administrator"), "/live/"+name+"?of=spring", "", ""), "data: ")
		if err := json.Unmarshal([]byte(strings.TrimSpace(data)), &blocks); err != nil {
			t.Errorf("%s: %v in %q", name, err, data)
		}
		for block, html := range blocks {
			if bad := becomesMarkup(html); bad != "" {
				t.Errorf("block %s of /live/%s: %q stands in it as it was written", block, name, bad)
			}
		}
	}
	if pages < 100 || shown < 50 {
		t.Errorf("%d pages, of which only %d have what was written", pages, shown)
	}
	if w := o.as(nil, "POST /signin", form("name", hostile, "password", "x")); becomesMarkup(w.Body.String()) != "" {
		t.Error("the name that was tried is in the sign-in page as it was written")
	}
}

func TestNoPathLeadsOutOfAFolder(t *testing.T) {
	o := newOffice(t)
	admin := o.session("administrator")
	for _, path := range []string{"/rejects/..%2Fapel.db", "/rejects/%2Fetc%2Fpasswd", "/static/..%2Fpages%2Flayout.html", "/rejects/..", "/rejects/."} {
		if w := o.as(admin, "GET "+path, ""); w.Code == http.StatusOK {
			t.Errorf("%s: %d, %d bytes", path, w.Code, w.Body.Len())
		}
	}
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	o := newOffice(t)
	for request, body := range map[string]string{
		"POST /signin":           form("name", "supervisor", "password", strings.Repeat("x", 2*maxForm)),
		"POST /api/teams":        `{"name":"` + strings.Repeat("x", 2*maxJSON) + `"}`,
		"POST /api/campaigns":    strings.Repeat("#", 2*maxDefinition),
		"POST /setup":            form("code", strings.Repeat("x", 2*maxForm)),
		"POST /account/password": form("old", strings.Repeat("x", 2*maxForm)),
	} {
		if w := o.as(o.session("administrator"), request, body); w.Code < 400 {
			t.Errorf("%s: %d", request, w.Code)
		}
	}
}

func TestASlowClientKeepsNobodyWaiting(t *testing.T) {
	o := newOffice(t)
	s := serveTLS(t, o.h)
	cfg := &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1"}}
	for range 50 { // each says that a body comes, and sends none of it
		conn, err := tls.Dial("tcp", strings.TrimPrefix(s.srv.URL, "https://"), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /signin HTTP/1.1\r\nHost: apel\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nname=")
	}
	resp := s.get(t, "/floor", o.session("supervisor"))
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("behind fifty slow ones: %d %q %v", resp.StatusCode, line, err)
	}
}

func TestAHeaderCannotBeMadeByAName(t *testing.T) {
	o := newOffice(t)
	for _, request := range []string{"POST /signin", "POST /preferences"} {
		w := o.as(nil, request, form("name", "supervisor", "password", password, "next", "/x\r\nX-Evil: 1", "back", "/x\r\nX-Evil: 1"))
		if w.Header().Get("X-Evil") != "" || strings.Contains(w.Header().Get("Location"), "Evil") {
			t.Errorf("%s: %v", request, w.Header())
		}
	}
}
