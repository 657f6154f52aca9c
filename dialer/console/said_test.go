package console

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"apel/campaign"
	"apel/dialer/console/web"
)

// atTerminal are sentences that no page can bring about: they answer what only a
// command or a program asks.
var atTerminal = []string{
	"RFC 3339", "is not a number from", "FIELD=COLUMN", "is no number of an import", "the request's body is not what", "takes application/sdp", "GET /api lists",
	"HOST:PORT", "no token opens", "does not have the scope", "the token is not known", "--list", "is neither", "at is a time with its zone", "format %s is not known",
	"outcome %s is not known", "scope %s is not known", "event %s is not known", "role %s is not known", "say on whose phone", "no number is given", "is not before to",
	"there is no live page", "a call is monitored by", "built-in message", "campaign %s: %s: %s", "write csv", "is in %s lists; say which",
	// of a trunk's settings, which are refused before any page is there, and of a call's way out
	"read its authority", "transport %s is not known", "is no number from 0 to 65535", "holds no certificate", "that SIP does not allow", "is not a host or host:port",
	"has no free channel", "calls-per-second limit", "trunk %s: %s",
}

// TestSentencesThatPagesShowAreInEveryLanguage reads the sentences out of the
// code of the rules, the engine and the console, and holds them against the
// table. What is made of other sentences only has no words of its own.
func TestSentencesThatPagesShowAreInEveryLanguage(t *testing.T) {
	found := map[string]token.Position{}
	for _, source := range []struct {
		files string
		calls []string // functions whose sentence a page shows
	}{
		{"*.go", []string{"problem"}},
		{"../../campaign/*.go", []string{"later", "never", "breach"}},
		{"../../campaign/check.go", []string{"Errorf"}},
		{"../../campaign/scriptrun.go", []string{"Errorf"}},
		{"../plan.go", []string{"later"}},
		{"../monitor.go", []string{"Errorf"}},
		{"../ua/trunk.go", []string{"Errorf", "set"}},
		{"../campaigns.go", []string{"Errorf"}},
		{"../callback.go", []string{"Errorf"}},
		{"webhook/post.go", []string{"Errorf"}},
		{"../../contactdb/intake/number.go", []string{"Errorf"}},
	} {
		files, err := filepath.Glob(source.files)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if !strings.HasSuffix(name, "_test.go") {
				sentencesIn(t, name, source.calls, found)
			}
		}
	}
	if len(found) < 90 {
		t.Errorf("only %d sentences were found", len(found))
	}
	for sentence, at := range found {
		filled := strings.ReplaceAll(sentence, "%s", "\"x1\"")
		said := web.Said(web.Romanian, filled)
		if said == filled && !only(sentence) {
			t.Errorf("%s: no Romanian for %q", at, sentence)
		}
		if n := strings.Count(sentence, "%s"); strings.Count(said, "{") > 0 && said != filled {
			t.Errorf("%s: the Romanian of %q asks for more than its %d words: %s", at, sentence, n, said)
		}
	}
}

// only says whether a sentence is made of others, or is for a terminal.
func only(sentence string) bool {
	for _, part := range atTerminal {
		if strings.Contains(sentence, part) {
			return true
		}
	}
	return len(strings.Fields(strings.ReplaceAll(sentence, "%s", ""))) < 2
}

var verbOf = regexp.MustCompile(`%[-+#.0-9]*[a-z]`)

// sentencesIn collects what the calls of a file say, %s for each variable part.
func sentencesIn(t *testing.T, name string, calls []string, found map[string]token.Position) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		called := ""
		switch f := call.Fun.(type) {
		case *ast.Ident:
			called = f.Name
		case *ast.SelectorExpr:
			called = f.Sel.Name
		}
		for _, want := range calls {
			if called != want {
				continue
			}
			for _, arg := range call.Args {
				s := strings.TrimPrefix(wordsOf(arg), "%s: ")
				if !strings.Contains(s, " ") {
					continue
				}
				if called == "breach" {
					s += " (%s)" // Breach.Error
				}
				found[s] = set.Position(call.Pos())
				break
			}
		}
		return true
	})
}

