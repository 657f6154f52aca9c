package campaign

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Survey is the answers of many calls, counted.
type Survey struct {
	Calls     int              `json:"calls"` // with any answer
	Questions []SurveyQuestion `json:"questions"`
	Quotas    []SurveyQuota    `json:"quotas"`
}

// SurveyQuota is how far a quota is. More calls than Limit may have its answers:
// those who gave them later were led past the rest of the script.
type SurveyQuota struct {
	Name  string `json:"name"`
	Limit int    `json:"limit"`
	Count int    `json:"count"` // calls with its answers that have ended
	Live  int    `json:"live"`  // ... that go on
}

// Reached says whether a further call is led past the rest of the script.
func (q SurveyQuota) Reached() bool { return q.Count+q.Live >= q.Limit }

// SurveyQuestion is one question's answers.
type SurveyQuestion struct {
	Name     string         `json:"name"`
	Ask      string         `json:"ask"`
	Kind     QuestionKind   `json:"kind"`
	Answered int            `json:"answered"`
	Answers  []SurveyAnswer `json:"answers"`        // options in the order of the script, all of them; else the most frequent first, at most 20
	Mean     *float64       `json:"mean,omitempty"` // of numbers
	Least    *float64       `json:"least,omitempty"`
	Most     *float64       `json:"most,omitempty"`
}

// SurveyAnswer is one answer and how often it was given.
type SurveyAnswer struct {
	Answer string  `json:"answer"`
	Count  int     `json:"count"`
	Share  float64 `json:"share"` // of those who answered
}

// otherAnswers bounds what is shown of free answers.
const otherAnswers = 20

// Tabulate counts the answers to a script's questions. What was asked by an
// older version and is an option no more stands after the options.
func (s *Script) Tabulate(calls []map[string]string) Survey {
	out := Survey{Questions: []SurveyQuestion{}, Quotas: []SurveyQuota{}}
	for _, answers := range calls {
		if slices.ContainsFunc(s.Questions(), func(q Question) bool { return answers[q.Name] != "" }) {
			out.Calls++
		}
	}
	for _, q := range s.Questions() {
		out.Questions = append(out.Questions, q.tabulate(calls))
	}
	return out
}

func (q Question) tabulate(calls []map[string]string) SurveyQuestion {
	t := SurveyQuestion{Name: q.Name, Ask: q.Ask, Kind: q.Kind, Answers: []SurveyAnswer{}}
	counts := map[string]int{}
	order := slices.Clone(q.Of)
	if q.Kind == Scale {
		for v := *q.Min; v <= *q.Max; v++ {
			order = append(order, strconv.FormatFloat(v, 'f', -1, 64))
		}
	}
	fixed := len(order)
	sum := 0.0
	for _, answers := range calls {
		a := answers[q.Name]
		if a == "" {
			continue
		}
		t.Answered++
		said := []string{a}
		if q.Kind == Many {
			said = chosen(a)
		}
		for _, one := range said {
			if counts[one]++; counts[one] == 1 && !slices.Contains(order[:fixed], one) {
				order = append(order, one)
			}
		}
		if f, err := strconv.ParseFloat(a, 64); err == nil && (q.Kind == Number || q.Kind == Scale) {
			sum += f
			t.Least, t.Most = lower(t.Least, f), upper(t.Most, f)
		}
	}
	slices.SortStableFunc(order[fixed:], func(a, b string) int { return counts[b] - counts[a] })
	for i, a := range order {
		if i >= fixed && i-fixed >= otherAnswers {
			break
		}
		share := 0.0
		if t.Answered > 0 {
			share = float64(counts[a]) / float64(t.Answered)
		}
		t.Answers = append(t.Answers, SurveyAnswer{a, counts[a], share})
	}
	if t.Least != nil {
		mean := sum / float64(t.Answered)
		t.Mean = &mean
	}
	return t
}

func lower(a *float64, b float64) *float64 {
	if a == nil || b < *a {
		return &b
	}
	return a
}

func upper(a *float64, b float64) *float64 {
	if a == nil || b > *a {
		return &b
	}
	return a
}

// Rows are the survey as a table of question, answer, count and share.
func (s Survey) Rows() [][]string {
	rows := [][]string{{"question", "ask", "answer", "count", "share"}}
	for _, q := range s.Questions {
		for _, a := range q.Answers {
			rows = append(rows, []string{q.Name, Plain(q.Ask, nil), a.Answer, strconv.Itoa(a.Count), fmt.Sprintf("%.4f", a.Share)})
		}
	}
	return rows
}

func oneLineOf(s string) string { return strings.Join(strings.Fields(s), " ") }
