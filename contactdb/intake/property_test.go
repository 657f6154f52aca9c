package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"
)

// readAll opens and reads data and checks what must hold whatever the bytes
// are: the account of rows is exact, a contact can be dialed lawfully, a reject
// has a reason and a line further down than the one before.
func readAll(t interface{ Errorf(string, ...any) }, data []byte, o Options) (contacts, rejects int, err error) {
	f, err := Open(bytes.NewReader(data), o)
	if err != nil {
		if fe := new(FileError); !errors.As(err, &fe) {
			t.Errorf("Open: %v is no FileError", err)
		}
		return 0, 0, err
	}
	line := 0
	reject := func(j Reject) error {
		if rejects++; j.Reason == "" || j.Line <= line {
			t.Errorf("reject after line %d: %+v", line, j)
		}
		line = j.Line
		return nil
	}
	for c, e := range f.Contacts(reject) {
		if e != nil {
			err = e
			if fe := new(FileError); !errors.As(e, &fe) {
				t.Errorf("Contacts: %v is no FileError", e)
			}
			break
		}
		contacts++
		if n, err := ParseNumber(c.Phone, ""); err != nil || n.E164 != c.Phone || len(c.Zones) == 0 {
			t.Errorf("contact %+v: %v", c, err)
		}
		if !utf8.ValidString(c.Name + c.Email + c.City) {
			t.Errorf("contact %+v is not UTF-8", c)
		}
	}
	if rows, rejected := f.Counts(); rows != contacts+rejects || rejected != rejects {
		t.Errorf("%d rows, %d rejected; seen %d contacts, %d rejects", rows, rejected, contacts, rejects)
	}
	return contacts, rejects, err
}

func TestEveryRowOfATableIsAContactOrAReject(t *testing.T) {
	cell := rapid.OneOf(
		rapid.StringMatching(`[a-zA-ZăâîșțĂÂÎȘȚ ]{0,12}`),
		rapid.SampledFrom([]string{"", "a,b;c\td|e", `"x" y`, "two\nlines", "=1+1", "4.07E+10", "'", " ", "Europe/London"}),
		rapid.String(),
	)
	phone := rapid.OneOf(
		rapid.StringMatching(`07[0-9]{2} ?[0-9]{3} ?[0-9]{3}`),
		rapid.StringMatching(`(\+|00)?[0-9]{4,14}`),
		cell,
	)
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		sep := rapid.SampledFrom([]rune(separators)).Draw(t, "separator")
		w := csv.NewWriter(&text)
		w.Comma = sep
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		extra := rapid.IntRange(0, 5).Draw(t, "columns")
		header := []string{"telefon", "nume"}
		for i := range extra {
			header = append(header, fmt.Sprint("camp ", i))
		}
		if err := w.Write(header); err != nil {
			t.Fatal(err)
		}
		want := rapid.IntRange(1, 30).Draw(t, "rows")
		for range want {
			// The name keeps the row from being blank.
			row := []string{phone.Draw(t, "phone"), "x" + cell.Draw(t, "name")}
			for range extra {
				row = append(row, cell.Draw(t, "cell"))
			}
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		e := rapid.SampledFrom([]encoding.Encoding{encoding.Nop, unicode.UTF8BOM,
			unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), unicode.UTF16(unicode.BigEndian, unicode.UseBOM)}).Draw(t, "encoding")
		data, err := e.NewEncoder().String(text.String())
		if err != nil {
			t.Fatal(err)
		}
		// Named by a sep line, as the letters of random cells may outvote it.
		contacts, rejects, err := readAll(t, []byte(data), Options{Country: "RO"})
		if err != nil || contacts+rejects != want {
			t.Errorf("%d contacts and %d rejects of %d rows, %v\n%q", contacts, rejects, want, err, data)
		}
	})
}

func TestTheAccountHoldsWhateverTheBytes(t *testing.T) {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"phone", "nume", ",", ";", "\t", "|", "\n", "\r\n", "\r", `"`, `""`, "+40700000001", "0722", "sep=;", "\uFEFF", "\x00", "\xff", "\xff\xfe", "ș"}),
		rapid.String(),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 8), func(b []byte) string { return string(b) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		data := strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), "")
		_, _, _ = readAll(t, []byte(data), Options{Country: rapid.SampledFrom([]string{"", "RO", "US"}).Draw(t, "country")})
	})
}

func TestLinesWithoutQuotesAreRowsEachOnItsOwn(t *testing.T) {
	line := rapid.StringMatching(`[0-9+ a-zăș,\x00-\x08]{0,30}`)
	rapid.Check(t, func(t *rapid.T) {
		lines := rapid.SliceOfN(line, 1, 20).Draw(t, "lines")
		want := 0
		for _, l := range lines {
			if !blank(strings.Split(l, ",")) {
				want++
			}
		}
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line end")
		data := "sep=," + end + "phone,x" + end + strings.Join(lines, end)
		contacts, rejects, err := readAll(t, []byte(data), Options{Country: "RO"})
		if want == 0 {
			return // a header without rows is an error of the file
		}
		if fe := new(FileError); errors.As(err, &fe) && strings.Contains(fe.Reason, "binary data") {
			return
		}
		if err != nil || contacts+rejects != want {
			t.Errorf("%d contacts and %d rejects of %d lines, %v\n%q", contacts, rejects, want, err, data)
		}
	})
}

func FuzzOpen(f *testing.F) {
	for _, s := range []string{
		"name,phone\nIon,+40700000001\n", "sep=;\r\nNume;Telefon\r\nIon;0722\r\n", "\uFEFFphone\n\"07\"\"22\n\"\n",
		"\xff\xfep\x00h\x00o\x00n\x00e\x00\n\x000\x00", "Br\xe3du\xfe,0700000001\n", "line,reason,phone\n1,x,0722\n",
		"a,\"b\nc\"d,0700000001\n", "phone\r0700000001\r", "=\"0700000001\",4.07E+10\n", "PK\x03\x04xl/", "telefon\n\x00\n",
	} {
		f.Add([]byte(s), "RO", "")
	}
	f.Add([]byte("a;b\n1;0700000001\n"), "RO", "2")
	f.Fuzz(func(t *testing.T, data []byte, country, phone string) {
		o := Options{Country: country}
		if phone != "" {
			o.Map = map[string]string{"phone": phone}
		}
		_, _, _ = readAll(t, data, o)
	})
}
