package campaign

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const survey = `name: spring
trunks: [acme]
script:
  steps:
    - name: greeting
      text: |
        Hello, may I speak with **{{first_name}}**?
      say: [This call is recorded.]
      questions:
        - {name: age, ask: How old are you?, kind: number, min: 0, max: 120, required: true}
      next:
        - {when: "age < 18", to: goodbye}
    - name: habits
      shuffle: true
      questions:
        - {name: owns, ask: Which do you have?, kind: many, of: [phone, tablet, watch], shuffle: true}
        - {name: likes, ask: How do you like it?, kind: scale, min: 0, max: 10}
        - {name: since, ask: Since when?, kind: date}
        - {name: why, ask: Why?, kind: open}
      next:
        - {when: '"phone" in owns && likes >= 8', to: offer}
        - goodbye
    - name: offer
      questions:
        - {name: wants, ask: Shall we send one?, kind: one, of: ["yes", "no"]}
    - name: goodbye
      text: Thank you.
      end: true
  objections:
    - {said: No time, answer: It takes two minutes.}
  quotas:
    - {name: young, when: "age >= 18 && age < 35", limit: 2, to: goodbye}
`

func parsed(t *testing.T) *Script {
	t.Helper()
	d, err := Parse([]byte(survey))
	if err != nil {
		t.Fatal(err)
	}
	return d.Script
}

func TestAScriptLeadsByTheAnswers(t *testing.T) {
	s := parsed(t)
	for _, c := range []struct {
		from, want string
		answers    map[string]string
		full       bool
	}{
		{from: "greeting", answers: map[string]string{"age": "17"}, want: "goodbye"},
		{from: "greeting", answers: map[string]string{"age": "20"}, want: "habits"},
		{from: "greeting", answers: map[string]string{"age": "20"}, full: true, want: "goodbye"},
		{from: "greeting", answers: map[string]string{"age": "40"}, full: true, want: "habits"},
		{from: "habits", answers: map[string]string{"owns": "phone | watch", "likes": "9"}, want: "offer"},
		{from: "habits", answers: map[string]string{"owns": "watch", "likes": "9"}, want: "goodbye"},
		{from: "habits", want: "goodbye"},
		{from: "offer", want: "goodbye"},
		{from: "goodbye", want: ""},
		{from: "nowhere", want: ""},
	} {
		if got := s.Next([]string{c.from}, c.answers, nil, func(string) bool { return c.full }); got != c.want {
			t.Errorf("from %s with %v (full: %t) it leads to %q, want %q", c.from, c.answers, c.full, got, c.want)
		}
	}
}

func TestAnswersAreKeptInOneForm(t *testing.T) {
	s := parsed(t)
	for _, c := range []struct{ question, answer, want, err string }{
		{"age", " 42 ", "42", ""}, {"age", "41,5", "41.5", ""}, {"age", "121", "", "0–120"}, {"age", "old", "", "no number"}, {"age", "NaN", "", "no number"},
		{"owns", "watch|phone", "phone | watch", ""}, {"owns", "car", "", "none of the answers"}, {"owns", "", "", ""},
		{"likes", "11", "", "0–10"}, {"likes", "7.5", "", "no number"}, {"likes", "0", "0", ""},
		{"since", "31.03.2026", "2026-03-31", ""}, {"since", "2026-02-30", "", "no date"},
		{"wants", "yes", "yes", ""}, {"wants", "Yes", "", "none of the answers"},
		{"why", "a\nb", "a\nb", ""}, {"why", strings.Repeat("x", 9000), "", "9000 bytes"},
	} {
		q, ok := s.Question(c.question)
		if !ok {
			t.Fatalf("no question %s", c.question)
		}
		got, err := q.Check(c.answer)
		if err != nil && !strings.Contains(err.Error(), strconv.Quote(q.Ask)) {
			t.Errorf("%s: the operator, who knows no names of questions, is told %v", c.question, err)
		}
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %.30q is kept as %q, %v", c.question, c.answer, got, err)
		}
	}
}

