package simulate

import (
	"context"
	"fmt"
	"slices"
)

// Seating answers how many operators call a list through in time.
type Seating struct {
	Contacts int   `json:"contacts"`
	WithinMS int64 `json:"within_ms"`
	Seeds    int   `json:"seeds"`
	// Least is the smallest team that finished with some seed, Half with half of
	// them or more, Sure with all.
	Least int      `json:"operators_least"`
	Half  int      `json:"operators_half"`
	Sure  int      `json:"operators_sure"`
	Tried []Seated `json:"tried"`
}

// Seated is what one team came to.
type Seated struct {
	Operators int     `json:"operators"`
	Finished  int     `json:"finished"` // seeds
	SoonestMS int64   `json:"soonest_ms"`
	LatestMS  int64   `json:"latest_ms"` // of those that finished
	Occupancy float64 `json:"occupancy"`
}

// Seat tries teams under a policy and a cap until it is known which call the
// study's contacts through in time, with some seed and with all; trying hears of each.
// Teams of more than most operators are not tried.
func (s *Study) Seat(ctx context.Context, policy string, limit float64, most int, trying func(operators int)) (answer Seating, err error) {
	tried := map[int]Seated{}
	finished := func(n int) (int, error) {
		if t, ok := tried[n]; ok {
			return t.Finished, nil
		}
		trying(n)
		rs, err := s.Run(ctx, []Cell{{policy, n, limit}}, func(int, int) {})
		if err != nil {
			return 0, err
		}
		t := Seated{Operators: n, Occupancy: rs[0].Occupancy}
		for _, r := range rs[0].all {
			if r.FinishedMS > 0 {
				if t.Finished == 0 || r.FinishedMS < t.SoonestMS {
					t.SoonestMS = r.FinishedMS
				}
				t.Finished++
				t.LatestMS = max(t.LatestMS, r.FinishedMS)
			}
		}
		tried[n] = t
		return t.Finished, nil
	}
	least := func(want int) (int, error) {
		low, high := 0, 1
		for ; ; low, high = high, high*2 {
			if high > most {
				return 0, fmt.Errorf("even %d operators do not call %d contacts through in time; give more --hours or --days, or lines", low, s.World.Contacts)
			}
			if n, err := finished(high); err != nil {
				return 0, err
			} else if n >= want {
				break
			}
		}
		for high-low > 1 {
			mid := (low + high) / 2
			n, err := finished(mid)
			if err != nil {
				return 0, err
			}
			if n >= want {
				high = mid
			} else {
				low = mid
			}
		}
		return high, nil
	}
	answer = Seating{Contacts: s.World.Contacts, WithinMS: int64((s.World.Hours + 24*float64(s.Days-1)) * 3.6e6), Seeds: s.Seeds}
	for _, x := range []struct {
		want int
		to   *int
	}{{1, &answer.Least}, {(s.Seeds + 1) / 2, &answer.Half}, {s.Seeds, &answer.Sure}} {
		if *x.to, err = least(x.want); err != nil {
			return answer, err
		}
	}
	for _, t := range tried {
		answer.Tried = append(answer.Tried, t)
	}
	slices.SortFunc(answer.Tried, func(x, y Seated) int { return x.Operators - y.Operators })
	return answer, nil
}
