package floor

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// Paused is why an operator waits whose campaign is paused or draining; the
// other causes are pacing's.
const Paused pacing.Cause = "paused"

// Causes are all causes of waiting, in the order in which reports show them.
var Causes = append(append([]pacing.Cause{}, pacing.Causes...), Paused)

// causes is room for Causes.
const causes = 10

var causeAt = func() map[pacing.Cause]int {
	at := map[pacing.Cause]int{}
	for i, c := range Causes {
		at[c] = i
	}
	return at
}()

// Waits is waiting time by cause, as Causes; its total is their sum.
type Waits [causes]time.Duration

// Total is all of it.
func (w Waits) Total() (sum time.Duration) {
	for _, d := range w {
		sum += d
	}
	return sum
}

// Part is the time that was waited for a cause.
func (w Waits) Part(c pacing.Cause) time.Duration { return w[causeAt[c]] }

// Plus is the sum of both.
func (w Waits) Plus(o Waits) Waits {
	for i, d := range o {
		w[i] += d
	}
	return w
}

// Minus takes what o holds of it away.
func (w Waits) Minus(o Waits) Waits {
	for i, d := range o {
		w[i] -= d
	}
	return w
}

// Whole is what MarshalJSON writes of it.
func (w Waits) Whole() (whole Waits) {
	_, parts := w.Milliseconds()
	for c, ms := range parts {
		whole[causeAt[c]] = time.Duration(ms) * time.Millisecond
	}
	return whole
}

// Milliseconds are the total and the parts, rounded so that they add up to it.
func (w Waits) Milliseconds() (total int64, parts map[pacing.Cause]int64) {
	parts = map[pacing.Cause]int64{}
	sum := time.Duration(0)
	for i, c := range Causes {
		sum += w[i]
		parts[c] = sum.Milliseconds() - total
		total += parts[c]
	}
	return total, parts
}

// MarshalJSON writes milliseconds by cause.
func (w Waits) MarshalJSON() ([]byte, error) {
	_, parts := w.Milliseconds()
	return json.Marshal(parts)
}

// UnmarshalJSON reads them; causes that this program does not know are left out.
func (w *Waits) UnmarshalJSON(b []byte) error {
	var m map[pacing.Cause]int64
	if err := json.Unmarshal(b, &m); err != nil {
		return err
	}
	*w = Waits{}
	for c, n := range m {
		if i, ok := causeAt[c]; ok {
			w[i] = time.Duration(n) * time.Millisecond
		}
	}
	return nil
}

// advance goes on to a time, never back.
func (f *Floor) advance(to time.Time) {
	if f.now.IsZero() {
		f.now = to
	}
	if dt := to.Sub(f.now); dt > 0 {
		f.waiting(dt)
		f.now = to
	}
}

// waiting accounts for time that has passed: pacing splits the time of all who
// wait, and each has a part of it in the order of their turn. Whoever is being joined with a
// customer waits for detection; while the campaign does not run, all wait for that.
func (f *Floor) waiting(dt time.Duration) {
	turn := f.inTurn()
	all, running, last := pacing.Split{}, f.state == contactdb.Running, f.last
	if f.finished && f.exhausted { // only in the simulator does time go on then
		running, last.Cause = true, pacing.NoContacts
	}
	if running {
		ready := 0
		for _, o := range turn {
			if o.state == pacing.Ready {
				ready++
			}
		}
		all = f.split.Add(dt, ready, last)
	}
	for _, o := range turn {
		switch {
		case !running:
			f.waits(o, f.cause(), dt)
		case f.own(o) && f.calls[o.call].phase < PhaseScreening:
			f.waits(o, pacing.OnRinging, dt)
		case o.state == pacing.Reserved:
			f.waits(o, pacing.Detection, dt)
		default:
			for i, d := range all.Take(dt) {
				f.waits(o, pacing.Causes[i], d)
			}
		}
	}
}

func (f *Floor) waits(o *operator, c pacing.Cause, d time.Duration) {
	o.waits[causeAt[c]] += d
	f.waited[causeAt[c]] += d
}

// cause is what all wait for while the campaign does not run.
func (f *Floor) cause() pacing.Cause {
	if f.state == contactdb.Done && f.finished {
		return pacing.NoContacts
	}
	return Paused
}

// idle says whether an operator waits.
func (f *Floor) idle(o *operator) bool {
	return (o.state == pacing.Ready || o.state == pacing.Reserved) && !f.looks(o)
}

// inTurn are the operators who wait, whose turn is next first.
func (f *Floor) inTurn() []*operator {
	f.turn = f.turn[:0]
	for _, o := range f.staff {
		if f.idle(o) {
			f.turn = append(f.turn, o)
		}
	}
	slices.SortStableFunc(f.turn, func(a, b *operator) int { return a.readyFrom.Compare(b.readyFrom) })
	return f.turn
}

// Waits is what each operator has waited until now, since the last TakeWaits.
func (f *Floor) Waits(now time.Time) map[string]Waits {
	f.advance(now)
	return f.notTaken()
}

// notTaken is what each operator has waited since the last TakeWaits.
func (f *Floor) notTaken() map[string]Waits {
	all := maps.Clone(f.gone)
	if all == nil {
		all = map[string]Waits{}
	}
	for _, o := range f.staff {
		if o.waits != (Waits{}) {
			all[o.name] = all[o.name].Plus(o.waits)
		}
	}
	return all
}

// TakeWaits gives what each operator has waited since it was last taken.
func (f *Floor) TakeWaits() map[string]Waits {
	taken := f.notTaken()
	f.gone = nil
	for _, o := range f.staff {
		o.waits = Waits{}
	}
	return taken
}

// left keeps what an operator has waited who leaves.
func (f *Floor) left(o *operator) {
	if f.gone == nil {
		f.gone = map[string]Waits{}
	}
	f.gone[o.name] = f.gone[o.name].Plus(o.waits)
}
