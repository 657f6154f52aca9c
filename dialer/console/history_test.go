package console

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAPersonsHistoryNamesTheImportsThatBroughtAndChangedIt(t *testing.T) {
	h := New(newService(t))
	for _, request := range [][2]string{
		{"POST /api/lists/spring/import?file=one.csv", "phone,external_id,city\n+40722111331,A,Iași\n+40722111332,B,Iași\n"},
		{"POST /api/lists/spring/import?file=dry.csv&dry-run=1", "phone,external_id,city\n+40722111331,A,Deva\n"},
		{"POST /api/lists/spring/import?file=two.csv", "phone,external_id,city\n+40722111331,A,Cluj\n+40722111333,C,Cluj\n"},
		{"POST /api/lists/autumn/import?file=else.csv", "phone\n+40722111334\n"},
		{"POST /api/lists/spring/import?file=three.csv", "phone,external_id,city\n+40722111332,B,Arad\n"},
		{"POST /api/lists/spring/undo", ""},
	} {
		if w := ask(h, request[0], request[1]); w.Code != 200 {
			t.Fatalf("%s: %s", request[0], w.Body)
		}
	}
	for phone, want := range map[string]map[string]bool{
		"+40722111331": {"one.csv": false, "two.csv": true},
		"+40722111332": {"one.csv": false},
		"+40722111333": {"two.csv": false},
	} {
		var got ContactHistory
		if err := json.Unmarshal(ask(h, "GET /api/contacts/"+phone+"/history", "").Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		for _, i := range got.Imports {
			if updated, is := want[i.Source]; !is || updated != i.Updated || !strings.HasPrefix(i.Who, "local:") || i.List != "spring" {
				t.Errorf("%s: %+v, want %v", phone, i, want)
			}
		}
		if len(got.Imports) != len(want) {
			t.Errorf("%s: %+v, want %v", phone, got.Imports, want)
		}
	}
}
