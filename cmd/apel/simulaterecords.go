package main

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"os"
	"strconv"
	"time"

	"apel/contactdb"
	"apel/dialer/console"
	"apel/dialer/simulate"

	"github.com/spf13/cobra"
)

// ownRecords is what --from-records means without a file: those of the data directory.
const ownRecords = "own"

// mostRecords of the last calls are taken.
const mostRecords = 100_000

// likeRecords takes rates and times from call records where no flag is given.
func (a *app) likeRecords(ctx context.Context, cmd *cobra.Command, s *simulation) error {
	records, err := a.recordsFor(ctx, s)
	if err != nil {
		return err
	}
	w, err := simulate.WorldOf(records)
	var few simulate.TooFew
	if errors.As(err, &few) && s.only != "" {
		return problem(console.Input, "of the campaign %s %v", s.only, err)
	}
	if errors.As(err, &few) {
		return problem(console.Input, "%v", err)
	}
	if err != nil {
		return console.ProblemOf(err)
	}
	given := cmd.Flags().Changed
	for flag, take := range map[string]func(){
		"answer-rate":    func() { s.answer = share(max(w.AnswerRate, 0)) },
		"machine-rate":   func() { s.machine = share(max(w.MachineRate, 0)) },
		"no-answer-rate": func() { s.silent = share(max(w.NoAnswerRate, 0)) },
		"ring":           func() { s.World.Ring, s.World.Rings = orElse(w.Ring, s.World.Ring), w.Rings },
		"talk":           func() { s.World.Talk, s.World.TalkCV = orElse(w.Talk, s.World.Talk), w.TalkCV },
		"wrap":           func() { s.World.Wrap, s.World.WrapCV = orElse(w.Wrap, s.World.Wrap), w.WrapCV },
	} {
		if !given(flag) {
			take()
		}
	}
	s.World.SetUp, s.World.Detector, s.World.Machines = w.SetUp, w.Detector, w.Machines
	if s.World.RingTime == 0 {
		s.World.RingTime = w.RingTime
	}
	detector := span(w.Detector)
	if w.Machines > 0 {
		detector += ", with machines " + span(w.Machines)
	}
	a.say("from records: people %s, machines %s, no answer %s; ring %s, talk %s, wrap-up %s, detector %s", percent(s.answer), percent(s.machine), percent(s.silent),
		span(s.World.Ring), span(s.World.Talk), span(s.World.Wrap), detector)
	return nil
}

func orElse(d, or time.Duration) time.Duration {
	if d == 0 {
		return or
	}
	return d
}

// recordsFor reads the records: the data directory's, or a file's.
func (a *app) recordsFor(ctx context.Context, s *simulation) (iter.Seq2[contactdb.Record, error], error) {
	if s.records != ownRecords {
		return a.recordsIn(s.records, s.only)
	}
	q := url.Values{"limit": {strconv.Itoa(mostRecords)}}
	if s.only != "" {
		q.Set("campaign", s.only)
	}
	var rows []contactdb.Record
	if _, err := a.ask(ctx, call{path: at("records"), query: q}, &rows); err != nil {
		return nil, err
	}
	return func(yield func(contactdb.Record, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}, nil
}

// recordsIn reads an export, CSV or JSON lines.
func (a *app) recordsIn(path, campaign string) (iter.Seq2[contactdb.Record, error], error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, problem(console.NotFound, "there is no file %s; export one: apel record export --out calls.csv", path)
	}
	if err != nil {
		return nil, err
	}
	return func(yield func(contactdb.Record, error) bool) {
		for r, err := range simulate.Exported(raw) {
			if err != nil {
				yield(r, problem(console.Input, "%s: %v", path, err))
				return
			}
			if (campaign == "" || r.Campaign == campaign) && !yield(r, nil) {
				return
			}
		}
	}, nil
}
