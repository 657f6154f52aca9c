package contactdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"
)

// inRows are the contacts' rows, earlier ones too, in which a text is found when
// they are taken apart.
func inRows(t *testing.T, s *Store, texts ...string) (all []string) {
	t.Helper()
	err := s.view("look", func(tx *tx) error {
		for _, b := range [][]byte{bContacts, bImportBefore} {
			err := tx.each(b, nil, func(key, row []byte) (bool, error) {
				if string(b) == string(bImportBefore) {
					key, row = key[8:], row[8:]
				}
				c, _, err := readContact(tx, key, row)
				if err != nil {
					return false, err
				}
				text, err := json.Marshal(c)
				for _, want := range texts {
					if strings.Contains(string(text), want) {
						all = append(all, string(b)+": "+want)
					}
				}
				return true, err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var errTorn = errors.New("torn off")

// torn gives contacts and then fails, as a connection that breaks.
func torn(rows ...Contact) iter.Seq2[Contact, error] {
	return func(yield func(Contact, error) bool) {
		for _, c := range rows {
			if !yield(c, nil) {
				return
			}
		}
		yield(Contact{}, errTorn)
	}
}

func TestAnErasureFindsWhatNoIndexNames(t *testing.T) {
	s := newStore(t)
	s.importStep = 2
	who := person(7)
	who.Name, who.ExternalID, who.City = "Ștefania Vâlceanu", "K7", "Turnu Severin"
	moved := who
	moved.Phone = "+40722999999"
	mustImport(t, s, "a", person(1), who, person(2))
	mustImport(t, s, "a", moved) // the number that the person had stands in the row before only
	old := person(9)
	old.ExternalID, old.Name = "K9", "Ilie Vâlceanu"
	changed := old
	changed.Phone, changed.Name = "+40722888888", "Ilie Popa"
	mustImport(t, s, "a", old)
	mustImport(t, s, "a", changed)
	staged := moved
	staged.Numbers = []Number{{Phone: moved.Phone, Zones: moved.Zones}, {Phone: "+40213334444", Zones: moved.Zones}}
	_, err := s.ImportFile(bg, ImportRequest{List: "b", Now: monday, Rows: torn(staged, person(3), person(4)), Key: "file", Mark: func() Mark { return Mark{Rows: 2} },
		Skip: func(m []Mark) (int, error) { return len(m), nil }, Damaged: func(error) bool { return false }})
	if !errors.Is(err, errTorn) {
		t.Fatal(err)
	}
	cs, err := s.ContactsByPhone(moved.Phone)
	if err != nil || len(cs) != 1 {
		t.Fatal(cs, err)
	}
	for _, e := range []Suppression{
		{Contact: cs[0].ID, Reason: "Vâlceanu rang up, is ill", Source: "ana", AddedAt: monday},
		{Phone: moved.Phone, Reason: "asked by Ștefania", Source: "ana", AddedAt: monday},
	} {
		if _, err := s.Suppress(bg, func(yield func(Suppression, error) bool) { yield(e, nil) }); err != nil {
			t.Fatal(err)
		}
	}
	texts := []string{"Ștefania", moved.Phone, who.Phone, "+40213334444", "Turnu Severin"}
	if n := len(inRows(t, s, texts...)); n < 8 {
		t.Fatalf("the rows know the person in %d places", n)
	}
	gone, err := s.Erase(bg, Erasure{Phone: moved.Phone, Reason: "erased", Source: "ana", Now: monday.Add(time.Hour)})
	if err != nil || gone.Contacts != 2 || fmt.Sprint(gone.Lists) != "[a b]" || fmt.Sprint(gone.Phones) != "[+40722999999 +40213334444]" {
		t.Errorf("%+v, %v", gone, err)
	}
	if left := append(inRows(t, s, texts...), traces(t, s, append(texts, "Ștefania Vâlceanu", "is ill")...)...); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	gone, err = s.Erase(bg, Erasure{Phone: old.Phone, Reason: "erased", Now: monday})
	if err != nil || len(gone.Moved) != 1 || gone.Moved[0].Phone != changed.Phone || gone.Moved[0].List != "a" {
		t.Errorf("who had the number earlier: %+v, %v", gone, err)
	}
	if left := inRows(t, s, old.Phone, "Ilie Vâlceanu"); len(left) > 0 {
		t.Errorf("an old number is still in %v", left)
	}
	if cs, err := s.ContactsByPhone(changed.Phone); err != nil || len(cs) != 1 {
		t.Errorf("whoever has another number now was erased too: %v, %v", cs, err)
	}
	// The import that was cut off goes on without the person.
	res, err := s.ImportFile(bg, ImportRequest{List: "b", Now: monday, Rows: rowsOf(person(4), person(5)), Key: "file", Mark: func() Mark { return Mark{Rows: 2} },
		Skip: func(m []Mark) (int, error) { return len(m), nil }})
	if err != nil || res.Imported != 3 || res.Rows != 4 {
		t.Errorf("%+v, %v", res, err)
	}
	if err := s.Check(); err != nil {
		t.Error(err)
	}
}

func TestWhoIsInAnImportUnderWayIsErasedAfterIt(t *testing.T) {
	s := newStore(t)
	s.importStep = 2
	rows := func(yield func(Contact, error) bool) {
		for i := range 7 {
			if i == 6 { // of the first parts, all but the last is staged by now
				if _, err := s.Erase(bg, Erasure{Phone: person(0).Phone, Now: monday}); !errors.Is(err, ErrState) {
					t.Errorf("erased under the import's hands: %v", err)
				}
				if _, err := s.Erase(bg, Erasure{Phone: person(100).Phone, Now: monday}); err != nil {
					t.Errorf("who is not in it: %v", err)
				}
			}
			if !yield(person(i), nil) {
				return
			}
		}
	}
	if _, err := s.Import(bg, "a", monday, rows); err != nil {
		t.Fatal(err)
	}
	if gone, err := s.Erase(bg, Erasure{Phone: person(0).Phone, Now: monday}); err != nil || gone.Contacts != 1 {
		t.Errorf("%+v, %v", gone, err)
	}
}
