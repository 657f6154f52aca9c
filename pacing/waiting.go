package pacing

import (
	"math"
	"time"
)

// Cause is what holds a decision back from placing one call more, and so why
// an operator waits.
type Cause string

// Causes of waiting, in the order in which reports show them.
const (
	NoContacts Cause = "no_contacts"      // none dialable
	Hours      Cause = "hours"            // legal hours
	NoLines    Cause = "lines"            // trunks' channels, the campaign's limit of lines
	Rate       Cause = "calls_per_second" // trunks' limit of calls a second
	Budget     Cause = "budget"           // the window's abandonment budget bears less now than the cap on average
	Caution    Cause = "caution"          // too few answers are sure for the cap
	OnRinging  Cause = "ringing"          // calls already placed still ring
	Detection  Cause = "detection"        // answered, the detector listens
)

// NoOperators holds a decision back when nobody is free or freeing: nobody
// waits then, and no waiting time has this cause.
const NoOperators Cause = "operators"

// Causes lists those of waiting time.
var Causes = []Cause{NoContacts, Hours, NoLines, Rate, Budget, Caution, OnRinging, Detection}

// Places in Causes. Those before Caution are restrictions: they come and go, and
// what they cost is what operators wait beyond what they would wait without.
const (
	atBudget, atCaution, atRinging, atDetection = 4, 5, 6, 7
	causes                                      = 8
)

// Split is waiting time by cause, as Causes.
type Split [causes]time.Duration

// Take removes up to d from what is split, the causes of those who are served
// next first, and returns it: one operator's part of a stretch of time.
func (s *Split) Take(d time.Duration) (part Split) {
	for i := causes - 1; i >= 0; i-- {
		part[i] = min(s[i], d)
		s[i] -= part[i]
		d -= part[i]
	}
	return part
}

// Waiting splits operators' waiting time by cause and adds it up. The zero value
// is empty.
//
// While nothing restricts, the operators whose call is with the detector, by
// expectation, wait for detection; then those whose call rings; the rest for
// caution. From this Waiting learns what an operator's second costs by nature.
// While a restriction holds, these causes get what they would have had without
// it and the restriction gets the rest: its part is the time that would be
// gained if it were taken away, not all the time during which it held.
type Waiting struct {
	Total time.Duration
	parts Split
	// nature is the waiting of the three last causes, in seconds, of signed, the
	// operators' seconds without restriction; forgotten slowly.
	nature [3]float64
	signed float64
	// What holds the calls back now costs waiting in some minutes, when they would have been
	// answered, so all that happens for a while after lines, hours or contacts
	// held something back is put down to them. around is what is left of that
	// while, hard the place of the cause.
	around time.Duration
	hard   int
	// owed is waiting by nature during restrictions, by lines, hours and contacts
	// and by the budget, in seconds, not given to its causes yet for want of
	// anyone who waited; negative: given in advance.
	owed [2]float64
}

const (
	keepNature  = 20 * 3600. // operators' seconds
	priorNature = 600.       // an operator
	mostOwed    = 30.        // seconds an operator, either way
	near        = 3 * time.Minute
)

// Add says that of the operators at work, ready waited for dt in the state that
// led to d, and returns how their time, ready times dt, splits. It wants to be
// told of every stretch of time, with nobody ready too.
func (w *Waiting) Add(dt time.Duration, ready int, d Decision) Split {
	before := w.parts
	if dt > 0 {
		w.add(dt, ready, d)
	}
	s := w.parts
	for i := range s {
		s[i] -= before[i]
	}
	return s
}

func (w *Waiting) add(dt time.Duration, ready int, d Decision) {
	left := time.Duration(max(ready, 0)) * dt
	w.Total += left
	team := float64(max(d.Operators, ready, 0))
	at := restriction(d.Cause)
	if at < atBudget {
		w.around, w.hard = near, at
	}
	switch {
	case w.around > 0:
		w.around -= dt
		w.restricted(w.hard, &w.owed[0], left, team*dt.Seconds(), d)
	case at == atBudget:
		w.restricted(at, &w.owed[1], left, team*dt.Seconds(), d)
	default:
		w.natural(left, dt, d)
		if d.schooled {
			w.learn(team * dt.Seconds())
		}
	}
}

