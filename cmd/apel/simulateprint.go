package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"apel/dialer/simulate"
	"apel/pacing"
	"apel/pacing/world"
)

func (a *app) printShifts(s simulation, rs []simulate.Shifts) error {
	return a.print(func(w io.Writer) {
		if len(rs) == 1 {
			writeShift(w, s, rs[0])
			return
		}
		writeSweep(w, s, rs)
	})
}

// give is a mean with how far it can be trusted: two standard errors.
func give(mean string, s *world.Summary, of func(*world.Summary) world.Spread, unit func(float64) string) string {
	if s == nil {
		return mean
	}
	return fmt.Sprintf("%s ± %s", mean, unit(2*of(s).Error))
}

func teamOf(operators int) string {
	if operators == 1 {
		return "1 operator"
	}
	return fmt.Sprintf("%d operators", operators)
}

func points(v float64) string { return fmt.Sprintf("%.1f", 100*v) }

func occupancyOf(s *world.Summary) world.Spread   { return s.Occupancy }
func abandonmentOf(s *world.Summary) world.Spread { return s.Abandonment }

func writeShift(w io.Writer, s simulation, r simulate.Shifts) {
	seeds := fmt.Sprintf("seed %d", r.Seed)
	if r.Seeds > 1 {
		seeds = fmt.Sprintf("means of %d seeds from %d", r.Seeds, r.Seed)
	}
	length := fmt.Sprintf("%g hours", s.World.Hours)
	if s.World.Hours == 1 {
		length = "1 hour"
	}
	if s.Days > 1 {
		length = fmt.Sprintf("%d days of %s", s.Days, length)
	}
	fmt.Fprintf(w, "%s, %s, %s, %s\n", teamOf(r.Operators), length, r.Policy, seeds)
	var f facts
	f.add("calls", fmt.Sprintf("%s, of them live answers %s", thousands(int64(r.Calls)), thousands(int64(r.LiveAnswers))))
	abandoned := fmt.Sprintf("%s, %.2f %% of live answers, cap %s", thousands(int64(r.Abandoned)), 100*r.AbandonmentRate, percent(r.MaxAbandonment))
	if o := r.OverSeeds; o != nil {
		abandoned += fmt.Sprintf("; from %.2f to %.2f %%, %d of %d shifts over it", 100*o.Abandonment.Least, 100*o.Abandonment.Most, o.Over, o.Shifts)
	}
	f.add("abandoned", abandoned)
	f.add("occupancy", give(percent(r.Occupancy).String(), r.OverSeeds, occupancyOf, points))
	f.add("wait for a call", fmt.Sprintf("mean %s, 9 of 10 within %s", span(ms(r.IdleMSMean)), span(ms(r.IdleMSP90))))
	if r.LookingMS > 0 {
		f.add("looks at contacts", fmt.Sprintf("%s of the time, beside the waiting that has causes", percent(float64(r.LookingMS)/float64(r.SignedInMS))))
	}
	f.add("an operator's hour", fmt.Sprintf("%.1f calls, %.1f talks", r.CallsPerHour, r.TalksPerHour))
	f.add("lines", fmt.Sprintf("at most %d at once", r.MaxLines))
	if r.FinishedMS > 0 {
		f.add("list finished", "after "+when(r.FinishedMS))
	}
	if s.Campaign != nil && s.World.Contacts == 0 {
		f.add("list", fmt.Sprintf("%s contacts were taken, 500 an operator and day; --contacts says how many there are", thousands(int64(s.Contacts(r.Operators)))))
	}
	if s.World.Contacts > 0 && r.FinishedMS == 0 && (r.OverSeeds == nil || r.OverSeeds.FinishedMS.Mean == 0) {
		f.add("list finished", "no; give more --hours or --days, or ask with --seat")
	}
	if o := r.OverSeeds; o != nil && o.FinishedMS.Mean > 0 {
		f.add("list finished", fmt.Sprintf("after %s, at the soonest %s, at the latest %s", when(int64(o.FinishedMS.Mean)), when(int64(o.FinishedMS.Least)), when(int64(o.FinishedMS.Most))))
	}
	f.add("waiting is due to", waitingLine(ms(r.IdleMS), func(c pacing.Cause) time.Duration { return ms(r.IdleCauses[c]) }))
	if r.Brier != 0 {
		f.add("chances known", fmt.Sprintf("Brier skill %.2f", math.Round(100*r.Brier)/100+0))
	}
	f.write(w)
}

// when is a time since the beginning; on a further day it says which.
func when(since int64) string {
	d := ms(since)
	if d < 24*time.Hour {
		return span(d)
	}
	at := world.Begin.Add(d)
	return fmt.Sprintf("day %d, %s", int(d/(24*time.Hour))+1, at.Format("15:04"))
}

// writeSweep prints a line a cell; what is alike in all is not repeated.
func writeSweep(w io.Writer, s simulation, rs []simulate.Shifts) {
	if s.Seeds > 1 {
		fmt.Fprintf(w, "means of %d seeds from %d, ± two standard errors\n", s.Seeds, s.World.Seed)
	}
	t := newTable("mode", ">operators", ">cap", ">occupancy", ">of live answers lost", ">worst", ">calls", ">talks/operator hour", ">mean wait", ">lines", "waits most for")
	for _, r := range rs {
		worst := r.AbandonmentRate
		if r.OverSeeds != nil {
			worst = r.OverSeeds.Abandonment.Most
		}
		t.row(r.Policy, r.Operators, percent(r.MaxAbandonment), give(percent(r.Occupancy).String(), r.OverSeeds, occupancyOf, points),
			give(fmt.Sprintf("%.2f %%", 100*r.AbandonmentRate), r.OverSeeds, abandonmentOf, func(v float64) string { return fmt.Sprintf("%.2f", 100*v) }),
			fmt.Sprintf("%.2f %%", 100*worst), r.Calls, fmt.Sprintf("%.1f", r.TalksPerHour), ms(r.IdleMSMean), r.MaxLines, mostOf(r.IdleCauses))
	}
	t.write(w)
}

// mostOf is the cause that most of the waiting has.
func mostOf(causes map[pacing.Cause]int64) string {
	best := pacing.Cause("")
	for _, c := range pacing.Causes {
		if causes[c] > causes[best] {
			best = c
		}
	}
	if best == "" {
		return "-"
	}
	return causeWord(best)
}

func (a *app) printSeating(s simulate.Seating) error {
	if a.flags.output == "json" {
		return printValue(a.std.out, s)
	}
	return a.print(func(w io.Writer) { writeSeating(w, s) })
}

func writeSeating(w io.Writer, s simulate.Seating) {
	fmt.Fprintf(w, "to call %s contacts through within %s, seat %s", thousands(int64(s.Contacts)), when(s.WithinMS), teamOf(s.Sure))
	fmt.Fprintf(w, ": all of %d shifts were done in time", s.Seeds)
	for _, x := range s.Tried {
		if x.Operators == s.Half && s.Half < s.Sure {
			fmt.Fprintf(w, "; with %s %d of them", teamOf(x.Operators), x.Finished)
		}
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
