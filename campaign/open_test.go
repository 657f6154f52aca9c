package campaign

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// campaignWith is the default campaign with windows as the file would have them.
func campaignWith(t testing.TB, windows string) *Definition {
	t.Helper()
	d, err := Parse([]byte("name: spring\ntrunks: [acme]\nwindows: " + windows + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWindowsAreReadOnTheWallClockOfEveryZone(t *testing.T) {
	const bucharest, newYork = "Europe/Bucharest", "America/New_York"
	for _, tt := range []struct {
		name, windows string
		zones         []string
		now, next     string // next "" : open now; "never"
	}{
		{"working day", "{mon-fri: 09:00-20:00}", []string{bucharest}, "2026-11-23T09:00:00+02:00", ""},
		{"one second before opening", "{mon-fri: 09:00-20:00}", []string{bucharest}, "2026-11-23T08:59:59+02:00", "2026-11-23T09:00:00+02:00"},
		{"last second", "{mon-fri: 09:00-20:00}", []string{bucharest}, "2026-11-23T19:59:59+02:00", ""},
		{"closing time is closed", "{mon-fri: 09:00-20:00}", []string{bucharest}, "2026-11-23T20:00:00+02:00", "2026-11-24T09:00:00+02:00"},
		{"over the weekend", "{mon-fri: 09:00-20:00}", []string{bucharest}, "2026-11-27T21:00:00+02:00", "2026-11-30T09:00:00+02:00"},
		{"lunch", "{mon: [09:00-12:00, 14:00-18:00]}", []string{bucharest}, "2026-11-23T12:30:00+02:00", "2026-11-23T14:00:00+02:00"},
		{"a week ahead", "{mon: 09:00-10:00}", []string{bucharest}, "2026-11-23T10:00:00+02:00", "2026-11-30T09:00:00+02:00"},
		{"to midnight and on", "{daily: 00:00-24:00}", []string{bucharest}, "2026-11-23T23:59:59+02:00", ""},
		{"the other zone is asleep", "{mon-fri: 09:00-20:00}", []string{bucharest, newYork}, "2026-11-23T10:00:00+02:00", "2026-11-23T16:00:00+02:00"},
		{"both awake", "{mon-fri: 09:00-20:00}", []string{bucharest, newYork}, "2026-11-23T16:00:00+02:00", ""},
		{"zones that never meet", "{daily: 09:00-12:00}", []string{bucharest, newYork}, "2026-11-23T10:00:00+02:00", "2026-12-07T10:00:00+02:00"},
		{"zones that meet while only one has changed its clock", "{daily: 09:00-15:30}", []string{bucharest, newYork}, "2026-03-06T10:00:00+02:00", "2026-03-08T15:00:00+02:00"},
		{"no zone", "{daily: 09:00-12:00}", nil, "2026-11-23T10:00:00+02:00", "never"},
		{"unknown zone", "{daily: 09:00-12:00}", []string{"Europe/Atlantis"}, "2026-11-23T10:00:00+02:00", "never"},
		{"Local is not a place", "{daily: 09:00-12:00}", []string{"Local"}, "2026-11-23T10:00:00+02:00", "never"},

		// Bucharest: 2026-03-29 3:00 becomes 4:00; 2026-10-25 4:00 becomes 3:00.
		{"spring: the hours after the change", "{sun: 09:00-20:00}", []string{bucharest}, "2026-03-29T05:59:59Z", "2026-03-29T06:00:00Z"},
		{"spring: a window that begins in the gap", "{sun: 03:30-05:00}", []string{bucharest}, "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
		{"spring: a window inside the gap is left out", "{sun: 03:00-04:00}", []string{bucharest}, "2026-03-29T00:00:00Z", "2026-04-05T00:00:00Z"},
		{"autumn: open in the first pass", "{sun: 03:00-03:30}", []string{bucharest}, "2026-10-25T00:10:00Z", ""},
		{"autumn: between the passes", "{sun: 03:00-03:30}", []string{bucharest}, "2026-10-25T00:40:00Z", "2026-10-25T01:00:00Z"},
		{"autumn: open in the second pass", "{sun: 03:00-03:30}", []string{bucharest}, "2026-10-25T01:10:00Z", ""},
		{"autumn: over at last", "{sun: 03:00-03:30}", []string{bucharest}, "2026-10-25T01:30:00Z", "2026-11-01T01:00:00Z"},
		// New York: 2026-03-08 2:00 becomes 3:00; 2026-11-01 2:00 becomes 1:00.
		{"spring in New York", "{sun: 02:15-08:30}", []string{newYork}, "2026-03-08T06:30:00Z", "2026-03-08T07:00:00Z"},
		{"autumn in New York", "{sun: 01:30-02:00}", []string{newYork}, "2026-11-01T06:00:00Z", "2026-11-01T06:30:00Z"},
		{"the day after autumn", "{mon: 09:00-10:00}", []string{newYork}, "2026-11-01T12:00:00Z", "2026-11-02T14:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := instant(t, tt.now)
			open, next := campaignWith(t, tt.windows).Open(tt.zones, now)
			switch {
			case tt.next == "never":
				if open || !next.IsZero() {
					t.Errorf("open %v, next %v; want closed for ever", open, next)
				}
			case tt.next == "":
				if !open {
					t.Errorf("closed until %v; want open", next)
				}
			case open:
				t.Errorf("open; want closed until %s", tt.next)
			case !next.Equal(instant(t, tt.next)):
				t.Errorf("opens %v; want %s", next.UTC(), tt.next)
			}
		})
	}
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// oddZones have changes of the clock at midnight, by half an hour, or back
// over midnight; a day that is left out; quarters of an hour.
var oddZones = []string{
	"Europe/Bucharest", "America/New_York", "America/Havana", "America/Sao_Paulo", "America/St_Johns",
	"Asia/Beirut", "Asia/Kathmandu", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati", "UTC",
}

// places has the odd zones, read once.
var places = func() map[string]*time.Location {
	all := map[string]*time.Location{}
	for _, zone := range oddZones {
		place, err := time.LoadLocation(zone)
		if err != nil {
			panic(err)
		}
		all[zone] = place
	}
	return all
}()

// openByWall is the oracle: the clock on the wall as text against the file's text.
func openByWall(windows []Window, zones []string, at time.Time) bool {
	for _, zone := range zones {
		local := at.In(places[zone])
		clock := local.Format("15:04")
		if !slices.ContainsFunc(windows, func(w Window) bool {
			return w.Days[local.Weekday()] && formatClock(w.From) <= clock && clock < formatClock(w.To)
		}) {
			return false
		}
	}
	return len(zones) > 0
}

func genWindows() *rapid.Generator[[]Window] {
	return rapid.Custom(func(t *rapid.T) []Window {
		var all []Window
		groups := rapid.IntRange(1, 3).Draw(t, "groups")
		for d := range 7 {
			g := rapid.IntRange(0, groups).Draw(t, "group")
			if g == 0 {
				continue
			}
			for len(all) < groups {
				all = append(all, Window{})
			}
			all[g-1].Days[d] = true
		}
		var out []Window
		for _, w := range all {
			if w.Days == ([7]bool{}) {
				continue
			}
			from := rapid.IntRange(0, 24*60-30).Draw(t, "from")
			to := rapid.IntRange(from+1, 24*60).Draw(t, "to")
			w.From, w.To = time.Duration(from)*time.Minute, time.Duration(to)*time.Minute
			out = append(out, w)
			if rest := 24*60 - to; rest > 1 && rapid.Bool().Draw(t, "twice") {
				from = to + rapid.IntRange(0, rest-1).Draw(t, "pause")
				to = rapid.IntRange(from+1, 24*60).Draw(t, "end")
				w.From, w.To = time.Duration(from)*time.Minute, time.Duration(to)*time.Minute
				out = append(out, w)
			}
		}
		if len(out) == 0 {
			return defaultWindows()
		}
		sortWindows(out)
		return out
	})
}

// genInstant draws minutes, half of them near changes of the clock.
func genInstant() *rapid.Generator[time.Time] {
	changes := []string{"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z",
		"2026-11-01T05:00:00Z", "2018-11-04T03:00:00Z", "2011-12-30T10:00:00Z", "2010-11-07T02:31:00Z", "2018-02-18T02:00:00Z", "2026-03-28T22:00:00Z", "2026-04-04T15:00:00Z"}
	return rapid.Custom(func(t *rapid.T) time.Time {
		at, _ := time.Parse(time.RFC3339, rapid.SampledFrom(changes).Draw(t, "near"))
		span := rapid.SampledFrom([]int{180, 3 * 24 * 60}).Draw(t, "span")
		return at.Add(time.Duration(rapid.IntRange(-span, span).Draw(t, "minutes")) * time.Minute)
	})
}

func TestTheNextOpeningIsTheFirstMinuteAtWhichAllZonesAreOpen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Default("spring")
		d.Windows = genWindows().Draw(t, "windows")
		zones := rapid.SliceOfNDistinct(rapid.SampledFrom(oddZones), 1, 3, rapid.ID).Draw(t, "zones")
		now := genInstant().Draw(t, "now")

		open, next := d.Open(zones, now)
		if want := openByWall(d.Windows, zones, now); open != want {
			t.Fatalf("open is %v, the wall clocks say %v", open, want)
		}
		want := now
		for end := now.Add(horizon); want.Before(end) && !openByWall(d.Windows, zones, want); {
			want = want.Add(time.Minute)
		}
		if !next.Equal(want) {
			t.Fatalf("opens %v, the wall clocks say %v", next, want)
		}
	})
}
