package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"apel/dialer"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) operatorPreview() *cobra.Command {
	var accept bool
	var skip string
	cmd := a.verb("preview NAME", "the contact that an operator is shown in preview; call it or skip it", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q := call{path: at("operators", args[0], "preview")}
		switch {
		case accept:
			q.method, q.body = "POST", console.Decision{Decision: "accept"}
		case skip != "":
			q.method, q.body = "POST", console.Decision{Decision: "skip", Reason: skip}
		}
		return show(a, ctx, q, func(w io.Writer, p dialer.Preview) {
			var f facts
			f.add("campaign", p.Campaign)
			f.add("contact", p.Contact.Name)
			f.add("phone", p.Contact.Phone)
			f.add("attempt", fmt.Sprint(p.Number))
			f.add("decide before", p.Until)
			f.write(w)
		})
	})
	cmd.Flags().BoolVar(&accept, "accept", false, "have it called")
	cmd.Flags().StringVar(&skip, "skip", "", "let it go, for this `reason`")
	cmd.MarkFlagsMutuallyExclusive("accept", "skip")
	return a.completing(cmd, "operators")
}

func (a *app) operatorWrapUp() *cobra.Command {
	var in time.Duration
	cmd := a.verb("wrapup NAME", "say when an operator's wrap-up will be over, so that pacing can count on it", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q := call{method: "POST", path: at("operators", args[0], "wrapup"), body: console.ReadyIn{ReadyInMS: in.Milliseconds()}}
		return show(a, ctx, q, func(w io.Writer, r console.ReadyIn) {
			fmt.Fprintf(w, "%s is ready in %s\n", args[0], span(ms(r.ReadyInMS)))
		})
	})
	cmd.Flags().DurationVar(&in, "ready-in", 10*time.Second, "`time` from now")
	return a.completing(cmd, "operators")
}
