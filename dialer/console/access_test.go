package console

import (
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

// cheap hashes cost nothing: what they cost is tested elsewhere.
var cheap = access.Cost{MemoryKB: 64, Passes: 1}

const password = "some words of mine"

var passwordHash = access.Hash(password, cheap)

// office is a console as people on the network see it, with an account for
// each role, named as the role is.
type office struct {
	t   *testing.T
	svc *dialer.Service
	con *Console
	h   http.Handler
}

func newOffice(t *testing.T) *office {
	t.Helper()
	return officeOf(t, newService(t))
}

func officeOf(t *testing.T, svc *dialer.Service) *office {
	t.Helper()
	c, err := Open(Config{Service: svc, Cost: cheap})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t, svc, c, c.Handler()}
	for _, role := range access.Roles {
		o.account(string(role), role)
	}
	return o
}

func (o *office) account(name string, role access.Role) {
	o.t.Helper()
	a := contactdb.Account{Name: name, Role: string(role), Password: passwordHash, CreatedAt: time.Now()}
	if err := o.svc.Store().PutAccount(a, false); err != nil {
		o.t.Fatal(err)
	}
}

// session signs an account in without a password and gives the cookie.
func (o *office) session(account string) *http.Cookie {
	o.t.Helper()
	secret, now := access.NewSecret(), time.Now()
	v := contactdb.Session{ID: access.Digest(secret), Account: account, CreatedAt: now, SeenAt: now, Expires: now.Add(time.Hour)}
	if err := o.svc.Store().PutSession(v); err != nil {
		o.t.Fatal(err)
	}
	return &http.Cookie{Name: cookieName, Value: secret}
}

// token makes a token with scopes and gives the header.
func (o *office) token(scopes ...access.Scope) string {
	o.t.Helper()
	secret := access.NewSecret()
	v := contactdb.Token{Name: "t" + secret[:8], Digest: access.Digest(secret), CreatedAt: time.Now()}
	for _, s := range scopes {
		v.Scopes = append(v.Scopes, string(s))
	}
	if err := o.svc.Store().PutToken(v); err != nil {
		o.t.Fatal(err)
	}
	return "Bearer " + access.TokenText(v.Name, secret)
}

