package console

import (
	"bytes"
	"context"
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

// brief takes a stream up to a word, or its first piece, and is gone.
type brief struct {
	*httptest.ResponseRecorder
	until string
	gone  context.CancelFunc
}

func (b brief) Write(p []byte) (int, error) {
	n, err := b.ResponseRecorder.Write(p)
	if strings.Contains(b.Body.String(), b.until) {
		b.gone()
	}
	return n, err
}

// streamed is a stream up to a word, or its first piece, after an event that is known.
func (o *office) streamed(who *http.Cookie, path, after, until string) string {
	o.t.Helper()
	ctx, gone := context.WithTimeout(o.t.Context(), 10*time.Second)
	defer gone()
	r := httptest.NewRequest("GET", "https://apel.test"+path, nil).WithContext(ctx)
	r.AddCookie(who)
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	w := httptest.NewRecorder()
	go func() { // the seconds of live pages
		for ctx.Err() == nil {
			time.Sleep(20 * time.Millisecond)
			_ = o.con.hub.tick(time.Now()) // the page says if it has no news
		}
	}()
	o.h.ServeHTTP(brief{w, until, gone}, r)
	text := w.Body.String()
	if text == "" || !strings.Contains(text, until) {
		o.t.Errorf("%s after %q ended before %q came: %s", path, after, until, text)
	}
	return text
}

// twoTeams is a running office where team-leader leads north, with nora, and
// somebody else south, with zeno; both have worked and have promises to keep.
func twoTeams(t *testing.T) *office {
	t.Helper()
	svc := runningService(t)
	o := officeOf(t, svc)
	store, admin := svc.Store(), o.session("administrator")
	for name, team := range map[string]string{"nora": "north", "zeno": "south"} {
		if err := store.PutTeam(contactdb.Team{Name: team}); err != nil {
			t.Fatal(err)
		}
		o.account(name, access.Operator)
		if err := store.PutOperator(contactdb.Operator{Name: name, Team: team, CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.PutTeam(contactdb.Team{Name: "north", Leader: "team-leader"}); err != nil {
		t.Fatal(err)
	}
	always := strings.Replace(spring, "daily: 08:00-20:00", "daily: 00:00-24:00", 1)
	at := time.Now().Add(24 * time.Hour).Format(time.RFC3339)
	for _, step := range [][2]string{
		{"POST /api/lists/spring/import", people(8)}, {"POST /api/campaigns", always},
		{"POST /api/callbacks", `{"campaign":"spring","phone":"+40722300006","at":"` + at + `","operator":"nora"}`},
		{"POST /api/callbacks", `{"campaign":"spring","phone":"+40722300007","at":"` + at + `","operator":"zeno"}`},
	} {
		if w := o.as(admin, step[0], step[1]); w.Code != 200 {
			t.Fatalf("%s: %d %s", step[0], w.Code, w.Body)
		}
	}
	ours, theirs := settled[0], settled[0]
	ours.Operator, ours.Team, theirs.Operator, theirs.Team = "nora", "north", "zeno", "south"
	was := settled
	settled = []contactdb.Record{ours, theirs}
	defer func() { settled = was }()
	seed(t, store, "spring", "spring")
	return o
}

// What a request that steers an operator takes, where {} will not do.
var steering = map[string]string{
	"POST /api/operators/{operator}/preview": `{"decision":"skip","reason":"x"}`, "POST /api/operators/{operator}/wrapup": `{"ready_in_ms":1000}`,
	"POST /api/operators/{operator}/message": `{"text":"come here"}`, "POST /api/operators/{operator}/monitor": `{"mode":"whisper"}`,
}

func TestATeamLeaderSeesAndSteersNothingOfAnotherTeam(t *testing.T) {
	o := twoTeams(t)
	leader, boss := o.session("team-leader"), o.session("supervisor")
	if w := o.as(boss, "POST /api/campaigns/spring/start", ""); w.Code != 200 {
		t.Fatal(w.Body)
	}
	o.svc.Tell("zeno", "to zeno: go home")
	if w := o.as(boss, "POST /api/campaigns/spring/pause", ""); w.Code != 200 { // by which a stream's end is known
		t.Fatal(w.Body)
	}
	o.con.seeCalls = func() []dialer.LiveCall {
		return []dialer.LiveCall{{Attempt: "a1", Campaign: "spring", State: "bridged", Operator: "zeno"}, {Attempt: "a2", Campaign: "spring", State: "bridged", Operator: "nora"}}
	}
	o.con.seeMonitors = func() []dialer.Monitoring {
		return []dialer.Monitoring{{Supervisor: "supervisor", Operator: "zeno", Mode: "listen"}}
	}
	seen, steered := 0, 0
	for _, r := range Routes() {
		if !slices.Contains(r.Roles, access.TeamLeader) || r.Public || strings.HasPrefix(r.Path, "/api/desk") || strings.HasPrefix(r.Path, "/account") || strings.HasSuffix(r.Path, "out") {
			continue // the rest is one's own
		}
		path := strings.NewReplacer("{operator}", "zeno", "{phone}", "+40722300007").Replace(r.Path)
		path = fillIn.Replace(path)
		if r.Method != http.MethodGet {
			steered++
			w := o.as(leader, r.Method+" "+path, steering[r.Method+" "+r.Path])
			mine := strings.HasSuffix(r.Path, "/monitor") && r.Method != http.MethodPost && w.Code == http.StatusConflict // of one's own monitoring only
			if w.Code != http.StatusForbidden && !mine && r.Path != "/api/callbacks" {
				t.Errorf("%s %s of another team: %d %.200s", r.Method, path, w.Code, w.Body)
			}
			continue
		}
		queries := []string{""}
		switch r.Path {
		case "/reports":
			queries = []string{"?by=hour", "?by=day", "?by=campaign", "?by=operator&compare=1", "?by=team", "?by=list", "?by=disposition"}
		case "/live/{page}":
			for name := range livePages {
				path = "/live/" + name
				if text := o.streamed(leader, path+"?of=spring", "", ""); strings.Contains(text, "zeno") {
					t.Errorf("%s shows another team's: %.600s", path, text)
				}
			}
			continue
		case "/events":
			for _, after := range []string{"", o.con.hub.boot + "-0"} {
				if text := o.streamed(leader, path, after, "paused"); strings.Contains(text, "zeno") {
					t.Errorf("%s after %q shows another team's: %.600s", path, after, text)
				}
			}
			continue
		}
		for _, q := range queries {
			seen++
			if w := o.as(leader, r.Method+" "+path+q, ""); w.Code == 200 && strings.Contains(w.Body.String(), "zeno") && !strings.Contains(r.Path, "openapi") && r.Path != "/api" {
				at := strings.Index(w.Body.String(), "zeno")
				t.Errorf("%s%s shows another team's: %s", path, q, w.Body.String()[max(0, at-80):min(at+40, w.Body.Len())])
			}
		}
	}
	if seen < 25 || steered < 10 {
		t.Errorf("only %d requests looked and %d steered", seen, steered)
	}
	for rec, err := range o.svc.Store().Records(contactdb.RecordFilter{}) { // a sum of one person's calls is no sum of all
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/api/reports/calls?by=list&phone=", "/api/reports/campaign?phone="} {
			path = "GET " + path + url.QueryEscape(rec.Phone)
			if w, sees := o.as(leader, path, ""), o.as(boss, path, ""); (rec.Team != "north") != (w.Body.String() == "[]\n") || sees.Body.String() == "[]\n" {
				t.Errorf("%s, a call of team %q: the leader sees %s, the supervisor %s", path, rec.Team, w.Body, sees.Body)
			}
		}
	}
	// What is hidden from the leader is there, and the own team's is shown.
	for path, who := range map[string]string{"/floor": "nora", "/operators": "nora", "/calls": "nora", "/api/operators": "nora", "/api/status": "nora", "/api/reports/operator": "nora", "/api/reports/commission": "nora", "/reports?by=operator": "nora", "/reports?by=team": "north", "/api/callbacks": "nora", "/api/teams": "north"} {
		if w := o.as(leader, "GET "+path, ""); !strings.Contains(w.Body.String(), who) {
			t.Errorf("%s hides the own team's: %.300s", path, w.Body)
		}
		if w := o.as(boss, "GET "+path, ""); !bytes.Contains(w.Body.Bytes(), []byte(strings.NewReplacer("nora", "zeno", "north", "south").Replace(who))) {
			t.Errorf("%s shows a supervisor not all: %.300s", path, w.Body)
		}
	}
}

// What is said to an operator is no event for who follows the floor, and what
// events and status quote is masked as everywhere.
func TestEventsTellNoMessagesAndNoWholeNumbers(t *testing.T) {
	o := twoTeams(t)
	boss := o.session("supervisor")
	o.svc.Tell("nora", "to nora: call +40722300006 back")
	if w := o.as(boss, "POST /api/campaigns/spring/start", ""); w.Code != 200 {
		t.Fatal(w.Body)
	}
	if w := o.as(boss, "POST /api/campaigns/spring/pause?reason=ask+%2B40722300006", ""); w.Code != 200 {
		t.Fatal(w.Body)
	}
	for _, after := range []string{"", o.con.hub.boot + "-0"} {
		text := o.streamed(boss, "/events", after, "paused")
		if strings.Contains(text, "to nora") || strings.Contains(text, "0722300006") {
			t.Errorf("after %q: %s", after, text)
		}
	}
}

// A page of the floor that stays open shows a team leader the teams of now.
func TestAStreamEndsWhenATeamGetsAnotherLeader(t *testing.T) {
	o := twoTeams(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r := httptest.NewRequest("GET", "https://apel.test/live/operators", nil).WithContext(ctx)
	r.AddCookie(o.session("team-leader"))
	ended := make(chan struct{})
	go func() { o.h.ServeHTTP(httptest.NewRecorder(), r); close(ended) }()
	changed := false
	for i := 0; ; i++ {
		h := o.con.hub
		h.mu.Lock()
		watched := len(h.viewers) > 0
		h.mu.Unlock()
		if watched && !changed {
			changed = true
			if err := o.svc.Store().PutTeam(contactdb.Team{Name: "north", Leader: "somebody-else"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.tick(time.Now()); err != nil {
			t.Fatal(err)
		}
		select {
		case <-ended:
			if ctx.Err() != nil || !changed {
				t.Error("the stream goes on, or has not begun")
			}
			return
		case <-time.After(100 * time.Millisecond): // each is news for the page
			if err := o.svc.Store().PutOperator(contactdb.Operator{Name: "op" + string(rune('a'+i%26)), Team: "north", CreatedAt: time.Now()}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
