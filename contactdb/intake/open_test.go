package intake

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func encoded(t testing.TB, e encoding.Encoding, text string) string {
	t.Helper()
	s, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mustOpen(t testing.TB, text string, o Options) *File {
	t.Helper()
	f, err := Open(strings.NewReader(text), o)
	if err != nil {
		t.Fatalf("%.80q: %v", text, err)
	}
	return f
}

func TestEncodingsAreRecognised(t *testing.T) {
	le := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	be := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	row := func(name string) string { return "name,phone\n" + name + ",+40700000001\n" }
	late := "name,phone\n" + strings.Repeat("Ion Pop,+40700000001\n", 10_000)
	for _, c := range []struct{ title, data, country, encoding, name string }{
		{"ASCII", row("Ion"), "", "UTF-8", "Ion"},
		{"UTF-8", row("Ștefan Țîrlea"), "", "UTF-8", "Ștefan Țîrlea"},
		{"UTF-8 with a mark", "\uFEFF" + row("Ștefan"), "", "UTF-8", "Ștefan"},
		{"UTF-16LE with a mark", "\xff\xfe" + encoded(t, le, row("Ștefan")), "", "UTF-16LE", "Ștefan"},
		{"UTF-16BE with a mark", "\xfe\xff" + encoded(t, be, row("Ștefan")), "", "UTF-16BE", "Ștefan"},
		{"UTF-16LE without a mark", encoded(t, le, row("Ștefan")), "", "UTF-16LE", "Ștefan"},
		{"UTF-16BE without a mark", encoded(t, be, row("Ștefan")), "", "UTF-16BE", "Ștefan"},
		{"Romanian ţ and ă", encoded(t, charmap.Windows1250, row("Brăduţ")), "", "Windows-1250", "Brăduț"},
		{"Romanian ş alone, before a letter", encoded(t, charmap.Windows1250, row("Puşcaşu")), "", "Windows-1250", "Pușcașu"},
		{"Polish", encoded(t, charmap.Windows1250, row("Łucja Gałązka")), "", "Windows-1250", "Łucja Gałązka"},
		{"Portuguese", encoded(t, charmap.Windows1252, row("João Conceição")), "", "Latin-1", "João Conceição"},
		{"Spanish", encoded(t, charmap.Windows1252, row("Íñigo Muñoz")), "", "Latin-1", "Íñigo Muñoz"},
		{"Spanish with ordinals", encoded(t, charmap.Windows1252, row("Mª Peña nº 5")), "", "Latin-1", "Mª Peña nº 5"},
		{"Swedish", encoded(t, charmap.Windows1252, row("Åsa Sjöågren")), "", "Latin-1", "Åsa Sjöågren"},
		{"German, letters in both, says nothing", encoded(t, charmap.Windows1252, row("Jörg Müßig")), "", "Latin-1", "Jörg Müßig"},
		{"â and î in both, numbers of Romania", encoded(t, charmap.Windows1250, row("Câmpeanu Îna")), "RO", "Windows-1250", "Câmpeanu Îna"},
		{"UTF-8 after 200 KB of ASCII", late + "Ștefan,+40700000001\n", "", "UTF-8", "Ștefan"},
		{"Windows-1250 after 200 KB of ASCII", late + encoded(t, charmap.Windows1250, "Brăduţ,+40700000001\n"), "", "Windows-1250", "Brăduț"},
	} {
		t.Run(c.title, func(t *testing.T) {
			f := mustOpen(t, c.data, Options{Country: c.country})
			contacts, rejects, err := read(f)
			if err != nil || len(rejects) > 0 || len(contacts) == 0 {
				t.Fatalf("%d contacts, rejects %v, %v", len(contacts), rejects, err)
			}
			if got := contacts[len(contacts)-1].Name; got != c.name || f.Encoding() != c.encoding {
				t.Errorf("got %q in %s, want %q in %s", got, f.Encoding(), c.name, c.encoding)
			}
		})
	}
}

func TestOneDamagedRowDoesNotMakeAnotherEncodingOfTheFile(t *testing.T) {
	f := mustOpen(t, "name,phone\nȘtefan,+40700000001\nBr\xe3dut,+40700000002\n", Options{})
	contacts, rejects, err := read(f)
	if err != nil || len(contacts) != 1 || len(rejects) != 1 || f.Encoding() != "UTF-8" {
		t.Fatalf("%v %v %v %s", contacts, rejects, err, f.Encoding())
	}
	if rejects[0].Line != 3 || !strings.Contains(rejects[0].Reason, "no UTF-8 text") {
		t.Error(rejects[0])
	}
}

func TestSeparatorsQuotesAndLineEndsAreRecognised(t *testing.T) {
	for _, c := range []struct {
		title, data string
		sep         rune
		want        []string // names
	}{
		{"comma", "name,phone\nIon,+40700000001\n", ',', []string{"Ion"}},
		{"semicolon with decimal commas", "name;phone;a;b\nIon;+40700000001;1,5;2,5\n", ';', []string{"Ion"}},
		{"tab", "name\tphone\nIon\t+40700000001\n", '\t', []string{"Ion"}},
		{"pipe", "name|phone\nIon|+40700000001\n", '|', []string{"Ion"}},
		{"semicolon with names that hold commas", "name;phone\nPop, Ion;+40700000001\nVlad, Ana;+40700000002\n", ';', []string{"Pop, Ion", "Vlad, Ana"}},
		{"sep line", "sep=;\r\nname;phone\r\nIon;+40700000001\r\n", ';', []string{"Ion"}},
		{"quoted sep line after a mark", "\uFEFF\"sep=|\"\nname|phone\nIon|+40700000001\n", '|', []string{"Ion"}},
		{"sep line with a rare separator", "sep=^\nname^phone\nIon^+40700000001\n", '^', []string{"Ion"}},
		{"CR only", "name,phone\rIon,+40700000001\rAna,+40700000002\r", ',', []string{"Ion", "Ana"}},
		{"CRLF", "name,phone\r\nIon,+40700000001\r\nAna,+40700000002", ',', []string{"Ion", "Ana"}},
		{"mixed line ends and blank lines", "\n\r\nname,phone\r\n\nIon,+40700000001\r\r,,\n  , \nAna,+40700000002\n\n", ',', []string{"Ion", "Ana"}},
		{"doubled quotes", "name,phone\n\"Ion \"\"Nelu\"\" Pop\",+40700000001\n", ',', []string{`Ion "Nelu" Pop`}},
		{"quotes inside a bare cell", "name,phone\nIon \"Nelu\" Pop,+40700000001\n", ',', []string{`Ion "Nelu" Pop`}},
		{"separator in quotes", "name,phone\n\"Pop, Ion\",+40700000001\n", ',', []string{"Pop, Ion"}},
		{"line end in quotes", "name,phone\n\"Pop\r\nIon\",+40700000001\nAna,+40700000002\n", ',', []string{"Pop Ion", "Ana"}},
		{"spaces around quotes", "name, phone\n \"Ion\" , \"+40700000001\" \n", ',', []string{"Ion"}},
		{"empty quotes", "name,phone,note\n\"\",+40700000001,\"\"\n", ',', []string{""}},
		{"cells missing at the end", "name,phone,note,email\nIon,+40700000001\n", ',', []string{"Ion"}},
		{"empty cells too many", "name,phone\nIon,+40700000001,,,\n", ',', []string{"Ion"}},
		{"header longer than the rows by nameless columns", "name,phone,,,,\nIon,+40700000001\n", ',', []string{"Ion"}},
		{"one column", "phone\n+40700000001\n", ',', []string{""}},
	} {
		t.Run(c.title, func(t *testing.T) {
			f := mustOpen(t, c.data, Options{})
			contacts, rejects, err := read(f)
			var names []string
			for _, c := range contacts {
				names = append(names, c.Name)
			}
			if diff := cmp.Diff(c.want, names); diff != "" || err != nil || len(rejects) > 0 || f.Separator() != c.sep {
				t.Errorf("separator %q, rejects %v, error %v\n%s", f.Separator(), rejects, err, diff)
			}
		})
	}
}

func TestAFileThatIsNoContactListSaysWhatItIsAndWhatToDo(t *testing.T) {
	zip := "PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00"
	wide := func(n int) string { return strings.Repeat("c,", n-1) + "phone\n" }
	for _, c := range []struct {
		title, data string
		o           Options
		want        string
	}{
		{"empty", "", Options{}, "the file is empty"},
		{"only a mark", "\uFEFF", Options{}, "holds no rows"},
		{"blank lines", "\n\r\n  \n,,,\n", Options{}, "holds no rows"},
		{"header only", "name,phone\n", Options{}, "a header but no rows"},
		{"header only, no line end", "phone", Options{}, "a header but no rows"},
		{"header and blank lines", "name,phone\n\n,\n", Options{}, "a header but no rows"},
		{"xlsx", zip + "[Content_Types].xml....xl/workbook.xml", Options{}, "the zip archive or workbook is damaged or cut off"},
		{"ods", zip + "mimetypeapplication/vnd.oasis.opendocument.spreadsheet", Options{}, "a LibreOffice document (.ods)"},
		{"docx", zip + "[Content_Types].xml word/document.xml", Options{}, "a Word document"},
		{"zip", zip + "contacts.csv", Options{}, "the zip archive or workbook is damaged or cut off"},
		{"xls", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", Options{}, "an old Excel workbook (.xls)"},
		{"pdf", "%PDF-1.7\n", Options{}, "a PDF document"},
		{"jpeg", "\xFF\xD8\xFF\xE0\x00\x10JFIF", Options{}, "a JPEG picture"},
		{"png", "\x89PNG\r\n\x1a\n", Options{}, "a PNG picture"},
		{"gzip", "\x1F\x8B\x08\x00", Options{}, "the gzip file is damaged or cut off"},
		{"web page", "\n<!DOCTYPE html><table><tr><td>", Options{}, "a web page"},
		{"xml", "<?xml version=\"1.0\"?><Workbook>", Options{}, "XML"},
		{"UTF-32", "\xFF\xFE\x00\x00p\x00\x00\x00", Options{}, "text in UTF-32"},
		{"noise", strings.Repeat("\x01\x02\x90\xffab\x07", 100), Options{}, "binary data"},
		{"zeros", strings.Repeat("\x00", 4096), Options{}, "binary data"},
		{"a phone column of another name", "ref,abonat,nr 1,extra\n9,Ana,0722555001,x\n8,Ion,0722555003,y\n", Options{Country: "RO"}, `for example --map phone="nr 1"`},
		{"no phone column", "name,adresa\nIon,Iasi\n", Options{}, `no column was recognised as the phone number; the columns are "name", "adresa"; write which one it is, for example --map phone="adresa"`},
		{"no header, nothing like a phone", "1234567890123456,1234567\n", Options{Country: "RO"}, "the file has no header and 2 columns, numbered from 1; write which one it is, for example --map phone=2"},
		{"no header, two phone columns", "0700000001,0700000002\n", Options{Country: "RO"}, "--map phone=1"},
		{"no header, no country", "Ion,0700000001\n", Options{}, "--country RO"},
		{"map names no column", "name,phone\nIon,1\n", Options{Map: map[string]string{"phone": "Telefon"}}, `--map phone=Telefon: there is no such column; the columns are "name", "phone"`},
		{"map by number too high", "name,phone\nIon,1\n", Options{Map: map[string]string{"phone": "3"}}, "--map phone=3: there is no such column"},
		{"map by name without a header", "Ion,+40700000001\n", Options{Map: map[string]string{"phone": "Telefon"}}, "the file has no header and 2 columns"},
		{"map gives a column twice", "name,phone\nIon,1\n", Options{Map: map[string]string{"phone": "phone", "city": "2"}}, "gives one thing twice"},
		{"map gives a field twice", "a,b,c\nIon,1,2\n", Options{Map: map[string]string{"name": "b", "nume": "c", "phone": "a"}}, "gives one thing twice"},
		{"country unknown", "phone\n1\n", Options{Country: "ZZ"}, `"ZZ" is not a country`},
		{"too many columns", wide(10_000), Options{}, "line 1: the row has more than 1000 columns"},
		{"header too long", strings.Repeat("x", 2<<20), Options{}, "line 1: the row is longer than 1 MB"},
		{"unclosed quote in the header", "name,\"phone\nIon,0700000001\n", Options{}, "line 1: the quote that opens in column 2 is not closed"},
	} {
		t.Run(c.title, func(t *testing.T) {
			f, err := Open(strings.NewReader(c.data), c.o)
			if fe := new(FileError); !errors.As(err, &fe) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v %v, want a FileError with %q", f, err, c.want)
			}
		})
	}
}

func TestDamageFurtherDownEndsTheReadingWithItsLine(t *testing.T) {
	head := "name,phone\nIon,+40700000001\n"
	for _, c := range []struct{ title, tail, want string }{
		{"quote open to the end", "\"Ana,+40700000002\nVlad,+40700000003\n", "line 3: the quote that opens in column 1 is not closed"},
		{"quote open to the next quote", "Ana,\"+40700000002\n\"Vlad\",+40700000003\n", "line 3: the quote that opens in column 2 is not closed"},
		{"quote open for more than a row may have", "\"Ana,+40700000002\n" + strings.Repeat("Vlad,+40700000003\n", 100_000), "line 3: the quote that opens in column 1 is not closed"},
		{"quote opened on a later line of its row", "\"Ana\nMaria\",\"+40700000002\n", "line 4: the quote that opens in column 2 is not closed"},
		{"long row", "Ana," + strings.Repeat("7", 2<<20) + "\n", "line 3: the row is longer than 1 MB"},
		{"many columns", strings.Repeat(",x", 10_000) + "\n", "line 3: the row has more than 1000 columns"},
	} {
		t.Run(c.title, func(t *testing.T) {
			f := mustOpen(t, head+c.tail, Options{})
			contacts, rejects, err := read(f)
			if fe := new(FileError); !errors.As(err, &fe) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a FileError with %q", err, c.want)
			}
			if len(contacts) != 1 || len(rejects) != 0 {
				t.Errorf("got %d contacts and %d rejects before the damage", len(contacts), len(rejects))
			}
		})
	}
}

