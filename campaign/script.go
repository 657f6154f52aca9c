package campaign

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/vm"
	"github.com/goccy/go-yaml/ast"
)

// Script is what operators say and ask, step by step. It is part of the
// definition, so each call keeps to the version it began with.
type Script struct {
	Steps      []Step      // the first is the beginning
	Objections []Objection // at hand in every step
	Quotas     []Quota
}

// Step is what is on the desktop at a time.
type Step struct {
	Name      string
	Title     string   // shown in the row of steps; default Name
	Text      string   // Markdown with {{fields}} of the contact
	Say       []string // sentences that must be said, and are ticked
	Questions []Question
	Shuffle   bool   // the questions come in another order on each call
	Next      []Jump // the first that fits; none fits: the next step in the file
	End       bool   // the script ends here
}

// Jump leads to a step, if its condition holds.
type Jump struct {
	When string // in expr-lang: over answers by name and contact; "": always
	To   string
	when *vm.Program
}

// QuestionKind is how a question is answered.
type QuestionKind string

// The kinds. An answer is kept as text: of Many the options with " | " between
// them, of Date as 2006-01-02, of Number and Scale as digits.
const (
	One    QuestionKind = "one"
	Many   QuestionKind = "many"
	Number QuestionKind = "number"
	Scale  QuestionKind = "scale"
	Date   QuestionKind = "date"
	Text   QuestionKind = "text" // one line
	Open   QuestionKind = "open" // as long as one likes
)

// questionKinds in the order in which the manual lists them.
var questionKinds = []QuestionKind{One, Many, Number, Scale, Date, Text, Open}

// Question is one thing to ask.
type Question struct {
	Name     string // of the answer, in records and conditions
	Ask      string // Markdown with {{fields}}
	Kind     QuestionKind
	Of       []string // options of One and Many
	Shuffle  bool     // options come in another order on each call
	Min, Max *float64 // of Number and Scale; how many of Many
	Required bool
}

// Objection is what a customer may say and what to answer.
type Objection struct{ Said, Answer string }

// Quota stops what has been heard often enough: once so many calls have
// answers for which When holds, the script goes to To instead.
type Quota struct {
	Name  string
	When  string
	Limit int
	To    string // a step, "": the script ends
	when  *vm.Program
}

// answerName is also a name in conditions.
var answerName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

const (
	anAnswerName  = "small letters, digits and _, up to 40, beginning with a letter"
	maxScriptText = 20_000
	scriptExample = "script:\n  steps:\n    - name: greeting\n      text: Hello, may I speak with {{first_name}}?"
)

// reserved are names of answers that mean something else.
var reserved = []string{"contact", "answered", "amount", "callback_at", "true", "false", "nil", "in", "not", "and", "or", "matches", "contains", "let"}

