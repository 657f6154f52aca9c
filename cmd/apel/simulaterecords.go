package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"strconv"
	"strings"
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
		"ring":           func() { s.world.Ring, s.world.Rings = orElse(w.Ring, s.world.Ring), w.Rings },
		"talk":           func() { s.world.Talk, s.world.TalkCV = orElse(w.Talk, s.world.Talk), w.TalkCV },
		"wrap":           func() { s.world.Wrap, s.world.WrapCV = orElse(w.Wrap, s.world.Wrap), w.WrapCV },
	} {
		if !given(flag) {
			take()
		}
	}
	s.world.SetUp, s.world.Detector = w.SetUp, w.Detector
	if s.world.RingTime == 0 {
		s.world.RingTime = w.RingTime
	}
	a.say("from records: people %s, machines %s, no answer %s; ring %s, talk %s, wrap-up %s, detector %s", percent(s.answer), percent(s.machine), percent(s.silent),
		span(s.world.Ring), span(s.world.Talk), span(s.world.Wrap), span(w.Detector))
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
		return a.recordsIn(s.records, s.campaign)
	}
	q := url.Values{"limit": {strconv.Itoa(mostRecords)}}
	if s.campaign != "" {
		q.Set("campaign", s.campaign)
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
	read := csvRecords
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		read = jsonRecords
	}
	return func(yield func(contactdb.Record, error) bool) {
		for r, err := range read(bytes.NewReader(raw)) {
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

func jsonRecords(r io.Reader) iter.Seq2[contactdb.Record, error] {
	return func(yield func(contactdb.Record, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for n := 1; lines.Scan(); n++ {
			var rec contactdb.Record
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			err := json.Unmarshal(lines.Bytes(), &rec)
			if err != nil {
				err = fmt.Errorf("line %d is no call record: %w", n, err)
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(contactdb.Record{}, err)
		}
	}
}

// csvRecords reads of each row what a world is taken from.
func csvRecords(r io.Reader) iter.Seq2[contactdb.Record, error] {
	return func(yield func(contactdb.Record, error) bool) {
		rows := csv.NewReader(r)
		rows.FieldsPerRecord = -1
		head, err := rows.Read()
		if err != nil || !strings.Contains(strings.Join(head, ","), "placed_at") {
			yield(contactdb.Record{}, errors.New("it has no column placed_at; it should be what apel record export writes"))
			return
		}
		for n := 2; ; n++ {
			row, err := rows.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			rec := contactdb.Record{}
			if err == nil {
				rec, err = csvRecord(head, row)
			}
			if err != nil {
				err = fmt.Errorf("line %d: %w", n, err)
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

func csvRecord(head, row []string) (r contactdb.Record, err error) {
	times := map[string]*time.Time{"placed_at": &r.PlacedAt, "ringing_at": &r.RingingAt, "answered_at": &r.AnsweredAt, "detected_at": &r.DetectedAt, "bridged_at": &r.BridgedAt, "ended_at": &r.EndedAt}
	numbers := map[string]*int64{"talk_ms": &r.TalkMS, "wrap_ms": &r.WrapMS}
	for i, name := range head[:min(len(head), len(row))] {
		text := row[i]
		switch {
		case text == "":
		case name == "outcome":
			r.Outcome = text
		case name == "campaign":
			r.Campaign = text
		case times[name] != nil:
			*times[name], err = time.Parse(time.RFC3339, text)
		case numbers[name] != nil:
			*numbers[name], err = strconv.ParseInt(text, 10, 64)
		}
		if err != nil {
			return r, fmt.Errorf("%s is %q: %w", name, text, err)
		}
	}
	return r, nil
}
