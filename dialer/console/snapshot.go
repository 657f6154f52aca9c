package console

import (
	"slices"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer"
)

// snapshot is the service in one second, as all pages of that second see it.
// It is not changed after it was made.
type snapshot struct {
	at       time.Time
	tick     uint64
	status   dialer.Status
	calls    []dialer.LiveCall
	monitors []dialer.Monitoring
	recent   map[string]recent          // by campaign
	carried  map[string]counts          // by trunk, of the last hour
	worked   map[string]contactdb.Tally // by operator, of today in UTC, as it was at workedAt
	workedAt time.Time

	decisions func(campaign string) []dialer.DecisionLine // the latest first; asked for by who shows them
}

// recent is what became of a campaign's calls lately, and how its floor went.
type recent struct {
	hour    counts // the last 60 minutes
	quarter counts // the last 15
	strip   []Sample
}

// counts of calls that ended.
type counts struct {
	attempts, live, abandoned, machines, failed int
}

func (c *counts) add(o counts) {
	c.attempts += o.attempts
	c.live += o.live
	c.abandoned += o.abandoned
	c.machines += o.machines
	c.failed += o.failed
}

// rate of abandonment; 0 without a live answer.
func (c counts) rate() float64 { return share(c.abandoned, c.live) }

func share(part, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(part) / float64(of)
}

// Sample is a floor at one moment.
type Sample struct {
	Lines       int     `json:"lines"` // in use
	Ready       int     `json:"ready"`
	Talking     int     `json:"talking"`
	Abandonment float64 `json:"abandonment"` // of the live answers of the 60 minutes before
}

const (
	sampleEvery = 10 * time.Second
	samplesKept = 360 // an hour
	minutesKept = 60
)

// memory counts what has ended, by campaign and minute, so that nobody reads
// an hour of records each second.
type memory struct {
	mu     sync.Mutex                  // guards all
	minute map[string]map[int64]counts // by campaign
	trunks map[string]map[int64]counts // by trunk
	strips map[string][]Sample
	lastAt time.Time
}

func newMemory() *memory {
	return &memory{minute: map[string]map[int64]counts{}, trunks: map[string]map[int64]counts{}, strips: map[string][]Sample{}}
}

// ended counts one call.
func (m *memory) ended(campaign, trunk, outcome string, at time.Time) {
	c := counts{attempts: 1}
	switch outcome {
	case contactdb.Human:
		c.live = 1
	case contactdb.Abandoned:
		c.live, c.abandoned = 1, 1
	case contactdb.Machine, contactdb.Fax:
		c.machines = 1
	case contactdb.Congested, contactdb.Failed:
		c.failed = 1
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	inMinute(m.minute, campaign, at, c)
	if trunk != "" {
		inMinute(m.trunks, trunk, at, c)
	}
}

func inMinute(of map[string]map[int64]counts, name string, at time.Time, c counts) {
	if of[name] == nil {
		of[name] = map[int64]counts{}
	}
	sum := of[name][at.Unix()/60]
	sum.add(c)
	of[name][at.Unix()/60] = sum
}

// carried is what each trunk's calls of the last hour came to.
func (m *memory) carried(now time.Time) map[string]counts {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := map[string]counts{}
	for trunk, minutes := range m.trunks {
		var sum counts
		for minute, n := range minutes {
			if now.Unix()/60-minute >= minutesKept {
				delete(minutes, minute)
				continue
			}
			sum.add(n)
		}
		all[trunk] = sum
	}
	return all
}

// seed counts the records of the last hour, of a life before this one.
func (m *memory) seed(store *contactdb.Store, now time.Time) error {
	for r, err := range store.Records(contactdb.RecordFilter{From: now.Add(-time.Hour)}) {
		if err != nil {
			return err
		}
		outcome := r.Outcome
		if r.Lost() {
			outcome = contactdb.Abandoned
		}
		m.ended(r.Campaign, r.Trunk, outcome, r.EndedAt)
	}
	return nil
}

// look takes a sample if it is time, and gives what is remembered.
func (m *memory) look(st dialer.Status, now time.Time) map[string]recent {
	m.mu.Lock()
	defer m.mu.Unlock()
	due := now.Sub(m.lastAt) >= sampleEvery
	if due {
		m.lastAt = now
	}
	all := map[string]recent{}
	for _, c := range st.Campaigns {
		var r recent
		for minute, n := range m.minute[c.Name] {
			age := now.Unix()/60 - minute
			if age >= minutesKept {
				delete(m.minute[c.Name], minute)
				continue
			}
			r.hour.add(n)
			if age < 15 {
				r.quarter.add(n)
			}
		}
		if due && (c.State == contactdb.Running || c.State == contactdb.Paused || c.State == contactdb.Draining) {
			strip := append(m.strips[c.Name], Sample{c.Lines, c.Ready, c.Talking, r.hour.rate()})
			m.strips[c.Name] = strip[max(0, len(strip)-samplesKept):]
		}
		r.strip = slices.Clone(m.strips[c.Name])
		all[c.Name] = r
	}
	return all
}

// observe makes the snapshot of a second.
func (a *api) observe(last *snapshot, now time.Time) (*snapshot, error) {
	st, err := a.seeAll()
	if err != nil {
		return nil, err
	}
	s := &snapshot{at: now, tick: 1, status: st, calls: a.seeCalls(), monitors: a.seeMonitors(), recent: a.memory.look(st, now), carried: a.memory.carried(now), decisions: a.decisions}
	if last != nil {
		s.tick = last.tick + 1
		s.worked, s.workedAt = last.worked, last.workedAt
	}
	if now.Sub(s.workedAt) < sampleEvery {
		return s, nil
	}
	s.worked, s.workedAt = map[string]contactdb.Tally{}, now
	for _, o := range st.Operators {
		if o.State == "offline" {
			continue
		}
		if s.worked[o.Name], err = a.svc.Store().OperatorTally(o.Name, "", now, now); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// shownDecisions is how many of its last decisions a campaign's page has.
const shownDecisions = 100

func (a *api) decisions(campaign string) []dialer.DecisionLine {
	st, err := a.svc.CampaignStatus(campaign, true)
	if err != nil {
		return nil // it has gone; the page shows what was
	}
	last := slices.Clone(st.Decisions[max(0, len(st.Decisions)-shownDecisions):])
	slices.Reverse(last)
	return last
}

// campaign finds one in the snapshot.
func (s *snapshot) campaign(name string) (dialer.CampaignStatus, error) {
	for _, c := range s.status.Campaigns {
		if c.Name == name {
			return c, nil
		}
	}
	return dialer.CampaignStatus{}, contactdb.ErrNotFound
}
