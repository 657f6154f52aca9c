package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"apel/campaign"
	"apel/dialer"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

// campaignCheck needs no data: what a file says is checked first, and against
// this machine only if there is data here.
func (a *app) campaignCheck() *cobra.Command {
	return a.verb("check FILE.yaml", "check a campaign file without applying it", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		source, err := a.readDefinition(args[0])
		if err != nil {
			return err
		}
		d, err := campaign.Parse(source)
		if err != nil {
			return about(args[0], console.ProblemOf(err))
		}
		if _, err := os.Stat(a.dataDir()); err != nil {
			a.say("%s is well formed; lists and trunks were not looked up, as there is no data directory %s", args[0], a.dataDir())
			if a.flags.output == "json" {
				return a.printChecked(d.Name, dialer.Plan{})
			}
			return nil
		}
		var p dialer.Plan
		if _, err := a.ask(ctx, planOf(source), &p); err != nil {
			return about(args[0], err)
		}
		return a.printChecked(d.Name, p)
	})
}

func (a *app) printChecked(name string, p dialer.Plan) error {
	if a.flags.output == "json" {
		found := map[string]any{"campaign": name, "violations": orNone(p.Violations), "warnings": orNone(p.Warnings)}
		if err := printValue(a.std.out, found); err != nil {
			return err
		}
	} else if err := a.print(func(w io.Writer) { writeFindings(w, p) }); err != nil {
		return err
	}
	return violated(p)
}

func orNone(s []string) []string { return append([]string{}, s...) }

func planOf(source []byte) call {
	return call{method: "POST", path: "/api/plan", body: strings.NewReader(string(source)), tells: true}
}

// campaignPlan takes a campaign's name, or a file that need not be applied.
func (a *app) campaignPlan() *cobra.Command {
	cmd := a.verb("plan NAME|FILE.yaml", "what a campaign would dial now, later, never, and why; exit 6 on a violation", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q := call{path: at("campaigns", args[0], "plan"), tells: true}
		if looksLikeFile(args[0]) {
			source, err := a.readDefinition(args[0])
			if err != nil {
				return err
			}
			q = planOf(source)
		}
		var p dialer.Plan
		raw, err := a.ask(ctx, q, &p)
		if err != nil {
			return about(args[0], err)
		}
		if a.flags.output == "json" {
			err = printJSON(a.std.out, raw)
		} else {
			err = a.print(func(w io.Writer) { writePlan(w, p) })
		}
		if err != nil {
			return err
		}
		return violated(p)
	})
	return a.completing(cmd, "campaigns")
}

func looksLikeFile(word string) bool {
	return strings.ContainsAny(word, `/\`) || strings.HasSuffix(word, ".yaml") || strings.HasSuffix(word, ".yml") || word == "-"
}

// violated makes exit 6 of violations: safe in a script before a launch.
func violated(p dialer.Plan) error {
	switch n := len(p.Violations); n {
	case 0:
		return nil
	case 1:
		return problem(console.Refused, "campaign %q cannot start: %s", p.Campaign, p.Violations[0])
	default:
		return problem(console.Refused, "campaign %q cannot start for %d reasons, listed above; the first: %s", p.Campaign, n, p.Violations[0])
	}
}

func writePlan(w io.Writer, p dialer.Plan) {
	version := "not applied"
	if p.Version > 0 {
		version = "version " + strconv.Itoa(p.Version)
	}
	fmt.Fprintf(w, "%s (%s)\n", printable(p.Campaign), version)
	t := newTable(">", "", "")
	t.row(p.Contacts, "in its lists", "")
	t.row(p.Now, "dialable now", "")
	t.row(p.Later, "later", nextAt(p.NextAt))
	t.row(p.Never, "never", "")
	t.write(w)
	writeReasons(w, "later", p.LaterWhy, p.LaterBy)
	writeReasons(w, "never", p.NeverWhy, p.NeverBy)
	writeLists(w, p)
	if p.BestHour != "" {
		fmt.Fprintln(w, "best hour: "+p.BestHour)
	}
	if h := p.Held; h != nil {
		fmt.Fprintf(w, "! nobody is called now (%s): %s\n", h.Reason, printable(h.Detail))
	}
	writeFindings(w, p)
}

func nextAt(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return "the next at " + clock(t)
}

// mostParts is how many parts of a reason are printed.
const mostParts = 10

func writeReasons(w io.Writer, when string, reasons map[string]int, by map[string]map[string]int) {
	if len(reasons) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(">"+when, "because")
	for _, why := range byCount(reasons) {
		t.row(reasons[why], why)
		for i, of := range byCount(by[why]) {
			if i == mostParts {
				t.row("", fmt.Sprintf("    and %d more: -o json", len(by[why])-i))
				break
			}
			t.row("", fmt.Sprintf("    %s  %s", thousands(int64(by[why][of])), printable(of)))
		}
	}
	t.write(w)
}

// writeLists shows which list holds what back, if there are several.
func writeLists(w io.Writer, p dialer.Plan) {
	if len(p.Lists) < 2 {
		return
	}
	fmt.Fprintln(w)
	t := newTable("list", ">contacts", ">now", ">later", ">never", "because")
	for _, l := range p.Lists {
		var why []string
		for _, reasons := range []map[string]int{l.LaterWhy, l.NeverWhy} {
			for _, r := range byCount(reasons) {
				why = append(why, fmt.Sprintf("%s %s", thousands(int64(reasons[r])), r))
			}
		}
		t.row(l.List, l.Contacts, l.Now, l.Later, l.Never, strings.Join(why, ", "))
	}
	t.write(w)
}

func byCount(m map[string]int) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y string) int {
		if d := m[y] - m[x]; d != 0 {
			return d
		}
		return strings.Compare(x, y)
	})
	return keys
}

func writeFindings(w io.Writer, p dialer.Plan) {
	for _, v := range p.Violations {
		fmt.Fprintln(w, "✗ "+printable(v))
	}
	for _, v := range p.Warnings {
		fmt.Fprintln(w, "! "+printable(v))
	}
	if len(p.Violations) == 0 {
		fmt.Fprintln(w, "✓ nothing keeps it from starting")
	}
}
