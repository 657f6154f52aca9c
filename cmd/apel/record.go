package main

import (
	"context"
	"io"
	"net/url"
	"strconv"
	"time"

	"apel/contactdb"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) recordCmd() *cobra.Command {
	return group("record", "call records, the evidence", a.recordExport(), a.recordVerify(), a.recordAnchor(), a.recordCorrect(), a.recordLs())
}

// periodFlags choose records by campaign and time.
type periodFlags struct {
	campaign, from, to string
}

func (p *periodFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.campaign, "campaign", "", "only of this `campaign`")
	p.addTimes(cmd)
}

func (p *periodFlags) addTimes(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.from, "from", "", "from this `time` on: 2026-11-23 or 2026-11-23T08:00:00+02:00")
	f.StringVar(&p.to, "to", "", "before this `time`; of a bare date, to its end")
}

// query reads a bare date as a day of this machine's zone: from its beginning,
// to its end.
func (p periodFlags) query() (url.Values, error) {
	q := url.Values{}
	if p.campaign != "" {
		q.Set("campaign", p.campaign)
	}
	for _, t := range []struct {
		name, text string
		days       int
	}{{"from", p.from, 0}, {"to", p.to, 1}} {
		if t.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, t.text)
		if err != nil {
			if at, err = time.ParseInLocation(time.DateOnly, t.text, time.Local); err != nil {
				return nil, problem(console.Usage, "--%s %q is no time; write 2026-11-23 or 2026-11-23T08:00:00+02:00", t.name, t.text)
			}
			at = at.AddDate(0, 0, t.days)
		}
		q.Set(t.name, at.Format(time.RFC3339))
	}
	return q, nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (a *app) recordLs() *cobra.Command {
	var p periodFlags
	var limit int
	cmd := a.verb("ls", "the last call records", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		q, err := p.query()
		if err != nil {
			return err
		}
		q.Set("limit", strconv.Itoa(limit))
		return show(a, ctx, call{path: "/api/records", query: q}, writeRecords)
	})
	p.add(cmd)
	cmd.Flags().IntVar(&limit, "limit", 50, "at most `N` records")
	return cmd
}

func writeRecords(w io.Writer, records []contactdb.Record) {
	t := newTable("placed at", "campaign", "phone", ">attempt", "outcome", "operator", ">talk", "disposition", "id")
	for _, r := range records {
		t.row(r.PlacedAt, r.Campaign, withoutDigest(r.Phone), r.Attempt, r.Outcome, r.Operator, ms(r.TalkMS), r.Disposition, r.ID)
	}
	t.write(w)
}
