package dialer

import (
	"encoding/json"
	"fmt"
	"time"

	"apel/contactdb"
	"apel/dialer/ua"

	"go.uber.org/zap"
)

// recover turns what a crash left into records, with what was recorded until
// then, and ends it on the wire.
func (s *Service) recover() error {
	live, err := s.store.Live()
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	rules := s.rulesOf(live) // before the store's transaction, which must not be asked for more
	for _, a := range live {
		s.keeper.Finish(a)
	}
	now := time.Now()
	left, err := s.store.Recover(s.callCtx, "", now, func(a contactdb.Attempt) (time.Time, string) {
		r := rules[ruleKey{a.Campaign, a.Version}]
		if r == nil {
			return now.Add(24 * time.Hour), ""
		}
		at, final := r.def.NextTry(a, contactdb.Interrupted, "", now)
		if final == "" && a.Notes.PlacedAt.IsZero() {
			at = soonAgain(a, at, now)
		}
		return at, final
	})
	if err != nil {
		return fmt.Errorf("recover: %w", err)
	}
	behind := make([]ua.LeftBehind, 0, len(left))
	for _, a := range left {
		behind = append(behind, ua.LeftBehind{Trunk: a.Trunk, Number: a.Contact.Phone, CallerID: a.CallerID, CallID: a.SIPCallID, Dialog: a.Notes.Dialog})
		var second ua.LeftBehind // of somebody outside who was asked
		if a.Notes.Second != "" && json.Unmarshal([]byte(a.Notes.Second), &second) == nil {
			behind = append(behind, second)
		}
	}
	if len(left) > 0 {
		s.log.Warn("attempts were interrupted by the last stop", zap.Int("attempts", len(left)))
	}
	s.ua.Sweep(behind)
	return s.desk.restore()
}

type ruleKey struct {
	campaign string
	version  int
}

// rulesOf loads the definitions that attempts were made under; one that cannot
// be read is left out.
func (s *Service) rulesOf(attempts []contactdb.Attempt) map[ruleKey]*rules {
	all := map[ruleKey]*rules{}
	for _, a := range attempts {
		k := ruleKey{a.Campaign, a.Version}
		if _, ok := all[k]; ok {
			continue
		}
		r, err := s.load(a.Campaign, a.Version)
		if err != nil {
			s.log.Error("a campaign's retry delays are not known; a day is taken", zap.String("campaign", a.Campaign), zap.Error(err))
		}
		all[k] = r
	}
	return all
}
