package campaign

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"
	"github.com/goccy/go-yaml/ast"
)

// compile checks conditions by the types of the answers, and that every jump
// lands.
func (r *report) compile(s *Script, places map[string]ast.Node) {
	env := s.env(nil, nil)
	compiled := func(when string) *vm.Program {
		if when == "" {
			return nil
		}
		p, err := expr.Compile(when, expr.Env(env), expr.AsBool(), expr.DisableBuiltin("now"))
		if err != nil {
			sentence, _, _ := strings.Cut(err.Error(), "\n")
			r.at(places["when "+when], fmt.Sprintf("the condition %s can't be used: %s", quoted(when), sentence), `a comparison such as need == "yes" or age >= 18`)
		}
		return p
	}
	lands := func(to string, needed bool) {
		if to == "" && needed {
			r.at(places["to "], "a jump says where to", "to: goodbye")
		} else if _, ok := s.Step(to); to != "" && !ok {
			r.at(places["to "+to], fmt.Sprintf("there is no step %s", quoted(to)), "the name of a step")
		}
	}
	for i := range s.Steps {
		for j := range s.Steps[i].Next {
			jump := &s.Steps[i].Next[j]
			jump.when = compiled(jump.When)
			lands(jump.To, true)
		}
	}
	for i := range s.Quotas {
		s.Quotas[i].when = compiled(s.Quotas[i].When)
		lands(s.Quotas[i].To, false)
	}
	if len(r.mistakes) > 0 {
		return
	}
	for _, name := range s.unreachable() {
		r.at(places["step "+name], fmt.Sprintf("no way leads to the step %s", quoted(name)), "next: "+name+" somewhere before")
	}
}

// unreachable are the steps that no way leads to.
func (s *Script) unreachable() []string {
	seen := map[string]bool{}
	var walk func(i int)
	walk = func(i int) {
		if i < 0 || i >= len(s.Steps) || seen[s.Steps[i].Name] {
			return
		}
		st := s.Steps[i]
		seen[st.Name] = true
		always := false
		for _, j := range st.Next {
			walk(s.index(j.To))
			always = always || j.When == ""
		}
		if !always && !st.End {
			walk(i + 1)
		}
	}
	walk(0)
	for _, q := range s.Quotas {
		walk(s.index(q.To))
	}
	var names []string
	for _, st := range s.Steps {
		if !seen[st.Name] {
			names = append(names, st.Name)
		}
	}
	return names
}

func (s *Script) index(step string) int {
	return slices.IndexFunc(s.Steps, func(st Step) bool { return st.Name == step })
}

// Step finds one by its name.
func (s *Script) Step(name string) (Step, bool) {
	if i := s.index(name); i >= 0 {
		return s.Steps[i], true
	}
	return Step{}, false
}

// Question finds one by its name.
func (s *Script) Question(name string) (Question, bool) {
	for _, q := range s.Questions() {
		if q.Name == name {
			return q, true
		}
	}
	return Question{}, false
}

// Questions of all steps, in the order of the file.
func (s *Script) Questions() []Question {
	var all []Question
	for _, st := range s.Steps {
		all = append(all, st.Questions...)
	}
	return all
}

