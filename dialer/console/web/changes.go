package web

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// Changed is what an entry of the audit trail has of what was done: members of
// an object before and after it, and whatever else is known.
type Changed interface {
	Parts() (before, after, detail map[string]string)
}

// own are members that say again who made the entry, and when.
var own = []string{"created_at", "created_by"}

// changes is an entry in one line, in the words of its reader.
func changes(l Lang, e Changed) string {
	before, after, detail := e.Parts()
	was, is := maps.Clone(before), maps.Clone(after)
	keys := slices.Concat(slices.Collect(maps.Keys(was)), slices.Collect(maps.Keys(is)))
	slices.Sort(keys)
	var all []string
	for _, k := range slices.Compact(keys) {
		b, had := was[k]
		a, has := is[k]
		part := Word(l, "audit", k) + ": "
		switch {
		case !had && slices.Contains(own, k):
			continue
		case had && has:
			part += valueOf(l, b) + " → " + valueOf(l, a)
		case has:
			part += valueOf(l, a)
		default:
			part += valueOf(l, b) + " → " + Text(l, "audit.nothing")
		}
		all = append(all, part)
	}
	for _, k := range slices.Sorted(maps.Keys(detail)) {
		all = append(all, Word(l, "audit", k)+": "+valueOf(l, detail[k]))
	}
	return strings.Join(all, "; ")
}

// valueOf is a member's value as people write it: a time by their clock, a list
// without its brackets, a word of the program in their language.
func valueOf(l Lang, v string) string {
	if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
		return clock(at, days[l]+" 15:04")
	}
	var list []string
	if strings.HasPrefix(v, "[") && json.Unmarshal([]byte(v), &list) == nil {
		for i := range list {
			list[i] = valueOf(l, list[i])
		}
		return strings.Join(list, ", ")
	}
	for _, kind := range []string{"value", "role", "scope", "event", "campaign-state", "monitoring", "reason"} {
		if w := Word(l, kind, v); w != v {
			return w
		}
	}
	return Said(l, v)
}
