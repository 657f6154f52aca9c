package campaign

import (
	"fmt"
	"slices"
	"strings"
)

// Known is what the machine has, for Check.
type Known struct {
	Trunks    []string
	Lists     []string
	Operators []string
	Teams     []string
	CallerIDs map[string][]string // by trunk: the numbers it may show; empty: not restricted
}

// Check finds what would keep the campaign from running or break a rule
// (missing trunk or list, caller ID not allowed, ...), each as a sentence
// with the next step.
func (d *Definition) Check(k Known) []error {
	var all []error
	all = append(all, missing("list", d.Lists, k.Lists, "import it: apel list import FILE --name %s")...)
	all = append(all, missing("trunk", d.Trunks, k.Trunks, "add trunks: %s: to apel.yaml, or name another in the campaign")...)
	all = append(all, missing("team", d.Teams, k.Teams, "add it: apel team add %s")...)
	all = append(all, missing("operator", d.Operators, k.Operators, "add them: apel operator add %s")...)
	all = append(all, d.checkCallerIDs(k)...)
	return all
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

func (d *Definition) checkCallerIDs(k Known) []error {
	if len(d.CallerID) == 0 {
		return []error{fmt.Errorf("campaign %q shows no number to those it calls; write caller-id: \"+40312345678\" with a number that you may show", d.Name)}
	}
	var all []error
	for _, trunk := range d.Trunks {
		allowed := k.CallerIDs[trunk]
		for _, id := range d.CallerID {
			if len(allowed) > 0 && !slices.Contains(allowed, id) {
				all = append(all, fmt.Errorf("caller ID %s is not allowed on trunk %q; use one of %s, or add it to the trunk in apel.yaml once the carrier has verified it",
					id, trunk, strings.Join(allowed, ", ")))
			}
		}
	}
	return all
}
