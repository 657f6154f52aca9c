package contactdb

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// full has everything that a contact can have.
func full() Contact {
	return Contact{
		List: "a", Phone: "+40722000001", NumberType: "mobile", Region: "RO", Zones: []string{chisinau, bucharest},
		Numbers: []Number{
			{Phone: "+40312000001", Kind: Home, Type: "fixed-line", Region: "RO", Zones: []string{bucharest}},
			{Phone: "+40722000001", Kind: Mobile, Type: "mobile", Region: "RO", Zones: []string{bucharest}},
			{Phone: "+40312000001", Kind: Work, Type: "fixed-line", Region: "RO", Zones: []string{bucharest}},
		},
		ExternalID: "C-1", Client: "acme", Name: "Ana Pop", Language: "ro", Tags: []string{"vip", "2024", "vip"}, Notes: "rings twice",
		Zone:    chisinau,
		Consent: &Consent{Kind: "marketing", At: monday, Source: "form", Text: "v3", Expires: monday.AddDate(1, 0, 0)},
		Fields:  map[string]string{"contract": "77"},
	}
}

func TestAContactIsFoundByEachOfItsNumbersAndSharesThemWithOthers(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", full(), Contact{Phone: "+40722000002", Zones: []string{bucharest}, Numbers: []Number{
		{Phone: "+40722000002", Kind: Mobile, Zones: []string{bucharest}}, {Phone: "+40312000001", Kind: Home, Zones: []string{bucharest}},
	}})
	shared, err := s.ContactsByPhone("+40312000001")
	if err != nil || len(shared) != 2 {
		t.Fatalf("by the shared number: %v, %v", shared, err)
	}
	want := full()
	want.ID, want.ImportedAt = shared[0].ID, monday
	want.Zones, want.Tags = []string{bucharest, chisinau}, []string{"2024", "vip"}
	want.Numbers = []Number{want.Numbers[1], want.Numbers[0]}
	if diff := cmp.Diff(want, shared[0]); diff != "" {
		t.Error(diff)
	}
	c := shared[0]
	c.Numbers = c.Numbers[:1]
	if _, err := s.PutContact(c, monday); err != nil {
		t.Fatal(err)
	}
	if left, err := s.ContactsByPhone("+40312000001"); err != nil || len(left) != 1 {
		t.Errorf("after the number was taken from one of them: %v, %v", left, err)
	}
}

func TestWhoIsTheSamePersonInAList(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", full())
	other := func(phone, external string) Contact {
		return Contact{List: "a", Phone: phone, ExternalID: external, Zones: []string{bucharest}}
	}
	for name, tc := range map[string]struct {
		c    Contact
		want error
	}{
		"the same external id":                       {other("+40799", "C-1"), ErrExists},
		"the same first number, no id":               {other("+40722000001", ""), ErrExists},
		"the same first number, another external id": {other("+40722000001", "C-2"), nil},
		"another's second number as the first":       {other("+40312000001", ""), nil},
	} {
		if _, err := s.PutContact(tc.c, monday); !errors.Is(err, tc.want) {
			t.Errorf("%s: error %v, want %v", name, err, tc.want)
		}
	}
	res := mustImport(t, s, "b", full(), other("+40722000001", ""), other("+40722000001", "C-2"), other("+40799", "C-1"))
	if want := (ImportResult{List: "b", Rows: 4, Imported: 2, Duplicates: 2}); res != want {
		t.Errorf("import: %+v, want %+v", res, want)
	}
}

func TestAContactWhosePhoneIsNotAmongItsNumbersIsRefused(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", person(1))
	c := full()
	c.Phone = "+40799"
	if _, err := s.PutContact(c, monday); err == nil {
		t.Error("it was taken")
	}
}
