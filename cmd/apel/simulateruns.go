package main

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"sync"

	"apel/dialer/console"
	"apel/dialer/floor"
	"apel/dialer/simulate"
	"apel/pacing"
	"apel/pacing/world"
)

// cell is one policy with one team and cap.
type cell struct {
	policy    string
	operators int
	limit     share
}

// shifts is what a cell came to over some seeds.
type shifts struct {
	world.Result                  // of one seed; of several the means
	Seeds          int            `json:"seeds"`
	MaxAbandonment float64        `json:"max_abandonment"`
	OverSeeds      *world.Summary `json:"over_seeds,omitempty"`
	all            []world.Result
}

// cells are all combinations that the flags ask for.
func (s *simulation) cells() []cell {
	policies := []string{s.mode}
	if s.compare {
		policies = []string{"preview", "progressive", "power", "predictive", "adaptive", "adaptive-hard"}
	}
	var all []cell
	for _, n := range s.teams {
		for _, limit := range s.caps {
			for _, p := range policies {
				all = append(all, cell{p, n, limit})
			}
		}
	}
	return all
}

// live lives through one shift: the production floor, but for the policies
// that only the world's own floor can run.
func (s *simulation) live(c cell, seed uint64) world.Result {
	config := s.config(c.operators, c.limit, seed)
	set := pacing.Settings{Mode: pacing.Mode(c.policy), Ratio: s.ratio, MaxLines: s.world.Lines, MaxAbandonment: float64(c.limit), Debt: float64(s.debt)}
	if c.policy == "adaptive" || c.policy == "adaptive-hard" {
		return world.Run(config, c.policy, world.PolicyFor(c.policy, set))
	}
	return simulate.Shift(config, c.policy, floor.Settings{Pacing: set, Within: config.Limit})
}

// run lives through all shifts, as many at once as there are processors. A
// shift cannot be stopped: when ctx ends, those that run are left to end with
// the process.
func (s *simulation) run(ctx context.Context, all []cell, said func(done, of int)) ([]shifts, error) {
	type job struct{ cell, seed int }
	jobs, done := make(chan job), make(chan struct{})
	results := make([]shifts, len(all))
	for i := range results {
		results[i].all = make([]world.Result, s.seeds)
	}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range jobs {
				r := s.live(all[j.cell], s.world.Seed+uint64(j.seed))
				results[j.cell].all[j.seed] = r
				select {
				case done <- struct{}{}:
				case <-ctx.Done():
				}
			}
		})
	}
	go func() {
		defer close(jobs)
		for i := range all {
			for k := range s.seeds {
				select {
				case jobs <- job{i, k}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	for n := range len(all) * s.seeds {
		select {
		case <-done:
			said(n+1, len(all)*s.seeds)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	wg.Wait()
	for i := range results {
		results[i].sum(float64(all[i].limit))
	}
	return results, nil
}

// sum fills in what the seeds came to.
func (r *shifts) sum(limit float64) {
	r.Result, r.Seeds, r.MaxAbandonment = r.all[0], len(r.all), limit
	if len(r.all) == 1 {
		return
	}
	summary := world.Summarise(r.all, limit)
	r.OverSeeds = &summary
	r.Result = meanOf(r.all)
}

// meanOf is the mean shift, number by number; what only one shift has is left out.
func meanOf(all []world.Result) world.Result {
	m, n := all[0], float64(len(all))
	mean := reflect.ValueOf(&m).Elem()
	for i := range mean.NumField() {
		sum := 0.
		for _, r := range all {
			switch f := reflect.ValueOf(r).Field(i); {
			case f.CanInt():
				sum += float64(f.Int())
			case f.CanFloat():
				sum += f.Float()
			}
		}
		switch f := mean.Field(i); {
		case f.CanInt():
			f.SetInt(int64(sum/n + .5))
		case f.CanFloat():
			f.SetFloat(sum / n)
		}
	}
	m.IdleMS, m.IdleCauses = 0, map[pacing.Cause]int64{}
	for c := range all[0].IdleCauses {
		sum := int64(0)
		for i := range all {
			sum += all[i].IdleCauses[c]
		}
		m.IdleCauses[c] = sum / int64(len(all))
		m.IdleMS += m.IdleCauses[c] // so that the causes still add up to it
	}
	m.FinishedMS, m.Timeline, m.Tenths = 0, nil, nil
	return m
}

func (a *app) simulate(ctx context.Context, s simulation) error {
	all := s.cells()
	if len(all) > mostCells {
		return problem(console.Usage, "%d combinations are too many for one table; at most %d", len(all), mostCells)
	}
	said := func(int, int) {}
	if a.std.errIsScreen && len(all)*s.seeds > 1 {
		said = func(done, of int) {
			fmt.Fprintf(a.std.err, "\rshift %d of %d", done, of)
			if done == of {
				fmt.Fprint(a.std.err, "\r\033[K")
			}
		}
	}
	rs, err := s.run(ctx, all, said)
	if err != nil {
		return err
	}
	if s.svg != "" {
		if err := writeSVG(s.svg, rs); err != nil {
			return err
		}
		a.say("drawn: %s", s.svg)
	}
	if a.flags.output == "json" {
		if len(rs) == 1 {
			return printValue(a.std.out, rs[0])
		}
		for i := range rs {
			rs[i].Timeline, rs[i].Tenths = nil, nil
		}
		return printValue(a.std.out, rs)
	}
	return a.printShifts(s, rs)
}
