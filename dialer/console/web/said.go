package web

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// A sentence of the engine, of the rules or of the store comes as English text:
// the command line, the log and the call records have it so. Said puts it into
// the language of a page's reader, by a table of sentences whose variable parts
// are %s. What the table does not have is shown as it came.

// saying is a sentence of the table with what is made of it.
type saying struct {
	find *regexp.Regexp
	says string // {0}, {1}... are the variable parts
}

// sayings is the table, the longest sentences first: a short one with a variable
// part may fit what belongs to a longer one.
var sayings = sync.OnceValue(func() []saying {
	patterns := slices.SortedFunc(maps.Keys(romanianSayings), func(a, b string) int {
		return cmp.Or(-cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	all := make([]saying, len(patterns))
	for i, p := range patterns {
		find := strings.ReplaceAll(regexp.QuoteMeta(p), "%s", "(.*?)")
		all[i] = saying{find: regexp.MustCompile("(?s)^" + find + "$"), says: romanianSayings[p]}
	}
	return all
})

// Said is a sentence in a language.
func Said(l Lang, sentence string) string {
	if l != Romanian || sentence == "" {
		return sentence
	}
	for _, s := range sayings() {
		found := s.find.FindStringSubmatch(sentence)
		if found == nil {
			continue
		}
		out := s.says
		for i, part := range found[1:] {
			out = strings.ReplaceAll(out, fmt.Sprintf("{%d}", i), inner(part))
		}
		return out
	}
	return sentence
}

// guess is what follows a name that is not there.
var guess = regexp.MustCompile(`\(did you mean ("[^"]*")\?\)|did you mean ("[^"]*")\?`)

// inner puts a variable part into Romanian where it is made of words.
func inner(part string) string {
	part = guess.ReplaceAllString(part, "(te-ai gândit la $1$2?)")
	for _, kind := range []string{"outcome", "campaign-state", "role"} {
		if t, ok := messages[kind+"."+part]; ok {
			return t.ro
		}
	}
	return Said(Romanian, part) // a sentence within one
}
