package console

import (
	"errors"
	"net/http"
	"time"

	"apel/contactdb"
	"apel/dialer/console/access"
)

func (a *api) accounts(*http.Request) (any, error) { return orEmpty(a.svc.Store().Accounts()) }

// AccountChange is the body of a request that adds or changes an account; what
// is absent stays as it is.
type AccountChange struct {
	Name     string       `json:"name,omitempty"` // only to add
	FullName *string      `json:"full_name,omitempty"`
	Role     *access.Role `json:"role,omitempty"`
	Team     *string      `json:"team,omitempty"`
	Password *string      `json:"password,omitempty"`
	Disabled *bool        `json:"disabled,omitempty"`
}

func (a *api) addAccount(r *http.Request) (any, error) {
	var body AccountChange
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if err := checkOperatorName(body.Name); err != nil {
		return nil, err
	}
	_, err := a.svc.Store().Account(body.Name)
	switch {
	case err == nil:
		return nil, problem(State, "account %q is there already; change it: apel account edit %s", body.Name, body.Name)
	case !errors.Is(err, contactdb.ErrNotFound):
		return nil, err
	case body.Role == nil:
		return nil, problem(Usage, "account %q has no role; give one of operator, team-leader, supervisor, compliance, administrator", body.Name)
	case body.Password == nil:
		return nil, problem(Usage, "account %q has no password; give --password-stdin", body.Name)
	}
	return a.putAccount(r, contactdb.Account{Name: body.Name, CreatedAt: time.Now()}, body)
}

func (a *api) editAccount(r *http.Request) (any, error) {
	name := r.PathValue("account")
	var body AccountChange
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	account, err := a.svc.Store().Account(name)
	if err != nil {
		return nil, a.missingAccount(err, name)
	}
	return a.putAccount(r, account, body)
}

// putAccount makes a change. A changed role or password, or a disabled account,
// ends the account's sessions.
func (a *api) putAccount(r *http.Request, account contactdb.Account, change AccountChange) (any, error) {
	before, signOut := account, false
	if change.Role != nil {
		if !change.Role.Known() {
			return nil, problem(Usage, "role %q is not known; give one of operator, team-leader, supervisor, compliance, administrator", *change.Role)
		}
		signOut = account.Role != string(*change.Role)
		account.Role = string(*change.Role)
	}
	if change.FullName != nil {
		account.FullName = clip(*change.FullName, 200)
	}
	if change.Team != nil {
		if err := a.checkTeam(*change.Team); err != nil {
			return nil, err
		}
		account.Team = *change.Team
	}
	if change.Disabled != nil {
		account.Disabled = *change.Disabled
		signOut = signOut || account.Disabled
	}
	if change.Password != nil {
		if err := access.CheckNew(*change.Password, account.Name); err != nil {
			return nil, problem(Usage, "%v", err)
		}
		hash, err := a.hash(r, *change.Password)
		if err != nil {
			return nil, err
		}
		account.Password, signOut = hash, true
	}
	if err := a.keepAnAdministrator(before, account); err != nil {
		return nil, err
	}
	if signOut {
		account.ChangedAt = time.Now()
	}
	if err := a.giveDesk(account); err != nil {
		return nil, err
	}
	traceOf(r).Object = "account/" + account.Name
	traceOf(r).change(before, account)
	if change.Password != nil {
		traceOf(r).note("password", "changed")
	}
	if err := a.svc.Store().PutAccount(account, signOut); err != nil {
		return nil, err
	}
	if account.Disabled {
		a.svc.Dismiss(account.Name)
	}
	return account, nil
}

// giveDesk sees to it that who talks is an operator too.
func (a *api) giveDesk(account contactdb.Account) error {
	if !access.Role(account.Role).Talks() {
		return nil
	}
	o, err := a.svc.Store().Operator(account.Name)
	if errors.Is(err, contactdb.ErrNotFound) {
		o, err = contactdb.Operator{Name: account.Name, CreatedAt: time.Now()}, nil
	}
	if err != nil {
		return err
	}
	o.FullName, o.Team = account.FullName, account.Team
	return a.svc.Store().PutOperator(o)
}

// keepAnAdministrator refuses to take the last one's powers away.
func (a *api) keepAnAdministrator(before, after contactdb.Account) error {
	rules := func(c contactdb.Account) bool { return c.Role == string(access.Administrator) && !c.Disabled }
	if !rules(before) || rules(after) {
		return nil
	}
	all, err := a.svc.Store().Accounts()
	if err != nil {
		return err
	}
	for _, c := range all {
		if rules(c) && c.Name != before.Name {
			return nil
		}
	}
	return problem(State, "account %q is the only administrator; make another one first", before.Name)
}

