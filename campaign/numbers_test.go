package campaign

import (
	"testing"
	"time"

	"apel/contactdb"
)

// several is a contact with a mobile, a home and a work number.
func several() contactdb.Candidate {
	c := someone("Europe/Bucharest")
	for _, phone := range []string{c.Phone, "+40212345678", "+40312345678"} {
		n := contactdb.Number{Phone: phone, Region: "RO", Zones: c.Zones}
		c.Numbers = append(c.Numbers, n)
		if phone != c.Phone {
			c.Others = append(c.Others, contactdb.Sight{Number: n})
		}
	}
	return c
}

func TestTheNextNumberIsTheOneThatWasTriedLeastAndMayBeCalled(t *testing.T) {
	now := instant(t, noonOnMonday)
	mobile, home, work := "+40712345678", "+40212345678", "+40312345678"
	for _, tt := range []struct {
		name   string
		set    func(d *Definition, c *contactdb.Candidate)
		phone  string
		reason string
	}{
		{"the first", func(*Definition, *contactdb.Candidate) {}, mobile, ""},
		{"the next in turn", func(_ *Definition, c *contactdb.Candidate) {
			c.Progress.Numbers = []contactdb.NumberProgress{{Phone: mobile, Attempts: 1, Outcome: "no-answer"}}
		}, home, ""},
		{"in a row", func(d *Definition, c *contactdb.Candidate) {
			d.Numbers.Order = InRow
			c.Progress.Numbers = []contactdb.NumberProgress{{Phone: mobile, Attempts: 1, Outcome: "no-answer"}}
		}, mobile, ""},
		{"a suppressed one is left out", func(_ *Definition, c *contactdb.Candidate) { c.Suppressed = &contactdb.Suppression{} }, home, ""},
		{"a dead one is left out", func(_ *Definition, c *contactdb.Candidate) {
			c.Progress.Numbers = []contactdb.NumberProgress{{Phone: mobile, Attempts: 1, Outcome: "no-answer"}, {Phone: home, Attempts: 0, Outcome: "fax"}}
		}, work, ""},
		{"one in a call is left out", func(_ *Definition, c *contactdb.Candidate) {
			c.Others[0].Leased = true
			c.NumberTries = []time.Time{now, now}
		}, work, ""},
		{"one at its cap is left out", func(d *Definition, c *contactdb.Candidate) { c.NumberTries = []time.Time{now, now} }, home, ""},
		{"a foreign one is left out", func(d *Definition, c *contactdb.Candidate) {
			d.Country, c.Region, c.Numbers[0].Region = "RO", "MD", "MD"
		}, home, ""},
		{"all suppressed", func(_ *Definition, c *contactdb.Candidate) {
			c.Suppressed, c.Others[0].Suppressed, c.Others[1].Suppressed = &contactdb.Suppression{}, &contactdb.Suppression{}, &contactdb.Suppression{}
		}, "", DoNotCall},
		{"all dead", func(_ *Definition, c *contactdb.Candidate) {
			for _, p := range []string{mobile, home, work} {
				c.Progress.Numbers = append(c.Progress.Numbers, contactdb.NumberProgress{Phone: p, Attempts: 1, Outcome: "invalid-number"})
			}
		}, "", contactdb.InvalidNumber},
		{"one suppressed, the others at their caps", func(_ *Definition, c *contactdb.Candidate) {
			c.Suppressed, c.Others[0].Tries, c.Others[1].Tries = &contactdb.Suppression{}, []time.Time{now, now}, []time.Time{now, now}
		}, "", DayCap},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d, c := Default("spring"), several()
			tt.set(d, &c)
			v := d.Judge(c, now)
			if v.Phone != tt.phone || v.Reason != tt.reason || (v.Kind == contactdb.Yes) != (tt.phone != "") {
				t.Errorf("got %+v, want %s %s", v, tt.phone, tt.reason)
			}
		})
	}
}

