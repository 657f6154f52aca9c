package console

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer/console/access"
	"apel/dialer/console/web"

	"go.uber.org/zap"
)

// signInData is what the sign-in page shows.
type signInData struct{ Problem, Next, Name string }

func (a *api) signInPage(w http.ResponseWriter, r *http.Request) error {
	next := localPath(r.URL.Query().Get("next"))
	if callerOf(r) != nil {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
	return a.show(w, http.StatusOK, "signin", a.bare(r, "signin", "sign.in", signInData{Next: next}))
}

// bare is a view without a menu.
func (a *api) bare(r *http.Request, page, title string, data any) web.View {
	v := a.view(r, page, title, data)
	v.Bare, v.Who = true, ""
	return v
}

// signIn checks name and password. Wrong ones cost time: for the account and
// for the place they come from.
func (a *api) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return problem(Usage, "the form cannot be read: %v", err)
	}
	name, password := strings.TrimSpace(r.PostFormValue("name")), r.PostFormValue("password")
	next := localPath(r.PostFormValue("next"))
	again := func(status int, key string, args ...any) error {
		d := signInData{web.Text(langOf(r), key, args...), next, name}
		return a.show(w, status, "signin", a.bare(r, "signin", "sign.in", d))
	}
	account, err := a.authenticate(r, name, password)
	if err == nil {
		err = a.begin(w, r, account)
	}
	var wait *retryError
	switch {
	case errors.As(err, &wait):
		w.Header().Set("Retry-After", seconds(wait.after))
		return again(http.StatusTooManyRequests, "signin.locked", seconds(wait.after))
	case codeOf(err) == Busy:
		return again(http.StatusServiceUnavailable, "signin.busy")
	case codeOf(err) == SignIn:
		return again(http.StatusUnauthorized, "signin.wrong")
	case err != nil:
		return err
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// authenticate gives the account that a name and password belong to. A stranger
// learns nothing of which accounts there are, not by the time it takes either.
func (a *api) authenticate(r *http.Request, name, password string) (contactdb.Account, error) {
	now, place := time.Now(), placeOf(r)
	if wait := max(a.names.Wait(strings.ToLower(name), now), a.places.Wait(place, now)); wait > 0 {
		return contactdb.Account{}, tooMany(wait)
	}
	account, err := a.svc.Store().Account(name)
	if err != nil && !errors.Is(err, contactdb.ErrNotFound) {
		return account, err
	}
	key, fits, wait := strings.ToLower(name), false, time.Duration(0)
	err = a.inTurn(r, func() { // others may have failed while this one waited for its turn
		now = time.Now()
		if wait = max(a.names.Wait(key, now), a.places.Wait(place, now)); wait > 0 {
			return
		}
		if fits = access.Verify(password, account.Password) && !account.Disabled; !fits {
			a.names.Failed(key, now)
			a.places.Failed(place, now)
		}
	})
	if err != nil {
		return account, err
	}
	if wait > 0 {
		return contactdb.Account{}, tooMany(wait)
	}
	if !fits {
		a.refused(account.Name, place)
		a.log.Warn("a sign-in failed", zap.String("account", account.Name), zap.String("address", place))
		return contactdb.Account{}, problem(SignIn, "name or password is wrong")
	}
	a.names.Clear(key)
	return account, nil
}

// refused writes a failed sign-in into the trail: of which account, if there is
// one of that name, for what strangers type may be a password; and from where,
// as far as a neighbourhood.
func (a *api) refused(account, place string) {
	if account == "" {
		account = "unknown"
	}
	e := contactdb.AuditEntry{At: time.Now(), Who: "stranger", Verb: "account.refused", Object: "account/" + account, Detail: map[string]string{"address": neighbourhood(place)}}
	if _, err := a.svc.Store().Audit(context.Background(), e); err != nil {
		a.log.Error("a failed sign-in is not in the audit trail", zap.Error(err))
	}
}

// neighbourhood is an address without its last part.
func neighbourhood(place string) string {
	ip, err := netip.ParseAddr(place)
	switch {
	case err != nil:
		return "unknown"
	case ip.Is4():
		return place[:strings.LastIndexByte(place, '.')] + ".*"
	}
	return netip.PrefixFrom(ip, 64).String()
}

// hashWithin is how long to wait for a turn to hash a password.
const hashWithin = 5 * time.Second

func (a *api) hash(r *http.Request, password string) (hash string, err error) {
	err = a.inTurn(r, func() { hash = access.Hash(password, a.cost) })
	return hash, err
}

// inTurn hashes in turn, so that many who sign in at once do not take all memory.
func (a *api) inTurn(r *http.Request, f func()) error {
	timer := time.NewTimer(hashWithin)
	defer timer.Stop()
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
		f()
		return nil
	case <-timer.C:
		return problem(Busy, "too many passwords are being checked just now; try again in a moment")
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// begin makes a new session for this browser; one that it had ends.
func (a *api) begin(w http.ResponseWriter, r *http.Request, account contactdb.Account) error {
	if old := callerOf(r); old != nil && old.Session != "" {
		if err := a.svc.Store().EndSession(old.Session); err != nil {
			return err
		}
	}
	secret, now := access.NewSecret(), time.Now()
	v := contactdb.Session{
		ID: access.Digest(secret), Account: account.Name, CreatedAt: now, SeenAt: now, Expires: now.Add(sessionLasts),
		Address: placeOf(r), Browser: clip(r.UserAgent(), 200),
	}
	err := a.svc.Store().BeginSession(v, account)
	if errors.Is(err, contactdb.ErrState) || errors.Is(err, contactdb.ErrNotFound) {
		return problem(SignIn, "the account has just been changed; sign in again")
	}
	if err != nil {
		return err
	}
	setSession(w, secret, int(sessionLasts.Seconds()))
	t := traceOf(r)
	t.Who, t.Object = account.Name, "account/"+account.Name
	a.log.Info("signed in", zap.String("account", account.Name), zap.String("address", v.Address))
	return a.svc.Store().ExpireSessions(now, now.Add(-sessionIdle))
}

func setSession(w http.ResponseWriter, secret string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: secret, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func (a *api) signOut(w http.ResponseWriter, r *http.Request) error {
	if c := callerOf(r); c.Session != "" {
		if err := a.svc.Store().EndSession(c.Session); err != nil {
			return err
		}
	}
	setSession(w, "", -1)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	http.Redirect(w, r, "/signin", http.StatusSeeOther)
	return nil
}

// clip keeps at most the first n bytes of what a stranger sent, in whole letters and
// without control characters.
func clip(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if isControl(r) {
			return -1
		}
		return r
	}, s)
	return strings.ToValidUTF8(s[:min(n, len(s))], "")
}
