package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"apel/contactdb"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) auditCmd() *cobra.Command {
	return group("audit", "who changed, saw or took what", a.auditLs(), a.auditExport(), a.auditVerify())
}

// auditFlags choose entries of the trail.
type auditFlags struct {
	periodFlags
	who, verb, object, phone, country string
}

func (f *auditFlags) add(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.who, "who", "", "only by this `person`: an account, or local:UID")
	flags.StringVar(&f.verb, "verb", "", "only this `verb`, for example contact.edit")
	flags.StringVar(&f.object, "object", "", "only about this `object`, for example list/spring")
	flags.StringVar(&f.phone, "phone", "", "only about the person with this `number`")
	f.addTimes(cmd)
	a.countryFlag(cmd, &f.country)
}

func (f *auditFlags) query() (url.Values, error) {
	q, err := f.periodFlags.query()
	for key, value := range map[string]string{"who": f.who, "verb": f.verb, "object": f.object, "phone": f.phone, "country": f.country} {
		if err == nil && value != "" {
			q.Set(key, value)
		}
	}
	return q, err
}

func (a *app) auditLs() *cobra.Command {
	var f auditFlags
	var limit int
	var all bool
	cmd := a.verb("ls", "the last entries of the audit trail", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		q, err := f.query()
		if err != nil {
			return err
		}
		q.Set("limit", strconv.Itoa(limit))
		if !all && f.verb == "" {
			q.Set("lookups", "no")
		}
		return show(a, ctx, call{path: "/api/audit", query: q}, writeAudit)
	})
	f.add(a, cmd)
	cmd.Flags().IntVar(&limit, "limit", 50, "at most `N` entries")
	cmd.Flags().BoolVar(&all, "all", false, "with those who looked at lists of records, promises, do-not-call entries or the trail (*.ls), who are left out otherwise")
	return cmd
}

func (a *app) auditExport() *cobra.Command {
	var x exportFlags
	var f auditFlags
	cmd := a.verb("export", "the audit trail as a file", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		q, err := f.query()
		if err != nil {
			return err
		}
		return a.export(ctx, call{path: "/api/audit/export", query: q}, x)
	})
	x.add(cmd, tableFormats...)
	f.add(a, cmd)
	return cmd
}

func (a *app) auditVerify() *cobra.Command {
	return a.verb("verify", "walk the chain of the audit trail; exit 1 where it does not fit", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return a.verifyChain(ctx, call{path: "/api/audit/verify"}, "audit entries", "audit entry")
	})
}

// verifyChain walks a chain and says what came of it.
func (a *app) verifyChain(ctx context.Context, q call, many, one string) error {
	var v console.Verified
	raw, err := a.ask(ctx, q, &v)
	switch {
	case err != nil:
		return err
	case a.flags.output == "json":
		err = printJSON(a.std.out, raw)
	case v.OK:
		err = a.print(func(w io.Writer) {
			fmt.Fprintf(w, "%s %s verify; the last hash is %s\n", thousands(int64(v.Records)), many, orDash(v.Head))
			if v.Erased > 0 {
				fmt.Fprintf(w, "%s of them had personal data that was erased: what is left is as it was written\n", thousands(int64(v.Erased)))
			}
			if v.Anchors > 0 && q.body != nil {
				fmt.Fprintf(w, "%d anchors fit: the chain was not cut off, nor made anew, since they were kept\n", v.Anchors)
			} else if v.Anchors > 0 {
				fmt.Fprintf(w, "%d anchors that are noted here fit; those that were kept elsewhere prove more: --anchors FILE\n", v.Anchors)
			}
		})
	}
	if err == nil && !v.OK {
		named := one
		if v.BadID != "" {
			named += " " + v.BadID
		}
		err = problem(console.Failed, "%s, number %d of the chain, does not fit: %s; compare it with an earlier export or a backup", named, v.BadAt, v.Problem)
	}
	return err
}

func writeAudit(w io.Writer, entries []contactdb.AuditEntry) {
	t := newTable(">no.", "at", "who", "verb", "about", "what")
	for _, e := range entries {
		t.row(e.Seq, e.At, callerName(e.Who), e.Verb, strings.TrimSpace(withoutDigest(e.Phone)+" "+e.Object), auditDetail(e))
	}
	t.write(w)
}

// auditDetail is what an entry says, in one line.
func auditDetail(e contactdb.AuditEntry) string {
	var all []string
	if e.Before["erased"] != "" || e.After["erased"] != "" || e.Detail["erased"] != "" {
		return "(erased)"
	}
	if c := console.Changes(e); c != "" {
		all = append(all, c)
	}
	for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
		all = append(all, k+"="+e.Detail[k])
	}
	return strings.Join(all, "; ")
}

// withoutDigest leaves of an erased text only that it is one.
func withoutDigest(text string) string {
	if strings.HasPrefix(text, "erased:") {
		return "(erased)"
	}
	return text
}

// callerName adds the name of a user of this machine.
func callerName(who string) string {
	uid, local := strings.CutPrefix(who, "local:")
	if !local {
		return who
	}
	u, err := user.LookupId(uid)
	if err != nil {
		return who
	}
	return who + " (" + cmp.Or(u.Username, "?") + ")"
}