// At home in Bucharest, with a mobile of New York: each is called by its own clock.
func TestEachNumberIsJudgedByItsOwnClock(t *testing.T) {
	home, mobile := "+40212345678", "+12125550123"
	d := campaignWith(t, "{daily: 09:00-20:00}")
	for _, tt := range []struct{ now, zone, phone, when string }{
		{"2026-11-23T12:00:00+02:00", "", home, ""},
		{"2026-11-23T17:00:00+02:00", "", home, ""}, // both are open: the first
		{"2026-11-23T21:00:00+02:00", "", mobile, ""},
		{"2026-11-24T04:00:00+02:00", "", "", "2026-11-24T09:00:00+02:00"},
		{"2026-11-23T21:00:00+02:00", "Europe/Bucharest", "", "2026-11-24T09:00:00+02:00"}, // lives in Bucharest, and the mobile with them
		{"2026-11-23T12:00:00+02:00", "America/New_York", "", "2026-11-23T16:00:00+02:00"}, // moved: the phone at home is where it is, and they are not
	} {
		c := someone()
		c.Phone, c.NumberType, c.Zone = home, "fixed-line", tt.zone
		c.Contact.Numbers = []contactdb.Number{{Phone: home, Type: "fixed-line", Region: "RO", Zones: []string{"Europe/Bucharest"}},
			{Phone: mobile, Type: "mobile", Region: "US", Zones: []string{"America/New_York"}}}
		c.GatherZones(nil)
		c.Others = []contactdb.Sight{{Number: c.Contact.Numbers[1]}}
		now := instant(t, tt.now)
		v := d.Judge(c, now)
		if v.Phone != tt.phone || tt.when != "" && (v.Reason != OutsideHours || !v.When.Equal(instant(t, tt.when))) {
			t.Errorf("%s, living in %q: %+v, want %s %s", tt.now, tt.zone, v, tt.phone, tt.when)
		}
		open, next := d.OpenTo(c.Contact, now)
		if open != (tt.phone != "") || !open && !next.Equal(v.When) {
			t.Errorf("%s, living in %q: the table of hours says %v %v", tt.now, tt.zone, open, next)
		}
	}
	c := several()
	c.Contact.Numbers[1].Zones, c.Zones = []string{"Mars/Crater"}, []string{"Europe/Bucharest", "Mars/Crater"}
	c.Suppressed, c.Others[1].Suppressed = &contactdb.Suppression{}, &contactdb.Suppression{}
	c.Others[0].Number = c.Contact.Numbers[1]
	if v := d.Judge(c, instant(t, noonOnMonday)); v.Kind != contactdb.Never {
		t.Errorf("two numbers suppressed, of the third nobody knows the hour: %+v", v)
	}
}

func TestAnotherNumberIsTriedSoonAndADeadOneEndsNothing(t *testing.T) {
	d, now := Default("spring"), instant(t, noonOnMonday)
	for _, tt := range []struct {
		outcome string
		a       contactdb.Attempt
		delay   time.Duration
		final   string
	}{
		{contactdb.NoAnswer, contactdb.Attempt{Number: 1, Others: true, Fresher: true}, 15 * time.Minute, ""},
		{contactdb.NoAnswer, contactdb.Attempt{Number: 2, Others: true}, 4 * time.Hour, ""},
		{contactdb.Busy, contactdb.Attempt{Number: 1, Others: true, Fresher: true}, 15 * time.Minute, ""},
		{contactdb.InvalidNumber, contactdb.Attempt{Number: 1, Others: true, Fresher: true}, 15 * time.Minute, ""},
		{contactdb.InvalidNumber, contactdb.Attempt{Number: 2, Others: true}, 4 * time.Hour, ""},
		{contactdb.InvalidNumber, contactdb.Attempt{Number: 1}, 0, contactdb.InvalidNumber},
		{contactdb.Human, contactdb.Attempt{Number: 1, Others: true, Fresher: true}, 0, Talked},
		{contactdb.Abandoned, contactdb.Attempt{Number: 1, Others: true, Fresher: true}, 72 * time.Hour, ""},
		{contactdb.InvalidNumber, contactdb.Attempt{Number: 4, Others: true, Fresher: true}, 0, AttemptsUp},
	} {
		at, final := d.NextTry(tt.a, tt.outcome, "", now)
		if final != tt.final || final == "" && !at.Equal(now.Add(tt.delay)) {
			t.Errorf("%s of %+v: %v later, %q", tt.outcome, tt.a, at.Sub(now), final)
		}
	}
}