func TestWhatMustBeSaidAndAnsweredIsMissingUntilItIs(t *testing.T) {
	st, _ := parsed(t).Step("greeting")
	if got := st.Missing(nil, nil); !cmp.Equal(got, []string{"This call is recorded.", "How old are you?"}) {
		t.Errorf("missing %v", got)
	}
	if got := st.Missing(map[string]string{"said:greeting:1": "yes", "age": "20"}, nil); len(got) > 0 {
		t.Errorf("missing %v", got)
	}
}

func TestTheOrderIsShuffledByTheAttemptAndStaysTheSame(t *testing.T) {
	s := parsed(t)
	orders := map[string]int{}
	for i := range 60 {
		id := fmt.Sprint("attempt ", i)
		if diff := cmp.Diff(s.For(id).Questions(), s.For(id).Questions()); diff != "" {
			t.Fatalf("the same attempt has two orders: %s", diff)
		}
		q, _ := s.For(id).Question("owns")
		orders[strings.Join(q.Of, ",")]++
	}
	if len(orders) != 6 {
		t.Errorf("of three options there were %d orders: %v", len(orders), orders)
	}
	if q, _ := s.Question("owns"); !cmp.Equal(q.Of, []string{"phone", "tablet", "watch"}) {
		t.Error("the script itself was shuffled")
	}
}

func TestMistakesInAScriptAreNamedWithTheirPlace(t *testing.T) {
	for _, c := range []struct{ was, is, want string }{
		{`age < 18`, `agee < 18`, "agee"},
		{`age < 18`, `age`, "can't be used"},
		{`"age < 18"`, `'age < "x"'`, "can't be used"},
		{`to: goodbye}
    - name`, `to: godbye}
    - name`, `no step "godbye"`},
		{`- goodbye`, `- farewell`, `no step "farewell"`},
		{`kind: open`, `kind: essay`, "of a kind"},
		{`of: [phone, tablet, watch]`, `of: [phone, phone]`, "twice"},
		{`name: offer`, `name: habits`, "there twice"},
		{`{name: why,`, `{name: age,`, "there twice"},
		{`{name: why,`, `{name: contact,`, "means something else"},
		{`min: 0, max: 10`, `min: 0`, "scale has min and max"},
		{`min: 0, max: 10`, `min: 0.5, max: 10`, "whole numbers"},
		{`max: 120`, `max: nan`, "max is a number"},
		{`watch], shuffle: true`, `watch], min: 4`, "the 3 options"},
		{`watch], shuffle: true`, `watch], min: 1.5`, "whole numbers"},
		{`watch], shuffle: true`, `watch], max: 0`, "leaves no option"},
		{`limit: 2`, `limit: 0`, "limit"},
		{`        - {when: '"phone" in owns && likes >= 8', to: offer}
        - goodbye`, `        - goodbye`, `no way leads to the step "offer"`},
		{`end: true`, `ends: true`, `did you mean "end"`},
	} {
		if !strings.Contains(survey, c.was) {
			t.Fatalf("%q is not in the script", c.was)
		}
		_, err := Parse([]byte(strings.Replace(survey, c.was, c.is, 1)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q instead of %q says %v", c.is, c.was, err)
		}
	}
}

func TestAScriptIsWrittenAsItIsRead(t *testing.T) {
	d, err := Parse([]byte(survey))
	if err != nil {
		t.Fatal(err)
	}
	written, err := d.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(written)
	if err != nil {
		t.Fatal(err)
	}
	programs := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".when" }, cmp.Ignore())
	if diff := cmp.Diff(d.Script, again.Script, programs, cmp.AllowUnexported(Jump{}, Quota{})); diff != "" {
		t.Errorf("(-read +written and read)\n%s", diff)
	}
}

func TestTheExampleScriptIsRight(t *testing.T) {
	source, err := os.ReadFile("../testdata/campaigns/survey.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := ParseScript(source); err != nil || s == nil || len(s.Steps) < 3 {
		t.Errorf("%v", err)
	}
}

