package intake

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// A table as people keep it in LibreOffice: a title above, dates, numbers that
// lost zero and plus, a number as text, merged cells, formulas, a second sheet.
const realSheet = `<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:number="urn:oasis:names:tc:opendocument:xmlns:datastyle:1.0" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2"
 office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:automatic-styles>
<number:date-style style:name="N1"><number:day number:style="long"/><number:text>.</number:text><number:month number:style="long"/><number:text>.</number:text><number:year number:style="long"/></number:date-style>
<number:number-style style:name="N2"><number:number number:decimal-places="0" number:min-integer-digits="10"/></number:number-style>
<style:style style:name="D" style:family="table-cell" style:data-style-name="N1"/>
<style:style style:name="Z" style:family="table-cell" style:data-style-name="N2"/>
</office:automatic-styles>
<office:body><office:spreadsheet>
<table:table table:name="Clienți">
%s
</table:table>
<table:table table:name="Vechi"><table:table-row><table:table-cell office:value-type="string"><text:p>telefon</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell office:value-type="string"><text:p>0722111999</text:p></table:table-cell></table:table-row></table:table>
<table:table table:name="Gol"/>
</office:spreadsheet></office:body></office:document>`

func text(s string) string {
	return `<table:table-cell office:value-type="string"><text:p>` + s + `</text:p></table:table-cell>`
}

func float(attrs string, n any) string {
	return fmt.Sprintf(`<table:table-cell office:value-type="float" office:value="%v" %s/>`, n, attrs)
}

func sheetRow(cells ...string) string {
	return "<table:table-row>" + strings.Join(cells, "") + "</table:table-row>\n"
}

func realRows() string {
	const covered = `<table:covered-table-cell/>`
	return sheetRow(text("Clienți 2026")) + sheetRow() +
		sheetRow(text("Nume"), text("Telefon"), text("Oraș"), text("Data acordului"), text("Sold")) +
		sheetRow(text("Ana Pop"), float(`table:style-name="Z"`, 722111001), `<table:table-cell office:value-type="string" table:number-rows-spanned="2"><text:p>Iași</text:p></table:table-cell>`,
			`<table:table-cell office:value-type="date" office:date-value="2026-03-01" table:style-name="D"/>`, float(`table:formula="of:=100+0.5"`, 100.5)) +
		sheetRow(text("Ion Ion"), float("", 40722111002), covered, text("02.03.2026"), float(`table:formula="of:=2*21"`, 42)) +
		sheetRow(text("Dan &amp; fiii"), text("+40 722 111 003"), text("Cluj"), `<table:table-cell/>`, float("", "0.1")) +
		sheetRow(text("Zero pierdut"), float("", 722111004), text("Dej")) +
		sheetRow(text("Fără telefon"), text("=1+1"), text("Arad"))
}

