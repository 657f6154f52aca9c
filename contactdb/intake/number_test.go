package intake

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestANumberIsUnderstoodInEverySpelling(t *testing.T) {
	for _, c := range []struct{ written, country, want string }{
		{"+40722123456", "", "+40722123456"},
		{"+40 722 123 456", "", "+40722123456"},
		{"+40-722-123-456", "", "+40722123456"},
		{"+40.722.123.456", "", "+40722123456"},
		{"+40 (0)722 123 456", "", "+40722123456"},
		{"+40 (722) 123 456", "", "+40722123456"},
		{"＋40７22123456", "", "+40722123456"},
		{"0040722123456", "", "+40722123456"},
		{"00 40 722 123 456", "RO", "+40722123456"},
		{"0040 722 123 456", "US", "+40722123456"},
		{"40722123456", "RO", "+40722123456"},
		{"722123456", "RO", "+40722123456"},
		{"722123456", "ro", "+40722123456"},
		{"0722123456", "RO", "+40722123456"},
		{"0722 123 456", "RO", "+40722123456"},
		{"0722-123-456", "RO", "+40722123456"},
		{"0722.123.456", "RO", "+40722123456"},
		{"0722/123456", "RO", "+40722123456"},
		{"0722/123.456", "RO", "+40722123456"},
		{"(0722) 123 456", "RO", "+40722123456"},
		{"  0722 123 456\t", "RO", "+40722123456"},
		{"0722\u00A0123\u00A0456", "RO", "+40722123456"},
		{"0722\u202F123\u2009456", "RO", "+40722123456"},
		{"\u202A+40 722 123 456\u202C", "", "+40722123456"},
		{"0722\u200B123456", "RO", "+40722123456"},
		{"0722–123–456", "RO", "+40722123456"},
		{"'0722123456", "RO", "+40722123456"},
		{"’0722123456", "RO", "+40722123456"},
		{`="0722123456"`, "RO", "+40722123456"},
		{"=+40722123456", "", "+40722123456"},
		{`"0722123456"`, "RO", "+40722123456"},
		{"722123456.0", "RO", "+40722123456"},
		{"722123456,00", "RO", "+40722123456"},
		{"tel:+40-722-123-456", "", "+40722123456"},
		{"Tel.: 0722 123 456", "RO", "+40722123456"},
		{"mobil 0722123456", "RO", "+40722123456"},
		{"callto:+40722123456", "", "+40722123456"},
		{"٠٧٢٢١٢٣٤٥٦", "RO", "+40722123456"},
		{"0722123456 (mobil)", "RO", "+40722123456"},
		{"(0722) 123 456 - acasă", "RO", "+40722123456"},
		{"tel. 021 345 67 89 birou", "RO", "+40213456789"},
		{"0722123456,", "RO", "+40722123456"},
		{"+40722123456 ;", "", "+40722123456"},
		{"021 345 67 89", "RO", "+40213456789"},
		{"021/345.67.89", "RO", "+40213456789"},
		{"(212) 555-0123", "US", "+12125550123"},
		{"1-212-555-0123", "US", "+12125550123"},
		{"011 44 20 7946 0123", "US", "+442079460123"},
		{"020 7946 0123", "GB", "+442079460123"},
	} {
		n, err := ParseNumber(c.written, c.country)
		if err != nil || n.E164 != c.want {
			t.Errorf("%q in %q: got %q, %v, want %q", c.written, c.country, n.E164, err, c.want)
		}
	}
}

func TestAnExtensionIsKeptApart(t *testing.T) {
	for _, c := range []struct{ written, want string }{
		{"0213456789 ext 12", "12"},
		{"0213456789 ext. 12", "12"},
		{"0213456789x12", "12"},
		{"0213456789 int. 12", "12"},
		{"0213456789 interior 12", "12"},
		{"0213456789, interior: 104", "104"},
		{"tel:+40-21-345-67-89;ext=7", "7"},
	} {
		n, err := ParseNumber(c.written, "RO")
		if err != nil || n.E164 != "+40213456789" || n.Extension != c.want {
			t.Errorf("%q: got %+v, %v", c.written, n, err)
		}
	}
}

