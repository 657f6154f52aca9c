package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"apel/contactdb"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) callbackCmd() *cobra.Command {
	return group("callback", "calls that were promised to contacts", a.callbackLs(), a.callbackAdd(), a.callbackMove(), a.callbackCancel())
}

func (a *app) callbackLs() *cobra.Command {
	var campaign, operator string
	cmd := a.verb("ls", "who was promised a call, when, and by whom", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		q := call{path: "/api/callbacks", query: url.Values{"campaign": {campaign}, "operator": {operator}}}
		return show(a, ctx, q, func(w io.Writer, all []contactdb.Callback) {
			t := newTable("promised for", "due", "campaign", "phone", "name", "operator", "anybody from", ">attempts", "note")
			for _, c := range all {
				t.row(c.At, c.Due, c.Campaign, c.Contact.Phone, c.Contact.Name, c.Operator, c.Deputy, c.Attempts, c.Note)
			}
			t.write(w)
		})
	})
	cmd.Flags().StringVar(&campaign, "campaign", "", "only of this `campaign`")
	cmd.Flags().StringVar(&operator, "operator", "", "only those that this `operator` is to make")
	return cmd
}

// callbackFlags say which promise, and what is promised.
type callbackFlags struct {
	campaign, at, operator, note, list, country string
}

func (f *callbackFlags) add(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.campaign, "campaign", "", "`campaign` of the promise")
	flags.StringVar(&f.at, "at", "", "`time` of the call with its zone, for example 2026-11-26T15:00:00+02:00")
	flags.StringVar(&f.operator, "operator", "", "`operator` who calls; nobody else until the campaign's deputy time")
	flags.StringVar(&f.note, "note", "", "`what` to know for the call")
	a.countryFlag(cmd, &f.country)
}

func (f *callbackFlags) time() (time.Time, error) {
	if f.campaign == "" {
		return time.Time{}, problem(console.Usage, "say in which campaign with --campaign; see: apel campaign ls")
	}
	if f.at == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, f.at)
	if err != nil {
		return t, problem(console.Usage, "--at %q is not a time with its zone; write for example 2026-11-26T15:00:00+02:00", f.at)
	}
	return t, nil
}

func (a *app) callbackAdd() *cobra.Command {
	var f callbackFlags
	cmd := a.verb("add PHONE --campaign NAME --at TIME", "promise a contact a call", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		when, err := f.time()
		if err == nil && when.IsZero() {
			err = problem(console.Usage, "say when with --at, for example 2026-11-26T15:00:00+02:00")
		}
		if err != nil {
			return err
		}
		body := map[string]any{"campaign": f.campaign, "phone": args[0], "at": when, "operator": f.operator, "note": f.note, "list": f.list, "country": f.country}
		return show(a, ctx, call{method: "POST", path: "/api/callbacks", body: body}, writeCallback)
	})
	f.add(a, cmd)
	cmd.Flags().StringVar(&f.list, "list", "", "`list`, if the number is in several of the campaign")
	return cmd
}

func (a *app) callbackMove() *cobra.Command {
	var f callbackFlags
	var cmd *cobra.Command
	cmd = a.verb("move PHONE --campaign NAME", "promise another time, or another operator", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		when, err := f.time()
		if err != nil {
			return err
		}
		body := map[string]any{"note": f.note}
		if !when.IsZero() {
			body["at"] = when
		}
		if cmd.Flags().Changed("operator") {
			body["operator"] = f.operator
		}
		if len(body) == 1 && f.note == "" {
			return problem(console.Usage, "nothing to change was given; --at and --operator are what can be moved")
		}
		q := call{method: "PATCH", path: at("callbacks", f.campaign, args[0]), query: url.Values{"country": {f.country}}, body: body}
		return show(a, ctx, q, writeCallback)
	})
	f.add(a, cmd)
	return cmd
}

func (a *app) callbackCancel() *cobra.Command {
	var campaign, country string
	cmd := a.verb("cancel PHONE --campaign NAME", "take a promise back; the contact is tried again by the rules", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if campaign == "" {
			return problem(console.Usage, "say in which campaign with --campaign; see: apel callback ls")
		}
		return a.remove(ctx, call{path: at("callbacks", campaign, args[0]), query: url.Values{"country": {country}}}, "callback to")
	})
	cmd.Flags().StringVar(&campaign, "campaign", "", "`campaign` of the promise")
	a.countryFlag(cmd, &country)
	return cmd
}

func writeCallback(w io.Writer, c contactdb.Callback) {
	who := "anybody"
	if c.Operator != "" {
		who = c.Operator
		if !c.Deputy.IsZero() {
			who += ", from " + clock(c.Deputy) + " anybody"
		}
	}
	fmt.Fprintf(w, "promised %s of %s a call at %s by %s\n", c.Contact.Phone, printable(c.Campaign), clock(c.At), printable(who))
}
