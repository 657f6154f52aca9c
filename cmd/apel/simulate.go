package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"apel/campaign"
	"apel/dialer/console"
	"apel/dialer/simulate"
	"apel/pacing"
	"apel/pacing/world"

	"github.com/spf13/cobra"
)

// simulation is what the flags of simulate ask for.
type simulation struct {
	world                   world.Config
	teams                   counts
	caps                    shares
	answer, machine, silent share
	skip                    share
	mode, prediction        string
	ratio                   float64
	debt                    int
	compare                 bool
	seeds                   int
	svg                     string
	records, campaign       string // --from-records: where from, and only of this campaign
	seat                    bool
	days                    int
	file                    *campaign.Definition // nil: none given
}

func (a *app) simulateCmd() *cobra.Command {
	s := simulation{teams: counts{10}, caps: shares{.03}, answer: .25, machine: .30, silent: .35}
	var cmd *cobra.Command
	cmd = a.verb("simulate [FILE.yaml]", "what would a campaign do with these operators", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		if len(args) == 1 {
			if err := a.likeCampaign(cmd, &s, args[0]); err != nil {
				return err
			}
		}
		if s.records != "" {
			if err := a.likeRecords(ctx, cmd, &s); err != nil {
				return err
			}
		}
		if s.seat && !cmd.Flags().Changed("seeds") {
			s.seeds = 5
		}
		if err := s.check(); err != nil {
			return err
		}
		if s.seat {
			return a.seat(ctx, s)
		}
		return a.simulate(ctx, s)
	})
	cmd.Long = "Runs shifts of a call centre in virtual time, with the floor and pacing that\ncampaigns run with. A campaign file gives mode, ratio, abandonment limit, ring time,\nlines and, with --config, what its trunks carry; flags win over it; its windows, attempts and\nretries decide who is called when, in the contacts' own time. The same seed gives the same shift.\n" +
		"Several teams or caps (--operators 5..50, --max-abandonment 1%,2%,5%) are tried each\nwith each; several seeds give a mean and how far it can be trusted."
	f := cmd.Flags()
	f.Var(&s.teams, "operators", "operators signed in: `10`, 5,10,25 or 5..50")
	f.Float64Var(&s.world.Hours, "hours", 8, "length of the shift")
	f.Uint64Var(&s.world.Seed, "seed", 1, "`number` that all chance is drawn from")
	f.IntVar(&s.seeds, "seeds", 1, "shifts with so many `seeds`, from --seed on")
	f.StringVar(&s.mode, "mode", "predictive", "`predictive|progressive|power|preview`")
	f.Float64Var(&s.ratio, "ratio", 1.5, "calls a free operator in power mode")
	f.Var(&s.caps, "max-abandonment", "share of live answers that may be abandoned: `3%` or 1%,2%,3%")
	f.IntVar(&s.debt, "debt", pacing.DefaultDebt, "people that may be abandoned before those who answer have earned it, and as a window begins a tenth more an operator; 0: none")
	f.Var(&s.answer, "answer-rate", "share of calls that a person answers")
	f.Var(&s.machine, "machine-rate", "share that a machine answers")
	f.Var(&s.silent, "no-answer-rate", "share that nobody answers; the rest is busy or fails")
	f.DurationVar(&s.world.Ring, "ring", 12*time.Second, "mean time to an answer")
	f.DurationVar(&s.world.Talk, "talk", 120*time.Second, "mean talk")
	f.DurationVar(&s.world.Wrap, "wrap", 20*time.Second, "mean wrap-up")
	f.DurationVar(&s.world.Look, "look", 10*time.Second, "how long an operator looks at a contact in preview, and then calls")
	f.Var(&s.skip, "skip", "share of the contacts that an operator in preview looks at and skips; they are shown again later")
	f.Float64Var(&s.world.AnswerSpread, "answer-spread", 0, "standard deviation of the contacts' chances of an answer")
	f.StringVar(&s.prediction, "prediction", "none", "what pacing knows of a contact's chance: `none|learned|exact`")
	f.IntVar(&s.world.Choose, "choose", 1, "pacing chooses among so many next `contacts`, if it knows of their chances")
	f.IntVar(&s.world.Contacts, "contacts", 0, "`contacts` in the list; 0: enough, or with a file 500 an operator and day")
	f.IntVar(&s.days, "days", 1, "`days` of one shift each, from a Monday at nine on")
	f.IntVar(&s.world.Lines, "lines", 0, "calls and talks at once; 0: enough")
	f.Float64Var(&s.world.Rate, "calls-per-second", 0, "calls that trunks take a second; 0: enough")
	f.BoolVar(&s.compare, "compare", false, "the same shift in every mode, and under the adaptive scheme that is usual elsewhere")
	f.StringVar(&s.records, "from-records", "", "take rates and times from the call records of the data directory, or of an exported `file`")
	f.Lookup("from-records").NoOptDefVal = ownRecords
	f.StringVar(&s.campaign, "campaign", "", "only from the records of this `campaign`")
	f.BoolVar(&s.seat, "seat", false, "how many operators call --contacts through within --hours")
	f.StringVar(&s.svg, "svg", "", "draw occupancy against abandonment and a shift's timeline into this `file`")
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
		s.caps = shares{share(d.Abandonment.Limit)}
	}
	if !given("debt") {
		s.debt = int(d.Pacing.Debt)
	}
	if !given("choose") {
		s.world.Choose = max(d.Pacing.Choose, 1)
	}
	if !given("lines") {
		s.world.Lines = d.Pacing.MaxLines
	}
	s.world.RingTime, s.world.Limit = d.RingTime, d.Abandonment.Within
	if err := a.trunksOf(cmd, s, d); err != nil {
		return err
	}
	s.file = d
	return nil
}

