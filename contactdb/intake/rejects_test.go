package intake

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keep reads a file and keeps its rejects; it returns what was written.
func keep(t *testing.T, data []byte, o Options) (text []byte, rejects []Reject) {
	t.Helper()
	f, err := Open(bytes.NewReader(data), o)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rejects")
	out := NewRejects(path, f)
	for _, err := range f.Contacts(func(j Reject) error { rejects = append(rejects, j); return out.Add(j) }) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if out.Count() != len(rejects) {
		t.Errorf("%d counted of %d", out.Count(), len(rejects))
	}
	text, err = os.ReadFile(out.Path())
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return text, rejects
}

func TestRejectsAreWrittenWithLineReasonAndTheOriginalRow(t *testing.T) {
	text, _ := keep(t, []byte("Nume;Telefon\nIon;0700000001\n=1+1;0722\n\"a;\"\"b\"\"\nc\";\n"), Options{Country: "RO"})
	want := "\uFEFFline;column;reason;Nume;Telefon\n" +
		"3;Telefon;\"\"\"0722\"\" is too short for RO; write the whole number, like +40 712 034 567\";=1+1;0722\n" +
		"4;Telefon;there is no phone number in the row; fill it in;\"a;\"\"b\"\"\nc\";\n"
	want = strings.Replace(want, "4;Telefon;there is no phone number in the row; fill it in;", "4;Telefon;\"there is no phone number in the row; fill it in\";", 1)
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Error(diff)
	}
}

func TestRejectsThatAreNotMendedAreRejectedAgain(t *testing.T) {
	messy, err := os.ReadFile(filepath.Join(examples, "messy.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		title, data string
		o           Options
	}{
		{"messy example", string(messy), Options{Country: "RO"}},
		{"no header", "Ion,0700000001\nAna,0700000002\nVlad,0700000003\nEva,0700000004\nDan,0722\n", Options{Country: "RO"}},
		{"no header, mapped by number", "0700000001,0722\n", Options{Country: "RO", Map: map[string]string{"phone": "2"}}},
		{"header, mapped by name", "a,b\n0700000001,0722\n", Options{Country: "RO", Map: map[string]string{"phone": "b"}}},
		{"bytes that no code page has", "name;phone\nPu\xbac\x81a\xbau;0722123456\n", Options{Country: "RO"}},
	} {
		t.Run(c.title, func(t *testing.T) {
			text, first := keep(t, []byte(c.data), c.o)
			again, second := keep(t, text, c.o)
			for i, j := range first {
				// Such a row is written soundly, so it is mended by being written.
				if strings.Contains(j.Reason, "closing quote") {
					first = append(first[:i:i], first[i+1:]...)
					break
				}
			}
			var want, got [][]string
			for _, j := range first {
				want = append(want, j.Row)
			}
			for _, j := range second {
				got = append(got, j.Row)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n%s", diff, again)
			}
		})
	}
}

func TestMendedRejectsBecomeContacts(t *testing.T) {
	o := Options{Country: "RO"}
	text, _ := keep(t, []byte("Nume;Telefon;Sold\nIon;0722;5\nAna;0700000002;6\n"), o)
	mended := strings.Replace(string(text), ";0722;", ";0722123456;", 1)
	contacts, rejects, err := read(mustOpen(t, mended, o))
	if err != nil || len(rejects) > 0 || len(contacts) != 1 {
		t.Fatal(contacts, rejects, err)
	}
	c := contacts[0]
	if diff := cmp.Diff(map[string]string{"Sold": "5"}, c.Fields); diff != "" || c.Name != "Ion" || c.Phone != "+40722123456" {
		t.Errorf("%+v %s", c, diff)
	}
}

func TestNoRejectsMakeNoFile(t *testing.T) {
	dir := t.TempDir()
	f := mustOpen(t, "phone\n+40700000001\n", Options{})
	out := NewRejects(filepath.Join(dir, "rejects.csv"), f)
	for _, err := range f.Contacts(out.Add) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

func TestARejectsFileMayReplaceTheFileThatIsBeingRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rejects")
	text, _ := keep(t, []byte("phone,name\n0722,Ion\n0723,Ana\n"), Options{Country: "RO"})
	text = bytes.Replace(text, []byte(",0722,"), []byte(",0722123456,"), 1)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	f, err := Open(in, Options{Country: "RO"})
	if err != nil {
		t.Fatal(err)
	}
	out := NewRejects(path, f)
	n := 0
	for _, err := range f.Contacts(out.Add) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if err := out.Close(); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	left, err := os.ReadFile(out.Path())
	if err != nil || bytes.Contains(left, []byte("Ion")) || !bytes.Contains(left, []byte("Ana")) {
		t.Errorf("%s %v", left, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v %v", info.Mode(), err)
	}
}

func TestAFolderThatIsNotThereIsAnError(t *testing.T) {
	f := mustOpen(t, "phone\n0722\n", Options{Country: "RO"})
	out := NewRejects(filepath.Join(t.TempDir(), "none", "rejects.csv"), f)
	_, err := "", error(nil)
	for _, e := range f.Contacts(out.Add) {
		err = e
	}
	if err == nil || !strings.Contains(err.Error(), "write rejects file") || out.Close() == nil {
		t.Errorf("got %v", err)
	}
}

// 12,345 may be twelve thousand or twelve and a bit: what the first file shows of
// the whole column holds for its rejects, whose rows alone do not tell.
func TestMendedRejectsAreReadAsTheFirstFileWas(t *testing.T) {
	for _, tt := range []struct{ first, mended, sold, rata string }{
		{"Telefon;Sold;Rata\n0722000001;1.234,50;7\n0722000002;2,5;8\n0722;12,345;9\n", "12,345", "12.345", "9"},
		{"Telefon;Sold;Rata\n0722000001;unknown;7\n0722000002;2,5;8\n0722;1,50;9\n", "1,50", "1,50", "9"}, // a column of texts
	} {
		rejects, _ := keep(t, []byte(tt.first), Options{Country: "RO"})
		mended := strings.Replace(string(rejects), ";0722;", ";0722000003;", 1)
		contacts, left, err := read(mustOpen(t, mended, Options{Country: "RO"}))
		if len(contacts) != 1 || len(left) != 0 || err != nil {
			t.Fatalf("%q: %v %v %v", mended, contacts, left, err)
		}
		if got := contacts[0].Fields; got["Sold"] != tt.sold || got["Rata"] != tt.rata {
			t.Errorf("%q was read as %v, want %s", mended, got, tt.sold)
		}
	}
}
