package intake

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHeaderNamesAreUnderstoodInEnglishAndRomanian(t *testing.T) {
	for field, names := range map[string][]string{
		"phone": {"phone", "Phone Number", "PHONE_NUMBER", "telephone", "tel", "Tel.", "mobile", "Mobile phone", "cell",
			"telefon", "Telefon mobil", "TELEFON_MOBIL", "nr. telefon", "Nr.Telefon", "nr telefon", "număr de telefon",
			"Numar de telefon", "NUMĂR DE TELEFON", "Număr telefon", "telefon 2", "mobil", "Număr  de\ntelefon"},
		"name":       {"name", "Full name", "full_name", "nume complet", "Nume și prenume", "Nume şi prenume", "nume si prenume", "NUME SI PRENUME"},
		"first_name": {"first name", "First_Name", "prenume", "Prenumele", "given name"},
		"last_name":  {"last name", "surname", "Nume de familie", "nume_familie"},
		"email":      {"email", "e-mail", "E_Mail", "mail", "Adresă de e-mail", "email address"},
		"city":       {"city", "town", "oraș", "oraş", "oras", "Orașul", "localitate"},
		"zone":       {"zone", "timezone", "time zone", "Time_Zone", "fus orar", "tz"},
		"":           {"fax", "balance", "sold", "observații", "cnp", "adresa", "vârsta", "line", "reason"},
	} {
		for _, n := range names {
			if got := fieldNamed(n); got != field {
				t.Errorf("%q is understood as %q, want %q", n, got, field)
			}
		}
	}
}

func TestColumnsAreUnderstoodTogether(t *testing.T) {
	const p = "+40700000001"
	for _, c := range []struct {
		title, data string
		o           Options
		want        []string
	}{
		{"nume beside prenume is the last name", "Nume,Prenume,Telefon\nPop,Ion," + p, Options{}, []string{"last_name", "first_name", "phone"}},
		{"nume alone is the name", "Nume,Telefon\nPop," + p, Options{}, []string{"name", "phone"}},
		{"nume beside nume de familie is the name", "Nume,Nume de familie,Prenume,Telefon\nIon Pop,Pop,Ion," + p, Options{}, []string{"name", "last_name", "first_name", "phone"}},
		{"several phones", "Telefon fix,Mobil,Fax\n," + p + ",", Options{}, []string{"phone", "phone", "free Fax"}},
		{"a mapped phone is the only one", "Telefon,Mobil\n," + p, Options{Map: map[string]string{"phone": "mobil"}}, []string{"free Telefon", "phone"}},
		{"a mapping by number", "a,b\nIon," + p, Options{Map: map[string]string{"phone": "2", "Nume": "1"}}, []string{"name", "phone"}},
		{"a mapping of a free field", "Sold,tel\n5," + p, Options{Map: map[string]string{"balance": "SOLD"}}, []string{"free balance", "phone"}},
		{"number is a phone when nothing else is", "Client,Numar\nIon," + p, Options{}, []string{"name", "phone"}},
		{"number is of the street beside a phone", "Strada,Numar,Telefon\nLalelelor,5," + p, Options{}, []string{"free Strada", "free Numar", "phone"}},
		{"a zone of sales is no time zone", "phone,zone\n" + p + ",North", Options{}, []string{"phone", "free zone"}},
		{"a zone of time is", "phone,zone\n" + p + ",\n" + p + ",Europe/London", Options{}, []string{"phone", "zone"}},
		{"names used twice or not at all", "phone,note,note,,name,name\n" + p + ",1,2,3,a,b", Options{}, []string{"phone", "free note", "free note (2)", "free column_4", "name", "free name (2)"}},
		{"no header, phone and e-mail by content", "Ion," + p + ",ion@example.com,7", Options{}, []string{"free column_1", "phone", "email", "free column_4"}},
		{"no header, mapped by number", "0700000001,0700000002", Options{Country: "RO", Map: map[string]string{"phone": "2"}}, []string{"free column_1", "phone"}},
		{"a first row with a damaged number is data", "Ion,4.07E+10\nAna,+40700000002\nVlad,+40700000003\nDan,+40700000004\nEva,+40700000005\nGelu,+40700000006", Options{}, []string{"free column_1", "phone"}},
	} {
		t.Run(c.title, func(t *testing.T) {
			var got []string
			for _, col := range mustOpen(t, c.data, c.o).Columns() {
				if col.Free {
					col.Field = "free " + col.Field
				}
				got = append(got, col.Field)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAColumnTellsAPersonHowItWasUnderstood(t *testing.T) {
	f := mustOpen(t, "Nr. telefon;Sold;Loc\n+40700000001;5;Iași\n", Options{Map: map[string]string{"city": "Loc"}})
	var got []string
	for _, c := range f.Columns() {
		got = append(got, c.String())
	}
	want := []string{`column 1 "Nr. telefon": phone (by its name)`, `column 2 "Sold": free field "Sold"`, `column 3 "Loc": city (by --map)`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestErrorsDoNotTellTheContentOfAFileWithoutHeader(t *testing.T) {
	_, err := Open(strings.NewReader("Ion Secret,0722123456,0733123456\n"), Options{Country: "RO"})
	if err == nil || strings.Contains(err.Error(), "Secret") || strings.Contains(err.Error(), "0722") {
		t.Errorf("got %v", err)
	}
}

func TestNumbersWithADecimalCommaAreKeptWithAPoint(t *testing.T) {
	const head = "Telefon;Sold;Cod;Dată;Preț\n"
	f := mustOpen(t, head+"0722000001;1.234,56;12,345;01.02.2026;12,5\n0722000002;;1,234;02.02.2026;n/a\n0722000003;-7;999;03.02.2026;3\n0722000004;2 000,5;1;04.02.2026;4\n", Options{Country: "RO"})
	contacts, _, err := read(f)
	if err != nil || len(contacts) != 4 {
		t.Fatal(contacts, err)
	}
	var got []map[string]string
	for _, c := range contacts {
		got = append(got, c.Fields)
	}
	want := []map[string]string{
		{"Sold": "1234.56", "Cod": "12,345", "Dată": "01.02.2026", "Preț": "12,5"}, // what may be English, or is a number here and there only, stays
		{"Cod": "1,234", "Dată": "02.02.2026", "Preț": "n/a"},
		{"Sold": "-7", "Cod": "999", "Dată": "03.02.2026", "Preț": "3"},
		{"Sold": "2000.5", "Cod": "1", "Dată": "04.02.2026", "Preț": "4"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if said := f.Columns()[1].String(); !strings.Contains(said, "decimal comma") {
		t.Errorf("it says %q", said)
	}
}

func TestAColumnThatMayBeTheClientsKeyIsOfferedAndNotTaken(t *testing.T) {
	for data, want := range map[string]bool{
		"ID,tel\nA7,+40722000001\nA9,+40722000002\n":                true,
		"id,tel\n1,+40722000001\n2,+40722000002\n":                  false, // counts the rows
		"ID,tel\nA7,+40722000001\nA7,+40722000002\n":                false,
		"ID,tel\nA7,+40722000001\n,+40722000002\n":                  false,
		"ID,Cod client,tel\nA7,1,+40722000001\nA9,2,+40722000002\n": false, // the key is there
	} {
		c := mustOpen(t, data, Options{}).Columns()[0]
		if c.Offer != want || !c.Free || strings.Contains(c.String(), "--map external_id="+c.Header) != want {
			t.Errorf("%q: %+v", data, c)
		}
	}
}
