package contactdb

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Account is a person who may sign in on the console. A person who also talks
// has an Operator of the same name.
type Account struct {
	Name      string    `json:"name"` // as an operator's name
	FullName  string    `json:"full_name,omitempty"`
	Role      string    `json:"role"`           // a word of the console's; opaque here
	Team      string    `json:"team,omitempty"` // of a team leader: the team led
	Disabled  bool      `json:"disabled,omitempty"`
	Password  string    `json:"-"` // hash in PHC string format; "": cannot sign in
	CreatedAt time.Time `json:"created_at"`
	ChangedAt time.Time `json:"changed_at,omitzero"` // password or role
}

// accountRow is an account as stored, with what its own JSON leaves out.
type accountRow struct {
	Account
	Hash string `json:"password,omitempty"`
}

func (r accountRow) account() Account {
	r.Password = r.Hash
	return r.Account
}

// Session is a browser that is signed in. The store keeps only a digest of the
// secret that the browser has.
type Session struct {
	ID        string    `json:"id"` // hex of the SHA-256 of the browser's secret
	Account   string    `json:"account"`
	Kind      string    `json:"kind,omitempty"` // "": a person; else a word of the console's
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	Expires   time.Time `json:"expires"` // whatever is done with it
	Address   string    `json:"address,omitempty"`
	Browser   string    `json:"browser,omitempty"`
}

// Token lets a machine in.
type Token struct {
	Name      string    `json:"name"`
	Digest    string    `json:"-"` // hex of the SHA-256 of the secret
	Scopes    []string  `json:"scopes"`
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
	Expires   time.Time `json:"expires,omitzero"` // zero: never
	UsedAt    time.Time `json:"used_at,omitzero"`
}

type tokenRow struct {
	Token
	SHA256 string `json:"sha256"`
}

func (r tokenRow) token() Token {
	r.Digest = r.SHA256
	return r.Token
}

// PutAccount adds or replaces an account; signOut ends its sessions in the
// same transaction, as a changed role or password must.
func (s *Store) PutAccount(a Account, signOut bool) error {
	return s.update("put account", func(t *tx) error {
		if !accountName(a.Name) {
			return fmt.Errorf("account %q: a name has 1 to 64 ASCII letters, digits, '-', '_' and '.'", a.Name)
		}
		a.CreatedAt, a.ChangedAt = a.CreatedAt.UTC(), a.ChangedAt.UTC()
		t.save(bAccounts, []byte(a.Name), accountRow{a, a.Password})
		if signOut {
			return t.endSessions(a.Name, "")
		}
		return nil
	})
}

// AddAccount adds one; ErrExists if the name is taken.
func (s *Store) AddAccount(a Account) error {
	return s.update("add account", func(t *tx) error {
		if !accountName(a.Name) {
			return fmt.Errorf("account %q: a name has 1 to 64 ASCII letters, digits, '-', '_' and '.'", a.Name)
		}
		if t.get(bAccounts, []byte(a.Name)) != nil {
			return fmt.Errorf("account %q: %w", a.Name, ErrExists)
		}
		a.CreatedAt, a.ChangedAt = a.CreatedAt.UTC(), a.ChangedAt.UTC()
		t.save(bAccounts, []byte(a.Name), accountRow{a, a.Password})
		return nil
	})
}

// ChangeAccount changes an account as it is at that instant, beside all there
// are; an error of change leaves everything as it was, signOut ends the
// account's sessions. ErrNotFound. Change runs inside the transaction: it must
// not call the store, and may run more than once.
func (s *Store) ChangeAccount(name string, change func(a *Account, all []Account) (signOut bool, err error)) (before, after Account, err error) {
	err = s.update("change account", func(t *tx) error {
		all, err := t.accounts()
		if err != nil {
			return err
		}
		if before, err = t.account(name); err != nil {
			return err
		}
		after = before
		signOut, err := change(&after, all)
		if err != nil {
			return err
		}
		after.Name, after.ChangedAt = name, after.ChangedAt.UTC()
		t.save(bAccounts, []byte(name), accountRow{after, after.Password})
		if signOut {
			return t.endSessions(name, "")
		}
		return nil
	})
	return before, after, err
}

