package intake

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

func TestRowsOfAPersonAreTakenOutOfRejectsAndNoOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.csv")
	text := "\uFEFFline;column;reason;Nume;Telefon;Data\n" +
		"3;Data;\"no \"\"date\"\"\";Ion;0722 000 001;31.02\n" +
		"4;Data;no date;Ana;\"0722.000.001 / 0723000009\";31.02\n" +
		"722000001;Data;no date;\"Dan\nII\";+40 (0)722-000-002;31.02\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := ForgetRejects(path, []string{"+40799999999"}); n != 0 || err != nil {
		t.Errorf("of nobody: %d, %v", n, err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != text {
		t.Errorf("the file was changed: %q, %v", got, err)
	}
	n, err := ForgetRejects(path, []string{"+40213334444", "+40722000001"})
	if n != 2 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	got, err := os.ReadFile(path)
	if want := "\uFEFFline;column;reason;Nume;Telefon;Data\n722000001;Data;no date;\"Dan\nII\";+40 (0)722-000-002;31.02\n"; err != nil || string(got) != want {
		t.Errorf("%q, want %q (%v)", got, want, err)
	}
	if n, err := ForgetRejects(path, []string{"+40722000002"}); n != 1 || err != nil {
		t.Errorf("the last: %d, %v", n, err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestRowsOfAPersonAreTakenOutOfASheetOfRejects(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w, err := newSheetRejects(f, "Clienți")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{"line,column,reason,Telefon,Nume", "2,x,y,0722000001,Ion", "3,x,y,0722000002,Dan"} {
		if err := w.write(strings.Split(row, ",")); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := ForgetRejects(path, []string{"+40722000001"}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if rows, err := book.GetRows("Clienți"); err != nil || len(rows) != 2 || rows[1][4] != "Dan" {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestAFileOfRejectsThatCannotBeReadIsLeftAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xlsx")
	if err := os.WriteFile(path, []byte("PK no workbook"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ForgetRejects(path, []string{"+40722000001"}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
