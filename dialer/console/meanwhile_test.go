package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer/console/access"
)

// What somebody else changes while a request is on its way.

// beforeHashing sends a request, and does something else once it waits for its turn
// to hash a password.
func (o *office) beforeHashing(who any, request, body string, meanwhile func()) *httptest.ResponseRecorder {
	o.t.Helper()
	turns := o.con.api.hashing
	for range cap(turns) {
		turns <- struct{}{}
	}
	got := make(chan *httptest.ResponseRecorder, 1)
	go func() { got <- o.as(who, request, body) }()
	synctest.Wait()
	if len(got) > 0 {
		o.t.Fatalf("%s did not wait for its turn: %d", request, (<-got).Code)
	}
	meanwhile()
	for range cap(turns) {
		<-turns
	}
	return <-got
}

func TestASignInWithAPasswordThatIsBeingChangedBeginsNoSession(t *testing.T) {
	for what, change := range map[string]func(a *contactdb.Account){
		"another password": func(a *contactdb.Account) { a.Password = access.Hash("quite other words", cheap) },
		"another role":     func(a *contactdb.Account) { a.Role = string(access.Operator) },
		"disabled":         func(a *contactdb.Account) { a.Disabled = true },
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				w := o.beforeHashing(nil, "POST /signin", form("name", "supervisor", "password", password), func() {
					a, err := o.svc.Store().Account("supervisor")
					if err != nil {
						t.Fatal(err)
					}
					change(&a)
					if err := o.svc.Store().PutAccount(a, true); err != nil {
						t.Fatal(err)
					}
				})
				if w.Code != http.StatusUnauthorized || cookieSet(w) != nil {
					t.Errorf("a session begins with what the account was: %d", w.Code)
				}
				if all, err := o.svc.Store().Sessions("supervisor"); err != nil || len(all) != 0 {
					t.Errorf("sessions %v %v", all, err)
				}
			})
		})
	}
}

func TestAChangedPasswordDoesNotBringBackARoleThatWasTakenMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		c := o.session("administrator")
		o.account("other", access.Administrator)
		w := o.beforeHashing(c, "POST /account/password", form("old", password, "password", "quite other words", "again", "quite other words"), func() {
			a, err := o.svc.Store().Account("administrator")
			if err != nil {
				t.Fatal(err)
			}
			a.Role = string(access.Operator)
			if err := o.svc.Store().PutAccount(a, true); err != nil {
				t.Fatal(err)
			}
		})
		a, err := o.svc.Store().Account("administrator")
		if err != nil || a.Role != string(access.Operator) || !access.Verify("quite other words", a.Password) {
			t.Errorf("%d: the account is %+v, %v", w.Code, a, err)
		}
	})
}

func TestTwoAdministratorsWhoTakeEachOthersPowersAtOnceLeaveOne(t *testing.T) {
	for what, request := range map[string]string{"demote": `PATCH {"role":"supervisor"}`, "disable": `PATCH {"disabled":true}`, "remove": "DELETE "} {
		t.Run(what, func(t *testing.T) {
			o := newOffice(t)
			method, body, _ := strings.Cut(request, " ")
			for range 20 {
				o.account("administrator", access.Administrator)
				o.account("other", access.Administrator)
				one, other := o.session("administrator"), o.session("other")
				var both sync.WaitGroup
				both.Go(func() { o.as(one, method+" /api/accounts/other", body) })
				both.Go(func() { o.as(other, method+" /api/accounts/administrator", body) })
				both.Wait()
				all, err := o.svc.Store().Accounts()
				if err != nil {
					t.Fatal(err)
				}
				left := 0
				for _, a := range all {
					if a.Role == string(access.Administrator) && !a.Disabled {
						left++
					}
				}
				if left == 0 {
					t.Fatal("no administrator is left")
				}
			}
		})
	}
}

