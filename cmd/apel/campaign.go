package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) campaignCmd() *cobra.Command {
	return group("campaign", "what to say to whom, by which rules",
		a.campaignApply(), a.campaignCheck(), a.campaignPlan(),
		a.campaignChange("start", "start calling"),
		a.campaignChange("pause", "place no new calls"),
		a.campaignChange("resume", "go on calling"),
		a.campaignChange("drain", "place no new calls; done when the last has ended"),
		a.campaignChange("stop", "end what is not bridged yet; people finish talking"),
		a.campaignStatus(), a.campaignLs(), a.campaignShow(), a.campaignSelect(), a.campaignWhy())
}

func (a *app) campaignApply() *cobra.Command {
	return a.verb("apply FILE.yaml", "check a campaign file and make it the version in force", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		source, err := a.readDefinition(args[0])
		if err != nil {
			return err
		}
		q := call{method: "POST", path: "/api/campaigns", body: strings.NewReader(string(source)), create: true}
		err = show(a, ctx, q, func(w io.Writer, got console.Applied) {
			for _, warning := range got.Warnings {
				a.say("warning: %s", printable(warning))
			}
			fmt.Fprintf(w, "campaign %s: version %d is in force, %s\n", printable(got.Name), got.Version, got.State)
		})
		return about(args[0], err)
	})
}

func (a *app) readDefinition(path string) ([]byte, error) {
	f, _, err := a.openInput(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

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
	return call{method: "POST", path: "/api/plan", body: strings.NewReader(string(source))}
}

// campaignPlan takes a campaign's name, or a file that need not be applied.
func (a *app) campaignPlan() *cobra.Command {
	cmd := a.verb("plan NAME|FILE.yaml", "what a campaign would dial now, later, never, and why; exit 6 on a violation", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q := call{path: at("campaigns", args[0], "plan")}
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
	writeReasons(w, "later", p.LaterWhy)
	writeReasons(w, "never", p.NeverWhy)
	writeFindings(w, p)
}

func nextAt(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return "the next at " + clock(t)
}

func writeReasons(w io.Writer, when string, reasons map[string]int) {
	if len(reasons) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := newTable(">"+when, "because")
	for _, why := range byCount(reasons) {
		t.row(reasons[why], why)
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

func (a *app) campaignChange(verb, short string) *cobra.Command {
	cmd := a.verb(verb+" NAME", short, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return show(a, ctx, call{method: "POST", path: at("campaigns", args[0], verb)}, writeStanding)
	})
	return a.completing(cmd, "campaigns")
}

// standing is a campaign's state, and its reason if that says more.
func standing(c contactdb.Campaign) string {
	switch c.Reason {
	case "started", "resumed", string(c.State):
		return string(c.State)
	}
	return withReason(string(c.State), printable(c.Reason))
}

func writeStanding(w io.Writer, c contactdb.Campaign) {
	fmt.Fprintf(w, "campaign %s is %s, version %d\n", printable(c.Name), standing(c), c.Version)
}

func (a *app) campaignStatus() *cobra.Command {
	var watch bool
	var wait string
	var timeout time.Duration
	cmd := a.verb("status NAME", "how a campaign is doing", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q := call{path: at("campaigns", args[0])}
		switch {
		case watch:
			return watchAnswer(a, ctx, q, writeCampaign, nil)
		case wait != "":
			return a.awaitState(ctx, q, args[0], contactdb.CampaignState(wait), timeout)
		}
		return show(a, ctx, q, writeCampaign)
	})
	f := cmd.Flags()
	f.BoolVar(&watch, "watch", false, "go on showing it, every second")
	f.StringVar(&wait, "wait", "", "wait until it is in this `state`, for example done")
	f.DurationVar(&timeout, "timeout", 10*time.Minute, "how long to wait; then exit 7")
	cmd.MarkFlagsMutuallyExclusive("watch", "wait")
	return a.completing(cmd, "campaigns")
}

var campaignStates = []contactdb.CampaignState{
	contactdb.Draft, contactdb.Scheduled, contactdb.Running, contactdb.Paused, contactdb.Draining, contactdb.Done,
}

func (a *app) awaitState(ctx context.Context, q call, name string, state contactdb.CampaignState, within time.Duration) error {
	if !slices.Contains(campaignStates, state) {
		return problem(console.Usage, "%q is no state of a campaign; they are draft, scheduled, running, paused, draining, done", state)
	}
	what := fmt.Sprintf("campaign %q being %s", name, state)
	_, err := awaited(a, ctx, q, within, what, func(c dialer.CampaignStatus) bool { return c.State == state })
	if err != nil {
		return err
	}
	return show(a, ctx, q, writeCampaign)
}

func writeCampaign(w io.Writer, c dialer.CampaignStatus) {
	fmt.Fprintf(w, "%s  %s  version %d  %s\n", strings.ToUpper(printable(c.Name)), standing(c.Campaign), c.Version, c.Mode)
	if c.Why != "" {
		fmt.Fprintln(w, printable(c.Why))
	}
	var f facts
	f.add("operators", fmt.Sprintf("ready %d · talking %d · wrap-up %d · not ready %d · occupancy %s", c.Ready, c.Talking, c.WrapUp, c.NotReady, percent(c.Occupancy)))
	f.add("calls", fmt.Sprintf("dialing %d · ringing %d · screening %d · queued %d · bridged %d · lines %d", c.Dialing, c.Ringing, c.Screening, c.Queued, c.Bridged, c.Lines))
	f.add("today", tallyLine(c.Today))
	f.add("abandoned", fmt.Sprintf("%s of %s live answers, limit %s", percent(c.AbandonmentRate), thousands(int64(c.Window.LiveAnswers)), percent(c.AbandonmentLimit)))
	f.write(w)
	if len(c.Today.Outcomes) > 0 {
		f = nil
		f.add("outcomes", outcomesLine(c.Today.Outcomes))
		f.write(w)
	}
}

func tallyLine(t contactdb.Tally) string {
	return fmt.Sprintf("attempts %s · live answers %s · bridged %s · abandoned %s · talk %s",
		thousands(int64(t.Attempts)), thousands(int64(t.LiveAnswers)), thousands(int64(t.Bridged)), thousands(int64(t.Abandoned)), span(ms(t.TalkMS)))
}

// outcomesLine names the outcomes that came up, in the order of reports.
func outcomesLine(counts map[string]int) string {
	var parts []string
	for _, o := range contactdb.Outcomes {
		if counts[o] > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", o, thousands(int64(counts[o]))))
		}
	}
	return strings.Join(parts, " · ")
}

func (a *app) campaignLs() *cobra.Command {
	return a.verb("ls", "all campaigns", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		return show(a, ctx, call{path: "/api/campaigns"}, writeCampaigns)
	})
}

