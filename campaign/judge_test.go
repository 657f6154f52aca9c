package campaign

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"apel/contactdb"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const noonOnMonday = "2026-11-23T12:00:00+02:00"

func someone(zones ...string) contactdb.Candidate {
	return contactdb.Candidate{Contact: contactdb.Contact{ID: 1, Phone: "+40712345678", Region: "RO", Zones: zones}}
}

func TestTheFirstReasonThatAppliesIsGiven(t *testing.T) {
	now := instant(t, noonOnMonday)
	d := Default("spring")
	d.Country = "RO"
	c := someone("Europe/Bucharest")

	// Each step takes away the reason that was given, from the last to the first.
	c.Suppressed = &contactdb.Suppression{Reason: "asked us"}
	c.Region, c.Zones = "MD", nil
	c.Progress = contactdb.Progress{Attempts: 4, Final: "sale", NextTry: now.Add(time.Hour), LastOutcome: "busy"}
	c.Leased = true
	c.NumberTries = []time.Time{now.Add(-2 * time.Hour), now.Add(-time.Hour)}
	at := now.Add(10 * time.Hour) // 22:00
	for _, step := range []struct {
		reason string
		kind   contactdb.VerdictKind
		when   string
		remove func()
	}{
		{DoNotCall, contactdb.Never, "", func() { c.Suppressed = nil }},
		{WrongCountry, contactdb.Never, "", func() { c.Region = "RO" }},
		{NoZone, contactdb.Never, "", func() { c.Zones = []string{"Europe/Bucharest"} }},
		{AttemptsUp, contactdb.Never, "", func() { c.Progress.Attempts = 3 }},
		{Final, contactdb.Never, "", func() { c.Progress.Final = "" }},
		{InCall, contactdb.Later, "2026-11-23T22:01:00+02:00", func() { c.Leased = false; c.Progress.NextTry = at.Add(time.Hour) }},
		{RetryDelay, contactdb.Later, "2026-11-23T23:00:00+02:00", func() { c.Progress.NextTry = at }},
		{DayCap, contactdb.Later, "2026-11-24T09:00:00+02:00", func() { c.NumberTries = c.NumberTries[1:] }},
		{OutsideHours, contactdb.Later, "2026-11-24T09:00:00+02:00", func() { at = now; c.Progress.NextTry = now }},
		{"", contactdb.Yes, "", func() {}},
	} {
		v := d.Judge(c, at)
		if v.Reason != step.reason || v.Kind != step.kind {
			t.Fatalf("got %v %q (%s), want %q", v.Kind, v.Reason, v.Detail, step.reason)
		}
		if step.when != "" && !v.When.Equal(instant(t, step.when)) {
			t.Errorf("%s: when is %v, want %s", v.Reason, v.When, step.when)
		}
		if (v.Kind == contactdb.Yes) != (v.Detail == "") {
			t.Errorf("%s: detail is %q", v.Reason, v.Detail)
		}
		step.remove()
	}
}

func TestTheDayOfTheCapIsCountedInEveryZone(t *testing.T) {
	d := campaignWith(t, "{daily: 00:00-24:00}")
	d.Attempts.PerDay = 1
	c := someone("Europe/Bucharest", "America/New_York")
	// 01:00 on the 24th in Bucharest, still the 23rd in New York.
	now := instant(t, "2026-11-24T01:00:00+02:00")
	c.NumberTries = []time.Time{instant(t, "2026-11-23T20:00:00+02:00")}
	v := d.Judge(c, now)
	want := instant(t, "2026-11-24T00:00:00-05:00")
	if v.Reason != DayCap || !v.When.Equal(want) {
		t.Errorf("got %q %v (%s), want the midnight of New York", v.Reason, v.When, v.Detail)
	}
}

func TestTomorrowBeginsAtTheFirstInstantOfAnotherDate(t *testing.T) {
	for _, tt := range []struct{ name, zone, now, want string }{
		{"midnight", "Europe/Bucharest", "2026-11-23T10:00:00Z", "2026-11-23T22:00:00Z"},
		{"midnight itself", "Europe/Bucharest", "2026-11-23T22:00:00Z", "2026-11-24T22:00:00Z"},
		{"the day of 23 hours", "Europe/Bucharest", "2026-03-29T00:30:00Z", "2026-03-29T21:00:00Z"},
		{"the day of 25 hours", "Europe/Bucharest", "2026-10-25T00:30:00Z", "2026-10-25T22:00:00Z"},
		{"midnight is skipped", "America/Sao_Paulo", "2018-11-04T02:30:00Z", "2018-11-04T03:00:00Z"},
		{"an hour before midnight comes twice", "America/Sao_Paulo", "2018-02-18T01:30:00Z", "2018-02-18T03:00:00Z"},
		{"midnight comes twice", "America/Havana", "2026-11-01T03:30:00Z", "2026-11-01T04:00:00Z"},
		{"the clock goes back over midnight: before", "America/St_Johns", "2010-11-07T02:29:00Z", "2010-11-07T02:30:00Z"},
		{"the clock goes back over midnight: between", "America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-07T02:31:00Z"},
		{"the clock goes back over midnight: after", "America/St_Johns", "2010-11-07T02:31:00Z", "2010-11-07T03:30:00Z"},
		{"a day is left out", "Pacific/Apia", "2011-12-30T09:00:00Z", "2011-12-30T10:00:00Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := tomorrow(instant(t, tt.now).In(places[tt.zone]))
			if want := instant(t, tt.want); !got.Equal(want) {
				t.Errorf("got %v, want %v", got, want.In(places[tt.zone]))
			}
		})
	}
}

