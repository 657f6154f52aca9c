package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"apel/dialer/console"
	"apel/media"
	"apel/media/amd"

	"github.com/spf13/cobra"
)

// detection is what the detector made of one file.
type detection struct {
	File       string  `json:"file"`
	Verdict    string  `json:"verdict"`    // human, machine, fax, sit, busy, ringback, silence, unknown
	DecidedMS  int64   `json:"decided_ms"` // audio time from the file's start
	BeepMS     int64   `json:"beep_ms"`    // -1: none
	Confidence float64 `json:"confidence"`
	Why        string  `json:"why"`
}

func (a *app) detectCmd() *cobra.Command {
	var channel int
	cmd := a.verb("detect FILE.wav...", "the answer detector on recordings", cobra.MinimumNArgs(1), func(ctx context.Context, args []string) error {
		if channel < 0 {
			return problem(console.Usage, "channels are counted from 1, not from %d", channel)
		}
		return a.detect(ctx, args, channel)
	})
	cmd.Flags().IntVar(&channel, "channel", 0, "which `channel` of a file with several, from 1; the customer is 1 in recordings of apel")
	return cmd
}

// detect hears every file; one that it cannot hear does not keep it from the
// others.
func (a *app) detect(ctx context.Context, paths []string, channel int) error {
	t := newTable("file", "verdict", ">decided", ">beep", ">confidence", "why")
	var problems []error
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return err
		}
		d, err := detect(path, channel)
		if err == nil {
			err = a.printDetection(t, d)
		}
		if err != nil {
			problems = append(problems, err)
		}
	}
	if len(t.rows) > 0 {
		if err := a.print(t.write); err != nil {
			return err
		}
	}
	if len(problems) == 0 {
		return nil
	}
	for _, p := range problems[:len(problems)-1] {
		a.say("apel: %v", p)
	}
	return problems[len(problems)-1]
}

// printDetection prints a JSON line at once, or keeps a row.
func (a *app) printDetection(t *table, d detection) error {
	if a.flags.output == "json" {
		line, err := json.Marshal(d)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.std.out, "%s\n", line)
		return err
	}
	beep := "-"
	if d.BeepMS >= 0 {
		beep = ms(d.BeepMS).String()
	}
	t.row(d.File, d.Verdict, ms(d.DecidedMS).String(), beep, fmt.Sprintf("%.2f", d.Confidence), d.Why)
	return nil
}

func detect(path string, channel int) (detection, error) {
	channels, err := media.ReadWAV(path)
	if err != nil {
		return detection{}, wavProblem(path, err)
	}
	switch {
	case channel > len(channels):
		return detection{}, problem(console.Usage, "%s has %d channel(s), not %d; give a lower --channel", path, len(channels), channel)
	case channel == 0 && len(channels) > 1:
		return detection{}, problem(console.Usage, "%s has %d channels; say which one to hear with --channel", path, len(channels))
	case len(channels) == 0:
		return detection{}, problem(console.Input, "%s has no sound in it; record it again", path)
	}
	first, last := hear(channels[max(1, channel)-1])
	return detection{path, word(first.Kind), first.At.Milliseconds(), beepAt(last), first.Confidence, first.Why}, nil
}

func wavProblem(path string, err error) error {
	var named *console.Problem
	if errors.As(fileProblem(err), &named) {
		return named
	}
	return problem(console.Input, "%s cannot be heard: %v; give a WAV file", path, err)
}

// hear feeds a recording and gives the decision, and what was known at its end.
func hear(samples []int16) (first, last amd.Verdict) {
	d := amd.New(amd.Settings{})
	decided := false
	for start := 0; start < len(samples); start += media.FrameSamples {
		frame := make([]int16, media.FrameSamples) // the last one ends in silence
		copy(frame, samples[start:])
		if v, now := d.Feed(frame); now && !decided {
			first, decided = v, true
		}
	}
	last = d.Finish()
	if !decided {
		first = last
	}
	return first, last
}

func beepAt(v amd.Verdict) int64 {
	if v.BeepAt < 0 {
		return -1
	}
	return v.BeepAt.Milliseconds()
}

// word is a verdict as the contract of apel detect has it: a beep is a
// machine's, and congestion is a kind of busy.
func word(k amd.Kind) string {
	switch k {
	case amd.Human, amd.Machine, amd.Fax, amd.SIT, amd.Busy, amd.Ringback, amd.Silence:
		return string(k)
	case amd.Beep:
		return string(amd.Machine)
	case amd.Congestion:
		return string(amd.Busy)
	}
	return string(amd.Unknown)
}