func (a *app) campaignShow() *cobra.Command {
	var version int
	var source bool
	cmd := a.verb("show NAME", "a campaign's definition with every default", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q := call{path: at("campaigns", args[0], "definition")}
		if version != 0 {
			q.query = url.Values{"version": {strconv.Itoa(version)}}
		}
		return show(a, ctx, q, func(w io.Writer, d console.Definition) {
			standing := "not in force"
			if d.InForce {
				standing = "in force"
			}
			fmt.Fprintf(w, "# campaign %s, version %d, %s, applied at %s\n", printable(d.Campaign), d.Version, standing, clock(d.AppliedAt))
			if source {
				fmt.Fprint(w, d.Source)
				return
			}
			fmt.Fprint(w, d.Effective)
		})
	})
	cmd.Flags().IntVar(&version, "version", 0, "an applied `version` (default the one in force)")
	cmd.Flags().BoolVar(&source, "source", false, "as it was written, without defaults")
	return a.completing(cmd, "campaigns")
}

func (a *app) campaignSelect() *cobra.Command {
	var version int
	cmd := a.verb("select NAME --version V", "go back, or forth, to an applied version", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		if version < 1 {
			return problem(console.Usage, "say which version with --version; see: apel campaign show %s", args[0])
		}
		q := call{method: "POST", path: at("campaigns", args[0], "select"), query: url.Values{"version": {strconv.Itoa(version)}}}
		return show(a, ctx, q, writeStanding)
	})
	cmd.Flags().IntVar(&version, "version", 0, "an applied `version`")
	return a.completing(cmd, "campaigns")
}

func (a *app) campaignWhy() *cobra.Command {
	cmd := a.verb("why NAME", "why it dials as it does, or does not", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return show(a, ctx, call{path: at("campaigns", args[0], "why")}, func(w io.Writer, y console.Why) {
			fmt.Fprintf(w, "campaign %s is %s\n", printable(y.Campaign), standing(contactdb.Campaign{State: contactdb.CampaignState(y.State), Reason: y.Reason}))
			if len(y.Decisions) == 0 && y.Why != "" {
				fmt.Fprintln(w, printable(y.Why))
			}
			for _, d := range y.Decisions[max(0, len(y.Decisions)-decisionsShown):] {
				fmt.Fprintf(w, "%s  %s\n", clock(d.At), printable(d.Why))
			}
			fmt.Fprintln(w)
			writePlan(w, y.Plan)
		})
	})
	return a.completing(cmd, "campaigns")
}

// decisionsShown of an hour's: enough to see what holds; -o json has them all.
const decisionsShown = 10
