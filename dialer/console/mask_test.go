package console

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNumbersAreMaskedInEverySpellingAndNothingElse(t *testing.T) {
	for text, want := range map[string]string{
		`{"phone":"+40722000001"}`:     `{"phone":"+40******001"}`,
		`{"caller_id":"+40312345678"}`: `{"caller_id":"+40312345678"}`,
		`{"caller_id":"0312345678"}`:   `{"caller_id":"0312345678"}`,
		`{"phone":"+40722000001","fields":{"caller_id":"+40722000001","x":1},"caller_id":"+40312345678"}`:                            `{"phone":"+40******001","fields":{"caller_id":"+40******001","x":1},"caller_id":"+40312345678"}`,
		`{"script_answers":{"caller_id":"+40722000001"},"a":{"b":[{"caller_id":"+40312345678"}]}}`:                                   `{"script_answers":{"caller_id":"+40******001"},"a":{"b":[{"caller_id":"+40312345678"}]}}`,
		`{"note":"\"caller_id\":\"+40722000001\""}`:                                                                                  `{"note":"\"caller_id\":\"+40******001\""}`,
		`{"phone":"+40722000001","fields":{"tel2":"40722000001","mobil":"722 000 001","contract":"4072200000","cod":"40733000001"}}`: `{"phone":"+40******001","fields":{"tel2":"40******001","mobil":"72* *** 001","contract":"4072200000","cod":"40733000001"}}`,
		`sună la 0722 000 001 după 17`:            `sună la 07** *** 001 după 17`,
		`0722000001,`:                             `07*****001,`,
		`(021) 345.67.89`:                         `(02*) ***.*7.89`,
		`021/3456789`:                             `02*/****789`,
		`+40 722 000 001`:                         `+40 *** *** 001`,
		`+40 (0)722-000-001`:                      `+40 (*)***-***-001`,
		`0040 722 000 001`:                        `00** *** *** 001`,
		`0040722000001`:                           `00********001`,
		`{"at":"2026-01-02T09:00:00.012345678Z"}`: `{"at":"2026-01-02T09:00:00.012345678Z"}`,
		`on 01.02.2026 09:00, 02.03.2026`:         `on 01.02.2026 09:00, 02.03.2026`,
		`{"hash":"0123456789ab0722000001ff","x":0.0312345678}`:         `{"hash":"0123456789ab0722000001ff","x":0.0312345678}`,
		`{"id":"a0000000000012","ms":1072200000100}`:                   `{"id":"a0000000000012","ms":1072200000100}`,
		`2026-01-02T09:00:00+02:00`:                                    `2026-01-02T09:00:00+02:00`,
		`0,123,456,789`:                                                `0,123,456,789`,
		`{"note":"sună la\n0722000001\tsau \u003c0722 000 002\u003e"}`: `{"note":"sună la\n07*****001\tsau \u003c07** *** 002\u003e"}`,
		`{"note":"tel.0722000001, mobil:0722 000 002"}`:                `{"note":"tel.07*****001, mobil:07** *** 002"}`,
		`{"path":"c:\\n0722000001"}`:                                   `{"path":"c:\\n0722000001"}`,
	} {
		if got := string(maskNumbers([]byte(text))); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestRowsThatWereRefusedAreMaskedWhateverTheNumberLooksLike(t *testing.T) {
	const in = "line;column;reason;Nume;Tel\n3;Tel;\"\"\"72200000\"\" is too short\";Ion;72200000\n12;;;Ana;0722 000-001\n"
	const want = "line;column;reason;Nume;Tel\n3;Tel;\"\"\"72***000\"\" is too short\";Ion;72***000\n12;;;Ana;07** ***-001\n"
	if got := string(maskRows([]byte(in))); got != want {
		t.Errorf("%s", got)
	}
}

func TestRejectedRowsShowWholeNumbersOnlyToWhoMaySeeThem(t *testing.T) {
	o := newOffice(t)
	w := o.as(o.session("supervisor"), "POST /api/lists/spring/import", "phone,name\n+40722111331,Ana\n+407221113,Ion 0722 111 339\n")
	var in struct{ Rejects string }
	if err := json.Unmarshal(w.Body.Bytes(), &in); err != nil || in.Rejects == "" {
		t.Fatalf("%v: %s", err, w.Body)
	}
	path := "GET /rejects/" + filepath.Base(in.Rejects)
	for role, whole := range map[string]bool{"supervisor": false, "administrator": true} {
		w := o.as(o.session(role), path, "")
		if w.Code != http.StatusOK || strings.Contains(w.Body.String(), "407221113") != whole || strings.Contains(w.Body.String(), "0722 111 339") != whole || !strings.Contains(w.Body.String(), "Ion") {
			t.Errorf("%s: %d %s", role, w.Code, w.Body)
		}
	}
	sheet := filepath.Join(filepath.Dir(in.Rejects), "a.xlsx")
	if err := os.WriteFile(sheet, []byte("PK"), 0o600); err != nil {
		t.Fatal(err)
	}
	for role, want := range map[string]int{"supervisor": http.StatusForbidden, "administrator": http.StatusOK} {
		if w := o.as(o.session(role), "GET /rejects/a.xlsx", ""); w.Code != want {
			t.Errorf("%s gets a workbook: %d, want %d", role, w.Code, want)
		}
	}
}

func TestWhatAListSaysOfAPersonIsMaskedOnThePageOfContacts(t *testing.T) {
	o := newOffice(t)
	admin := o.session("administrator")
	for _, step := range [][2]string{{"POST /api/lists/spring/import", "phone,name,city,mobile of the wife\n+40722111331,Ana 0722 111 335,Cluj 0722111336,0722 111 337\n"}, {"POST /api/campaigns", spring}} {
		if w := o.as(admin, step[0], step[1]); w.Code != 200 {
			t.Fatalf("%s: %s", step[0], w.Body)
		}
	}
	for role, whole := range map[string]bool{"supervisor": false, "compliance": true} {
		page := o.as(o.session(role), "GET /contacts?q=ana", "").Body.String()
		for _, number := range []string{"0722 111 335", "0722111336", "0722 111 337"} {
			if strings.Contains(page, number) != whole {
				t.Errorf("%s sees %s: %v, want %v", role, number, !whole, whole)
			}
		}
	}
}
