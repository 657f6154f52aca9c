package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"apel/contactdb"

	"github.com/spf13/cobra"
)

func (a *app) contactFind() *cobra.Command {
	var country string
	var limit int
	cmd := a.verb("find QUERY...", "find people by number or how it begins, by name (accents do not matter), or by FIELD=VALUE", cobra.MinimumNArgs(1), func(ctx context.Context, args []string) error {
		q := url.Values{"q": args, "country": {country}, "limit": {strconv.Itoa(limit)}}
		return show(a, ctx, call{path: "/api/contacts", query: q}, func(w io.Writer, f contactdb.Found) {
			if len(f.Contacts) == 0 {
				fmt.Fprintln(w, "nobody is found; words are the beginnings of names, a value must be whole: city=Iași")
				return
			}
			t := newTable("phone", "name", "list", "city", "other numbers")
			for _, c := range f.Contacts {
				var others []string
				for _, n := range c.AllNumbers()[1:] {
					others = append(others, strings.TrimSpace(n.Phone+" "+n.Kind))
				}
				t.row(c.Phone, c.Name, c.List, c.City, strings.Join(others, ", "))
			}
			t.write(w)
			if f.More {
				fmt.Fprintf(w, "there are more; say more of whom you look for, or: --limit %d\n", min(1000, 10*limit))
			}
		})
	})
	cmd.Flags().IntVar(&limit, "limit", 20, "at most so `many`, up to 1000")
	a.countryFlag(cmd, &country)
	return cmd
}
