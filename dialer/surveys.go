package dialer

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"apel/campaign"
	"apel/contactdb"

	"go.uber.org/zap"
)

// surveys count how many calls have the answers of each quota: those that have
// their record, and those that go on, in the order in which the answers were
// given. Of several operators at once the later ones are those who stop.
type surveys struct {
	mu     sync.Mutex                // guards the fields below; held while counts are first read
	counts map[string]map[string]int // of records, by campaign and quota
	held   map[quotaOf][]*call       // calls whose record is still to be made
}

// quotaOf is a quota of a campaign.
type quotaOf struct{ campaign, name string }

// answered takes in the answers of a call that goes on.
func (v *surveys) answered(c *call, answers, words map[string]string) {
	script := c.rules.def.Script
	has := script.Counts(answers, words)
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, q := range script.Quotas {
		key := quotaOf{c.l.name, q.Name}
		at := slices.Index(v.held[key], c)
		switch in := slices.Contains(has, q.Name); {
		case in && at < 0:
			if v.held == nil {
				v.held = map[quotaOf][]*call{}
			}
			v.held[key] = append(v.held[key], c)
		case !in && at >= 0:
			v.held[key] = slices.Delete(v.held[key], at, at+1)
		}
	}
}

// full says whether a quota of a call's campaign is reached without the call.
func (v *surveys) full(s *Service, c *call, quota string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	script := c.rules.def.Script
	counts, err := v.of(s, c.l.name, script)
	if err != nil {
		s.log.Error("quotas of a script could not be counted", zap.String("campaign", c.l.name), zap.Error(err))
		return false
	}
	before := v.held[quotaOf{c.l.name, quota}]
	if at := slices.Index(before, c); at >= 0 {
		before = before[:at]
	}
	for _, q := range script.Quotas {
		if q.Name == quota {
			return counts[quota]+len(before) >= q.Limit
		}
	}
	return false
}

// of are the counts of a campaign, from its records the first time. With mu held.
func (v *surveys) of(s *Service, name string, script *campaign.Script) (map[string]int, error) {
	if counts := v.counts[name]; counts != nil {
		return counts, nil
	}
	counts := map[string]int{}
	for r, err := range s.store.Records(contactdb.RecordFilter{Campaign: name}) {
		if err != nil {
			return nil, err
		}
		if len(r.ScriptAnswers) == 0 {
			continue
		}
		words, err := s.wordsOfCalled(script, r)
		if err != nil {
			return nil, err
		}
		for _, q := range script.Counts(r.ScriptAnswers, words) {
			counts[q]++
		}
	}
	if v.counts == nil {
		v.counts = map[string]map[string]int{}
	}
	v.counts[name] = counts
	return counts, nil
}

// wordsOfCalled are the fields of the contact of a record as they are now, where quotas ask for them.
func (s *Service) wordsOfCalled(script *campaign.Script, r contactdb.Record) (map[string]string, error) {
	if !script.QuotasAskContact() {
		return nil, nil
	}
	all, err := s.store.ContactsByPhone(r.Phone)
	for _, c := range all {
		if c.ID == r.ContactID && c.List == r.List {
			return wordsOf(c), err
		}
	}
	return nil, err
}

// count takes in a call that has its record. Before anybody has asked, the
// records are the count.
func (v *surveys) count(c *call, answers map[string]string) {
	script := c.rules.def.Script
	if script == nil || len(answers) == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.letGo(c)
	counts := v.counts[c.l.name]
	if counts == nil {
		return
	}
	for _, q := range script.Counts(answers, wordsOf(c.contact())) {
		counts[q]++
	}
}

// over takes in that a call has ended, with a record or without.
func (v *surveys) over(c *call) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.letGo(c)
}

// letGo takes a call out of those that go on. With mu held.
func (v *surveys) letGo(c *call) {
	for key, calls := range v.held {
		if at := slices.Index(calls, c); at >= 0 {
			v.held[key] = slices.Delete(calls, at, at+1)
		}
		if len(v.held[key]) == 0 {
			delete(v.held, key)
		}
	}
}

// forget has the records counted anew, as by another version.
func (v *surveys) forget(campaign string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.counts, campaign)
}

// Survey counts the answers of a campaign's calls by its script in force; its
// quotas are counted over all calls, those that go on too.
func (s *Service) Survey(name string, from, to time.Time) (campaign.Survey, error) {
	c, err := s.store.Campaign(name)
	if err != nil {
		return campaign.Survey{}, err
	}
	r, err := s.load(name, c.Version)
	if err != nil {
		return campaign.Survey{}, err
	}
	if r.def.Script == nil {
		return campaign.Survey{}, fmt.Errorf("%w: campaign %q has no script, and so no answers", contactdb.ErrState, name)
	}
	var calls []map[string]string
	for rec, err := range s.store.Records(contactdb.RecordFilter{Campaign: name, From: from, To: to}) {
		if err != nil {
			return campaign.Survey{}, err
		}
		if len(rec.ScriptAnswers) > 0 {
			calls = append(calls, rec.ScriptAnswers)
		}
	}
	out := r.def.Script.Tabulate(calls)
	out.Quotas, err = s.surveys.stand(s, name, r.def.Script)
	return out, err
}

// stand is how many calls each quota has.
func (v *surveys) stand(s *Service, name string, script *campaign.Script) ([]campaign.SurveyQuota, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := []campaign.SurveyQuota{}
	if len(script.Quotas) == 0 {
		return all, nil
	}
	counts, err := v.of(s, name, script)
	for _, q := range script.Quotas {
		all = append(all, campaign.SurveyQuota{Name: q.Name, Limit: q.Limit, Count: counts[q.Name], Live: len(v.held[quotaOf{name, q.Name}])})
	}
	return all, err
}