// restriction is the place of a cause among Causes; what is none of waiting
// counts as ringing.
func restriction(c Cause) int {
	for i := range Causes {
		if Causes[i] == c {
			return i
		}
	}
	return atRinging
}

// natural splits waiting that nothing restricts, and learns from it once enough is known.
func (w *Waiting) natural(left, dt time.Duration, d Decision) {
	give := func(at int, people float64) {
		part := left
		if c := max(people, 0) * float64(dt); c < float64(left) {
			part = time.Duration(c)
		}
		w.parts[at] += part
		if d.schooled {
			w.nature[at-atCaution] += part.Seconds()
		}
		left -= part
	}
	give(atDetection, d.Screened)
	give(atRinging, d.Ringing)
	if d.Cause == Caution {
		give(atCaution, math.Inf(1))
		return
	}
	give(atRinging, math.Inf(1))
}

// learn counts operators' seconds without restriction.
func (w *Waiting) learn(team float64) {
	w.signed += team
	if w.signed > keepNature {
		for i := range w.nature {
			w.nature[i] *= keepNature / w.signed
		}
		w.signed = keepNature
	}
}

// restricted gives the causes by nature what they would have had in seconds of
// the team, and the rest to the restriction.
func (w *Waiting) restricted(at int, owed *float64, left time.Duration, seconds float64, d Decision) {
	rates := w.rates(d)
	sum := rates[0] + rates[1] + rates[2]
	most := mostOwed * float64(max(d.Operators, 1))
	*owed += sum * seconds
	base := min(time.Duration(max(*owed+most, 0)*float64(time.Second)), left)
	*owed = min(*owed-base.Seconds(), most)
	w.parts[at] += left - base
	for i, r := range rates[:2] {
		part := min(time.Duration(r/max(sum, 1e-9)*float64(base)), base)
		w.parts[atCaution+i] += part
		base, sum = base-part, sum-r
	}
	w.parts[atDetection] += base
}

// rates is what an operator's second costs by nature: learned, from a prior
// worth half an hour.
func (w *Waiting) rates(d Decision) (r [3]float64) {
	prior := d.natural
	if prior == [3]float64{} {
		prior = naturalRates(d.Operators, ordinaryCycle, ordinaryChance)
	}
	weight := priorNature * float64(max(d.Operators, 1))
	for i := range r {
		r[i] = (w.nature[i] + weight*prior[i]) / (w.signed + weight)
	}
	return r
}

// The world of the tables in README: talk and wrap-up, in seconds, and the
// chance of a live answer.
const ordinaryCycle, ordinaryChance = 140., .25

// naturalRates are the shares of time that a team of this size waits for
// caution, ringing and detection: a fit to the tables of README. cycle is the
// mean of talk and wrap-up in seconds, chance that of a live answer.
func naturalRates(team int, cycle, chance float64) [3]float64 {
	cycle, chance = min(max(cycle, 5), 7200), min(max(chance, .005), .95)
	wait := 30 * math.Sqrt(cycle/ordinaryCycle) * math.Pow(ordinaryChance/chance, .38) / (.37 + .063*float64(max(team, 1)))
	share := wait / (wait + cycle)
	ringing := min(.068*ordinaryCycle/cycle, .6*share)
	detection := min(.006*ordinaryCycle/cycle, .1*share)
	return [3]float64{share - ringing - detection, ringing, detection}
}

// Part is the waiting time with this cause. The parts add up to Total exactly.
func (w *Waiting) Part(c Cause) time.Duration {
	for i := range Causes {
		if Causes[i] == c {
			return w.parts[i]
		}
	}
	return 0
}
