package campaign

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	e164        = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`) // ITU-T E.164 §6: at most 15 digits
	country     = regexp.MustCompile(`^[A-Z]{2}$`)
	name        = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
	number      = regexp.MustCompile(`^[0-9]+([.,][0-9]+)?$`)
	spelledTime = regexp.MustCompile(`(?i)^([0-9.]+)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)$`)
	clock       = regexp.MustCompile(`^([0-9]{1,2}):([0-9]{2})$`)
)

// text reads any one line of text.
func (s *section) text(key string, to *string, valid *regexp.Regexp, must, example string) {
	e, ok := s.get(key)
	if !ok {
		return
	}
	if v, ok := s.scalar(e.value, key, key+": "+example); ok {
		if valid != nil && !valid.MatchString(v) {
			s.at(e.value, fmt.Sprintf("%s can't be %s: %s", key, quoted(v), must), key+": "+example)
			return
		}
		*to = v
	}
}

// texts reads a list of texts, or one, without repeats.
func (s *section) texts(key string, to *[]string, valid *regexp.Regexp, must, example string) {
	e, ok := s.get(key)
	if !ok {
		return
	}
	var all []string
	seen := map[string]bool{}
	for _, n := range items(e.value) {
		v, ok := s.scalar(n, key, key+": ["+example+"]")
		if !ok {
			continue
		}
		if !valid.MatchString(v) {
			s.at(n, fmt.Sprintf("%s can't be %s: %s", key, quoted(v), must), example)
			continue
		}
		if seen[v] {
			s.at(n, fmt.Sprintf("%s is in %s twice", quoted(v), key), "it once")
			continue
		}
		seen[v] = true
		all = append(all, v)
	}
	*to = all
}

// truth reads true or false.
func (s *section) truth(key string, to *bool) {
	e, ok := s.get(key)
	if !ok {
		return
	}
	v, ok := s.scalar(e.value, key, key+": true")
	switch {
	case !ok:
	case v == "true":
		*to = true
	case v == "false":
		*to = false
	default:
		s.at(e.value, fmt.Sprintf("%s is true or false, not %s", key, quoted(v)), key+": "+likelyTruth(v))
	}
}

func likelyTruth(v string) string {
	switch strings.ToLower(v) {
	case "no", "off", "0", "n", "false", "never":
		return "false"
	}
	return "true"
}

// whole reads a whole number from low to high.
func (s *section) whole(key string, to *int, low, high int) {
	e, ok := s.get(key)
	if !ok {
		return
	}
	v, ok := s.scalar(e.value, key, fmt.Sprintf("%s: %d", key, *to))
	if !ok {
		return
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < low || n > high {
		s.at(e.value, fmt.Sprintf("%s is a whole number from %d to %d, not %s", key, low, high, quoted(v)), fmt.Sprintf("%s: %d", key, *to))
		return
	}
	*to = n
}

// ratio reads a number from low to high.
func (s *section) ratio(key string, to *float64, low, high float64) {
	e, ok := s.get(key)
	if !ok {
		return
	}
	v, ok := s.scalar(e.value, key, key+": 1.5")
	if !ok {
		return
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !number.MatchString(v) || f < low || f > high {
		s.at(e.value, fmt.Sprintf("%s is a number from %g to %g, not %s", key, low, high, quoted(v)), key+": 1.5")
		return
	}
	*to = f
}

// percent reads a share, kept to a hundredth of a percent.
func (s *section) percent(key string, to *float64) {
	e, ok := s.get(key)
	if !ok {
		return
	}
	v, ok := s.scalar(e.value, key, key+": "+formatPercent(*to))
	if !ok {
		return
	}
	share, problem, instead := parsePercent(v)
	if problem != "" {
		s.at(e.value, key+problem, key+": "+instead)
		return
	}
	*to = share
}

func parsePercent(v string) (share float64, problem, instead string) {
	digits, signed := strings.CutSuffix(v, "%")
	digits = strings.TrimSpace(digits)
	f, err := strconv.ParseFloat(digits, 64)
	hundredths := math.Round(f * 100)
	switch {
	case err != nil || !number.MatchString(digits):
		return 0, fmt.Sprintf(" is a percentage, not %s", quoted(v)), "3%"
	case !signed && f < 1 && f > 0:
		return 0, fmt.Sprintf(": %s has no percent sign", quoted(v)), formatPercent(hundredths / 100)
	case !signed:
		return 0, fmt.Sprintf(": %s has no percent sign", quoted(v)), digits + "%"
	case f > 100:
		return 0, fmt.Sprintf(" can't be over 100%%, but is %s", quoted(v)), "3%"
	case math.Abs(hundredths-f*100) > 1e-6:
		return 0, fmt.Sprintf(" is kept to a hundredth of a percent, and %s is finer", quoted(v)), formatPercent(hundredths / 1e4)
	}
	return hundredths / 1e4, "", ""
}

func formatPercent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e4)/100, 'f', -1, 64) + "%"
}

// duration reads a time span from low to high.
func (s *section) duration(key string, to *time.Duration, low, high time.Duration) {
	if e, ok := s.get(key); ok {
		s.span(e, to, low, high, false)
	}
}

// delay reads a time span from a minute to a year, or never.
func (s *section) delay(key string, to *time.Duration) {
	if e, ok := s.get(key); ok {
		s.span(e, to, time.Minute, 366*24*time.Hour, true)
	}
}

func (s *section) span(e entry, to *time.Duration, low, high time.Duration, never bool) {
	example := e.key + ": " + formatSpan(max(*to, low))
	v, ok := s.scalar(e.value, e.key, example)
	if !ok {
		return
	}
	if never && v == "never" {
		*to = Never
		return
	}
	d, instead := parseSpan(v)
	switch {
	case instead != "":
		s.at(e.value, fmt.Sprintf("%s: %s has no unit that is understood (ms, s, m, h, d)", e.key, quoted(v)), e.key+": "+instead)
	case d == 0 && v != "0s":
		s.at(e.value, fmt.Sprintf("%s is a time span, not %s", e.key, quoted(v)), example)
	case d < low || d > high:
		s.at(e.value, fmt.Sprintf("%s is from %s to %s, not %s", e.key, formatSpan(low), formatSpan(high), quoted(v)), example)
	default:
		*to = d
	}
}

// parseSpan reads 25s, 1.5s, 1h30m, 30d. Zero with instead says how the same
// is written, as far as one can guess; zero with neither is not a time span.
func parseSpan(v string) (d time.Duration, instead string) {
	if days, ok := strings.CutSuffix(v, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= 1000 {
			return time.Duration(n) * 24 * time.Hour, ""
		}
	}
	if d, err := time.ParseDuration(v); err == nil && v != "0" && !strings.ContainsAny(v, "uµμn+-") {
		return d, ""
	}
	if number.MatchString(v) {
		return 0, strings.ReplaceAll(v, ",", ".") + "s"
	}
	if m := spelledTime.FindStringSubmatch(v); m != nil {
		unit := strings.ToLower(m[2])
		if unit != "ms" && !strings.HasPrefix(unit, "mil") {
			unit = unit[:1]
		} else {
			unit = "ms"
		}
		return 0, m[1] + unit
	}
	return 0, ""
}

// formatSpan writes a time span as parseSpan reads it, without empty parts.
func formatSpan(d time.Duration) string {
	if d <= 0 {
		return "0s"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
