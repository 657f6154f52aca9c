package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) contactCmd() *cobra.Command {
	return group("contact", "one person, by telephone number",
		a.contactFind(), a.contactShow(), a.contactAdd(), a.contactEdit(), a.contactHistory(), a.contactWhy(), a.contactExport(), a.contactErase())
}

// phoneVerb is a verb about one number.
func (a *app) phoneVerb(name, short string, do func(ctx context.Context, phone string, country url.Values) error) *cobra.Command {
	var country string
	cmd := a.verb(name+" PHONE", short, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return do(ctx, args[0], url.Values{"country": {country}})
	})
	a.countryFlag(cmd, &country)
	return cmd
}

// countryFlag adds the flag, and the setting that it takes its default from.
func (a *app) countryFlag(cmd *cobra.Command, country *string) {
	cmd.Flags().StringVar(country, "country", "", "`region` of numbers without +, for example RO (APEL_COUNTRY)")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		a.parsed = true
		if *country != "" {
			return nil
		}
		s, err := a.settings(nil)
		*country = s.Country
		return err
	}
}

func (a *app) contactShow() *cobra.Command {
	return a.phoneVerb("show", "who has this number, in which lists", func(ctx context.Context, phone string, q url.Values) error {
		return show(a, ctx, call{path: at("contacts", phone), query: q}, func(w io.Writer, all []contactdb.Contact) {
			for i, c := range all {
				if i > 0 {
					fmt.Fprintln(w)
				}
				writeContact(w, c)
			}
		})
	})
}

func writeContact(w io.Writer, c contactdb.Contact) {
	var f facts
	f.add("phone", c.Phone)
	f.add("list", c.List)
	f.add("name", c.Name)
	f.add("first name", c.FirstName)
	f.add("last name", c.LastName)
	f.add("e-mail", c.Email)
	f.add("city", c.City)
	f.add("number", strings.TrimSpace(c.NumberType+" "+c.Region))
	for _, n := range c.Numbers {
		if n.Phone != c.Phone || n.Kind != "" {
			f.add(cmp.Or(n.Kind, "also"), strings.TrimSpace(n.Phone+" "+n.Type+" "+n.Region))
		}
	}
	f.add("may be in", c.Zones)
	for _, n := range c.Numbers {
		if zones := c.ZonesOf(n.Phone); len(zones) < len(c.Zones) {
			f.add("clock of", n.Phone+" "+strings.Join(zones, ", "))
		}
	}
	f.add("external id", c.ExternalID)
	f.add("client", c.Client)
	f.add("language", c.Language)
	f.add("tags", strings.Join(c.Tags, ", "))
	f.add("notes", c.Notes)
	if k := c.Consent; k != nil {
		f.add("consent", k.Kind)
		f.add("consent given", k.At)
		f.add("consent from", k.Source)
		f.add("consent text", k.Text)
		f.add("consent until", k.Expires)
	}
	for _, k := range slices.Sorted(maps.Keys(c.Fields)) {
		f.add(printable(k), c.Fields[k])
	}
	f.add("imported at", c.ImportedAt)
	f.write(w)
}

func (a *app) contactAdd() *cobra.Command {
	var f contactFlags
	var list, country string
	var cmd *cobra.Command
	cmd = a.verb("add PHONE --list LIST", "add a person to a list", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if list == "" {
			return problem(console.Usage, "say to which list with --list; see: apel list ls")
		}
		body, err := f.body(cmd)
		if err != nil {
			return err
		}
		body["phone"], body["list"], body["country"] = args[0], list, country
		q := call{method: "POST", path: "/api/contacts", body: body}
		return show(a, ctx, q, writeContact)
	})
	f.add(cmd)
	cmd.Flags().StringVar(&list, "list", "", "`list` to add to")
	a.countryFlag(cmd, &country)
	return cmd
}

func (a *app) contactEdit() *cobra.Command {
	var f contactFlags
	var list string
	var cmd *cobra.Command
	cmd = a.phoneVerb("edit", "change what is known of a person", func(ctx context.Context, phone string, q url.Values) error {
		body, err := f.body(cmd)
		if err != nil {
			return err
		}
		if len(body) == 0 {
			return problem(console.Usage, "nothing to change was given; for example: apel contact edit %s --city Iași", phone)
		}
		q.Set("list", list)
		return show(a, ctx, call{method: "PATCH", path: at("contacts", phone), query: q, body: body}, writeContact)
	})
	f.add(cmd)
	cmd.Flags().StringVar(&list, "list", "", "`list`, if the number is in several")
	return cmd
}

func (a *app) contactHistory() *cobra.Command {
	return a.phoneVerb("history", "every call to this number, and who changed or saw what of it", func(ctx context.Context, phone string, q url.Values) error {
		return show(a, ctx, call{path: at("contacts", phone, "history"), query: q}, writeHistory)
	})
}

