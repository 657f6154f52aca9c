package campaign

import (
	"fmt"
	"time"

	"apel/contactdb"
)

// Promise is a callback for a time: kept by the operator, if one is named, and
// by anybody after Callbacks.Deputy.
func (d *Definition) Promise(at time.Time, operator, by, note string, now time.Time) *contactdb.Promise {
	p := &contactdb.Promise{At: at, Operator: operator, By: by, MadeAt: now, Note: note}
	if operator != "" && d.Callbacks.Deputy > 0 {
		p.Deputy = at.Add(d.Callbacks.Deputy)
	}
	return p
}

// MayPromise says why a callback cannot be promised for a time: it is not to
// come, too far off, or outside the hours in which the contact may be called.
// The error is one sentence with the next time that would do.
func (d *Definition) MayPromise(c contactdb.Contact, at, now time.Time) error {
	switch {
	case at.Before(now.Add(-time.Minute)):
		return fmt.Errorf("%s is over already; promise a time to come", at.Format(time.RFC3339))
	case at.After(now.Add(366 * aDay)):
		return fmt.Errorf("%s is more than a year away; promise an earlier time", at.Format(time.RFC3339))
	case !d.Schedule.End.IsZero() && !at.Before(d.Schedule.End):
		return fmt.Errorf("the campaign ends at %s; promise an earlier time", d.Schedule.End.Format(time.RFC3339))
	}
	open, next := d.OpenTo(c, at)
	switch {
	case open:
		return nil
	case next.IsZero():
		return fmt.Errorf("it is not known what time it is where the contact is; give the contact a time zone: apel contact edit")
	}
	zones := c.ZonesOf(c.Phone)
	places, ok := locations(zones)
	if !ok {
		places = []*time.Location{time.UTC}
	}
	return fmt.Errorf("at %s the contact may not be called (%s); promise %s, for example",
		at.In(places[0]).Format("Mon 2 Jan 15:04 MST"), joined(c.Zones), next.In(places[0]).Format(time.RFC3339))
}
