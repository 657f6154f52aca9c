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
	mu       sync.Mutex            // guards the fields below; held while counts are first read
	counts   map[scriptOf]*counted // of records
	held     map[quotaOf][]*call   // calls whose record is still to be made
	settling sync.Map              // attempts whose record may be there and is not counted yet; not guarded
}

// scriptOf is the script of a campaign's version: a call goes by that which was in
// force as it was leased, while others may go by the next already.
type scriptOf struct {
	campaign string
	version  int
}

// counted are the records with the answers of each of a script's quotas.
type counted struct {
	script *campaign.Script
	calls  map[string]int
}

// add takes in the answers of a record.
func (n *counted) add(answers, words map[string]string) {
	for _, q := range n.script.Counts(answers, words) {
		n.calls[q]++
	}
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
	counts, err := v.of(s, scriptOf{c.l.name, c.rules.version}, script)
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

// of are the counts of a script's quotas, from the campaign's records the first
// time. With mu held.
func (v *surveys) of(s *Service, of scriptOf, script *campaign.Script) (map[string]int, error) {
	if n := v.counts[of]; n != nil {
		return n.calls, nil
	}
	n := &counted{script, map[string]int{}}
	for r, err := range s.store.Records(contactdb.RecordFilter{Campaign: of.campaign}) {
		if err != nil {
			return nil, err
		}
		if len(r.ScriptAnswers) == 0 {
			continue
		}
		if _, settling := v.settling.Load(r.ID); settling {
			continue
		}
		words, err := s.wordsOfCalled(script, r)
		if err != nil {
			return nil, err
		}
		n.add(r.ScriptAnswers, words)
	}
	if v.counts == nil {
		v.counts = map[scriptOf]*counted{}
	}
	v.counts[of] = n
	return n.calls, nil
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

// recording takes in that a call with answers is about to have its record: it is
// for count, whoever reads the records meanwhile. The record waits for nobody.
func (v *surveys) recording(attempt string) { v.settling.Store(attempt, true) }

// count takes in a call that has its record. Before anybody has asked, the
// records are the count.
func (v *surveys) count(c *call, answers map[string]string) {
	if len(answers) == 0 {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.letGo(c)
	for of, n := range v.counts {
		if of.campaign == c.l.name {
			n.add(answers, wordsOf(c.contact()))
		}
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
	v.settling.Delete(c.a.ID)
	for key, calls := range v.held {
		if at := slices.Index(calls, c); at >= 0 {
			v.held[key] = slices.Delete(calls, at, at+1)
		}
		if len(v.held[key]) == 0 {
			delete(v.held, key)
		}
	}
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
	out.Quotas, err = s.surveys.stand(s, scriptOf{name, c.Version}, r.def.Script)
	return out, err
}

// stand is how many calls each quota has.
func (v *surveys) stand(s *Service, of scriptOf, script *campaign.Script) ([]campaign.SurveyQuota, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := []campaign.SurveyQuota{}
	if len(script.Quotas) == 0 {
		return all, nil
	}
	counts, err := v.of(s, of, script)
	for _, q := range script.Quotas {
		all = append(all, campaign.SurveyQuota{Name: q.Name, Limit: q.Limit, Count: counts[q.Name], Live: len(v.held[quotaOf{of.campaign, q.Name}])})
	}
	return all, err
}
