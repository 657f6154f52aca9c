package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

func TestEveryTextIsThereInEveryLanguage(t *testing.T) {
	holes := regexp.MustCompile(`\{\d\}`)
	for key, m := range messages {
		for _, l := range Langs {
			if strings.TrimSpace(m.in(l)) == "" {
				t.Errorf("%s has no text in %s", key, l)
			}
		}
		if en, ro := holes.FindAllString(m.en, -1), holes.FindAllString(m.ro, -1); len(en) != len(ro) {
			t.Errorf("%s takes %v in English, %v in Romanian", key, en, ro)
		}
		if strings.ContainsAny(m.ro, "şţŞŢ") {
			t.Errorf("%s: Romanian is written with comma below: %s", key, m.ro)
		}
	}
}

// uses finds the keys in templates ({{t "key"}}) and scripts (t("key")).
var uses = regexp.MustCompile(`(?:\{\{-? ?|\(| )t \(?"([^"]+)"|\bt\("([^"]+)"`)

func TestPagesAndScriptsUseOnlyTextsThatAreThere(t *testing.T) {
	found := 0
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := files.ReadFile(name)
		for _, m := range uses.FindAllStringSubmatch(string(body), -1) {
			found++
			if _, ok := messages[m[1]+m[2]]; !ok {
				t.Errorf("%s uses %q, which is not in the table", name, m[1]+m[2])
			}
		}
		return err
	})
	if err != nil || found < 20 {
		t.Errorf("%d uses found, %v", found, err)
	}
}

func TestPagesHaveNothingInlineAndNothingForeign(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(?:>|[^>]*type="text/javascript")|javascript:|https?://`)
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		body, _ := files.ReadFile(name)
		if found := inline.FindString(string(body)); found != "" {
			t.Errorf("%s has %q, which the policy forbids", name, found)
		}
	}
}

func TestTheLanguageIsTheOneAskedForOrTheBrowsers(t *testing.T) {
	for in, want := range map[[2]string]Lang{
		{"ro", "en"}: Romanian, {"en", "ro"}: English, {"", "ro-RO,ro;q=0.9,en;q=0.8"}: Romanian,
		{"", "de, fr"}: English, {"xx", "RO"}: Romanian, {"", ""}: English,
	} {
		if got := Choose(in[0], in[1]); got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
}

func TestNumbersAreWrittenAsTheLanguageDoes(t *testing.T) {
	for in, want := range map[any][2]string{
		0: {"0", "0"}, 999: {"999", "999"}, 1234567: {"1,234,567", "1.234.567"}, -1000: {"-1,000", "-1.000"}, 2.25: {"2.2", "2,2"}, 1234.5: {"1,234.5", "1.234,5"},
	} {
		if en, ro := Number(English, in), Number(Romanian, in); en != want[0] || ro != want[1] {
			t.Errorf("%v: %s and %s, want %v", in, en, ro, want)
		}
	}
	for ms, want := range map[int64]string{-5: "0:00", 999: "0:00", 61_000: "1:01", 3_600_000: "1:00:00"} {
		if got := Span(ms); got != want {
			t.Errorf("%d ms: %s, want %s", ms, got, want)
		}
	}
}
