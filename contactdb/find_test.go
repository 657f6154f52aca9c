package contactdb

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestContactsAreFoundByNumberNameAndValueWithoutAccents(t *testing.T) {
	for name, n := range map[string]int{"few": 0, "a run": 700} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			c := full()
			c.Name, c.City = "Ștefan-Ilie Țiriac", "Iași"
			rows := []Contact{c, {Phone: "+40722000009", Zones: []string{bucharest}, FirstName: "Stefania", LastName: "Pop", Name: "Stefania Pop", City: "Cluj-Napoca", Fields: map[string]string{"Produs": "Fibră 500"}}}
			for i := range n {
				rows = append(rows, person(1000+i))
			}
			mustImport(t, s, "a", rows...)
			for _, tc := range []struct {
				q    Search
				want string
			}{
				{Search{Phone: "+40312000001"}, "1"}, {Search{Phone: "+407220000"}, "1 2"}, {Search{Phone: "+1"}, ""},
				{Search{Words: []string{"stef"}}, "1 2"}, {Search{Words: []string{"ȘTEFAN"}}, "1 2"}, {Search{Words: []string{"tiriac", "ste"}}, "1"},
				{Search{Words: []string{"stefania", "tiriac"}}, ""}, {Search{Words: []string{"ilie"}}, "1"}, {Search{Words: []string{"iasi"}}, "1"},
				{Search{Words: []string{"cluj", "napoca"}}, "2"}, {Search{Words: []string{"fibra", "500"}}, "2"}, {Search{Words: []string{"C-1"}}, "1"},
				{Search{Values: map[string]string{"city": "IAȘI"}}, "1"}, {Search{Values: map[string]string{"produs": "fibra 500"}}, "2"},
				{Search{Values: map[string]string{"city": "fibra 500"}}, ""}, {Search{Words: []string{"pop"}, Values: map[string]string{"city": "cluj napoca"}}, "2"},
				{Search{Values: map[string]string{"tag": "vip"}}, "1"}, {Search{Words: []string{"zzz"}}, ""}, {Search{}, ""},
			} {
				if got := found(t, s, tc.q); got != tc.want {
					t.Errorf("%+v: found %q, want %q", tc.q, got, tc.want)
				}
			}
		})
	}
}

func found(t *testing.T, s *Store, q Search) string {
	t.Helper()
	f, err := s.FindContacts(q)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range f.Contacts {
		ids = append(ids, fmt.Sprint(c.ID))
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

func TestAChangedContactIsFoundAsItIsNow(t *testing.T) {
	s := newStore(t)
	rows := people(0, 600)
	rows[7].Name = "Ana Pop"
	mustImport(t, s, "a", rows...)
	c, err := s.FindContacts(Search{Words: []string{"ana"}})
	if err != nil || len(c.Contacts) != 1 {
		t.Fatal(c, err)
	}
	one := c.Contacts[0]
	one.Name = "Maria Pop"
	if _, err := s.PutContact(one, monday); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]string{"ana": "", "maria": fmt.Sprint(one.ID), "pop": fmt.Sprint(one.ID)} {
		if got := found(t, s, Search{Words: []string{word}}); got != want {
			t.Errorf("%s: found %q, want %q", word, got, want)
		}
	}
	if err := s.RemoveList("a"); err != nil {
		t.Fatal(err)
	}
	if got := found(t, s, Search{Words: []string{"maria"}}); got != "" {
		t.Errorf("found in a removed list: %q", got)
	}
	if err := s.view("look", func(t2 *tx) error {
		for _, b := range [][]byte{bTerms, bRuns, bLoose} {
			if k, _ := t2.cursor(b).First(); k != nil {
				t.Errorf("something is left in %s", b)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// Every term in the packed runs, by contact.
func packed(t *testing.T, s *Store) map[uint64][]uint64 {
	t.Helper()
	all := map[uint64][]uint64{}
	err := s.view("packed terms", func(tx *tx) error {
		return tx.each(bTerms, nil, func(key, block []byte) (bool, error) {
			first := binary.BigEndian.Uint64(key[4:])
			return unpackTerms(binary.BigEndian.Uint64(key[12:]), block, func(e term) bool {
				all[first+uint64(e.local)] = append(all[first+uint64(e.local)], e.key)
				return true
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhoIsErasedOrRenamedLeavesThePackedIndexAndNobodyElseDoes(t *testing.T) {
	s := newStore(t)
	var rows []Contact
	for i := range 700 {
		rows = append(rows, person(i))
	}
	mustImport(t, s, "a", rows...)
	before := packed(t, s)
	one := collectIDs(t, s, rows[0].Phone, rows[350].Phone, rows[699].Phone)
	for _, id := range one {
		if len(before[id]) == 0 {
			t.Fatalf("contact %d is not in a run", id)
		}
	}
	for _, phone := range []string{rows[0].Phone, rows[699].Phone} {
		if _, err := s.Erase(bg, Erasure{Phone: phone, Reason: "erased", Now: monday}); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.ContactsByPhone(rows[350].Phone)
	if err != nil || len(c) != 1 {
		t.Fatal(c, err)
	}
	c[0].Name, c[0].FirstName, c[0].LastName = "Otilia Zamfir", "Otilia", "Zamfir"
	if _, err := s.PutContact(c[0], monday); err != nil {
		t.Fatal(err)
	}
	after := packed(t, s)
	for _, id := range one {
		if len(after[id]) > 0 {
			t.Errorf("terms of contact %d are still there: %x", id, after[id])
		}
		delete(before, id)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	if got := found(t, s, Search{Words: []string{"zamfir"}}); got != fmt.Sprint(one[1]) {
		t.Errorf("the renamed one is found as %q", got)
	}
}

func collectIDs(t *testing.T, s *Store, phones ...string) (ids []uint64) {
	t.Helper()
	for _, p := range phones {
		c, err := s.ContactsByPhone(p)
		if err != nil || len(c) != 1 {
			t.Fatal(c, err)
		}
		ids = append(ids, c[0].ID)
	}
	return ids
}

// The index must propose whoever a walk over all contacts finds.
func TestTheSearchIndexMissesNobody(t *testing.T) {
	s := newStore(t)
	var rows []Contact
	syllables := []string{"an", "ma", "ri", "ștef", "țu", "po", "pes", "cu", "ion", "x"}
	for i := range 3000 {
		c := person(i)
		c.Name = syllables[i%10] + syllables[i/10%10] + syllables[i/100%10] + " " + syllables[i*7%10] + syllables[i*3%10]
		c.City = syllables[i%7]
		rows = append(rows, c)
	}
	mustImport(t, s, "a", rows...)
	rapid.Check(t, func(rt *rapid.T) {
		word := rapid.SampledFrom(syllables).Draw(rt, "a") + rapid.SampledFrom(append(syllables, "")).Draw(rt, "b")
		words := []string{word}
		if rapid.Bool().Draw(rt, "two") {
			words = append(words, rapid.SampledFrom(syllables).Draw(rt, "c"))
		}
		f := &finding{q: Search{Words: words}, words: strings.Fields(fold(strings.Join(words, " ")))}
		f.whole = strings.Join(f.words, " ")
		want := 0
		for i := range rows {
			if f.fits(&rows[i]) {
				want++
			}
		}
		got, err := s.FindContacts(Search{Words: words, Limit: 5000})
		if err != nil || len(got.Contacts) != want {
			rt.Fatalf("%q: found %d, want %d (%v)", words, len(got.Contacts), want, err)
		}
	})
}
