package main

import (
	"context"
	"fmt"
	"io"

	"apel/contactdb"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) teamCmd() *cobra.Command {
	return group("team", "operators under a team leader", a.teamAdd(), a.teamLs(), a.teamEdit(), a.teamRm())
}

func (a *app) teamAdd() *cobra.Command {
	var leader string
	cmd := a.verb("add NAME", "add a team", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		body := contactdb.Team{Name: args[0], Leader: leader}
		q := call{method: "POST", path: "/api/teams", body: body, create: true}
		return show(a, ctx, q, func(w io.Writer, t contactdb.Team) {
			fmt.Fprintf(w, "added team %s\n", printable(t.Name))
		})
	})
	cmd.Flags().StringVar(&leader, "leader", "", "`operator` who leads it")
	return cmd
}

func (a *app) teamEdit() *cobra.Command {
	var leader string
	var cmd *cobra.Command
	cmd = a.verb("edit NAME --leader OPERATOR", "change a team's leader", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if !cmd.Flags().Changed("leader") {
			return problem(console.Usage, "nothing to change was given; for example: apel team edit %s --leader ana", args[0])
		}
		q := call{method: "PATCH", path: at("teams", args[0]), body: map[string]string{"leader": leader}}
		return show(a, ctx, q, func(w io.Writer, t contactdb.Team) {
			fmt.Fprintf(w, "changed team %s\n", printable(t.Name))
		})
	})
	cmd.Flags().StringVar(&leader, "leader", "", "`operator` who leads it; \"\" for nobody")
	return a.completing(cmd, "teams")
}

func (a *app) teamLs() *cobra.Command {
	return a.verb("ls", "all teams", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return show(a, ctx, call{path: "/api/teams"}, func(w io.Writer, all []contactdb.Team) {
			t := newTable("team", "leader")
			for _, team := range all {
				t.row(team.Name, team.Leader)
			}
			t.write(w)
		})
	})
}

func (a *app) teamRm() *cobra.Command {
	cmd := a.verb("rm NAME", "remove a team without operators", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.remove(ctx, call{path: at("teams", args[0])}, "team")
	})
	return a.completing(cmd, "teams")
}
