package evidence

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"apel/contactdb"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// chain seals records one behind the other.
func chain(t testing.TB, n int, change func(i int, r *contactdb.Record)) (rows []contactdb.RecordRow) {
	t.Helper()
	prev := ""
	for i := range n {
		at := monday.Add(time.Duration(i) * time.Minute)
		r := contactdb.Record{ID: fmt.Sprintf("a%012d", i+1), Campaign: "spring", CampaignVersion: 1, List: "leads", ContactID: uint64(i + 1), Phone: fmt.Sprintf("+407%08d", i),
			Attempt: 1, Trunk: "carrier", CallerID: "+40210000000", PlacedAt: at, EndedAt: at.Add(30*time.Second + time.Millisecond), Outcome: contactdb.Busy, SIPStatus: 486, EndedBy: "network"}
		if change != nil {
			change(i, &r)
		}
		row, err := contactdb.SealRecord(r, uint64(i+1), prev)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := row.Decode()
		if err != nil {
			t.Fatal(err)
		}
		prev = rec.Hash
		rows = append(rows, row)
	}
	return rows
}

func each(rows []contactdb.RecordRow) iter.Seq2[contactdb.RecordRow, error] {
	return func(yield func(contactdb.RecordRow, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// exported writes rows and their manifest into a folder.
func exported(t testing.TB, format string, rows []contactdb.RecordRow) (manifest string) {
	t.Helper()
	dir := t.TempDir()
	m := Manifest{Program: "apel test", Format: format, File: "records." + format, Filter: map[string]string{}, MadeAt: monday, MadeBy: "ana", Anchors: []contactdb.Heads{}, Chain: contactdb.Heads{Store: "x"}}
	var out bytes.Buffer
	if err := Export(context.Background(), &out, each(rows), &m); err != nil {
		t.Fatal(err)
	}
	if m.Last != nil {
		m.Chain.Records, m.Chain.Head = m.Last.Place, m.Last.Hash
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	manifest = filepath.Join(dir, "manifest.json")
	if err := errors.Join(os.WriteFile(manifest, b, 0o600), os.WriteFile(filepath.Join(dir, m.File), out.Bytes(), 0o600)); err != nil {
		t.Fatal(err)
	}
	return manifest
}

func checked(t *testing.T, manifest string, further ...contactdb.Heads) Finding {
	t.Helper()
	f, err := Check(context.Background(), manifest, "", further)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAnUntouchedExportIsProvedInEveryFormat(t *testing.T) {
	rows := chain(t, 20, nil)
	for _, format := range Formats {
		f := checked(t, exported(t, format, rows))
		if !f.OK || f.Rows != 20 || f.Anchors != 1 || f.Contents != (format == Sealed) || !f.Manifest.Complete {
			t.Errorf("%s: %+v", format, f)
		}
		if f := checked(t, exported(t, format, nil)); !f.OK || f.Rows != 0 {
			t.Errorf("%s without a row: %+v", format, f)
		}
		some := []contactdb.RecordRow{rows[2], rows[7], rows[19]}
		if f := checked(t, exported(t, format, some)); !f.OK || f.Manifest.Complete || f.Rows != 3 {
			t.Errorf("%s, a selection: %+v", format, f)
		}
	}
}

// Whoever changes a file and its manifest with it is found by the chain or, in
// the format sealed, by the record itself.
func TestAChangedExportIsFoundAndItsLineNamed(t *testing.T) {
	lines := func(b []byte) [][]byte { return bytes.SplitAfter(bytes.TrimSuffix(b, []byte("\n")), []byte("\n")) }
	for _, tc := range []struct {
		name   string
		change func(l [][]byte) [][]byte
		all    bool // seen in every format, not only where contents are proved
	}{
		{"a content", func(l [][]byte) [][]byte { l[6] = bytes.Replace(l[6], []byte("busy"), []byte("fail"), 1); return l }, false},
		{"a number", func(l [][]byte) [][]byte { l[6] = bytes.Replace(l[6], []byte("+407"), []byte("+408"), 1); return l }, false},
		{"a row dropped", func(l [][]byte) [][]byte { return slices.Delete(l, 5, 6) }, true},
		{"a row doubled", func(l [][]byte) [][]byte { return slices.Insert(l, 5, l[4]) }, true},
		{"two rows swapped", func(l [][]byte) [][]byte { l[5], l[8] = l[8], l[5]; return l }, true},
		{"the end dropped", func(l [][]byte) [][]byte { return l[:len(l)-2] }, true},
		{"the beginning dropped", func(l [][]byte) [][]byte { return slices.Delete(l, 1, 3) }, true},
	} {
		for _, format := range []string{CSV, JSONL, Sealed} {
			manifest := exported(t, format, chain(t, 12, nil))
			file := filepath.Join(filepath.Dir(manifest), "records."+format)
			whole, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			forged := bytes.Join(tc.change(lines(whole)), nil)
			if !bytes.HasSuffix(forged, []byte("\n")) {
				forged = append(forged, '\n')
			}
			if err := os.WriteFile(file, forged, 0o600); err != nil {
				t.Fatal(err)
			}
			if f := checked(t, manifest); f.OK {
				t.Errorf("%s, %s: the changed file passes", tc.name, format)
			}
			refit(t, manifest, forged)
			f := checked(t, manifest)
			if f.OK && (tc.all || format == Sealed) {
				t.Errorf("%s, %s: passes when the manifest's sum is changed with it", tc.name, format)
			}
			if !f.OK && format == Sealed && f.Line == 0 && !strings.HasPrefix(tc.name, "the end") {
				t.Errorf("%s, %s: no line is named: %s", tc.name, format, f.Problem)
			}
		}
	}
}

// refit makes a manifest's sum that of a forged file.
func refit(t *testing.T, manifest string, file []byte) {
	t.Helper()
	m, err := ReadManifest(manifest)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(file)
	m.SHA256, m.Bytes = hex.EncodeToString(sum[:]), int64(len(file))
	b, _ := json.Marshal(m)
	if err := os.WriteFile(manifest, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAChainMadeAnewIsFoundByAnAnchorThatWasKeptElsewhere(t *testing.T) {
	rows := chain(t, 12, nil)
	rec, err := rows[7].Decode()
	if err != nil {
		t.Fatal(err)
	}
	kept := contactdb.Heads{Store: "x", Records: 8, Head: rec.Hash, At: monday}
	if f := checked(t, exported(t, CSV, rows), kept); !f.OK || f.Anchors != 2 {
		t.Errorf("the true chain: %+v", f)
	}
	anew := chain(t, 12, func(i int, r *contactdb.Record) {
		if i == 3 {
			r.Outcome = contactdb.Human
		}
	})
	if f := checked(t, exported(t, Sealed, anew), kept); f.OK || f.Line != 8 || !strings.Contains(f.Problem, "anchor of 2026-03-02") {
		t.Errorf("a chain made anew: %+v", f)
	}
}

func TestJSONLinesHaveEveryColumnInOrderAlsoWithoutValues(t *testing.T) {
	row, err := contactdb.SealRecord(contactdb.Record{ID: "a"}, 1, "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Export(context.Background(), &out, each([]contactdb.RecordRow{row}), &Manifest{Format: JSONL}); err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, c := range contactdb.RecordColumns {
		i := strings.Index(out.String()[at:], `"`+c+`":`)
		if i < 0 {
			t.Fatalf("%s is missing or out of order in %s", c, out.String())
		}
		at += i
	}
	if !strings.Contains(out.String(), `"bridged_at":null`) || !strings.Contains(out.String(), `"script_answers":{}`) {
		t.Error(out.String())
	}
}

// Whatever people wrote comes back from every format as they wrote it; in CSV,
// what a spreadsheet would take for a formula has an apostrophe before it
// (OWASP, CSV injection). A phone number's plus is no formula and stays.
func TestWhatPeopleWroteComesBackAndIsNoFormula(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", `a"b,c`, ` x`, `\.`, "<ș>&", "\u2028"})).Draw(rt, "note")
		want := contactdb.Record{ID: "a1", Phone: "+40722111333", Note: text, Campaign: text, Disposition: text, ScriptAnswers: map[string]string{text: text}, EndedAt: monday}
		row, err := contactdb.SealRecord(want, 1, "")
		if err != nil {
			rt.Fatal(err)
		}
		text = strings.ToValidUTF8(text, "\ufffd")
		var out bytes.Buffer
		if err := Export(context.Background(), &out, each([]contactdb.RecordRow{row}), &Manifest{Format: CSV}); err != nil {
			rt.Fatal(err)
		}
		table, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(table) != 2 {
			rt.Fatalf("%d rows, %v", len(table), err)
		}
		cell := func(name string) string { return table[1][slices.Index(contactdb.RecordColumns, name)] }
		if Formula([]byte(cell("note"))) || Formula([]byte(cell("campaign"))) || cell("phone") != want.Phone {
			rt.Errorf("note %q, campaign %q, phone %q", cell("note"), cell("campaign"), cell("phone"))
		}
		if got := cell("note"); got != strings.ReplaceAll(text, "\r\n", "\n") && got != "'"+strings.ReplaceAll(text, "\r\n", "\n") { // encoding/csv reads CRLF as LF
			rt.Errorf("note %q, was %q", got, text)
		}
		out.Reset()
		if err := Export(context.Background(), &out, each([]contactdb.RecordRow{row}), &Manifest{Format: JSONL}); err != nil {
			rt.Fatal(err)
		}
		var got contactdb.Record
		if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Note != text || got.ScriptAnswers[text] != text {
			rt.Errorf("%v: %+v", err, got)
		}
	})
}

func TestASpreadsheetHasTextsThatAreNoFormulas(t *testing.T) {
	rows := chain(t, 3, func(_ int, r *contactdb.Record) { r.Note = "=HYPERLINK(1)"; r.TalkMS = 42 })
	manifest := exported(t, XLSX, rows)
	x, err := excelize.OpenFile(filepath.Join(filepath.Dir(manifest), "records.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	got, err := x.GetRows("records")
	if err != nil || len(got) != 4 {
		t.Fatalf("%d rows, %v", len(got), err)
	}
	if diff := cmp.Diff(contactdb.RecordColumns, got[0]); diff != "" {
		t.Error(diff)
	}
	note, _ := excelize.CoordinatesToCellName(slices.Index(contactdb.RecordColumns, "note")+1, 2)
	formula, err := x.GetCellFormula("records", note)
	value, err2 := x.GetCellValue("records", note)
	if formula != "" || value != "=HYPERLINK(1)" || err != nil || err2 != nil {
		t.Errorf("cell %s: formula %q, value %q, %v %v", note, formula, value, err, err2)
	}
}

func TestAnExportBreaksOffWithTheErrorOfItsRows(t *testing.T) {
	gone := errors.New("the disk is gone")
	rows := func(yield func(contactdb.RecordRow, error) bool) { yield(contactdb.RecordRow{}, gone) }
	if err := Export(context.Background(), &bytes.Buffer{}, rows, &Manifest{Format: CSV}); !errors.Is(err, gone) {
		t.Error(err)
	}
}

func FuzzReadLineOfAnExport(f *testing.F) {
	row, err := contactdb.SealRecord(contactdb.Record{ID: "a", Phone: "+4", Note: `"\`}, 1, "")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(row.Text)
	f.Add([]byte(`{"id":"`))
	f.Add([]byte(`{"a":{}}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if _, problem := readLine(line, true); problem == "" && !json.Valid(line) {
			t.Errorf("%q is proved and no JSON", line)
		}
	})
}

func BenchmarkExport(b *testing.B) {
	row, err := contactdb.SealRecord(contactdb.Record{
		ID: "a000000000001", Campaign: "spring", CampaignVersion: 3, List: "leads", ContactID: 123456, Phone: "+40722111333",
		Attempt: 2, Trunk: "carrier", CallerID: "+40312345678", PlacedAt: monday, EndedAt: monday, Outcome: contactdb.NoAnswer,
		SIPStatus: 487, EndedBy: "dialer",
	}, 1, "")
	if err != nil {
		b.Fatal(err)
	}
	for _, format := range Formats {
		b.Run(format, func(b *testing.B) {
			rows := func(yield func(contactdb.RecordRow, error) bool) {
				for b.Loop() {
					if !yield(row, nil) {
						return
					}
				}
			}
			if err := Export(context.Background(), discard{}, rows, &Manifest{Format: format}); err != nil {
				b.Fatal(err)
			}
		})
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

func TestAnchorsOfAnotherStoreProveNothing(t *testing.T) {
	manifest := exported(t, Sealed, chain(t, 3, nil)) // a chain made anew, under another store's name
	if f := checked(t, manifest, contactdb.Heads{Store: "ours", Records: 2, Head: "what the service wrote"}); f.OK || f.Problem == "" {
		t.Errorf("the anchors that were kept are of another store, and it says %+v", f)
	}
}
