package dialer

import (
	"context"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
)

// Inspect has f look at a floor after every step that it takes, in its loop.
func (s *Service) Inspect(f func(*floor.Floor)) { s.inspect = f }

// Settling has f asked before each record is kept; an error of f's is the store's.
func (s *Service) Settling(f func() error) {
	keep := s.settle
	s.settle = func(ctx context.Context, st contactdb.Settlement) (contactdb.Record, error) {
		if err := f(); err != nil {
			return contactdb.Record{}, err
		}
		return keep(ctx, st)
	}
}

// Noting has f asked whether what was noted is kept; an error of f's is the store's.
func (s *Service) Noting(f func() error) {
	kept := s.noted
	s.noted = func(ctx context.Context) error {
		if err := f(); err != nil {
			return err
		}
		return kept(ctx)
	}
}

// Occupy has the call on an operator's desktop heed nothing for a while.
func (s *Service) Occupy(operator string, d time.Duration) error {
	return s.order(operator, "", func(*call) error { time.Sleep(d); return nil })
}

// KeptWaits says whether operators' waiting time of a day has been written down.
func (s *Service) KeptWaits(campaign string, day time.Time) bool {
	kept, err := s.store.Recall(waitKey(campaign, day))
	return err == nil && kept != nil
}

// Disturb tells a floor that its lines may have changed.
func (s *Service) Disturb(campaign string) {
	s.floorOf(campaign).tell(floor.Input{Kind: floor.InLines})
}
