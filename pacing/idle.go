package pacing

import "time"

// Cause is why an operator waits.
type Cause string

// Causes of waiting, in the order in which reports show them.
const (
	NoContacts Cause = "no_contacts" // none dialable
	Hours      Cause = "hours"       // legal hours
	NoLines    Cause = "lines"       // lines or calls per second
	Budget     Cause = "budget"      // the abandonment budget
	Caution    Cause = "caution"     // too few answers are sure
	OnRinging  Cause = "ringing"     // calls already placed still ring
	Detection  Cause = "detection"   // answered, the detector listens
)

// Causes lists them all.
var Causes = []Cause{NoContacts, Hours, NoLines, Budget, Caution, OnRinging, Detection}

var causeOf = map[Limit]Cause{
	LimitContacts: NoContacts, LimitHours: Hours, LimitLines: NoLines, LimitBudget: Budget,
	LimitCaution: Caution, LimitRinging: OnRinging, LimitOperators: OnRinging,
}

// Waiting adds up operators' waiting time by cause, all operators together.
// The zero value is empty.
type Waiting struct {
	Total time.Duration
	parts [7]time.Duration // as Causes
}

// Places of causes in Causes.
const atRinging, atDetection = 5, 6

// Add says that ready operators waited for dt in the state that led to d. The
// operators whose call is with the detector, by expectation, wait for
// detection; then those whose call rings; the rest for what limited d.
func (w *Waiting) Add(dt time.Duration, ready int, d Decision) {
	if dt <= 0 || ready <= 0 {
		return
	}
	left := time.Duration(ready) * dt
	w.Total += left
	cover := func(i int, people float64) {
		part := min(time.Duration(max(people, 0)*float64(dt)), left)
		w.parts[i] += part
		left -= part
	}
	cover(atDetection, d.Screened)
	cover(atRinging, d.Ringing)
	for i, c := range Causes {
		if c == causeOf[d.Limit] {
			w.parts[i] += left
			return
		}
	}
	w.parts[atRinging] += left
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
