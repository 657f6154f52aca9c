package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) dncCmd() *cobra.Command {
	return group("dnc", "do-not-call lists: your own, clients', national registers",
		a.dncAdd(), a.dncRm(), a.dncImport(), a.dncCheck(), a.dncExport(), a.dncLs())
}

// dncFlags say which list and which calls an entry is for.
type dncFlags struct {
	list, scope, reason, expires, country string
}

func (f *dncFlags) add(a *app, cmd *cobra.Command, list string) {
	flags := cmd.Flags()
	flags.StringVar(&f.list, "list", "", list)
	flags.StringVar(&f.scope, "scope", "", "only calls of `client:NAME or campaign:NAME` (default: every call)")
	flags.StringVar(&f.reason, "reason", "", "`why`, kept with the entry")
	flags.StringVar(&f.expires, "expires", "", "`day or time` until which it is valid, for example 2027-12-31")
	a.countryFlag(cmd, &f.country)
}

// dayOrTime reads a day, which begins at midnight UTC, or a time with its zone.
func dayOrTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, problem(console.Usage, "--%s %q is neither a day nor a time; write for example 2027-12-31 or 2027-12-31T20:00:00+02:00", flag, text)
	}
	return t, nil
}

func (a *app) dncAdd() *cobra.Command {
	var f dncFlags
	var prefixes []string
	var contacts []uint
	cmd := a.verb("add PHONE...", "never dial these numbers again", cobra.ArbitraryArgs, func(ctx context.Context, args []string) error {
		if len(args)+len(prefixes)+len(contacts) == 0 {
			return problem(console.Usage, "name at least one number, --prefix or --contact")
		}
		for _, phone := range args {
			if prefix, all := strings.CutSuffix(phone, "*"); all {
				return problem(console.Usage, "%q is no number; for every number that begins so: apel dnc add --prefix %s", phone, prefix)
			}
		}
		expires, err := dayOrTime("expires", f.expires)
		if err != nil {
			return err
		}
		body := console.NewSuppressions{Phones: args, Prefixes: prefixes, Country: f.country, List: f.list, Scope: f.scope,
			Reason: f.reason, Source: "command line", Expires: expires}
		for _, id := range contacts {
			body.Contacts = append(body.Contacts, uint64(id))
		}
		q := call{method: "POST", path: "/api/dnc", body: body, create: true}
		return show(a, ctx, q, func(w io.Writer, got console.SuppressionsAdded) {
			fmt.Fprintf(w, "added %d · there already %d\n", got.Added, got.Known)
		})
	})
	f.add(a, cmd, "do-not-call `list` (default: own)")
	cmd.Flags().StringSliceVar(&prefixes, "prefix", nil, "every number with this `prefix`, for example +4021")
	cmd.Flags().UintSliceVar(&contacts, "contact", nil, "all numbers of the contact with this `id`")
	return cmd
}

func (a *app) dncRm() *cobra.Command {
	var list, scope string
	var register bool
	var country, prefix string
	cmd := a.verb("rm PHONE | --prefix PREFIX | --register --list LIST", "allow a number again, or remove a register", cobra.MaximumNArgs(1), func(ctx context.Context, args []string) error {
		if prefix != "" && len(args) == 0 {
			args = []string{prefix + "*"}
			prefix = ""
		}
		switch {
		case prefix != "":
			return problem(console.Usage, "name a number, or the beginning of numbers with --prefix, not both")
		case register && list != "" && len(args) == 0:
			return a.remove(ctx, call{path: at("dnc", "registers", list)}, "register")
		case register || len(args) == 0:
			return problem(console.Usage, "name a number, or a register as: apel dnc rm --register --list LIST")
		}
		q := url.Values{"country": {country}, "list": {list}, "scope": {scope}}
		return a.remove(ctx, call{path: at("dnc", args[0]), query: q}, "do-not-call entry")
	})
	cmd.Flags().StringVar(&list, "list", "", "do-not-call `list` (default: own)")
	cmd.Flags().StringVar(&scope, "scope", "", "`scope` that it was added with")
	cmd.Flags().StringVar(&prefix, "prefix", "", "the entry of all numbers that `begin` so, for example +4021")
	cmd.Flags().BoolVar(&register, "register", false, "the whole register of --list")
	a.countryFlag(cmd, &country)
	return cmd
}

