package console

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"apel/contactdb"
)

const maxName = 64 // bytes of UTF-8

// checkName refuses names that could not stand in a path, a file name or a
// table.
func checkName(noun, name string) error {
	switch {
	case name == "":
		return problem(Usage, "the %s has no name; give one", noun)
	case len(name) > maxName:
		return problem(Usage, "the name of the %s is longer than %d bytes; shorten it", noun, maxName)
	case !utf8.ValidString(name), strings.ContainsAny(name, `/\`), strings.ContainsFunc(name, isControl):
		return problem(Usage, "%s name %q has a slash or a character that cannot be printed; use letters, digits, spaces, '-', '_' and '.'", noun, name)
	case name == ".", name == "..", strings.TrimSpace(name) != name, name[0] == '-':
		return problem(Usage, "%s name %q starts or ends with what gets lost on a command line; use letters and digits there", noun, name)
	}
	return nil
}

func isControl(r rune) bool { return !unicode.IsPrint(r) }

// checkOperatorName is narrower: the name is also the SIP user (RFC 3261
// §25.1, unreserved characters).
func checkOperatorName(name string) error {
	if err := checkName("operator", name); err != nil {
		return err
	}
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.'
	}
	if i := strings.IndexFunc(name, func(r rune) bool { return !ok(r) }); i >= 0 {
		return problem(Usage, "operator name %q is also the SIP user and may have only ASCII letters, digits, '-', '_' and '.'", name)
	}
	return nil
}

// missing turns a not-found of a named thing into a sentence with a guess of
// what was meant; other errors pass.
func missing(err error, noun, name string, known []string) error {
	if !errors.Is(err, contactdb.ErrNotFound) {
		return err
	}
	guess := ""
	if near := Nearest(name, known); near != "" {
		guess = fmt.Sprintf("did you mean %q? ", near)
	}
	return problem(NotFound, "there is no %s %q; %ssee: apel %s ls", noun, name, guess, noun)
}

// Nearest is the known word that is most like the given one, "" if none is.
func Nearest(word string, known []string) string {
	best, at := "", len([]rune(word))/3+2 // further away is not a slip of the finger
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < at {
			best, at = k, d
		}
	}
	return best
}

// distance counts insertions, deletions, substitutions and swaps of
// neighbours (optimal string alignment).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	d := make([][]int, len(s)+1)
	for i := range d {
		d[i] = make([]int, len(t)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(s)][len(t)]
}