func (a *api) removeAccount(r *http.Request) (any, error) {
	name := r.PathValue("account")
	account, err := a.svc.Store().Account(name)
	if err != nil {
		return nil, a.missingAccount(err, name)
	}
	if err := a.keepAnAdministrator(account, contactdb.Account{}); err != nil {
		return nil, err
	}
	if err := a.svc.Store().RemoveOperator(name); err != nil && !errors.Is(err, contactdb.ErrNotFound) {
		return nil, err
	}
	if err := a.svc.Store().RemoveAccount(name); err != nil {
		return nil, a.missingAccount(err, name)
	}
	a.svc.Dismiss(name)
	return Removed{name}, nil
}

func (a *api) missingAccount(err error, name string) error {
	if err == nil {
		return nil
	}
	accounts, _ := a.svc.Store().Accounts() // only for a guess
	known := make([]string, len(accounts))
	for i, c := range accounts {
		known[i] = c.Name
	}
	return missing(err, "account", name, known)
}

// operatorSignsIn lets an operator sign in with the password of the phone, of
// which the hash is given; "": it stays as it is. An
// account of another role is not touched: to look after operators must not be
// a way to someone's higher powers.
func (a *api) operatorSignsIn(o contactdb.Operator, hash string) error {
	account, err := a.svc.Store().Account(o.Name)
	if errors.Is(err, contactdb.ErrNotFound) {
		if hash == "" {
			return nil // nobody could sign in with it
		}
		account, err = contactdb.Account{Name: o.Name, Role: string(access.Operator), CreatedAt: time.Now()}, nil
	}
	if err != nil || account.Role != string(access.Operator) {
		return err
	}
	account.FullName, account.Team = o.FullName, o.Team
	if hash != "" {
		account.Password, account.ChangedAt = hash, time.Now()
	}
	return a.svc.Store().PutAccount(account, hash != "")
}

// leads says whether a caller may steer an operator: a team leader only those
// of the own team.
func (a *api) leads(c *Caller, operator string) error {
	if c == nil || c.Role != access.TeamLeader {
		return nil
	}
	o, err := a.svc.Store().Operator(operator)
	if err != nil {
		return a.missingOperator(err, operator)
	}
	teams, err := a.svc.Store().Teams()
	if err != nil {
		return err
	}
	for _, t := range teams {
		if t.Name == o.Team && (t.Leader == c.Name || c.Team == t.Name) {
			return nil
		}
	}
	return problem(NotAllowed, "operator %q is not in a team that you lead", operator)
}

func (a *api) sessions(r *http.Request) (any, error) {
	return orEmpty(a.svc.Store().Sessions(r.URL.Query().Get("account")))
}

func (a *api) endSession(r *http.Request) (any, error) {
	id := r.PathValue("session")
	v, _, err := a.svc.Store().SignedIn(id)
	if err != nil {
		return nil, problem(NotFound, "there is no such session; see: GET /api/sessions")
	}
	traceOf(r).Object = "account/" + v.Account
	return Removed{id}, a.svc.Store().EndSession(id)
}

func (a *api) tokens(*http.Request) (any, error) { return orEmpty(a.svc.Store().Tokens()) }

// NewToken is the body of a request for a token.
type NewToken struct {
	Name   string         `json:"name"`
	Scopes []access.Scope `json:"scopes"`
	Days   int            `json:"days,omitempty"` // how long it is good; 0: until it is removed
}

// TokenMade has the secret, which is shown this once.
type TokenMade struct {
	contactdb.Token
	Secret string `json:"token"`
}

func (a *api) addToken(r *http.Request) (any, error) {
	var body NewToken
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if err := checkOperatorName(body.Name); err != nil {
		return nil, problem(Usage, "token name %q may have only ASCII letters, digits, '-', '_' and '.'", body.Name)
	}
	if len(body.Scopes) == 0 || body.Days < 0 {
		return nil, problem(Usage, "token %q has no scope, or a negative number of days; scopes are read, contacts, steer, records, numbers", body.Name)
	}
	secret, now := access.NewSecret(), time.Now()
	v := contactdb.Token{Name: body.Name, Digest: access.Digest(secret), CreatedBy: whoOf(r), CreatedAt: now}
	for _, s := range body.Scopes {
		if !s.Known() {
			return nil, problem(Usage, "scope %q is not known; scopes are read, contacts, steer, records, numbers", s)
		}
		v.Scopes = append(v.Scopes, string(s))
	}
	if body.Days > 0 {
		v.Expires = now.AddDate(0, 0, body.Days)
	}
	traceOf(r).Object = "token/" + v.Name
	traceOf(r).change(nil, v)
	err := a.svc.Store().PutToken(v)
	if errors.Is(err, contactdb.ErrExists) {
		return nil, problem(State, "token %q is there already; remove it first: apel token rm %s", v.Name, v.Name)
	}
	return TokenMade{v, access.TokenText(v.Name, secret)}, err
}

func (a *api) removeToken(r *http.Request) (any, error) {
	name := r.PathValue("token")
	err := a.svc.Store().RemoveToken(name)
	if err == nil {
		return Removed{name}, nil
	}
	tokens, _ := a.svc.Store().Tokens() // only for a guess
	known := make([]string, len(tokens))
	for i, v := range tokens {
		known[i] = v.Name
	}
	return nil, missing(err, "token", name, known)
}
