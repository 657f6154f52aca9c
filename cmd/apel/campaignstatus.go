package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

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
		q.query = url.Values{"decisions": {"1"}}
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
	last := "not known"
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		var c dialer.CampaignStatus
		raw, err := a.ask(waiting, q, &c)
		switch {
		case waiting.Err() != nil: // whatever came of a request that was cut off
		case err != nil:
			return err
		case c.State == state:
			return showAnswer(a, raw, c, writeCampaign)
		default:
			last = string(c.State)
		}
		select {
		case <-waiting.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return problem(notReached, "campaign %q was not %s within %s, it is %s; see: apel campaign why %[1]s", name, state, within, last)
		case <-time.After(watchEvery / 4):
		}
	}
}

func writeCampaign(w io.Writer, c dialer.CampaignStatus) {
	fmt.Fprintf(w, "%s  %s  version %d  %s\n", strings.ToUpper(printable(c.Name)), c.State, c.Version, c.Mode)
	if reason, more := strings.CutPrefix(standing(c.Campaign), string(c.State)+": "); more {
		fmt.Fprintln(w, reason) // as long as it is, on a line of its own
	}
	if c.Why != "" {
		fmt.Fprintln(w, printable(c.Why))
	}
	var f facts
	f.add("operators", fmt.Sprintf("ready %d · talking %d · wrap-up %d · not ready %d · occupancy %s", c.Ready, c.Talking, c.WrapUp, c.NotReady, percent(c.Occupancy)))
	f.add("calls", fmt.Sprintf("dialing %d · ringing %d · screening %d · queued %d · bridged %d · lines %d", c.Dialing, c.Ringing, c.Screening, c.Queued, c.Bridged, c.Lines))
	f.add("waiting today", span(c.Waits.Total()))
	f.add("... due to", waitingLine(c.Waits.Total(), c.Waits.Part))
	f.add("today", tallyLine(c.Today))
	f.add("abandoned", fmt.Sprintf("%s of %s live answers, limit %s", percent(c.AbandonmentRate), thousands(int64(c.Window.LiveAnswers)), percent(c.AbandonmentLimit)))
	f.write(w)
	if len(c.Today.Outcomes) > 0 {
		f = nil
		f.add("outcomes", outcomesLine(c.Today.Outcomes))
		f.write(w)
	}
	if len(c.Decisions) > 0 {
		fmt.Fprintln(w, "the last decisions (all of the last hour: -o json)")
		writeDecisions(w, c.Decisions, 5)
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
