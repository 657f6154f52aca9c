package campaign

import (
	"fmt"
	"time"
)

// rules are what a country's regulator asks of a dialer, each with where it is
// written; zero fields ask nothing.
type rules struct {
	hours, ringing, abandoning string // where each is written

	from, to time.Duration // hours in which people may be called
	ring     time.Duration // an unanswered call rings at least this long
	limit    float64       // of abandoned calls among live answers
	window   time.Duration // longest over which the limit counts
	within   time.Duration // an operator is there by then
	retry    time.Duration // an abandoned number rests
}

// countries have rules that are written in numbers.
//
// US: 47 CFR 64.1200 as numbered since 2012: (c)(1) hours, (a)(6) ring time,
// (a)(7) abandonment, 3 % over 30 days and a campaign. The Telemarketing Sales
// Rule says the same as a safe harbour, 16 CFR 310.4(b)(4). Numbers and times
// were held against the FTC's and others' summaries of both; in the rule of 2003
// (68 FR 44144) the two paragraphs are (a)(5) and (a)(6).
//
// GB: the numbers are Ofcom's of 2008, as amended in 2010. The statement that
// replaced them ("Persistent Misuse", 20 December 2016, in force since 1 March
// 2017) gives no share that is safe: each abandoned call may count, and the rate,
// abandoned calls of a day among abandoned and live ones, only says whom Ofcom
// looks at first. That was read in summaries of it by others. So the old numbers
// are the most that is let through here, and less is better.
var countries = map[string]rules{
	"US": {hours: "47 CFR 64.1200(c)(1)", ringing: "47 CFR 64.1200(a)(6)", abandoning: "47 CFR 64.1200(a)(7)",
		from: 8 * time.Hour, to: 21 * time.Hour, ring: 15 * time.Second,
		limit: 0.03, window: 30 * 24 * time.Hour, within: 2 * time.Second},
	"GB": {ringing: ofcom, abandoning: ofcom, ring: 15 * time.Second,
		limit: 0.03, window: 24 * time.Hour, within: 2 * time.Second, retry: 72 * time.Hour},
}

const ofcom = "Ofcom, persistent misuse, 2010; since March 2017 no share of abandoned calls is safe"

// checkRules holds the settings against the rules of the campaign's country.
func (d *Definition) checkRules() []error {
	r, ok := countries[d.Country]
	if !ok {
		return nil
	}
	var all []error
	breach := func(broken bool, rule, format string, args ...any) {
		if broken {
			all = append(all, &Breach{Rule: rule, Problem: fmt.Sprintf(format, args...)})
		}
	}
	breach(d.RingTime < r.ring, r.ringing, "ring-time is %s; let an unanswered call ring for %s at least", formatSpan(d.RingTime), formatSpan(r.ring))
	a := d.Abandonment
	breach(a.Limit > r.limit, r.abandoning, "abandonment: limit is %s; write %s at most", formatPercent(a.Limit), formatPercent(r.limit))
	breach(a.Window > r.window, r.abandoning, "abandonment: window is %s; write %s at most", formatSpan(a.Window), formatSpan(r.window))
	breach(a.Within > r.within, r.abandoning, "abandonment: within is %s; write %s at most", formatSpan(a.Within), formatSpan(r.within))
	breach(a.Retry > 0 && a.Retry < r.retry, r.abandoning, "abandonment: retry is %s; let an abandoned number rest for %s", formatSpan(a.Retry), formatSpan(r.retry))
	for _, w := range d.Windows {
		breach(r.to > 0 && (w.From < r.from || w.To > r.to), r.hours, "windows: %s-%s on %s goes beyond %s-%s; shorten it",
			formatClock(w.From), formatClock(w.To), formatDays(w.Days), formatClock(r.from), formatClock(r.to))
	}
	return all
}
