package contactdb

import (
	"encoding/binary"
	"errors"
	"iter"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// filed is a file of contacts that can be read again.
type filed struct {
	rows    []Contact
	cut     int // the file breaks off after as many; 0: never
	read    int
	mark    Mark
	skipped int
}

var errCut = errors.New("the connection is gone")

func (f *filed) sum(m *Mark, c Contact) {
	m.Rows++
	m.Sum = m.Sum*31 + phoneHash(c.Phone+c.Name)
}

func (f *filed) contacts() iter.Seq2[Contact, error] {
	return func(yield func(Contact, error) bool) {
		for f.read < len(f.rows) {
			if f.cut > 0 && f.read == f.cut {
				yield(Contact{}, errCut)
				return
			}
			c := f.rows[f.read]
			f.read++
			f.sum(&f.mark, c)
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (f *filed) take() Mark {
	m := f.mark
	f.mark = Mark{}
	return m
}

func (f *filed) skip(marks []Mark) (int, error) {
	for n, m := range marks {
		var got Mark
		for i := f.read; i < min(f.read+m.Rows, len(f.rows)); i++ {
			f.sum(&got, f.rows[i])
		}
		if got.Sum != m.Sum || got.Rows != m.Rows {
			return n, nil
		}
		f.read += m.Rows
		f.skipped = f.read
	}
	return len(marks), nil
}

func (f *filed) importInto(s *Store, list string) (ImportResult, error) {
	return s.ImportFile(bg, ImportRequest{List: list, Source: "leads.csv", Now: monday, Rows: f.contacts(), Key: "k", Mark: f.take, Skip: f.skip,
		Damaged: func(err error) bool { return !errors.Is(err, errCut) }})
}

func numbersOfAll(all []Contact) (phones []string) {
	for _, c := range all {
		phones = append(phones, c.Phone)
	}
	slices.Sort(phones)
	return phones
}

func TestAnImportThatWasCutOffGoesOnWhereItStopped(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(rows []Contact)
		skipped int
	}{
		"the same file":               {func([]Contact) {}, 20},
		"another row in its 2nd part": {func(rows []Contact) { rows[13].Name = "other" }, 10},
		"another file":                {func(rows []Contact) { rows[0].Name = "other" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store.db")
			s := openStore(t, path)
			s.importStep = 10
			rows := append(people(0, 40), person(3), person(12))
			if _, err := (&filed{rows: rows, cut: 25}).importInto(s, "a"); !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			if _, err := s.List("a"); !errors.Is(err, ErrNotFound) {
				t.Errorf("the list is seen before its end: %v", err)
			}
			if all, err := s.Imports("a"); err != nil || len(all) != 1 || all[0].State != ImportUnfinished || all[0].Rows != 20 {
				t.Errorf("imports: %+v, %v", all, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = openStore(t, path)
			s.importStep = 10
			again := slices.Clone(rows)
			tc.change(again)
			f := &filed{rows: again}
			res, err := f.importInto(s, "a")
			if want := (ImportResult{List: "a", Rows: 42, Imported: 40, Duplicates: 2}); res != want || err != nil {
				t.Errorf("%+v, %v; want %+v", res, err, want)
			}
			if f.skipped != tc.skipped {
				t.Errorf("%d rows were stored already, want %d", f.skipped, tc.skipped)
			}
			got := collect(t, s.Contacts("a"))
			if diff := cmp.Diff(numbersOfAll(people(0, 40)), numbersOfAll(got)); diff != "" {
				t.Error(diff)
			}
			for i, c := range got {
				if c.Name != again[i].Name {
					t.Errorf("contact %d is %q, want %q", i, c.Name, again[i].Name)
				}
			}
		})
	}
}

func client(n int, id, city string) Contact {
	c := person(n)
	c.ExternalID, c.City = id, city
	return c
}

func TestAnExternalIDMakesASecondImportAnUpdate(t *testing.T) {
	for name, step := range map[string]int{"in one part": importStep, "in many": 2} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			s.importStep = step
			mustImport(t, s, "a", client(1, "A", "Iași"), client(2, "B", "Cluj"), client(3, "C", "Arad"), person(4))
			res := mustImport(t, s, "a",
				client(9, "A", ""),     // another number, the city stays
				client(2, "B", "Cluj"), // nothing new
				client(3, "C", "Deva"), // another city
				client(4, "D", "Dej"),  // known by number, gets an id
				client(5, "E", ""), client(6, "E", ""), person(5), person(7))
			if want := (ImportResult{List: "a", Rows: 8, Imported: 2, Updated: 3, Duplicates: 3}); res != want {
				t.Errorf("%+v, want %+v", res, want)
			}
			got := map[string]string{}
			for _, c := range collect(t, s.Contacts("a")) {
				got[c.Phone[10:]] = c.ExternalID + " " + c.City
			}
			want := map[string]string{"09": "A Iași", "02": "B Cluj", "03": "C Deva", "04": "D Dej", "05": "E ", "07": " "}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			u, err := s.UndoImport("a", 0)
			if err != nil || u.Removed != 2 || u.Restored != 3 {
				t.Errorf("undone: %+v, %v", u, err)
			}
			got = map[string]string{}
			for _, c := range collect(t, s.Contacts("a")) {
				got[c.Phone[10:]] = c.ExternalID + " " + c.City
			}
			want = map[string]string{"01": "A Iași", "02": "B Cluj", "03": "C Arad", "04": " "}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAPreviewSaysWhatAnImportWillDo(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", client(1, "A", "Iași"), client(2, "B", "Cluj"), person(4))
	if _, err := s.Suppress(bg, oneEntry(person(7).Phone)); err != nil {
		t.Fatal(err)
	}
	rows := []Contact{client(9, "A", ""), client(2, "B", "Cluj"), client(4, "D", "Dej"), client(5, "E", ""), client(6, "E", ""), person(5), person(7), person(7)}
	said, err := s.PreviewImport(bg, "a", monday, rowsOf(rows...))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(collect(t, s.Contacts("a"))); n != 3 {
		t.Errorf("%d contacts after a preview", n)
	}
	if res := mustImport(t, s, "a", rows...); res != said {
		t.Errorf("%+v was said, %+v was done", said, res)
	}
}

func TestAnImportIsUndoneButForWhoWasCalled(t *testing.T) {
	s := newStore(t)
	s.importStep = 4
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 3)...)
	mustImport(t, s, "a", people(3, 20)...)
	for _, a := range mustLease(t, s, request("c", 5, "a")).Attempts[:4] { // 0 to 4; 4 is in a call
		mustSettle(t, s, ended(a, Busy, monday, monday.AddDate(0, 0, 1)))
	}
	u, err := s.UndoImport("a", 0)
	if err != nil || u.Removed != 15 || u.Called != 2 {
		t.Errorf("undone: %+v, %v", u, err)
	}
	if diff := cmp.Diff(numbersOfAll(people(0, 5)), numbersOfAll(collect(t, s.Contacts("a")))); diff != "" {
		t.Error(diff)
	}
	if _, err := s.UndoImport("a", u.ID); !errors.Is(err, ErrState) {
		t.Errorf("a second time: %v", err)
	}
	if u, err := s.UndoImport("a", 0); err != nil || u.Called != 3 || u.Removed != 0 {
		t.Errorf("the import before: %+v, %v", u, err)
	}
	if _, err := s.UndoImport("b", 0); !errors.Is(err, ErrNotFound) {
		t.Errorf("of a list that is not there: %v", err)
	}
}

func TestAnUnfinishedImportCanBeForgotten(t *testing.T) {
	s := newStore(t)
	s.importStep = 10
	if _, err := (&filed{rows: people(0, 40), cut: 25}).importInto(s, "a"); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	if u, err := s.UndoImport("a", 0); err != nil || u.Removed != 20 {
		t.Errorf("%+v, %v", u, err)
	}
	if err := s.view("look", func(t2 *tx) error {
		for _, b := range [][]byte{bContacts, bFresh, bPhones, bTrash, bImports, bImportMarks} {
			if k, _ := t2.cursor(b).First(); k != nil {
				t.Errorf("something is left in %s", b)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestARemovedListLeavesNothingOfWhatItsContactsWere(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", client(1, "A", "Iași"))
	mustImport(t, s, "b", client(2, "B", "Cluj"))
	mustImport(t, s, "a", client(1, "A", "Deva"))
	mustImport(t, s, "b", client(2, "B", "Arad"))
	kept := func() (rows int) {
		if err := s.view("look", func(t *tx) error {
			return t.each(bImportBefore, nil, func(_, _ []byte) (bool, error) { rows++; return true, nil })
		}); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	if kept() != 2 {
		t.Fatalf("%d contacts have a state before, want 2", kept())
	}
	if err := s.RemoveList("a"); err != nil {
		t.Fatal(err)
	}
	if kept() != 1 {
		t.Errorf("%d contacts have a state before, want that of the other list", kept())
	}
	if u, err := s.UndoImport("b", 0); err != nil || u.Restored != 1 {
		t.Errorf("undo of the other list: %+v, %v", u, err)
	}
}

func TestAnImportTakesShorterStepsWhereOthersWait(t *testing.T) {
	s := newStore(t)
	s.importStep = 1000
	im := newImporting(bg, s, ImportRequest{List: "a"})
	defer im.close()
	step := func(others bool) int64 {
		t.Helper()
		if err := im.write(func(*tx, *importing) error {
			if others {
				s.queue <- &write{apply: func(*tx) error { return nil }}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return im.pace.Load()
	}
	for _, want := range []int64{500, 250, 125, 100, 100} {
		if got := step(true); got != want {
			t.Errorf("the next step takes %d rows, want %d", got, want)
		}
	}
	for i := 0; step(false) < 1000; i++ {
		if i > 100 {
			t.Fatal("it never takes longer ones again")
		}
	}
}

func TestAnImportThatIsUndoneLeavesInTheSearchWhoWasCalled(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 2*runLeast)...)
	for _, a := range mustLease(t, s, request("c", 3, "a")).Attempts {
		mustSettle(t, s, ended(a, Busy, monday, monday.AddDate(0, 0, 1)))
	}
	if u, err := s.UndoImport("a", 0); err != nil || u.Removed != 2*runLeast-3 || u.Called != 3 {
		t.Fatalf("undone: %+v, %v", u, err)
	}
	found, err := s.FindContacts(Search{Words: []string{"person"}, Limit: 2 * runLeast})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(numbersOfAll(people(0, 3)), numbersOfAll(found.Contacts)); diff != "" {
		t.Error(diff)
	}
	want, left := map[term]bool{}, map[term]bool{}
	for i, c := range found.Contacts {
		for key := range c.termSet() {
			want[term{key, uint32(i)}] = true
		}
	}
	if err := s.view("look", func(t *tx) error {
		return t.each(bTerms, nil, func(key, block []byte) (bool, error) {
			_, err := unpackTerms(binary.BigEndian.Uint64(key[12:]), block, func(e term) bool { left[e] = true; return true })
			return true, err
		})
	}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, left, cmp.AllowUnexported(term{})); diff != "" {
		t.Errorf("terms in the index: %s", diff)
	}
}

// Whoever shares a transaction with a step of an undo and is refused has the step
// run again: from the contact where it began, not from where it had come to.
func TestAnUndoWhoseStepsAreRunAgainLeavesNobody(t *testing.T) {
	s := newStore(t)
	mustImport(t, s, "a", people(0, 4*sweepStep)...)
	var others sync.WaitGroup
	done := make(chan struct{})
	for range 8 {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					_ = s.writeLarge(bg, "refuse", func(*tx) error { return ErrState })
				}
			}
		})
	}
	u, err := s.UndoImport("a", 0)
	close(done)
	others.Wait()
	if err != nil || u.Removed != 4*sweepStep {
		t.Errorf("undone: %d removed, %v", u.Removed, err)
	}
	if lists, err := s.Lists(); err != nil || lists[0].Contacts != 0 {
		t.Errorf("what is left: %+v, %v", lists, err)
	}
}

func BenchmarkUndo(b *testing.B) {
	rows := people(0, 20_000)
	for b.Loop() {
		b.StopTimer()
		s := newStore(b)
		mustImport(b, s, "a", rows...)
		b.StartTimer()
		if _, err := s.UndoImport("a", 0); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "contacts/s")
}
