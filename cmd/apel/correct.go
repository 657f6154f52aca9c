package main

import (
	"context"
	"fmt"
	"io"

	"apel/contactdb"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) recordCorrect() *cobra.Command {
	var disposition, note, reason string
	var answers map[string]string
	var cmd *cobra.Command
	cmd = a.verb("correct RECORD", "correct what was said of a call; the record as it was stays", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		body := console.NewCorrection{Reason: reason, Answers: answers}
		if cmd.Flags().Changed("disposition") {
			body.Disposition = &disposition
		}
		if cmd.Flags().Changed("note") {
			body.Note = &note
		}
		if body.Disposition == nil && body.Note == nil && len(answers) == 0 {
			return problem(console.Usage, "nothing to correct was given; for example: apel record correct %s --disposition refused --reason 'wrong key'", args[0])
		}
		if reason == "" {
			return problem(console.Usage, "say why with --reason; it stands in the audit trail")
		}
		return show(a, ctx, call{method: "PATCH", path: at("records", args[0]), body: body}, func(w io.Writer, r contactdb.Record) {
			fmt.Fprintf(w, "record %s names %s and says what is right; both are in the chain\n", r.ID, args[0])
		})
	})
	f := cmd.Flags()
	f.StringVar(&disposition, "disposition", "", "what the operator should have said: a `disposition` of the campaign")
	f.StringVar(&note, "note", "", "the `note` as it should be")
	f.StringToStringVar(&answers, "answer", nil, "the answers to the script as they should be, all of them: `QUESTION=ANSWER`")
	f.StringVar(&reason, "reason", "", "`why`")
	return cmd
}