func writeHistory(w io.Writer, h console.ContactHistory) {
	var lists []string
	for _, c := range h.Contacts {
		lists = append(lists, c.List)
	}
	fmt.Fprintf(w, "%s in lists: %s\n", h.Phone, printable(strings.Join(lists, ", ")))
	if s := h.Suppressed; s != nil {
		fmt.Fprintf(w, "on the do-not-call list since %s: %s (%s)\n", clock(s.AddedAt), printable(s.Reason), printable(s.Source))
	}
	for _, l := range h.Live {
		fmt.Fprintf(w, "in a call now: campaign %s, since %s\n", printable(l.Campaign), clock(l.LeasedAt))
	}
	if len(h.Records) > 0 {
		fmt.Fprintln(w)
		writeRecords(w, h.Records)
	}
	if len(h.Imports)+len(h.Operations) > 0 {
		fmt.Fprintln(w)
		t := newTable("at", "who", "verb", "what")
		for _, i := range h.Imports {
			what := "came with"
			if i.Updated {
				what = "was changed by"
			}
			t.row(i.At, callerName(i.Who), "list.import", printable(fmt.Sprintf("list/%s %s import %d: %s", i.List, what, i.ID, i.Source)))
		}
		for _, e := range h.Operations {
			t.row(e.At, callerName(e.Who), e.Verb, strings.TrimSpace(e.Object+" "+auditDetail(e)))
		}
		t.write(w)
	}
}

func (a *app) contactWhy() *cobra.Command {
	return a.phoneVerb("why", "would it be dialed now, and if not, why", func(ctx context.Context, phone string, q url.Values) error {
		return show(a, ctx, call{path: at("contacts", phone, "why"), query: q}, func(w io.Writer, all []dialer.ContactWhy) {
			if len(all) == 0 {
				fmt.Fprintln(w, "no campaign has it in a list; see: apel campaign ls")
				return
			}
			t := newTable("campaign", "list", "verdict", "when", ">attempts", "reason")
			for _, y := range all {
				t.row(y.Campaign, y.List, y.Verdict, y.When, y.Attempts, withReason(y.Reason, y.Detail))
				for _, n := range y.Numbers {
					t.row("", "  "+n.Phone, n.Verdict, n.When, "", withReason(n.Reason, n.Detail))
				}
			}
			t.write(w)
		})
	})
}

func (a *app) contactErase() *cobra.Command {
	var reason string
	var keep bool
	cmd := a.phoneVerb("erase", "forget a person: contacts, recordings, what records say of them", func(ctx context.Context, phone string, q url.Values) error {
		q.Set("reason", reason)
		if keep {
			q.Set("keep_number", "1")
		}
		return show(a, ctx, call{method: "DELETE", path: at("contacts", phone), query: q}, func(w io.Writer, e contactdb.Erased) { writeErased(w, e, keep) })
	})
	cmd.Long = "Forgets a person (GDPR article 17) by one of their numbers: the contacts with it go from every\nlist, with their other numbers; recordings are removed; in call records and the audit trail a\nsalted digest stands where the number, notes and answers stood, and both chains verify as before.\nSo that no later import has the person dialed, a digest of the number stays on the do-not-call\nlist under a key of this store; --keep-number leaves the number itself.\n\nIt cannot be undone. Backups and exports that were made before hold the person still; free pages\nof the database do until: apel db compact"
	cmd.Flags().StringVar(&reason, "reason", "erased", "`why`, for the do-not-call entry that stays")
	cmd.Flags().BoolVar(&keep, "keep-number", false, "leave the number itself on the do-not-call list, not a digest")
	return cmd
}

func writeErased(w io.Writer, e contactdb.Erased, kept bool) {
	fmt.Fprintf(w, "erased: %s contacts in %s, %s recordings\n", thousands(int64(e.Contacts)), orDash(printable(strings.Join(e.Lists, ", "))), thousands(int64(len(e.Recordings))))
	fmt.Fprintf(w, "%s call records and %s audit entries have digests now where the person stood; they verify as before\n", thousands(int64(e.Records)), thousands(int64(e.Entries)))
	if e.Rejects > 0 {
		fmt.Fprintf(w, "%s rows that imports had rejected are gone from their files\n", thousands(int64(e.Rejects)))
	}
	if e.Kept > 0 {
		fmt.Fprintf(w, "%s call records of an early version of apel stay as they are: they have no digests to put there\n", thousands(int64(e.Kept)))
	}
	for _, m := range e.Moved {
		fmt.Fprintf(w, "contact %d of list %s had this number until an import gave it another, and stays; if it is the same person: apel contact erase %s\n", m.Contact, printable(m.List), m.Phone)
	}
	what := "a digest of the number is on the do-not-call list"
	if kept {
		what = "the number is on the do-not-call list"
	}
	fmt.Fprintf(w, "%s, so that no later import has it dialed; to take it off: apel dnc rm %s\n", what, e.Phones[0])
}

func (a *app) contactExport() *cobra.Command {
	var out string
	cmd := a.phoneVerb("export", "all that is kept of a person, as one file to give them", func(ctx context.Context, phone string, q url.Values) error {
		if out == "" {
			return problem(console.Usage, "name the file with --out, for example --out person.zip")
		}
		err := a.with(ctx, false, func(c *client) error {
			return writeWhole(out, func(w io.Writer) error {
				_, err := c.stream(ctx, call{path: at("contacts", phone, "export"), query: q}, w)
				return err
			})
		})
		if err == nil {
			a.say("%s holds everything that is kept of %s; README.txt in it says what is what", out, phone)
		}
		return err
	})
	cmd.Flags().StringVar(&out, "out", "", "ZIP `file` to write")
	return cmd
}
