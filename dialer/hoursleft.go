package dialer

import (
	"time"

	"apel/campaign"
	"apel/contactdb"
)

// HoursLeft is whom a campaign has still to call, by zone and hour.
type HoursLeft struct {
	Campaign string      `json:"campaign"`
	At       time.Time   `json:"at"` // when it was counted
	Zones    []ZoneHours `json:"zones"`
}

// ZoneHours are the next 24 hours of the contacts in one set of zones.
type ZoneHours struct {
	contactdb.Left
	Hours []HourLeft `json:"hours"` // from this hour on
}

// HourLeft is one hour of a zone.
type HourLeft struct {
	At       time.Time `json:"at"`       // its beginning
	Clock    string    `json:"clock"`    // 15:04, there; of several zones, in the first
	Open     bool      `json:"open"`     // the call windows allow calls in a part of it at least
	Contacts int       `json:"contacts"` // who could be called in it, if nobody were called before; 0 if it is not open
}

// HoursLeft says of a campaign how many contacts are left for each of the next 24
// hours, by zone: what its supervisor has to get through, and where hours run out.
// The hours are those by which contacts are leased; of the other rules it knows
// only what leases have met so far (see contactdb.Store.Left), so that a million
// contacts take a fraction of a second.
func (s *Service) HoursLeft(name string) (HoursLeft, error) {
	c, err := s.store.Campaign(name)
	if err != nil {
		return HoursLeft{}, err
	}
	r, err := s.load(name, c.Version)
	if err != nil {
		return HoursLeft{}, err
	}
	left, err := s.store.Left(name, r.sources())
	if err != nil {
		return HoursLeft{}, err
	}
	return r.hoursLeft(name, left, time.Now()), nil
}

func (r *rules) hoursLeft(name string, left []contactdb.Left, now time.Time) HoursLeft {
	h := HoursLeft{Campaign: name, At: now.UTC(), Zones: []ZoneHours{}}
	for _, z := range left {
		place := firstPlace(z.Zones)
		of := ZoneHours{Left: z}
		for i := range 24 {
			at := now.Truncate(time.Hour).Add(time.Duration(i) * time.Hour)
			end := at.Add(time.Hour)
			hour := HourLeft{At: at.UTC(), Clock: at.In(place).Format("15:04"), Open: r.opensIn(z.ZoneSet, laterOf(at, now), end)}
			if hour.Open {
				hour.Contacts = z.Fresh
				for _, w := range z.Waiting {
					if w.At.Before(end) {
						hour.Contacts += w.Contacts
					}
				}
			}
			of.Hours = append(of.Hours, hour)
		}
		h.Zones = append(h.Zones, of)
	}
	return h
}

// opensIn says whether contacts in some zones may be called at any time of a span.
func (r *rules) opensIn(z contactdb.ZoneSet, from, to time.Time) bool {
	open, next := z.Open(func(zones []string) (bool, time.Time) { return r.open(zones, from) })
	return open || !next.IsZero() && next.Before(to)
}

// firstPlace is the clock to show for some zones.
func firstPlace(zones []string) *time.Location {
	if len(zones) > 0 {
		if place := campaign.Location(zones[0]); place != nil {
			return place
		}
	}
	return time.UTC
}
