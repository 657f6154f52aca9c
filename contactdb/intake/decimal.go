package intake

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// commaNumber is a number as it is written where the comma is the decimal sign:
// 12,5 and 1.234,56 and 1 234.
var commaNumber = regexp.MustCompile(`^[+-]?(0|[1-9][0-9]{0,2}([. \x{A0}][0-9]{3})+|[1-9][0-9]*)(,[0-9]+)?$`)

// decimalComma says whether a column holds numbers with a decimal comma: all of
// the sample are such, and of one at least that is certain, for 12,345 may as
// well be an English twelve thousand.
func decimalComma(cells []string) bool {
	certain := false
	for _, c := range cells {
		c = strings.TrimSpace(c)
		if !commaNumber.MatchString(c) {
			return false
		}
		_, decimals, has := strings.Cut(c, ",")
		certain = certain || has && (len(decimals) != 3 || strings.ContainsAny(c, ". \u00A0"))
	}
	return certain
}

var toPoint = strings.NewReplacer(".", "", " ", "", "\u00A0", "", ",", ".")

// decimalPoint makes 1234.56 of 1.234,56; what is no such number stays.
func decimalPoint(cell string) string {
	if !commaNumber.MatchString(cell) {
		return cell
	}
	return toPoint.Replace(cell)
}

// idNames are names of columns that may hold the client's own key, or as well the
// number of the row.
var idNames = []string{"id", "uid", "uuid", "guid", "key", "code", "ref", "reference", "cheie", "cod", "referinta", "identificator"}

// couldBeID says whether a column that is called so tells its rows apart, and
// does not only count them.
func couldBeID(header string, cells []string, rows int) bool {
	if !slices.Contains(idNames, plain(header)) || rows < 2 || len(cells) < rows {
		return false
	}
	seen, counts := map[string]bool{}, true
	for i, c := range cells {
		c = strings.TrimSpace(c)
		if seen[c] {
			return false
		}
		seen[c] = true
		counts = counts && (c == strconv.Itoa(i+1) || c == strconv.Itoa(i))
	}
	return !counts
}
