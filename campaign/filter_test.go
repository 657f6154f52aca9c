package campaign

import (
	"strings"
	"testing"
	"time"

	"apel/contactdb"
)

func TestAFilterChoosesByTheFieldsOfAContact(t *testing.T) {
	c := contactdb.Candidate{Contact: contactdb.Contact{
		Phone: "+40712345678", City: "Iași", Tags: []string{"vip"}, ImportedAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		Consent: &contactdb.Consent{Kind: "marketing"},
		Fields:  map[string]string{"balance": "1.234,50", "debt": "1 000", "since": "01.02.2023", "product": "fibre", "odd": "n/a", "E-mail 2": "x"},
	}}
	for _, tt := range []struct {
		filter, fails string
	}{
		{`city == "Iași" && balance > 100`, ""},
		{`city == "Cluj" && balance > 100`, `city == "Cluj"`},
		{`city == "Iași" and balance > 2000`, `balance > 2000`},
		{`balance > debt`, ""},
		{`balance * 2 > 2469`, "balance * 2 > 2469"},
		{`balance - debt == 234.5`, ""},
		{`-balance < 0`, ""},
		{`since < date("2024-01-01")`, ""},
		{`since >= date("2023-02-02")`, `since >= date("2023-02-02")`},
		{`imported_at > date("2026-02-28")`, ""},
		{`product in ["fibre", "mobile"]`, ""},
		{`product startsWith "fib" and product matches "^f.*e$"`, ""},
		{`lower(city) contains "iaș"`, ""},
		{`lower(product) == "fibre"`, ""},
		{`"vip" in tags`, ""},
		{`any(tags, # == "vip")`, ""},
		{`consent == "marketing" and attempts < 3`, ""},
		{`odd > 0`, "odd > 0"},
		{`odd <= 0`, "odd <= 0"},
		{`missing > 0 or missing <= 0`, "missing > 0 or missing <= 0"},
		{`missing == ""`, ""},
		{`fields["E-mail 2"] == "x"`, ""},
		{`not (product == "fibre")`, `not (product == "fibre")`},
	} {
		f, err := parseFilter(tt.filter)
		if err != nil {
			t.Errorf("%s: %v (%s)", tt.filter, err, err.Instead)
			continue
		}
		if got := f.fails(c); got != tt.fails {
			t.Errorf("%s: fails %q, want %q", tt.filter, got, tt.fails)
		}
	}
}

func TestAFilterThatCannotBeMeantIsRefusedWithItsPlace(t *testing.T) {
	for _, tt := range []struct {
		filter string
		at     int
		part   string
	}{
		{`city > 100`, 5, "mismatched types"},
		{`city == "Iași" && balanc`, 18, "balanc"},
		{`city == `, 7, "unexpected token"},
		{`balance + 1`, 0, "expected bool"},
		{`citty == "a" && cityy`, 16, "cityy"},
		{`now() > date("2024-01-01")`, 0, "now"},
		{`shout(city) == "A"`, 0, "shout"},
		{strings.Repeat("x == 1 or ", 300) + "x == 1", 2000, "at most 2000"},
	} {
		_, err := parseFilter(tt.filter)
		if err == nil {
			t.Errorf("%s was taken", tt.filter)
			continue
		}
		if !strings.Contains(err.Problem, tt.part) || strings.Contains(err.Problem, "\n") || err.At != tt.at {
			t.Errorf("%.40s: at %d %q, want at %d %q", tt.filter, err.At, err.Problem, tt.at, tt.part)
		}
	}
}

func TestFieldsThatNoContactHasAreNamed(t *testing.T) {
	d := Default("spring")
	d.Filter = mustFilter(t, `balanc > 100 and city == "Iași" and fields["E-mail 2"] == "x" and since < date("2024-01-01") and any(tags, # == "vip")`)
	d.Lists = []List{{Name: "a", Order: "highest balance"}, {Name: "empty"}}
	got := strings.Join(d.FieldWarnings(map[string][]string{"a": {"balance", "since"}}), "\n")
	want := `no contact of list "a" that was looked at has a field "E-mail 2"; it has balance, since
no contact of list "a" that was looked at has a field "balanc"; did you mean "balance"?`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{`city == "Iași" && balance > 100`, `"vip" in tags`, `a ? b : c`, `map(tags, #) == ["a"]`, `let x = 1; x > balance`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		filter, err := parseFilter(source)
		if err != nil {
			if err.Problem == "" || err.At < 0 || err.At > len([]rune(source)) {
				t.Fatalf("at %d of %q: %q", err.At, source, err.Problem)
			}
			return
		}
		filter.fails(contactdb.Candidate{Contact: contactdb.Contact{Fields: map[string]string{"balance": "1"}}})
	})
}

func BenchmarkFilter(b *testing.B) {
	f, _ := parseFilter(`city == "Iași" && balance > 100`)
	c := contactdb.Candidate{Contact: contactdb.Contact{City: "Iași", Fields: map[string]string{"balance": "101"}}}
	b.ReportAllocs()
	for b.Loop() {
		if f.fails(c) != "" {
			b.Fatal("it fits")
		}
	}
}
