package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"apel/dialer"
	"apel/dialer/console"
	"apel/media/amd"
	"apel/media/amd/learn"
)

// explainCall prints what the verdict on a call rests on. An encrypted recording
// is heard here, with the identity, which the service never sees.
func (a *app) explainCall(ctx context.Context, attempt, identity string, model *amd.Model) error {
	var e dialer.Explanation
	if _, err := a.ask(ctx, call{path: at("records", attempt, "explain")}, &e); err != nil {
		return err
	}
	if e.Encrypted && identity != "" {
		if err := a.hearEncrypted(ctx, &e, identity, model); err != nil {
			return err
		}
	}
	if a.flags.output == "json" {
		return printValue(a.std.out, e)
	}
	return a.print(func(w io.Writer) {
		fmt.Fprintf(w, "attempt %s, outcome %s\n%s", printable(e.ID), e.Outcome, e.Text)
		switch {
		case e.Problem != "" && len(e.Again) == 0:
			fmt.Fprintln(w, e.Problem)
		case e.Recording == "":
			fmt.Fprintln(w, "there is no recording of it")
		case e.Same:
			fmt.Fprintf(w, "its recording gives the same verdict again: %s at %d ms\n", e.Again[0].Verdict, e.Again[0].DecidedMS)
		case len(e.Again) > 0:
			fmt.Fprintf(w, "its recording gives another verdict now: %s at %d ms; %s\n", e.Again[0].Verdict, e.Again[0].DecidedMS, e.Problem)
		default:
			fmt.Fprintln(w, "its recording is too short for a verdict")
		}
	})
}

func (a *app) hearEncrypted(ctx context.Context, e *dialer.Explanation, identity string, model *amd.Model) error {
	keys, err := readIdentities(identity)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "apel-detect-*") // its files are for this user only
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // nothing plain is to stay
	path := filepath.Join(folder, "call.wav")
	if err := a.fetchRecording(ctx, e.ID, path, keys, false); err != nil {
		return err
	}
	e.HearAgain(path, model)
	return nil
}

// retraining is what --retrain prints.
type retraining struct {
	Adopted bool        `json:"adopted"`
	Why     string      `json:"why"`
	Model   string      `json:"model"`  // in force now
	Before  string      `json:"before"` // in force before
	Trial   learn.Trial `json:"trial"`
}

// retrain makes a candidate from labelled calls and adopts it if it is better
// on those that it was not fitted to.
func (a *app) retrain(ctx context.Context) error {
	var labelled []dialer.LabelledCall
	if _, err := a.ask(ctx, call{path: "/api/detector/examples"}, &labelled); err != nil {
		return err
	}
	before, err := dialer.ReadModel(a.dataDir())
	if err != nil {
		return err
	}
	if before == nil {
		before = amd.Builtin()
	}
	fit, held, newest, err := a.deal(labelled)
	if err != nil {
		return err
	}
	candidate, trial, err := learn.Retrain(before, fit, held, amd.DefaultPeopleLost, 1)
	if errors.Is(err, learn.ErrTooFew) {
		return problem(console.State, "%v; let operators say \"machine\" of machines (a disposition of that name), and retrain later", err)
	}
	if err != nil {
		return err
	}
	if err := a.keepTrial(newest); err != nil {
		return err
	}
	r := retraining{Model: before.ID(), Before: before.ID(), Trial: trial}
	if r.Adopted, r.Why = trial.Better(); r.Adopted {
		candidate.Notes = append([]string{fmt.Sprintf("Retrained from model %s by %d calls, judged by %d others, on %s: %s.", before.ID(), len(fit), len(held), time.Now().Format(time.DateOnly), r.Why)}, before.Notes...)
		if r.Model, err = a.adopt(candidate, before); err != nil {
			return err
		}
	}
	if a.flags.output == "json" {
		return printValue(a.std.out, r)
	}
	return a.print(func(w io.Writer) {
		if r.Adopted {
			fmt.Fprintf(w, "model %s judges from the next call on: %s\nto go back to model %s: apel detect --go-back\n", r.Model, r.Why, r.Before)
			return
		}
		fmt.Fprintf(w, "the candidate is not adopted: %s\nmodel %s stays in force\n", r.Why, r.Model)
	})
}

// deal parts the labelled calls: those since the last trial judge, every second
// of them, and no call does so twice.
func (a *app) deal(labelled []dialer.LabelledCall) (fit, held []learn.Example, newest string, err error) {
	since, err := os.ReadFile(a.trialFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, "", fileProblem(err)
	}
	newest = strings.TrimSpace(string(since))
	var ids []string
	for _, l := range labelled {
		ids = append(ids, l.ID)
	}
	for i, judges := range learn.Deal(ids, newest) {
		e := learn.Example{Features: labelled[i].Features, Machine: labelled[i].Machine, Answer: i}
		if judges {
			held = append(held, e)
		} else {
			fit = append(fit, e)
		}
	}
	for _, id := range ids {
		newest = max(newest, id)
	}
	return fit, held, newest, nil
}

// trialFile names the newest call that was there when a candidate was last judged.
func (a *app) trialFile() string {
	return filepath.Join(filepath.Dir(dialer.ModelFile(a.dataDir())), "last-trial.txt")
}

func (a *app) keepTrial(newest string) error {
	if err := os.MkdirAll(filepath.Dir(a.trialFile()), 0o700); err != nil {
		return err
	}
	return replaceFile(a.trialFile(), []byte(newest+"\n"))
}

// adopt puts a model in force, durably and at once, and keeps the one before.
func (a *app) adopt(m, before *amd.Model) (id string, err error) {
	m.Notes = append(m.Notes, beforeNote+before.ID())
	text := m.Text()
	parsed, err := amd.ParseModel(text)
	if err != nil {
		return "", err
	}
	path := dialer.ModelFile(a.dataDir())
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	if old, err := os.ReadFile(path); err == nil {
		if err := replaceFile(keptModel(path, before.ID()), old); err != nil {
			return "", err
		}
	}
	return parsed.ID(), replaceFile(path, text)
}

// beforeNote is the note by which a model names the one before it.
const beforeNote = "Before: "

func keptModel(path, id string) string { return strings.TrimSuffix(path, ".txt") + "-" + id + ".txt" }

// goBack puts the model in force that the present one names as its predecessor.
func (a *app) goBack() error {
	path := dialer.ModelFile(a.dataDir())
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return problem(console.State, "the built-in model is in force; there is none before it")
	}
	if err != nil {
		return fileProblem(err)
	}
	before := ""
	for line := range bytes.Lines(text) {
		if id, ok := strings.CutPrefix(strings.TrimSpace(strings.TrimPrefix(string(line), "#")), beforeNote); ok {
			before = id
		}
	}
	old, err := os.ReadFile(keptModel(path, before))
	switch {
	case err == nil:
		err = replaceFile(path, old)
	case before == amd.Builtin().ID() || errors.Is(err, fs.ErrNotExist):
		before = amd.Builtin().ID()
		err = os.Remove(path)
	}
	if err != nil {
		return err
	}
	return a.print(func(w io.Writer) { fmt.Fprintf(w, "model %s judges from the next call on\n", before) })
}

// replaceFile writes a file under another name and then puts it in place.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".model-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // it is gone once it is in place
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
