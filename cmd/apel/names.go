package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// completing offers the names that are there for a verb's first argument.
func (a *app) completing(cmd *cobra.Command, nouns string) *cobra.Command {
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var rows []map[string]any
		if _, err := a.ask(ctx, call{path: "/api/" + nouns}, &rows); err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		var names []string
		for _, r := range rows {
			if name, ok := r["name"].(string); ok {
				names = append(names, name)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}
