package campaign

import (
	"fmt"
	"strconv"
	"strings"
)

// writeScript writes a script as scriptOf reads it.
func writeScript(b *strings.Builder, s *Script) {
	if s == nil {
		return
	}
	b.WriteString("script:\n  steps:\n")
	for _, st := range s.Steps {
		writeStep(b, st)
	}
	if len(s.Objections) > 0 {
		b.WriteString("  objections:\n")
	}
	for _, o := range s.Objections {
		fmt.Fprintf(b, "    - {said: %s, answer: %s}\n", strconv.Quote(o.Said), strconv.Quote(o.Answer))
	}
	if len(s.Quotas) > 0 {
		b.WriteString("  quotas:\n")
	}
	for _, q := range s.Quotas {
		fmt.Fprintf(b, "    - {name: %s, when: %s, limit: %d", strconv.Quote(q.Name), strconv.Quote(q.When), q.Limit)
		if q.To != "" {
			fmt.Fprintf(b, ", to: %s", strconv.Quote(q.To))
		}
		b.WriteString("}\n")
	}
}

func writeStep(b *strings.Builder, st Step) {
	fmt.Fprintf(b, "    - name: %s\n      title: %s\n", strconv.Quote(st.Name), strconv.Quote(st.Title))
	if st.Text != "" {
		fmt.Fprintf(b, "      text: %s\n", strconv.Quote(st.Text))
	}
	if len(st.Say) > 0 {
		b.WriteString("      say:\n")
	}
	for _, say := range st.Say {
		fmt.Fprintf(b, "        - %s\n", strconv.Quote(say))
	}
	if len(st.Questions) > 0 {
		b.WriteString("      questions:\n")
	}
	for _, q := range st.Questions {
		writeQuestion(b, q)
	}
	fmt.Fprintf(b, "      shuffle: %t\n      end: %t\n", st.Shuffle, st.End)
	if len(st.Next) > 0 {
		b.WriteString("      next:\n")
	}
	for _, j := range st.Next {
		if j.When == "" {
			fmt.Fprintf(b, "        - to: %s\n", strconv.Quote(j.To))
			continue
		}
		fmt.Fprintf(b, "        - {when: %s, to: %s}\n", strconv.Quote(j.When), strconv.Quote(j.To))
	}
}

func writeQuestion(b *strings.Builder, q Question) {
	fmt.Fprintf(b, "        - name: %s\n          ask: %s\n          kind: %s\n          required: %t\n", q.Name, strconv.Quote(q.Ask), q.Kind, q.Required)
	if len(q.Of) > 0 {
		all := make([]string, len(q.Of))
		for i, o := range q.Of {
			all[i] = strconv.Quote(o)
		}
		fmt.Fprintf(b, "          of: [%s]\n          shuffle: %t\n", strings.Join(all, ", "), q.Shuffle)
	}
	for _, bound := range []struct {
		key string
		at  *float64
	}{{"min", q.Min}, {"max", q.Max}} {
		if bound.at != nil {
			fmt.Fprintf(b, "          %s: %s\n", bound.key, strconv.FormatFloat(*bound.at, 'f', -1, 64))
		}
	}
}
