package console

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"apel/contactdb"
)

// sometimes are the columns of an exported list that are there if one of its
// contacts has them. Their names are such that an import understands them.
var sometimes = []column[contactdb.Contact]{
	{"external_id", true, func(c contactdb.Contact) any { return c.ExternalID }},
	{"client", true, func(c contactdb.Contact) any { return c.Client }},
	{"zone", false, func(c contactdb.Contact) any { return c.Zone }},
	{"language", false, func(c contactdb.Contact) any { return c.Language }},
	{"tags", true, func(c contactdb.Contact) any { return strings.Join(c.Tags, ", ") }},
	{"notes", true, func(c contactdb.Contact) any { return c.Notes }},
	{"consent", true, func(c contactdb.Contact) any { return consentOf(c).Kind }},
	{"consent_at", false, func(c contactdb.Contact) any { return when(consentOf(c).At) }},
	{"consent_source", true, func(c contactdb.Contact) any { return consentOf(c).Source }},
	{"consent_text", true, func(c contactdb.Contact) any { return consentOf(c).Text }},
	{"consent_expires", false, func(c contactdb.Contact) any { return when(consentOf(c).Expires) }},
}

func consentOf(c contactdb.Contact) contactdb.Consent {
	if c.Consent == nil {
		return contactdb.Consent{}
	}
	return *c.Consent
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// furtherNumbers are a contact's numbers after the first, by the column in which
// an import finds them: "work phone", "phone 2".
func furtherNumbers(c contactdb.Contact) map[string]string {
	all := map[string]string{}
	for i, n := range c.AllNumbers() {
		if i == 0 {
			continue
		}
		name := strings.TrimSpace(n.Kind + " phone")
		if n.Kind == "" {
			name = "phone " + strconv.Itoa(i+1)
		}
		for k := 2; all[name] != ""; k++ {
			name = strings.TrimRight(name, " 0123456789") + " " + strconv.Itoa(k)
		}
		all[name] = n.Phone
	}
	return all
}

// withFreeFields adds a column for all that some contact of the list has beside
// the fixed ones: further numbers, what sometimes names, and free fields by name.
func withFreeFields(contacts iter.Seq2[contactdb.Contact, error]) ([]column[contactdb.Contact], error) {
	fields, numbers, used := map[string]bool{}, map[string]bool{}, make([]bool, len(sometimes))
	for c, err := range contacts {
		if err != nil {
			return nil, err
		}
		for f := range c.Fields {
			fields[f] = true
		}
		if len(c.Numbers) > 1 {
			for n := range furtherNumbers(c) {
				numbers[n] = true
			}
		}
		for i, s := range sometimes {
			used[i] = used[i] || s.get(c) != ""
		}
	}
	columns := slices.Clone(contactColumns)
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		columns = append(columns, column[contactdb.Contact]{n, false, func(c contactdb.Contact) any { return furtherNumbers(c)[n] }})
	}
	for i, s := range sometimes {
		if used[i] {
			columns = append(columns, s)
		}
	}
	for _, f := range slices.Sorted(maps.Keys(fields)) {
		columns = append(columns, column[contactdb.Contact]{f, true, func(c contactdb.Contact) any { return c.Fields[f] }})
	}
	return columns, nil
}
