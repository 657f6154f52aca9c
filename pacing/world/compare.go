package world

import (
	"math"

	"apel/pacing"
)

// PolicyFor returns a new policy by name: progressive, power, predictive,
// adaptive (AVERAGE), adaptive-hard. preview is paced as progressive: what the
// operator's decision takes belongs to the talk. Nil for another name.
func PolicyFor(name string, s pacing.Settings) Policy {
	switch name {
	case "preview", "progressive", "power", "predictive":
		s.Mode = pacing.Mode(name)
		return pacing.New(s)
	case "adaptive", "adaptive-hard":
		return &Adaptive{MaxLevel: 3, DropLimit: s.MaxAbandonment, Hard: name == "adaptive-hard"}
	}
	return nil
}

// Spread is what several seeds say of one number.
type Spread struct {
	Mean  float64 `json:"mean"`
	Error float64 `json:"standard_error"`
	Least float64 `json:"least"`
	Most  float64 `json:"most"`
}

// Summary of the shifts of several seeds.
type Summary struct {
	Shifts      int    `json:"shifts"`
	Occupancy   Spread `json:"occupancy"`
	Abandonment Spread `json:"abandonment_rate"`
	Over        int    `json:"shifts_over_the_limit"`
	IdleMS      Spread `json:"idle_ms_mean"`
	FinishedMS  Spread `json:"finished_ms"` // of those that called their list through
}

// Summarise the results of one policy; limit is the abandonment cap.
func Summarise(rs []Result, limit float64) Summary {
	s := Summary{Shifts: len(rs)}
	var occ, ab, idle, end []float64
	for i := range rs {
		occ, ab, idle = append(occ, rs[i].Occupancy), append(ab, rs[i].AbandonmentRate), append(idle, float64(rs[i].IdleMSMean))
		if rs[i].FinishedMS > 0 {
			end = append(end, float64(rs[i].FinishedMS))
		}
		if float64(rs[i].Abandoned) > limit*float64(rs[i].LiveAnswers)+1e-9 {
			s.Over++
		}
	}
	s.Occupancy, s.Abandonment, s.IdleMS, s.FinishedMS = spreadOf(occ), spreadOf(ab), spreadOf(idle), spreadOf(end)
	return s
}

func spreadOf(x []float64) (s Spread) {
	if len(x) == 0 {
		return
	}
	s.Least, s.Most = x[0], x[0]
	for _, v := range x {
		s.Mean += v / float64(len(x))
		s.Least, s.Most = min(s.Least, v), max(s.Most, v)
	}
	if len(x) > 1 {
		sum := 0.
		for _, v := range x {
			sum += (v - s.Mean) * (v - s.Mean)
		}
		s.Error = math.Sqrt(sum / float64(len(x)-1) / float64(len(x)))
	}
	return s
}
