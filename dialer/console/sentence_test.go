package console

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"apel/dialer/console/web"
)

func TestEverySentenceOfTheEngineHasATextInEveryLanguage(t *testing.T) {
	code := regexp.MustCompile(`\bsay\([\w.]+, "([a-z-]+)"`)
	files, err := filepath.Glob("../*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(source), -1) {
			found[m[1]] = true
		}
	}
	texts := web.Texts(web.Romanian)
	for c := range found {
		if texts["error."+c] == "" {
			t.Errorf("the engine says %q, and the pages have no text for it", c)
		}
	}
	if len(found) < 40 {
		t.Errorf("only %d sentences were found", len(found))
	}
}
