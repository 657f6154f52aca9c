package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) operatorCmd() *cobra.Command {
	return group("operator", "the people who talk",
		a.operatorAdd(), a.operatorLs(), a.operatorEdit(), a.operatorRm(), a.operatorReady(), a.operatorNotReady(), a.operatorPreview(), a.operatorWrapUp(), a.operatorMonitor())
}

// operatorFlags are those of add and edit.
type operatorFlags struct {
	fullName, team, password string
	stdin                    bool
}

func (f *operatorFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.fullName, "full-name", "", "`name` as people say it")
	flags.StringVar(&f.team, "team", "", "`team`")
	flags.StringVar(&f.password, "password", "", "`password` of the operator's phone; better --password-stdin")
	flags.BoolVar(&f.stdin, "password-stdin", false, "read the password from standard input")
	cmd.MarkFlagsMutuallyExclusive("password", "password-stdin")
}

// change has what was given, and only that.
func (f *operatorFlags) change(a *app, cmd *cobra.Command) (console.OperatorChange, error) {
	var c console.OperatorChange
	if cmd.Flags().Changed("full-name") {
		c.FullName = &f.fullName
	}
	if cmd.Flags().Changed("team") {
		c.Team = &f.team
	}
	if cmd.Flags().Changed("password") {
		c.Password = &f.password
	}
	if f.stdin {
		line, err := bufio.NewReader(a.std.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return c, err
		}
		line = strings.TrimRight(line, "\r\n")
		c.Password = &line
	}
	return c, nil
}

func (a *app) operatorAdd() *cobra.Command {
	var f operatorFlags
	var cmd *cobra.Command
	cmd = a.verb("add NAME --password PASSWORD", "add an operator and the account of the phone", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		change, err := f.change(a, cmd)
		if err != nil {
			return err
		}
		change.Name = args[0]
		q := call{method: "POST", path: "/api/operators", body: change, create: true}
		return show(a, ctx, q, func(w io.Writer, o contactdb.Operator) {
			fmt.Fprintf(w, "added operator %s; the phone registers as user %s, realm %s\n", o.Name, o.Name, contactdb.Realm)
		})
	})
	f.add(cmd)
	return cmd
}

func (a *app) operatorEdit() *cobra.Command {
	var f operatorFlags
	var cmd *cobra.Command
	cmd = a.verb("edit NAME", "change an operator's name, team or password", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		change, err := f.change(a, cmd)
		if err != nil {
			return err
		}
		if change == (console.OperatorChange{}) {
			return problem(console.Usage, "nothing to change was given; for example: apel operator edit %s --team south", args[0])
		}
		q := call{method: "PATCH", path: at("operators", args[0]), body: change}
		return show(a, ctx, q, func(w io.Writer, o contactdb.Operator) {
			fmt.Fprintf(w, "changed operator %s\n", o.Name)
		})
	})
	f.add(cmd)
	return a.completing(cmd, "operators")
}

func (a *app) operatorLs() *cobra.Command {
	return a.verb("ls", "all operators", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return show(a, ctx, call{path: "/api/operators"}, func(w io.Writer, all []console.Operator) {
			t := newTable("operator", "full name", "team", "state", "campaign", ">calls", "phone")
			for _, o := range all {
				t.row(o.Name, o.FullName, o.Team, withReason(o.State, o.Reason), o.Campaign, o.Calls, o.Phone)
			}
			t.write(w)
		})
	})
}

func (a *app) operatorRm() *cobra.Command {
	cmd := a.verb("rm NAME", "remove an operator; call records stay", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.remove(ctx, call{path: at("operators", args[0])}, "operator")
	})
	return a.completing(cmd, "operators")
}

func (a *app) operatorReady() *cobra.Command {
	cmd := a.verb("ready NAME", "take calls", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return show(a, ctx, call{method: "POST", path: at("operators", args[0], "ready")}, writeOperatorState)
	})
	return a.completing(cmd, "operators")
}

func (a *app) operatorNotReady() *cobra.Command {
	var reason string
	cmd := a.verb("notready NAME", "take no calls", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		body := console.NotReady{Reason: reason}
		return show(a, ctx, call{method: "POST", path: at("operators", args[0], "notready"), body: body}, writeOperatorState)
	})
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, shown to the supervisor")
	return a.completing(cmd, "operators")
}

func writeOperatorState(w io.Writer, o dialer.OperatorStatus) {
	fmt.Fprintf(w, "operator %s is %s\n", o.Name, withReason(o.State, printable(o.Reason)))
}
