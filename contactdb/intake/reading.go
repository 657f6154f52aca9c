package intake

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a person writes of one contact is read as a file's cells are.

// ParseZones reads one or more IANA names, "" for none.
func ParseZones(text string) ([]string, error) {
	zones, bad := splitZones(text)
	if bad != "" {
		return nil, fmt.Errorf("there is no time zone %q; write an IANA name such as Europe/Bucharest", shorten(bad, 40))
	}
	return sortedSet(zones), nil
}

// ParseLanguage gives the BCP 47 tag of a language.
func ParseLanguage(text string) (string, error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	tag := languageTag(tidy(text))
	if tag == "" {
		return "", fmt.Errorf("%q is no language that is known; write its tag, such as ro or en", shorten(text, 40))
	}
	return tag, nil
}

// ParseDate reads a date, or a time, "" for none; country says whether the month
// may come first.
func ParseDate(text, country string) (time.Time, error) {
	if text = tidy(text); text == "" {
		return time.Time{}, nil
	}
	at, ok := readDate(text, strings.ToUpper(country))
	if !ok {
		return time.Time{}, fmt.Errorf("%q is not a date that can be read for certain; write it as 2026-03-31", shorten(text, 40))
	}
	return at, nil
}

// ParseConsent gives the word for a kind of consent.
func ParseConsent(text string) string {
	if word := consentWords[plain(text)]; word != "" {
		return word
	}
	return strings.ToLower(tidy(text))
}

// ParseTags reads tags, "" for none.
func ParseTags(texts []string) []string { return splitTags(strings.Join(slices.Clone(texts), ",")) }
