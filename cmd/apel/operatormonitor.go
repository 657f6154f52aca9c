package main

import (
	"context"
	"fmt"
	"io"

	"apel/dialer"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

// operatorMonitor is for a supervisor with a SIP phone and a terminal.
func (a *app) operatorMonitor() *cobra.Command {
	var phone, mode string
	var stop bool
	cmd := a.verb("monitor [NAME --phone SUPERVISOR]", "listen to an operator's calls on a phone, whisper, or barge in; without NAME: who does", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		if len(args) == 0 {
			return show(a, ctx, call{path: "/api/monitors"}, func(w io.Writer, all []dialer.Monitoring) {
				t := newTable("operator", "supervisor", "mode", "call", "since")
				for _, m := range all {
					t.row(m.Operator, m.Supervisor, m.Mode, m.Attempt, m.Since)
				}
				t.write(w)
			})
		}
		path := at("operators", args[0], "monitor")
		if stop {
			return show(a, ctx, call{method: "DELETE", path: path}, func(w io.Writer, r console.Removed) {
				fmt.Fprintf(w, "nobody listens to operator %s any more\n", r.Removed)
			})
		}
		q := call{method: "POST", path: path, body: console.Monitor{Mode: mode, Phone: phone}}
		if phone == "" { // in the middle of it
			q = call{method: "PATCH", path: path, body: console.Monitor{Mode: mode}}
		}
		return show(a, ctx, q, func(w io.Writer, m dialer.Monitoring) {
			fmt.Fprintf(w, "%s follows operator %s: %s\n", m.Supervisor, m.Operator, m.Mode)
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&phone, "phone", "", "the `operator` on whose phone, connected and not ready, it is heard; left out: change the mode of who listens already")
	flags.StringVar(&mode, "mode", "listen", "listen, whisper (the customer does not hear it), barge")
	flags.BoolVar(&stop, "stop", false, "listen no more")
	return a.completing(cmd, "operators")
}
