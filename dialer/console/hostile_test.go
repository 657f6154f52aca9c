package console

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
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

func TestWhatPeopleWriteNeverBecomesMarkup(t *testing.T) {
	o := newOffice(t)
	admin := o.session("administrator")
	quoted, _ := json.Marshal(hostile)
	for _, step := range [][2]string{
		{"POST /api/lists/spring/import", "phone,name\n+40722111331,\"" + strings.ReplaceAll(hostile, `"`, `""`) + "\"\n"},
		{"POST /api/operators", `{"name":"ana","password":"long-enough","full_name":` + string(quoted) + `}`},
		{"PATCH /api/accounts/supervisor", `{"full_name":` + string(quoted) + `}`},
		{"POST /api/dnc", `{"phones":["+40722111331"],"reason":` + string(quoted) + `}`},
		{"POST /api/campaigns?reason=%3Cscript%3Ealert(1)%3C/script%3E", strings.Replace(spring, "name: spring", "name: spring # </textarea>"+hostile, 1)},
	} {
		if w := o.as(admin, step[0], step[1]); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", step[0], w.Code, w.Body)
		}
	}
	for _, path := range []string{
		"/floor", "/operators", "/calls", "/lists", "/records", "/audit", "/accounts", "/campaign/spring", "/campaign/spring/settings", "/campaign/spring/left",
		"/reports?by=%22%3E%3Cscript%3E", "/records?operator=%22%3E%3Cscript%3Ealert(1)", "/audit?who=%22%3E%3Cscript%3Ealert(1)", "/campaign/%3Cscript%3Ealert(1)", "/signin?next=%22%3E%3Cscript%3E",
	} {
		w := o.as(admin, "GET "+path, "")
		for _, bad := range []string{"<script>alert", "<img src=x", `"><script>`, "</textarea>\"><script"} {
			if strings.Contains(w.Body.String(), bad) && strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
				t.Errorf("%s: %q stands in the page as it was written", path, bad)
			}
		}
	}
	if w := o.as(nil, "POST /signin", form("name", hostile, "password", "x")); strings.Contains(w.Body.String(), "<script>alert") {
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
