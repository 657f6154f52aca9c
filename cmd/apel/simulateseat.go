package main

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// seating answers how many operators call a list through in time.
type seating struct {
	Contacts int   `json:"contacts"`
	WithinMS int64 `json:"within_ms"`
	Seeds    int   `json:"seeds"`
	// Least finished with some seed, Half with half of them, Sure with all.
	Least int        `json:"operators_least"`
	Half  int        `json:"operators_half"`
	Sure  int        `json:"operators_sure"`
	Tried []seatings `json:"tried"`
}

// seatings is what one team came to.
type seatings struct {
	Operators int     `json:"operators"`
	Finished  int     `json:"finished"` // seeds
	SoonestMS int64   `json:"soonest_ms"`
	LatestMS  int64   `json:"latest_ms"` // of those that finished
	Occupancy float64 `json:"occupancy"`
}

// seat tries teams until it is known which finish the list in time, with some
// seed and with all.
func (a *app) seat(ctx context.Context, s simulation) error {
	tried := map[int]seatings{}
	finished := func(n int) (int, error) {
		if t, ok := tried[n]; ok {
			return t.Finished, nil
		}
		a.say("trying %d operators", n)
		rs, err := s.run(ctx, []cell{{s.mode, n, s.caps[0]}}, func(int, int) {})
		if err != nil {
			return 0, err
		}
		t := seatings{Operators: n, Occupancy: rs[0].Occupancy}
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
			if high > mostOperators {
				return 0, fmt.Errorf("even %d operators do not call %d contacts through in time; give more --hours or --days, or lines", low, s.world.Contacts)
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
	answer := seating{Contacts: s.world.Contacts, WithinMS: int64((s.world.Hours + 24*float64(s.days-1)) * 3.6e6), Seeds: s.seeds}
	for _, x := range []struct {
		want int
		to   *int
	}{{1, &answer.Least}, {(s.seeds + 1) / 2, &answer.Half}, {s.seeds, &answer.Sure}} {
		var err error
		if *x.to, err = least(x.want); err != nil {
			return err
		}
	}
	for _, t := range tried {
		answer.Tried = append(answer.Tried, t)
	}
	slices.SortFunc(answer.Tried, func(x, y seatings) int { return x.Operators - y.Operators })
	if a.flags.output == "json" {
		return printValue(a.std.out, answer)
	}
	return a.print(func(w io.Writer) { writeSeating(w, answer) })
}

func writeSeating(w io.Writer, s seating) {
	fmt.Fprintf(w, "to call %s contacts through within %s, seat %d operators", thousands(int64(s.Contacts)), when(s.WithinMS), s.Sure)
	fmt.Fprintf(w, ": all of %d shifts were done in time", s.Seeds)
	if s.Half < s.Sure {
		fmt.Fprintf(w, "; with %d half of them", s.Half)
	}
	if s.Least > 1 {
		fmt.Fprintf(w, "; with fewer than %d none", s.Least)
	}
	fmt.Fprintln(w)
	t := newTable(">operators", ">finished", ">soonest", ">latest", ">occupancy")
	for _, x := range s.Tried {
		soonest, latest := "-", "-"
		if x.Finished > 0 {
			soonest, latest = when(x.SoonestMS), when(x.LatestMS)
		}
		t.row(x.Operators, fmt.Sprintf("%d of %d", x.Finished, s.Seeds), soonest, latest, percent(x.Occupancy))
	}
	t.write(w)
}