func TestConsentIsAskedFor(t *testing.T) {
	now := instant(t, noonOnMonday)
	for _, tt := range []struct {
		rule   Consent
		has    *contactdb.Consent
		reason string
	}{
		{Consent{}, nil, ""},
		{Consent{}, &contactdb.Consent{Kind: "withdrawn"}, ConsentWithdrawn},
		{Consent{}, &contactdb.Consent{Kind: "none"}, ConsentWithdrawn},
		{Consent{}, &contactdb.Consent{Kind: "marketing", Expires: now.Add(-1)}, ""},
		{Consent{Required: true}, nil, ConsentMissing},
		{Consent{Required: true}, &contactdb.Consent{Kind: "service"}, ""},
		{Consent{Required: true, Kinds: []string{"marketing"}}, &contactdb.Consent{Kind: "service"}, ConsentMissing},
		{Consent{Required: true}, &contactdb.Consent{Kind: "service", Expires: now}, ConsentExpired},
		{Consent{Required: true}, &contactdb.Consent{Kind: "service", Expires: now.Add(1)}, ""},
		{Consent{Required: true}, &contactdb.Consent{Kind: "service", At: now.Add(1)}, ConsentMissing},
	} {
		d, c := Default("spring"), someone("Europe/Bucharest")
		d.Consent, c.Consent = tt.rule, tt.has
		if v := d.Judge(c, now); v.Reason != tt.reason {
			t.Errorf("%+v with %+v: %q (%s), want %q", tt.rule, tt.has, v.Reason, v.Detail, tt.reason)
		}
	}
}

func TestThePromiseOfACallIsKeptBeyondTheMaxAndNotBeyondTheCaps(t *testing.T) {
	d, c, now := Default("spring"), someone("Europe/Bucharest"), instant(t, noonOnMonday)
	c.Progress = contactdb.Progress{Attempts: 4, Promise: &contactdb.Promise{At: now}, NextTry: now, Rescheduled: true}
	if v := d.Judge(c, now); v.Kind != contactdb.Yes {
		t.Errorf("a promise beyond the max: %+v", v)
	}
	c.NumberTries = []time.Time{now, now}
	if v := d.Judge(c, now); v.Reason != DayCap {
		t.Errorf("a promise beyond the cap of a day: %+v", v)
	}
	d.Callbacks.BeyondMax = false
	if v := d.Judge(c, now); v.Reason != AttemptsUp {
		t.Errorf("a promise that does not stand: %+v", v)
	}
}

func TestTheBestHourIsNamedOnlyWhereTheCallsShowOne(t *testing.T) {
	var h contactdb.Hours
	for i := 9; i < 20; i++ {
		h.Calls[i], h.Answers[i] = 300, 75
	}
	if _, why := BestHour(h); why != "" {
		t.Errorf("where all hours are alike: %s", why)
	}
	h.Answers[18] = 90 // 30 % of 300 is chance
	if _, why := BestHour(h); why != "" {
		t.Errorf("where it may be chance: %s", why)
	}
	h.Answers[18] = 150
	hour, why := BestHour(h)
	if hour != 18 || why == "" {
		t.Errorf("best hour %d (%s)", hour, why)
	}
	d, at := Default("spring"), instant(t, "2026-11-23T11:20:00+02:00")
	zones := []string{"Europe/Bucharest"}
	if got, want := d.InBestHour(h, contactdb.Contact{Phone: "+40712345678", Zones: zones}, contactdb.NoAnswer, at), instant(t, "2026-11-23T18:00:00+02:00"); !got.Equal(want) {
		t.Errorf("moved to %v, want %v", got, want)
	}
	if got := d.InBestHour(h, contactdb.Contact{Phone: "+40712345678", Zones: zones}, contactdb.Busy, at); !got.Equal(at) {
		t.Errorf("a busy number waits for the best hour: %v", got)
	}
	if got := d.InBestHour(h, contactdb.Contact{Phone: "+40712345678", Zones: zones}, contactdb.NoAnswer, instant(t, "2026-11-23T18:40:00+02:00")); got.Minute() != 40 {
		t.Errorf("within the hour: moved to %v", got)
	}
	d.Attempts.BestHour = false
	if got := d.InBestHour(h, contactdb.Contact{Phone: "+40712345678", Zones: zones}, contactdb.NoAnswer, at); !got.Equal(at) {
		t.Errorf("off, and moved to %v", got)
	}
}
