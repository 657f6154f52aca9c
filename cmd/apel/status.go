package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"apel/dialer"

	"github.com/spf13/cobra"
)

func (a *app) statusCmd() *cobra.Command {
	var watch bool
	cmd := a.verb("status", "the service, its campaigns, operators and trunks", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		q := call{path: "/api/status"}
		if watch {
			return watchAnswer(a, ctx, q, writeStatus, nil)
		}
		return a.status(ctx, q)
	})
	cmd.Flags().BoolVar(&watch, "watch", false, "go on showing it, every second")
	return cmd
}

// status prints what is known even if no service runs, and then says so.
func (a *app) status(ctx context.Context, q call) error {
	var st dialer.Status
	raw, err := a.ask(ctx, q, &st)
	if err != nil {
		return err
	}
	if a.flags.output == "json" {
		err = printJSON(a.std.out, raw)
	} else if st.Running || len(st.Campaigns) > 0 {
		err = a.print(func(w io.Writer) { writeStatus(w, st) })
	}
	if err == nil && !st.Running {
		err = noService(a.dataDir())
	}
	return err
}

func writeStatus(w io.Writer, st dialer.Status) {
	if st.Running {
		fmt.Fprintf(w, "apel %s, running for %s\n\n", st.Version, span(time.Since(st.Since)))
	}
	writeCampaigns(w, st.Campaigns)
	if len(st.Operators) > 0 {
		fmt.Fprintln(w)
		t := newTable("operator", "team", "state", ">for", "campaign", ">calls", "phone")
		for _, o := range st.Operators {
			t.row(o.Name, o.Team, withReason(o.State, o.Reason), ms(o.ForMS).Truncate(time.Second), o.Campaign, o.Calls, o.Phone)
		}
		t.write(w)
	}
	if len(st.Trunks) > 0 {
		fmt.Fprintln(w)
		t := newTable("trunk", "state", ">in use", ">channels", ">calls/s")
		for _, k := range st.Trunks {
			t.row(k.Name, withReason(k.State, k.Reason), k.InUse, k.Channels, fmt.Sprintf("%g", k.CallsPerSecond))
		}
		t.write(w)
	}
}

func writeCampaigns(w io.Writer, all []dialer.CampaignStatus) {
	t := newTable("campaign", "state", ">version", ">lines", ">talking", ">ready", ">attempts today", ">bridged today", ">abandoned", ">limit")
	for _, c := range all {
		t.row(c.Name, brief(standing(c.Campaign)), c.Version, c.Lines, c.Talking, c.Ready, c.Today.Attempts, c.Today.Bridged, percent(c.AbandonmentRate), percent(c.AbandonmentLimit))
	}
	t.write(w)
}

func withReason(state, reason string) string {
	if reason == "" {
		return state
	}
	return state + ": " + reason
}

// brief keeps what stands in a table from widening it.
func brief(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// watchEvery is how often a watched answer is asked for again.
const watchEvery = time.Second

// watchAnswer shows an answer again and again: redrawn on a screen, one JSON
// line each otherwise. It ends with ctx, or when enough says so.
func watchAnswer[T any](a *app, ctx context.Context, q call, render func(io.Writer, T), enough func(T) bool) error {
	return a.with(ctx, false, func(c *client) error {
		if !c.alive {
			return noService(c.dir)
		}
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			var v T
			raw, err := c.json(ctx, q, &v)
			if err == nil {
				err = drawAgain(a, raw, v, render)
			}
			if err != nil || enough != nil && enough(v) {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-tick.C:
			}
		}
	})
}

// drawAgain draws over what was there, in one write, so that the screen does
// not flicker.
func drawAgain[T any](a *app, raw json.RawMessage, v T, render func(io.Writer, T)) error {
	if a.flags.output == "json" || !a.std.outIsScreen {
		_, err := fmt.Fprintf(a.std.out, "%s\n", compact(raw))
		return err
	}
	return a.print(func(w io.Writer) {
		fmt.Fprint(w, "\x1b[H\x1b[2J")
		render(w, v)
		fmt.Fprintf(w, "\n%s · Ctrl-C ends the view, not the service\n", time.Now().Format(time.TimeOnly))
	})
}
