package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"apel/dialer"
	"apel/dialer/console"
	"apel/media"
	"apel/media/amd"

	"filippo.io/age"
	"github.com/spf13/cobra"
)

// detection is what the detector made of one file.
type detection struct {
	File       string  `json:"file"`
	Verdict    string  `json:"verdict"`    // human, machine, fax, sit, busy, ringback, silence, music, unknown
	DecidedMS  int64   `json:"decided_ms"` // audio time from the file's start
	BeepMS     int64   `json:"beep_ms"`    // -1: none
	Confidence float64 `json:"confidence"`
	Why        string  `json:"why"`

	Explanation string `json:"explanation,omitempty"` // with --explain
}

// detectFlags are how apel detect is asked.
type detectFlags struct {
	channel                  int
	explain, retrain, goBack bool
	review                   bool
	said, identity           string
	evaluate, svg, modelFile string
	lost                     share
	within                   time.Duration
	listenOn                 time.Duration
}

func (a *app) detectCmd() *cobra.Command {
	f := detectFlags{lost: amd.DefaultPeopleLost}
	cmd := a.verb("detect FILE.wav...", "the answer detector on recordings", cobra.ArbitraryArgs, func(ctx context.Context, args []string) error {
		return a.detectBy(ctx, f, args)
	})
	cmd.Long = `The answer detector on recordings: who answered, when it was known, and why.

  apel detect FILE.wav...            the verdict on each file
  apel detect --explain FILE.wav...  what was heard when, and what spoke for it
  apel detect --explain ATTEMPT      the same of a call, from the evidence kept with its record;
                                     its recording, if there is one, is heard again
  apel detect --evaluate DIR         how often it is right on labelled files, beside the cadence
                                     method; DIR/labels.csv has the columns file, kind and, if known,
                                     group, spoke_until_ms, beep_ms
  apel detect --retrain              a candidate from calls of which operators said who answered,
                                     adopted only if it is better on those it has not seen
  apel detect --go-back              the model before the last that was adopted
  apel detect --review               calls taken for machines that were recorded for you to hear
                                     (detector: sample: of their campaign)
  apel detect --review ATTEMPT --said person
                                     what you heard; --retrain learns from it`
	fl := cmd.Flags()
	fl.IntVar(&f.channel, "channel", 0, "which `channel` of a file with several, from 1; the customer is 1 in recordings of apel")
	fl.BoolVar(&f.explain, "explain", false, "say what was heard when, and what spoke for the verdict")
	fl.StringVar(&f.evaluate, "evaluate", "", "measure on the labelled files of this `folder`")
	fl.StringVar(&f.svg, "svg", "", "with --evaluate: draw the trade-off into this `file` (default trade-off.svg in the folder)")
	fl.BoolVar(&f.retrain, "retrain", false, "learn from labelled calls")
	fl.BoolVar(&f.goBack, "go-back", false, "take the model that was in force before")
	fl.BoolVar(&f.review, "review", false, "list the recorded calls that were taken for machines, or say who it was")
	fl.StringVar(&f.said, "said", "", "with --review ATTEMPT: `who` is heard on its recording, machine or person")
	fl.StringVar(&f.identity, "identity", "", "`file` with an age identity, for recordings that are encrypted")
	fl.StringVar(&f.modelFile, "model", "", "judge by the model in this `file` (default the data directory's own, else the built-in one)")
	fl.Var(&f.lost, "people-lost", "share of people that may be taken for machines")
	fl.DurationVar(&f.listenOn, "listen-on", 0, "how much longer, while somebody still talks and it isn't clear who (default 0s; of a campaign, 4s)")
	fl.DurationVar(&f.within, "decide-within", 0, "the latest decision after the answer while nobody talks (default 2.95s)")
	return cmd
}

// detectBy does what the flags ask for.
func (a *app) detectBy(ctx context.Context, f detectFlags, args []string) error {
	modes := 0
	for _, on := range []bool{f.explain, f.evaluate != "", f.retrain, f.goBack, f.review} {
		if on {
			modes++
		}
	}
	needsFiles := f.evaluate == "" && !f.retrain && !f.goBack && !f.review
	switch {
	case modes > 1:
		return problem(console.Usage, "--explain, --evaluate, --retrain, --go-back and --review are five things; ask for one at a time")
	case f.review:
		return a.review(ctx, f, args)
	case f.said != "":
		return problem(console.Usage, "--said says who is heard on the recording of --review ATTEMPT; name it")
	case needsFiles && len(args) == 0:
		return problem(console.Usage, "apel detect needs a FILE.wav to hear; apel detect --help shows what else it does")
	case !needsFiles && len(args) > 0:
		return problem(console.Usage, "%s is not needed here; leave it out", args[0])
	case f.channel < 0:
		return problem(console.Usage, "channels are counted from 1, not from %d", f.channel)
	case f.lost < .001 || f.lost > .2:
		return problem(console.Usage, "--people-lost takes a share between 0.1%% and 20%%, not %s", &f.lost)
	case f.within != 0 && (f.within < 200*time.Millisecond || f.within > 10*time.Second):
		return problem(console.Usage, "--decide-within takes 200ms to 10s, not %s", f.within)
	case f.listenOn < 0 || f.listenOn > 10*time.Second:
		return problem(console.Usage, "--listen-on takes 0s to 10s, not %s", f.listenOn)
	case f.svg != "" && f.evaluate == "":
		return problem(console.Usage, "--svg draws what --evaluate DIR measures; name the folder, too")
	}
	switch {
	case f.retrain:
		return a.retrain(ctx)
	case f.goBack:
		return a.goBack()
	}
	set, err := a.detectSettings(f)
	if err != nil {
		return err
	}
	if f.evaluate != "" {
		return a.evaluate(ctx, f, set)
	}
	return a.detect(ctx, args, f, set)
}

