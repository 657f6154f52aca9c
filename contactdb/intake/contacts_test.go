package intake

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"apel/contactdb"
)

func TestARowBecomesAContactWithEveryColumn(t *testing.T) {
	f := mustOpen(t, "Prenume;Nume;Telefon;Mobil;E-mail;Oraș;Fus orar;Sold;Gol\n"+
		" Ștefan \u00A0Ion ;\"Pop\nescu\";0213456789 int. 12;0700 000 001;s@example.ro;Iași;Europe/Chisinau;=1+1;\n",
		Options{Country: "RO", List: "spring", Now: someDay})
	contacts, rejects, err := read(f)
	if err != nil || len(rejects) > 0 {
		t.Fatal(rejects, err)
	}
	want := []contactdb.Contact{{
		List: "spring", ImportedAt: someDay,
		Phone: "+40213456789", NumberType: "fixed-line", Region: "RO", Zones: []string{"Europe/Bucharest", "Europe/Chisinau"}, Zone: "Europe/Chisinau",
		Numbers: []contactdb.Number{
			{Phone: "+40213456789", Type: "fixed-line", Region: "RO", Zones: []string{"Europe/Bucharest"}},
			{Phone: "+40700000001", Kind: "mobile", Type: "mobile", Region: "RO", Zones: []string{"Europe/Bucharest"}},
		},
		Name: "Ștefan Ion Pop escu", FirstName: "Ștefan Ion", LastName: "Pop escu", Email: "s@example.ro", City: "Iași",
		Fields: map[string]string{"Sold": "=1+1", "extension": "12"},
	}}
	if diff := cmp.Diff(want, contacts); diff != "" {
		t.Error(diff)
	}
}

func TestTheFirstValidPhoneOfARowIsDialed(t *testing.T) {
	f := mustOpen(t, "phone,mobile\n,+40700000001\n0722,+40700000002\n+40700000003,+40700000004\n0722,0733\n,\"\"\n", Options{Country: "RO"})
	contacts, rejects, err := read(f)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range contacts {
		text := c.Phone + " " + c.Fields["phone"] + c.Fields["mobile"]
		for _, n := range c.Numbers {
			text += n.Kind + n.Phone
		}
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{"+40700000001 mobile+40700000001", "+40700000002 0722mobile+40700000002", "+40700000003 +40700000003mobile+40700000004"}, got); diff != "" {
		t.Error(diff)
	}
	if len(rejects) != 1 || !strings.HasPrefix(rejects[0].Reason, `"0722" is too short`) {
		t.Error(rejects)
	}
}

func TestARejectNamesTheLineWhereItsRowBegins(t *testing.T) {
	f := mustOpen(t, "phone,note\r\n\r\n0722,\"one\r\ntwo\r\nthree\"\r\n0723,x\r\n\n\r0724,y\r\n", Options{Country: "RO"})
	_, rejects, err := read(f)
	var lines []int
	for _, j := range rejects {
		lines = append(lines, j.Line)
	}
	if diff := cmp.Diff([]int{3, 6, 9}, lines); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestATimeZoneMustExist(t *testing.T) {
	for zone, ok := range map[string]bool{
		"Europe/Bucharest": true, "America/New York": true, "UTC": true, "Europe/London, Europe/Paris": true, "": true, " ": true,
		"Local": false, "../etc/passwd": false, "/etc/passwd": false, "Europe": false, "+02:00": false, "Mars/Olympus": false,
		"Europe/London; nowhere": false,
	} {
		f := mustOpen(t, "phone,timezone,x\n+40700000001,Europe/London,\n+40700000002,\""+zone+"\",\n", Options{})
		contacts, rejects, err := read(f)
		if err != nil || (len(contacts) == 2) != ok || len(contacts)+len(rejects) != 2 {
			t.Errorf("%q: contacts %v, rejects %v, %v", zone, contacts, rejects, err)
		}
	}
}

func TestAFileIsReadOnce(t *testing.T) {
	f := mustOpen(t, "phone\n+40700000001\n", Options{})
	if c, _, err := read(f); len(c) != 1 || err != nil {
		t.Fatal(c, err)
	}
	if c, _, err := read(f); len(c) != 0 || err == nil {
		t.Errorf("a second reading gave %v, %v", c, err)
	}
}

func TestAnErrorOfRejectEndsTheReading(t *testing.T) {
	full := errors.New("disk full")
	f := mustOpen(t, "phone\n+40700000001\n0722\n+40700000002\n", Options{Country: "RO"})
	var got []error
	for _, err := range f.Contacts(func(Reject) error { return full }) {
		got = append(got, err)
	}
	if len(got) != 2 || got[0] != nil || !errors.Is(got[1], full) {
		t.Errorf("got %v", got)
	}
}

func TestTheReaderStopsWhenItsCallerDoes(t *testing.T) {
	f := mustOpen(t, "phone\n+40700000001\n0722\n+40700000002\n+40700000003\n", Options{Country: "RO"})
	n := 0
	for range f.Contacts(nil) {
		if n++; n == 2 {
			break
		}
	}
	if rows, rejected := f.Counts(); n != 2 || rows != 3 || rejected != 1 {
		t.Errorf("%d contacts, %d rows, %d rejected", n, rows, rejected)
	}
}