// wordsOf is a string expression with %s for what is not a literal.
func wordsOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return verbOf.ReplaceAllString(s, "%s")
		}
	case *ast.BinaryExpr:
		return wordsOf(e.X) + wordsOf(e.Y)
	case *ast.CallExpr:
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Sprintf" {
			return wordsOf(e.Args[0])
		}
		return "%s"
	case *ast.Ident, *ast.SelectorExpr:
		return "%s"
	}
	return ""
}

func TestWhatTheAuditTrailSaysIsInEveryLanguage(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	notes, romanian := regexp.MustCompile(`\bnote\("([a-z0-9_]+)"`), web.Texts(web.Romanian)
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range notes.FindAllStringSubmatch(string(source), -1) {
			if romanian["audit."+m[1]] == "" {
				t.Errorf("%s: no text for what it notes, %q", name, m[1])
			}
		}
	}
	for _, lang := range web.Langs {
		texts := web.Texts(lang)
		for _, r := range routes {
			if r.Audit != "" && r.Audit != unaudited && texts["verb."+r.Audit] == "" {
				t.Errorf("%s %s: no text in %s for the verb %q", r.Method, r.Path, lang, r.Audit)
			}
		}
	}
}

func TestWhoIsInABrowserIsToldOfNoFlag(t *testing.T) {
	o := newOffice(t)
	for who, flag := range map[any]bool{o.session("compliance"): false, o.token("contacts"): true} {
		w := o.as(who, "GET /api/dnc/0722111331", "")
		if w.Code != 400 || !strings.Contains(w.Body.String(), "a plus and the country code") || strings.Contains(w.Body.String(), "--country") != flag {
			t.Errorf("%d %s; with the flag: %v", w.Code, w.Body, flag)
		}
	}
}

func TestWhoIsInABrowserIsSentToNoCommand(t *testing.T) {
	o := newOffice(t)
	for who, command := range map[any]bool{o.session("compliance"): false, o.token("contacts"): true} {
		w := o.as(who, "GET /api/contacts/+40722999999", "")
		if w.Code != 404 || !strings.Contains(w.Body.String(), "is in no list") || strings.Contains(w.Body.String(), "see: apel") != command {
			t.Errorf("%d %s; with the command: %v", w.Code, w.Body, command)
		}
	}
}

func TestAnAddressThatIsNoneIsAPageForABrowserAndAProblemForAProgram(t *testing.T) {
	o := newOffice(t)
	for accept, starts := range map[string]string{"text/html,*/*": "<!doctype html>", "*/*": `{"error":"there is no GET /nothing`} {
		r := httptest.NewRequest("GET", "/nothing", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		o.h.ServeHTTP(w, r)
		if w.Code != 404 || !strings.HasPrefix(strings.ToLower(w.Body.String()), starts) && !strings.HasPrefix(w.Body.String(), starts) {
			t.Errorf("for %q: %d %s", accept, w.Code, w.Body)
		}
	}
}

func TestTheEndOfAnExportHasWordsToo(t *testing.T) {
	o := newOffice(t)
	if w := o.as(o.session("compliance"), "GET /api/records/export?format=csv", ""); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	page := o.as(o.session("compliance"), "GET /audit", "").Body.String()
	if !strings.Contains(page, ">exported records, to the end<") {
		t.Errorf("%s", page)
	}
	if regexp.MustCompile("[0-9a-f]{64}").MatchString(page) || !strings.Contains(page, "…</td>") {
		t.Errorf("the digest is not cut: %s", page)
	}
	if web.Word(web.English, "held", campaign.AttemptsUp) == campaign.AttemptsUp {
		t.Error("attempts that are used up have no words")
	}
}

func TestASentenceWithinASentenceIsInTheReadersLanguage(t *testing.T) {
	r := httptest.NewRequest("POST", "/api/desk/dial?lang=ro", nil)
	r.AddCookie(&http.Cookie{Name: langCookie, Value: "ro"})
	r = r.WithContext(context.WithValue(r.Context(), callerKey{}, &Caller{Name: "ana", Session: "s"}))
	p := &Problem{Sentence: "x", Message: "no-number", Args: []string{`"d0733" has letters in it; write the number in digits`}}
	if got := inWordsOf(r, p).Args[0]; got != `"d0733" are litere; scrie numărul în cifre` {
		t.Errorf("an operator reads %q", got)
	}
	if strings.Contains(p.Args[0], "litere") {
		t.Error("what others read is changed too")
	}
}