// ParseScript reads a script that stands alone in a file, under the key script
// or as the whole of it. Its error is as Parse's.
func ParseScript(source []byte) (*Script, error) {
	r := &report{}
	root := r.tree(source)
	if root == nil {
		return nil, r.err()
	}
	var script *Script
	if s := r.section(root, "", scriptExample); s.valid {
		if _, ok := s.get("script"); ok {
			s.script(&script)
		} else if _, ok := s.get("steps"); ok {
			script = r.scriptOf(root)
		}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return script, nil
}

// script reads the key script.
func (s *section) script(to **Script) {
	if e, ok := s.get("script"); ok {
		*to = s.scriptOf(e.value)
	}
}

func (r *report) scriptOf(n ast.Node) *Script {
	s := r.section(n, "script", scriptExample)
	out := &Script{}
	places := map[string]ast.Node{}
	if e, ok := s.get("steps"); ok {
		for _, n := range items(e.value) {
			out.Steps = append(out.Steps, s.step(n, places))
		}
	}
	if e, ok := s.get("objections"); ok {
		for _, n := range items(e.value) {
			out.Objections = append(out.Objections, s.objection(n))
		}
	}
	if e, ok := s.get("quotas"); ok {
		for _, n := range items(e.value) {
			out.Quotas = append(out.Quotas, s.quota(n, places))
		}
	}
	s.done()
	if s.valid && len(out.Steps) == 0 {
		s.at(n, "a script has at least one step", scriptExample)
	}
	if len(s.mistakes) == 0 {
		r.compile(out, places)
	}
	return out
}

func (r *report) step(n ast.Node, places map[string]ast.Node) (st Step) {
	s := r.section(n, "a step", "- name: greeting\n  text: Hello!")
	s.text("name", &st.Name, name, aName, "greeting")
	s.text("title", &st.Title, oneLine, aLine, "Greeting")
	s.long("text", &st.Text)
	if e, ok := s.get("say"); ok {
		for _, n := range items(e.value) {
			if v, ok := s.scalar(n, "say", "say: This call is recorded."); ok {
				st.Say = append(st.Say, strings.TrimSpace(v))
			}
		}
	}
	if e, ok := s.get("questions"); ok {
		for _, n := range items(e.value) {
			st.Questions = append(st.Questions, s.question(n, places))
		}
	}
	s.truth("shuffle", &st.Shuffle)
	s.truth("end", &st.End)
	if e, ok := s.get("next"); ok {
		for _, n := range items(e.value) {
			st.Next = append(st.Next, s.jump(n, places))
		}
		if st.End {
			s.at(e.at, "a step that ends the script leads nowhere", "either end or next")
		}
	}
	s.done()
	switch first := places["step "+st.Name]; {
	case st.Name == "" && s.valid:
		s.at(n, "a step has no name", "- name: greeting")
	case first != nil:
		s.at(n, fmt.Sprintf("the step %s is there twice", quoted(st.Name)), "another name")
	}
	places["step "+st.Name] = n
	if st.Title == "" {
		st.Title = st.Name
	}
	return st
}

// long reads a text of several lines.
func (s *section) long(key string, to *string) {
	e, ok := s.get(key)
	if !ok {
		return
	}
	v, ok := s.scalar(e.value, key, key+": Hello!")
	if ok && len(v) > maxScriptText {
		s.at(e.value, fmt.Sprintf("%s has %d bytes, more than %d", key, len(v), maxScriptText), "less, in several steps")
	}
	*to = strings.TrimSpace(v)
}

func (r *report) jump(n ast.Node, places map[string]ast.Node) (j Jump) {
	if _, isMap := n.(*ast.MappingNode); !isMap {
		if _, single := n.(*ast.MappingValueNode); !single {
			j.To, _ = r.scalar(n, "next", "next: offer")
			places["to "+j.To], places["when "+j.When] = n, n
			return j
		}
	}
	s := r.section(n, "next", "- {when: 'need == \"no\"', to: goodbye}")
	s.long("when", &j.When)
	s.text("to", &j.To, name, aName, "offer")
	s.done()
	places["to "+j.To], places["when "+j.When] = n, n
	return j
}

func (r *report) objection(n ast.Node) (o Objection) {
	s := r.section(n, "an objection", "- {said: Too expensive, answer: ...}")
	s.text("said", &o.Said, oneLine, aLine, "Too expensive")
	s.long("answer", &o.Answer)
	s.done()
	if s.valid && (o.Said == "" || o.Answer == "") {
		s.at(n, "an objection has what is said and the answer", "- {said: Too expensive, answer: ...}")
	}
	return o
}

func (r *report) quota(n ast.Node, places map[string]ast.Node) (q Quota) {
	s := r.section(n, "a quota", "- {name: young, when: 'age < 35', limit: 100, to: goodbye}")
	s.text("name", &q.Name, oneLine, aLine, "young")
	s.long("when", &q.When)
	s.whole("limit", &q.Limit, 1, 10_000_000)
	s.text("to", &q.To, name, aName, "goodbye")
	s.done()
	if s.valid && (q.Name == "" || q.When == "" || q.Limit == 0) {
		s.at(n, "a quota has a name, a condition and a limit", "- {name: young, when: 'age < 35', limit: 100}")
	}
	places["when "+q.When] = n
	if q.To != "" {
		places["to "+q.To] = n
	}
	return q
}

func (r *report) question(n ast.Node, places map[string]ast.Node) (q Question) {
	const example = "- {name: need, ask: Do you need one?, kind: one, of: [\"yes\", \"no\"]}"
	s := r.section(n, "a question", example)
	s.text("name", &q.Name, answerName, anAnswerName, "need")
	s.long("ask", &q.Ask)
	kind := string(Text)
	s.text("kind", &kind, nil, "", "one")
	q.Kind = QuestionKind(kind)
	s.texts("of", &q.Of, oneLine, aLine, `["yes", "no"]`)
	s.truth("shuffle", &q.Shuffle)
	s.truth("required", &q.Required)
	q.Min, q.Max = s.bound("min"), s.bound("max")
	s.done()
	wrong := func(problem, instead string) { s.at(n, problem, instead) }
	switch first := places["answer "+q.Name]; {
	case !s.valid:
	case q.Name == "" || q.Ask == "":
		wrong("a question has a name and what to ask", example)
	case first != nil:
		wrong(fmt.Sprintf("the question %s is there twice", quoted(q.Name)), "another name")
	case slices.Contains(reserved, q.Name):
		wrong(fmt.Sprintf("%s can't be the name of a question: it means something else", quoted(q.Name)), "another name")
	case !slices.Contains(questionKinds, q.Kind):
		wrong(fmt.Sprintf("a question is of a kind %s, not %s", kindList(), quoted(kind)), "kind: one")
	case (q.Kind == One || q.Kind == Many) != (len(q.Of) > 0):
		wrong("questions of kind one and many, and only they, have options", example)
	case slices.ContainsFunc(q.Of, func(o string) bool { return strings.Contains(o, "|") }):
		wrong("an option can't have | in it", "another sign")
	case len(slices.Compact(slices.Sorted(slices.Values(q.Of)))) != len(q.Of):
		wrong("an option is there twice", "it once")
	case (q.Min != nil || q.Max != nil) && q.Kind != Number && q.Kind != Scale && q.Kind != Many:
		wrong("only number, scale and many have min and max", "kind: number")
	case q.Min != nil && q.Max != nil && *q.Min > *q.Max:
		wrong("min is more than max", "the smaller one as min")
	case (q.Kind == Scale || q.Kind == Many) && (fractional(q.Min) || fractional(q.Max)):
		wrong("min and max of scale and many are whole numbers", "min: 1")
	case q.Kind == Many && q.Min != nil && *q.Min > float64(len(q.Of)):
		wrong(fmt.Sprintf("min is more than the %d options that there are", len(q.Of)), "a smaller min, or more options")
	case q.Kind == Many && q.Max != nil && *q.Max < 1:
		wrong("max leaves no option to choose", "max: 1, or more")
	case q.Kind == Scale && (q.Min == nil || q.Max == nil || *q.Max-*q.Min > 20):
		wrong("a scale has min and max, at most 20 apart", "{kind: scale, min: 0, max: 10}")
	}
	places["answer "+q.Name] = n
	return q
}

func kindList() string {
	words := make([]string, len(questionKinds))
	for i, k := range questionKinds {
		words[i] = string(k)
	}
	return strings.Join(words, ", ")
}

func fractional(f *float64) bool { return f != nil && *f != math.Trunc(*f) }

// bound reads a number, nil if it is not there.
func (s *section) bound(key string) *float64 {
	e, ok := s.get(key)
	if !ok {
		return nil
	}
	v, ok := s.scalar(e.value, key, key+": 0")
	if !ok {
		return nil
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1e12 {
		s.at(e.value, fmt.Sprintf("%s is a number, not %s", key, quoted(v)), key+": 0")
		return nil
	}
	return &f
}
