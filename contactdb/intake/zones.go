package intake

import (
	"fmt"
	"strings"
	"time"
)

// splitZones reads a cell with one or more IANA names and returns those that
// exist, and the first that does not.
func splitZones(cell string) (zones []string, bad string) {
	for _, name := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",;|\n\u00A0", r) }) {
		name = strings.ReplaceAll(strings.TrimSpace(name), " ", "_")
		if name == "" {
			continue
		}
		if !zoneExists(name) {
			return zones, name
		}
		zones = append(zones, name)
	}
	return zones, ""
}

// zoneExists asks the zone database. "Local" is not a place.
func zoneExists(name string) bool {
	if name == "" || name == "Local" || len(name) > 64 {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// zoneOf reads a cell of the zone column: its names, joined by commas. Zones
// seen to exist are remembered; there are some six hundred.
func (f *File) zoneOf(cell string) (zone, bad string) {
	if cell = strings.TrimSpace(cell); cell == "" || f.zones[cell] {
		return cell, ""
	}
	named, bad := splitZones(cell)
	if bad != "" {
		return "", fmt.Sprintf("there is no time zone %q; write an IANA name such as Europe/Bucharest, or leave the cell empty", shorten(bad, 40))
	}
	if len(named) == 1 && named[0] == cell {
		f.zones[cell] = true
	}
	return strings.Join(named, ","), ""
}