// as is what a request is made with: a *http.Cookie or the text of a token; nil
// for a stranger.
func (o *office) as(who any, request, body string) *httptest.ResponseRecorder {
	method, target, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, "https://apel.test"+target, strings.NewReader(body))
	switch who := who.(type) {
	case *http.Cookie:
		r.AddCookie(who)
	case string:
		r.Header.Set("Authorization", who)
	}
	if method == "POST" && !strings.HasPrefix(target, "/api") {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	o.h.ServeHTTP(w, r)
	return w
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// cookieSet is the session that an answer begins, nil if it begins none.
func cookieSet(w *httptest.ResponseRecorder) *http.Cookie {
	for _, c := range w.Result().Cookies() {
		if c.Name == cookieName && c.Value != "" {
			return c
		}
	}
	return nil
}

var fillIn = strings.NewReplacer("{$}", "", "{file...}", "app.css", "{list}", "spring", "{phone}", "+40722111331",
	"{operator}", "ana", "{team}", "south", "{campaign}", "spring", "{account}", "eve", "{token}", "crm", "{session}", "x", "{tab}", "x", "{page}", "nothing", "{attempt}", "x", "{webhook}", "x", "{file}", "x", "{record}", "x")

// turnedAway says whether an answer is that of the door, not of the handler.
func turnedAway(w *httptest.ResponseRecorder) bool {
	if w.Code == http.StatusSeeOther {
		return strings.HasPrefix(w.Header().Get("Location"), "/signin?next=") || w.Header().Get("Location") == "/signin"
	}
	for _, s := range []string{"sign in first", "does not allow", "does not have the scope", "no token opens", "Your session has ended"} {
		if strings.Contains(w.Body.String(), s) {
			return w.Code == http.StatusUnauthorized || w.Code == http.StatusForbidden
		}
	}
	return false
}

func TestEveryRouteTakesExactlyTheRolesOfItsLine(t *testing.T) {
	o := newOffice(t)
	keys := map[any]any{}
	key := func(r Route, who any) any { // a page may end the session
		switch who := who.(type) {
		case access.Role:
			if keys[who] == nil || r.Page {
				keys[who] = o.session(string(who))
			}
		case access.Scope:
			if keys[who] == nil {
				keys[who] = o.token(who)
			}
		}
		return keys[who]
	}
	for _, r := range Routes() {
		request := r.Method + " " + fillIn.Replace(r.Path)
		if strings.HasSuffix(r.Path, "/signout") {
			continue // it leads to the same place for everybody; tested below
		}
		if len(r.Roles) == 0 && !r.Public {
			t.Errorf("%s: nobody may use it", request)
		}
		if got := turnedAway(o.as(nil, request, "{}")); got == r.Public {
			t.Errorf("%s by a stranger: turned away %v", request, got)
		}
		for _, role := range access.Roles {
			allowed := r.Public || slices.Contains(r.Roles, role)
			if w := o.as(key(r, role), request, "{}"); turnedAway(w) == allowed {
				t.Errorf("%s as %s: %d %.200s; allowed %v", request, role, w.Code, w.Body, allowed)
			}
		}
		for _, scope := range access.Scopes {
			allowed := r.Public || r.Scope == scope && !r.Numbers
			if w := o.as(key(r, scope), request, "{}"); turnedAway(w) == allowed {
				t.Errorf("%s with scope %s: %d %.200s; allowed %v", request, scope, w.Code, w.Body, allowed)
			}
		}
		if r.Numbers {
			if w := o.as(o.token(r.Scope, access.Numbers), request, "{}"); turnedAway(w) {
				t.Errorf("%s with scopes %s and numbers: %d %.200s", request, r.Scope, w.Code, w.Body)
			}
		}
	}
}

func TestAStrangerIsAskedToSignInAndComesBack(t *testing.T) {
	o := newOffice(t)
	w := o.as(nil, "GET /floor?x=1", "")
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/signin?next=%2Ffloor%3Fx%3D1" {
		t.Fatalf("%d to %s", w.Code, got)
	}
	w = o.as(nil, "POST /signin", form("name", "supervisor", "password", password, "next", "/floor?x=1"))
	c := cookieSet(w)
	if w.Header().Get("Location") != "/floor?x=1" || c == nil {
		t.Fatalf("%d to %q, cookie %v", w.Code, w.Header().Get("Location"), c)
	}
	if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("the cookie is not kept close: %v", c)
	}
	if w := o.as(c, "GET /floor", ""); w.Code != http.StatusOK {
		t.Errorf("signed in: %d", w.Code)
	}
	for _, away := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)", "/x\r\nSet-Cookie: a=b"} {
		if got := o.as(nil, "POST /signin", form("name", "supervisor", "password", password, "next", away)).Header().Get("Location"); got != "/" {
			t.Errorf("next=%q leads to %q", away, got)
		}
	}
}

func TestASessionEnds(t *testing.T) {
	for name, end := range map[string]func(o *office, c *http.Cookie){
		"by signing out": func(o *office, c *http.Cookie) { o.as(c, "POST /signout", "") },
		"by a new password": func(o *office, _ *http.Cookie) {
			other := o.session("supervisor")
			w := o.as(other, "POST /account/password", form("old", password, "password", "other words of mine", "again", "other words of mine"))
			if w.Code != http.StatusOK || cookieSet(w) == nil {
				o.t.Errorf("%d, cookie %v", w.Code, cookieSet(w))
			}
			if w := o.as(other, "GET /floor", ""); w.Code == http.StatusOK {
				o.t.Error("the old secret of this session still works")
			}
			if w := o.as(cookieSet(w), "GET /floor", ""); w.Code != http.StatusOK {
				o.t.Errorf("whoever changed it is not signed in any more: %d", w.Code)
			}
		},
		"from another browser": func(o *office, _ *http.Cookie) {
			o.as(o.session("supervisor"), "POST /account/sessions", form("end", "others"))
		},
		"one by one": func(o *office, c *http.Cookie) {
			o.as(o.session("supervisor"), "POST /account/sessions", form("end", access.Digest(c.Value)))
		},
		"when the account is removed": func(o *office, _ *http.Cookie) { _ = o.svc.Store().RemoveAccount("supervisor") },
		"when the account is disabled": func(o *office, _ *http.Cookie) {
			a, _ := o.svc.Store().Account("supervisor")
			a.Disabled = true
			_ = o.svc.Store().PutAccount(a, false)
		},
		"when it was idle": func(o *office, c *http.Cookie) {
			_ = o.svc.Store().TouchSession(access.Digest(c.Value), time.Now().Add(-sessionIdle-time.Second))
		},
		"when it is old": func(o *office, c *http.Cookie) {
			v, _, _ := o.svc.Store().SignedIn(access.Digest(c.Value))
			v.Expires = time.Now().Add(-time.Second)
			_ = o.svc.Store().PutSession(v)
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			c := o.session("supervisor")
			if w := o.as(c, "GET /floor", ""); w.Code != http.StatusOK {
				t.Fatalf("before: %d", w.Code)
			}
			end(o, c)
			if w := o.as(c, "GET /floor", ""); !turnedAway(w) {
				t.Errorf("after: %d", w.Code)
			}
			if w := o.as(c, "GET /api/status", ""); w.Code != http.StatusUnauthorized {
				t.Errorf("after, the API: %d", w.Code)
			}
		})
	}
}

