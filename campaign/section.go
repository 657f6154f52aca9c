package campaign

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// section is one mapping of the file, read key by key. Each key that is asked
// for is known; what nobody asked for is reported by done.
type section struct {
	*report
	name    string // as in `attempts: retry:`; "" for the file itself
	node    ast.Node
	valid   bool // it is a mapping
	entries []entry
	first   map[string]int // line of each key
	asked   []string
}

type entry struct {
	key   string
	at    ast.Node // the key
	value ast.Node
}

// section reads the keys of a mapping; without entries if it isn't one.
func (r *report) section(n ast.Node, name, example string) *section {
	s := &section{report: r, name: name, node: n, first: map[string]int{}}
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		r.at(n, s.what()+" is written as key: value", example)
		return s
	}
	s.valid = true
	for _, v := range values {
		s.add(v)
	}
	return s
}

// part is the mapping under a key, if the key is there.
func (s *section) part(key, example string) (*section, bool) {
	e, ok := s.get(key)
	if !ok {
		return nil, false
	}
	return s.section(e.value, key, example), true
}

func (s *section) what() string {
	if s.name == "" {
		return "a campaign"
	}
	return s.name
}

func (s *section) add(v *ast.MappingValueNode) {
	key, ok := s.scalar(v.Key, "a key", "")
	if !ok {
		return
	}
	if first, ok := s.first[key]; ok {
		s.at(v.Key, fmt.Sprintf("%s is written twice, first in line %d", quoted(key), first), "it once")
		return
	}
	s.first[key], _ = place(v.Key)
	s.entries = append(s.entries, entry{key: key, at: v.Key, value: v.Value})
}

// get is the entry of a key, and makes the key known.
func (s *section) get(key string) (entry, bool) {
	s.asked = append(s.asked, key)
	for _, e := range s.entries {
		if e.key == key {
			return e, true
		}
	}
	return entry{}, false
}

// done reports the keys that nobody asked for.
func (s *section) done() {
	for _, e := range s.entries {
		if slices.Contains(s.asked, e.key) {
			continue
		}
		problem := fmt.Sprintf("%s is not a setting of %s", quoted(e.key), s.what())
		if near := nearest(e.key, s.asked); near != "" {
			s.at(e.at, problem+"; did you mean "+quoted(near)+"?", near+": "+s.short(e.value))
			continue
		}
		s.at(e.at, problem, "one of "+strings.Join(s.asked, ", "))
	}
}

// short is a value as it was written if it fits into advice, else dots.
func (r *report) short(n ast.Node) string {
	switch n.(type) {
	case *ast.StringNode, *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		if v := n.GetToken().Value; len(v) <= 30 && !strings.Contains(v, "\n") {
			return v
		}
	}
	return "..."
}

// scalar is the text of a single value. Whether YAML would take it for a
// number or a truth is of no interest: each setting knows what it is.
func (r *report) scalar(n ast.Node, what, example string) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return r.clean(n, n.Value, what)
	case *ast.LiteralNode:
		return r.clean(n, n.Value.Value, what)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	case *ast.NullNode:
		r.at(n, what+" has no value", example)
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		r.at(n, "anchors and aliases are not used in campaign files", "the value itself")
	case *ast.TagNode:
		r.at(n, "tags are not used in campaign files", "the value without "+excerptOf(n.Start.Value))
	case *ast.SequenceNode:
		r.at(n, what+" is one value, not a list", example)
	default:
		r.at(n, what+" is one value, not a group of settings", example)
	}
	return "", false
}

// clean refuses what an escape like "\0" can bring into quoted text.
func (r *report) clean(n ast.Node, text, what string) (string, bool) {
	for _, c := range text {
		if c != '\n' && unicode.IsControl(c) || c == utf8.RuneError {
			r.at(n, fmt.Sprintf("%s has a control character in it (%U)", what, c), "text only")
			return "", false
		}
	}
	return text, true
}

// items are the nodes of a list; a single value is a list of one.
func items(n ast.Node) []ast.Node {
	if seq, ok := n.(*ast.SequenceNode); ok {
		return seq.Values
	}
	return []ast.Node{n}
}

// quoted shows what was written, at a length that fits into a sentence.
func quoted(s string) string { return fmt.Sprintf("%q", excerptOf(s)) }

func excerptOf(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// nearest is the known word that someone who wrote this may have meant.
func nearest(word string, among []string) string {
	word = strings.ToLower(strings.NewReplacer("_", "-", " ", "-").Replace(word))
	if len(word) > 40 {
		return ""
	}
	best, least := "", 1+max(1, len(word)/3)
	for _, w := range among {
		if strings.ReplaceAll(w, "-", "") == strings.ReplaceAll(word, "-", "") {
			return w
		}
		if far := distance(word, w); far < least {
			best, least = w, far
		}
	}
	return best
}

// distance is how many letters to add, drop, change or swap make b of a
// (optimal string alignment).
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(row[j]+1, last[j+1]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
