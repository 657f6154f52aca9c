package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"apel/dialer/console"
	"apel/media/amd"
	"apel/media/amd/evaluate"
)

// evaluate measures the detector and the cadence method on a folder of labelled
// files. One that cannot be heard ends it: a measure must say what it is of.
func (a *app) evaluate(ctx context.Context, f detectFlags, set amd.Settings) error {
	labels, err := readLabels(f.evaluate)
	if err != nil {
		return err
	}
	trials, err := a.tryAll(ctx, f, set, labels)
	if err != nil {
		return err
	}
	report := evaluate.Collect(trials)
	svg := f.svg
	if svg == "" {
		svg = filepath.Join(f.evaluate, "trade-off.svg")
	}
	if err := os.WriteFile(svg, report.SVG(), 0o644); err != nil {
		return problem(console.Failed, "the trade-off cannot be drawn: %v; name another file with --svg", err)
	}
	a.say("the trade-off of people lost against machines passed is drawn in %s", svg)
	if a.flags.output == "json" {
		return printValue(a.std.out, report)
	}
	return a.print(func(w io.Writer) { fmt.Fprint(w, report) })
}

func readLabels(dir string) ([]evaluate.Label, error) {
	path := filepath.Join(dir, "labels.csv")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fileProblem(fmt.Errorf("--evaluate needs a labels file: %w", err))
	}
	labels, err := evaluate.ParseLabels(bytes.NewReader(text))
	if err == nil && len(labels) == 0 {
		err = errors.New("it names no file")
	}
	if err != nil {
		return nil, problem(console.Input, "%s: %v; mend it and evaluate again", path, err)
	}
	return labels, nil
}

// tryAll hears every file, as many at a time as the machine has processors.
func (a *app) tryAll(ctx context.Context, f detectFlags, set amd.Settings, labels []evaluate.Label) ([]evaluate.Trial, error) {
	trials, failed := make([]evaluate.Trial, len(labels)), make([]error, len(labels))
	var next, heard atomic.Int64
	var workers sync.WaitGroup
	for range runtime.NumCPU() {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(labels) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				trials[i], failed[i] = try(f, set, labels[i])
				heard.Add(1)
			}
		})
	}
	finished := make(chan struct{})
	go func() { workers.Wait(); close(finished) }()
	for ticker := time.NewTicker(10 * time.Second); ; {
		select {
		case <-ticker.C:
			a.say("%d of %d files heard", heard.Load(), len(labels))
			continue
		case <-finished:
			ticker.Stop()
		}
		return trials, errors.Join(ctx.Err(), firstOf(failed))
	}
}

func try(f detectFlags, set amd.Settings, l evaluate.Label) (evaluate.Trial, error) {
	path := l.File
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.evaluate, path)
	}
	samples, err := oneSide(path, f)
	if err != nil {
		return evaluate.Trial{}, err
	}
	return evaluate.Try(evaluate.Clip{Label: l, PCM: samples}, set), nil
}

func firstOf(failed []error) error {
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}
