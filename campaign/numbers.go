package campaign

import (
	"cmp"
	"fmt"
	"time"

	"apel/contactdb"
)

// Which of a contact's numbers comes next.
const (
	InTurn = "in-turn" // the one that was tried least, in the contact's order
	InRow  = "in-row"  // the first that may be called
)

// Numbers says how the numbers of a contact that has several are tried.
type Numbers struct {
	Order  string        // InTurn or InRow
	Switch time.Duration // from one number to the next that was tried less
}

// numberSeen is one of a candidate's numbers, as the rules see it.
type numberSeen struct {
	contactdb.Sight
	zones    []string // by which a call to it is judged
	attempts int
	outcome  string
}

// numbersOf are the candidate's numbers in the contact's order.
func numbersOf(c contactdb.Candidate) []numberSeen {
	first := contactdb.Sight{Number: contactdb.Number{Phone: c.Phone, Type: c.NumberType, Region: c.Region, Zones: c.Zones},
		Suppressed: c.Suppressed, Tries: c.NumberTries, Leased: c.Leased}
	if len(c.Others) == 0 {
		return []numberSeen{{Sight: first, zones: c.ZonesOf(c.Phone)}}
	}
	for _, n := range c.Contact.Numbers {
		if n.Phone == c.Phone {
			first.Number = n
		}
	}
	all := []numberSeen{{Sight: first}}
	for _, o := range c.Others {
		all = append(all, numberSeen{Sight: o})
	}
	for i := range all {
		all[i].zones = c.ZonesOf(all[i].Phone)
		for _, p := range c.Progress.Numbers {
			if p.Phone == all[i].Phone {
				all[i].attempts, all[i].outcome = p.Attempts, p.Outcome
			}
		}
	}
	return all
}

// dead says that an outcome is one of the number and not of the person: it
// will be so next time.
func dead(outcome string) bool {
	return outcome == contactdb.InvalidNumber || outcome == contactdb.Fax || outcome == contactdb.Intercepted
}

// refused is why a number is never called; the zero verdict if it may be.
func (d *Definition) refused(n numberSeen) contactdb.Verdict {
	var v contactdb.Verdict
	switch {
	case n.Suppressed != nil && n.Suppressed.Expires.IsZero():
		v, _ = never(DoNotCall, suppressedBy(n.Suppressed))
		v.By = listOf(n.Suppressed)
	case n.Suppressed != nil:
		v = later(DoNotCall, n.Suppressed.Expires, suppressedBy(n.Suppressed))
		v.By = listOf(n.Suppressed)
	case d.Country != "" && n.Region != d.Country:
		v, _ = never(WrongCountry, fmt.Sprintf("the number is in %s, and the campaign calls %s only", orUnknown(n.Region), d.Country))
		v.By = orUnknown(n.Region)
	case dead(n.outcome) && d.retry(n.outcome) <= 0:
		v, _ = never(contactdb.InvalidNumber, "nobody can be reached on the number: "+n.outcome)
		v.By = n.outcome
	case !zonesKnown(n.zones):
		v, _ = never(NoZone, "it is not known what time it is there; give the contact a time zone: apel contact edit")
	}
	return v
}

func suppressedBy(s *contactdb.Suppression) string {
	why := fmt.Sprintf("the number is on the do-not-call list %q", listOf(s))
	if s.Reason != "" && s.Reason != "register" { // what the store says of one without a reason
		why += ": " + s.Reason
	}
	return why
}

func listOf(s *contactdb.Suppression) string { return cmp.Or(s.List, contactdb.OwnList) }

// ByNumber says what the rules say of each number of a contact, in the contact's
// order, whatever they say of the contact.
func (d *Definition) ByNumber(c contactdb.Candidate, now time.Time) (all []contactdb.Verdict) {
	for _, n := range numbersOf(c) {
		v := d.refused(n)
		if v.Reason == "" {
			v = d.when(n, now)
		}
		v.Phone = n.Phone
		all = append(all, v)
	}
	return all
}

