package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) dncCmd() *cobra.Command {
	return group("dnc", "the do-not-call list", a.dncAdd(), a.dncRm(), a.dncImport(), a.dncCheck(), a.dncExport())
}

func (a *app) dncAdd() *cobra.Command {
	var reason, country string
	cmd := a.verb("add PHONE...", "never dial these numbers again", cobra.MinimumNArgs(1), func(ctx context.Context, args []string) error {
		body := console.NewSuppressions{Phones: args, Country: country, Reason: reason, Source: "command line"}
		q := call{method: "POST", path: "/api/dnc", body: body, create: true}
		return show(a, ctx, q, func(w io.Writer, got console.SuppressionsAdded) {
			fmt.Fprintf(w, "added %d · there already %d\n", got.Added, got.Known)
		})
	})
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, kept with the entry")
	a.countryFlag(cmd, &country)
	return cmd
}

func (a *app) dncRm() *cobra.Command {
	return a.phoneVerb("rm", "allow a number again", func(ctx context.Context, phone string, q url.Values) error {
		return a.remove(ctx, call{path: at("dnc", phone), query: q}, "do-not-call entry")
	})
}

func (a *app) dncImport() *cobra.Command {
	var country, reason string
	cmd := a.verb("import FILE", "add the numbers of a file", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		f, size, err := a.openInput(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		shown := a.progress("importing", f, size)
		defer shown.done()
		query := url.Values{"country": {country}, "reason": {reason}, "source": {filepath.Base(args[0])}}
		q := call{method: "POST", path: "/api/dnc/import", query: query, body: io.Reader(shown), create: true}
		err = show(a, ctx, q, func(w io.Writer, in console.SuppressionsImport) {
			shown.done()
			a.writeSuppressed(w, in)
		})
		return about(args[0], err)
	})
	a.countryFlag(cmd, &country)
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, kept with each entry")
	return cmd
}

func (a *app) writeSuppressed(w io.Writer, in console.SuppressionsImport) {
	fmt.Fprintf(w, "added %s · there already %s · rejected %s, of %s rows\n",
		thousands(int64(in.Added)), thousands(int64(in.Known)), thousands(int64(in.Rejected)), thousands(int64(in.Rows)))
	for _, r := range in.Rejects {
		a.say("line %d: %s", r.Line, printable(r.Reason))
	}
	if more := in.Rejected - len(in.Rejects); more > 0 {
		a.say("and %d more", more)
	}
}

func (a *app) dncCheck() *cobra.Command {
	return a.phoneVerb("check", "is a number on the list", func(ctx context.Context, phone string, q url.Values) error {
		return show(a, ctx, call{path: at("dnc", phone), query: q}, func(w io.Writer, got console.SuppressionCheck) {
			if !got.Suppressed {
				fmt.Fprintf(w, "%s is not on the do-not-call list\n", got.Phone)
				return
			}
			var f facts
			f.add("phone", got.Phone)
			f.add("suppressed since", got.Entry.AddedAt)
			f.add("reason", got.Entry.Reason)
			f.add("source", got.Entry.Source)
			f.write(w)
		})
	})
}

func (a *app) dncExport() *cobra.Command {
	var x exportFlags
	cmd := a.verb("export", "the whole list", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.export(ctx, call{path: "/api/dnc/export"}, x)
	})
	x.add(cmd)
	return cmd
}
