package dialer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"apel/contactdb"
	"apel/contactdb/intake"
	"apel/dialer/floor"
	"apel/dialer/keep"
)

// ImportOptions are the flags of list import.
type ImportOptions struct {
	Country string            // ISO region of numbers without +
	Map     map[string]string // field -> column
	Sheet   string            // of a workbook, or file of an archive; needed where several have rows
	Source  string            // what the file is called, for people
	DryRun  bool              // say what would happen, and do nothing
	Fresh   bool              // do not read the columns as in an earlier file
}

// ListImport is what an import did.
type ListImport struct {
	contactdb.ImportResult
	Rejects   string            `json:"rejects,omitempty"` // file of rejected rows; "" if there are none
	Columns   map[string]string `json:"columns"`           // how columns were understood: column -> field
	Encoding  string            `json:"encoding"`
	Separator string            `json:"separator"`
	Sheet     string            `json:"sheet,omitempty"`   // the workbook's sheet that was read
	Mapping   string            `json:"mapping,omitempty"` // name of the mapping that was used or saved
	Resumed   int               `json:"resumed,omitempty"` // rows that an import which was cut off had stored

	DryRun     bool                `json:"dry_run,omitempty"`
	Understood []string            `json:"understood,omitempty"`     // of a dry run: each column in a sentence
	Samples    []contactdb.Contact `json:"samples,omitempty"`        // of a dry run: the first contacts
	Refused    []intake.Reject     `json:"reject_samples,omitempty"` // of a dry run: the first rejects
}

var listName = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$`)

// samples is how many contacts and rejects a dry run shows.
const samples = 5

// ImportList reads a contact file (CSV, TSV, XLSX; gzip or zip of them) into a
// list. Rejected rows go to a file in the data directory, named in the result.
// An import that was cut off goes on where it stopped when the same file is
// imported again.
func (s *Service) ImportList(ctx context.Context, name string, file io.Reader, opt ImportOptions) (ListImport, error) {
	if !listName.MatchString(name) {
		return ListImport{}, fmt.Errorf("%w: %q is no name for a list; use letters, digits, . _ -, up to 64", ErrInput, name)
	}
	now := time.Now()
	read := intake.Options{Country: opt.Country, Map: opt.Map, List: name, Now: now, Sheet: opt.Sheet, Dir: s.cfg.Data}
	if !opt.Fresh {
		read.Recall = s.recallMapping
	}
	f, err := intake.Open(file, read)
	if err != nil {
		return ListImport{}, badFile(err)
	}
	defer f.Close()
	out := ListImport{Columns: map[string]string{}, Separator: string(f.Separator()), Sheet: f.Sheet(), DryRun: opt.DryRun}
	for _, c := range f.Columns() {
		out.Columns[c.Header] = c.Meaning()
	}
	if opt.DryRun {
		err = s.preview(ctx, name, now, f, &out)
	} else {
		err = s.importFile(ctx, name, now, f, opt, &out)
	}
	if err != nil {
		return ListImport{}, badFile(err)
	}
	out.Encoding = f.Encoding()
	out.Rows, out.Rejected = f.Counts()
	if f.Recalled() {
		out.Mapping = f.Signature()
	}
	return out, nil
}

func (s *Service) importFile(ctx context.Context, name string, now time.Time, f *intake.File, opt ImportOptions, out *ListImport) error {
	dir := filepath.Join(s.cfg.Data, keep.Rejects)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder for rejected rows: %w", err)
	}
	rejects := intake.NewRejects(filepath.Join(dir, name+"-"+now.UTC().Format("20060102T150405.000")), f)
	res, err := s.store.ImportFile(ctx, contactdb.ImportRequest{
		List: name, Source: opt.Source, Now: now, Rows: f.Contacts(rejects.Add), Key: readingKey(f, opt), Mark: f.Mark,
		Skip: func(marks []contactdb.Mark) (int, error) {
			n, err := f.Skip(marks, rejects.Add)
			out.Resumed, _ = f.Counts()
			return n, err
		},
		Damaged: func(err error) bool { return errors.As(err, new(*intake.FileError)) },
	})
	if cerr := rejects.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return s.cutOff(name, err)
	}
	out.ImportResult = res
	if rejects.Count() > 0 {
		out.Rejects = rejects.Path()
	}
	if len(opt.Map) > 0 && f.Signature() != "" {
		if err := s.saveMapping(f, opt.Map, now); err != nil {
			return err
		}
		out.Mapping = f.Signature()
	}
	s.contactsChanged(name)
	return nil
}

// cutOff adds to an error that what was read is not lost, if so.
func (s *Service) cutOff(list string, err error) error {
	all, e := s.store.Imports(list)
	if e != nil || len(all) == 0 || all[0].State != contactdb.ImportUnfinished {
		return err
	}
	return fmt.Errorf("%w; %d rows are stored and not yet seen: import the same file again to go on from there, or: apel list undo %s", err, all[0].Rows, list)
}

// readingKey is the same for files that are read alike.
func readingKey(f *intake.File, opt ImportOptions) string {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s|%s|%q|%q\n", opt.Country, f.Sheet(), f.Separator(), f.Columns())
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// preview says what an import would do.
func (s *Service) preview(ctx context.Context, name string, now time.Time, f *intake.File, out *ListImport) (err error) {
	for _, c := range f.Columns() {
		out.Understood = append(out.Understood, c.String())
	}
	refuse := func(j intake.Reject) error {
		if len(out.Refused) < samples {
			out.Refused = append(out.Refused, j)
		}
		return nil
	}
	out.ImportResult, err = s.store.PreviewImport(ctx, name, now, firstOf(f.Contacts(refuse), &out.Samples))
	return err
}

// firstOf keeps the first contacts that go through.
func firstOf(rows iter.Seq2[contactdb.Contact, error], first *[]contactdb.Contact) iter.Seq2[contactdb.Contact, error] {
	return func(yield func(contactdb.Contact, error) bool) {
		for c, err := range rows {
			if err == nil && len(*first) < samples {
				*first = append(*first, c)
			}
			if !yield(c, err) {
				return
			}
		}
	}
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
				s.arrange(l.rules.Load())
				l.tell(floor.Input{Kind: floor.InContacts})
			}
		}
	}
}
