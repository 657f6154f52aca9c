package campaign

import (
	"sync"
	"time"
	_ "time/tzdata" // zones are the same on any host

	"apel/contactdb"
)

// horizon is how far ahead an opening is looked for. Windows repeat by the
// week, so a zone that opens at all does so within eight days, and zones that
// have no hour in common for two weeks need other windows, not patience.
const horizon = 14 * 24 * time.Hour

// Open says whether someone who may be in any of zones may be called at now;
// if not, when the next window opens in all of them. If they don't open
// together within two weeks, the time is the end of that search: not before
// then. The time is zero if they can never open: no zone, a zone that the zone
// database does not have, or no windows.
//
// Windows are read on the wall clock of the zone. In the hour that autumn
// repeats they are open twice; in the hour that spring skips, a window that
// would open then opens when the clock goes on.
func (d *Definition) Open(zones []string, now time.Time) (bool, time.Time) {
	places, ok := locations(zones)
	if !ok || len(d.Windows) == 0 {
		return false, time.Time{}
	}
	if d.openIn(places, now) {
		return true, now
	}
	next, _ := d.opening(places, now)
	return false, next
}

// OpenTo says whether a contact may be called at now on one of its numbers, and if
// not, when the first may be; as Open.
func (d *Definition) OpenTo(c contactdb.Contact, now time.Time) (bool, time.Time) {
	return contactdb.ZoneSet{AnyOf: zonesOf(c)}.Open(func(zones []string) (bool, time.Time) { return d.Open(zones, now) })
}

// zonesOf are the zones of each of a contact's numbers.
func zonesOf(c contactdb.Contact) (all [][]string) {
	for _, n := range c.AllNumbers() {
		all = append(all, c.ZonesOf(n.Phone))
	}
	return all
}

// openIn says whether now is in a window in all places.
func (d *Definition) openIn(places []*time.Location, now time.Time) bool {
	for _, place := range places {
		day, at := wall(now.In(place))
		if !d.openAt(day, at) {
			return false
		}
	}
	return true
}

// openAt says whether a window holds this time of day.
func (d *Definition) openAt(day time.Weekday, at time.Duration) bool {
	for i := range d.Windows {
		w := &d.Windows[i]
		if w.Days[day] && w.From <= at && at < w.To {
			return true
		}
	}
	return false
}

// opening is the first instant from t on at which all places are open; false
// and the end of the search if there is none within the horizon.
func (d *Definition) opening(places []*time.Location, t time.Time) (time.Time, bool) {
	end := t.Add(horizon)
	for t.Before(end) {
		latest := t
		for _, place := range places {
			if next := d.openingIn(place, latest, end); next.After(latest) {
				latest = next
			}
		}
		if latest.Equal(t) {
			return t, true
		}
		t = latest
	}
	return end, false
}

// openingIn is the first instant in [t, end) at which one place is open, or
// end. Between two changes of the clock, wall time runs straight: each such
// stretch is searched by itself.
func (d *Definition) openingIn(place *time.Location, t, end time.Time) time.Time {
	for t.Before(end) {
		local := t.In(place)
		_, change := local.ZoneBounds()
		if change.IsZero() || change.After(end) {
			change = end
		}
		if wait, ok := d.wait(wall(local)); ok && t.Add(wait).Before(change) {
			return t.Add(wait)
		}
		t = change
	}
	return end
}

// wait is how long after this time of a week the next window is open, were
// the clock never changed; false if there are no windows.
func (d *Definition) wait(day time.Weekday, at time.Duration) (time.Duration, bool) {
	const aDay = 24 * time.Hour
	for ahead := range 8 {
		best, found := time.Duration(0), false
		begin := time.Duration(ahead) * aDay
		for i := range d.Windows {
			w := &d.Windows[i]
			if !w.Days[(int(day)+ahead)%7] || begin+w.To <= at {
				continue
			}
			if wait := max(0, begin+w.From-at); !found || wait < best {
				best, found = wait, true
			}
		}
		if found {
			return best, true
		}
	}
	return 0, false
}

// wall is what the clock on the wall shows.
func wall(local time.Time) (time.Weekday, time.Duration) {
	h, m, s := local.Clock()
	return local.Weekday(), time.Duration(h)*time.Hour + time.Duration(m)*time.Minute +
		time.Duration(s)*time.Second + time.Duration(local.Nanosecond())
}

// known keeps the zones that were asked for: reading one from the database
// takes a thousand times as long as judging a contact.
var known sync.Map // name -> *time.Location, nil if there is no such zone

// locations are the zones by name; false if there is none or one is unknown.
func locations(zones []string) ([]*time.Location, bool) {
	places := make([]*time.Location, 0, 4) // stays on the stack for nearly all numbers
	for _, name := range zones {
		place := Location(name)
		if place == nil {
			return nil, false
		}
		places = append(places, place)
	}
	return places, len(places) > 0
}

// Location is one zone, nil if unknown. "" and "Local" mean something to Go,
// but not to a phone number.
func Location(name string) *time.Location {
	if v, ok := known.Load(name); ok {
		return v.(*time.Location)
	}
	place, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil
	}
	known.Store(name, place)
	return place
}
