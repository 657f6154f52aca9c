package dialer

import (
	"context"
	"iter"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
)

// Suppress adds do-not-call entries. When it returns, none of the numbers is
// dialed: not by a new lease, nor by a call that was leased and not sent.
func (s *Service) Suppress(ctx context.Context, entries []contactdb.Suppression) (added int, err error) {
	added, err = s.store.Suppress(ctx, func(yield func(contactdb.Suppression, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	})
	s.pastGate()
	return added, err
}

// ReplaceRegister puts a new issue of a register in force, in one step and
// with the promise of Suppress. An error leaves the issue before in force:
// a *contactdb.OlderIssueError if that is newer, unless this may be older.
func (s *Service) ReplaceRegister(ctx context.Context, r contactdb.Register, mayBeOlder bool, rows iter.Seq2[string, error]) (contactdb.Register, error) {
	r, err := s.store.ReplaceRegister(ctx, r, mayBeOlder, time.Now(), rows)
	s.pastGate()
	s.eligibilityChanged()
	return r, err
}

// Erase forgets a person: recordings, what the store knows, rejected rows (see
// keep.Keeper), with the promise of Suppress for all numbers of theirs.
func (s *Service) Erase(ctx context.Context, e contactdb.Erasure) (contactdb.Erased, error) {
	gone, err := s.keeper.Erase(ctx, e)
	s.pastGate()
	return gone, err
}

// Unsuppress removes an entry; its contacts are considered again at once.
func (s *Service) Unsuppress(e contactdb.Suppression) (was contactdb.Suppression, err error) {
	was, err = s.store.Unsuppress(e)
	s.eligibilityChanged()
	return was, err
}

// RemoveRegister removes a register with its numbers.
func (s *Service) RemoveRegister(name string) error {
	err := s.store.RemoveRegister(name)
	s.eligibilityChanged()
	return err
}

// pastGate waits until whoever was past the check has sent.
func (s *Service) pastGate() {
	s.gate.Lock()
	s.gate.Unlock() //nolint:staticcheck // to have held it is the point
}

// eligibilityChanged lets every floor ask for contacts again.
func (s *Service) eligibilityChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.loops {
		l.tell(floor.Input{Kind: floor.InContacts})
	}
}

// ClientOf is a campaign's name and on whose behalf it calls: what scopes of
// do-not-call lists go by.
func (s *Service) ClientOf(name string) (campaign, client string, err error) {
	if _, err := s.store.Campaign(name); err != nil {
		return "", "", err
	}
	r, err := s.load(name, 0)
	if err != nil {
		return "", "", err
	}
	return name, r.def.Client, nil
}
