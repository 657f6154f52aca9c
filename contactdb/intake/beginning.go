package intake

import (
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// NumberBeginning is how the E.164 form of a number begins of which only the
// first digits are known, or all; "" if the text is no number. country is as in
// ParseNumber.
func NumberBeginning(s, country string) string {
	if n, err := ParseNumber(s, country); err == nil {
		return n.E164
	}
	clean := strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "/", "").Replace(spaces(s))
	digits := strings.TrimPrefix(clean, "+")
	if len(digits) < 3 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	country = strings.ToUpper(country)
	code := phonenumbers.GetCountryCodeForRegion(country)
	switch {
	case strings.HasPrefix(clean, "+"):
		return clean
	case strings.HasPrefix(digits, "00"):
		return "+" + digits[2:]
	case code == 0 || country == "":
		return "+" + digits
	}
	return "+" + strconv.Itoa(code) + strings.TrimPrefix(digits, phonenumbers.GetNddPrefixForRegion(country, true))
}