func TestErrorsOfTheReaderComeThrough(t *testing.T) {
	broken := errors.New("the cable is out")
	if _, err := Open(iotest.ErrReader(broken), Options{}); !errors.Is(err, broken) {
		t.Errorf("at the start: %v", err)
	}
	text := "name,phone\n" + strings.Repeat("Ion,+40700000001\n", 20_000)
	f, err := Open(io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	contacts, _, err := read(f)
	if !errors.Is(err, broken) || len(contacts) != 20_000 {
		t.Errorf("further down: %d contacts, %v", len(contacts), err)
	}
}

func TestReadingInSmallPiecesChangesNothing(t *testing.T) {
	text := encoded(t, charmap.Windows1250, "sep=;\r\nNume;Telefon\r\nBrăduţ;0700 000 001\r\n\"a\r\nb\";0722\r\n")
	whole := account(t, []byte(text), Options{Country: "RO"})
	f, err := Open(iotest.OneByteReader(strings.NewReader(text)), Options{Country: "RO"})
	if err != nil {
		t.Fatal(err)
	}
	contacts, rejects, err := read(f)
	got := fmt.Sprintf("%d contacts, %d rejected", len(contacts), len(rejects))
	if err != nil || !strings.Contains(whole, got) || len(contacts) != 1 {
		t.Errorf("%s, %v; whole: %s", got, err, whole)
	}
}
