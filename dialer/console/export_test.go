package console

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"apel/contactdb"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func rowsOf[T any](rows ...T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func exported[T any](t *testing.T, format string, columns []column[T], rows iter.Seq2[T, error]) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	if err := export(w, httptest.NewRequest("GET", "/?format="+format, nil), columns, rows); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestRecordColumnsAreTheRecordsOwnNamesInTheirOrder(t *testing.T) {
	var want, got []string
	for i := range reflect.TypeFor[contactdb.Record]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[contactdb.Record]().Field(i).Tag.Get("json"), ",")
		want = append(want, name)
	}
	for _, c := range recordColumns {
		got = append(got, c.name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEveryColumnHoldsItsOwnField(t *testing.T) {
	var r contactdb.Record
	v := reflect.ValueOf(&r).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); f.Interface().(type) {
		case string:
			f.SetString(v.Type().Field(i).Name)
		case int, int64:
			f.SetInt(int64(1000 + i))
		case uint64:
			f.SetUint(uint64(1000 + i))
		case time.Time:
			f.Set(reflect.ValueOf(time.Unix(int64(i), 0).UTC()))
		case map[string]string:
			f.Set(reflect.ValueOf(map[string]string{"q": "a"}))
		}
	}
	for i, c := range recordColumns {
		if diff := cmp.Diff(v.Field(i).Interface(), c.get(r)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

func TestJSONLinesHaveEveryColumnInOrderAlsoWithoutValues(t *testing.T) {
	body := exported(t, "jsonl", recordColumns, rowsOf(contactdb.Record{ID: "a"})).Body.String()
	at := 0
	for _, c := range recordColumns {
		i := strings.Index(body[at:], `"`+c.name+`":`)
		if i < 0 {
			t.Fatalf("%s is missing or out of order in %s", c.name, body)
		}
		at += i
	}
	var r contactdb.Record
	if err := json.Unmarshal([]byte(body), &r); err != nil || r.ID != "a" || !r.PlacedAt.IsZero() {
		t.Errorf("%v, %v", r, err)
	}
}

// A spreadsheet takes a cell for a formula by its first character (OWASP, CSV
// injection); a phone number's plus is no formula and stays.
func TestNoFreeCellOfACSVBeginsLikeAFormula(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"})).Draw(rt, "note")
		rec := contactdb.Record{Phone: "+40722111333", Note: text, Campaign: text, Disposition: text, Operator: text}
		body := exported(t, "csv", recordColumns, rowsOf(rec)).Body.String()
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil || len(rows) != 2 {
			rt.Fatalf("%d rows, %v", len(rows), err)
		}
		for i, cell := range rows[1] {
			if recordColumns[i].free && cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				rt.Errorf("%s: %q", recordColumns[i].name, cell)
			}
			if recordColumns[i].name == "phone" && cell != rec.Phone {
				rt.Errorf("phone %q", cell)
			}
		}
	})
}

func TestAnExportThatBreaksOffSaysSoInItsTrailer(t *testing.T) {
	rows := func(yield func(contactdb.Suppression, error) bool) {
		if yield(contactdb.Suppression{Phone: "+40722111333"}, nil) {
			yield(contactdb.Suppression{}, errors.New("the disk\nis gone"))
		}
	}
	w := exported(t, "csv", suppressionColumns, rows)
	if got := w.Result().Trailer.Get(Trailer); got != "the disk is gone" {
		t.Errorf("trailer %q", got)
	}
	whole := exported(t, "csv", suppressionColumns, rowsOf(contactdb.Suppression{Phone: "+40722111333"}))
	if got := whole.Result().Trailer.Get(Trailer); got != "" {
		t.Errorf("a whole export has the trailer %q", got)
	}
}

func TestFreeFieldsOfAListAreColumnsByName(t *testing.T) {
	contacts := rowsOf(
		contactdb.Contact{Phone: "+1", Fields: map[string]string{"b": "2", "=x": "3"}},
		contactdb.Contact{Phone: "+2", Fields: map[string]string{"a": "1"}},
	)
	columns, err := withFreeFields(contacts)
	if err != nil {
		t.Fatal(err)
	}
	body := exported(t, "csv", columns, contacts).Body.String()
	want := "phone,name,first_name,last_name,email,city,number_type,region,zones,imported_at,'=x,a,b\n" +
		"+1,,,,,,,,,,3,,2\n+2,,,,,,,,,,,1,\n"
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkExport(b *testing.B) {
	rec := contactdb.Record{
		ID: "01JD0000000000000000000000", Campaign: "spring", CampaignVersion: 3, List: "leads", ContactID: 123456, Phone: "+40722111333",
		Attempt: 2, Trunk: "carrier", CallerID: "+40312345678", PlacedAt: time.Now(), EndedAt: time.Now(), Outcome: contactdb.NoAnswer,
		SIPStatus: 487, EndedBy: "dialer", PrevHash: strings.Repeat("a", 64), Hash: strings.Repeat("b", 64),
	}
	for _, format := range []string{"csv", "jsonl"} {
		b.Run(format, func(b *testing.B) {
			rows := func(yield func(contactdb.Record, error) bool) {
				for b.Loop() {
					if !yield(rec, nil) {
						return
					}
				}
			}
			if err := export(discard{httptest.NewRecorder()}, httptest.NewRequest("GET", "/?format="+format, nil), recordColumns, rows); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// discard drops what is exported, but not its header.
type discard struct{ *httptest.ResponseRecorder }

func (discard) Write(b []byte) (int, error) { return len(b), nil }
