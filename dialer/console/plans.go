package console

import (
	"context"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer"
)

// plans are what the rules said of campaigns' contacts. They are asked of one
// contact after the other, so that what they said serves all who look for a while.
type plans struct {
	walkable int           // contacts that are judged without being asked to
	least    time.Duration // for which a plan serves

	mu  sync.Mutex // guards all
	all map[string]*keptPlan
}

// keptPlan is one campaign's.
type keptPlan struct {
	mu    sync.Mutex // guards what follows; held while contacts are judged, so that it is done once
	got   dialer.Plan
	of    contactdb.Campaign
	until time.Time
}

func (p *plans) of(campaign string) *keptPlan {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.all[campaign]
	if k == nil {
		k = &keptPlan{}
		p.all[campaign] = k
	}
	return k
}

// serves says whether there is a plan of a campaign as it is now.
func (k *keptPlan) serves(c contactdb.Campaign) bool {
	if !k.mu.TryLock() {
		return false // somebody waits for it
	}
	defer k.mu.Unlock()
	return k.fresh(c)
}

func (k *keptPlan) fresh(c contactdb.Campaign) bool { return k.of == c && time.Now().Before(k.until) }

// plan is the campaign's plan, which serves for twenty times as long as it took:
// counting takes a twentieth of a core at most, however many look.
func (k *keptPlan) plan(ctx context.Context, svc *dialer.Service, c contactdb.Campaign, least time.Duration) (dialer.Plan, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fresh(c) {
		return k.got, nil
	}
	began := time.Now()
	p, err := svc.Plan(ctx, c.Name, nil, nil)
	if err == nil {
		k.got, k.of, k.until = p, c, time.Now().Add(max(least, 20*time.Since(began)))
	}
	return p, err
}
