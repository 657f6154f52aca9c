package campaign

import (
	"fmt"
	"strings"
	"time"

	"apel/contactdb"
)

// Reasons of a verdict, in the order in which they are looked for: the first
// that applies is given. DoNotCall, AttemptsUp and contactdb.InvalidNumber are
// reasons too. One that a number has is given if no other number is better off.
const (
	WrongCountry     = "wrong-country"     // never: the number is in another country
	NoZone           = "no-zone"           // never: nobody knows what time it is there
	ConsentWithdrawn = "consent-withdrawn" // never: the contact has said no
	ConsentMissing   = "consent-missing"   // never: the campaign needs an agreement
	ConsentExpired   = "consent-expired"   // never: it was for a time
	FilteredOut      = "filtered-out"      // never: the campaign or its list asks for others
	Final            = "final"             // never: an earlier attempt settled it
	InCall           = "in-call"           // later: the number, or the contact, is in a live attempt
	RetryDelay       = "retry-delay"       // later: the delay after the last outcome
	CallbackPromised = "callback"          // later: a call was promised for then
	DayCap           = "day-cap"           // later: tried often enough today
	WeekCap          = "week-cap"          // later: tried often enough in 7 days
	MonthCap         = "month-cap"         // later: tried often enough in 30 days
	OutsideHours     = "outside-hours"     // later: no window is open
	NotStarted       = "not-started"       // later: the schedule has not begun
	Ended            = "ended"             // never: the schedule is over
)

// inCallDelay is when to ask again about a number in a live attempt: about as
// long as a call that nobody answers.
const inCallDelay = time.Minute

// Judge says whether the candidate may be dialed now. Trunk and CallerID of
// the verdict are left to the caller.
//
// When of a Later is not before which asking again is worth while: for the day
// cap and the hours it is the first minute that both allow.
func (d *Definition) Judge(c contactdb.Candidate, now time.Time) contactdb.Verdict {
	if v, ok := d.never(c, now); ok {
		return v
	}
	if start := d.Schedule.Start; now.Before(start) {
		_, next := d.OpenTo(c.Contact, start)
		return later(NotStarted, next, "the campaign's schedule starts "+start.Format("Mon 2 Jan 2006 15:04 MST"))
	}
	if c.Leased && len(c.Others) == 0 {
		return later(InCall, now.Add(inCallDelay), "the number is in a call right now")
	}
	if now.Before(c.Progress.NextTry) {
		return d.delayed(c)
	}
	return d.choose(c, now)
}

// never looks for what no waiting helps against.
func (d *Definition) never(c contactdb.Candidate, now time.Time) (contactdb.Verdict, bool) {
	if v, refused := d.allRefused(c); refused {
		return v, true
	}
	if v, refused := d.consent(c.Consent, now); refused {
		return v, true
	}
	if v, out := d.filtered(c); out {
		return v, true
	}
	switch {
	case !d.Schedule.End.IsZero() && !now.Before(d.Schedule.End):
		return never(Ended, "the campaign's schedule has ended on "+d.Schedule.End.Format("Mon 2 Jan 2006 15:04 MST")+"; write a later end: into its file")
	case len(d.Windows) == 0:
		return never(OutsideHours, "the campaign has no call windows; write windows: into its file")
	case c.Progress.Attempts >= d.Attempts.Max && (c.Progress.Promise == nil || !d.Callbacks.BeyondMax):
		return never(AttemptsUp, fmt.Sprintf("tried %d times, and the limit is %d", c.Progress.Attempts, d.Attempts.Max))
	case c.Progress.Final != "":
		v, out := never(Final, fmt.Sprintf("an earlier call has settled it (%s); nobody calls again in this campaign", c.Progress.Final))
		v.By = c.Progress.Final
		return v, out
	}
	return contactdb.Verdict{}, false
}

// allRefused is the reason of the first number if none may ever be called.
func (d *Definition) allRefused(c contactdb.Candidate) (first contactdb.Verdict, all bool) {
	for i, n := range numbersOf(c) {
		v := d.refused(n)
		if v.Reason == "" {
			return v, false
		}
		if i == 0 || first.Kind == contactdb.Never && v.Kind == contactdb.Later || v.Kind == contactdb.Later && v.When.Before(first.When) {
			first = v // what ends by itself comes before what does not
		}
	}
	return first, true
}

