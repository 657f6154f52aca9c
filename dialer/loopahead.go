package dialer

import (
	"cmp"
	"context"
	"errors"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer/floor"
	"apel/pacing"

	"go.uber.org/zap"
)

// glanceEvery is the least time from one look at the next contacts to another.
const glanceEvery = time.Second

// glance has the floor shown who is next, if it wants to: they are read beside
// the loop, once at a time, so that the floor never waits for the store.
func (l *loop) glance(now time.Time) {
	if l.glancing || now.Sub(l.glanced) < glanceEvery || !l.floor.WantsAhead() {
		return
	}
	l.glancing, l.glanced = true, now
	r := l.rules.Load()
	l.wg.Go(func() { l.tell(l.lookAhead(r)) })
}

// lookAhead reads who would be leased next. What cannot be read is not known:
// leases go on in order.
func (l *loop) lookAhead(r *rules) floor.Input {
	now, in := time.Now(), floor.Input{Kind: floor.InAhead, Choose: r.def.Pacing.Choose}
	known := map[uint64][]pacing.Trait{}
	lines := l.s.linesOf(r.def.Trunks)
	req := l.request(r, now, known, func() string { return lines.next() })
	req.Max = floor.AheadShown
	all, err := l.s.store.Ahead(l.ctx, req)
	if err != nil && !errors.Is(err, context.Canceled) {
		l.log.Warn("the next contacts could not be read", zap.Error(err))
	}
	for _, c := range all {
		in.Ahead = append(in.Ahead, floor.Ahead{Contact: c.ID, Traits: known[c.ID]})
	}
	return in
}

// request is what a lease, or a look ahead, asks of the store. trunk gives each
// who may be called a line, "" if none is free; known takes their traits.
func (l *loop) request(r *rules, now time.Time, known map[uint64][]pacing.Trait, trunk func() string) contactdb.LeaseRequest {
	hours := l.hours.Load()
	return contactdb.LeaseRequest{Viewpoint: r.view(l.name, now), Version: r.version, Lists: r.sources(),
		Open:  func(zones []string) (bool, time.Time) { return r.open(zones, now) },
		Score: func(zones []string) float64 { return campaign.Score(*hours, zones, now) },
		Judge: func(c contactdb.Candidate) contactdb.Verdict {
			v := r.def.Judge(c, now)
			if v.Kind != contactdb.Yes {
				return v
			}
			if v.Trunk = trunk(); v.Trunk == "" {
				return contactdb.Verdict{Kind: contactdb.Later, When: now.Add(time.Second), Reason: "no-line", Detail: "every line of the campaign's trunks is taken"}
			}
			known[c.ID] = traits(c, cmp.Or(v.Phone, c.Phone), v.Trunk, now)
			return v
		}}
}