func TestASheetFromLibreOfficeIsReadAsItIsSeen(t *testing.T) {
	soffice, err := exec.LookPath("soffice")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("LibreOffice (soffice) is not installed")
		}
		t.Skip("LibreOffice (soffice) is not installed")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "real.fods"), fmt.Appendf(nil, realSheet, realRows()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(soffice, "-env:UserInstallation=file://"+dir+"/profile", "--headless", "--convert-to", "xlsx", "--outdir", dir, filepath.Join(dir, "real.fods"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	book, err := os.ReadFile(filepath.Join(dir, "real.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(bytes.NewReader(book), Options{Country: "RO"}); err == nil || !strings.Contains(err.Error(), `2 sheets of the workbook have rows: "Clienți", "Vechi"; choose one with --sheet`) {
		t.Errorf("of two sheets: %v", err)
	}
	f, err := Open(bytes.NewReader(book), Options{Country: "RO", Sheet: "clienti", Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	contacts, rejects, err := read(f)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range contacts {
		at := ""
		if c.Consent != nil {
			at = c.Consent.At.Format(time.DateOnly)
		}
		got = append(got, strings.Join([]string{c.Phone, c.Name, c.City, at, c.Fields["Sold"]}, "|"))
	}
	want := []string{"+40722111001|Ana Pop|Iași|2026-03-01|100.5", "+40722111002|Ion Ion|Iași|2026-03-02|42", "+40722111003|Dan & fiii|Cluj||0.1", "+40722111004|Zero pierdut|Dej||"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(rejects) != 1 || rejects[0].Line != 8 || rejects[0].Column != "Telefon" {
		t.Errorf("rejects: %+v", rejects)
	}
}

// workbook makes a small one.
func workbookOf(t *testing.T, fill func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRejectsOfAWorkbookAreAWorkbookThatCanBeImportedAgain(t *testing.T) {
	book := workbookOf(t, func(f *excelize.File) {
		for i, row := range [][]any{{"Telefon", "Nume"}, {"0722111001", "Ana"}, {"0722", "=Ion"}, {"0733", "Dan"}} {
			if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
				t.Fatal(err)
			}
		}
	})
	again, first := keep(t, book, Options{Country: "RO"})
	if len(first) != 2 || !bytes.HasPrefix(again, []byte("PK")) {
		t.Fatalf("%+v", first)
	}
	_, second := keep(t, again, Options{Country: "RO"})
	for i := range first {
		if diff := cmp.Diff(first[i].Row, second[i].Row); diff != "" || second[i].Line != i+2 {
			t.Error(second[i].Line, diff)
		}
	}
}

func zipped(t *testing.T, files map[string]io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, r := range files {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.Copy(w, r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const oneContact = "phone,name\n+40722111001,Ana\n"

func TestPackedFilesAreUnpacked(t *testing.T) {
	csv := func() io.Reader { return strings.NewReader(oneContact) }
	for name, data := range map[string][]byte{
		"gzip": gzipped(t, csv()), "zip": zipped(t, map[string]io.Reader{"a.csv": csv(), "__MACOSX/a.csv": csv(), ".DS_Store": csv()}),
		"gzip in zip": zipped(t, map[string]io.Reader{"a.csv.gz": bytes.NewReader(gzipped(t, csv()))}),
	} {
		f, err := Open(bytes.NewReader(data), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if contacts, _, err := read(f); len(contacts) != 1 || err != nil {
			t.Errorf("%s: %v, %v", name, contacts, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	two := zipped(t, map[string]io.Reader{"a.csv": csv(), "b.csv": csv()})
	if _, err := Open(bytes.NewReader(two), Options{}); err == nil || !strings.Contains(err.Error(), "choose one with --sheet FILE") {
		t.Errorf("two files: %v", err)
	}
	if _, err := Open(bytes.NewReader(two), Options{Sheet: "b.csv"}); err != nil {
		t.Error(err)
	}
}

// sheetOf is a workbook whose one sheet is this XML.
func sheetOf(t *testing.T, sheet io.Reader) []byte {
	return zipped(t, map[string]io.Reader{
		"xl/workbook.xml":            strings.NewReader(`<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>`),
		"xl/_rels/workbook.xml.rels": strings.NewReader(`<Relationships><Relationship Id="r1" Target="worksheets/s.xml"/></Relationships>`),
		"xl/worksheets/s.xml":        sheet,
	})
}

func TestHostileFilesEndWithAnErrorAndNotInAllMemory(t *testing.T) {
	const head, tail = `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>phone</t></is></c></row>`, `</sheetData></worksheet>`
	contact := `<row r="2"><c r="A2" t="inlineStr"><is><t>+40722111001</t></is></c></row>`
	many := func(body string, size int64) io.Reader {
		return io.MultiReader(strings.NewReader(head), &endless{text: strings.Repeat(body, 1000), left: size}, strings.NewReader(tail))
	}
	for name, tc := range map[string]struct {
		data []byte
		want string
	}{
		"a sheet of empty cells without end": {sheetOf(t, many(`<row><c r="B7"/><c r="C7"/></row>`, 80<<20)), "unpacks to more than 200 times"},
		"a gzip bomb":                        {gzipped(t, &endless{text: strings.Repeat(" ", 1<<16), left: 80 << 20}), ""},
		"a million columns":                  {sheetOf(t, strings.NewReader(head+`<row r="2"><c r="BDWGN2"><v>1</v></c></row>`+tail)), "more than 1000 columns"},
		"a column that is no column":         {sheetOf(t, strings.NewReader(head+`<row r="2"><c r="ZZZZZZZZZ2"><v>1</v></c></row>`+tail)), "damaged"},
		"a text without end":                 {sheetOf(t, io.MultiReader(strings.NewReader(head+`<row r="2"><c r="A2" t="inlineStr"><is><t>`), &endless{text: strings.Repeat("x", 1000), left: 8 << 20}, strings.NewReader(`</t></is></c></row>`+tail))), "damaged"},
		"a sheet that is cut off":            {sheetOf(t, strings.NewReader(head+contact)), "ends in the middle"},
		"a DTD":                              {sheetOf(t, strings.NewReader(`<!DOCTYPE x [<!ENTITY a "b">]>`+head+contact+tail)), "damaged"},
		"a text that is not there":           {sheetOf(t, strings.NewReader(head+`<row r="2"><c r="A2" t="s"><v>7</v></c></row>`+tail)), "damaged"},
		"archives in archives":               {zipped(t, map[string]io.Reader{"a": bytes.NewReader(zipped(t, map[string]io.Reader{"a": bytes.NewReader(zipped(t, map[string]io.Reader{"a": bytes.NewReader(zipped(t, map[string]io.Reader{"a": strings.NewReader(oneContact)}))}))}))}), "archive in an archive in an archive"},
	} {
		f, err := Open(bytes.NewReader(tc.data), Options{Dir: t.TempDir()})
		if err == nil {
			_, _, err = read(f)
			_ = f.Close() // the reading is what is tested
		}
		if !isFileError(err) || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc.want)
		}
	}
}

func TestACellIsReadAsItIsMeant(t *testing.T) {
	sheet := `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>phone</t></is></c><c r="B1" t="inlineStr"><is><t>x</t></is></c></row>
<row r="2"><c r="A2"><v>4.0722111001E10</v></c><c r="B2" t="b"><v>1</v></c></row>
<row r="3"><c r="A3"><v>40722111002</v></c><c r="B3" t="str"><f>A1</f><v>a_x000A_b &lt;&#x21;</v></c></row>
<row r="4"><c r="A4"><v>40722111003</v></c><c r="B4"><f>A1</f></c></row></sheetData></worksheet>`
	f, err := Open(bytes.NewReader(sheetOf(t, strings.NewReader(sheet))), Options{Country: "RO"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	contacts, rejects, err := read(f)
	if err != nil || len(contacts) != 2 || contacts[0].Phone != "+40722111001" || contacts[0].Fields["x"] != "true" || contacts[1].Fields["x"] != "a\nb <!" {
		t.Errorf("%+v, %v", contacts, err)
	}
	if len(rejects) != 1 || !strings.Contains(rejects[0].Reason, "a formula without its result") {
		t.Errorf("%+v", rejects)
	}
}

func TestNumberFormatsSayWhatIsADate(t *testing.T) {
	for code, want := range map[string]cellFormat{
		"yyyy\\-mm\\-dd": {date: true}, "dd.mm.yyyy": {date: true}, "[$-418]d mmmm yyyy;@": {date: true}, "hh:mm:ss": {clock: true}, "[h]:mm": {clock: true},
		"dd/mm/yyyy hh:mm": {date: true, clock: true}, "General": {}, "@": {}, "0.00": {}, "#,##0 \"lei\"": {}, "0000000000": {zeros: "0000000000"}, "0000 000 000": {zeros: "0000 000 000"}, "[Red]0": {},
	} {
		if got := formatOf(code); got != want {
			t.Errorf("%s: %+v, want %+v", code, got, want)
		}
	}
	if got := inZeros("722111001", "0000 000 000"); got != "0722 111 001" {
		t.Errorf("in zeros: %q", got)
	}
}