// filtered names the condition of the campaign, or of the contact's list, that
// the contact does not meet.
func (d *Definition) filtered(c contactdb.Candidate) (contactdb.Verdict, bool) {
	if failed := d.Filter.fails(c); failed != "" {
		v, out := never(FilteredOut, "the campaign asks for "+failed)
		v.By = failed
		return v, out
	}
	for _, l := range d.Lists {
		if l.Name == c.List {
			if failed := l.Filter.fails(c); failed != "" {
				v, out := never(FilteredOut, fmt.Sprintf("the campaign asks of list %q for %s", l.Name, failed))
				v.By = fmt.Sprintf("list %q: %s", l.Name, failed)
				return v, out
			}
		}
	}
	return contactdb.Verdict{}, false
}

// delayed is the verdict on a contact whose next try has a time.
func (d *Definition) delayed(c contactdb.Candidate) contactdb.Verdict {
	p := c.Progress
	switch {
	case p.Promise != nil && p.Promise.Operator != "":
		v := later(CallbackPromised, p.NextTry, "a callback by "+p.Promise.Operator+" was promised for then")
		v.By = p.Promise.Operator
		return v
	case p.Promise != nil:
		return later(CallbackPromised, p.NextTry, "a callback was promised for then")
	case p.Rescheduled:
		return later(RetryDelay, p.NextTry, "a callback was promised for then")
	}
	v := later(RetryDelay, p.NextTry, "the delay after the last try, whose outcome was "+orUnknown(p.LastOutcome))
	v.By = orUnknown(p.LastOutcome)
	return v
}

// cappedIn is the first place in whose calendar day of t the number was tried
// as often as a day allows; nil if there is none.
func (d *Definition) cappedIn(places []*time.Location, tries []time.Time, t time.Time) *time.Location {
	if len(tries) < d.Attempts.PerDay {
		return nil
	}
	for _, place := range places {
		if countOn(t.In(place), tries) >= d.Attempts.PerDay {
			return place
		}
	}
	return nil
}

// countOn counts the tries on the calendar day of local, in its zone.
func countOn(local time.Time, tries []time.Time) int {
	y, m, day := local.Date()
	n := 0
	for _, try := range tries {
		if ty, tm, td := try.In(local.Location()).Date(); ty == y && tm == m && td == day {
			n++
		}
	}
	return n
}

// earliest is the first instant from t on with room under the caps, by the
// number's own places, and a window open in all places; false and the end of
// the search if there is none.
func (d *Definition) earliest(places, own []*time.Location, tries []time.Time, t time.Time) (time.Time, bool) {
	t = d.room(tries, t)
	for end := t.Add(horizon); t.Before(end); {
		if capped := d.cappedIn(own, tries, t); capped != nil {
			t = tomorrow(t.In(capped))
			continue
		}
		next, found := d.opening(places, t)
		if !found || next.Equal(t) {
			return next, found
		}
		t = next
	}
	return t, false
}

// tomorrow is the first instant after local that has another date: midnight,
// or the change of the clock that skips it or goes back over it. Always later
// than local, so that a search by days comes to its end.
func tomorrow(local time.Time) time.Time {
	date := local.Format(time.DateOnly)
	for {
		_, at := wall(local)
		midnight := local.Add(24*time.Hour - at)
		_, change := local.ZoneBounds()
		if change.IsZero() || midnight.Before(change) {
			return midnight
		}
		if change.Format(time.DateOnly) != date {
			return change
		}
		local = change
	}
}

// zonesKnown says whether there are zones, all in the database.
func zonesKnown(zones []string) bool {
	_, ok := locations(zones)
	return ok
}

func never(reason, detail string) (contactdb.Verdict, bool) {
	return contactdb.Verdict{Kind: contactdb.Never, Reason: reason, Detail: detail}, true
}

func later(reason string, when time.Time, detail string) contactdb.Verdict {
	return contactdb.Verdict{Kind: contactdb.Later, Reason: reason, When: when, Detail: detail}
}

func joined(zones []string) string { return strings.Join(zones, ", ") }

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