// Fields are the words of contacts that the script's texts use, sorted.
func (s *Script) Fields() []string {
	var all []string
	for _, st := range s.Steps {
		all = append(all, fieldsOf(st.Text)...)
		for _, sentence := range st.Say {
			all = append(all, fieldsOf(sentence)...)
		}
		for _, q := range st.Questions {
			all = append(all, fieldsOf(q.Ask)...)
		}
	}
	for _, o := range s.Objections {
		all = append(all, fieldsOf(o.Answer)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// env is what conditions see: each answer in its type, the contact's fields,
// and answered("name").
func (s *Script) env(answers, contact map[string]string) map[string]any {
	if contact == nil {
		contact = map[string]string{}
	}
	env := map[string]any{"contact": contact, "answered": func(name string) bool { return answers[name] != "" }}
	for _, q := range s.Questions() {
		a := answers[q.Name]
		switch q.Kind {
		case Number, Scale:
			f, _ := strconv.ParseFloat(a, 64) // "" and what is no number: 0, as not answered
			env[q.Name] = f
		case Many:
			env[q.Name] = chosen(a)
		default:
			env[q.Name] = a
		}
	}
	return env
}

// between stands between the options of an answer to Many.
const between = " | "

func chosen(answer string) []string {
	if answer == "" {
		return []string{}
	}
	return strings.Split(answer, between)
}

func holds(p *vm.Program, env map[string]any) bool {
	if p == nil {
		return true
	}
	v, err := expr.Run(p, env)
	yes, ok := v.(bool)
	return err == nil && ok && yes // what fails, such as an index beyond a list, does not hold
}

// Next is the step after the last of a trail, by the answers so far: "" when the
// script ends. full says which quotas are reached; where one leads to is gone on from as
// from any other step.
func (s *Script) Next(trail []string, answers, contact map[string]string, full func(quota string) bool) string {
	env := s.env(answers, contact)
	if q := s.quotaReached(env, full); q != nil && !slices.Contains(trail, q.To) {
		return q.To
	}
	i := s.index(trail[len(trail)-1])
	if i < 0 || s.Steps[i].End {
		return ""
	}
	for _, j := range s.Steps[i].Next {
		if holds(j.when, env) {
			return j.To
		}
	}
	if i+1 < len(s.Steps) {
		return s.Steps[i+1].Name
	}
	return ""
}

func (s *Script) quotaReached(env map[string]any, full func(string) bool) *Quota {
	if full == nil {
		return nil
	}
	for i := range s.Quotas {
		if q := &s.Quotas[i]; holds(q.when, env) && full(q.Name) {
			return q
		}
	}
	return nil
}

// QuotasAskContact says whether a condition of a quota may look at the contact.
func (s *Script) QuotasAskContact() bool {
	return slices.ContainsFunc(s.Quotas, func(q Quota) bool { return strings.Contains(q.When, "contact") })
}

// Counts are the quotas that a call with these answers counts for.
func (s *Script) Counts(answers, contact map[string]string) []string {
	env := s.env(answers, contact)
	var names []string
	for _, q := range s.Quotas {
		if holds(q.when, env) {
			names = append(names, q.Name)
		}
	}
	return names
}

// words are the question as an operator reads it, who does not know its name.
func (q Question) words() string { return cmp.Or(Plain(q.Ask, nil), q.Name) }

// Check brings an answer into the form in which it is kept; its error names the
// question by its words and says what would be one. An empty answer takes it away.
func (q Question) Check(answer string) (string, error) {
	answer = strings.TrimSpace(answer)
	if answer == "" {
		return "", nil
	}
	switch q.Kind {
	case One:
		if !slices.Contains(q.Of, answer) {
			return "", fmt.Errorf("%q is none of the answers to %q: %s", answer, q.words(), strings.Join(q.Of, ", "))
		}
	case Many:
		return q.checkMany(answer)
	case Number, Scale:
		return q.checkNumber(answer)
	case Date:
		for _, layout := range []string{time.DateOnly, "02.01.2006", "2.1.2006"} {
			if t, err := time.Parse(layout, answer); err == nil {
				return t.Format(time.DateOnly), nil
			}
		}
		return "", fmt.Errorf("%q is no date for %q; write 2026-03-31 or 31.03.2026", answer, q.words())
	case Text:
		if strings.ContainsAny(answer, "\r\n") || len(answer) > 500 {
			return "", fmt.Errorf("the answer to %q is one line of up to 500 bytes", q.words())
		}
	default:
		if len(answer) > 8<<10 {
			return "", fmt.Errorf("the answer to %q has %d bytes, more than %d", q.words(), len(answer), 8<<10)
		}
	}
	return answer, nil
}

func (q Question) checkMany(answer string) (string, error) {
	said := map[string]bool{}
	for o := range strings.SplitSeq(answer, strings.TrimSpace(between)) {
		o = strings.TrimSpace(o)
		if !slices.Contains(q.Of, o) {
			return "", fmt.Errorf("%q is none of the answers to %q: %s", o, q.words(), strings.Join(q.Of, ", "))
		}
		said[o] = true
	}
	var kept []string
	for _, o := range q.Of {
		if said[o] {
			kept = append(kept, o)
		}
	}
	if n := float64(len(kept)); q.Min != nil && n < *q.Min || q.Max != nil && n > *q.Max {
		return "", fmt.Errorf("%d answers were given to %q; it takes %s", len(kept), q.words(), q.span())
	}
	return strings.Join(kept, between), nil
}

func (q Question) checkNumber(answer string) (string, error) {
	f, err := strconv.ParseFloat(strings.ReplaceAll(answer, ",", "."), 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || q.Kind == Scale && f != math.Trunc(f) ||
		q.Min != nil && f < *q.Min || q.Max != nil && f > *q.Max {
		if q.Min == nil && q.Max == nil {
			return "", fmt.Errorf("%q is no number for %q", answer, q.words())
		}
		return "", fmt.Errorf("%q is no number for %q; it takes %s", answer, q.words(), q.span())
	}
	return strconv.FormatFloat(f, 'f', -1, 64), nil
}

// span is what min and max leave, in signs of no language.
func (q Question) span() string {
	switch {
	case q.Max == nil:
		return fmt.Sprintf("≥ %v", *q.Min)
	case q.Min == nil:
		return fmt.Sprintf("≤ %v", *q.Max)
	}
	return fmt.Sprintf("%v–%v", *q.Min, *q.Max)
}

// SaidKey is the name under which a sentence that was said is kept with the answers.
func SaidKey(step string, sentence int) string { return fmt.Sprintf("said:%s:%d", step, sentence+1) }

// Missing says what a step still needs before the next, in the step's own words:
// questions that must be answered, sentences that must be said.
func (st Step) Missing(answers, contact map[string]string) []string {
	var missing []string
	for i, sentence := range st.Say {
		if answers[SaidKey(st.Name, i)] == "" {
			missing = append(missing, Plain(sentence, contact))
		}
	}
	for _, q := range st.Questions {
		if q.Required && answers[q.Name] == "" {
			missing = append(missing, cmp.Or(Plain(q.Ask, contact), q.Name))
		}
	}
	return missing
}

// For is the script as one call sees it: what is to be shuffled is, in an order
// that follows from the attempt, so that a reload shows the same.
func (s *Script) For(attempt string) *Script {
	if s == nil {
		return nil
	}
	own := &Script{Objections: s.Objections, Quotas: s.Quotas, Steps: slices.Clone(s.Steps)}
	for i := range own.Steps {
		st := &own.Steps[i]
		st.Questions = slices.Clone(st.Questions)
		if st.Shuffle {
			shuffle(st.Questions, attempt, st.Name)
		}
		for j := range st.Questions {
			if q := &st.Questions[j]; q.Shuffle {
				q.Of = slices.Clone(q.Of)
				shuffle(q.Of, attempt, q.Name)
			}
		}
	}
	return own
}

func shuffle[T any](all []T, seed ...string) {
	h := fnv.New64a()
	for _, s := range seed {
		_, _ = h.Write([]byte(s + "\x00")) // a hash takes everything
	}
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
}
