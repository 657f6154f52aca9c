package intake

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
)

var (
	// scientific is a number as Excel shows it in a narrow or general cell:
	// 4.07E+10, in many countries 4,07E+10.
	scientific = regexp.MustCompile(`^[+=]*[0-9]+([.,][0-9]+)?[eE][+]?[0-9]+$`)
	// decimals is what a program leaves that took the column for amounts.
	decimals = regexp.MustCompile(`^(\+?[0-9]{7,})[.,]0{1,2}$`)
	// label is a word before the digits.
	label = regexp.MustCompile(`(?i)^(tel|telephone|telefon|telefonul|mobil|mobile|mob|phone|cell|gsm|callto|nr|numar|număr)\s*[.:]*\s*([+(0-9].*)$`)
	// labelAfter is one behind them.
	labelAfter = regexp.MustCompile(`(?i)^([+(0-9][-+()./ 0-9]*[0-9)])\s*[-(\[]?\s*(mobil|mobile|mob|gsm|cell|fix|acas[aă]|home|serviciu|birou|work|office|personal)\s*\.?\s*[)\]]?$`)
	// extension is a spelling that libphonenumber doesn't know.
	extension = regexp.MustCompile(`(?i)\b(interior|int|extensie|extensia)\b\.?\s*:?\s*([0-9]{1,7})\s*$`)
	// several finds a second number in the cell.
	several = regexp.MustCompile(`(?i)[0-9)]\s*([/;,\n|]|\s(sau|or|si|și|and)\s)\s*[+(0-9]`)
)

// cleanNumber takes off what spreadsheets and people put around a number, and
// refuses what can't be one number for certain.
func cleanNumber(s string) (string, error) {
	s = unwrap(spaces(s))
	switch {
	case s == "":
		return "", errors.New("there is no phone number; fill it in")
	case strings.Trim(s, "+-() 0123456789") == "":
		return s, nil // most numbers; none of the patterns below can be in them
	case scientific.MatchString(s):
		return "", fmt.Errorf("%q is a number that a spreadsheet shortened: digits were lost; format the column as text in the original and export it again", shorten(s, 40))
	}
	s = strings.TrimRight(s, " ,;.") // what a list left that the number stood in
	if m := label.FindStringSubmatch(s); m != nil {
		s = m[2]
	}
	if m := labelAfter.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	if m := decimals.FindStringSubmatch(s); m != nil {
		s = m[1]
	}
	s = extension.ReplaceAllString(s, "ext. $2")
	main, ext := phonenumbers.MaybeSeparateExtensionFromPhone(s)
	if len(ext) > 7 || twoNumbers(s) {
		return "", fmt.Errorf("%q looks like more than one number; write one, and the others in columns of their own", shorten(s, 40))
	}
	if hasLetter(strings.Split(main, ";")[0]) {
		return "", fmt.Errorf("%q has letters in it; write the number in digits", shorten(s, 40))
	}
	return s, nil
}

// twoNumbers: a separator between digits with at least six of them on both
// sides (021/345 67 89 is one number).
func twoNumbers(s string) bool {
	for _, at := range several.FindAllStringIndex(s, -1) {
		cut := at[0] + 1
		if digits(s[:cut]) >= 6 && digits(s[cut:]) >= 6 {
			return true
		}
	}
	return false
}

// spaces makes every kind of space a plain one, drops the invisible characters
// that come along when a number is copied from a web page or chat, and turns
// full-width and other forms of digits into ordinary ones.
func spaces(s string) string {
	if isASCII([]byte(s)) {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r): // zero-width, direction marks, soft hyphen
			return -1
		case unicode.IsSpace(r) && r != '\n':
			return ' '
		}
		return r
	}, norm.NFKC.String(s)))
}

// unwrap takes off ="..." and apostrophes, by which people make spreadsheets
// keep a number as text, and quotes. Layers may be nested.
func unwrap(s string) string {
	for {
		t := strings.TrimPrefix(s, "=")
		t = strings.TrimSpace(strings.Trim(t, "'\"`´‘’“”"))
		if t == s {
			return s
		}
		s = t
	}
}

// looksLikePhone reports whether a cell of the first row is data: a number of
// a phone's length in a phone's characters, damaged or not.
func looksLikePhone(cell string) bool {
	s := unwrap(spaces(cell))
	if scientific.MatchString(s) {
		return true
	}
	if m := label.FindStringSubmatch(s); m != nil {
		s = m[2]
	}
	main, _ := phonenumbers.MaybeSeparateExtensionFromPhone(s)
	n := digits(main)
	return n >= 7 && n <= 15 && !hasLetter(main) && strings.Trim(main, "+-./() 0123456789") == ""
}

func digits(s string) int {
	n := 0
	for _, r := range s {
		if unicode.IsDigit(r) {
			n++
		}
	}
	return n
}
