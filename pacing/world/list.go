package world

import (
	"math/rand/v2"
	"slices"

	"apel/pacing"
)

func pcg(seed, stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, stream*0x9e3779b97f4a7c15+0x5851f42d4c957f2d))
}

// shown is how many of the next contacts a floor sees when something is known
// of them, chosen from or not.
const shown = 64

// fill keeps the pool full, as far as the list goes.
func (s *sim) fill(n int) {
	for len(s.pool) < n && (s.c.Contacts <= 0 || s.drawn < s.c.Contacts) {
		s.drawn++
		s.pool = append(s.pool, waiting{fate: s.c.draw(s.drawn, s.answers), since: s.now})
	}
}

// take removes one from the pool. A fate is drawn when the contact comes into
// sight, so a shock of the answer rate reaches those in sight a little late.
func (s *sim) take(at int) waiting {
	s.fill(at + 1)
	at = min(at, len(s.pool)-1)
	w := s.pool[at]
	s.pool = slices.Delete(s.pool, at, at+1)
	return w
}

// candidates shows the next contacts' chances, the one that has been passed
// over too long alone.
func (s *sim) candidates() []pacing.Candidate {
	s.next = s.next[:0]
	if s.c.Prediction == None {
		return nil
	}
	show := func(w *waiting) bool {
		s.next = append(s.next, pacing.Candidate{Chance: s.chance(&w.fate)})
		return s.c.Choose > 1 && len(s.next) == 1 && s.now-w.since > mustCall
	}
	most := max(shown, s.c.Choose)
	if s.c.Book != nil {
		for _, t := range s.c.Book.Ahead(Begin.Add(s.now), most) {
			if w := s.inSight(t); show(&w) {
				break
			}
		}
		return s.next
	}
	s.fill(most)
	for i := range s.pool {
		if show(&s.pool[i]) {
			break
		}
	}
	return s.next
}

// chance is what pacing is told of a contact.
func (s *sim) chance(f *fate) float64 {
	switch {
	case s.c.Prediction == Exact:
		return min(max(f.chance, 1e-4), 1-1e-4)
	case s.c.Prediction == Learned && s.chances != nil:
		return s.chances(f.traits[:f.nTrait])
	}
	return 0
}
