package contactdb

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

// traces are the places where any of some texts is found in the store.
func traces(t *testing.T, s *Store, texts ...string) (all []string) {
	t.Helper()
	if err := s.settled(); err != nil {
		t.Fatal(err)
	}
	err := s.view("look", func(t *tx) error {
		return t.file.ForEach(func(name []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(k, v []byte) error {
				for _, text := range texts {
					if bytes.Contains(k, []byte(text)) || bytes.Contains(v, []byte(text)) {
						all = append(all, string(name)+": "+text)
					}
				}
				return nil
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// known is a store that knows a person in two lists, with another number, calls
// with notes, a recording, audit entries, and a do-not-call entry.
func known(t *testing.T) *Store {
	t.Helper()
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	p := person(7)
	p.Name, p.City = "Ștefania Vâlceanu", "Turnu Severin"
	p.Numbers = []Number{{Phone: p.Phone, Zones: p.Zones}, {Phone: "+40213334444", Zones: p.Zones}}
	mustImport(t, s, "a", person(1), p, person(2))
	mustImport(t, s, "b", p, person(3))
	for i, a := range mustLease(t, s, request("c", 4, "a")).Attempts {
		st := ended(a, Human, monday.Add(time.Duration(i)*time.Minute), monday.Add(time.Hour))
		st.Record.Note, st.Record.ScriptAnswers = "note on "+a.Contact.Name, map[string]string{"who": a.Contact.Name}
		st.Record.Recording, st.Record.RecordingSHA256 = "recordings/"+a.ID+".wav.age", strings.Repeat("a", 64)
		mustSettle(t, s, st)
	}
	for _, e := range []AuditEntry{
		{Who: "ana", Verb: "contact.show", Phone: p.Phone},
		{Who: "ana", Verb: "contact.edit", Phone: p.Phone, Before: map[string]string{"city": "Turnu Severin"}, After: map[string]string{"name": "Ștefania Vâlceanu"}},
		{Who: "ana", Verb: "contact.show", Phone: person(1).Phone},
	} {
		e.At = monday
		if _, err := s.Audit(bg, e); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Suppress(bg, oneEntry(p.Phone)); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNothingOfAnErasedPersonIsFoundAndTheChainsVerify(t *testing.T) {
	s := known(t)
	texts := []string{person(7).Phone, "+40213334444", "Vâlceanu", "Turnu Severin"}
	if len(traces(t, s, texts...)) < 8 {
		t.Fatal("the store does not know the person")
	}
	before, err := s.Verify(bg)
	if err != nil {
		t.Fatal(err)
	}
	recordings, err := s.Recordings(person(7).Phone)
	if err != nil || len(recordings) == 0 {
		t.Fatalf("recordings %v, %v", recordings, err)
	}
	gone, err := s.Erase(bg, Erasure{Phone: person(7).Phone, Reason: "erased", Source: "ana", Now: monday.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	want := Erased{Phones: []string{person(7).Phone, "+40213334444"}, Lists: []string{"a", "b"}, Contacts: 2, Records: len(recordings), Entries: 2, Recordings: recordings}
	if diff := cmp.Diff(want, gone); diff != "" {
		t.Error(diff)
	}
	if left := traces(t, s, texts...); len(left) > 0 {
		t.Errorf("still there: %v", left)
	}
	v, err := s.Verify(bg)
	if err != nil || !v.OK || v.Head != before.Head || v.Records != before.Records || v.Erased != len(recordings) {
		t.Errorf("the chain: %+v, %v; was %+v", v, err, before)
	}
	if n := len(collect(t, s.Records(RecordFilter{Phone: person(1).Phone}))); n != 1 {
		t.Errorf("another person has %d records", n)
	}
}

func TestAnErasedNumberIsNotDialedAfterTheNextImport(t *testing.T) {
	for _, keep := range []bool{false, true} {
		s := known(t)
		if _, err := s.Erase(bg, Erasure{Phone: person(7).Phone, Reason: "erased", Source: "ana", Now: monday.Add(time.Hour), KeepNumber: keep}); err != nil {
			t.Fatal(err)
		}
		mustImport(t, s, "new", person(7), person(8))
		req := request("c", 10, "new")
		req.Now = monday.Add(48 * time.Hour)
		res := mustLease(t, s, req)
		if len(res.Attempts) != 1 || res.Attempts[0].Contact.Phone != person(8).Phone {
			t.Errorf("keep %v: leased %+v", keep, res.Attempts)
		}
		entry, err := s.Suppressed(Target{Phone: person(7).Phone}, monday.Add(time.Hour))
		if err != nil || entry == nil || !keep && !strings.Contains(entry.Reason, "erased") {
			t.Fatalf("keep %v: %+v, %v", keep, entry, err)
		}
		if !keep && (!strings.HasPrefix(entry.Phone, erasedText) || !entry.AddedAt.Before(monday.Add(time.Hour))) {
			t.Errorf("the entry shows the number, or not since when it holds: %+v", entry)
		}
		if _, err := s.Unsuppress(Suppression{Phone: person(7).Phone}); err != nil {
			t.Errorf("keep %v: the person comes back: %v", keep, err)
		}
		if entry, err := s.Suppressed(Target{Phone: person(7).Phone}, monday); err != nil || entry != nil {
			t.Errorf("keep %v: still suppressed: %+v, %v", keep, entry, err)
		}
	}
}

func TestWhoIsInACallIsNotErasedYet(t *testing.T) {
	s, a := oneLive(t)
	if _, err := s.Erase(bg, Erasure{Phone: a.Contact.Phone, Now: monday}); !errors.Is(err, ErrState) {
		t.Errorf("erase during a call: %v", err)
	}
	if paths, err := s.Recordings(a.Contact.Phone); !errors.Is(err, ErrState) {
		t.Errorf("recordings to remove during a call: %v, %v", paths, err)
	}
	if cs, err := s.ContactsByPhone(a.Contact.Phone); err != nil || len(cs) != 1 {
		t.Errorf("the contact after a refused erasure: %+v, %v", cs, err)
	}
}

// Records of schema 1 have no salts: they are named, not changed.
func TestRecordsWithoutSaltsAreCountedAndStay(t *testing.T) {
	s := openStore(t, kept(t, "schema1.db.gz"))
	gone, err := s.Erase(bg, Erasure{Phone: person(0).Phone, Reason: "erased", Now: monday.Add(time.Hour)})
	if err != nil || gone.Kept != 1 || gone.Records != 0 || gone.Contacts != 1 {
		t.Errorf("%+v, %v", gone, err)
	}
	if v, err := s.Verify(bg); err != nil || !v.OK {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestAPartOfARecordCanBeErased(t *testing.T) {
	s := known(t)
	err := s.update("erase notes", func(t *tx) error {
		_, err := t.erase(&records, 1, map[string]bool{"note": true, "script_answers": true})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	all := collect(t, s.Records(RecordFilter{}))
	at := slices.IndexFunc(all, func(r Record) bool { return strings.HasPrefix(r.Note, erasedText) })
	if at != 0 || strings.HasPrefix(all[0].Phone, erasedText) || all[0].ScriptAnswers["erased"] == "" {
		t.Errorf("%+v", all[0])
	}
	if v, err := s.Verify(bg); err != nil || !v.OK || v.Erased != 1 {
		t.Errorf("%+v, %v", v, err)
	}
}

// Of who was erased, or is to be forgotten by now, the journal's files keep nothing.
func TestTheJournalKeepsNothingOfWhoWasErased(t *testing.T) {
	const note = "speaks of the weather"
	for what, forget := range map[string]func(s *Store, phone string) error{
		"erased": func(s *Store, phone string) error {
			_, err := s.Erase(bg, Erasure{Phone: phone, Now: monday.Add(time.Hour)})
			return err
		},
		"retained": func(s *Store, _ string) error {
			_, err := s.ForgetInRecords(bg, "notes", NotesOnly, monday.Add(time.Hour))
			return err
		},
	} {
		s := newStore(t)
		mustApply(t, s, "c", "v1")
		mustImport(t, s, "l", person(1))
		a := mustLease(t, s, request("c", 1, "l")).Attempts[0]
		st := ended(a, Human, monday, time.Time{})
		st.Record.Note = note
		if _, err := s.Settle(bg, st); err != nil {
			t.Fatal(err)
		}
		in := func() (found bool) {
			for n := range journalEnds {
				b, err := os.ReadFile(journalPath(s.db.Path(), n))
				found = found || err == nil && bytes.Contains(b, []byte(note))
			}
			return found
		}
		if !in() {
			t.Fatal("the note was not in the journal: the test shows nothing")
		}
		if err := forget(s, a.Contact.Phone); err != nil {
			t.Fatal(err)
		}
		if in() {
			t.Errorf("%s: the note is in the journal", what)
		}
		path := copyStore(t, s.db.Path()) // killed here, or later
		if err := s.Remember("after", []byte("x")); err != nil {
			t.Fatal(err)
		}
		for want, path := range map[string]string{"": path, "x": copyStore(t, s.db.Path())} {
			if got, err := openStore(t, path).Recall("after"); err != nil || string(got) != want {
				t.Errorf("after a kill: %q, %v, want %q", got, err, want)
			}
		}
	}
}
