package console

import (
	"fmt"
	"net/http"
	"time"

	"apel/contactdb"
	"apel/dialer/console/access"
	"apel/dialer/console/web"
)

// accountData is what the page of one's own account shows.
type accountData struct {
	Problem, Done string
	MinPassword   int
	Here          string
	Sessions      []contactdb.Session
}

func (a *api) accountPage(w http.ResponseWriter, r *http.Request) error {
	return a.showAccount(w, r, http.StatusOK, accountData{})
}

func (a *api) showAccount(w http.ResponseWriter, r *http.Request, status int, d accountData) (err error) {
	c := callerOf(r)
	d.MinPassword, d.Here = access.MinPassword, c.Session
	if d.Sessions, err = a.svc.Store().Sessions(c.Name); err != nil {
		return err
	}
	return a.show(w, status, "account", a.view(r, "account", "account", d))
}

// changePassword takes the present password too: a browser left open must not
// be enough to take an account over.
func (a *api) changePassword(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	if err := r.ParseForm(); err != nil {
		return problem(Usage, "the form cannot be read: %v", err)
	}
	again := func(status int, key string, args ...any) error {
		return a.showAccount(w, r, status, accountData{Problem: web.Text(langOf(r), key, args...)})
	}
	password := r.PostFormValue("password")
	switch {
	case password != r.PostFormValue("again"):
		return again(http.StatusBadRequest, "password.differ")
	case access.CheckNew(password, c.Name) != nil:
		return again(http.StatusBadRequest, "password.weak", access.MinPassword)
	}
	account, err := a.authenticate(r, c.Name, r.PostFormValue("old"))
	if code := codeOf(err); code == SignIn || code == TooMany {
		return again(http.StatusForbidden, "signin.wrong")
	}
	if err != nil {
		return err
	}
	hash, err := a.hash(r, password)
	if err != nil {
		return err
	}
	_, account, err = a.svc.Store().ChangeAccount(c.Name, func(now *contactdb.Account, _ []contactdb.Account) (bool, error) {
		if now.Password != account.Password || now.Disabled {
			return false, problem(SignIn, "the account has just been changed; sign in again")
		}
		now.Password, now.ChangedAt = hash, time.Now()
		return true, nil
	})
	if err != nil {
		return err
	}
	if err := a.begin(w, r, account); err != nil { // all sessions have ended, this one too
		return err
	}
	return a.showAccount(w, r, http.StatusOK, accountData{Done: web.Text(langOf(r), "password.changed")})
}

// endSessions ends one of one's own sessions, or all others.
func (a *api) endSessions(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	if err := r.ParseForm(); err != nil {
		return problem(Usage, "the form cannot be read: %v", err)
	}
	end := r.PostFormValue("end")
	if end == "others" {
		if err := a.svc.Store().EndSessions(c.Name, c.Session); err != nil {
			return err
		}
	} else if err := a.endOwn(c.Name, end); err != nil {
		return err
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
	return nil
}

func (a *api) endOwn(account, id string) error {
	all, err := a.svc.Store().Sessions(account)
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.ID == id {
			return a.svc.Store().EndSession(id)
		}
	}
	return problem(NotFound, "there is no such session of yours")
}

func seconds(d time.Duration) string { return fmt.Sprint(int(d.Seconds())) }
