package floor

import (
	"cmp"
	"slices"
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// Pacing sums over the contacts that are really next, and may choose among them
// where the campaign says so. The floor is shown them from time to time: what
// has changed since is judged again by the lease.

// Ahead is a contact that is next to be called.
type Ahead struct {
	Contact uint64
	Traits  []pacing.Trait
	Chance  float64 // of a live answer, if it is known better than from the traits
}

const (
	AheadShown = 64               // contacts that a floor is shown
	aheadFresh = 30 * time.Second // what was shown is good for so long
	// passedOver is how long others may be preferred to a contact that was next:
	// within the hour it has been called.
	passedOver = 45 * time.Minute
)

// ahead is what a floor knows of the contacts that are next.
type ahead struct {
	contacts   []uint64
	candidates []pacing.Candidate
	choose     int
	at         time.Time
	leased     []uint64             // since it was last shown
	since      map[uint64]time.Time // that they were first shown and may be passed over
}

// see takes in who is next, and what pacing makes of their traits now. Those
// who were passed over long enough come first, and only they may be chosen.
func (a *ahead) see(in Input, p *pacing.Pacer, now time.Time) {
	a.contacts, a.candidates, a.choose, a.at = a.contacts[:0], a.candidates[:0], in.Choose, now
	show := func(c Ahead) {
		if c.Contact != 0 && (slices.Contains(a.leased, c.Contact) || slices.Contains(a.contacts, c.Contact)) {
			return
		}
		if c.Chance == 0 {
			c.Chance = p.Chance(c.Traits)
		}
		a.contacts = append(a.contacts, c.Contact)
		a.candidates = append(a.candidates, pacing.Candidate{Chance: c.Chance})
	}
	overdue := a.overdue(in, now)
	for _, id := range overdue {
		at := slices.IndexFunc(in.Ahead, func(c Ahead) bool { return c.Contact == id })
		if at < 0 { // further back now, behind retries that are due
			show(Ahead{Contact: id})
			continue
		}
		show(in.Ahead[at])
	}
	if n := len(a.contacts); n > 0 {
		a.choose = n
	}
	for _, c := range in.Ahead {
		show(c)
	}
	a.leased = a.leased[:0]
}

// overdue are those who were passed over long enough, the longest first.
func (a *ahead) overdue(in Input, now time.Time) (all []uint64) {
	if in.Choose < 2 {
		a.since = nil
		return nil
	}
	if a.since == nil {
		a.since = map[uint64]time.Time{}
	}
	for _, c := range in.Ahead[:min(in.Choose, len(in.Ahead))] {
		if _, known := a.since[c.Contact]; !known && c.Contact != 0 {
			a.since[c.Contact] = now
		}
	}
	for id, at := range a.since {
		if now.Sub(at) >= passedOver {
			all = append(all, id)
		}
	}
	slices.SortFunc(all, func(x, y uint64) int {
		return cmp.Or(a.since[x].Compare(a.since[y]), cmp.Compare(x, y))
	})
	return all
}

// taken strikes out who has been leased.
func (a *ahead) taken(calls []LeasedCall) {
	if a.at.IsZero() { // nobody was shown
		return
	}
	for _, c := range calls {
		a.leased = append(a.leased, c.Contact)
		delete(a.since, c.Contact)
		if at := slices.Index(a.contacts, c.Contact); at >= 0 {
			a.contacts, a.candidates = slices.Delete(a.contacts, at, at+1), slices.Delete(a.candidates, at, at+1)
		}
	}
}

// chosen are the contacts that a decision wants to be called, where it may
// choose; otherwise none are named, and the lease takes them in order. Who cannot
// be had, as the lease finds, is not asked for again before being shown again.
func (a *ahead) chosen(d pacing.Decision) (contacts []uint64) {
	if a.at.IsZero() || a.choose < 2 && len(a.since) == 0 {
		return nil
	}
	if len(d.Picks) == 0 {
		contacts = append(contacts, a.contacts[:min(d.Place, len(a.contacts))]...)
	}
	for _, p := range d.Picks {
		contacts = append(contacts, a.contacts[p])
	}
	for _, id := range contacts {
		delete(a.since, id)
	}
	return contacts
}

// WantsAhead says whether the floor should be shown who is next.
func (f *Floor) WantsAhead() bool {
	return f.set.Pacing.Mode == pacing.Predictive && f.state == contactdb.Running && len(f.staff) > 0 && !f.exhausted &&
		(f.now.Sub(f.next.at) >= aheadFresh || len(f.next.contacts) < AheadShown/2 && len(f.next.leased) > 0)
}
