package dialer_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// levels: a package may import only packages of lower levels; a package that
// is not here stands on the level of its nearest parent.
var levels = map[string]int{
	"cmd/apel":        4,
	"dialer/console":  3,
	"dialer":          2,
	"dialer/simulate": 2,
	"dialer/ua":       1,
	"dialer/lab":      1,
	"dialer/floor":    1,
	"dialer/keep":     1,
	"campaign":        1,
	"media/browser":   1,
	"contactdb":       0,
	"pacing":          0,
	"media":           0,
	"media/amd":       0,
	"testdata":        0,
}

// fences keep what belongs to one place in it. The why is printed to whoever crosses.
var fences = []struct {
	what string // import path or its prefix, when it ends in /
	only []string
	why  string
}{
	{"go.etcd.io/bbolt", []string{"contactdb"}, "the store must be replaceable by one on PostgreSQL: nobody else may see buckets or transactions"},
	{"github.com/tidwall/btree", []string{"contactdb"}, "what lies over the store's file is the store's own affair"},
	{"github.com/emiago/sipgo", []string{"dialer/ua", "dialer/lab"}, "SIP is known in two places only, so that our own transactions can take sipgo's place"},
	{"github.com/emiago/sipgo/", []string{"dialer/ua", "dialer/lab"}, "SIP is known in two places only, so that our own transactions can take sipgo's place"},
	{"github.com/icholy/digest", []string{"dialer/ua", "dialer/lab"}, "passwords of SIP are checked and answered in one place"},
	{"github.com/pion/webrtc/", []string{"media/browser"}, "WebRTC is one way for an operator's leg to arrive, and must not be linked into the rest"},
	{"net/http", []string{"dialer/console", "cmd/apel"}, "what has a URL is in the console: the engine must be drivable without a web server"},
	{"github.com/spf13/cobra", []string{"cmd/apel"}, "flags are turned into plain values at the edge"},
}

// pure packages have no clock that waits, socket, file or goroutine of their
// own: a decision must replay from its inputs.
var pure = []struct{ pkg, why string }{
	{"pacing", "a pacing decision must replay from its events, millions a minute"},
	{"media/amd", "a verdict must replay from a recording, to the millisecond"},
	{"dialer/floor", "what a floor decided must replay from its inputs, in the service and in the simulator"},
	{"dialer/simulate", "a shift must replay from its seed, and must not need the service that it foretells"},
	{"campaign", "the rules must answer the same for plan, why and lease"},
}

var inputOutput = []string{"net", "net/http", "os", "os/exec", "io/fs", "syscall", "log", "apel/dialer", "apel/media"}

// imported walks the program's own files (tests and separate commands left
// out) and calls f with each package folder and import.
func imported(t *testing.T, f func(pkg, file, imp string)) {
	t.Helper()
	root := ".."
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && p != root {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		tree, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		pkg, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		for _, i := range tree.Imports {
			imp, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			if tree.Name.Name == "main" && !strings.HasPrefix(pkg, "cmd") {
				continue // a tool of the package, not part of the program
			}
			f(filepath.ToSlash(pkg), p, imp)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func levelOf(pkg string) (level int, of string) {
	for ; pkg != "."; pkg = path.Dir(pkg) {
		if l, ok := levels[pkg]; ok {
			return l, pkg
		}
	}
	return -1, ""
}

func TestImportsRunDownwardOnly(t *testing.T) {
	imported(t, func(pkg, file, imp string) {
		to, ok := strings.CutPrefix(imp, "apel/")
		if !ok {
			return
		}
		have, mine := levelOf(pkg)
		want, theirs := levelOf(to)
		if have < 0 || want < 0 {
			t.Errorf("%s: package %s or %s has no level; give it one in this test and in ARCHITECTURE.md", file, pkg, to)
			return
		}
		if mine != theirs && want >= have {
			t.Errorf("%s: %s (level %d) imports %s (level %d): imports run downward only, so that each part can be read and tested without those above it", file, pkg, have, to, want)
		}
	})
}

func TestWhatBelongsToOnePlaceStaysThere(t *testing.T) {
	imported(t, func(pkg, file, imp string) {
		for _, f := range fences {
			if imp != f.what && !(strings.HasSuffix(f.what, "/") && strings.HasPrefix(imp, f.what)) {
				continue
			}
			_, mine := levelOf(pkg)
			inside := false
			for _, o := range f.only {
				inside = inside || mine == o
			}
			if !inside {
				t.Errorf("%s imports %s, which belongs to %s: %s", file, imp, strings.Join(f.only, " and "), f.why)
			}
		}
	})
}

func TestPurePackagesImportNoInputOrOutput(t *testing.T) {
	imported(t, func(pkg, file, imp string) {
		for _, p := range pure {
			if pkg != p.pkg && !strings.HasPrefix(pkg, p.pkg+"/") {
				continue
			}
			for _, bad := range inputOutput {
				if imp == bad {
					t.Errorf("%s imports %s: %s", file, imp, p.why)
				}
			}
		}
	})
}
