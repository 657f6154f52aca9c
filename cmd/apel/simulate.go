package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"apel/campaign"
	"apel/dialer"
	"apel/dialer/console"
	"apel/pacing"
	"apel/pacing/world"

	"github.com/spf13/cobra"
)

// share is a flag between 0 and 1, written 3% or .03.
type share float64

func (s *share) String() string { return strconv.FormatFloat(float64(*s), 'g', -1, 64) }
func (s *share) Type() string   { return "share" }

func (s *share) Set(text string) error {
	number, isPercent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if isPercent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return fmt.Errorf("%q is no share; write 3%% or .03", text)
	}
	*s = share(v)
	return nil
}

// simulation is what the flags of simulate ask for.
type simulation struct {
	world                            world.Config
	answer, machine, silent, abandon share
	mode, prediction                 string
	ratio                            float64
	compare                          bool
}

func (a *app) simulateCmd() *cobra.Command {
	s := simulation{answer: .25, machine: .30, silent: .35, abandon: .03}
	var cmd *cobra.Command
	cmd = a.verb("simulate [FILE.yaml]", "what would a campaign do with these operators", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		if len(args) == 1 {
			if err := a.likeCampaign(cmd, &s, args[0]); err != nil {
				return err
			}
		}
		if err := s.check(); err != nil {
			return err
		}
		return a.simulate(ctx, s)
	})
	cmd.Long = "Runs shifts of a call centre in virtual time, with the floor and pacing that\ncampaigns run with. A campaign file gives mode, ratio, abandonment limit, ring time and lines;\nflags win over it. The same seed gives the same shift."
	f := cmd.Flags()
	f.IntVar(&s.world.Operators, "operators", 10, "`operators` signed in")
	f.Float64Var(&s.world.Hours, "hours", 8, "length of the shift")
	f.Uint64Var(&s.world.Seed, "seed", 1, "`number` that all chance is drawn from")
	f.StringVar(&s.mode, "mode", "predictive", "`predictive|progressive|power`")
	f.Float64Var(&s.ratio, "ratio", 1.5, "calls a free operator in power mode")
	f.Var(&s.abandon, "max-abandonment", "share of live answers that may be abandoned")
	f.Var(&s.answer, "answer-rate", "share of calls that a person answers")
	f.Var(&s.machine, "machine-rate", "share that a machine answers")
	f.Var(&s.silent, "no-answer-rate", "share that nobody answers; the rest is busy or fails")
	f.DurationVar(&s.world.Ring, "ring", 12*time.Second, "mean time to an answer")
	f.DurationVar(&s.world.Talk, "talk", 120*time.Second, "mean talk")
	f.DurationVar(&s.world.Wrap, "wrap", 20*time.Second, "mean wrap-up")
	f.Float64Var(&s.world.AnswerSpread, "answer-spread", 0, "standard deviation of the contacts' chances of an answer")
	f.StringVar(&s.prediction, "prediction", "none", "what pacing knows of a contact's chance: `none|learned|exact`")
	f.IntVar(&s.world.Choose, "choose", 1, "pacing chooses among so many next `contacts`")
	f.BoolVar(&s.compare, "compare", false, "the same shift in every mode")
	return cmd
}

// likeCampaign takes the settings of a campaign file where no flag is given.
func (a *app) likeCampaign(cmd *cobra.Command, s *simulation, path string) error {
	source, err := a.readDefinition(path)
	if err != nil {
		return err
	}
	d, err := campaign.Parse(source)
	if err != nil {
		return about(path, console.ProblemOf(err))
	}
	given := cmd.Flags().Changed
	if !given("mode") {
		s.mode = string(d.Pacing.Mode)
	}
	if !given("ratio") && d.Pacing.Mode == pacing.Power {
		s.ratio = d.Pacing.Ratio
	}
	if !given("max-abandonment") {
		s.abandon = share(d.Abandonment.Limit)
	}
	s.world.RingTime, s.world.Lines, s.world.Limit = d.RingTime, d.Pacing.MaxLines, d.Abandonment.Within
	return nil
}

var simulatedModes = []pacing.Mode{pacing.Progressive, pacing.Power, pacing.Predictive}