func TestANumberCarriesTypeRegionAndEveryZoneItMayBeIn(t *testing.T) {
	for _, c := range []struct {
		written string
		want    Number
	}{
		{"+40700000001", Number{E164: "+40700000001", Type: "mobile", Region: "RO", Zones: []string{"Europe/Bucharest"}}},
		{"+40213456789", Number{E164: "+40213456789", Type: "fixed-line", Region: "RO", Zones: []string{"Europe/Bucharest"}}},
		{"+12125550123", Number{E164: "+12125550123", Type: "fixed-or-mobile", Region: "US", Zones: []string{"America/New_York"}}},
		{"+40800123456", Number{E164: "+40800123456", Type: "toll-free", Region: "RO", Zones: []string{"Europe/Bucharest"}}},
		{"+40906123456", Number{E164: "+40906123456", Type: "premium", Region: "RO", Zones: []string{"Europe/Bucharest"}}},
		{"+80012345678", Number{E164: "+80012345678", Type: "toll-free"}},
	} {
		got, err := ParseNumber(c.written, "")
		if err != nil {
			t.Errorf("%s: %v", c.written, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.written, diff)
		}
	}
	n, err := ParseNumber("+1 800 555 0199", "")
	if err != nil || len(n.Zones) < 10 || !slices.IsSorted(n.Zones) || !slices.Contains(n.Zones, "America/Los_Angeles") {
		t.Errorf("a toll-free number may be in any zone of its plan: %v, %v", n.Zones, err)
	}
}

func TestCallersMayChangeTheZonesTheyGot(t *testing.T) {
	first, err := ParseNumber("+18005550199", "")
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Clone(first.Zones)
	for i := range first.Zones {
		first.Zones[i] = "changed"
	}
	again, err := ParseNumber("+18005550199", "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, again.Zones); diff != "" {
		t.Error(diff)
	}
}

func TestAWrongNumberIsRefusedWithTheNextStep(t *testing.T) {
	for _, c := range []struct{ written, country, want string }{
		{"", "RO", "there is no phone number; fill it in"},
		{" '' ", "RO", "there is no phone number; fill it in"},
		{"0722", "RO", `"0722" is too short for RO; write the whole number, like +40`},
		{"112", "RO", `"112" is too short for RO`},
		{"0722 123 456 789", "RO", `"0722 123 456 789" is too long for RO`},
		{"+44 7700 900123", "RO", `is in no range of numbers that GB uses; check its digits`},
		{"+999 123 456 789", "RO", "begins with a country code that does not exist"},
		{"+", "RO", "is not a phone number"},
		{"00", "", "is not a phone number"},
		{"0722123456", "", "has no country code; write it with a plus and the country code, or say whose national numbers these are (--country RO)"},
		{"40722123456", "GB", "is too long for GB; write the whole number, like +44"},
		{"40722123456", "GB", "if it is a number of RO, write the plus before it"},
		{"4.07E+10", "RO", "digits were lost; format the column as text in the original and export it again"},
		{"4,07E+10", "RO", "digits were lost"},
		{"4.0722E10", "RO", "digits were lost"},
		{"+4.07e+10", "RO", "digits were lost"},
		{"0722 ABC 456", "RO", "has letters in it; write the number in digits"},
		{"1-800-FLOWERS", "US", "has letters in it"},
		{"unknown", "RO", "has letters in it"},
		{"0722123456 / 0723123456", "RO", "looks like more than one number"},
		{"0722123456;0723123456", "RO", "looks like more than one number"},
		{"0722123456, 0723123456", "RO", "looks like more than one number"},
		{"0722123456 sau 0723123456", "RO", "looks like more than one number"},
		{"0722123456\n0723123456", "RO", "looks like more than one number"},
		{"-----", "RO", "is not a phone number"},
		{strings.Repeat("7", 300), "RO", "is too long for a phone number"},
		{"0722123456", "XX", `"XX" is not a country of the numbering plan`},
		{"0722123456", "Romania", `"Romania" is not a country`},
	} {
		n, err := ParseNumber(c.written, c.country)
		if err == nil {
			t.Errorf("%q in %q: got %+v, want an error with %q", c.written, c.country, n, c.want)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q in %q: got %q, want %q in it", c.written, c.country, err, c.want)
		}
	}
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"0722123456", "+1 212 555 0123 ext. 7", `="0722"`, "4.07E+10", "tel:+40-21;ext=7", "\xff", "+800 1234 5678"} {
		f.Add(s, "RO")
	}
	f.Fuzz(func(t *testing.T, s, country string) {
		n, err := ParseNumber(s, country)
		if err != nil {
			return
		}
		again, err := ParseNumber(n.E164, "")
		n.Extension = ""
		if diff := cmp.Diff(n, again); diff != "" || err != nil {
			t.Errorf("%q in %q became %s, which reads differently: %v\n%s", s, country, n.E164, err, diff)
		}
	})
}
