package web

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"apel/pacing"
)

// funcs are what templates may call, in one language.
func funcs(l Lang) template.FuncMap {
	return template.FuncMap{
		"t":       func(key string, args ...any) string { return Text(l, key, args...) },
		"word":    func(kind string, word any) string { return Word(l, kind, fmt.Sprint(word)) },
		"lang":    func() string { return string(l) },
		"langs":   func() []Lang { return Langs },
		"themes":  func() []string { return []string{"auto", "light", "dark"} },
		"number":  func(n any) string { return Number(l, n) },
		"percent": func(share float64) string { return Percent(l, share) },
		"span":    Span,
		"now":     func() int64 { return time.Now().UnixMilli() },
		"said":    func(sentence string) string { return Said(l, sentence) },
		"reason":  func(reason string) string { return Reason(l, reason) },
		"ago":     func(t time.Time) string { return ago(l, time.Since(t)) },
		"short":   func(hash string) string { return cut(hash, 13) },
		"decimal": func(v *float64) string { return decimal(l, v) },
		"few":     func(n int) string { return few(l, n) },
		"clock":   func(t time.Time) string { return clock(t, "15:04:05") },
		"day":     func(t time.Time) string { return Day(l, t) },
		"moment":  func(t time.Time) string { return clock(t, days[l]+" 15:04") },
		"verb":    func(verb string) string { return verbOf(l, verb) },
		"dict":    dict,
		"changes": func(e Changed) string { return changes(l, e) },
		"browser": browser,
		"why":     func(g pacing.Grounds, text string) string { return Why(l, g, text) },
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	}
}

// dict makes a map of pairs, for a block that takes more than one value.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("key %v of a dict is no string", pairs[i])
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

// days is how a language writes a day.
var days = map[Lang]string{English: time.DateOnly, Romanian: "02.01.2006"}

// verbOf is what somebody did; an export is noted once more when it has ended.
func verbOf(l Lang, verb string) string {
	if begun, done := strings.CutSuffix(verb, ".done"); done {
		return Word(l, "verb", begun) + ", " + Text(l, "verb.done")
	}
	return Word(l, "verb", verb)
}

// Day is a day in the zone of this machine.
func Day(l Lang, t time.Time) string { return clock(t, days[l]) }

// Reason is why somebody is not ready, or a campaign is in its state: a word of
// the program's, or what a person wrote.
func Reason(l Lang, reason string) string {
	if word := Word(l, "reason", reason); word != reason {
		return word
	}
	return Said(l, reason)
}

// decimal is a number as it was measured, with two decimals at most.
func decimal(l Lang, v *float64) string {
	if v == nil {
		return "–"
	}
	s := strconv.FormatFloat(math.Round(100**v)/100, 'f', -1, 64)
	if l == Romanian {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s
}

// browsers and systems by what names them in a User-Agent header, the one that
// names itself beside another first.
var browsers = []string{"Edg/", "OPR/", "Firefox/", "Chrome/", "Safari/"}
var systems = []string{"Android", "iPhone", "iPad", "Windows", "Mac OS X", "CrOS", "Linux"}

// browser names a browser and its system in two words; one that is not known as
// it names itself.
func browser(agent string) string {
	for _, b := range browsers {
		_, version, ok := strings.Cut(agent, b)
		if !ok {
			continue
		}
		version, _, _ = strings.Cut(version, ".")
		name := map[string]string{"Edg/": "Edge", "OPR/": "Opera"}[b]
		if name == "" {
			name = strings.TrimSuffix(b, "/")
		}
		for _, system := range systems {
			if strings.Contains(agent, system) {
				return cut(name+" "+version, 20) + ", " + system
			}
		}
	}
	return cut(agent, 30)
}

// few is a number of a table that is mostly empty: nothing for none.
func few(l Lang, n int) string {
	if n == 0 {
		return ""
	}
	return Number(l, n)
}

// ago is how long something is past, in its largest unit.
func ago(l Lang, d time.Duration) string {
	switch {
	case d < time.Hour:
		return Text(l, "ago.minutes", int(d.Minutes()))
	case d < 48*time.Hour:
		return Text(l, "ago.hours", int(d.Hours()))
	}
	return Text(l, "ago.days", int(d.Hours()/24))
}

func clock(t time.Time, layout string) string {
	if t.IsZero() {
		return "–"
	}
	return t.Local().Format(layout)
}

// Number groups thousands as the language does; fractions get one decimal.
func Number(l Lang, n any) string {
	var s, rest string
	switch n := n.(type) {
	case float64:
		s = fmt.Sprintf("%.1f", n)
	default:
		s = fmt.Sprint(n)
	}
	group, point := ",", "."
	if l == Romanian {
		group, point = ".", ","
	}
	s, rest, _ = strings.Cut(s, ".")
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + group + s[i:]
	}
	if rest != "" {
		s += point + rest
	}
	return sign + s
}

// Percent of a share from 0 to 1, with one decimal; "–" if there is none.
func Percent(l Lang, share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return "–"
	}
	return Number(l, 100*share) + "\u00a0%"
}

// Span is a duration in milliseconds as M:SS or H:MM:SS.
func Span(ms int64) string {
	s := max(0, ms) / 1000
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
