package dialer

import (
	"fmt"
	"math"
	"strings"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/pacing"
)

// traits are what pacing may learn a contact's chance of a live answer from:
// where it stands in the campaign, what was heard of it, what kind of number
// it has, and what time it is there. Names only; nothing of the person.
func traits(c contactdb.Candidate, phone, trunk string, now time.Time) []pacing.Trait {
	named := func(name, value string) pacing.Trait { return pacing.Trait{Name: name + "=" + value, Value: 1} }
	all := []pacing.Trait{named("list", c.List), named("type", c.NumberType)}
	if trunk != "" {
		all = append(all, named("trunk", trunk))
	}
	if zones := c.ZonesOf(phone); len(zones) > 0 {
		if place := campaign.Location(zones[0]); place != nil {
			there := now.In(place)
			all = append(all, named("hour", fmt.Sprintf("%02d", there.Hour())), named("day", strings.ToLower(there.Weekday().String()[:3])))
		}
	}
	if n := c.Progress.Attempts; n > 0 {
		all = append(all, pacing.Trait{Name: "attempts", Value: math.Log1p(float64(n))})
		if last := c.Progress.LastOutcome; last != "" {
			all = append(all, named("last", last))
		}
	}
	return all
}
