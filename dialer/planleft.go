package dialer

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
)

// contactsLeft counts the contacts that may still be dialed: by the attempt that they
// wait for, and by their zones and the hour. Its zero value is ready to use.
type contactsLeft struct {
	byRetry map[retryKey]*Retry
	byZones map[string]*ZonePlan
}

type retryKey struct {
	attempt int
	after   string
}

func (l *contactsLeft) count(c contactdb.Candidate, v contactdb.Verdict, now time.Time) {
	if v.Kind != contactdb.Yes && v.Kind != contactdb.Later {
		return
	}
	if l.byRetry == nil {
		l.byRetry, l.byZones = map[retryKey]*Retry{}, map[string]*ZonePlan{}
	}
	l.countZone(c.Zones, v)
	if c.Progress.Attempts == 0 {
		return
	}
	k := retryKey{c.Progress.Attempts + 1, c.Progress.LastOutcome}
	r := l.byRetry[k]
	if r == nil {
		r = &Retry{Attempt: k.attempt, After: k.after}
		l.byRetry[k] = r
	}
	r.Contacts++
	switch in := v.When.Sub(now); {
	case v.Kind == contactdb.Yes:
		r.Now++
	case in <= time.Hour:
		r.Hour++
	case in <= 24*time.Hour:
		r.Day++
	default:
		r.Later++
	}
}

func (l *contactsLeft) countZone(zones []string, v contactdb.Verdict) {
	key := strings.Join(zones, " ")
	z := l.byZones[key]
	if z == nil {
		z = &ZonePlan{Zones: slices.Clone(zones), At: map[string]int{}}
		l.byZones[key] = z
	}
	if v.Kind == contactdb.Yes {
		z.Now++
		return
	}
	z.At[v.When.UTC().Truncate(time.Hour).Format(time.RFC3339)]++
}

// retries by attempt, and by outcome within one.
func (l *contactsLeft) retries() []Retry {
	all := make([]Retry, 0, len(l.byRetry))
	for _, r := range l.byRetry {
		all = append(all, *r)
	}
	slices.SortFunc(all, func(x, y Retry) int {
		return cmp.Or(cmp.Compare(x.Attempt, y.Attempt), cmp.Compare(x.After, y.After))
	})
	return all
}

// zones with the most contacts first.
func (l *contactsLeft) zones() []ZonePlan {
	all := make([]ZonePlan, 0, len(l.byZones))
	for _, key := range slices.Sorted(maps.Keys(l.byZones)) {
		all = append(all, *l.byZones[key])
	}
	slices.SortStableFunc(all, func(x, y ZonePlan) int { return -cmp.Compare(x.left(), y.left()) })
	return all
}

func (z ZonePlan) left() int {
	n := z.Now
	for _, at := range z.At {
		n += at
	}
	return n
}
