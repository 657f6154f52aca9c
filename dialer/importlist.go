package dialer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"apel/contactdb"
	"apel/contactdb/intake"
)

// ImportOptions are the flags of list import.
type ImportOptions struct {
	Country string            // ISO region of numbers without +
	Map     map[string]string // field -> column
	Sheet   string            // of a workbook, or file of an archive; needed where several have rows
}

// ListImport is what an import did.
type ListImport struct {
	contactdb.ImportResult
	Rejects   string            `json:"rejects,omitempty"` // file of rejected rows; "" if there are none
	Columns   map[string]string `json:"columns"`           // how columns were understood: column -> field
	Encoding  string            `json:"encoding"`
	Separator string            `json:"separator"`
	Sheet     string            `json:"sheet,omitempty"` // the workbook's sheet that was read
}

var listName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$`)

// ImportList reads a contact file (CSV, TSV, XLSX; gzip or zip of them) into a list. Rejected rows go to
// a file in the data directory, named in the result.
func (s *Service) ImportList(ctx context.Context, name string, file io.Reader, opt ImportOptions) (ListImport, error) {
	if !listName.MatchString(name) {
		return ListImport{}, fmt.Errorf("%w: %q is no name for a list; use letters, digits, . _ -, up to 64", ErrInput, name)
	}
	now := time.Now()
	f, err := intake.Open(file, intake.Options{Country: opt.Country, Map: opt.Map, List: name, Now: now, Sheet: opt.Sheet, Dir: s.cfg.Data})
	if err != nil {
		return ListImport{}, badFile(err)
	}
	defer f.Close()
	dir := filepath.Join(s.cfg.Data, "rejects")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ListImport{}, fmt.Errorf("make the folder for rejected rows: %w", err)
	}
	path := filepath.Join(dir, name+"-"+now.UTC().Format("20060102T150405.000"))
	rejects := intake.NewRejects(path, f)
	res, err := s.store.Import(ctx, name, now, f.Contacts(rejects.Add))
	if cerr := rejects.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return ListImport{}, badFile(err)
	}
	out := ListImport{ImportResult: res, Columns: map[string]string{}, Encoding: f.Encoding(), Separator: string(f.Separator()), Sheet: f.Sheet()}
	out.Rows, out.Rejected = f.Counts()
	if rejects.Count() > 0 {
		out.Rejects = rejects.Path()
	}
	for _, c := range f.Columns() {
		out.Columns[c.Header] = c.Meaning()
	}
	s.contactsChanged(name)
	return out, nil
}

// badFile marks what is wrong with the file itself, so that it is not taken for a failure of ours.
func badFile(err error) error {
	if fe := (*intake.FileError)(nil); errors.As(err, &fe) {
		return fmt.Errorf("%w: %w", ErrInput, err)
	}
	return err
}

// contactsChanged lets the floors that call a list know that there may be more.
func (s *Service) contactsChanged(list string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.loops {
		for _, used := range l.rules.Load().def.Lists {
			if used.Name == list {
				l.tell(Input{Kind: InContacts})
			}
		}
	}
}
