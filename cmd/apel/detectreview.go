package main

import (
	"context"
	"fmt"
	"io"

	"apel/contactdb"
	"apel/dialer"
	"apel/dialer/console"
)

// review lists the recordings of calls that were taken for machines, or takes a
// supervisor's word on one: a correction of its record, in the chain and the
// audit trail, which --retrain learns from.
func (a *app) review(ctx context.Context, f detectFlags, args []string) error {
	switch {
	case len(args) == 0 && f.said == "":
		return a.listSamples(ctx)
	case len(args) != 1:
		return problem(console.Usage, "name one attempt: apel detect --review ATTEMPT --said person")
	case f.said != "machine" && f.said != dialer.PersonSaid:
		return problem(console.Usage, "say who is heard on the recording of %s: --said machine or --said person", args[0])
	}
	body := console.NewCorrection{Disposition: &f.said, Reason: "the recording of a call taken for a machine was heard"}
	return show(a, ctx, call{method: "PATCH", path: at("records", args[0]), body: body}, func(w io.Writer, r contactdb.Record) {
		fmt.Fprintf(w, "record %s says of %s: %s; apel detect --retrain learns from it\n", r.ID, args[0], f.said)
	})
}

func (a *app) listSamples(ctx context.Context) error {
	return show(a, ctx, call{path: "/api/detector/samples"}, func(w io.Writer, all []dialer.SampledCall) {
		if len(all) == 0 {
			fmt.Fprintln(w, "no call taken for a machine was recorded; a campaign records a share of them by detector: sample: 2%")
			return
		}
		t := newTable("attempt", "campaign", "answered", ">decided", ">confidence", "said")
		for _, s := range all {
			said := s.Said
			if said == "" {
				said = "-"
			}
			t.row(s.ID, s.Campaign, s.Answered, ms(s.DecidedMS).String(), fmt.Sprintf("%.2f", s.Sure), said)
		}
		t.write(w)
		fmt.Fprintln(w, "to hear one: apel recording get ATTEMPT --out heard.wav\nthen say: apel detect --review ATTEMPT --said person (or machine)")
	})
}