func TestNobodyEndsAnothersSession(t *testing.T) {
	o := newOffice(t)
	c := o.session("compliance")
	if w := o.as(o.session("operator"), "POST /account/sessions", form("end", access.Digest(c.Value))); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
	if w := o.as(c, "GET /floor", ""); w.Code != http.StatusOK {
		t.Errorf("it has ended: %d", w.Code)
	}
}

func TestGuessingAPasswordIsLockedOut(t *testing.T) {
	o := newOffice(t)
	guess := func(name, password string) int {
		return o.as(nil, "POST /signin", form("name", name, "password", password)).Code
	}
	for i := range 6 {
		if got := guess("supervisor", "wrong"); got != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d", i+1, got)
		}
	}
	w := o.as(nil, "POST /signin", form("name", "SUPERVISOR", "password", password))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" || cookieSet(w) != nil {
		t.Errorf("the right password while locked: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if got := guess("compliance", password); got != http.StatusSeeOther {
		t.Errorf("another account: %d", got)
	}
	for i := range 40 { // one place tries many names
		if got := guess("nobody"+string(rune('a'+i%26))+string(rune('a'+i/26)), "wrong"); got == http.StatusTooManyRequests {
			return
		}
	}
	t.Error("one address may try as many names as it likes")
}

func TestAStrangerDoesNotLearnWhichAccountsThereAre(t *testing.T) {
	o := newOffice(t)
	known := o.as(nil, "POST /signin", form("name", "supervisor", "password", "wrong"))
	unknown := o.as(nil, "POST /signin", form("name", "supervisxr", "password", "wrong"))
	if known.Code != unknown.Code || strings.ReplaceAll(known.Body.String(), "supervisor", "supervisxr") != unknown.Body.String() {
		t.Errorf("%d and %d; the pages differ", known.Code, unknown.Code)
	}
}

func TestGuessingTokensIsLockedOut(t *testing.T) {
	o := newOffice(t)
	good := o.token(access.Read)
	if w := o.as(good, "GET /api/status", ""); w.Code != http.StatusOK {
		t.Fatalf("a good token: %d %s", w.Code, w.Body)
	}
	if w := o.as(strings.Replace(good, "_", "_A", 1), "GET /api/status", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a wrong secret: %d", w.Code)
	}
	last := 0
	for range 40 {
		last = o.as("Bearer apel_x_y", "GET /api/status", "").Code
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("after forty wrong ones: %d", last)
	}
}

func TestAnExpiredOrRemovedTokenOpensNothing(t *testing.T) {
	o := newOffice(t)
	secret := access.NewSecret()
	v := contactdb.Token{Name: "old", Digest: access.Digest(secret), Scopes: []string{"read"}, Expires: time.Now().Add(-time.Second)}
	if err := o.svc.Store().PutToken(v); err != nil {
		t.Fatal(err)
	}
	text := "Bearer " + access.TokenText("old", secret)
	if w := o.as(text, "GET /api/status", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("expired: %d", w.Code)
	}
	if err := o.svc.Store().RemoveToken("old"); err != nil {
		t.Fatal(err)
	}
	if w := o.as(text, "GET /api/status", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("removed: %d", w.Code)
	}
}

func TestARequestFromAnotherSiteChangesNothing(t *testing.T) {
	o := newOffice(t)
	walked := 0
	for _, line := range Routes() {
		if line.Method == http.MethodGet {
			continue
		}
		role := access.Operator
		if len(line.Roles) > 0 {
			role = line.Roles[len(line.Roles)-1]
		}
		for _, from := range [][2]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"Origin", "http://apel.test:8080"}} {
			r := httptest.NewRequest(line.Method, "https://apel.test"+fillIn.Replace(line.Path), strings.NewReader("{}"))
			r.AddCookie(o.session(string(role)))
			r.Header.Set(from[0], from[1])
			w := httptest.NewRecorder()
			o.h.ServeHTTP(w, r)
			if w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "cross-origin") {
				t.Errorf("%s %s with %s: %s: %d %s", line.Method, line.Path, from[0], from[1], w.Code, w.Body)
			}
		}
		walked++
	}
	if entries, err := o.svc.Store().LastAudit(contactdb.AuditFilter{}, 10); len(entries) != 0 || err != nil {
		t.Errorf("something was done: %v, %v", entries, err)
	}
	if walked < 60 {
		t.Errorf("only %d requests were walked", walked)
	}
}