// detectSettings are what the flags say; the model is the one that would judge calls.
func (a *app) detectSettings(f detectFlags) (amd.Settings, error) {
	set := amd.Settings{PeopleLost: float64(f.lost), DecideWithin: f.within, ListenOn: f.listenOn}
	if f.modelFile != "" {
		text, err := os.ReadFile(f.modelFile)
		if err != nil {
			return set, fileProblem(err)
		}
		if set.Model, err = amd.ParseModel(text); err != nil {
			return set, problem(console.Input, "%s: %v; name a model that apel detect --retrain made", f.modelFile, err)
		}
		return set, nil
	}
	m, err := dialer.ReadModel(a.dataDir())
	set.Model = m
	return set, err
}

// detect hears every file; one that it cannot hear does not keep it from the
// others.
func (a *app) detect(ctx context.Context, paths []string, f detectFlags, set amd.Settings) error {
	t := newTable("file", "verdict", ">decided", ">beep", ">confidence", "why")
	var problems []error
	for _, path := range paths {
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if f.explain && !strings.Contains(path, ".") && !strings.ContainsRune(path, filepath.Separator) {
			err = a.explainCall(ctx, path, f.identity, set.Model)
		} else {
			err = a.detectFile(t, path, f, set)
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

// detectFile hears one file and prints what it is, or keeps its row.
func (a *app) detectFile(t *table, path string, f detectFlags, set amd.Settings) error {
	samples, err := oneSide(path, f)
	if err != nil {
		return err
	}
	d, evidence := detect(path, samples, set)
	if !f.explain {
		return a.printDetection(t, d)
	}
	if d.Explanation, err = amd.Explain(evidence, set.Model); err != nil {
		return err
	}
	if a.flags.output == "json" {
		return a.printDetection(t, d)
	}
	return a.print(func(w io.Writer) {
		fmt.Fprintf(w, "%s: %s at %d ms: %s\n%s\n", printable(path), d.Verdict, d.DecidedMS, d.Why, d.Explanation)
	})
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

// oneSide reads a file and takes the channel that is asked for.
func oneSide(path string, f detectFlags) ([]int16, error) {
	channel := f.channel
	channels, err := readSound(path, f.identity)
	if err != nil {
		return nil, err
	}
	switch {
	case channel > len(channels):
		return nil, problem(console.Usage, "%s has %d channel(s), not %d; give a lower --channel", path, len(channels), channel)
	case channel == 0 && len(channels) > 1:
		return nil, problem(console.Usage, "%s has %d channels; say which one to hear with --channel", path, len(channels))
	case len(channels) == 0 || len(channels[0]) == 0:
		return nil, problem(console.Input, "%s has no sound in it; record it again", path)
	}
	return channels[max(1, channel)-1], nil
}

// readSound reads a WAV file, or one that is encrypted, in memory.
func readSound(path, identity string) ([][]int16, error) {
	if filepath.Ext(path) != ".age" {
		channels, err := media.ReadWAV(path)
		if err != nil {
			return nil, wavProblem(path, err)
		}
		return channels, nil
	}
	if identity == "" {
		return nil, problem(console.Usage, "%s is encrypted; give the identity file of one whom it is for with --identity", path)
	}
	keys, err := readIdentities(identity)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fileProblem(err)
	}
	defer f.Close()
	plain, err := age.Decrypt(f, keys...)
	if err != nil {
		return nil, notForUs(path, err)
	}
	sound, err := io.ReadAll(plain)
	if err != nil {
		return nil, problem(console.Failed, "%s was changed, cut off or damaged: %v; take it from a backup", path, err)
	}
	channels, err := media.DecodeWAV(sound)
	if err != nil {
		return nil, wavProblem(path, err)
	}
	return channels, nil
}

func wavProblem(path string, err error) error {
	var named *console.Problem
	if errors.As(fileProblem(err), &named) {
		return named
	}
	why := strings.TrimPrefix(err.Error(), path+": ")
	if !strings.Contains(why, "; ") { // it doesn't say what to do
		why += "; give a WAV file"
	}
	return problem(console.Input, "%s cannot be heard: %s", path, why)
}

// detect feeds a recording and gives the decision with what was known at its end.
func detect(path string, samples []int16, set amd.Settings) (detection, []byte) {
	d := amd.New(set)
	var first amd.Verdict
	decided := false
	for start := 0; start < len(samples); start += media.FrameSamples {
		frame := make([]int16, media.FrameSamples) // the last one ends in silence
		copy(frame, samples[start:])
		if v, now := d.Feed(frame); now && !decided {
			first, decided = v, true
		}
	}
	last := d.Finish()
	if !decided {
		first = last
	}
	return detection{File: path, Verdict: word(first.Kind), DecidedMS: first.At.Milliseconds(), BeepMS: beepAt(last), Confidence: first.Confidence, Why: first.Why}, d.Evidence()
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
	case amd.Human, amd.Machine, amd.Fax, amd.SIT, amd.Busy, amd.Ringback, amd.Silence, amd.Music:
		return string(k)
	case amd.Beep:
		return string(amd.Machine)
	case amd.Congestion:
		return string(amd.Busy)
	}
	return string(amd.Unknown)
}
