package evaluate

import (
	"encoding/json"
	"math"
	"time"

	"apel/media/amd"
)

// MarshalJSON gives a report as commands print it: shares between 0 and 1,
// times in milliseconds, seconds of an operator.
func (r Report) MarshalJSON() ([]byte, error) {
	type object = map[string]any
	rows, confusion, costs, curve := []object{}, []object{}, []object{}, []object{}
	for _, row := range r.Rows {
		low, high := Interval(row.Wrong(), row.N)
		rows = append(rows, object{"group": row.Group, "truth": row.Truth, "method": row.Method, "n": row.N,
			"wrong": row.Wrong(), "wrong_share": round(share(row.Wrong(), row.N)), "wrong_low": round(low), "wrong_high": round(high),
			"as_human": row.AsHuman, "as_machine": row.AsMachine, "undecided_3s": row.Late,
			"delay_p50_ms": inMS(row.Quantile(0.5)), "delay_p95_ms": inMS(row.Quantile(0.95)),
			"beeps": row.Beeps, "beeps_found": row.BeepsFound, "false_beeps": row.FalseBeeps})
	}
	for _, c := range r.Confusion {
		called := map[amd.Kind]int{}
		for k, n := range c.Called {
			called[k] = n
		}
		confusion = append(confusion, object{"truth": c.Truth, "method": c.Method, "called": called})
	}
	for _, c := range r.Costs {
		costs = append(costs, object{"method": c.Method, "people_lost_s": round(c.Lost), "machines_passed_s": round(c.Passed), "waiting_s": round(c.Waiting), "total_s": round(c.Total)})
	}
	for _, p := range r.Curve {
		o := object{"method": "apel", "people_lost": p.PeopleLost, "lost": round(p.Lost), "passed": round(p.Passed),
			"person_delay_ms": inMS(p.DecisionDelay), "machine_delay_ms": inMS(p.MachineDelay)}
		if p.CadenceMethod {
			o["method"] = "cadence"
			delete(o, "people_lost")
		}
		curve = append(curve, o)
	}
	return json.Marshal(object{"rows": rows, "confusion": confusion, "costs": costs, "curve": curve})
}

func inMS(d time.Duration) int64 { return d.Milliseconds() }

func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }
