package dialer

import (
	"slices"

	"apel/pacing"
)

// Ahead is a contact that is next to be called.
type Ahead struct {
	Contact uint64
	Traits  []pacing.Trait
	Chance  float64 // of a live answer, if it is known better than from the traits
}

// ahead is what a floor knows of the contacts that are next.
type ahead struct {
	contacts   []uint64
	candidates []pacing.Candidate
	choose     int
}

// see takes in who is next, and what pacing makes of their traits now.
func (a *ahead) see(in Input, p *pacing.Pacer) {
	a.contacts, a.candidates, a.choose = a.contacts[:0], a.candidates[:0], in.Choose
	for _, c := range in.Ahead {
		if c.Chance == 0 {
			c.Chance = p.Chance(c.Traits)
		}
		a.contacts = append(a.contacts, c.Contact)
		a.candidates = append(a.candidates, pacing.Candidate{Chance: c.Chance})
	}
}

// taken strikes out who has been leased.
func (a *ahead) taken(calls []LeasedCall) {
	for _, c := range calls {
		if at := slices.Index(a.contacts, c.Contact); at >= 0 {
			a.contacts, a.candidates = slices.Delete(a.contacts, at, at+1), slices.Delete(a.candidates, at, at+1)
		}
	}
}

// picked are the contacts at these places.
func (a *ahead) picked(places []int) []uint64 {
	var contacts []uint64
	for _, p := range places {
		contacts = append(contacts, a.contacts[p])
	}
	return contacts
}
