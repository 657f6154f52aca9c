package pacing

import "math"

// progressive places one call a free operator: every call in the air, whatever
// becomes of it, keeps one operator for itself, so nobody who answers waits.
func progressive(n count) Decision {
	d := Decision{Place: max(n.free-n.open, 0), Cause: NoOperators}
	if d.Place == 0 && n.free > 0 {
		d.Cause = OnRinging
	}
	d.Why = Grounds{mode: Progressive, free: n.free, air: n.open}
	return d
}

// power places a fixed ratio of calls a free operator. Calls beyond one an
// operator are placed only as far as the window's count bears it even if a
// person answers each of them: a fixed ratio knows no chances.
func power(set Settings, n count, s Snapshot) Decision {
	d := progressive(n)
	target := int(set.Ratio * float64(n.free))
	want := max(target-n.open, 0)
	d.Why.mode, d.Why.ratio = Power, set.Ratio
	if want <= d.Place {
		return d
	}
	spare := sparePeople(set, s)
	surplus := max(n.open-n.free, 0)
	allowed := max(n.free+spare-n.open, 0)
	d.Why.held, d.Why.abandoned, d.Why.live, d.Why.bearable = true, s.Abandoned, s.Live, spare
	if want <= allowed {
		d.Place, d.Cause = want, NoOperators
		return d
	}
	d.Place, d.Cause = allowed, Budget
	if spare <= surplus {
		d.Why.fallback = spent
	}
	return d
}

// sparePeople is how many more could be abandoned now with the ratio still
// under the cap.
func sparePeople(set Settings, s Snapshot) int {
	if s.Live <= 0 || s.Abandoned < 0 || s.Abandoned > s.Live {
		return 0
	}
	return max(int(math.Floor(set.MaxAbandonment*float64(s.Live)+1e-9))-s.Abandoned, 0)
}