// FirstAccount adds an account if there is none of its role yet; ErrState
// otherwise. Two who try at once cannot both succeed. ErrExists if the name is
// taken: the sessions of whoever has it must not come to another role.
func (s *Store) FirstAccount(a Account) error {
	return s.update("first account", func(t *tx) error {
		if !accountName(a.Name) {
			return fmt.Errorf("account %q: a name has 1 to 64 ASCII letters, digits, '-', '_' and '.'", a.Name)
		}
		if t.get(bAccounts, []byte(a.Name)) != nil {
			return fmt.Errorf("account %q: %w; take another name", a.Name, ErrExists)
		}
		err := t.each(bAccounts, nil, func(_, value []byte) (bool, error) {
			var row accountRow
			if err := decode(bAccounts, value, &row); err != nil {
				return false, err
			}
			if row.Role == a.Role {
				return false, fmt.Errorf("%w: there is an account with the role %s already", ErrState, a.Role)
			}
			return true, nil
		})
		if err == nil {
			t.save(bAccounts, []byte(a.Name), accountRow{a, a.Password})
		}
		return err
	})
}

// Account returns one; ErrNotFound.
func (s *Store) Account(name string) (a Account, err error) {
	err = s.view("account", func(t *tx) error {
		a, err = t.account(name)
		return err
	})
	return a, err
}

func (t *tx) account(name string) (Account, error) {
	var row accountRow
	found, err := t.load(bAccounts, []byte(name), &row)
	if err == nil && !found {
		err = fmt.Errorf("account %q: %w", name, ErrNotFound)
	}
	return row.account(), err
}

// Accounts returns all by name.
func (s *Store) Accounts() (all []Account, err error) {
	err = s.view("accounts", func(t *tx) (err error) {
		all, err = t.accounts()
		return err
	})
	return all, err
}

func (t *tx) accounts() ([]Account, error) {
	all := []Account{}
	err := t.each(bAccounts, nil, func(_, value []byte) (bool, error) {
		var row accountRow
		err := decode(bAccounts, value, &row)
		all = append(all, row.account())
		return true, err
	})
	return all, err
}

// RemoveAccount removes an account and its sessions; ErrNotFound.
func (s *Store) RemoveAccount(name string) error {
	return s.RemoveAccountIf(name, func(Account, []Account) error { return nil })
}

// RemoveAccountIf is RemoveAccount unless allowed has an error about the account
// as it is at that instant, beside all there are. As with ChangeAccount it runs
// inside the transaction.
func (s *Store) RemoveAccountIf(name string, allowed func(a Account, all []Account) error) error {
	return s.update("remove account", func(t *tx) error {
		all, err := t.accounts()
		if err != nil {
			return err
		}
		a, err := t.account(name)
		if err == nil {
			err = allowed(a, all)
		}
		if err != nil {
			return err
		}
		t.delete(bAccounts, []byte(name))
		return t.endSessions(name, "")
	})
}

// PutSession adds or replaces a session. ErrNotFound if its account has gone
// meanwhile.
func (s *Store) PutSession(v Session) error {
	return s.update("put session", func(t *tx) error {
		if _, err := t.account(v.Account); err != nil {
			return err
		}
		v.CreatedAt, v.SeenAt, v.Expires = v.CreatedAt.UTC(), v.SeenAt.UTC(), v.Expires.UTC()
		t.save(bSessions, []byte(v.ID), v)
		return nil
	})
}

// BeginSession adds the session of somebody who has proved to be an account, by
// its password as it was read before. ErrState if password, role or standing
// have changed since, ErrNotFound if it has gone: what was proved is worth
// nothing any more.
func (s *Store) BeginSession(v Session, proved Account) error {
	return s.update("begin session", func(t *tx) error {
		now, err := t.account(v.Account)
		if err != nil {
			return err
		}
		if now.Password != proved.Password || now.Role != proved.Role || now.Disabled {
			return fmt.Errorf("account %q: %w: it has changed meanwhile", v.Account, ErrState)
		}
		v.CreatedAt, v.SeenAt, v.Expires = v.CreatedAt.UTC(), v.SeenAt.UTC(), v.Expires.UTC()
		t.save(bSessions, []byte(v.ID), v)
		return nil
	})
}

// TouchSession notes that a session was seen. A session that was ended stays so.
func (s *Store) TouchSession(id string, at time.Time) error {
	return s.update("touch session", func(t *tx) error {
		var v Session
		found, err := t.load(bSessions, []byte(id), &v)
		if err != nil || !found {
			return err
		}
		v.SeenAt = at.UTC()
		t.save(bSessions, []byte(id), v)
		return nil
	})
}

