package campaign

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

const exampleWindows = "windows: {mon-fri: 09:00-20:00, sat: 10:00-16:00}"

// dayNames in the order of a calendar; a week begins on Monday.
var dayNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// weekday is the time.Weekday of a place in dayNames.
func weekday(i int) time.Weekday { return time.Weekday((i + 1) % 7) }

// windows reads the hours by days. No day may be in two keys: whoever writes
// mon-fri and then fri means something that only they know.
func (s *section) windows(to *[]Window) {
	e, ok := s.get("windows")
	if !ok {
		return
	}
	days := s.section(e.value, "windows", exampleWindows)
	var all []Window
	taken := map[time.Weekday]string{}
	for _, e := range days.entries {
		set, ok := days.days(e)
		if !ok {
			continue
		}
		for d, in := range set {
			if first := taken[time.Weekday(d)]; in && first != "" {
				days.at(e.at, fmt.Sprintf("%s is in %s already", dayNames[(d+6)%7], quoted(first)),
					"each day once; several hours of a day are a list: [09:00-12:00, 14:00-18:00]")
				break
			}
			if in {
				taken[time.Weekday(d)] = e.key
			}
		}
		all = append(all, days.hours(e, set)...)
	}
	if days.valid && len(days.entries) == 0 {
		s.at(e.value, "without windows nobody may ever be called", exampleWindows)
	}
	sortWindows(all)
	*to = all
}

// days reads mon, mon-fri, "sat,sun" or daily.
func (s *section) days(e entry) (set [7]bool, ok bool) {
	if e.key == "daily" {
		return [7]bool{true, true, true, true, true, true, true}, true
	}
	for part := range strings.SplitSeq(e.key, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		first, last := slices.Index(dayNames, from), slices.Index(dayNames, to)
		if !isRange {
			last = first
		}
		if first < 0 || last < 0 {
			s.at(e.at, fmt.Sprintf("%s is not a day of the week", quoted(e.key)), likelyDays(e.key))
			return set, false
		}
		for i := first; ; i = (i + 1) % 7 {
			set[weekday(i)] = true
			if i == last {
				break
			}
		}
	}
	return set, true
}

// likelyDays is what someone may have meant who wrote Monday, mo or thurs.
func likelyDays(key string) string {
	words := strings.FieldsFunc(strings.ToLower(key), func(r rune) bool { return r < 'a' || r > 'z' })
	for i, w := range words {
		at := slices.IndexFunc(dayNames, func(d string) bool { return strings.HasPrefix(w, d) || len(w) > 1 && strings.HasPrefix(d, w) })
		if at < 0 {
			near := nearest(w, dayNames)
			if near == "" || i > 1 {
				return "mon, tue, wed, thu, fri, sat, sun, mon-fri or daily"
			}
			at = slices.Index(dayNames, near)
		}
		words[i] = dayNames[at]
	}
	if len(words) == 0 || len(words) > 2 {
		return "mon, tue, wed, thu, fri, sat, sun, mon-fri or daily"
	}
	return strings.Join(words, "-") + ":"
}

// hours reads 09:00-20:00, or a list of them in the order of the day.
func (s *section) hours(e entry, days [7]bool) []Window {
	var all []Window
	for _, n := range items(e.value) {
		w, ok := s.window(n, e.key)
		if !ok {
			continue
		}
		if len(all) > 0 && w.From < all[len(all)-1].To {
			s.at(n, "hours of a day follow each other, and these begin before the last ended", e.key+": [09:00-12:00, 14:00-18:00]")
			continue
		}
		w.Days = days
		all = append(all, w)
	}
	if seq, ok := e.value.(*ast.SequenceNode); ok && len(seq.Values) == 0 {
		s.at(e.at, fmt.Sprintf("%s has no hours", e.key), e.key+": 09:00-20:00, or leave the day out to keep it closed")
	}
	return all
}

func (s *section) window(n ast.Node, day string) (w Window, ok bool) {
	example := day + ": 09:00-20:00"
	v, ok := s.clockText(n, "an entry of "+day, example)
	if !ok {
		return w, false
	}
	from, to, _ := strings.Cut(strings.ReplaceAll(v, " ", ""), "-")
	var ok1, ok2 bool
	w.From, ok1 = parseClock(from)
	w.To, ok2 = parseClock(to)
	switch {
	case !ok1 || !ok2:
		s.at(n, fmt.Sprintf("%s are not hours of a day", quoted(v)), example)
	case w.From == w.To:
		s.at(n, fmt.Sprintf("%s is no time at all", quoted(v)), example+", or leave the day out to keep it closed")
	case w.From > w.To:
		s.at(n, fmt.Sprintf("%s ends before it begins; a window can't go past midnight", quoted(v)),
			fmt.Sprintf("%s: %s-24:00, and 00:00-%s for the day after", day, formatClock(w.From), formatClock(w.To)))
	default:
		return w, true
	}
	return w, false
}

// clockText is the text of hours. In brackets the YAML parser takes 09:00 for
// the key 09 with the value 00: put together again, it is what was written.
func (s *section) clockText(n ast.Node, what, example string) (string, bool) {
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) == 1 {
		n = m.Values[0]
	}
	pair, ok := n.(*ast.MappingValueNode)
	if !ok {
		return s.scalar(n, what, example)
	}
	hours, ok1 := s.scalar(pair.Key, what, example)
	rest, ok2 := s.clockText(pair.Value, what, example)
	return hours + ":" + rest, ok1 && ok2
}

// parseClock reads 9:00 up to 24:00.
func parseClock(v string) (time.Duration, bool) {
	m := clock.FindStringSubmatch(v)
	if m == nil {
		return 0, false
	}
	hours, _ := strconv.Atoi(m[1])
	minutes, _ := strconv.Atoi(m[2])
	at := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	return at, minutes < 60 && at <= 24*time.Hour
}

func formatClock(at time.Duration) string {
	return fmt.Sprintf("%02d:%02d", at/time.Hour, at%time.Hour/time.Minute)
}

// formatDays writes a set of days as days reads it.
func formatDays(set [7]bool) string {
	if set == [7]bool{true, true, true, true, true, true, true} {
		return "daily"
	}
	var parts []string
	for i := 0; i < 7; i++ {
		if !set[weekday(i)] {
			continue
		}
		last := i
		for last < 6 && set[weekday(last+1)] {
			last++
		}
		part := dayNames[i]
		if last > i {
			part += "-" + dayNames[last]
		}
		parts = append(parts, part)
		i = last
	}
	return strings.Join(parts, ",")
}

// sortWindows puts windows into the order of a week, those of the same days
// together.
func sortWindows(all []Window) {
	slices.SortStableFunc(all, func(a, b Window) int {
		for i := range 7 {
			if in := weekday(i); a.Days[in] != b.Days[in] {
				if a.Days[in] {
					return -1
				}
				return 1
			}
		}
		return cmp.Compare(a.From, b.From)
	})
}
