package contactdb

import (
	"slices"
	"strings"
	"time"
)

// A contact's hours are those of the number that is to be called: a person with a
// phone at home in one zone and a mobile of another may be called on either while
// it is day there. The sets of zones of the numbers, those that say no more than
// another left out, are the contact's class: its contacts wait together, and are
// passed over with one seek while none of the sets is open.

// ZonesOf are the zones by which a call to one of the contact's numbers is judged,
// sorted; all must be open. They are the number's own, unless it is said where the
// person lives: there a mobile is with its owner. Any other phone stays where it is:
// what is said tells which of its zones it is, or, if it is none of them, both must
// be open.
func (c *Contact) ZonesOf(phone string) []string {
	for _, n := range c.Numbers {
		if n.Phone == phone {
			return c.zonesOf(n, c.said(), c.unowned())
		}
	}
	return c.Zones
}

// settleZones are the zones of a number of a type that may be in some, of a person
// who is said to live in others; as ZonesOf.
func settleZones(numberType string, own, said []string) []string {
	if len(own) == 0 || len(said) == 0 {
		return sortedSet(append(slices.Clip(own), said...))
	}
	if numberType == "mobile" || numberType == "voip" {
		return sortedSet(said)
	}
	var both []string
	for _, z := range own {
		if slices.Contains(said, z) {
			both = append(both, z)
		}
	}
	if len(both) > 0 {
		return sortedSet(both)
	}
	return sortedSet(append(slices.Clip(own), said...))
}

// said are the zones in which the person is said to live.
func (c *Contact) said() []string {
	if c.Zone == "" {
		return nil
	}
	var all []string
	for _, z := range strings.FieldsFunc(c.Zone, func(r rune) bool { return strings.ContainsRune(",;|\n\u00a0", r) }) {
		if z = strings.ReplaceAll(strings.TrimSpace(z), " ", "_"); z != "" {
			all = append(all, z)
		}
	}
	return all
}

// unowned are the contact's zones that neither a number nor what is said explains:
// they hold for every number.
func (c *Contact) unowned() (all []string) {
	said := c.said()
	for _, z := range c.Zones {
		if !slices.Contains(said, z) && !slices.ContainsFunc(c.Numbers, func(n Number) bool { return slices.Contains(n.Zones, z) }) {
			all = append(all, z)
		}
	}
	return all
}

func (c *Contact) zonesOf(n Number, said, unowned []string) []string {
	switch {
	case len(n.Zones) == 0 && len(said) == 0:
		return c.Zones // nobody knows where it is: somewhere where the person may be
	case len(said) == 0 && len(unowned) == 0:
		return n.Zones
	}
	zones := settleZones(n.Type, n.Zones, said)
	if len(unowned) == 0 {
		return zones
	}
	return sortedSet(append(slices.Clip(zones), unowned...))
}

// GatherZones makes Zones those of the contact's numbers, and of where the person
// is said to live. own are the zones of Phone, for a contact without Numbers.
func (c *Contact) GatherZones(own []string) {
	if len(c.Numbers) == 0 {
		c.Zones = settleZones(c.NumberType, own, c.said())
		return
	}
	said, unowned := c.said(), c.unowned()
	var all []string
	for _, n := range c.Numbers {
		if zones := c.zonesOf(n, said, unowned); !slices.Equal(all, zones) {
			all = append(slices.Clip(all), zones...)
		}
	}
	c.Zones = sortedSet(all)
}

// clocks names the contact's class: its sets of zones, joined by bars.
func (c *Contact) clocks() string {
	if len(c.Numbers) == 0 {
		return joinZones(c.Zones)
	}
	said, unowned := c.said(), c.unowned()
	first := c.zonesOf(c.Numbers[0], said, unowned)
	sets := [][]string{first}
	for _, n := range c.Numbers[1:] {
		if zones := c.zonesOf(n, said, unowned); !slices.Equal(zones, first) {
			sets = append(sets, zones)
		}
	}
	if len(sets) == 1 {
		return joinZones(first)
	}
	var names []string
	for i, set := range sets {
		if !slices.ContainsFunc(sets[:i], func(o []string) bool { return among(o, set) }) &&
			!slices.ContainsFunc(sets[i+1:], func(o []string) bool { return among(o, set) && len(o) < len(set) }) {
			names = append(names, joinZones(set))
		}
	}
	slices.Sort(names)
	return strings.Join(names, "|")
}

// among says whether all zones of a set are in another, which is open only when
// the first is.
func among(a, b []string) bool {
	return len(a) > 0 && !slices.ContainsFunc(a, func(z string) bool { return !slices.Contains(b, z) })
}

// zoneSet is what a class's name says.
func zoneSet(clocks string) (s ZoneSet) {
	if clocks == "" {
		return ZoneSet{Zones: []string{}}
	}
	for name := range strings.SplitSeq(clocks, "|") {
		set := strings.Split(name, ",")
		s.Zones, s.AnyOf = append(s.Zones, set...), append(s.AnyOf, set)
	}
	if s.Zones = sortedSet(s.Zones); len(s.AnyOf) == 1 {
		s.AnyOf = nil
	}
	return s
}

// Sets are the sets of zones of which one must be open, each as a whole.
func (s ZoneSet) Sets() [][]string {
	if s.AnyOf == nil {
		return [][]string{s.Zones}
	}
	return s.AnyOf
}

// Open says whether contacts may be called on one of their numbers, by a rule for
// the zones of a number; if not, when the first opens; zero: never.
func (s ZoneSet) Open(rule func(zones []string) (bool, time.Time)) (open bool, next time.Time) {
	for _, set := range s.Sets() {
		is, at := rule(set)
		if is {
			return true, at
		}
		if next.IsZero() || !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return false, next
}

// score is that of the best set that is open.
func (r *LeaseRequest) score(s ZoneSet) (best float64) {
	for _, set := range s.Sets() {
		if open, _ := r.Open(set); open {
			best = max(best, r.Score(set))
		}
	}
	return best
}
