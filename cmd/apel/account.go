package main

import (
	"context"
	"fmt"
	"io"

	"apel/contactdb"
	"apel/dialer/console"
	"apel/dialer/console/access"

	"github.com/spf13/cobra"
)

func (a *app) accountCmd() *cobra.Command {
	return group("account", "people who sign in on the console", a.accountAdd(), a.accountLs(), a.accountEdit(), a.accountRm())
}

// accountFlags are those of add and edit.
type accountFlags struct {
	operatorFlags
	role              string
	disabled, enabled bool
}

func (f *accountFlags) add(cmd *cobra.Command) {
	f.operatorFlags.add(cmd)
	cmd.Flags().StringVar(&f.role, "role", "", "operator, team-leader, supervisor, compliance or administrator: its `role`")
}

// change has what was given, and only that.
func (f *accountFlags) change(a *app, cmd *cobra.Command) (console.AccountChange, error) {
	o, err := f.operatorFlags.change(a, cmd)
	c := console.AccountChange{FullName: o.FullName, Team: o.Team, Password: o.Password}
	if cmd.Flags().Changed("role") {
		role := access.Role(f.role)
		c.Role = &role
	}
	if f.disabled || f.enabled {
		c.Disabled = &f.disabled
	}
	return c, err
}

func (a *app) accountAdd() *cobra.Command {
	var f accountFlags
	var cmd *cobra.Command
	cmd = a.verb("add NAME --role ROLE --password-stdin", "add an account", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		change, err := f.change(a, cmd)
		if err != nil {
			return err
		}
		change.Name = args[0]
		q := call{method: "POST", path: "/api/accounts", body: change, create: true}
		return show(a, ctx, q, func(w io.Writer, c contactdb.Account) {
			fmt.Fprintf(w, "added account %s, %s\n", c.Name, c.Role)
		})
	})
	f.add(cmd)
	return cmd
}

func (a *app) accountEdit() *cobra.Command {
	var f accountFlags
	var cmd *cobra.Command
	cmd = a.verb("edit NAME", "change an account; a new role or password ends its sessions", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		change, err := f.change(a, cmd)
		if err != nil {
			return err
		}
		if change == (console.AccountChange{}) {
			return problem(console.Usage, "nothing to change was given; for example: apel account edit %s --role supervisor", args[0])
		}
		q := call{method: "PATCH", path: at("accounts", args[0]), body: change}
		return show(a, ctx, q, func(w io.Writer, c contactdb.Account) {
			fmt.Fprintf(w, "changed account %s\n", c.Name)
		})
	})
	f.add(cmd)
	cmd.Flags().BoolVar(&f.disabled, "disable", false, "nobody can sign in with it")
	cmd.Flags().BoolVar(&f.enabled, "enable", false, "it can be used again")
	cmd.MarkFlagsMutuallyExclusive("disable", "enable")
	return a.completing(cmd, "accounts")
}

func (a *app) accountLs() *cobra.Command {
	return a.verb("ls", "all accounts", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return show(a, ctx, call{path: "/api/accounts"}, func(w io.Writer, all []contactdb.Account) {
			t := newTable("account", "full name", "role", "team", "can sign in", "created")
			for _, c := range all {
				can := "yes"
				if c.Disabled {
					can = "no"
				}
				t.row(c.Name, c.FullName, c.Role, c.Team, can, c.CreatedAt)
			}
			t.write(w)
		})
	})
}

func (a *app) accountRm() *cobra.Command {
	cmd := a.verb("rm NAME", "remove an account, and its operator", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.remove(ctx, call{path: at("accounts", args[0])}, "account")
	})
	return a.completing(cmd, "accounts")
}
