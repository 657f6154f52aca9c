// Command apel is an outbound predictive dialer: a service (apel serve) and
// the commands that steer it.
//
// main hands the process's arguments, streams and environment to run, which
// gives the exit code. run builds the tree of verbs (tree.go). Every verb is
// written once, as a request to the control API of package console (client.go):
// it goes to the service over the Unix socket in the data directory, or, where
// no service answers, to the same handler inside this process, over the store
// that it then opens itself (local.go). Verbs print tables or JSON (output.go);
// data goes to standard output, talk to standard error.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	_ "time/tzdata" // call windows must not depend on what a machine has installed

	"golang.org/x/term"
)

func isScreen(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }

func main() { os.Exit(program()) }

// program runs until it is done or interrupted: the first signal asks, the
// second one ends the process at once.
func program() int {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() { // ends with the process
		<-signals
		stop()
		<-signals
		os.Exit(exitInterrupted)
	}()
	std := stdio{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		outIsScreen: isScreen(os.Stdout), errIsScreen: isScreen(os.Stderr),
	}
	return run(ctx, os.Args[1:], std, os.LookupEnv)
}
