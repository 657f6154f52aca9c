package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"apel/dialer/simulate"

	"github.com/google/go-cmp/cmp"
)

func TestATableAlignsNumbersRightAndShowsNoControlCharacters(t *testing.T) {
	tab := newTable("name", ">contacts", "at")
	tab.row("Ștefan", 1234567, time.Time{})
	tab.row("a\x1b[2Jb\n", 12, time.Time{})
	var b bytes.Buffer
	tab.write(&b)
	want := "" +
		"NAME      CONTACTS  AT\n" +
		"Ștefan   1,234,567  -\n" +
		"a\uFFFD[2Jb\uFFFD         12  -\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNumbersAreWrittenInThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 50190: "50,190", 1234567: "1,234,567", -12345: "-12,345"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %q, want %q", n, got, want)
		}
	}
}

func TestPrintedJSONKeepsEveryKeyOfTheAnswer(t *testing.T) {
	var b bytes.Buffer
	if err := printJSON(&b, []byte(`{"b":1,"a":[],"new":{"x":1.50}}`+"\n")); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"b\": 1,\n  \"a\": [],\n  \"new\": {\n    \"x\": 1.50\n  }\n}\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestProgressSpeaksOnlyAfterAWhileAndOnALineOfItsOwn(t *testing.T) {
	var said bytes.Buffer
	a := &app{std: stdio{err: &said}}
	p := a.progress("importing", bytes.NewReader(make([]byte, 2_000_000)), 4_000_000)
	if _, err := io.CopyN(io.Discard, p, 1_000_000); err != nil {
		t.Fatal(err)
	}
	if said.Len() > 0 {
		t.Errorf("it said %q at once", said.String())
	}
	p.next = time.Time{} // as if ten seconds had passed
	if _, err := io.ReadFull(p, make([]byte, 1_000_000)); err != nil {
		t.Fatal(err)
	}
	p.done()
	if diff := cmp.Diff("importing: 2.0 MB of 4.0 MB (50 %)\n", said.String()); diff != "" {
		t.Error(diff)
	}
}

func TestASeatingSaysOfItsTeamsWhatItsTableSays(t *testing.T) {
	var out strings.Builder
	writeSeating(&out, simulate.Seating{Contacts: 1500, WithinMS: 8 * 3600_000, Seeds: 5, Least: 8, Half: 9, Sure: 10,
		Tried: []simulate.Seated{{Operators: 7}, {Operators: 8, Finished: 1}, {Operators: 9, Finished: 4}, {Operators: 10, Finished: 5}}})
	said, _, _ := strings.Cut(out.String(), "\n")
	if want := "to call 1,500 contacts through within 8h, seat 10 operators: all of 5 shifts were done in time; with 9 operators 4 of them; with fewer than 8 none"; said != want {
		t.Errorf("%s\nwanted\n%s", said, want)
	}
}
