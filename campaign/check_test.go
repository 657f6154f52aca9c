package campaign

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatKeepsACampaignFromRunningIsSaidWithTheNextStep(t *testing.T) {
	d := Default("spring")
	d.Lists, d.Trunks = []List{{Name: "leads"}, {Name: "gone"}}, []string{"acme", "acmee"}
	d.Teams, d.Operators = []string{"north"}, []string{"ana", "dan"}
	d.CallerID = []CallerID{{Number: "+40312345678"}, {Number: "+40312345679"}}
	k := Known{
		Lists: []string{"leads"}, Trunks: []string{"acme"}, Operators: []string{"ana"},
		CallerIDs: map[string][]string{"acme": {"+40312345678"}},
	}
	want := []string{
		`there is no list "gone"; import it: apel list import FILE --name gone`,
		`there is no trunk "acmee" (did you mean "acme"?); add trunk acmee to apel.yaml, or name another in the campaign`,
		`there is no team "north"; add it: apel team add north`,
		`there is no operator "dan"; add the account: apel operator add dan`,
		`caller ID +40312345679 is not allowed on trunk "acme"; use one of +40312345678, or add it to the trunk in apel.yaml once the carrier has verified it`,
	}
	if diff := cmp.Diff(want, sentences(d.Check(k))); diff != "" {
		t.Error(diff)
	}

	d = Default("spring")
	d.Trunks = []string{"acme"}
	want = []string{`campaign "spring" shows no number to those it calls; write caller-id: with a number that you may show`}
	if diff := cmp.Diff(want, sentences(d.Check(Known{Lists: []string{"spring"}, Trunks: []string{"acme"}}))); diff != "" {
		t.Error(diff)
	}
}

func TestADetectorThatHasTooLittleTimeIsWarnedOf(t *testing.T) {
	for within, want := range map[time.Duration]int{1500 * time.Millisecond: 1, 2 * time.Second: 1, 2950 * time.Millisecond: 0} {
		d := Default("spring")
		d.Detector.DecideWithin = within
		if got := d.Warnings(); len(got) != want || want > 0 && !strings.Contains(got[0], "decide-within is "+formatSpan(within)) {
			t.Errorf("%s: %q", within, got)
		}
		d.Detector.Off = true
		if got := d.Warnings(); len(got) > 0 {
			t.Errorf("without a detector: %q", got)
		}
	}
}

func TestTheDefaultsBreakNoRuleAnywhere(t *testing.T) {
	for country := range countries {
		d := Default("spring")
		d.Country, d.Trunks, d.CallerID = country, []string{"acme"}, []CallerID{{Number: "+40312345678"}}
		if problems := d.Check(Known{Lists: []string{"spring"}, Trunks: []string{"acme"}}); len(problems) > 0 {
			t.Errorf("%s: %v", country, problems)
		}
	}
}

func TestSettingsBeyondTheRulesOfTheCountryAreBreaches(t *testing.T) {
	d := Default("spring")
	d.Trunks, d.CallerID = []string{"acme"}, []CallerID{{Number: "+12125550100"}}
	d.RingTime = 10 * time.Second
	d.Abandonment = Abandonment{Limit: 0.05, Window: 30 * 24 * time.Hour, Within: 3 * time.Second, Retry: time.Hour}
	d.Windows[1].To = 22 * time.Hour
	known := Known{Lists: []string{"spring"}, Trunks: []string{"acme"}}
	for country, want := range map[string][]string{
		"": nil,
		"US": {
			"ring-time is 10s; let an unanswered call ring for 15s at least (47 CFR 64.1200(a)(6))",
			"abandonment: limit is 5%; write 3% at most (47 CFR 64.1200(a)(7))",
			"abandonment: within is 3s; write 2s at most (47 CFR 64.1200(a)(7))",
			"windows: 10:00-22:00 on sat goes beyond 08:00-21:00; shorten it (47 CFR 64.1200(c)(1))",
		},
		"GB": {
			"ring-time is 10s; let an unanswered call ring for 15s at least (" + ofcom + ")",
			"abandonment: limit is 5%; write 3% at most (" + ofcom + ")",
			"abandonment: window is 720h; write 24h at most (" + ofcom + ")",
			"abandonment: within is 3s; write 2s at most (" + ofcom + ")",
			"abandonment: retry is 1h; let an abandoned number rest for 72h (" + ofcom + ")",
		},
	} {
		d.Country = country
		problems := d.Check(known)
		if diff := cmp.Diff(want, sentences(problems)); diff != "" {
			t.Errorf("%q: %s", country, diff)
		}
		for _, p := range problems {
			if b := (*Breach)(nil); !errors.As(p, &b) {
				t.Errorf("%q is no breach", p)
			}
		}
	}
}

func sentences(problems []error) []string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Error())
	}
	return all
}

func TestARecordedMessageIsLeftOnlyWithConsent(t *testing.T) {
	known := Known{Lists: []string{"spring"}, Trunks: []string{"acme"}}
	for country, rule := range map[string]string{"RO": "Legea 506/2004, articolul 12(1)", "FR": "Directive 2002/58/EC, article 13(1)", "US": "47 CFR 64.1200(a)(1) to (3)", "GB": "Privacy and Electronic Communications Regulations 2003, regulation 19", "JP": ""} {
		d := Default("spring")
		d.Country, d.Trunks, d.CallerID = country, []string{"acme"}, []CallerID{{Number: "+40312345678"}}
		d.VoiceDrop.Message = "drop.wav"
		var breach *Breach
		for _, problem := range d.Check(known) {
			if !errors.As(problem, &breach) {
				t.Errorf("%s: %v", country, problem)
			}
		}
		if rule == "" && breach != nil || rule != "" && (breach == nil || breach.Rule != rule) {
			t.Errorf("%s: breach %v, want of %q", country, breach, rule)
		}
		d.VoiceDrop.Consent = "on the order form"
		if problems := d.Check(known); len(problems) > 0 {
			t.Errorf("%s, with consent: %v", country, problems)
		}
	}
}
