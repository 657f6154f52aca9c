package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const exitCodesHelp = `  0    done
  1    failed, or what was given cannot be used
  2    wrong usage
  3    not found
  4    not allowed
  5    wrong state, or no service is running
  6    refused by a compliance rule
  7    an awaited condition was not reached
  130  interrupted`

// topics are pages of apel help that belong to no verb.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "what the exit codes mean", Long: exitCodesHelp},
		{Use: "settings", Short: "where settings come from", Long: settingsHelp()},
	}
}

func settingsHelp() string {
	var b strings.Builder
	b.WriteString(`A setting comes from its flag, else from the environment, else from the
settings file, else it is the default. apel serve --example-config prints a
settings file with every key.

`)
	fmt.Fprintf(&b, "  %-19s %s\n", "APEL_DATA", "data directory (--data; default apel-data)")
	fmt.Fprintf(&b, "  %-19s %s\n", "APEL_CONFIG", "settings file (--config; default apel.yaml if it is there)")
	fmt.Fprintf(&b, "  %-19s %s\n", "APEL_ADDRESS", "console elsewhere, https://HOST:PORT (--address)")
	fmt.Fprintf(&b, "  %-19s %s\n", "APEL_CERTIFICATE", "fingerprint or file by which to know its certificate (--certificate)")
	fmt.Fprintf(&b, "  %-19s %s\n", "APEL_TOKEN", "token for it; see: apel token add --help")
	for _, o := range overrides {
		fmt.Fprintf(&b, "  %-19s %s\n", o.env, strings.ReplaceAll(o.help, "`", ""))
	}
	return strings.TrimRight(b.String(), "\n")
}
