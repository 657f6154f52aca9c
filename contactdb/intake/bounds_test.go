package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// endless repeats a text without holding more than one copy of it.
type endless struct {
	text string
	at   int
	left int64 // bytes still to come
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(int64(len(p)), e.left)], e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	e.left -= int64(n)
	return n, nil
}

func TestHugeRowsEndWithAnErrorInBoundedMemory(t *testing.T) {
	const size = 100 << 20
	const allowed = 24 << 20 // all that may be allocated in total: far less than the row
	for _, c := range []struct{ title, head, body, want string }{
		{"a line of 100 MB", "name,phone\nIon,+40700000001\n", "x", "line 3: the row is longer than 1 MB"},
		{"a first line of 100 MB", "", "phone ", "line 1: the row is longer than 1 MB"},
		{"a quote open for 100 MB", "name,phone\nIon,+40700000001\n\"", "x\n", "line 3: the quote that opens in column 1"},
		{"a row of 100 million columns", "name,phone\nIon,+40700000001\n", ",", "line 3: the row has more than 1000 columns"},
		{"a header of 10 million columns", "", "a name,", "line 1: the row has more than 1000 columns"},
		{"a line of 100 MB in Windows-1250", "name,phone\nIon,+40700000001\n", "\xfea", "line 3: the row is longer than 1 MB"},
	} {
		t.Run(c.title, func(t *testing.T) {
			src := io.MultiReader(strings.NewReader(c.head), &endless{text: strings.Repeat(c.body, 1000), left: size})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, err := Open(src, Options{})
			if err == nil {
				_, _, err = read(f)
			}
			runtime.ReadMemStats(&after)
			if fe := new(FileError); !errors.As(err, &fe) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > allowed {
				t.Errorf("%d MB were allocated", got>>20)
			}
		})
	}
}

func TestBlankLinesAreNoRowsHoweverMany(t *testing.T) {
	src := io.MultiReader(strings.NewReader("phone;name\n+40700000001;Ion\n"), &endless{text: strings.Repeat(" ;\n", 1000), left: 2 << 20})
	f, err := Open(src, Options{})
	if err != nil {
		t.Fatal(err)
	}
	contacts, rejects, err := read(f)
	if len(contacts) != 1 || len(rejects) != 0 || err != nil {
		t.Errorf("%d contacts, %d rejects, %v", len(contacts), len(rejects), err)
	}
}

func BenchmarkContacts(b *testing.B) {
	var text bytes.Buffer
	const rows = 10_000
	text.WriteString("Nume;Prenume;Telefon;E-mail;Oraș;Sold;c1;c2;c3;c4;c5;c6\n")
	for i := range rows {
		fmt.Fprintf(&text, "Popescu;Ștefan;0700 %03d %03d;s%d@example.ro;Iași;%d,50;a;b;c;d;e;f\n", i/1000, i%1000, i, i)
	}
	b.ReportAllocs()
	for b.Loop() {
		f, err := Open(bytes.NewReader(text.Bytes()), Options{Country: "RO"})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for _, err := range f.Contacts(nil) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != rows {
			b.Fatalf("%d of %d rows", n, rows)
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
