package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"apel/dialer/console"
	"apel/dialer/console/webhook"

	"github.com/spf13/cobra"
)

func (a *app) webhookCmd() *cobra.Command {
	return group("webhook", "other programs that are told by HTTP what happens", a.webhookAdd(), a.webhookLs(), a.webhookTest(), a.webhookUndelivered(), a.webhookRetry(), a.webhookRm())
}

func (a *app) webhookAdd() *cobra.Command {
	var body console.NewWebhook
	cmd := a.verb("add NAME --url URL", "tell a program from now on; prints the secret that signs, this once", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		body.Name = args[0]
		return show(a, ctx, call{method: "POST", path: "/api/webhooks", body: body, create: true}, func(w io.Writer, m console.WebhookMade) {
			a.say("the secret of webhook %s is shown this once; requests are signed with it (standardwebhooks.com)", m.Name)
			fmt.Fprintln(w, m.Secret)
		})
	})
	f := cmd.Flags()
	f.StringVar(&body.URL, "url", "", "https `address` to POST to; in a network of your own, see webhook-networks in the settings")
	f.StringSliceVar(&body.Events, "event", []string{webhook.CallEnded}, "what to tell: "+strings.Join(webhook.Events, ", "))
	f.StringVar(&body.Campaign, "campaign", "", "only of this `campaign`")
	f.BoolVar(&body.Numbers, "numbers", false, "with whole phone numbers")
	return cmd
}

func (a *app) webhookLs() *cobra.Command {
	return a.verb("ls", "all webhooks, and how each stands", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return show(a, ctx, call{path: "/api/webhooks"}, func(w io.Writer, all []webhook.Listed) {
			t := newTable("webhook", "url", "events", "campaign", ">delivered", "last", ">waiting", ">behind", ">given up", "problem")
			for _, h := range all {
				t.row(h.Name, h.URL, strings.Join(h.Events, ","), h.Campaign, h.Delivered, h.LastAt, h.Waiting, h.Behind, h.Dead, h.Problem)
			}
			t.write(w)
		})
	})
}

func (a *app) webhookTest() *cobra.Command {
	cmd := a.verb("test NAME", "send it a ping and say what was answered", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		var failed error
		err := show(a, ctx, call{method: "POST", path: at("webhooks", args[0], "test")}, func(w io.Writer, v webhook.Tried) {
			if v.OK {
				fmt.Fprintf(w, "webhook %s answered %d within %d ms\n", args[0], v.Status, v.TookMS)
				return
			}
			failed = problem(console.Failed, "webhook %s: %s", args[0], v.Problem)
		})
		if err == nil {
			err = failed
		}
		return err
	})
	return a.completing(cmd, "webhooks")
}

func (a *app) webhookUndelivered() *cobra.Command {
	cmd := a.verb("undelivered NAME", "what waits for its next try, and what was given up", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return show(a, ctx, call{path: at("webhooks", args[0], "undelivered")}, func(w io.Writer, v console.Undelivered) {
			t := newTable("event", "at", ">tries", "next", "problem")
			for _, d := range v.Dead {
				t.row(d.ID, d.At, d.Tries, "given up", d.Problem)
			}
			for _, d := range v.Waiting {
				t.row(d.ID, d.At, d.Tries, d.Next, d.Problem)
			}
			t.write(w)
		})
	})
	return a.completing(cmd, "webhooks")
}

func (a *app) webhookRetry() *cobra.Command {
	cmd := a.verb("retry NAME", "try again what was given up", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return show(a, ctx, call{method: "POST", path: at("webhooks", args[0], "retry")}, func(w io.Writer, v console.Retried) {
			fmt.Fprintf(w, "%d events are tried again\n", v.Retried)
		})
	})
	return a.completing(cmd, "webhooks")
}

func (a *app) webhookRm() *cobra.Command {
	cmd := a.verb("rm NAME", "remove a webhook, with what it has not delivered", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.remove(ctx, call{path: at("webhooks", args[0])}, "webhook")
	})
	return a.completing(cmd, "webhooks")
}
