package main

import (
	"context"
	"fmt"
	"io"
	"os"
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
	simulate.Study
	teams                   counts
	caps                    shares
	answer, machine, silent share
	skip                    share
	mode, prediction        string
	compare                 bool
	svg                     string
	records, only           string // --from-records: where from, and of which campaign only
	seat                    bool
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
			s.Seeds = 5
		}
		if err := s.check(); err != nil {
			return err
		}
		if s.seat {
			answer, err := s.Seat(ctx, s.mode, float64(s.caps[0]), mostOperators, func(n int) { a.say("trying %d operators", n) })
			if err != nil {
				return err
			}
			return a.printSeating(answer)
		}
		return a.simulate(ctx, s)
	})
	cmd.Long = "Runs shifts of a call centre in virtual time, with the floor and pacing that\ncampaigns run with. A campaign file gives mode, ratio, abandonment limit, ring time,\nlines and, with --config, what its trunks carry; flags win over it; its windows, attempts and\nretries decide who is called when, in the contacts' own time. The same seed gives the same shift.\n" +
		"Several teams or caps (--operators 5..50, --max-abandonment 1%,2%,5%) are tried each\nwith each; several seeds give a mean and how far it can be trusted."
	f := cmd.Flags()
	f.Var(&s.teams, "operators", "operators signed in: `10`, 5,10,25 or 5..50")
	f.Float64Var(&s.World.Hours, "hours", 8, "length of the shift")
	f.Uint64Var(&s.World.Seed, "seed", 1, "`number` that all chance is drawn from")
	f.IntVar(&s.Seeds, "seeds", 1, "shifts with so many `seeds`, from --seed on")
	f.StringVar(&s.mode, "mode", "predictive", "`predictive|progressive|power|preview`")
	f.Float64Var(&s.Ratio, "ratio", 1.5, "calls a free operator in power mode")
	f.Var(&s.caps, "max-abandonment", "share of live answers that may be abandoned: `3%` or 1%,2%,3%")
	f.IntVar(&s.Debt, "debt", pacing.DefaultDebt, "people that may be abandoned before those who answer have earned it; twice that, and a tenth more an operator, while the rest of the window earns ten times as many; 0: none")
	f.Var(&s.answer, "answer-rate", "share of calls that a person answers")
	f.Var(&s.machine, "machine-rate", "share that a machine answers")
	f.Var(&s.silent, "no-answer-rate", "share that nobody answers; the rest is busy or fails")
	f.DurationVar(&s.World.Ring, "ring", 12*time.Second, "mean time to an answer")
	f.DurationVar(&s.World.Talk, "talk", 120*time.Second, "mean talk")
	f.DurationVar(&s.World.Wrap, "wrap", 20*time.Second, "mean wrap-up")
	f.DurationVar(&s.World.Look, "look", 10*time.Second, "how long an operator looks at a contact in preview, and then calls")
	f.Var(&s.skip, "skip", "share of the contacts that an operator in preview looks at and skips; they are shown again later")
	f.Float64Var(&s.World.AnswerSpread, "answer-spread", 0, "standard deviation of the contacts' chances of an answer")
	f.StringVar(&s.prediction, "prediction", "none", "what pacing knows of a contact's chance: `none|learned|exact`")
	f.IntVar(&s.World.Choose, "choose", 1, "pacing chooses among so many next `contacts`, if it knows of their chances")
	f.IntVar(&s.World.Contacts, "contacts", 0, "`contacts` in the list; 0: enough, or with a file 500 an operator and day")
	f.IntVar(&s.Days, "days", 1, "`days` of one shift each, from a Monday at nine on")
	f.IntVar(&s.World.Lines, "lines", 0, "calls and talks at once; 0: enough")
	f.Float64Var(&s.World.Rate, "calls-per-second", 0, "calls that trunks take a second; 0: enough")
	f.BoolVar(&s.compare, "compare", false, "the same shift in every mode, and under the adaptive scheme that is usual elsewhere")
	f.StringVar(&s.records, "from-records", "", "take rates and times from the call records of the data directory, or of an exported `file`")
	f.Lookup("from-records").NoOptDefVal = ownRecords
	f.StringVar(&s.only, "campaign", "", "only from the records of this `campaign`")
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
		s.Ratio = d.Pacing.Ratio
	}
	if !given("max-abandonment") {
		s.caps = shares{share(d.Abandonment.Limit)}
	}
	if !given("debt") {
		s.Debt = int(d.Pacing.Debt)
	}
	if !given("choose") {
		s.World.Choose = max(d.Pacing.Choose, 1)
	}
	if !given("lines") {
		s.World.Lines = d.Pacing.MaxLines
	}
	s.World.RingTime, s.World.Limit = d.RingTime, d.Abandonment.Within
	if err := a.trunksOf(cmd, s, d); err != nil {
		return err
	}
	s.Campaign = d
	return nil
}

