package dialer

import (
	"time"

	"apel/campaign"
	"apel/contactdb"
)

// view is from where the store shows contacts to a campaign's rules.
func (r *rules) view(name string, now time.Time) contactdb.Viewpoint {
	v := contactdb.Viewpoint{Campaign: name, Client: r.def.Client, Registers: r.def.Registers, Now: now}
	for _, c := range r.def.CallerID {
		v.Callers = append(v.Callers, contactdb.CallerCap{Number: c.Number, PerDay: c.PerDay, Rest: c.Rest})
	}
	return v
}

// sources are the campaign's lists as the store takes contacts from them.
func (r *rules) sources() []contactdb.Source {
	return sourcesOf(r.def)
}

func sourcesOf(def *campaign.Definition) (all []contactdb.Source) {
	for _, l := range def.Lists {
		all = append(all, contactdb.Source{List: l.Name, Weight: l.Weight, Order: l.Order})
	}
	return all
}
