package contactdb

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Why a campaign gives nobody, whatever its lists hold.
const (
	NoCallerID      = "no-caller-id"     // every number that it may show has made its calls, or rests
	RegisterExpired = "register-expired" // a do-not-call register that it needs is missing or out of date
)

// callerRow is how often a number was shown, by the hour: what is older than a
// day does not count. An hour counts until its last call is a day old.
type callerRow struct {
	Hours  []hourCount `json:"hours"` // the oldest first
	LastAt time.Time   `json:"last_at,omitzero"`
	Rests  time.Time   `json:"rests,omitzero"` // not used before
}

type hourCount struct {
	Hour  int64 `json:"h"` // since 1970
	Calls int   `json:"n"`
}

const day24 = 24

func hourOf(at time.Time) int64 { return at.Unix() / 3600 }

// callerID is a number that may be shown, with what it has done.
type callerID struct {
	CallerCap
	row  callerRow
	used bool
}

// calls in the last 24 hours, at most an hour more.
func (c *callerID) calls(now time.Time) (n int) {
	for _, h := range c.row.Hours {
		if h.Hour >= hourOf(now)-day24 {
			n += h.Calls
		}
	}
	return n
}

// next is when the number may be shown again; not after now: it may be now.
func (c *callerID) next(now time.Time) time.Time {
	at := c.row.Rests
	if c.PerDay > 0 && c.calls(now) >= c.PerDay {
		over := c.calls(now) - c.PerDay
		for _, h := range c.row.Hours {
			if h.Hour < hourOf(now)-day24 {
				continue
			}
			if over -= h.Calls; over < 0 { // with this hour gone there is room
				if free := time.Unix((h.Hour+day24+1)*3600, 0).UTC(); free.After(at) {
					at = free
				}
				break
			}
		}
	}
	return at
}

// callers are the numbers that a campaign may show.
type callers []*callerID

// callers reads them.
func (t *tx) callers(caps []CallerCap) (all callers, err error) {
	for _, limit := range caps {
		c := &callerID{CallerCap: limit}
		if _, err := t.load(bCallers, []byte(limit.Number), &c.row); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// fit is the number that may be shown and was not for the longest time; nil if
// there is none.
func (all callers) fit(now time.Time) (best *callerID) {
	for _, c := range all {
		if !c.next(now).After(now) && (best == nil || c.row.LastAt.Before(best.row.LastAt)) {
			best = c
		}
	}
	return best
}

// use shows the fit number once more.
func (all callers) use(now time.Time) string {
	c := all.fit(now)
	if c == nil {
		return ""
	}
	c.used = true
	// Within one transaction all calls have one time: a nanosecond each keeps them in turn.
	last := now
	for _, o := range all {
		if !o.row.LastAt.Before(last) {
			last = o.row.LastAt.Add(1)
		}
	}
	c.row.LastAt = last.UTC()
	h := hourOf(now)
	c.row.Hours = slices.DeleteFunc(c.row.Hours, func(o hourCount) bool { return o.Hour < h-day24 })
	if n := len(c.row.Hours); n > 0 && c.row.Hours[n-1].Hour >= h {
		c.row.Hours[n-1].Calls++
	} else {
		c.row.Hours = append(c.row.Hours, hourCount{h, 1})
	}
	if c.PerDay > 0 && c.Rest > 0 && c.calls(now) >= c.PerDay {
		c.row.Rests = now.Add(c.Rest).UTC()
	}
	return c.Number
}

// next is when one of the numbers may be shown again.
func (all callers) next(now time.Time) (at time.Time) {
	for _, c := range all {
		if t := c.next(now); at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if at.Before(now) {
		at = now
	}
	return at
}

// why says for a person what keeps the numbers from being shown.
func (all callers) why(now time.Time) string {
	var each []string
	for _, c := range all {
		why := fmt.Sprintf("%s has made %d calls in 24 hours", c.Number, c.calls(now))
		if c.row.Rests.After(now) {
			why = c.Number + " rests"
		}
		each = append(each, why)
	}
	return fmt.Sprintf("%s; the next may be shown at %s", strings.Join(each, ", "), all.next(now).Format(time.RFC3339))
}

func (all callers) save(t *tx) {
	for _, c := range all {
		if c.used {
			t.save(bCallers, []byte(c.Number), c.row)
		}
	}
}

// Hold is what keeps a campaign from calling anybody at all.
type Hold struct {
	Reason string    // RegisterExpired or NoCallerID; "" if nothing does
	Detail string    // for a person
	Until  time.Time // when to ask again

	callers callers
}

// recheckRegister is when a campaign that lacks a register asks again.
const recheckRegister = 10 * time.Minute

func (t *tx) hold(v Viewpoint) (h Hold, err error) {
	x, err := t.dncIndex()
	if err != nil {
		return h, err
	}
	if h.callers, err = t.callers(v.Callers); err != nil {
		return h, err
	}
	for _, name := range v.Registers {
		i := slices.IndexFunc(x.registers, func(r registerRow) bool { return r.Name == name })
		switch {
		case i < 0:
			h.Detail = fmt.Sprintf("do-not-call register %q is not there; import it: apel dnc import FILE --list %s", name, name)
		case x.registers[i].Expired(v.Now):
			h.Detail = fmt.Sprintf("do-not-call register %q has expired at %s; import its new issue: apel dnc import FILE --list %s",
				name, x.registers[i].Expires.Format(time.RFC3339), name)
		default:
			continue
		}
		h.Reason, h.Until = RegisterExpired, v.Now.Add(recheckRegister)
		return h, nil
	}
	if len(h.callers) > 0 && h.callers.fit(v.Now) == nil {
		h.Reason, h.Detail, h.Until = NoCallerID, h.callers.why(v.Now), h.callers.next(v.Now)
	}
	return h, nil
}

// Hold says what keeps a campaign from calling anybody at all, as Lease sees it.
func (s *Store) Hold(v Viewpoint) (h Hold, err error) {
	err = s.view("hold", func(t *tx) error {
		h, err = t.hold(v)
		h.callers = nil
		return err
	})
	return h, err
}
