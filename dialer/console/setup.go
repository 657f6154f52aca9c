package console

import (
	"net/http"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer/console/access"
	"apel/dialer/console/web"
)

// setup is the secret of the link that makes the first administrator. It lives
// as long as the process, and is good once.
type setup struct {
	mu   sync.Mutex // guards code
	code string     // "": there is none
}

func (s *setup) fits(code string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.code != "" && access.SameDigest(access.Digest(code), access.Digest(s.code))
}

func (s *setup) set(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.code = code
}

// SetupPath makes the path of a set-up link, "" when there is an administrator
// already. Whoever has the link becomes administrator: print it where only the
// owner of the data reads it.
func (c *Console) SetupPath() (string, error) {
	accounts, err := c.svc.Store().Accounts()
	if err != nil {
		return "", err
	}
	for _, a := range accounts {
		if a.Role == string(access.Administrator) && !a.Disabled {
			return "", nil
		}
	}
	code := access.NewSecret()
	c.setup.set(code)
	return "/setup?code=" + code, nil
}

// setupData is what the set-up page shows.
type setupData struct {
	Problem, Code, Name, FullName string
	MinPassword                   int
}

func (a *api) setupPage(w http.ResponseWriter, r *http.Request) error {
	return a.showSetup(w, r, setupData{Code: r.URL.Query().Get("code")})
}

func (a *api) showSetup(w http.ResponseWriter, r *http.Request, d setupData) error {
	status := http.StatusOK
	d.MinPassword = access.MinPassword
	if !a.setup.fits(d.Code) {
		a.places.Failed(placeOf(r), time.Now())
		status, d.Code, d.Problem = http.StatusForbidden, "", web.Text(langOf(r), "setup.gone")
	} else if d.Problem != "" {
		status = http.StatusBadRequest
	}
	return a.show(w, status, "setup", a.bare(r, "setup", "setup", d))
}

// makeFirst makes the first administrator and signs in.
func (a *api) makeFirst(w http.ResponseWriter, r *http.Request) error {
	if wait := a.places.Wait(placeOf(r), time.Now()); wait > 0 {
		return tooMany(wait)
	}
	if err := r.ParseForm(); err != nil {
		return problem(Usage, "the form cannot be read: %v", err)
	}
	d := setupData{Code: r.PostFormValue("code"), Name: r.PostFormValue("name"), FullName: clip(r.PostFormValue("full_name"), 200)}
	if !a.setup.fits(d.Code) {
		return a.showSetup(w, r, d)
	}
	password := r.PostFormValue("password")
	switch {
	case checkOperatorName(d.Name) != nil:
		d.Problem = web.Text(langOf(r), "setup.badname")
	case password != r.PostFormValue("again"):
		d.Problem = web.Text(langOf(r), "password.differ")
	case access.CheckNew(password, d.Name) != nil:
		d.Problem = web.Text(langOf(r), "password.weak", access.MinPassword)
	}
	if d.Problem != "" {
		return a.showSetup(w, r, d)
	}
	hash, err := a.hash(r, password)
	if err != nil {
		return err
	}
	now := time.Now()
	account := contactdb.Account{Name: d.Name, FullName: d.FullName, Role: string(access.Administrator), Password: hash, CreatedAt: now, ChangedAt: now}
	if err := a.svc.Store().FirstAccount(account); err != nil {
		return err
	}
	a.setup.set("")
	if err := a.begin(w, r, account); err != nil {
		return err
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
