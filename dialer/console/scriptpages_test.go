package console

import (
	"os"
	"strings"
	"testing"
)

func TestAScriptIsWalkedWithASampleContactDownEachBranch(t *testing.T) {
	h := New(newService(t))
	source, err := os.ReadFile("../../testdata/campaigns/survey.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if w := ask(h, "POST /api/campaigns", string(source)); w.Code != 200 {
		t.Fatal(w.Body)
	}
	const at = "GET /campaign/satisfaction/script"
	for query, part := range map[string]string{
		"":                               "Maria</span> <span class=\"field\">Ionescu</span></strong>?",
		"?c.city=%3Cb%3ECluj":            "&lt;b&gt;Cluj",
		"?left=greeting":                 "Still to be said or answered: May I ask you four questions?",
		"?left=greeting&a.consent=later": "Thank you, and a good", // the branch to the end
		"?left=greeting&a.consent=yes":   "How old are you?",
		"?left=greeting&a.consent=yes&left=person&a.age=40":  "Which do you use?",
		"?left=greeting&a.consent=yes&left=person&a.age=400": "How old are you?", // no such age
		"?left=goodbye": "Good day, may I speak",
		"?left=greeting&a.consent=%22%3E%3Cscript%3E":                                         "Good day, may I speak",
		"?left=greeting&a.consent=yes&left=person&a.age=40&left=services&a.uses=buses":        "Thank you, and a good",
		"?left=greeting&a.consent=yes&left=person&a.age=40&left=services&left=goodbye&x=more": "The script has ended",
	} {
		w := ask(h, at+query, "")
		if w.Code != 200 || !strings.Contains(w.Body.String(), part) || strings.Contains(w.Body.String(), "<b>Cluj") || strings.Contains(w.Body.String(), "\"><script>") {
			t.Errorf("%s: %d does not show %q:\n%s", query, w.Code, part, w.Body)
		}
	}
	w := ask(h, "GET /campaign/satisfaction/survey", "")
	for _, part := range []string{"<svg", "How content are you with them?", "0 calls with answers", "format=csv", `under 35</th><td class="num">200</td><td class="num">0</td><td class="num">0</td><td>open`} {
		if !strings.Contains(w.Body.String(), part) {
			t.Errorf("the page of answers does not show %q:\n%s", part, w.Body)
		}
	}
}

func TestTheWalkSaysWhatIsNoAnswerAndKeepsWhatWasGiven(t *testing.T) {
	h := New(newService(t))
	if w := ask(h, "POST /api/campaigns", surveyed); w.Code != 200 {
		t.Fatal(w.Body)
	}
	const at = "GET /campaign/spring/script?lang=en&left=greeting&a.consent=da&left=person&"
	for query, parts := range map[string][]string{
		"a.age=17":         {"is no number for &#34;Ce vârstă aveți?&#34;; it takes 18–120", `name="a.age" value="17"`},
		"a.moved=then":     {"is no date for &#34;De când locuiți în …?&#34;", `name="a.moved" value="then"`, "Still to be said or answered: Ce vârstă aveți?"},
		"a.age=34&a.uses=": {`value="autobuze"> autobuze`},
		"a.age=34&left=services&a.content=7&a.uses=autobuze":                {"1 answers were given to &#34;Ce folosiți?&#34;; it takes 2–3", `value="autobuze" checked`},
		"a.age=34&left=services&a.uses=autobuze&a.uses=parcuri":             {"Still to be said or answered: Cât de mulțumit sunteți?", `value="autobuze" checked`, `value="parcuri" checked`, `value="piscina"> piscina`},
		"a.age=34&left=services&a.uses=autobuze&a.uses=parcuri&a.content=7": {"Vă mulțumesc."},
	} {
		w := ask(h, at+query, "")
		for _, part := range parts {
			if !strings.Contains(w.Body.String(), part) {
				t.Errorf("%s does not show %q:\n%s", query, part, w.Body)
			}
		}
	}
}

func TestAQuestionIsShownAmongItsAnswersAsTheScriptShowsIt(t *testing.T) {
	h := New(newService(t))
	if w := ask(h, "POST /api/campaigns", surveyed); w.Code != 200 {
		t.Fatal(w.Body)
	}
	page := ask(h, "GET /campaign/spring/survey", "").Body.String()
	for _, part := range []string{"Îmi permiteți <strong>patru</strong> întrebări?", `aria-label="Îmi permiteți patru întrebări?"`, `De când locuiți în <span class="gap">…</span>?`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page does not show %q:\n%s", part, page)
		}
	}
	for _, raw := range []string{"**", "{{"} {
		if strings.Contains(page, raw) {
			t.Errorf("the page shows %q as it is written", raw)
		}
	}
}
