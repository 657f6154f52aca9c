package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"apel/contactdb"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) reportCmd() *cobra.Command {
	return group("report", "sums over call records",
		a.reportCallsCmd(),
		reportVerb(a, "campaign", "attempts by outcome", writeCampaignReport),
		reportVerb(a, "operator", "calls and talk by operator", writeOperatorReport),
		reportVerb(a, "abandonment", "abandoned of live answers over the regulator's window, against the limit", writeAbandonmentReport),
		reportVerb(a, "commission", "results by disposition per operator", writeCommissionReport))
}

func reportVerb[T any](a *app, kind, short string, render func(io.Writer, []T)) *cobra.Command {
	var p periodFlags
	cmd := a.verb(kind, short, cobra.NoArgs, func(ctx context.Context, _ []string) error {
		q, err := p.query()
		if err != nil {
			return err
		}
		return show(a, ctx, call{path: at("reports", kind), query: q}, render)
	})
	if kind == "abandonment" { // its period is the regulator's
		cmd.Flags().StringVar(&p.campaign, "campaign", "", "only of this `campaign`")
	} else {
		p.add(cmd)
	}
	return cmd
}

func (a *app) reportCallsCmd() *cobra.Command {
	var p periodFlags
	var by, list, operator string
	var compare bool
	cmd := a.verb("calls", "calls counted by hour, day, campaign, operator, team, list or disposition", cobra.NoArgs, func(ctx context.Context, _ []string) error {
		q, err := p.query()
		if err != nil {
			return err
		}
		for name, value := range map[string]string{"by": by, "list": list, "operator": operator} {
			if value != "" {
				q.Set(name, value)
			}
		}
		if compare {
			q.Set("compare", "1")
		}
		return show(a, ctx, call{path: at("reports", "calls"), query: q}, writeCallReport)
	})
	p.add(cmd)
	cmd.Flags().StringVar(&by, "by", "hour", "`what` to count by: hour, day, campaign, operator, team, list, disposition")
	cmd.Flags().StringVar(&list, "list", "", "only of this `list`")
	cmd.Flags().StringVar(&operator, "operator", "", "only of this `operator`")
	cmd.Flags().BoolVar(&compare, "compare", false, "beside the period before --from, as long")
	return cmd
}

func writeCallReport(w io.Writer, rows []console.CallReport) {
	head := []string{"of", ">attempts", ">live answers", ">bridged", ">abandoned", ">abandonment", ">talk", ">wrap-up"}
	compared := slices.ContainsFunc(rows, func(r console.CallReport) bool { return r.Before != nil })
	if compared {
		head = append(head, ">attempts before", ">bridged before", ">abandoned before", ">talk before")
	}
	t := newTable(head...)
	for _, r := range rows {
		cells := []any{cmp.Or(r.Name, "(none)"), r.Attempts, r.LiveAnswers, r.Bridged, r.Abandoned, percent(r.AbandonmentRate), ms(r.TalkMS), ms(r.WrapMS)}
		if r.Before != nil {
			cells = append(cells, r.Before.Attempts, r.Before.Bridged, r.Before.Abandoned, ms(r.Before.TalkMS))
		}
		t.row(cells...)
	}
	t.write(w)
}

func writeCampaignReport(w io.Writer, rows []console.CampaignReport) {
	head := []string{"campaign", ">attempts", ">live answers", ">bridged", ">abandonment", ">talk"}
	for _, o := range contactdb.Outcomes {
		head = append(head, ">"+o)
	}
	t := newTable(head...)
	for _, r := range rows {
		cells := []any{r.Campaign, r.Attempts, r.LiveAnswers, r.Bridged, percent(r.AbandonmentRate), ms(r.TalkMS)}
		for _, o := range contactdb.Outcomes {
			cells = append(cells, r.Outcomes[o])
		}
		t.row(cells...)
	}
	t.write(w)
	writeWaiting(w, "campaign", rows, func(r console.CampaignReport) (string, console.Waiting) { return r.Campaign, r.Waiting })
}

func writeOperatorReport(w io.Writer, rows []console.OperatorReport) {
	t := newTable("operator", "team", ">calls", ">talk", ">talk a call", ">wrap-up", ">results")
	for _, r := range rows {
		t.row(r.Operator, r.Team, r.Calls, ms(r.TalkMS), ms(r.TalkMeanMS), ms(r.WrapMS), r.Successes)
	}
	t.write(w)
	writeWaiting(w, "operator", rows, func(r console.OperatorReport) (string, console.Waiting) { return r.Operator, r.Waiting })
}

func writeAbandonmentReport(w io.Writer, rows []console.AbandonmentReport) {
	t := newTable("campaign", ">window", ">live answers", ">abandoned", ">rate", ">limit", "kept")
	for _, r := range rows {
		t.row(r.Campaign, ms(r.WindowMS), r.LiveAnswers, r.Abandoned, percent(r.Rate), percent(r.Limit), yesNo(r.Kept))
	}
	t.write(w)
}

func writeCommissionReport(w io.Writer, rows []console.CommissionReport) {
	t := newTable("operator", "team", "campaign", "disposition", "result", ">calls", ">talk", ">amount")
	for _, r := range rows {
		t.row(r.Operator, r.Team, r.Campaign, r.Disposition, yesNo(r.Success), r.Calls, ms(r.TalkMS), fmt.Sprintf("%d.%02d", r.AmountCents/100, r.AmountCents%100))
	}
	t.write(w)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