func TestMarkdownShowsTextAndNothingElse(t *testing.T) {
	contact := map[string]string{"first_name": `<b onclick="x">*Ana*</b> {{city}}`, "city": "Iași"}
	for in, want := range map[string]string{
		"Hello **you**, *please*":            "<p>Hello <strong>you</strong>, <em>please</em></p>\n",
		"a\nb\n\nc":                          "<p>a<br>b</p>\n<p>c</p>\n",
		"- one\n- two":                       "<ul><li>one</li><li>two</li></ul>\n",
		"1. one\n2) two":                     "<ol><li>one</li><li>two</li></ol>\n",
		"## Title\ntext":                     "<h4>Title</h4>\n<p>text</p>\n",
		"from {{city}}":                      `<p>from <span class="field">Iași</span></p>` + "\n",
		"{{nobody}}":                         `<p><span class="gap">…</span></p>` + "\n",
		"<script>alert(1)</script>":          "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n",
		"**{{first_name}}**":                 `<p><strong><span class="field">&lt;b onclick=&#34;x&#34;&gt;*Ana*&lt;/b&gt; {{city}}</span></strong></p>` + "\n",
		"[x](javascript:alert(1)) 2 * 3 * 4": "<p>[x](javascript:alert(1)) 2 * 3 * 4</p>\n",
		"":                                   "",
	} {
		if got := Markdown(in, contact); got != want {
			t.Errorf("%q gives\n%s want\n%s", in, got, want)
		}
	}
}

func TestNoTagComesOutOfMarkdownThatIsNotOurs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[<>&"'*#{} \na-c/=-]{0,60}`)
		out := Markdown(text.Draw(t, "text")+"{{a}}", map[string]string{"a": text.Draw(t, "field")})
		for _, tag := range []string{"<p>", "</p>", "<br>", "<ul>", "</ul>", "<ol>", "</ol>", "<li>", "</li>", "<h4>", "</h4>", "<strong>", "</strong>", "<em>", "</em>", `<span class="field">`, `<span class="gap">`, "</span>"} {
			out = strings.ReplaceAll(out, tag, "")
		}
		if strings.ContainsAny(out, "<>") {
			t.Fatalf("left over: %q", out)
		}
	})
}

func TestASurveyIsCounted(t *testing.T) {
	s := parsed(t)
	got := s.Tabulate([]map[string]string{
		{"age": "20", "owns": "phone | watch", "likes": "9", "why": "because"},
		{"age": "30", "owns": "phone", "likes": "5"},
		{"age": "50", "why": "because", "amount": "3"},
		{"amount": "7"},
	})
	if got.Calls != 3 {
		t.Errorf("%d calls", got.Calls)
	}
	for _, q := range got.Questions {
		switch q.Name {
		case "age":
			if q.Answered != 3 || *q.Mean != 100.0/3 || *q.Least != 20 || *q.Most != 50 {
				t.Errorf("%+v", q)
			}
		case "owns":
			if want := []SurveyAnswer{{"phone", 2, 1}, {"tablet", 0, 0}, {"watch", 1, .5}}; !cmp.Equal(q.Answers, want) {
				t.Errorf("%+v", q)
			}
		case "likes":
			if len(q.Answers) != 11 || q.Answers[9].Count != 1 {
				t.Errorf("%+v", q)
			}
		case "why":
			if want := []SurveyAnswer{{"because", 2, 1}}; !cmp.Equal(q.Answers, want) {
				t.Errorf("%+v", q)
			}
		}
	}
	got.Questions[0].Ask = "How **old** are you, {{first_name}}?"
	if rows := got.Rows(); len(rows) < 15 || rows[0][0] != "question" || rows[1][1] != "How old are you, …?" {
		t.Errorf("rows %v", rows)
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add([]byte(survey))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseScript(b)
		if err == nil && s != nil && len(s.Steps) > 0 {
			s.For("x").Next([]string{s.Steps[0].Name}, nil, nil, nil)
		}
	})
}

func TestATextWithoutItsMarksIsWhatIsReadOfIt(t *testing.T) {
	for text, want := range map[string]string{
		"May I ask **four** questions, *{{first_name}}*?": "May I ask four questions, Ana & <b>Maria</b>?",
		"# Which?\n\n- a < b\nor\n- {{none}}\n\nSay.":     "Which? a < b or … Say.",
		"": "",
	} {
		if got := Plain(text, map[string]string{"first_name": "Ana & <b>Maria</b>"}); got != want {
			t.Errorf("%q reads %q, want %q", text, got, want)
		}
	}
}
