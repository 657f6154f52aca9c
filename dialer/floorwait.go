package dialer

import (
	"encoding/json"
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

const causes = 8 // as Causes

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
func (w *Waits) Total() (sum time.Duration) {
	for _, d := range w {
		sum += d
	}
	return sum
}

// Part is the time that was waited for a cause.
func (w *Waits) Part(c pacing.Cause) time.Duration { return w[causeAt[c]] }

// Add adds another's.
func (w *Waits) Add(o Waits) {
	for i, d := range o {
		w[i] += d
	}
}

// milliseconds are the total and the parts, rounded so that they add up to it.
func (w *Waits) milliseconds() (total int64, parts map[pacing.Cause]int64) {
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
	_, parts := w.milliseconds()
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

// waiting accounts for the time until at: each operator who waits has, in the
// order of their turn, first the calls that the detector listens to, then
// those that ring, by their expected answers, as the cause; the rest of them
// wait for what kept pacing from placing more.
func (f *Floor) waiting(at time.Time) {
	dt := at.Sub(f.now)
	if f.now.IsZero() || dt <= 0 {
		return
	}
	turn, rest := 0., f.cause()
	for _, o := range f.inTurn() {
		left := dt
		take := func(c pacing.Cause, share float64) {
			d := min(time.Duration(min(max(share, 0), 1)*float64(dt)), left)
			left -= d
			o.waits[causeAt[c]] += d
			f.waited[causeAt[c]] += d
		}
		if o.state == pacing.Reserved {
			take(pacing.Detection, 1)
			continue
		}
		take(pacing.Detection, f.last.Screened-turn)
		take(pacing.OnRinging, min(f.last.Screened+f.last.Ringing-turn, 1)-max(min(f.last.Screened-turn, 1), 0))
		take(rest, 1)
		turn++
	}
}

// cause is what keeps those from work for whom no call is on its way.
func (f *Floor) cause() pacing.Cause {
	switch {
	case f.state == contactdb.Done && f.finished:
		return pacing.NoContacts
	case f.state != contactdb.Running:
		return Paused
	}
	if c, ok := causeOfLimit[f.last.Limit]; ok {
		return c
	}
	return pacing.OnRinging
}

var causeOfLimit = map[pacing.Limit]pacing.Cause{
	pacing.LimitContacts: pacing.NoContacts, pacing.LimitHours: pacing.Hours, pacing.LimitLines: pacing.NoLines,
	pacing.LimitBudget: pacing.Budget, pacing.LimitCaution: pacing.Caution, pacing.LimitRinging: pacing.OnRinging,
}

// inTurn are the operators who wait, whose turn is next first.
func (f *Floor) inTurn() []*floorOperator {
	f.turn = f.turn[:0]
	for _, o := range f.staff {
		if o.state == pacing.Ready || o.state == pacing.Reserved {
			f.turn = append(f.turn, o)
		}
	}
	slices.SortStableFunc(f.turn, func(a, b *floorOperator) int { return a.readyFrom.Compare(b.readyFrom) })
	return f.turn
}
