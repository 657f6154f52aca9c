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

// Warnings say what is allowed, and costs more than it seems to.
func (d *Definition) Warnings() (all []string) {
	// The figures are of testdata/campaigns/annotated.yaml.
	if w := d.Detector.DecideWithin; !d.Detector.Off && w <= 2*time.Second {
		all = append(all, fmt.Sprintf("detector: decide-within is %s; the sooner it decides, the more machines reach operators and the more people are hung up on (at 1.5s more than half of the machines); give it 2.95s, people who have stopped talking do not wait so long", formatSpan(w)))
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
		wanted := slices.Concat(d.Filter.freeFields(), l.Filter.freeFields())
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
