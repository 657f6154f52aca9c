package simulate

import (
	"context"
	"reflect"
	"runtime"
	"sync"
	"time"

	"apel/campaign"
	"apel/dialer/floor"
	"apel/pacing"
	"apel/pacing/world"
)

// Study is what is asked of shifts that are alike but for policy, team and cap.
type Study struct {
	World    world.Config         // of the first seed; here shares and a wrap-up of 0 are none
	Ratio    float64              // calls a free operator, in power mode
	Debt     int                  // as pacing.Settings has it
	Seeds    int                  // shifts a cell
	Days     int                  // of a shift each
	Campaign *campaign.Definition // whose rules say who is called when; nil: anybody, at any time
}

// Cell is one policy with one team and cap. Policies are pacing's modes, and
// "adaptive" and "adaptive-hard" (see world.PolicyFor).
type Cell struct {
	Policy    string
	Operators int
	Limit     float64 // share of live answers that may be abandoned
}

// Shifts is what a cell came to over some seeds.
type Shifts struct {
	world.Result                  // of one seed; of several the means
	Seeds          int            `json:"seeds"`
	MaxAbandonment float64        `json:"max_abandonment"`
	OverSeeds      *world.Summary `json:"over_seeds,omitempty"`
	all            []world.Result
}

// Contacts is how many a team's list has: as many as are asked for, or with a
// campaign 500 an operator and day. 0: enough.
func (s *Study) Contacts(operators int) int {
	if s.World.Contacts == 0 && s.Campaign != nil {
		return 500 * operators * s.Days
	}
	return s.World.Contacts
}

// config is one shift of a cell: what is none is said as the world wants it.
func (s *Study) config(c Cell, seed uint64) world.Config {
	w := s.World
	w.Operators, w.Seed, w.MaxAbandonment = c.Operators, seed, c.Limit
	for _, share := range []*float64{&w.AnswerRate, &w.MachineRate, &w.NoAnswerRate, &w.MaxAbandonment} {
		if *share == 0 {
			*share = -1
		}
	}
	if w.Wrap == 0 {
		w.Wrap = -1
	}
	if w.Limit == 0 {
		w.Limit = 2 * time.Second
	}
	if s.Campaign != nil {
		w.Contacts = s.Contacts(c.Operators)
		w.Book = NewBook(s.Campaign, w.Contacts)
	}
	for day := range s.Days - 1 { // home for the night
		w.Shocks = append(w.Shocks, world.Shock{At: time.Duration((24*float64(day) + w.Hours) * float64(time.Hour)), For: time.Duration((24 - w.Hours) * float64(time.Hour)), Away: 1, Notice: true})
	}
	w.Hours += 24 * float64(s.Days-1)
	return w
}

// live lives through one shift: the production floor, but for the policies
// that only the world's own floor can run.
func (s *Study) live(c Cell, seed uint64) world.Result {
	config := s.config(c, seed)
	set := pacing.Settings{Mode: pacing.Mode(c.Policy), Ratio: s.Ratio, MaxLines: s.World.Lines, MaxAbandonment: c.Limit, Debt: float64(s.Debt)}
	if c.Policy == "adaptive" || c.Policy == "adaptive-hard" {
		return world.Run(config, c.Policy, world.PolicyFor(c.Policy, set))
	}
	return Shift(config, c.Policy, floor.Settings{Pacing: set, Within: config.Limit})
}

// Run lives through the shifts of all cells, as many at once as there are processors. A
// shift cannot be stopped: when ctx ends, those that run are left to end with
// the process. said hears how many are done.
func (s *Study) Run(ctx context.Context, all []Cell, said func(done, of int)) ([]Shifts, error) {
	type job struct{ cell, seed int }
	jobs, done := make(chan job), make(chan struct{})
	results := make([]Shifts, len(all))
	for i := range results {
		results[i].all = make([]world.Result, s.Seeds)
	}
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range jobs {
				r := s.live(all[j.cell], s.World.Seed+uint64(j.seed))
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
			for k := range s.Seeds {
				select {
				case jobs <- job{i, k}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	for n := range len(all) * s.Seeds {
		select {
		case <-done:
			said(n+1, len(all)*s.Seeds)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	wg.Wait()
	for i := range results {
		results[i].sum(all[i].Limit)
	}
	return results, nil
}

// sum fills in what the seeds came to.
func (r *Shifts) sum(limit float64) {
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
