package web

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

func TestEveryTextIsThereInEveryLanguage(t *testing.T) {
	holes := regexp.MustCompile(`\{\d`)
	for key, m := range messages {
		for _, l := range Langs {
			if strings.TrimSpace(m.in(l)) == "" {
				t.Errorf("%s has no text in %s", key, l)
			}
		}
		if en, ro := holes.FindAllString(m.en, -1), holes.FindAllString(m.ro, -1); len(en) != len(ro) {
			t.Errorf("%s takes %v in English, %v in Romanian", key, en, ro)
		}
		for l, want := range map[Lang]int{English: 2, Romanian: 3} {
			for _, part := range slot.FindAllStringSubmatch(m.in(l), -1) {
				if forms := len(strings.Split(part[2], "|")); part[2] != "" && forms != want {
					t.Errorf("%s has %d forms of a noun in %s, which has %d", key, forms, l, want)
				}
			}
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

func TestANounAgreesWithItsNumber(t *testing.T) {
	for n, want := range map[any][2]string{
		0: {"0 days", "0 zile"}, 1: {"1 day", "1 zi"}, 2: {"2 days", "2 zile"}, 19: {"19 days", "19 zile"}, 20: {"20 days", "20 de zile"}, 86: {"86 days", "86 de zile"},
		100: {"100 days", "100 de zile"}, 101: {"101 days", "101 zile"}, 119: {"119 days", "119 zile"}, 120: {"120 days", "120 de zile"}, "1.000": {"1.000 days", "1.000 de zile"}, "12,003": {"12,003 days", "12,003 zile"},
	} {
		if en, ro := Text(English, "comp.days", n), Text(Romanian, "comp.days", n); en != want[0] || ro != want[1] {
			t.Errorf("%q and %q, want %q", en, ro, want)
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

// What stands at the lines of a chart's grid is round and whole, however much it shows.
func TestTheAxisOfAChartHasWholeNumbers(t *testing.T) {
	for v := 2.0; v < 3e6; v *= 1.07 {
		top := nice(v)
		for _, line := range []float64{top, top / 2, 0} {
			if s := short(line); strings.ContainsAny(s, ".e") || len(s) > 5 {
				t.Errorf("a chart up to %g has %s at its axis", v, s)
			}
		}
		if top < v || top > 2*v {
			t.Errorf("a chart up to %g goes up to %g", v, top)
		}
	}
}
