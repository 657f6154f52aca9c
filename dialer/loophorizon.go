package dialer

import (
	"time"

	"apel/contactdb"
)

// horizon is when the campaign's work of the day is over: with the day that
// the regulator counts, with the schedule, or with the last window that is
// open today in any zone of its lists. Pacing pays its debts before.
func (l *loop) horizon(now time.Time) time.Time {
	const look = 15 * time.Minute
	r := l.rules.Load()
	end := now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)
	if over := r.def.Schedule.End; !over.IsZero() && over.After(now) && over.Before(end) {
		end = over
	}
	var zones []contactdb.ZoneSet
	for _, list := range r.def.Lists {
		if kept, err := l.s.store.List(list.Name); err == nil {
			zones = append(zones, kept.Zones...)
		}
	}
	for at := end.Add(-look); at.After(now); at = at.Add(-look) {
		for _, z := range zones {
			if r.opensIn(z, at, at) {
				return at.Add(look)
			}
		}
	}
	return end
}
