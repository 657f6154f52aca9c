package dialer

import (
	"context"
	"errors"
	"strings"
	"time"

	"apel/campaign"
	"apel/contactdb"

	"go.uber.org/zap"
)

// view is from where the store shows contacts to a campaign's rules.
func (r *rules) view(name string, now time.Time) contactdb.Viewpoint {
	v := contactdb.Viewpoint{Campaign: name, Client: r.def.Client, Registers: r.def.Registers, Now: now}
	for _, c := range r.def.CallerID {
		v.Callers = append(v.Callers, contactdb.CallerCap{Number: c.Number, PerDay: c.PerDay, Rest: c.Rest})
	}
	return v
}

// sources are the campaign's lists as the store takes contacts from them.
func (r *rules) sources() []contactdb.Source {
	return sourcesOf(r.def)
}

func sourcesOf(def *campaign.Definition) (all []contactdb.Source) {
	for _, l := range def.Lists {
		all = append(all, contactdb.Source{List: l.Name, Weight: l.Weight, Order: l.Order})
	}
	return all
}

// arrange has lists put into the order of the fields that a campaign asks for,
// beside its leases, which do so too, and more slowly. With mu held.
func (s *Service) arrange(r *rules) {
	if s.stopping() {
		return
	}
	for _, src := range r.sources() {
		if !strings.HasPrefix(string(src.Order), contactdb.Highest) && !strings.HasPrefix(string(src.Order), contactdb.Lowest) {
			continue
		}
		s.wg.Go(func() {
			ctx, cancel := context.WithCancel(s.callCtx)
			defer cancel()
			go func() {
				select {
				case <-s.stop:
					cancel()
				case <-ctx.Done():
				}
			}()
			err := s.store.Arrange(ctx, src.List, src.Order)
			if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, contactdb.ErrNotFound) {
				s.log.Error("a list could not be put in order", zap.Error(err))
			}
		})
	}
}
