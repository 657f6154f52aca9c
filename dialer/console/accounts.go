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
	edit, err := a.accountEdit(r, body.Name, body)
	if err != nil {
		return nil, err
	}
	account := contactdb.Account{Name: body.Name, CreatedAt: time.Now()}
	edit(&account)
	traceOf(r).Object = "account/" + account.Name
	traceOf(r).change(contactdb.Account{Name: body.Name}, account)
	if err := a.svc.Store().AddAccount(account); err != nil {
		return nil, err
	}
	return account, a.giveDesk(account)
}

func (a *api) editAccount(r *http.Request) (any, error) {
	name := r.PathValue("account")
	var body AccountChange
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	if _, err := a.svc.Store().Account(name); err != nil {
		return nil, a.missingAccount(err, name)
	}
	edit, err := a.accountEdit(r, name, body)
	if err != nil {
		return nil, err
	}
	before, after, err := a.svc.Store().ChangeAccount(name, func(now *contactdb.Account, all []contactdb.Account) (bool, error) {
		before := *now
		signOut := edit(now)
		return signOut, keepAnAdministrator(before, *now, all)
	})
	if err != nil {
		return nil, a.missingAccount(err, name)
	}
	traceOf(r).change(before, after)
	if err := a.giveDesk(after); err != nil {
		return nil, err
	}
	if access.Role(before.Role).Talks() && !access.Role(after.Role).Talks() {
		if err := a.takeDesk(name); err != nil {
			return nil, err
		}
	}
	if after.Disabled {
		a.svc.Dismiss(name)
	}
	return after, nil
}

// accountEdit checks a change and gives it, as it is done to the account at the
// instant: a changed role or password, or a disabled account, ends its sessions.
func (a *api) accountEdit(r *http.Request, name string, change AccountChange) (edit func(*contactdb.Account) (signOut bool), err error) {
	if change.Role != nil && !change.Role.Known() {
		return nil, problem(Usage, "role %q is not known; give one of operator, team-leader, supervisor, compliance, administrator", *change.Role)
	}
	if change.Team != nil {
		if err := a.checkTeam(*change.Team); err != nil {
			return nil, err
		}
	}
	hash, now := "", time.Now()
	if change.Password != nil {
		if err := access.CheckNew(*change.Password, name); err != nil {
			return nil, problem(Usage, "%v", err)
		}
		if hash, err = a.hash(r, *change.Password); err != nil {
			return nil, err
		}
		traceOf(r).note("password", "changed")
	}
	return func(v *contactdb.Account) (signOut bool) {
		if change.Role != nil {
			signOut = v.Role != string(*change.Role)
			v.Role = string(*change.Role)
		}
		if change.FullName != nil {
			v.FullName = clip(*change.FullName, 200)
		}
		if change.Team != nil {
			v.Team = *change.Team
		}
		if change.Disabled != nil {
			v.Disabled = *change.Disabled
			signOut = signOut || v.Disabled
		}
		if hash != "" {
			v.Password, signOut = hash, true
		}
		if signOut {
			v.ChangedAt = now
		}
		return signOut
	}, nil
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

// takeDesk takes the place of an operator from who talks no more: the phone is
// not let in, and the seat is given up after the conversation. As a supervisor
// they may be given a phone again, to listen on.
func (a *api) takeDesk(name string) error {
	o, err := a.svc.Store().Operator(name)
	if errors.Is(err, contactdb.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	o.HA1MD5, o.HA1SHA256 = "", ""
	if err := a.svc.Store().PutOperator(o); err != nil {
		return err
	}
	a.svc.SignOff(name)
	return nil
}

// keepAnAdministrator refuses to take the last one's powers away.
func keepAnAdministrator(before, after contactdb.Account, all []contactdb.Account) error {
	rules := func(c contactdb.Account) bool { return c.Role == string(access.Administrator) && !c.Disabled }
	if !rules(before) || rules(after) {
		return nil
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
	err := a.svc.Store().RemoveAccountIf(name, func(account contactdb.Account, all []contactdb.Account) error {
		return keepAnAdministrator(account, contactdb.Account{}, all)
	})
	if err != nil {
		return nil, a.missingAccount(err, name)
	}
	if err := a.svc.Store().RemoveOperator(name); err != nil && !errors.Is(err, contactdb.ErrNotFound) {
		return nil, err
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
	_, _, err := a.svc.Store().ChangeAccount(o.Name, func(account *contactdb.Account, _ []contactdb.Account) (bool, error) {
		if account.Role != string(access.Operator) {
			return false, nil
		}
		account.FullName, account.Team = o.FullName, o.Team
		if hash != "" {
			account.Password, account.ChangedAt = hash, time.Now()
		}
		return hash != "", nil
	})
	if !errors.Is(err, contactdb.ErrNotFound) || hash == "" { // without a password nobody could sign in
		return ignoring(err, contactdb.ErrNotFound)
	}
	return a.svc.Store().AddAccount(contactdb.Account{Name: o.Name, FullName: o.FullName, Team: o.Team, Role: string(access.Operator), Password: hash, CreatedAt: time.Now(), ChangedAt: time.Now()})
}

// ignoring is an error unless it is one that does not matter.
func ignoring(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
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
		return nil, problem(Usage, "token %q has no scope, or a negative number of days; scopes are read, contacts, steer, records, wall, numbers", body.Name)
	}
	secret, now := access.NewSecret(), time.Now()
	v := contactdb.Token{Name: body.Name, Digest: access.Digest(secret), CreatedBy: whoOf(r), CreatedAt: now}
	for _, s := range body.Scopes {
		if !s.Known() {
			return nil, problem(Usage, "scope %q is not known; scopes are read, contacts, steer, records, wall, numbers", s)
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
