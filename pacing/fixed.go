package pacing

import (
	"fmt"
	"math"
)

// progressive places one call a free operator: every call in the air, whatever
// becomes of it, keeps one operator for itself, so nobody who answers waits.
func progressive(n count) Decision {
	d := Decision{Place: max(n.free-n.open, 0), Cause: NoOperators}
	if d.Place == 0 && n.free > 0 {
		d.Cause = OnRinging
	}
	d.Why = fmt.Sprintf("%d free, %d in the air, one call a free operator", n.free, n.open)
	return d
}

// power places a fixed ratio of calls a free operator. Calls beyond one an
// operator are placed only as far as the window's count bears it even if a
// person answers each of them: a fixed ratio knows no chances.
func power(set Settings, n count, s Snapshot) Decision {
	d := progressive(n)
	target := int(set.Ratio * float64(n.free))
	want := max(target-n.open, 0)
	if want <= d.Place {
		d.Why = fmt.Sprintf("%d free, %d in the air, ratio %.2g", n.free, n.open, set.Ratio)
		return d
	}
	spare := sparePeople(set, s)
	surplus := max(n.open-n.free, 0)
	allowed := max(n.free+spare-n.open, 0)
	d.Why = fmt.Sprintf("%d free, %d in the air, ratio %.2g, %d abandoned of %d live, %d more bearable",
		n.free, n.open, set.Ratio, s.Abandoned, s.Live, spare)
	if want <= allowed {
		d.Place, d.Cause = want, NoOperators
		return d
	}
	d.Place, d.Cause = allowed, Budget
	if spare <= surplus {
		d.Why += "; power falls back to progressive: the budget is spent"
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
