package main

import (
	"strings"

	"apel/dialer/console"

	"github.com/spf13/cobra"
)

// contactFlags are what a person may set of a contact.
type contactFlags struct {
	texts   map[string]*string // by flag; in the body under the same name
	consent map[string]*string
	tags    []string
	numbers []string
	fields  map[string]string
}

func (f *contactFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.texts, f.consent = map[string]*string{}, map[string]*string{}
	for _, t := range [][2]string{
		{"name", "full `name`"}, {"first-name", "first `name`"}, {"last-name", "last `name`"}, {"email", "e-mail `address`"}, {"city", "`city`"},
		{"external-id", "the client's own `key`, by which a later file updates the contact"}, {"client", "on behalf of whom the person is called: a `name`"},
		{"zone", "time `zone` where the person lives, as Europe/Bucharest; several with commas"}, {"language", "`language`: ro, en, ..."}, {"notes", "`text` that operators see"},
	} {
		f.texts[t[0]] = flags.String(t[0], "", t[1])
	}
	for _, t := range [][2]string{
		{"consent", "`kind` of consent: given, none, withdrawn, or what it was given for"}, {"consent-at", "`date` on which it was given"},
		{"consent-source", "`where` it is from: a form, a call"}, {"consent-text", "`version` of the text that was agreed to"}, {"consent-expires", "`date` from which on it is not valid"},
	} {
		f.consent[t[0]] = flags.String(t[0], "", t[1])
	}
	flags.StringSliceVar(&f.tags, "tags", nil, "all `tags`, with commas; empty removes them")
	flags.StringSliceVar(&f.numbers, "number", nil, "a further number, `[KIND=]PHONE` with KIND home, mobile, work or other; all of them, in the order in which they are tried; empty removes them")
	flags.StringToStringVar(&f.fields, "field", nil, "a free field, `NAME=VALUE`; an empty value removes it")
}

// consentNames are the members of consent, by flag.
var consentNames = map[string]string{"consent": "kind", "consent-at": "at", "consent-source": "source", "consent-text": "text_version", "consent-expires": "expires"}

// body has the flags that were given, and only those.
func (f *contactFlags) body(cmd *cobra.Command) (map[string]any, error) {
	given := cmd.Flags().Changed
	body, consent := map[string]any{}, map[string]any{}
	for flag, value := range f.texts {
		if given(flag) {
			body[strings.ReplaceAll(flag, "-", "_")] = *value
		}
	}
	for flag, value := range f.consent {
		if given(flag) {
			consent[consentNames[flag]] = *value
		}
	}
	if len(consent) > 0 {
		body["consent"] = consent
	}
	if given("tags") {
		body["tags"] = append([]string{}, f.tags...)
	}
	if given("number") {
		all := []map[string]string{}
		for _, n := range f.numbers {
			kind, phone, named := strings.Cut(n, "=")
			if !named {
				kind, phone = "", n
			}
			if strings.TrimSpace(phone) == "" {
				if n == "" {
					continue
				}
				return nil, problem(console.Usage, "--number %s names no number; for example: --number work=0213334455", n)
			}
			all = append(all, map[string]string{"phone": phone, "kind": kind})
		}
		body["numbers"] = all
	}
	if len(f.fields) > 0 {
		body["fields"] = f.fields
	}
	return body, nil
}
