package campaign

import (
	"fmt"
	"math"
	"time"

	"apel/contactdb"
)

// What must be known before an hour counts as better than another.
const (
	enoughCalls  = 1000 // in all hours
	enoughInHour = 200  // in that one
	sure         = 2.58 // standard deviations: 99 %, two-sided
	better       = 1.1  // times the share of all hours, at the lower end of the interval
)

// BestHour is the hour of the day in which people answer most, and what speaks
// for it: "" as long as the calls made do not show that any hour is better.
func BestHour(h contactdb.Hours) (hour int, why string) {
	calls, answers := sums(h)
	if calls < enoughCalls || answers == 0 {
		return 0, ""
	}
	all := float64(answers) / float64(calls)
	best := better * all
	for i := range h.Calls {
		if low := wilson(h.Answers[i], h.Calls[i]); h.Calls[i] >= enoughInHour && low > best {
			hour, best = i, low
			why = fmt.Sprintf("from %02d:00 on %.0f %% of %d calls were answered, of all %d calls %.0f %%",
				i, 100*float64(h.Answers[i])/float64(h.Calls[i]), h.Calls[i], calls, 100*all)
		}
	}
	return hour, why
}

func sums(h contactdb.Hours) (calls, answers int) {
	for i := range h.Calls {
		calls, answers = calls+h.Calls[i], answers+h.Answers[i]
	}
	return calls, answers
}

// wilson is the lower end of the interval of Wilson (1927) for a share.
func wilson(yes, of int) float64 {
	if of == 0 {
		return 0
	}
	n, p, z := float64(of), float64(yes)/float64(of), sure
	return (p + z*z/(2*n) - z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))) / (1 + z*z/n)
}

// InBestHour moves a try after an outcome that says that nobody was there into
// the best hour of one of the contact's numbers, if one is known and comes within
// a day of the time. The hour is that of the number's first zone; all must be open.
func (d *Definition) InBestHour(h contactdb.Hours, c contactdb.Contact, outcome string, at time.Time) time.Time {
	hour, why := BestHour(h)
	if !d.Attempts.BestHour || why == "" || at.IsZero() || outcome != contactdb.NoAnswer && outcome != contactdb.Machine {
		return at
	}
	for t := at; t.Before(at.Add(aDay)); t = t.Truncate(time.Hour).Add(time.Hour) {
		for _, zones := range zonesOf(c) {
			if places, ok := locations(zones); ok && t.In(places[0]).Hour() == hour && d.openIn(places, t) {
				return t
			}
		}
	}
	return at
}

// Score is how large a share answers in zones at an instant, for the order
// "best": that of the hour, drawn to the share of all hours as far as little is
// known of it.
func Score(h contactdb.Hours, zones []string, now time.Time) float64 {
	calls, answers := sums(h)
	places, ok := locations(zones)
	if calls < enoughCalls || !ok {
		return 0
	}
	const weight = 100 // calls of the average that an hour is given
	all, hour := float64(answers)/float64(calls), now.In(places[0]).Hour()
	return (float64(h.Answers[hour]) + weight*all) / (float64(h.Calls[hour]) + weight)
}
