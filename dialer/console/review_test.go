package console

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"apel/contactdb"
	"apel/dialer/console/access"
)

func TestATeamLeaderSeesAndDecidesNoPreviewOfAnotherTeam(t *testing.T) {
	o := newOffice(t)
	admin, leader := o.session("administrator"), o.session("team-leader")
	for _, step := range [][2]string{
		{"POST /api/teams", `{"name":"south"}`}, {"POST /api/teams", `{"name":"north"}`},
		{"POST /api/operators", `{"name":"bob","team":"north","password":"long-enough"}`},
		{"PATCH /api/accounts/team-leader", `{"team":"south"}`},
	} {
		if w := o.as(admin, step[0], step[1]); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", step[0], w.Code, w.Body)
		}
	}
	caller, err := o.con.signedIn(access.Digest(leader.Value), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(*api, *http.Request) (any, error){
		"preview": (*api).preview, "decide": (*api).decidePreview, "wrapup": (*api).operatorReadyIn,
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(`{}`))
		r.SetPathValue("operator", "bob")
		if _, err := f(o.con.api, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller))); codeOf(err) != NotAllowed {
			t.Errorf("%s of another team: %v", name, err)
		}
	}
}

func TestWhatWasSearchedForIsForgottenWithItsPerson(t *testing.T) {
	svc, _ := withCall(t)
	h := New(svc)
	for _, q := range []string{"q=Ana", "q=0722111331&country=RO", "q=%2B40722111331", "q=07221113&country=RO", "q=name%3DAna"} {
		if w := ask(h, "GET /api/contacts?"+q, ""); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", q, w.Code, w.Body)
		}
	}
	if all := entries(t, svc.Store(), contactdb.AuditFilter{Verb: "contact.find"}); len(all) != 5 || all[0].Phone != "+40722111331" || all[0].Detail["q"] != "Ana" {
		t.Errorf("the searches left %+v", all)
	}
	if w := ask(h, "DELETE /api/contacts/+40722111331", ""); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	ask(h, "GET /api/contacts?q=Ana+Popescu", "")
	for _, e := range entries(t, svc.Store(), contactdb.AuditFilter{Verb: "contact.find"}) {
		for _, v := range e.Detail {
			if strings.Contains(v, "Ana") || strings.Contains(v, "0722111") {
				t.Errorf("the trail remembers: %+v", e)
			}
		}
	}
}

func TestManyGuessesAtOnceAreNoWayAroundTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOffice(t)
		for range cap(o.con.hashing) { // all guesses pass the first look, and wait
			o.con.hashing <- struct{}{}
		}
		codes := make(chan int, 40)
		for range cap(codes) {
			go func() {
				_, err := o.con.authenticate(httptest.NewRequest("POST", "/signin", nil), "supervisor", "wrong")
				codes <- statuses[codeOf(err)]
			}()
		}
		synctest.Wait()
		if len(codes) > 0 {
			t.Fatalf("%d guesses did not wait for their turn", len(codes))
		}
		for range cap(o.con.hashing) {
			<-o.con.hashing
		}
		tried := 0
		for range cap(codes) {
			if <-codes == http.StatusUnauthorized {
				tried++
			}
		}
		if tried > 6+cap(o.con.hashing) {
			t.Errorf("%d guesses at once were tried", tried)
		}
	})
}

// deadlined notes until when a body is read.
type deadlined struct {
	*httptest.ResponseRecorder
	read time.Time
}

func (d *deadlined) SetReadDeadline(at time.Time) error { d.read = at; return nil }

func TestNobodyIsWaitedForWithoutEnd(t *testing.T) {
	o := newOffice(t)
	for _, request := range []string{"POST /api/dnc", "GET /api/dnc", "POST /nothing"} {
		method, path, _ := strings.Cut(request, " ")
		w := &deadlined{ResponseRecorder: httptest.NewRecorder()}
		o.h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("a body")))
		if w.read.IsZero() {
			t.Errorf("a stranger's %s may send its body for ever", request)
		}
	}
}

