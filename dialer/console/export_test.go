package console

import (
	"encoding/csv"
	"errors"
	"iter"
	"net/http/httptest"
	"strings"
	"testing"

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

// A spreadsheet takes a cell for a formula by its first character (OWASP, CSV
// injection); a phone number's plus is no formula and stays.
func TestNoFreeCellOfACSVBeginsLikeAFormula(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1"})).Draw(rt, "note")
		rec := contactdb.Suppression{Phone: "+40722111333", Reason: text, Source: text}
		body := exported(t, "csv", suppressionColumns, rowsOf(rec)).Body.String()
		rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
		if err != nil || len(rows) != 2 {
			rt.Fatalf("%d rows, %v", len(rows), err)
		}
		for i, cell := range rows[1] {
			if suppressionColumns[i].free && cell != "" && strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
				rt.Errorf("%s: %q", suppressionColumns[i].name, cell)
			}
			if suppressionColumns[i].name == "phone" && cell != rec.Phone {
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