// SignedIn returns a session and its account, of one instant; ErrNotFound if
// either is gone.
func (s *Store) SignedIn(id string) (v Session, a Account, err error) {
	err = s.view("session", func(t *tx) error {
		found, err := t.load(bSessions, []byte(id), &v)
		if err == nil && !found {
			err = fmt.Errorf("session: %w", ErrNotFound)
		}
		if err == nil {
			a, err = t.account(v.Account)
		}
		return err
	})
	return v, a, err
}

// Sessions returns those of an account, or all if account is "", the latest first.
func (s *Store) Sessions(account string) ([]Session, error) {
	all := []Session{}
	err := s.view("sessions", func(t *tx) error {
		return t.sessions(account, func(_ []byte, v Session) { all = append(all, v) })
	})
	slices.SortFunc(all, func(a, b Session) int {
		return cmp.Or(b.SeenAt.Compare(a.SeenAt), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

func (t *tx) sessions(account string, f func(key []byte, v Session)) error {
	return t.each(bSessions, nil, func(key, value []byte) (bool, error) {
		var v Session
		err := decode(bSessions, value, &v)
		if err == nil && (account == "" || v.Account == account) {
			f(bytes.Clone(key), v)
		}
		return true, err
	})
}

// EndSession ends one session; that it is gone already is no error.
func (s *Store) EndSession(id string) error {
	return s.update("end session", func(t *tx) error {
		t.delete(bSessions, []byte(id))
		return nil
	})
}

// EndSessions ends the sessions of an account but one ("": all).
func (s *Store) EndSessions(account, but string) error {
	return s.update("end sessions", func(t *tx) error { return t.endSessions(account, but) })
}

func (t *tx) endSessions(account, but string) error {
	return t.dropSessions(func(v Session) bool { return v.Account == account && v.ID != but })
}

// ExpireSessions removes those that are over: expired, or not seen since.
func (s *Store) ExpireSessions(now, since time.Time) error {
	return s.update("expire sessions", func(t *tx) error {
		return t.dropSessions(func(v Session) bool { return !now.Before(v.Expires) || v.SeenAt.Before(since) })
	})
}

func (t *tx) dropSessions(over func(Session) bool) error {
	var keys [][]byte
	err := t.sessions("", func(key []byte, v Session) {
		if over(v) {
			keys = append(keys, key)
		}
	})
	for _, k := range keys {
		t.delete(bSessions, k)
	}
	return err
}

// PutToken adds a token; ErrExists if the name is taken.
func (s *Store) PutToken(v Token) error {
	return s.update("put token", func(t *tx) error {
		if !accountName(v.Name) {
			return fmt.Errorf("token %q: a name has 1 to 64 ASCII letters, digits, '-', '_' and '.'", v.Name)
		}
		if t.get(bTokens, []byte(v.Name)) != nil {
			return fmt.Errorf("token %q: %w", v.Name, ErrExists)
		}
		v.CreatedAt, v.Expires = v.CreatedAt.UTC(), v.Expires.UTC()
		t.save(bTokens, []byte(v.Name), tokenRow{v, v.Digest})
		return nil
	})
}

// Token returns one; ErrNotFound.
func (s *Store) Token(name string) (v Token, err error) {
	err = s.view("token", func(t *tx) error {
		var row tokenRow
		found, err := t.load(bTokens, []byte(name), &row)
		if err == nil && !found {
			err = fmt.Errorf("token %q: %w", name, ErrNotFound)
		}
		v = row.token()
		return err
	})
	return v, err
}

// Tokens returns all by name.
func (s *Store) Tokens() ([]Token, error) {
	all := []Token{}
	err := s.view("tokens", func(t *tx) error {
		return t.each(bTokens, nil, func(_, value []byte) (bool, error) {
			var row tokenRow
			err := decode(bTokens, value, &row)
			all = append(all, row.token())
			return true, err
		})
	})
	return all, err
}

// TouchToken notes that a token was used. One that was removed stays so.
func (s *Store) TouchToken(name string, at time.Time) error {
	return s.update("touch token", func(t *tx) error {
		var row tokenRow
		found, err := t.load(bTokens, []byte(name), &row)
		if err != nil || !found {
			return err
		}
		row.UsedAt = at.UTC()
		t.save(bTokens, []byte(name), row)
		return nil
	})
}

// RemoveToken removes one; ErrNotFound.
func (s *Store) RemoveToken(name string) error {
	return s.update("remove token", func(t *tx) error {
		if t.get(bTokens, []byte(name)) == nil {
			return fmt.Errorf("token %q: %w", name, ErrNotFound)
		}
		t.delete(bTokens, []byte(name))
		return nil
	})
}
