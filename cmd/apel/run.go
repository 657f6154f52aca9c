package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"apel/dialer/console"

	"github.com/spf13/pflag"
)

// Exit codes; 0 is done.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitNotAllowed  = 4
	exitState       = 5
	exitRefused     = 6
	exitNotReached  = 7
	exitInterrupted = 130
)

// Codes of errors that only a command has.
const (
	notReached  console.Code = "not-reached" // an awaited condition did not come
	interrupted console.Code = "interrupted"
)

var exitCodes = map[console.Code]int{
	console.Failed:     exitFailed,
	console.Input:      exitFailed,
	console.Usage:      exitUsage,
	console.NotFound:   exitNotFound,
	console.NotAllowed: exitNotAllowed,
	console.SignIn:     exitNotAllowed,
	console.TooMany:    exitNotAllowed,
	console.Busy:       exitFailed,
	console.State:      exitState,
	console.NotRunning: exitState,
	console.Refused:    exitRefused,
	notReached:         exitNotReached,
	interrupted:        exitInterrupted,
}

// stdio is a command's streams, and whether a person looks at them.
type stdio struct {
	in                       io.Reader
	out, err                 io.Writer
	outIsScreen, errIsScreen bool
}

// app is one run of the program.
type app struct {
	std    stdio
	env    func(string) (string, bool)
	flags  flags
	parsed bool // the command line was understood; errors from here on are the verb's
}

// flags are those that every verb takes.
type flags struct {
	data, config, output string
	address, certificate string // of a console elsewhere
}

// run does what the arguments say and returns the exit code. It reads nothing
// of the process but the files that they name.
func run(ctx context.Context, args []string, std stdio, env func(string) (string, bool)) int {
	a := &app{std: std, env: env}
	root := a.tree()
	root.SetArgs(args)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	p := a.problemOf(ctx, err)
	if p.Sentence != "" {
		fmt.Fprintln(std.err, "apel: "+p.Sentence)
	}
	return exitCodes[p.Code]
}

func (a *app) problemOf(ctx context.Context, err error) *console.Problem {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return &console.Problem{Sentence: "interrupted", Code: interrupted}
	}
	if !a.parsed {
		return &console.Problem{Sentence: usageOf(err), Code: console.Usage}
	}
	return console.ProblemOf(err)
}

// usageOf says what is wrong with a command line.
func usageOf(err error) string {
	if bad := (*pflag.InvalidValueError)(nil); errors.As(err, &bad) && errors.As(err, new(*strconv.NumError)) {
		return fmt.Sprintf("--%s %q is no number; write for example --%[1]s %[3]s", bad.GetFlag().Name, bad.GetValue(), cmp.Or(bad.GetFlag().DefValue, "1"))
	}
	return err.Error()
}

// problem is an error as a person reads it: cause and next step.
func problem(code console.Code, format string, args ...any) error {
	return &console.Problem{Sentence: fmt.Sprintf(format, args...), Code: code}
}

// fileProblem is an error with a file that was named on the command line.
func fileProblem(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return problem(console.NotFound, "%v; check the name", err)
	case errors.Is(err, os.ErrPermission):
		return problem(console.NotAllowed, "%v; ask its owner, or run as one who may", err)
	}
	return err
}

// about puts a file's name before what is wrong inside it.
func about(path string, err error) error {
	var p *console.Problem
	if errors.As(err, &p) && p.Code == console.Input && !errors.As(err, new(*settingsError)) {
		return problem(console.Input, "%s: %s", path, p.Sentence)
	}
	return err
}