func TestACallbackKeepsItsTimeButNotOutsideHours(t *testing.T) {
	d := Default("spring")
	c := someone("Europe/Bucharest")
	c.Progress = contactdb.Progress{Attempts: 1, Rescheduled: true, NextTry: instant(t, "2026-11-23T20:30:00+02:00")}
	if v := d.Judge(c, instant(t, noonOnMonday)); v.Reason != RetryDelay || !v.When.Equal(c.Progress.NextTry) {
		t.Errorf("before its time: %q %v", v.Reason, v.When)
	}
	if v := d.Judge(c, c.Progress.NextTry); v.Reason != OutsideHours || !v.When.Equal(instant(t, "2026-11-24T09:00:00+02:00")) {
		t.Errorf("at its time: %q %v", v.Reason, v.When)
	}
}

func TestZonesThatAreNeverOpenTogetherSaySo(t *testing.T) {
	d := campaignWith(t, "{daily: 09:00-11:00}")
	now := instant(t, noonOnMonday)
	v := d.Judge(someone("Europe/Bucharest", "America/New_York"), now)
	if v.Kind != contactdb.Later || !v.When.Equal(now.Add(horizon)) {
		t.Errorf("got %v %v", v.Kind, v.When)
	}
	want := "the call windows in Europe/Bucharest, America/New_York are not open together within two weeks; widen windows:, or correct the contact's zones"
	if diff := cmp.Diff(want, v.Detail); diff != "" {
		t.Error(diff)
	}
}

// allowed is the oracle of hours and day cap, minute by minute.
func allowed(d *Definition, c contactdb.Candidate, at time.Time) bool {
	for _, zone := range c.Zones {
		place := places[zone]
		today := 0
		for _, try := range c.NumberTries {
			if try.In(place).Format(time.DateOnly) == at.In(place).Format(time.DateOnly) {
				today++
			}
		}
		if today >= d.Attempts.PerDay {
			return false
		}
	}
	return openByWall(d.Windows, c.Zones, at)
}

func TestJudgeAgreesWithAWalkMinuteByMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Default("spring")
		d.Windows = genWindows().Draw(t, "windows")
		d.Attempts.PerDay = rapid.IntRange(1, 3).Draw(t, "per day")
		c := someone(rapid.SliceOfNDistinct(rapid.SampledFrom(oddZones), 1, 2, rapid.ID).Draw(t, "zones")...)
		now := genInstant().Draw(t, "now")
		for _, ago := range rapid.SliceOfN(rapid.IntRange(1, 48*60), 0, 5).Draw(t, "tries, minutes ago") {
			c.NumberTries = append(c.NumberTries, now.Add(-time.Duration(ago)*time.Minute))
		}

		v := d.Judge(c, now)
		if got, want := v.Kind == contactdb.Yes, allowed(d, c, now); got != want {
			t.Fatalf("judge says %v (%s), the walk says %v", v.Kind, v.Detail, want)
		}
		if v.Kind == contactdb.Yes {
			return
		}
		want := now
		for end := now.Add(13 * 24 * time.Hour); want.Before(end) && !allowed(d, c, want); {
			want = want.Add(time.Minute)
		}
		if want.Before(now.Add(13*24*time.Hour)) && !v.When.Equal(want) {
			t.Fatalf("%s: judge says %v, the walk says %v", v.Reason, v.When, want)
		}
		if v.When.Before(want) {
			t.Fatalf("%s: judge says %v, but the walk found nothing before %v", v.Reason, v.When, want)
		}
	})
}

