package campaign

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
)

// Known is what the machine has, for Check.
type Known struct {
	Trunks    []string
	Lists     []string
	Operators []string
	Teams     []string
	Registers []string            // do-not-call registers
	CallerIDs map[string][]string // by trunk: the numbers it may show; empty: not restricted
}

// Breach is an error of Check that says which rule of the campaign's country
// the settings break. The others say what is missing.
type Breach struct {
	Rule    string // where it is written
	Problem string // one sentence with the next step
}

func (b *Breach) Error() string { return b.Problem + " (" + b.Rule + ")" }

// Check finds what would keep the campaign from running (missing trunk or
// list, caller ID not allowed, ...) or break a rule (*Breach), each as a
// sentence with the next step. Rules of a country are held against campaigns
// that say country:.
func (d *Definition) Check(k Known) []error {
	var all []error
	all = append(all, missing("list", d.listNames(), k.Lists, "import it: apel list import FILE --name %s")...)
	all = append(all, missing("trunk", d.Trunks, k.Trunks, "add trunk %s to apel.yaml, or name another in the campaign")...)
	all = append(all, missing("team", d.Teams, k.Teams, "add it: apel team add %s")...)
	all = append(all, missing("operator", d.Operators, k.Operators, "add the account: apel operator add %s")...)
	all = append(all, missing("do-not-call register", d.Registers, k.Registers, "import it: apel dnc import FILE --list %s")...)
	all = append(all, d.checkCallerIDs(k)...)
	all = append(all, d.checkVoiceDrop()...)
	all = append(all, d.checkChoice()...)
	return append(all, d.checkRules()...)
}

// missing says of each wanted name that is not there what to do about it.
func missing(what string, wanted, there []string, next string) []error {
	var all []error
	for _, name := range wanted {
		if slices.Contains(there, name) {
			continue
		}
		problem := fmt.Sprintf("there is no %s %q", what, name)
		if near := nearest(name, there); near != "" {
			problem += fmt.Sprintf(" (did you mean %q?)", near)
		}
		all = append(all, fmt.Errorf("%s; "+next, problem, name))
	}
	return all
}

func (d *Definition) listNames() (names []string) {
	for _, l := range d.Lists {
		names = append(names, l.Name)
	}
	return names
}

// checkChoice holds pacing's choice against the order that lists ask for.
func (d *Definition) checkChoice() (all []error) {
	for _, l := range d.Lists {
		if byField := strings.HasPrefix(string(l.Order), contactdb.Highest) || strings.HasPrefix(string(l.Order), contactdb.Lowest); byField && d.Pacing.Choose > 1 {
			all = append(all, fmt.Errorf("pacing: choose: %d would call list %q out of its order (%s); leave choose out, or the order", d.Pacing.Choose, l.Name, l.Order))
		}
	}
	return all
}

func (d *Definition) checkCallerIDs(k Known) []error {
	if len(d.CallerID) == 0 {
		return []error{fmt.Errorf("campaign %q shows no number to those it calls; write caller-id: with a number that you may show", d.Name)}
	}
	var all []error
	for _, trunk := range d.Trunks {
		allowed := k.CallerIDs[trunk]
		for _, id := range d.CallerID {
			if id := id.Number; len(allowed) > 0 && !slices.Contains(allowed, id) {
				all = append(all, fmt.Errorf("caller ID %s is not allowed on trunk %q; use one of %s, or add it to the trunk in apel.yaml once the carrier has verified it",
					id, trunk, strings.Join(allowed, ", ")))
			}
		}
	}
	return all
}

// FieldWarnings say of each free field that a filter or an order asks for, and
// that none of a list's contacts has (as far as they were looked at), that this
// chooses nobody; has gives the fields by list.
func (d *Definition) FieldWarnings(has map[string][]string) (all []string) {
	for _, l := range d.Lists {
		fields, known := has[l.Name]
		if !known {
			continue
		}
		wanted := slices.Concat(d.Filter.FreeFields(), l.Filter.FreeFields())
		for _, by := range []string{contactdb.Highest, contactdb.Lowest} {
			if field, ok := strings.CutPrefix(string(l.Order), by); ok && !slices.Contains(words, field) {
				wanted = append(wanted, field)
			}
		}
		slices.Sort(wanted)
		for _, field := range slices.Compact(wanted) {
			if slices.Contains(fields, field) {
				continue
			}
			said := fmt.Sprintf("no contact of list %q that was looked at has a field %q", l.Name, field)
			if near := nearest(field, slices.Concat(fields, words)); near != "" {
				said += fmt.Sprintf("; did you mean %q?", near)
			} else {
				said += "; it has " + strings.Join(fields, ", ")
			}
			all = append(all, said)
		}
	}
	return all
}

// rules are what a country's regulator asks of a dialer; zero fields ask nothing.
type rules struct {
	source   string
	from, to time.Duration // hours in which people may be called
	ring     time.Duration // an unanswered call rings at least this long
	limit    float64       // of abandoned calls among live answers
	window   time.Duration // longest over which the limit counts
	within   time.Duration // an operator is there by then
	retry    time.Duration // an abandoned number rests
}

// countries have rules that are written in numbers.
var countries = map[string]rules{
	// 47 CFR 64.1200: (c)(1) hours, (a)(6) ring time, (a)(7) abandonment.
	"US": {source: "47 CFR 64.1200", from: 8 * time.Hour, to: 21 * time.Hour, ring: 15 * time.Second,
		limit: 0.03, window: 30 * 24 * time.Hour, within: 2 * time.Second},
	// Revised statement of policy on the persistent misuse of an electronic
	// communications network or service (2008, amended 2010), on abandoned calls.
	"GB": {source: "Ofcom, persistent misuse", ring: 15 * time.Second,
		limit: 0.03, window: 24 * time.Hour, within: 2 * time.Second, retry: 72 * time.Hour},
}

// checkRules holds the settings against the rules of the campaign's country.
func (d *Definition) checkRules() []error {
	r, ok := countries[d.Country]
	if !ok {
		return nil
	}
	var all []error
	breach := func(broken bool, format string, args ...any) {
		if broken {
			all = append(all, &Breach{Rule: r.source, Problem: fmt.Sprintf(format, args...)})
		}
	}
	breach(d.RingTime < r.ring, "ring-time is %s; let an unanswered call ring for %s at least", formatSpan(d.RingTime), formatSpan(r.ring))
	a := d.Abandonment
	breach(a.Limit > r.limit, "abandonment: limit is %s; write %s at most", formatPercent(a.Limit), formatPercent(r.limit))
	breach(a.Window > r.window, "abandonment: window is %s; write %s at most", formatSpan(a.Window), formatSpan(r.window))
	breach(a.Within > r.within, "abandonment: within is %s; write %s at most", formatSpan(a.Within), formatSpan(r.within))
	breach(a.Retry > 0 && a.Retry < r.retry, "abandonment: retry is %s; let an abandoned number rest for %s", formatSpan(a.Retry), formatSpan(r.retry))
	for _, w := range d.Windows {
		breach(r.to > 0 && (w.From < r.from || w.To > r.to), "windows: %s-%s on %s goes beyond %s-%s; shorten it",
			formatClock(w.From), formatClock(w.To), formatDays(w.Days), formatClock(r.from), formatClock(r.to))
	}
	return all
}
