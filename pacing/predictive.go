package pacing

import "time"

// predictive places calls as long as the next one, if a person answers it, is
// lost with a chance not over the price that the budget sets.
func (e *engine) predictive(set Settings, n count, s *Snapshot) Decision {
	o := &e.look
	d := progressive(n)
	if need := max(fewest, o.able); int(e.resolved) < need {
		d.Cause = Caution
		d.Why.fallback, d.Why.known, d.Why.need = unschooled, int(e.resolved), need
		return d
	}
	if o.able == 0 {
		d.Place, d.Cause = 0, NoOperators
		return d
	}
	if e.refused > .8 {
		d.Place, d.Cause, d.Again = min(d.Place, max(1-n.calls, 0)), NoLines, time.Second
		d.Why.fallback = refusing
		return d
	}
	t := e.b.terms(set, s, o)
	// One more than there is room for, so that the floor's limit is named when
	// it is what holds back.
	most, _ := room(set, n, s)
	f := filling{e: e, s: s, t: t, least: d.Place, most: min(most, 1e6) + 1}
	f.fill()
	d.Place, d.Cause, d.Picks, d.Again = f.placed, f.limit, f.picks, time.Second
	if t.allowed < 1 && f.limit == Budget && d.Place <= f.least {
		d.Why.fallback = spent
	}
	if set.HangUpAfter > 0 && d.Place == 0 {
		d.Cancel = e.cancel(s, set.HangUpAfter, f.last, t)
	}
	w := &d.Why
	w.mode, w.free, w.air, w.freeing, w.worth = Predictive, o.free, len(s.Calls), max(o.releases.mean[5], 0), o.ringing+o.screened
	w.loss, w.price, w.inHand = f.last.loss, t.price, t.spare
	return d
}

// filling is one decision's search for the number of calls, and which.
type filling struct {
	e           *engine
	s           *Snapshot
	t           terms
	least, most int // calls that bear no risk; calls looked at, one more than there is room for
	placed      int
	picks       []int
	limit       Cause
	last        risk
}

func (f *filling) fill() {
	if f.s.Choose > 1 && len(f.s.Candidates) > 1 {
		f.choose()
		return
	}
	f.inOrder()
}

// stop says whether a call more would be one too many, and why.
func (f *filling) stop(k int, r risk) (Cause, bool) {
	switch {
	case k < f.least:
		return NoOperators, false
	case f.t.allowed < 1 || r.over > f.t.over:
		return Budget, true
	case !(r.loss <= f.t.price) && r.loss <= f.t.steady:
		return Budget, true
	case !(r.loss <= f.t.price) || len(f.s.Calls)+k >= 20*f.e.look.able+20:
		return Caution, true
	}
	return NoOperators, false
}

// tight says whether so few may be lost that a single decision could pass them.
func (f *filling) tight() bool { return f.t.allowed < 8+f.e.look.able/10 }

// inOrder finds the number by doubling and halving: the risk grows with each call.
func (f *filling) inOrder() {
	try := func(k int) bool {
		r := f.t.none
		if k > 0 {
			r = f.e.look.weigh(f.ahead(k), max(f.t.allowed, 0))
		}
		if f.tight() && r.loss <= f.t.price {
			r.over = f.e.look.weigh(f.ahead(k+1), max(f.t.allowed, 0)).over
		}
		l, stop := f.stop(k, r)
		if stop || k == 0 {
			f.last, f.limit = r, l
		}
		return !stop
	}
	low, step := 0, 1 // low calls are placed at least
	for low < f.most && try(low) {
		low += step
		step *= 2
	}
	if low >= f.most && try(f.most) {
		f.placed = f.most
		return
	}
	// The largest number k for which try(k) fails first, between the last that
	// did not and low.
	lo, hi := max(low-step/2, 0), min(low, f.most)
	for lo < hi {
		if mid := (lo + hi) / 2; try(mid) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	try(lo)
	f.placed = lo
}

// ahead is the answers of the next k contacts, until it is asked again.
func (f *filling) ahead(k int) *more {
	o, x := &f.e.look, &f.e.extra
	x.clear()
	for i := 0; i < k && i < len(f.s.Candidates); i++ {
		x.add(f.e.chance(f.s.Candidates[i].Chance), &o.fresh)
	}
	rest := k - len(x.p)
	if !o.small {
		x.addTimes(float64(rest), f.e.base, &o.fresh)
		return x
	}
	for range rest {
		x.add(f.e.base, &o.fresh)
	}
	return x
}

// cancel names ringing calls to give up when far more answers are coming than
// can be taken: the longest ringing first, never before the rules' time.
func (e *engine) cancel(s *Snapshot, after time.Duration, r risk, t terms) []int {
	var out []int
	for lost := r.lost; lost > .5 && r.loss > 4*t.price; {
		best := -1
		for i := range s.Calls {
			c := &s.Calls[i]
			if c.Phase != Ringing || s.Now.Sub(c.RingingAt) < after || contains(out, i) {
				continue
			}
			if best < 0 || c.RingingAt.Before(s.Calls[best].RingingAt) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		out = append(out, best)
		lost -= e.ringing.still(tilt(e.base, e.ringing.odds()/e.placing.odds()), ageOf(s.Now, s.Calls[best].RingingAt))
	}
	return out
}

func contains(a []int, x int) bool {
	for _, v := range a {
		if v == x {
			return true
		}
	}
	return false
}
