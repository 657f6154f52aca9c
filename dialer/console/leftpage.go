package console

import (
	"cmp"
	"context"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"apel/campaign"
	"apel/dialer"
	"apel/dialer/console/web"
)

// contactsLeft is the part of a campaign's page that counts its contacts, which
// is not drawn each second: the rules are asked of each contact. Of lists that
// are long it is drawn from indexes first, and by the rules for who asks.
type contactsLeft struct {
	dialer.Plan
	Counted bool // by the rules; else only Zones is filled
	Whys    template.HTML
	Hours   []leftHour // the columns of the table of zones
	Zones   []leftZone
	Most    int // in one cell
}

// leftHour is a column: an hour, or what comes after the last hour that has one.
type leftHour struct {
	Hour, Day string // in the zone of this machine; Day only where it changes
}

// leftZone is a row: the contacts of a zone by the hour in which they may be dialed.
type leftZone struct {
	Name string
	Now  leftCell
	At   []leftCell // as Hours
	Sum  int
}

// leftCell is a count, and how dark it is shown.
type leftCell struct {
	N     int
	Shade int // 0 to 4
}

const (
	shownHours = 10 // columns with an hour of their own
	shownZones = 10 // rows with a zone of their own
)

// notSoon is where leftByIndex has those who may be dialed after the hours that it knows.
const notSoon = "later"

func (a *api) campaignContacts(w http.ResponseWriter, r *http.Request) error {
	name, l := r.PathValue("campaign"), langOf(r)
	d, err := a.contactsLeft(r.Context(), name, r.URL.Query().Get("rules") != "", l)
	if err != nil {
		return a.missingCampaign(err, name)
	}
	body, err := a.pages.Part("campaigncontacts", "main", l, d)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // the browser is gone: nobody to tell
	return nil
}

func (a *api) contactsLeft(ctx context.Context, name string, byRules bool, l web.Lang) (d contactsLeft, err error) {
	c, err := a.svc.Store().Campaign(name)
	if err != nil {
		return d, err
	}
	d.Campaign = name
	kept := a.plans.of(name)
	if !byRules && !kept.serves(c) {
		n, err := a.listed(name)
		if err != nil {
			return d, err
		}
		if n > a.plans.walkable {
			h, err := a.svc.HoursLeft(name)
			d.fill(leftByIndex(h), l)
			return d, err
		}
	}
	if d.Plan, err = kept.plan(ctx, a.svc, c, a.plans.least); err != nil {
		return d, err
	}
	d.Counted, d.Whys = true, whysOf(d.Counts, l)
	d.fill(d.Plan.Zones, l)
	return d, nil
}

// listed is how many contacts a campaign's lists have.
func (a *api) listed(name string) (n int, err error) {
	v, err := a.svc.Store().CampaignVersion(name, 0)
	if err != nil {
		return 0, err
	}
	def, err := campaign.Parse(v.Source)
	if err != nil {
		return 0, err
	}
	for _, list := range def.Lists {
		if got, err := a.svc.Store().List(list.Name); err == nil { // one that is missing is a violation of the plan
			n += got.Contacts
		}
	}
	return n, nil
}

// leftByIndex is in which hour the contacts of each zone may first be dialed.
func leftByIndex(h dialer.HoursLeft) []dialer.ZonePlan {
	all := make([]dialer.ZonePlan, len(h.Zones))
	for i, z := range h.Zones {
		all[i] = dialer.ZonePlan{Zones: z.Zones, At: map[string]int{}}
		if len(z.AnyOf) > 0 {
			all[i].Zones = nil
			for _, zones := range z.AnyOf {
				all[i].Zones = append(all[i].Zones, strings.Join(zones, " + "))
			}
		}
		most := 0
		for _, hour := range z.Hours {
			if hour.Contacts > most {
				all[i].At[hour.At.Format(time.RFC3339)] = hour.Contacts - most
				most = hour.Contacts
			}
		}
		if z.Contacts > most {
			all[i].At[notSoon] = z.Contacts - most
		}
	}
	sum := func(z dialer.ZonePlan) (n int) {
		for _, at := range z.At {
			n += at
		}
		return n
	}
	slices.SortStableFunc(all, func(x, y dialer.ZonePlan) int { return cmp.Compare(sum(y), sum(x)) })
	return all
}

