package intake

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"apel/contactdb"
)

var update = flag.Bool("update", false, "write the golden files anew")

var someDay = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// examples is where the example contact files of the whole project are.
const examples = "../../testdata/contacts"

func TestExampleFilesAreReadAsTheirGoldenFilesSay(t *testing.T) {
	for name, country := range map[string]string{
		"spring-en.csv": "US", "primavara-ro-1250.csv": "RO", "numbers-utf16.tsv": "RO", "messy.csv": "RO",
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(examples, name))
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden")
			got := account(t, data, Options{Country: country, List: "spring", Now: someDay})
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// account tells how a file was read, for golden files.
func account(t *testing.T, data []byte, o Options) string {
	t.Helper()
	f, err := Open(bytes.NewReader(data), o)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var b strings.Builder
	contacts, rejects, err := read(f)
	fmt.Fprintf(&b, "%s, separator %q, header %v\n", f.Encoding(), f.Separator(), f.Header())
	for _, c := range f.Columns() {
		fmt.Fprintln(&b, c)
	}
	for _, c := range contacts {
		fmt.Fprintf(&b, "\n%s %s %s %s\n  name %q first %q last %q email %q city %q\n", c.Phone, c.NumberType, c.Region,
			strings.Join(c.Zones, ","), c.Name, c.FirstName, c.LastName, c.Email, c.City)
		if c.ExternalID != "" {
			fmt.Fprintf(&b, "  external id %q\n", c.ExternalID)
		}
		for _, n := range c.Numbers[min(1, len(c.Numbers)):] {
			fmt.Fprintf(&b, "  also %s %s\n", n.Kind, n.Phone)
		}
		for _, k := range sortedKeys(c.Fields) {
			fmt.Fprintf(&b, "  %s: %q\n", k, c.Fields[k])
		}
	}
	b.WriteString("\n")
	for _, j := range rejects {
		fmt.Fprintf(&b, "line %d rejected: %s\n  %q\n", j.Line, j.Reason, j.Row)
	}
	if err != nil {
		fmt.Fprintln(&b, "error:", err)
	}
	rows, rejected := f.Counts()
	fmt.Fprintf(&b, "%d rows, %d contacts, %d rejected\n", rows, len(contacts), rejected)
	return b.String()
}

func sortedKeys(m map[string]string) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func read(f *File) (contacts []contactdb.Contact, rejects []Reject, err error) {
	for c, err := range f.Contacts(func(j Reject) error { rejects = append(rejects, j); return nil }) {
		if err != nil {
			return contacts, rejects, err
		}
		contacts = append(contacts, c)
	}
	return contacts, rejects, nil
}