// A year of one number in two campaigns, dialed whenever the judge says yes.
func TestAYearOfDialingBreachesNoLimit(t *testing.T) {
	seeds := uint64(16)
	if testing.Short() {
		seeds = 6
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { dialForAYear(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func dialForAYear(t *testing.T, r *rand.Rand) {
	campaigns := []*Definition{Default("spring"), Default("summer")}
	for _, d := range campaigns {
		d.Attempts = Attempts{Max: 1 + r.IntN(200), PerDay: 2, PerWeek: 3 + r.IntN(4), Per30Days: r.IntN(20), Retry: defaultRetry()}
		d.Attempts.Retry[contactdb.Human] = time.Duration(r.IntN(2)) * time.Minute
		d.Windows[1].Days[time.Sunday] = true // clocks change on Sundays
		d.Windows[1].From, d.Windows[1].To = 0, 24*time.Hour
	}
	first := r.IntN(len(oddZones))
	c := someone(oddZones[first], oddZones[(first+1+r.IntN(len(oddZones)-1))%len(oddZones)])
	progress := make([]contactdb.Progress, len(campaigns))
	days := map[string]int{}
	var all []time.Time
	for now := instant(t, "2026-01-01T00:00:00Z"); now.Year() == 2026; now = now.Add(time.Duration(1+r.IntN(90)) * time.Minute) {
		i := r.IntN(len(campaigns))
		d, p := campaigns[i], &progress[i]
		c.Progress = *p
		v := d.Judge(c, now)
		if v.Kind == contactdb.Later && v.When.Before(now) {
			t.Fatalf("later, but %v is before %v", v.When, now)
		}
		if v.Kind != contactdb.Yes {
			continue
		}
		if !openByWall(d.Windows, c.Zones, now) {
			t.Fatalf("dialed at %v, outside hours", now)
		}
		if now.Before(p.NextTry) {
			t.Fatalf("dialed at %v, before %v", now, p.NextTry)
		}
		for _, zone := range c.Zones {
			day := zone + now.In(places[zone]).Format(time.DateOnly)
			if days[day]++; days[day] > d.Attempts.PerDay {
				t.Fatalf("%d calls on %s", days[day], day)
			}
		}
		for span, most := range map[time.Duration]int{7 * aDay: d.Attempts.PerWeek, 30 * aDay: d.Attempts.Per30Days} {
			if n := within(all, now, span); most > 0 && n >= most {
				t.Fatalf("%d calls in %v, the limit is %d", n+1, span, most)
			}
		}
		all = append(all, now)
		p.Attempts++
		if p.Attempts > d.Attempts.Max {
			t.Fatalf("%d attempts, the limit is %d", p.Attempts, d.Attempts.Max)
		}
		c.NumberTries = all[max(0, len(all)-64):] // as many as the store keeps
		p.LastOutcome = contactdb.Outcomes[r.IntN(len(contactdb.Outcomes))]
		p.NextTry, p.Final = d.NextTry(contactdb.Attempt{Number: p.Attempts}, p.LastOutcome, "", now)
		if p.Final != "" && p.Final != AttemptsUp {
			p.Final = "" // the test wants to reach the limits
		}
	}
}

func BenchmarkJudge(b *testing.B) {
	d := Default("spring")
	now := instant(b, noonOnMonday)
	for _, bench := range []struct {
		name string
		c    contactdb.Candidate
		now  time.Time
	}{
		{"yes", someone("Europe/Bucharest"), now},
		{"yes in two zones", someone("Europe/Bucharest", "Europe/Chisinau"), now},
		{"outside hours", someone("Europe/Bucharest"), now.Add(10 * time.Hour)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				d.Judge(bench.c, bench.now)
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	d := Default("spring")
	now := instant(b, noonOnMonday)
	for name, at := range map[string]time.Time{"open": now, "closed": now.Add(10 * time.Hour)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			zones := []string{"Europe/Bucharest"}
			for b.Loop() {
				d.Open(zones, at)
			}
		})
	}
}

func TestJudgeKnowsTheSchedule(t *testing.T) {
	d := Default("spring")
	d.Schedule = Schedule{Start: time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC), End: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	c := contactdb.Candidate{Contact: contactdb.Contact{Phone: "+40722000000", Region: "RO", Zones: []string{"Europe/Bucharest"}}}
	for _, x := range []struct {
		now    time.Time
		kind   contactdb.VerdictKind
		reason string
		when   time.Time
	}{
		{time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), contactdb.Later, NotStarted, time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC)},
		{time.Date(2026, 11, 24, 7, 0, 0, 0, time.UTC), contactdb.Yes, "", time.Time{}},
		{time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC), contactdb.Never, Ended, time.Time{}},
	} {
		if v := d.Judge(c, x.now); v.Kind != x.kind || v.Reason != x.reason || !v.When.Equal(x.when) {
			t.Errorf("at %s: %+v, want %v %q at %s", x.now, v, x.kind, x.reason, x.when)
		}
	}
}