func TestAnErasureTakesWhatAnEncryptionThatWasCutOffLeft(t *testing.T) {
	svc, data := withCall(t)
	found, err := filepath.Glob(filepath.Join(data, "recordings/*/*/*/*.wav"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	for _, more := range []string{".age", ".age.part"} {
		if err := os.WriteFile(found[0]+more, []byte("a voice"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if w := ask(New(svc), "DELETE /api/contacts/+40722111331", ""); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	if left, err := filepath.Glob(found[0] + "*"); err != nil || len(left) > 0 {
		t.Errorf("still there: %v, %v", left, err)
	}
}

func TestAPasswordThatCannotBeHashedChangesNoOperator(t *testing.T) {
	o := newOffice(t)
	admin := o.session("administrator")
	if w := o.as(admin, "POST /api/operators", `{"name":"bob","password":"long-enough"}`); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	before, err := o.svc.Store().Operator("bob")
	if err != nil {
		t.Fatal(err)
	}
	for range cap(o.con.hashing) { // others are being hashed, and who asks does not wait
		o.con.hashing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := httptest.NewRequest("PATCH", "/", strings.NewReader(`{"password":"another-long-one","full_name":"Bob"}`)).WithContext(ctx)
	r.SetPathValue("operator", "bob")
	if _, err := o.con.editOperator(r); err == nil {
		t.Error("it was hashed")
	}
	if after, err := o.svc.Store().Operator("bob"); err != nil || after != before {
		t.Errorf("half of it was done: %+v, was %+v, %v", after, before, err)
	}
}

func TestALargeArchiveIsNotKeptInMemory(t *testing.T) {
	read := &remembering{Reader: io.LimitReader(zeros{}, 3*mostRemembered), on: true}
	if _, err := io.Copy(io.Discard, read); err != nil || !read.lost || read.head.Cap() > 0 {
		t.Errorf("%d bytes are kept of it, %v", read.head.Cap(), err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestTheFileOfAPersonHasTheFurtherNumbersToo(t *testing.T) {
	svc, _ := withCall(t)
	const further = "+40213334444"
	all, err := svc.Store().ContactsByPhone("+40722111331")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	c := all[0]
	c.Numbers = []contactdb.Number{{Phone: c.Phone, Zones: c.Zones}, {Phone: further, Zones: c.Zones}}
	if _, err := svc.Store().PutContact(c, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := svc.Store().Audit(t.Context(), contactdb.AuditEntry{At: time.Now(), Who: "ana", Verb: "contact.show", Phone: further}); err != nil {
		t.Fatal(err)
	}
	p, err := (&api{svc: svc}).wholePerson(c.Phone)
	if err != nil || len(p.Contacts) != 1 || len(p.Records) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	if last := p.Operations[len(p.Operations)-1]; last.Phone != further {
		t.Errorf("who saw the other number is left out: %+v", p.Operations)
	}
}

func TestWhatACutOffImportHasSuppressedIsInTheTrail(t *testing.T) {
	svc := newService(t)
	var rows strings.Builder
	rows.WriteString("phone\n")
	for i := range 40_000 {
		fmt.Fprintf(&rows, "+4072%07d\n", i)
	}
	r := httptest.NewRequest("POST", "/api/dnc/import", io.MultiReader(strings.NewReader(rows.String()), iotest.ErrReader(errors.New("the line is gone"))))
	w := httptest.NewRecorder()
	New(svc).ServeHTTP(w, r)
	if w.Code == http.StatusOK {
		t.Fatal("it was not cut off")
	}
	if _, err := svc.Store().Suppressed(contactdb.Target{Phone: "+40720000000"}, time.Now()); err != nil {
		t.Fatal(err)
	}
	all := entries(t, svc.Store(), contactdb.AuditFilter{Verb: "dnc.import"})
	if len(all) != 1 || all[0].Detail["cut_off"] != "true" || all[0].After["added"] == "0" {
		t.Errorf("%d %s; the trail has %+v", w.Code, w.Body, all)
	}
}

func TestTheFirstAdministratorTakesNobodysName(t *testing.T) {
	svc := newService(t)
	c, err := Open(Config{Service: svc, Cost: cheap})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t, svc, c, c.Handler()}
	o.account("ana", access.Operator)
	mine := o.session("ana")
	path, err := c.SetupPath()
	if err != nil {
		t.Fatal(err)
	}
	_, code, _ := strings.Cut(path, "code=")
	if w := o.as(nil, "POST /setup", form("code", code, "name", "ana", "password", password, "again", password)); w.Code < http.StatusBadRequest {
		t.Errorf("the name of an operator: %d", w.Code)
	}
	if w := o.as(mine, "GET /api/accounts", ""); w.Code != http.StatusForbidden {
		t.Errorf("an operator's session sees accounts: %d", w.Code)
	}
	if w := o.as(nil, "POST /setup", form("code", code, "name", "maria", "password", password, "again", password)); w.Code != http.StatusSeeOther {
		t.Errorf("another name afterwards: %d %s", w.Code, w.Body)
	}
}