func (s *simulation) check() error {
	for _, c := range []struct {
		wrong bool
		say   string
	}{
		{!(s.world.Hours > 0 && s.world.Hours <= 24*31), "hours are more than 0 and at most a month"},
		{s.days < 1 || s.days > 31 || s.days > 1 && s.world.Hours > 23, "days are counted from 1 to 31, with shifts of 23 hours at most"},
		{s.seeds < 1 || s.seeds > 1000, "seeds are counted from 1 to 1000"},
		{s.world.Ring <= 0 || s.world.Talk <= 0 || s.world.Wrap < 0, "ring and talk take time, and wrap-up no less than none; write for example --talk 120s"},
		{!(s.world.Look > 0 && s.world.Look <= time.Hour), "look is more than 0 and at most an hour; write for example --look 10s"},
		{s.skip > .95, "skip is at most 95%: who is skipped is shown again, and somebody has to be called"},
		{!(s.ratio >= 1), "ratio is 1 or more"},
		{s.debt < 0 || s.debt > 1000, "debt is from 0 to 1000 people"},
		{s.world.Choose < 1, "choose is 1 or more"},
		{s.seat && s.world.Contacts == 0, "--seat asks for how many --contacts there are"},
		{s.campaign != "" && s.records == "", "--campaign chooses records; give --from-records too"},
		{s.world.Contacts < 0 || s.world.Lines < 0 || !(s.world.Rate >= 0), "contacts, lines and calls-per-second are 0 (enough) or more"},
		{!(s.world.AnswerSpread >= 0 && s.world.AnswerSpread < .5), "answer-spread is from 0 to .5"},
		{s.answer+s.machine+s.silent > 1+1e-9, fmt.Sprintf("answer-rate, machine-rate and no-answer-rate are shares of all calls, and %s, %s and %s are more than all; give smaller ones",
			percent(s.answer), percent(s.machine), percent(s.silent))},
		{s.world.Ring >= s.ringTime(), fmt.Sprintf("ring is the mean time to an answer, and calls are given up after %v; give a shorter one", s.ringTime())},
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
	case pacing.Predictive, pacing.Progressive, pacing.Power, pacing.Preview:
		return nil
	}
	return problem(console.Usage, "mode %q cannot be simulated; use predictive, progressive, power or preview", s.mode)
}

// ringTime is how long calls ring at most: the campaign file's, or the world's own.
func (s *simulation) ringTime() time.Duration {
	if s.world.RingTime > 0 {
		return s.world.RingTime
	}
	return world.RingTime
}

// config turns shares of zero into what the world takes for zero.
func (s *simulation) config(operators int, limit share, seed uint64) world.Config {
	c := s.world
	c.Operators, c.Seed, c.Skip = operators, seed, float64(s.skip)
	if c.Limit == 0 {
		c.Limit = 2 * time.Second
	}
	for _, r := range []struct {
		from share
		to   *float64
	}{{s.answer, &c.AnswerRate}, {s.machine, &c.MachineRate}, {s.silent, &c.NoAnswerRate}, {limit, &c.MaxAbandonment}} {
		if *r.to = float64(r.from); r.from == 0 {
			*r.to = -1
		}
	}
	if c.Wrap == 0 {
		c.Wrap = -1
	}
	if s.file != nil {
		if c.Contacts == 0 {
			c.Contacts = 500 * operators * s.days
		}
		c.Book = simulate.NewBook(s.file, c.Contacts)
	}
	for day := range s.days - 1 { // home for the night
		c.Shocks = append(c.Shocks, world.Shock{At: time.Duration((24*float64(day) + c.Hours) * float64(time.Hour)), For: time.Duration((24 - c.Hours) * float64(time.Hour)), Away: 1, Notice: true})
	}
	c.Hours += 24 * float64(s.days-1)
	return c
}

// trunksOf takes what the campaign's trunks carry, from the settings file if
// there is one.
func (a *app) trunksOf(cmd *cobra.Command, s *simulation, d *campaign.Definition) error {
	var set settings
	if err := a.readFile(&set); err != nil {
		return err
	}
	lines, rate := 0, 0.
	for _, t := range set.Trunks {
		if slices.Contains(d.Trunks, t.Name) {
			lines, rate = lines+t.Channels, rate+t.CallsPerSecond
		}
	}
	given := cmd.Flags().Changed
	if !given("lines") && lines > 0 && (s.world.Lines == 0 || lines < s.world.Lines) {
		s.world.Lines = lines
	}
	if !given("calls-per-second") && rate > 0 {
		s.world.Rate = rate
	}
	return nil
}