// choose judges each number and takes the one to dial, or says of the best why
// not now.
func (d *Definition) choose(c contactdb.Candidate, now time.Time) contactdb.Verdict {
	var best, wait contactdb.Verdict
	var least, usable int
	chosen := -1
	all := numbersOf(c)
	for i, n := range all {
		v := d.refused(n)
		if v.Reason == "" {
			usable++
			v = d.when(n, now)
		}
		switch {
		case v.Kind == contactdb.Yes && (chosen < 0 || d.Numbers.Order != InRow && n.attempts < least):
			chosen, least, best = i, n.attempts, v
		case v.Kind == contactdb.Later && (wait.Reason == "" || v.When.Before(wait.When)):
			wait = v
		case v.Kind == contactdb.Never && wait.Reason == "" && best.Reason == "":
			best = v
		}
	}
	switch {
	case chosen >= 0 && len(all) == 1:
		return contactdb.Verdict{Kind: contactdb.Yes}
	case chosen >= 0:
		v := contactdb.Verdict{Kind: contactdb.Yes, Phone: all[chosen].Phone, Others: usable > 1}
		for i, n := range all {
			v.Fresher = v.Fresher || i != chosen && n.attempts < least+1 && d.refused(n).Reason == ""
		}
		return v
	case wait.Reason != "":
		return wait
	}
	return best
}

// when says whether a number may be called now, and if not, when.
func (d *Definition) when(n numberSeen, now time.Time) contactdb.Verdict {
	if n.Leased {
		return later(InCall, now.Add(inCallDelay), "the number is in a call right now")
	}
	places, _ := locations(n.zones)
	own, ok := locations(n.Zones)
	if !ok {
		own = places
	}
	reason, why := d.capped(own, n.Tries, now)
	if reason == "" && d.openIn(places, now) {
		return contactdb.Verdict{Kind: contactdb.Yes}
	}
	next, found := d.earliest(places, own, n.Tries, now)
	switch {
	case !found:
		return later(OutsideHours, next, fmt.Sprintf("the call windows in %s are not open together within two weeks; widen windows:, or correct the contact's zones", joined(n.zones)))
	case reason != "":
		return later(reason, next, why)
	}
	v := later(OutsideHours, next, fmt.Sprintf("outside the call windows in %s; they open %s", joined(n.zones), next.In(places[0]).Format("Mon 2 Jan 15:04 MST")))
	v.By = joined(n.zones)
	return v
}

// capped says which cap on the attempts on a number is reached at an instant:
// the calendar day of any of its places, any 7 days, any 30 days.
func (d *Definition) capped(places []*time.Location, tries []time.Time, t time.Time) (reason, why string) {
	if place := d.cappedIn(places, tries, t); place != nil {
		return DayCap, fmt.Sprintf("tried %d times today (%s), which is the limit of a day", d.Attempts.PerDay, place)
	}
	for _, limit := range d.rolling() {
		if n := within(tries, t, limit.span); limit.most > 0 && n >= limit.most {
			return limit.reason, fmt.Sprintf("tried %d times in %d days, which is the limit", n, int(limit.span/aDay))
		}
	}
	return "", ""
}

const aDay = 24 * time.Hour

type rollingCap struct {
	reason string
	span   time.Duration
	most   int
}

func (d *Definition) rolling() [2]rollingCap {
	return [2]rollingCap{{WeekCap, 7 * aDay, d.Attempts.PerWeek}, {MonthCap, 30 * aDay, d.Attempts.Per30Days}}
}

// within counts the tries of a span that ends at t.
func within(tries []time.Time, t time.Time, span time.Duration) (n int) {
	for _, try := range tries {
		if t.Sub(try) < span {
			n++
		}
	}
	return n
}

// room is the first instant from t on at which no rolling cap is reached.
func (d *Definition) room(tries []time.Time, t time.Time) time.Time {
	for _, limit := range d.rolling() {
		if n := within(tries, t, limit.span); limit.most > 0 && n >= limit.most {
			if free := tries[len(tries)-limit.most].Add(limit.span); free.After(t) { // the oldest that must be gone
				t = free
			}
		}
	}
	return t
}