func TestTheSetupLinkWorksOnceAndOnlyWithoutAnAdministrator(t *testing.T) {
	svc := newService(t)
	c, err := Open(Config{Service: svc, Cost: cheap})
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t, svc, c, c.Handler()}
	path, err := c.SetupPath()
	if err != nil || path == "" {
		t.Fatalf("%q, %v", path, err)
	}
	_, code, _ := strings.Cut(path, "=")
	if w := o.as(nil, "GET "+path, ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), code) {
		t.Fatalf("%d", w.Code)
	}
	for _, bad := range []string{
		form("code", code+"x", "name", "eve", "password", password, "again", password),
		form("code", "", "name", "eve", "password", password, "again", password),
		form("code", code, "name", "e v e", "password", password, "again", password),
		form("code", code, "name", "eve", "password", password, "again", "else"),
		form("code", code, "name", "eve", "password", "short", "again", "short"),
	} {
		if w := o.as(nil, "POST /setup", bad); w.Code < 400 || cookieSet(w) != nil {
			t.Errorf("%s: %d", bad, w.Code)
		}
	}
	w := o.as(nil, "POST /setup", form("code", code, "name", "ada", "password", password, "again", password))
	cookie := cookieSet(w)
	if w.Code != http.StatusSeeOther || cookie == nil {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if w := o.as(cookie, "GET /api/records/verify", ""); w.Code != http.StatusOK {
		t.Errorf("the first administrator: %d", w.Code)
	}
	if w := o.as(nil, "POST /setup", form("code", code, "name", "eve", "password", password, "again", password)); w.Code != http.StatusForbidden {
		t.Errorf("a second time: %d", w.Code)
	}
	if path, err := c.SetupPath(); path != "" || err != nil {
		t.Errorf("another link: %q, %v", path, err)
	}
}

func TestNumbersAreMaskedForWhoMayNotSeeThem(t *testing.T) {
	o := newOffice(t)
	for _, step := range [][2]string{
		{"POST /api/lists/spring/import", leads},
		{"POST /api/dnc", `{"phones":["+40722111332"],"reason":"asked on +40722111332"}`},
	} {
		if w := o.as(o.session("supervisor"), step[0], step[1]); w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", step[0], w.Code, w.Body)
		}
	}
	for _, path := range []string{"/api/contacts/+40722111331", "/api/contacts/+40722111332/history", "/api/dnc/+40722111332"} {
		for who, whole := range map[any]bool{
			o.session("supervisor"): false, o.session("compliance"): true, o.session("administrator"): true,
			o.token(access.Contacts): false, o.token(access.Contacts, access.Numbers): true,
		} {
			w := o.as(who, "GET "+path, "")
			if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "+4072211133") != whole {
				t.Errorf("%s as %v: %d %s; whole numbers: %v", path, who, w.Code, w.Body, whole)
			}
			if !whole && !strings.Contains(w.Body.String(), "+40******33") {
				t.Errorf("%s: no masked number in %s", path, w.Body)
			}
		}
	}
}

func TestEveryAnswerHasTheHeadersThatBrowsersNeed(t *testing.T) {
	o := newOffice(t)
	for _, request := range []string{"GET /signin", "GET /static/app.js", "GET /api/status", "GET /nothing", "GET /floor"} {
		h := o.as(nil, request, "").Header()
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", request, h)
		}
	}
}

func TestLanguageAndThemeAreKept(t *testing.T) {
	o := newOffice(t)
	w := o.as(nil, "POST /preferences", form("lang", "ro", "theme", "dark", "back", "/signin?next=%2Ffloor"))
	if w.Header().Get("Location") != "/signin?next=%2Ffloor" {
		t.Errorf("back to %q", w.Header().Get("Location"))
	}
	r := httptest.NewRequest("GET", "https://apel.test/signin", nil)
	r.Header.Set("Accept-Language", "de, en;q=0.5")
	for _, c := range w.Result().Cookies() {
		r.AddCookie(c)
	}
	page := httptest.NewRecorder()
	o.h.ServeHTTP(page, r)
	for _, want := range []string{`<html lang="ro" data-theme="dark">`, "Autentificare"} {
		if !strings.Contains(page.Body.String(), want) {
			t.Errorf("no %q in the page", want)
		}
	}
}
