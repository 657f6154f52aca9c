package campaign

import (
	"fmt"
	"strings"
	"time"

	"apel/contactdb"
)

// Reasons of a verdict, in the order in which they are looked for: the first
// that applies is given. DoNotCall and AttemptsUp are reasons too.
const (
	WrongCountry = "wrong-country" // never: the number is in another country
	NoZone       = "no-zone"       // never: nobody knows what time it is there
	Final        = "final"         // never: an earlier attempt settled it
	InCall       = "in-call"       // later: the number is in a live attempt
	RetryDelay   = "retry-delay"   // later: the delay after the last outcome, or a callback's time
	DayCap       = "day-cap"       // later: tried often enough today
	OutsideHours = "outside-hours" // later: no window is open
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
	if v, ok := d.never(c); ok {
		return v
	}
	if c.Leased {
		return later(InCall, now.Add(inCallDelay), "the number is in a call right now")
	}
	if now.Before(c.Progress.NextTry) {
		return d.delayed(c)
	}
	places, _ := locations(c.Zones)
	capped := d.cappedIn(places, c.NumberTries, now)
	if capped == nil && d.openIn(places, now) {
		return contactdb.Verdict{Kind: contactdb.Yes}
	}
	next, found := d.earliest(places, c.NumberTries, now)
	switch {
	case !found:
		return later(OutsideHours, next, fmt.Sprintf("the call windows in %s are not open together within two weeks; widen windows:, or correct the contact's zones",
			strings.Join(c.Zones, ", ")))
	case capped != nil:
		return later(DayCap, next, fmt.Sprintf("tried %d times today (%s), which is the limit of a day", d.Attempts.PerDay, capped))
	}
	return later(OutsideHours, next, fmt.Sprintf("outside the call windows in %s; they open %s",
		strings.Join(c.Zones, ", "), next.In(places[0]).Format("Mon 2 Jan 15:04 MST")))
}

// never looks for what no waiting helps against.
func (d *Definition) never(c contactdb.Candidate) (contactdb.Verdict, bool) {
	switch {
	case c.Suppressed != nil:
		return never(DoNotCall, "the number is on the do-not-call list: "+orUnknown(c.Suppressed.Reason))
	case d.Country != "" && c.Region != d.Country:
		return never(WrongCountry, fmt.Sprintf("the number is in %s, and the campaign calls %s only", orUnknown(c.Region), d.Country))
	case !zonesKnown(c.Zones):
		return never(NoZone, "it is not known what time it is there; give the contact a time zone: apel contact edit")
	case len(d.Windows) == 0:
		return never(OutsideHours, "the campaign has no call windows; write windows: into its file")
	case c.Progress.Attempts >= d.Attempts.Max:
		return never(AttemptsUp, fmt.Sprintf("tried %d times, and the limit is %d", c.Progress.Attempts, d.Attempts.Max))
	case c.Progress.Final != "":
		return never(Final, "settled: "+c.Progress.Final)
	}
	return contactdb.Verdict{}, false
}

// delayed is the verdict on a contact whose next try has a time.
func (d *Definition) delayed(c contactdb.Candidate) contactdb.Verdict {
	p := c.Progress
	if p.Rescheduled {
		return later(RetryDelay, p.NextTry, "a callback was promised for then")
	}
	return later(RetryDelay, p.NextTry, "waits after "+orUnknown(p.LastOutcome))
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

// earliest is the first instant from t on with room in the day and a window
// open in all places; false and the end of the search if there is none.
func (d *Definition) earliest(places []*time.Location, tries []time.Time, t time.Time) (time.Time, bool) {
	for end := t.Add(horizon); t.Before(end); {
		if capped := d.cappedIn(places, tries, t); capped != nil {
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

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