func TestAFailedSignInIsInTheAuditTrailWithoutWhatWasTyped(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"supervisor", "my secret words typed in the wrong field"} {
		if w := o.as(nil, "POST /signin", form("name", name, "password", "wrong words of mine")); w.Code != http.StatusUnauthorized {
			t.Fatalf("%d", w.Code)
		}
	}
	var got []contactdb.AuditEntry
	for e, err := range o.svc.Store().AuditTrail(contactdb.AuditFilter{Verb: "account.refused"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != 2 || got[0].Object != "account/supervisor" || got[1].Object != "account/unknown" {
		t.Fatalf("the trail has %+v", got)
	}
	for _, e := range got {
		if text := flat(e); strings.Contains(text["who"]+text["detail.address"]+text["object"], "secret") || e.Detail["address"] != "192.0.2.*" {
			t.Errorf("the trail has %v", text)
		}
	}
}

func TestATeamLeaderActsOnTheCallbacksOfTheOwnTeamOnly(t *testing.T) {
	o := newOffice(t)
	store := o.svc.Store()
	admin := o.session("administrator")
	for _, team := range []contactdb.Team{{Name: "north", Leader: "team-leader"}, {Name: "south"}} {
		if err := store.PutTeam(team); err != nil {
			t.Fatal(err)
		}
	}
	for name, team := range map[string]string{"nora": "north", "sam": "south"} {
		if err := store.PutOperator(contactdb.Operator{Name: name, Team: team, CreatedAt: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Now().Add(24 * time.Hour).Format(time.RFC3339)
	promise := func(phone, operator string) string {
		return `{"campaign":"spring","phone":"` + phone + `","at":"` + at + `","operator":"` + operator + `"}`
	}
	always := strings.Replace(spring, "daily: 08:00-20:00", "daily: 00:00-24:00", 1)
	for _, step := range [][2]string{{"POST /api/lists/spring/import", "phone\n+40722111331\n+40722111332\n+40722111333\n"}, {"POST /api/campaigns", always},
		{"POST /api/callbacks", promise("+40722111331", "nora")}, {"POST /api/callbacks", promise("+40722111332", "sam")}, {"POST /api/callbacks", promise("+40722111333", "")}} {
		if w := o.as(admin, step[0], step[1]); w.Code != 200 {
			t.Fatalf("%s: %d %s", step[0], w.Code, w.Body)
		}
	}
	leader := o.session("team-leader")
	if w := o.as(leader, "GET /api/callbacks", ""); strings.Count(w.Body.String(), `"campaign":"spring"`) != 2 || strings.Contains(w.Body.String(), `"sam"`) {
		t.Errorf("a leader sees %s", w.Body)
	}
	for request, want := range map[[2]string]int{
		{"PATCH /api/callbacks/spring/+40722111332", `{"note":"mine now"}`}:       403,
		{"PATCH /api/callbacks/spring/+40722111332", `{"operator":"nora"}`}:       403,
		{"PATCH /api/callbacks/spring/+40722111331", `{"operator":"sam"}`}:        403,
		{"PATCH /api/callbacks/spring/+40722111333", `{"note":"mine now"}`}:       403,
		{"PATCH /api/callbacks/spring/+40722111331", `{"note":"mine all along"}`}: 200,
		{"POST /api/callbacks", promise("+40722111331", "sam")}:                   403,
		{"POST /api/callbacks", promise("+40722111332", "nora")}:                  403,
		{"DELETE /api/callbacks/spring/+40722111332", ""}:                         403,
		{"DELETE /api/callbacks/spring/+40722111333", ""}:                         403,
	} {
		if w := o.as(leader, request[0], request[1]); w.Code != want {
			t.Errorf("%s %s: %d %s", request[0], request[1], w.Code, w.Body)
		}
	}
	if w := o.as(leader, "DELETE /api/callbacks/spring/+40722111331", ""); w.Code != 200 {
		t.Errorf("the own team's: %d %s", w.Code, w.Body)
	}
}