func (s *simulation) check() error {
	for _, c := range []struct {
		wrong bool
		say   string
	}{
		{!(s.World.Hours > 0 && s.World.Hours <= 24*31), "hours are more than 0 and at most a month"},
		{s.Days < 1 || s.Days > 31 || s.Days > 1 && s.World.Hours > 23, "days are counted from 1 to 31, with shifts of 23 hours at most"},
		{s.Seeds < 1 || s.Seeds > 1000, "seeds are counted from 1 to 1000"},
		{s.World.Ring <= 0 || s.World.Talk <= 0 || s.World.Wrap < 0, "ring and talk take time, and wrap-up no less than none; write for example --talk 120s"},
		{!(s.World.Look > 0 && s.World.Look <= time.Hour), "look is more than 0 and at most an hour; write for example --look 10s"},
		{s.skip > .95, "skip is at most 95%: who is skipped is shown again, and somebody has to be called"},
		{!(s.Ratio >= 1), "ratio is 1 or more"},
		{s.Debt < 0 || s.Debt > 1000, "debt is from 0 to 1000 people"},
		{s.World.Choose < 1, "choose is 1 or more"},
		{s.seat && s.World.Contacts == 0, "--seat asks for how many --contacts there are"},
		{s.seat && (s.svg != "" || s.compare || len(s.caps) > 1), "--seat tries one mode under one cap and draws nothing; leave out --svg, --compare and further caps"},
		{s.only != "" && s.records == "", "--campaign chooses records; give --from-records too"},
		{s.World.Contacts < 0 || s.World.Lines < 0 || !(s.World.Rate >= 0), "contacts, lines and calls-per-second are 0 (enough) or more"},
		{!(s.World.AnswerSpread >= 0 && s.World.AnswerSpread < .5), "answer-spread is from 0 to .5"},
		{s.answer+s.machine+s.silent > 1+1e-9, fmt.Sprintf("answer-rate, machine-rate and no-answer-rate are shares of all calls, and %s, %s and %s are more than all; give smaller ones",
			percent(s.answer), percent(s.machine), percent(s.silent))},
		{s.World.Ring >= s.ringTime(), fmt.Sprintf("ring, the mean time to an answer, is %v, and calls are given up after %v; give a shorter --ring, or --from-records", s.World.Ring, s.ringTime())},
	} {
		if c.wrong {
			return problem(console.Usage, "%s", c.say)
		}
	}
	s.World.AnswerRate, s.World.MachineRate, s.World.NoAnswerRate, s.World.Skip = float64(s.answer), float64(s.machine), float64(s.silent), float64(s.skip)
	s.World.Prediction = world.Prediction(s.prediction)
	switch s.World.Prediction {
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
	if s.World.RingTime > 0 {
		return s.World.RingTime
	}
	return world.RingTime
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
	if !given("lines") && lines > 0 && (s.World.Lines == 0 || lines < s.World.Lines) {
		s.World.Lines = lines
	}
	if !given("calls-per-second") && rate > 0 {
		s.World.Rate = rate
	}
	return nil
}

// cells are all combinations that the flags ask for.
func (s *simulation) cells() []simulate.Cell {
	policies := []string{s.mode}
	if s.compare {
		policies = []string{"preview", "progressive", "power", "predictive", "adaptive", "adaptive-hard"}
	}
	var all []simulate.Cell
	for _, n := range s.teams {
		for _, limit := range s.caps {
			for _, p := range policies {
				all = append(all, simulate.Cell{Policy: p, Operators: n, Limit: float64(limit)})
			}
		}
	}
	return all
}

// runDrawn runs the shifts and draws them where --svg says. A place that cannot
// be written is refused before the first shift.
func (s *simulation) runDrawn(ctx context.Context, all []simulate.Cell, said func(done, of int)) (rs []simulate.Shifts, err error) {
	if s.svg == "" {
		return s.Run(ctx, all, said)
	}
	err = writeWhole(s.svg, func(w io.Writer) error {
		if rs, err = s.Run(ctx, all, said); err != nil {
			return err
		}
		_, err = w.Write(simulate.Draw(rs))
		return err
	})
	if err == nil {
		err = os.Chmod(s.svg, 0o644) //nolint:gosec // a drawing to show around
	}
	return rs, err
}

func (a *app) simulate(ctx context.Context, s simulation) error {
	all := s.cells()
	if len(all) > mostCells {
		return problem(console.Usage, "%d combinations are too many for one table; at most %d", len(all), mostCells)
	}
	said := func(int, int) {}
	if a.std.errIsScreen && len(all)*s.Seeds > 1 {
		said = func(done, of int) {
			fmt.Fprintf(a.std.err, "\rshift %d of %d", done, of)
			if done == of {
				fmt.Fprint(a.std.err, "\r\033[K")
			}
		}
	}
	rs, err := s.runDrawn(ctx, all, said)
	if err != nil {
		return err
	}
	if s.svg != "" {
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
