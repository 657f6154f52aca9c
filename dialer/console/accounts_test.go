package console

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"apel/dialer/console/access"
)

func TestLookingAfterOperatorsIsNoWayToHigherPowers(t *testing.T) {
	o := newOffice(t)
	// The administrator also talks: an operator of the same name.
	steerer := o.session("supervisor")
	if w := o.as(steerer, "POST /api/operators", `{"name":"administrator","password":"words of the supervisor"}`); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := o.as(steerer, "PATCH /api/operators/administrator", `{"password":"words of the supervisor"}`); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := o.as(nil, "POST /signin", form("name", "administrator", "password", "words of the supervisor")); cookieSet(w) != nil {
		t.Error("a supervisor has set an administrator's password")
	}
	o.as(steerer, "DELETE /api/operators/administrator", "")
	if w := o.as(nil, "POST /signin", form("name", "administrator", "password", password)); cookieSet(w) == nil {
		t.Error("a supervisor has removed an administrator's account")
	}
}

func TestAnOperatorSignsInWithThePasswordOfThePhone(t *testing.T) {
	o := newOffice(t)
	admin := o.session("administrator")
	if w := o.as(admin, "POST /api/operators", `{"name":"ana","password":"words of the phone"}`); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	c := cookieSet(o.as(nil, "POST /signin", form("name", "ana", "password", "words of the phone")))
	if c == nil {
		t.Fatal("cannot sign in")
	}
	if w := o.as(admin, "PATCH /api/operators/ana", `{"password":"another set of words"}`); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := o.as(c, "GET /desk", ""); !turnedAway(w) {
		t.Error("the session has outlived the password")
	}
	o.as(admin, "DELETE /api/operators/ana", "")
	if w := o.as(nil, "POST /signin", form("name", "ana", "password", "another set of words")); cookieSet(w) != nil {
		t.Error("a removed operator signs in")
	}
}

func TestAChangedRoleEndsSessionsAndAppliesAtOnce(t *testing.T) {
	o := newOffice(t)
	c := o.session("supervisor")
	if w := o.as(o.session("administrator"), "PATCH /api/accounts/supervisor", `{"role":"operator"}`); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := o.as(c, "GET /floor", ""); !turnedAway(w) {
		t.Error("the session has outlived the role")
	}
	c = cookieSet(o.as(nil, "POST /signin", form("name", "supervisor", "password", password)))
	if w := o.as(c, "GET /api/lists", ""); w.Code != http.StatusForbidden {
		t.Errorf("an operator now, and still sees lists: %d", w.Code)
	}
}

func TestATeamLeaderSteersOnlyTheOwnTeam(t *testing.T) {
	o := newOffice(t)
	admin, leader := o.session("administrator"), o.session("team-leader")
	for _, step := range [][2]string{
		{"POST /api/teams", `{"name":"south"}`}, {"POST /api/teams", `{"name":"north"}`},
		{"POST /api/operators", `{"name":"ana","team":"south","password":"long-enough"}`},
		{"POST /api/operators", `{"name":"bob","team":"north","password":"long-enough"}`},
		{"PATCH /api/accounts/team-leader", `{"team":"south"}`},
	} {
		if w := o.as(admin, step[0], step[1]); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", step[0], w.Code, w.Body)
		}
	}
	a := o.con.api
	who := func(c *http.Cookie) *Caller {
		caller, err := a.signedIn(access.Digest(c.Value), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return caller
	}
	if err := a.leads(who(leader), "ana"); err != nil {
		t.Errorf("the own team: %v", err)
	}
	if err := a.leads(who(leader), "bob"); codeOf(err) != NotAllowed {
		t.Errorf("another team: %v", err)
	}
	if err := a.leads(who(admin), "bob"); err != nil {
		t.Errorf("an administrator: %v", err)
	}
}

func TestNoSecretIsInAListing(t *testing.T) {
	o := newOffice(t)
	admin := o.session("administrator")
	made := o.as(admin, "POST /api/tokens", `{"name":"crm","scopes":["read"]}`).Body.String()
	_, rest, _ := strings.Cut(made, `"token":"apel_`)
	secret, _, _ := strings.Cut(rest, "_crm")
	for _, path := range []string{"/api/accounts", "/api/sessions", "/api/tokens", "/api/operators", "/api/audit?limit=100"} {
		body := o.as(admin, "GET "+path, "").Body.String()
		for _, hidden := range []string{"argon2", secret, access.Digest(secret), admin.Value, "some words"} {
			if hidden == "" || strings.Contains(body, hidden) {
				t.Errorf("%s shows %q", path, hidden)
			}
		}
	}
}
