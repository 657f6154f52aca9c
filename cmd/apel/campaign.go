package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"
	"apel/pacing"

	"github.com/spf13/cobra"
)

func (a *app) campaignCmd() *cobra.Command {
	return group("campaign", "what to say to whom, by which rules",
		a.campaignApply(), a.campaignCheck(), a.campaignPlan(),
		a.campaignChange("start", "start calling", false),
		a.campaignChange("pause", "place no new calls", true),
		a.campaignChange("resume", "go on calling", false),
		a.campaignChange("drain", "place no new calls; done when the last has ended", true),
		a.campaignChange("stop", "end what is not bridged yet; people finish talking", true),
		a.campaignStatus(), a.campaignLs(), a.campaignShow(), a.campaignSelect(), a.campaignLimits(), a.campaignWhy(), a.campaignScript())
}

func (a *app) campaignApply() *cobra.Command {
	return a.verb("apply FILE.yaml", "check a campaign file and make it the version in force", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		source, err := a.readDefinition(args[0])
		if err != nil {
			return err
		}
		q := call{method: "POST", path: "/api/campaigns", body: strings.NewReader(string(source)), create: true}
		return about(args[0], show(a, ctx, q, a.writeApplied))
	})
}

func (a *app) writeApplied(w io.Writer, got console.Applied) {
	for _, warning := range got.Warnings {
		a.say("warning: %s", printable(warning))
	}
	fmt.Fprintf(w, "campaign %s: version %d is in force, %s\n", printable(got.Name), got.Version, got.State)
}

func (a *app) readDefinition(path string) ([]byte, error) {
	f, _, err := a.openInput(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// campaignChange is a verb that changes a campaign's state, for a reason where it takes one.
func (a *app) campaignChange(verb, short string, reasoned bool) *cobra.Command {
	var reason string
	cmd := a.verb(verb+" NAME", short, cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q := call{method: "POST", path: at("campaigns", args[0], verb)}
		if reason != "" {
			q.query = url.Values{"reason": {reason}}
		}
		return show(a, ctx, q, writeStanding)
	})
	if reasoned {
		cmd.Flags().StringVar(&reason, "reason", "", "`why`; the floor shows it, and the audit trail keeps it")
	}
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

// campaignLimits changes what a supervisor changes while a campaign calls.
func (a *app) campaignLimits() *cobra.Command {
	var mode, reason string
	var ratio float64
	var abandonment share
	var lines int
	var cmd *cobra.Command
	cmd = a.verb("limits NAME", "another mode or other limits, as a new version of its definition", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		var change campaign.Change
		for flag, set := range map[string]func(){
			"mode":        func() { change.Mode = (*pacing.Mode)(&mode) },
			"ratio":       func() { change.Ratio = &ratio },
			"max-lines":   func() { change.MaxLines = &lines },
			"abandonment": func() { change.AbandonmentLimit = (*float64)(&abandonment) },
		} {
			if cmd.Flags().Changed(flag) {
				set()
			}
		}
		q := call{method: "PATCH", path: at("campaigns", args[0]), body: change}
		if reason != "" {
			q.query = url.Values{"reason": {reason}}
		}
		return show(a, ctx, q, a.writeApplied)
	})
	f := cmd.Flags()
	f.StringVar(&mode, "mode", "", "predictive, progressive, power or preview")
	f.Float64Var(&ratio, "ratio", 0, "calls per operator, in power")
	f.IntVar(&lines, "max-lines", 0, "most calls at once; 0: as the trunks allow")
	f.Var(&abandonment, "abandonment", "the limit of abandoned live answers: 3%")
	f.StringVar(&reason, "reason", "", "`why`; the audit trail keeps it")
	return a.completing(cmd, "campaigns")
}

func (a *app) campaignWhy() *cobra.Command {
	cmd := a.verb("why NAME", "why it dials as it does, or does not", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		return show(a, ctx, call{path: at("campaigns", args[0], "why"), tells: true}, func(w io.Writer, y console.Why) {
			fmt.Fprintf(w, "campaign %s is %s\n", printable(y.Campaign), standing(contactdb.Campaign{State: contactdb.CampaignState(y.State), Reason: y.Reason}))
			if len(y.Decisions) == 0 && y.Why != "" {
				fmt.Fprintln(w, printable(y.Why))
			}
			writeDecisions(w, y.Decisions, decisionsShown)
			if y.WaitMS > 0 {
				fmt.Fprintf(w, "operators waited %s today: %s\n", span(ms(y.WaitMS)), waitingLine(y.Causes.Total(), y.Causes.Part))
			}
			fmt.Fprintln(w)
			writePlan(w, y.Plan)
		})
	})
	return a.completing(cmd, "campaigns")
}

// decisionsShown of an hour's: enough to see what holds; -o json has them all.
const decisionsShown = 10

func writeDecisions(w io.Writer, all []dialer.DecisionLine, most int) {
	for _, d := range all[max(0, len(all)-most):] {
		fmt.Fprintf(w, "%s  %s\n", clock(d.At), printable(d.Why))
	}
}
