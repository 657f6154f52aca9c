package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strings"

	"apel/campaign"
	"apel/dialer/console"

	"github.com/spf13/cobra"
)

func (a *app) campaignScript() *cobra.Command {
	return group("script", "what operators say and ask", a.scriptCheck(), a.scriptResults())
}

// ScriptCheck is what "campaign script check" prints.
type ScriptCheck struct {
	File       string   `json:"file"`
	Steps      int      `json:"steps"`
	Questions  int      `json:"questions"`
	Say        int      `json:"sentences"` // that must be said
	Objections int      `json:"objections"`
	Quotas     int      `json:"quotas"`
	Fields     []string `json:"fields"` // of contacts, that its texts use
}

// scriptCheck needs no service and no data.
func (a *app) scriptCheck() *cobra.Command {
	return a.verb("check FILE.yaml", "check a script, in its campaign's file or alone", cobra.ExactArgs(1), func(_ context.Context, args []string) error {
		source, err := a.readDefinition(args[0])
		if err != nil {
			return err
		}
		s, err := campaign.ParseScript(source)
		if err == nil && s == nil {
			err = fmt.Errorf("it has no script; write one under the key script")
		}
		if err != nil {
			return about(args[0], console.ProblemOf(err))
		}
		got := ScriptCheck{File: args[0], Steps: len(s.Steps), Questions: len(s.Questions()), Objections: len(s.Objections), Quotas: len(s.Quotas), Fields: s.Fields()}
		for _, st := range s.Steps {
			got.Say += len(st.Say)
		}
		if a.flags.output == "json" {
			return printValue(a.std.out, got)
		}
		return a.print(func(w io.Writer) {
			fmt.Fprintf(w, "%s: %d steps, %d questions, %d sentences to be said, %d objections, %d quotas\n", printable(got.File), got.Steps, got.Questions, got.Say, got.Objections, got.Quotas)
			if len(got.Fields) > 0 {
				fmt.Fprintf(w, "fields of contacts: %s\n", printable(strings.Join(got.Fields, ", ")))
			}
		})
	})
}

func (a *app) scriptResults() *cobra.Command {
	var during periodFlags
	cmd := a.verb("results NAME", "the answers of a campaign's calls, counted", cobra.ExactArgs(1), func(ctx context.Context, args []string) error {
		q, err := during.query()
		if err != nil {
			return err
		}
		return show(a, ctx, call{path: at("campaigns", args[0], "survey"), query: q}, func(w io.Writer, s campaign.Survey) {
			_ = csv.NewWriter(w).WriteAll(s.Rows()) // a closed pipe: nobody reads on
		})
	})
	during.addTimes(cmd)
	return a.completing(cmd, "campaigns")
}