// whysOf draws the contacts by what the rules say of them.
func whysOf(c dialer.Counts, l web.Lang) template.HTML {
	bars := []web.Bar{{Name: web.Text(l, "plan.now.short"), Class: "c2", Value: float64(c.Now), Text: web.Number(l, c.Now)}}
	for _, part := range []struct {
		why   map[string]int
		class string
	}{{c.LaterWhy, "c1"}, {c.NeverWhy, "c6"}} {
		for _, why := range sortedKeys(part.why) {
			bars = append(bars, web.Bar{Name: web.Word(l, "held", why), Class: part.class, Value: float64(part.why[why]), Text: web.Number(l, part.why[why])})
		}
	}
	return web.Bars(web.Text(l, "campaign.contacts"), bars...)
}

// fill makes the table of zones and hours: the next hours in which somebody may
// be dialed, and the zones with most contacts, the rest together.
func (d *contactsLeft) fill(zones []dialer.ZonePlan, l web.Lang) {
	hours := map[string]bool{}
	for _, z := range zones {
		for at := range z.At {
			hours[at] = true
		}
	}
	order := slices.Sorted(maps.Keys(hours)) // RFC 3339 in UTC: in the order of time
	known := slices.DeleteFunc(slices.Clone(order), func(at string) bool { return at == notSoon })
	shown := known[:min(len(known), shownHours)]
	d.Hours = hourNames(shown)
	if len(order) > len(shown) {
		d.Hours = append(d.Hours, leftHour{Hour: web.Text(l, "left.later")})
	}
	for i, z := range zones {
		if i < shownZones {
			d.Zones = append(d.Zones, leftZone{Name: joinZones(z.Zones), At: make([]leftCell, len(d.Hours))})
		} else if i == shownZones {
			d.Zones = append(d.Zones, leftZone{Name: web.Text(l, "left.others"), At: make([]leftCell, len(d.Hours))})
		}
		row := &d.Zones[len(d.Zones)-1]
		row.Now.N += z.Now
		row.Sum += z.Now
		for at, n := range z.At {
			column := slices.Index(shown, at)
			if column < 0 {
				column = len(d.Hours) - 1
			}
			row.At[column].N += n
			row.Sum += n
		}
	}
	d.shade()
}

// shade marks the cells by their share of the fullest.
func (d *contactsLeft) shade() {
	cells := func(f func(c *leftCell)) {
		for i := range d.Zones {
			f(&d.Zones[i].Now)
			for j := range d.Zones[i].At {
				f(&d.Zones[i].At[j])
			}
		}
	}
	cells(func(c *leftCell) { d.Most = max(d.Most, c.N) })
	cells(func(c *leftCell) {
		if c.N > 0 {
			c.Shade = 1 + 3*c.N/d.Most
		}
	})
}

// hourNames writes hours in the zone of this machine, with the day where it is another.
func hourNames(hours []string) []leftHour {
	var all []leftHour
	day := time.Now().Local().Format("02.01")
	for _, at := range hours {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil { // the plan writes none but these
			continue
		}
		h := leftHour{Hour: t.Local().Format("15h")}
		if d := t.Local().Format("02.01"); d != day {
			h.Day, day = d, d
		}
		all = append(all, h)
	}
	return all
}

// joinZones writes the zones that a number may be in, at most three.
func joinZones(zones []string) string {
	if len(zones) > 3 {
		return strings.Join(zones[:3], ", ") + " …"
	}
	return strings.Join(zones, ", ")
}
