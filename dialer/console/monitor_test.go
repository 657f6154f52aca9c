package console

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"apel/contactdb"
	"apel/dialer/console/access"
	"apel/media/browser/headset"
)

// ask sends a request to a centre's console over the network, as an account.
func (c *centre) ask(account, request, body string) (int, string) {
	c.t.Helper()
	secret, now := access.NewSecret(), time.Now()
	if err := c.svc.Store().PutSession(contactdb.Session{ID: access.Digest(secret), Account: account, CreatedAt: now, SeenAt: now, Expires: now.Add(time.Hour)}); err != nil {
		c.t.Fatal(err)
	}
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: cookieName, Value: secret})
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestATeamLeaderMonitorsTheOwnTeamAndLosesItWithTheRole(t *testing.T) {
	c := newCentre(t, 1)
	store := c.svc.Store()
	for _, team := range []contactdb.Team{{Name: "north", Leader: "nora"}, {Name: "south", Leader: "sam"}} {
		if err := store.PutTeam(team); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.PutOperator(contactdb.Operator{Name: deskName(0), Team: "north", CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	leader := func(name string, role access.Role) {
		t.Helper()
		if err := store.PutAccount(contactdb.Account{Name: name, Role: string(role), Password: passwordHash, CreatedAt: time.Now()}, false); err != nil {
			t.Fatal(err)
		}
	}
	leader("nora", access.TeamLeader)
	leader("sam", access.TeamLeader)
	page, err := headset.New(t.Context(), headset.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	offer, err := page.Offer(false)
	if err != nil {
		t.Fatal(err)
	}
	whisper, err := json.Marshal(Monitor{Mode: "whisper", Offer: offer})
	if err != nil {
		t.Fatal(err)
	}
	body := string(whisper)
	monitor := "POST /api/operators/desk1/monitor"
	if status, answer := c.ask("sam", monitor, body); status != http.StatusForbidden || !strings.Contains(answer, "team that you lead") {
		t.Errorf("another team's leader: %d %s", status, answer)
	}
	if status, answer := c.ask("nora", monitor, `{"mode":"whisper"}`); status != http.StatusConflict || !strings.Contains(answer, "no phone") {
		t.Errorf("without browser or phone: %d %s", status, answer)
	}
	status, answer := c.ask("nora", monitor, body)
	if status != http.StatusOK || !strings.Contains(answer, `"answer":"v=0`) {
		t.Fatalf("the team's leader: %d %s", status, answer)
	}
	if status, answer := c.ask("sam", "PATCH /api/operators/desk1/monitor", `{"mode":"barge"}`); status != http.StatusConflict {
		t.Errorf("somebody else's monitor is changed: %d %s", status, answer)
	}
	leader("nora", access.Compliance) // a changed role ends it, whatever its page does
	for range 50 {
		if len(c.svc.Monitors()) == 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("monitors after the change of role: %+v", c.svc.Monitors())
}

func TestAChangedRoleTakesThePhonesPasswordAndTheSeat(t *testing.T) {
	o := newOffice(t)
	store := o.svc.Store()
	admin := o.session("administrator")
	if w := o.as(admin, "POST /api/operators", `{"name":"ana","password":"long-enough"}`); w.Code != 200 {
		t.Fatal(w.Body)
	}
	ana := o.session("ana")
	if w := o.as(admin, "PATCH /api/accounts/ana", `{"role":"supervisor"}`); w.Code != 200 {
		t.Fatal(w.Body)
	}
	if op, err := store.Operator("ana"); err != nil || op.HA1MD5 != "" || op.HA1SHA256 != "" {
		t.Errorf("the phone is still let in: %+v %v", op, err)
	}
	if w := o.as(ana, "GET /floor", ""); !turnedAway(w) {
		t.Errorf("the session of before goes on: %d", w.Code)
	}
}
