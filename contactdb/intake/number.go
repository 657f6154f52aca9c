package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
)

// Number is a telephone number that was understood.
type Number struct {
	E164      string
	Type      string   // as contactdb.Contact.NumberType
	Region    string   // ISO 3166-1 alpha-2; empty for numbers of no country (+800)
	Zones     []string // IANA zones that the number may be in, sorted; empty if unknown
	Extension string   // digits to dial after the answer; not part of E164
}

// numberTypes are the words of contactdb.Contact.NumberType; those missing are
// "unknown".
var numberTypes = map[phonenumbers.PhoneNumberType]string{
	phonenumbers.FIXED_LINE:           "fixed-line",
	phonenumbers.MOBILE:               "mobile",
	phonenumbers.FIXED_LINE_OR_MOBILE: "fixed-or-mobile",
	phonenumbers.TOLL_FREE:            "toll-free",
	phonenumbers.PREMIUM_RATE:         "premium",
	phonenumbers.SHARED_COST:          "premium", // the caller pays more than for an ordinary call
	phonenumbers.VOIP:                 "voip",
}

// ParseNumber reads a number as people and spreadsheets write it. country is
// the ISO region of numbers without a country code; empty accepts only
// international ones. An error is one sentence that says what to write instead;
// it quotes the number, so it belongs before the person who typed it and into
// the rejects file, not into a log.
func ParseNumber(s, country string) (Number, error) {
	if err := checkCountry(country); err != nil {
		return Number{}, err
	}
	clean, err := cleanNumber(s)
	if err != nil {
		return Number{}, err
	}
	return parseClean(clean, strings.ToUpper(country))
}

func parseClean(clean, country string) (Number, error) {
	p, err := phonenumbers.Parse(clean, country)
	if (err != nil || !phonenumbers.IsValidNumber(p)) && strings.HasPrefix(clean, "00") {
		// 00 is the international prefix that ITU-T E.164 recommends; where
		// another is used, no national number begins with it.
		clean = "+" + strings.TrimLeft(clean[2:], " ")
		p, err = phonenumbers.Parse(clean, "")
	}
	switch {
	case err != nil:
		return Number{}, unparsed(clean, country, err)
	case !phonenumbers.IsValidNumber(p):
		return Number{}, invalid(clean, country, p)
	}
	return understood(p), nil
}

func understood(p *phonenumbers.PhoneNumber) Number {
	n := Number{
		E164:      phonenumbers.Format(p, phonenumbers.E164),
		Type:      numberTypes[phonenumbers.GetNumberType(p)],
		Region:    phonenumbers.GetRegionCodeForNumber(p),
		Extension: p.GetExtension(),
	}
	if n.Type == "" {
		n.Type = "unknown"
	}
	if n.Region == "001" { // libphonenumber's word for "the world"
		n.Region = ""
	}
	zones, err := phonenumbers.GetTimezonesForNumber(p)
	if err == nil && !slices.Contains(zones, phonenumbers.UNKNOWN_TIMEZONE) {
		n.Zones = sortedSet(slices.Clone(zones))
	}
	return n
}

// unparsed explains a number of which libphonenumber makes nothing.
func unparsed(clean, country string, err error) error {
	short := shorten(clean, 40)
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode) && strings.HasPrefix(clean, "+"):
		return fmt.Errorf("%q begins with a country code that does not exist; check the digits after the plus", short)
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode) && country == "":
		return fmt.Errorf("%q has no country code; write it with a plus and the country code, or say whose national numbers these are (--country RO)", short)
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return fmt.Errorf("%q is too long for a phone number; write one number a cell", short)
	case errors.Is(err, phonenumbers.ErrTooShortAfterIDD), errors.Is(err, phonenumbers.ErrTooShortNSN):
		return fmt.Errorf("%q is too short for a phone number; write all its digits", short)
	}
	return fmt.Errorf("%q is not a phone number; write its digits, with a plus and the country code if it is international", short)
}

// invalid explains a number that has a country but does not exist there.
func invalid(clean, country string, p *phonenumbers.PhoneNumber) error {
	region := phonenumbers.GetRegionCodeForCountryCode(int(p.GetCountryCode()))
	if !strings.HasPrefix(clean, "+") {
		region = country
	}
	if len(region) != 2 { // "001": a code that belongs to no country
		region = fmt.Sprintf("+%d", p.GetCountryCode())
	}
	short := shorten(clean, 40)
	next := "write the whole number"
	if e := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE); e != nil {
		next += fmt.Sprintf(", like %s", phonenumbers.Format(e, phonenumbers.INTERNATIONAL))
	}
	switch phonenumbers.IsPossibleNumberWithReason(p) {
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY:
		return fmt.Errorf("%q is too short for %s; %s", short, region, next)
	case phonenumbers.TOO_LONG:
		return fmt.Errorf("%q is too long for %s; %s%s", short, region, next, lostPlus(clean))
	case phonenumbers.INVALID_LENGTH:
		return fmt.Errorf("%q has a wrong number of digits for %s; %s%s", short, region, next, lostPlus(clean))
	}
	return fmt.Errorf("%q is in no range of numbers that %s uses; check its digits%s", short, region, lostPlus(clean))
}

// lostPlus suggests that a spreadsheet took the plus of a foreign number. It is
// not put back unasked: the same digits may be a mistyped national number, and
// a stranger abroad would be called.
func lostPlus(clean string) string {
	p, err := phonenumbers.Parse("+"+clean, "")
	if strings.HasPrefix(clean, "+") || err != nil || !phonenumbers.IsValidNumber(p) {
		return ""
	}
	return fmt.Sprintf("; if it is a number of %s, write the plus before it", phonenumbers.GetRegionCodeForNumber(p))
}

// checkCountry refuses a region that libphonenumber doesn't have.
func checkCountry(country string) error {
	if country == "" || phonenumbers.GetSupportedRegions()[strings.ToUpper(country)] {
		return nil
	}
	return fmt.Errorf("%q is not a country of the numbering plan; write two letters of ISO 3166, such as RO or GB", shorten(country, 40))
}

// sortedSet sorts names in place and drops repetitions.
func sortedSet(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

func hasLetter(s string) bool { return strings.IndexFunc(s, unicode.IsLetter) >= 0 }