func (a *app) dncImport() *cobra.Command {
	var f dncFlags
	var issued string
	var older bool
	cmd := a.verb("import FILE", "add the numbers of a file, or with --list put it in force as a register's new issue", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		query := url.Values{"country": {f.country}, "reason": {f.reason}, "source": {filepath.Base(args[0])}, "list": {f.list}, "scope": {f.scope}}
		for flag, text := range map[string]string{"issued": issued, "expires": f.expires} {
			t, err := dayOrTime(flag, text)
			if err != nil {
				return err
			}
			if !t.IsZero() {
				query.Set(flag, t.Format(time.RFC3339))
			}
		}
		if older {
			query.Set("older", "1")
		}
		if f.list == "" && (older || f.scope != "" || issued != "" || f.expires != "") {
			return problem(console.Usage, "--issued, --expires, --older and --scope are those of a register; name it with --list")
		}
		file, size, err := a.openInput(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		shown := a.progress("importing", file, size)
		defer shown.done()
		q := call{method: "POST", path: "/api/dnc/import", query: query, body: io.Reader(shown), create: true}
		err = show(a, ctx, q, func(w io.Writer, in console.SuppressionsImport) {
			shown.done()
			a.writeSuppressed(w, in)
		})
		return about(args[0], err)
	})
	f.add(a, cmd, "`register` whose new issue the file is; it replaces the issue before in one step")
	cmd.Flags().StringVar(&issued, "issued", "", "`day or time` of the issue")
	cmd.Flags().BoolVar(&older, "older", false, "put it in force although the issue before is newer")
	return cmd
}

func (a *app) writeSuppressed(w io.Writer, in console.SuppressionsImport) {
	if in.Register != nil {
		fmt.Fprintf(w, "register %s is in force with %s numbers · twice in the file %s · rejected %s, of %s rows\n", printable(in.Register.Name),
			thousands(int64(in.Added)), thousands(int64(in.Known)), thousands(int64(in.Rejected)), thousands(int64(in.Rows)))
		if in.Register.Expired(time.Now()) {
			a.say("warning: this issue has expired already, at %s; campaigns that name it under registers: call nobody until a current one is there", clock(in.Register.Expires))
		}
	} else {
		fmt.Fprintf(w, "added %s · there already %s · rejected %s, of %s rows\n",
			thousands(int64(in.Added)), thousands(int64(in.Known)), thousands(int64(in.Rejected)), thousands(int64(in.Rows)))
	}
	for _, r := range in.Rejects {
		a.say("line %d: %s", r.Line, printable(r.Reason))
	}
	if more := in.Rejected - len(in.Rejects); more > 0 {
		a.say("and %d more", more)
	}
}

func (a *app) dncCheck() *cobra.Command {
	var campaign string
	cmd := a.phoneVerb("check", "is a number suppressed, and by which lists", func(ctx context.Context, phone string, q url.Values) error {
		q.Set("campaign", campaign)
		return show(a, ctx, call{path: at("dnc", phone), query: q}, func(w io.Writer, got console.SuppressionCheck) {
			if len(got.Entries) == 0 {
				fmt.Fprintf(w, "%s is not on a do-not-call list\n", got.Phone)
				return
			}
			t := newTable("list", "calls", "since", "until", "reason", "source")
			for _, e := range got.Entries {
				t.row(e.List, scopeText(e), e.AddedAt, e.Expires, e.Reason, e.Source)
			}
			t.write(w)
			if !got.Suppressed {
				fmt.Fprintln(w, "none of these keeps it from being dialed in general; ask for a campaign with --campaign")
			}
		})
	})
	cmd.Flags().StringVar(&campaign, "campaign", "", "would calls of this `campaign` be kept back")
	return cmd
}

// scopeText says for which calls, and of which numbers, an entry is.
func scopeText(e contactdb.Suppression) string {
	text := "every call"
	if e.Scope != "" {
		text = "those of " + strings.Replace(e.Scope, ":", " ", 1)
	}
	switch {
	case e.Prefix != "":
		text += ", " + e.Prefix + "*"
	case e.Contact != 0:
		text += ", contact " + strconv.FormatUint(e.Contact, 10)
	}
	return text
}

func (a *app) dncExport() *cobra.Command {
	var x exportFlags
	var list string
	cmd := a.verb("export", "all lists, or one", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.export(ctx, call{path: "/api/dnc/export", query: url.Values{"list": {list}}}, x)
	})
	cmd.Flags().StringVar(&list, "list", "", "only this `list`")
	x.add(cmd, tableFormats...)
	return cmd
}

func (a *app) dncLs() *cobra.Command {
	return a.verb("ls", "the do-not-call lists, and how old they are", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return show(a, ctx, call{path: "/api/dnc"}, func(w io.Writer, all []console.DNCList) {
			t := newTable("list", ">entries", "calls", "issued", "expires", "imported")
			for _, l := range all {
				expires := clock(l.Expires)
				if l.Expired {
					expires += " (over)"
				}
				t.row(l.Name, l.Numbers, scopeText(contactdb.Suppression{Scope: l.Scope}), l.Issued, expires, l.ImportedAt)
			}
			t.write(w)
		})
	})
}
