package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"apel/contactdb"
	"apel/dialer/console"
	"apel/dialer/console/access"

	"github.com/spf13/cobra"
)

func (a *app) tokenCmd() *cobra.Command {
	return group("token", "keys with which machines use the console's API", a.tokenAdd(), a.tokenLs(), a.tokenRm())
}

func (a *app) tokenAdd() *cobra.Command {
	var scopes []string
	var days int
	cmd := a.verb("add NAME --scope SCOPE,...", "make a token; it is shown this once", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		body := console.NewToken{Name: args[0], Days: days}
		for _, s := range scopes {
			body.Scopes = append(body.Scopes, access.Scope(strings.TrimSpace(s)))
		}
		q := call{method: "POST", path: "/api/tokens", body: body, create: true}
		return show(a, ctx, q, func(w io.Writer, t console.TokenMade) {
			a.say("token %s is shown this once; keep it, and give it as APEL_TOKEN or as Authorization: Bearer", t.Name)
			fmt.Fprintln(w, t.Secret)
			if slices.Contains(body.Scopes, access.Wall) {
				a.say("on the wall, open https://HOST:PORT/wall?key=%s", t.Secret)
			}
		})
	})
	cmd.Flags().StringSliceVar(&scopes, "scope", nil, "read, contacts, steer, records, wall, numbers: what it `opens`")
	cmd.Flags().IntVar(&days, "days", 0, "`days` that it is good for (default: until it is removed)")
	return cmd
}

func (a *app) tokenLs() *cobra.Command {
	return a.verb("ls", "all tokens", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return show(a, ctx, call{path: "/api/tokens"}, func(w io.Writer, all []contactdb.Token) {
			t := newTable("token", "scopes", "made by", "created", "expires", "used")
			for _, v := range all {
				t.row(v.Name, strings.Join(v.Scopes, ","), v.CreatedBy, v.CreatedAt, v.Expires, v.UsedAt)
			}
			t.write(w)
		})
	})
}

func (a *app) tokenRm() *cobra.Command {
	cmd := a.verb("rm NAME", "remove a token; it opens nothing from now on", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return a.remove(ctx, call{path: at("tokens", args[0])}, "token")
	})
	return a.completing(cmd, "tokens")
}
