package intake

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"apel/contactdb"
)

// consentWords make one word of each that files use for yes and no; others are
// kept as they are, in lower case.
var consentWords = map[string]string{
	"yes": "given", "y": "given", "true": "given", "1": "given", "x": "given", "da": "given", "d": "given", "adevarat": "given", "acordat": "given", "optin": "given",
	"no": "none", "n": "none", "false": "none", "0": "none", "nu": "none", "fals": "none", "refuzat": "none", "optout": "none", "neacordat": "none",
	"withdrawn": "withdrawn", "retras": "withdrawn", "revoked": "withdrawn", "revocat": "withdrawn",
}

// consent reads the consent columns; nil if all are empty. A date that cannot
// be read is a fault: to guess when somebody agreed would be worse than to ask.
func (f *File) consent(cell func(int) string) (*contactdb.Consent, fault) {
	if max(f.fields.consent, f.fields.consentSource, f.fields.text, f.fields.consentAt, f.fields.ends) < 0 {
		return nil, fault{}
	}
	k := contactdb.Consent{Kind: tidy(cell(f.fields.consent)), Source: tidy(cell(f.fields.consentSource)), Text: tidy(cell(f.fields.text))}
	if word := consentWords[plain(k.Kind)]; word != "" {
		k.Kind = word
	} else {
		k.Kind = strings.ToLower(k.Kind)
	}
	for _, d := range []struct {
		column int
		to     *time.Time
	}{{f.fields.consentAt, &k.At}, {f.fields.ends, &k.Expires}} {
		text := tidy(cell(d.column))
		if text == "" {
			continue
		}
		at, ok := readDate(text, f.opts.Country)
		if !ok {
			return nil, f.fault(d.column, fmt.Sprintf("%q is not a date that can be read for certain; write it as 2026-03-31", shorten(text, 40)))
		}
		*d.to = at
	}
	if k == (contactdb.Consent{}) {
		return nil, fault{}
	}
	return &k, fault{}
}

// dateLayouts are tried in this order. Where both read a date the country says
// whether the month comes first.
var (
	isoLayouts   = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "2006/01/02", "2006.01.02", "20060102", "2 Jan 2006", "2-Jan-2006", "2-Jan-06", "Jan 2, 2006"}
	dayLayouts   = []string{"2.1.2006 15:04:05", "2.1.2006 15:04", "2.1.2006"}
	monthLayouts = []string{"1.2.2006 15:04:05", "1.2.2006 15:04", "1.2.2006"}
)

// monthFirst are the countries that write the month before the day.
const monthFirst = " US PH FM MH PW GU AS VI PR "

// readDate reads a date as files write it, midnight in UTC if no time is said.
func readDate(text, country string) (time.Time, bool) {
	for _, layout := range isoLayouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), plausible(at)
		}
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil && n > 20000 && n < 80000 { // days since 1899-12-30, as spreadsheets count
		at := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Add(time.Duration(n * 24 * float64(time.Hour)).Round(time.Second))
		return at, plausible(at)
	}
	dotted := strings.NewReplacer("/", ".", "-", ".").Replace(text)
	first, second := dayLayouts, monthLayouts
	if country != "" && strings.Contains(monthFirst, " "+country+" ") {
		first, second = monthLayouts, dayLayouts
	}
	for _, layout := range slices.Concat(first, second) {
		if at, err := time.Parse(layout, dotted); err == nil {
			return at.UTC(), plausible(at)
		}
	}
	return time.Time{}, false
}

// plausible keeps a slip of the pen from becoming somebody's consent.
func plausible(at time.Time) bool { return at.Year() >= 1980 && at.Year() <= 2150 }

// languageNames are what files call languages, in the form of plain.
var languageNames = map[string]string{
	"romana": "ro", "romanian": "ro", "limbaromana": "ro", "moldoveneasca": "ro", "english": "en", "engleza": "en", "hungarian": "hu", "maghiara": "hu", "magyar": "hu",
	"german": "de", "germana": "de", "deutsch": "de", "french": "fr", "franceza": "fr", "francais": "fr", "italian": "it", "italiana": "it", "italiano": "it",
	"spanish": "es", "spaniola": "es", "espanol": "es", "russian": "ru", "rusa": "ru", "ucraineana": "uk", "ukrainian": "uk", "bulgarian": "bg",
	"poloneza": "pl", "polish": "pl", "polski": "pl", "turca": "tr", "turkish": "tr", "greaca": "el", "greek": "el", "sarba": "sr", "serbian": "sr", "portughez": "pt", "portuguese": "pt",
}

// languageTag is the BCP 47 tag of a language as files write it, "" if unknown.
func languageTag(text string) string {
	if tag := languageNames[plain(text)]; tag != "" {
		return tag
	}
	if len(text) > 12 {
		return ""
	}
	tag, err := language.Parse(strings.ReplaceAll(text, "_", "-"))
	if err != nil {
		return ""
	}
	return tag.String()
}

// splitTags reads a cell with several tags.
func splitTags(cell string) []string {
	if strings.TrimSpace(cell) == "" {
		return nil
	}
	var tags []string
	for _, t := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",;|\n", r) }) {
		if t = tidy(t); t != "" {
			tags = append(tags, t)
		}
	}
	return sortedSet(tags)
}