func (s *simulation) check() error {
	for _, c := range []struct {
		wrong bool
		say   string
	}{
		{s.world.Operators < 1 || s.world.Operators > 10_000, "operators are counted from 1 to 10000"},
		{!(s.world.Hours > 0 && s.world.Hours <= 24*31), "hours are more than 0 and at most a month"},
		{s.world.Ring <= 0 || s.world.Talk <= 0 || s.world.Wrap < 0, "ring and talk take time, and wrap-up no less than none; write for example --talk 120s"},
		{!(s.ratio >= 1), "ratio is 1 or more"},
		{s.world.Choose < 1, "choose is 1 or more"},
		{!(s.world.AnswerSpread >= 0 && s.world.AnswerSpread < .5), "answer-spread is from 0 to .5"},
		{s.answer+s.machine+s.silent > 1, "answer-rate, machine-rate and no-answer-rate are shares of one whole and sum to more than 1"},
	} {
		if c.wrong {
			return problem(console.Usage, "%s", c.say)
		}
	}
	s.world.Prediction = world.Prediction(s.prediction)
	switch s.world.Prediction {
	case world.None, world.Learned, world.Exact:
	default:
		return problem(console.Usage, "prediction %q is not known; use none, learned or exact", s.prediction)
	}
	switch pacing.Mode(s.mode) {
	case pacing.Predictive, pacing.Progressive, pacing.Power:
		return nil
	}
	return problem(console.Usage, "mode %q cannot be simulated; use predictive, progressive or power", s.mode)
}

// config turns shares of zero into what the world takes for zero.
func (s *simulation) config() world.Config {
	c := s.world
	if c.Limit == 0 {
		c.Limit = 2 * time.Second
	}
	for _, r := range []struct {
		from share
		to   *float64
	}{{s.answer, &c.AnswerRate}, {s.machine, &c.MachineRate}, {s.silent, &c.NoAnswerRate}, {s.abandon, &c.MaxAbandonment}} {
		if *r.to = float64(r.from); r.from == 0 {
			*r.to = -1
		}
	}
	if c.Wrap == 0 {
		c.Wrap = -1
	}
	return c
}

// run lives through a shift. The world cannot be stopped: when ctx ends, it is
// left to end with the process.
func (s *simulation) run(ctx context.Context, mode pacing.Mode) (world.Result, error) {
	set := pacing.Settings{Mode: mode, Ratio: s.ratio, MaxLines: s.world.Lines, MaxAbandonment: float64(s.abandon)}
	shift := make(chan world.Result, 1)
	floor := dialer.FloorSettings{Pacing: set, Within: s.config().Limit}
	go func() { shift <- dialer.Simulate(s.config(), string(mode), floor) }()
	select {
	case r := <-shift:
		return r, nil
	case <-ctx.Done():
		return world.Result{}, ctx.Err()
	}
}

func (a *app) simulate(ctx context.Context, s simulation) error {
	if !s.compare {
		r, err := s.run(ctx, pacing.Mode(s.mode))
		if err != nil {
			return err
		}
		if a.flags.output == "json" {
			return printValue(a.std.out, r)
		}
		return a.print(func(w io.Writer) { writeShift(w, r) })
	}
	var all []world.Result
	for _, mode := range simulatedModes {
		r, err := s.run(ctx, mode)
		if err != nil {
			return err
		}
		all = append(all, r)
	}
	if a.flags.output == "json" {
		return printValue(a.std.out, all)
	}
	return a.print(func(w io.Writer) { writeShifts(w, all) })
}

func writeShift(w io.Writer, r world.Result) {
	fmt.Fprintf(w, "%d operators, %g hours, %s, seed %d\n", r.Operators, r.Hours, r.Policy, r.Seed)
	var f facts
	f.add("calls", fmt.Sprintf("%s, of them live answers %s", thousands(int64(r.Calls)), thousands(int64(r.LiveAnswers))))
	f.add("abandoned", fmt.Sprintf("%s, %.2f %% of live answers", thousands(int64(r.Abandoned)), 100*r.AbandonmentRate))
	f.add("occupancy", percent(r.Occupancy))
	f.add("wait for a call", fmt.Sprintf("mean %s, 9 of 10 within %s", span(ms(r.IdleMSMean)), span(ms(r.IdleMSP90))))
	f.add("an operator's hour", fmt.Sprintf("%.1f calls, %.1f talks", r.CallsPerHour, r.TalksPerHour))
	f.add("lines", fmt.Sprintf("at most %d at once", r.MaxLines))
	if r.FinishedMS > 0 {
		f.add("list finished", ms(r.FinishedMS))
	}
	f.write(w)
	var idle []string
	for _, c := range dialer.Causes {
		if share := part(r.IdleCauses[c], r.IdleMS); share >= .0005 {
			idle = append(idle, fmt.Sprintf("%s %s", strings.ReplaceAll(string(c), "_", " "), percent(share)))
		}
	}
	fmt.Fprintf(w, "waiting is due to  %s\n", strings.Join(idle, " · "))
}

func part(of, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(of) / float64(whole)
}

func writeShifts(w io.Writer, all []world.Result) {
	t := newTable("mode", ">occupancy", ">abandoned", ">of live answers", ">calls", ">talks/operator hour", ">mean wait", ">lines")
	for _, r := range all {
		t.row(r.Policy, percent(r.Occupancy), r.Abandoned, fmt.Sprintf("%.2f %%", 100*r.AbandonmentRate), r.Calls, fmt.Sprintf("%.1f", r.TalksPerHour), ms(r.IdleMSMean), r.MaxLines)
	}
	t.write(w)
}
