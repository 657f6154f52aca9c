package contactdb

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

func signIn(t *testing.T, s *Store, id, account string) {
	t.Helper()
	if err := s.PutSession(Session{ID: id, Account: account, CreatedAt: noon, SeenAt: noon, Expires: noon.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
}

func sessionsOf(t *testing.T, s *Store, account string) int {
	t.Helper()
	all, err := s.Sessions(account)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestASessionEndsWithItsAccountsRoleOrPassword(t *testing.T) {
	s := newStore(t)
	for _, name := range []string{"ana", "bob"} {
		if err := s.PutAccount(Account{Name: name, Role: "operator", Password: "hash"}, false); err != nil {
			t.Fatal(err)
		}
		signIn(t, s, name+"1", name)
		signIn(t, s, name+"2", name)
	}
	if _, a, err := s.SignedIn("ana1"); err != nil || a.Name != "ana" || a.Password != "hash" {
		t.Fatalf("%+v, %v", a, err)
	}
	if err := s.EndSessions("ana", "ana2"); err != nil || sessionsOf(t, s, "ana") != 1 {
		t.Errorf("all but one: %v, %d left", err, sessionsOf(t, s, "ana"))
	}
	if err := s.PutAccount(Account{Name: "ana", Role: "supervisor"}, true); err != nil || sessionsOf(t, s, "ana") != 0 {
		t.Errorf("a changed role: %v, %d left", err, sessionsOf(t, s, "ana"))
	}
	if n := sessionsOf(t, s, "bob"); n != 2 {
		t.Errorf("another's sessions: %d left", n)
	}
	if err := s.RemoveAccount("bob"); err != nil || sessionsOf(t, s, "") != 0 {
		t.Errorf("a removed account: %v, %d left", err, sessionsOf(t, s, ""))
	}
	if err := s.PutSession(Session{ID: "late", Account: "bob"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a session for an account that is gone: %v", err)
	}
	if err := s.TouchSession("bob1", noon); err != nil || sessionsOf(t, s, "") != 0 {
		t.Errorf("a session that has ended was touched: %v, %d left", err, sessionsOf(t, s, ""))
	}
}

func TestExpiredSessionsGo(t *testing.T) {
	s := newStore(t)
	if err := s.PutAccount(Account{Name: "ana"}, false); err != nil {
		t.Fatal(err)
	}
	signIn(t, s, "one", "ana")
	if err := s.ExpireSessions(noon.Add(59*time.Minute), noon); err != nil || sessionsOf(t, s, "ana") != 1 {
		t.Errorf("in time: %v, %d left", err, sessionsOf(t, s, "ana"))
	}
	if err := s.ExpireSessions(noon.Add(time.Minute), noon.Add(time.Second)); err != nil || sessionsOf(t, s, "ana") != 0 {
		t.Errorf("idle: %v, %d left", err, sessionsOf(t, s, "ana"))
	}
}

func TestOnlyOneIsFirst(t *testing.T) {
	s := newStore(t)
	if err := s.FirstAccount(Account{Name: "ada", Role: "administrator"}); err != nil {
		t.Fatal(err)
	}
	if err := s.FirstAccount(Account{Name: "eve", Role: "administrator"}); !errors.Is(err, ErrState) {
		t.Errorf("a second first one: %v", err)
	}
	if _, err := s.Account("eve"); !errors.Is(err, ErrNotFound) {
		t.Errorf("she is there: %v", err)
	}
}

func TestTokensKeepTheirDigest(t *testing.T) {
	s := newStore(t)
	crm := Token{Name: "crm", Digest: "abc", Scopes: []string{"read"}, CreatedAt: noon}
	if err := s.PutToken(crm); err != nil {
		t.Fatal(err)
	}
	if err := s.PutToken(crm); !errors.Is(err, ErrExists) {
		t.Errorf("twice: %v", err)
	}
	if got, err := s.Token("crm"); err != nil || got.Digest != "abc" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := s.RemoveToken("crm"); err != nil {
		t.Error(err)
	}
	if err := s.TouchToken("crm", noon); err != nil {
		t.Error(err)
	}
	if _, err := s.Token("crm"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a removed token is back: %v", err)
	}
}

func TestAStoreOfSchemaOneGetsWhatCameSince(t *testing.T) {
	path := filepath.Join(t.TempDir(), "apel.db")
	s, err := Open(Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.PutTeam(Team{Name: "south"}); err != nil {
		t.Fatal(err)
	}
	s.Close()
	withBolt(t, path, func(tx *bbolt.Tx) {
		_ = tx.Bucket(bMeta).Put(kSchema, be64(nil, 1))
		for _, name := range later {
			if err := tx.DeleteBucket(name); err != nil {
				t.Fatal(err)
			}
		}
	})
	if s, err = Open(Config{Path: path}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.PutAccount(Account{Name: "ana"}, false); err != nil {
		t.Error(err)
	}
	if teams, err := s.Teams(); err != nil || len(teams) != 1 {
		t.Errorf("what was there: %v, %v", teams, err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}
