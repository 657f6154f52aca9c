package web

import (
	"strings"

	"apel/pacing"
)

// Why says in a reader's language on which grounds pacing decided; text is what
// there is if the grounds are a policy's own words.
func Why(l Lang, g pacing.Grounds, text string) string {
	phrases := g.Phrases()
	if phrases == nil {
		return text
	}
	var out strings.Builder
	for _, p := range phrases {
		args := make([]any, len(p.Args))
		for i, a := range p.Args {
			if a = Word(l, "cause", a); l == Romanian {
				a = strings.Replace(a, ".", ",", 1)
			}
			args[i] = a
		}
		out.WriteString(Text(l, "why."+p.Code, args...))
	}
	return out.String()
}
