package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"apel/dialer/console"

	"github.com/spf13/cobra"
)

// tree builds all verbs.
func (a *app) tree() *cobra.Command {
	root := group("apel", "apel is an outbound predictive dialer", a.verbs()...)
	root.Long = "apel is an outbound predictive dialer: it imports contacts, places SIP calls,\ntells people from machines, and bridges each person to a free operator."
	root.AddCommand(topics()...)
	root.SetHelpCommand(helpCmd(root))
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see: %s --help", err, cmd.CommandPath())
	})
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return a.checkFlags() }
	f := root.PersistentFlags()
	f.StringVar(&a.flags.data, "data", "", "data `directory` (APEL_DATA; default apel-data)")
	f.StringVar(&a.flags.config, "config", "", "settings `file` (APEL_CONFIG; default apel.yaml if it is there)")
	f.StringVarP(&a.flags.output, "output", "o", "table", "print `FORMAT`: table or json")
	f.StringVar(&a.flags.address, "address", "", "`URL` of a console elsewhere, https://HOST:PORT, with a token in APEL_TOKEN (APEL_ADDRESS)")
	f.StringVar(&a.flags.certificate, "certificate", "", "what its `CERTIFICATE` is known by: a fingerprint or a file (APEL_CERTIFICATE)")
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	return root
}

// verbs is the place where a new one is added.
func (a *app) verbs() []*cobra.Command {
	return []*cobra.Command{
		a.demoCmd(),
		a.serveCmd(),
		a.statusCmd(),
		a.listCmd(),
		a.contactCmd(),
		a.dncCmd(),
		a.callbackCmd(),
		a.operatorCmd(),
		a.teamCmd(),
		a.accountCmd(),
		a.tokenCmd(),
		a.webhookCmd(),
		a.campaignCmd(),
		a.recordCmd(),
		a.recordingCmd(),
		a.auditCmd(),
		a.dbCmd(),
		a.reportCmd(),
		a.simulateCmd(),
		a.detectCmd(),
		a.versionCmd(),
	}
}

func (a *app) checkFlags() error {
	if !slices.Contains([]string{"table", "json"}, a.flags.output) {
		return fmt.Errorf("-o %q is not known; use table or json", a.flags.output)
	}
	return nil
}

// verb is a command that does something.
func (a *app) verb(use, short string, args cobra.PositionalArgs, do func(ctx context.Context, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use:                   use,
		Short:                 short,
		Args:                  named(use, args),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			a.parsed = true
			return do(cmd.Context(), args)
		},
	}
}

// named says which arguments a verb takes when it got others.
func named(use string, check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) == nil {
			return nil
		}
		_, takes, _ := strings.Cut(use, " ")
		if takes == "" {
			return fmt.Errorf("%s takes no argument, not %q", cmd.CommandPath(), args[0])
		}
		return fmt.Errorf("%s takes %s; see: %s --help", cmd.CommandPath(), takes, cmd.CommandPath())
	}
}

// group is a noun: its verbs do things, it only helps.
func group(use, short string, verbs ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs}
	g.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return unknownVerb(cmd, args[0])
	}
	g.AddCommand(verbs...)
	return g
}

// helpCmd shows a verb's page. Cobra's own shows the root's for a word that is no verb, and is content.
func helpCmd(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:                   "help [VERB...]",
		Short:                 "help about a verb",
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, words []string) error {
			cmd, rest, err := root.Find(words)
			if err == nil && len(rest) > 0 {
				err = unknownVerb(cmd, rest[0])
			}
			if err != nil {
				return err
			}
			return cmd.Help()
		},
	}
}

func unknownVerb(cmd *cobra.Command, word string) error {
	var known []string
	for _, c := range cmd.Commands() {
		known = append(known, c.Name())
	}
	if near := console.Nearest(word, known); near != "" {
		return fmt.Errorf("%s has no verb %q; did you mean %q?", cmd.CommandPath(), word, near)
	}
	return fmt.Errorf("%s has no verb %q; it has %s", cmd.CommandPath(), word, strings.Join(known, ", "))
}
