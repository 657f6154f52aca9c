package contactdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// Backup writes a copy of the whole store to w, one consistent view, while
// others go on writing: what they free meanwhile is not used again before it
// ends, so the file may grow by as much as is written.
func (s *Store) Backup(ctx context.Context, w io.Writer) (bytes int64, err error) {
	btx, err := s.atRest(ctx)
	if err == nil {
		defer func() { _ = btx.Rollback() }() // of a view: it never fails
		err = guard(func() error { bytes, err = btx.WriteTo(cancelled{ctx, w}); return err })
	}
	if err != nil {
		return bytes, fmt.Errorf("backup: %w", err)
	}
	return bytes, nil
}

// atRest begins a view of the file when all that was acknowledged is in it, and it
// says so. At other times it may hold the half of a layer, which only those see
// through who see the layer.
func (s *Store) atRest(ctx context.Context) (*bbolt.Tx, error) {
	var btx *bbolt.Tx
	var failed error
	w := &write{large: true, rest: func() { btx, failed = s.db.Begin(false) }}
	if err := s.run(ctx, "fold the journal", w, func(*tx) error { return nil }); err != nil {
		if btx != nil {
			_ = btx.Rollback()
		}
		return nil, err
	}
	return btx, failed
}

// cancelled stops a copy when its context ends.
type cancelled struct {
	ctx context.Context
	w   io.Writer
}

func (c cancelled) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(b)
}

// Stats says how large the store is and of what.
type Stats struct {
	Path      string `json:"path"`
	Schema    int    `json:"schema"`
	Bytes     int64  `json:"bytes"`      // of the file
	FreeBytes int64  `json:"free_bytes"` // in pages that are free: compact gives them back
	Parts     []Part `json:"parts"`      // largest first
}

// Part is one kind of rows.
type Part struct {
	Name  string `json:"name"`
	Rows  int    `json:"rows"`
	Bytes int64  `json:"bytes"` // of its pages
}

// Stats counts all rows: it reads the whole file.
func (s *Store) Stats() (st Stats, err error) {
	if err := s.settled(); err != nil {
		return st, err
	}
	err = s.view("stats", func(t *tx) error {
		st = Stats{Path: s.db.Path(), Schema: schema, Bytes: t.file.Size()}
		st.FreeBytes = int64(freePages(s.db.Path())) * int64(s.db.Info().PageSize)
		for _, name := range buckets {
			b := t.inFile(name).Stats()
			st.Parts = append(st.Parts, Part{string(name), b.KeyN, int64(b.BranchAlloc + b.LeafAlloc)})
		}
		return nil
	})
	sortParts(st.Parts)
	return st, err
}

func sortParts(parts []Part) {
	for i := 1; i < len(parts); i++ {
		for j := i; j > 0 && parts[j].Bytes > parts[j-1].Bytes; j-- {
			parts[j], parts[j-1] = parts[j-1], parts[j]
		}
	}
}

// compactStep is how many bytes of rows one transaction of Compact copies.
const compactStep = 8 << 20

// Compact writes the store at a path anew without its free pages, and with them
// without what was erased from it, and puts the copy in its place. Nobody else
// may have it open: ErrInUse. Killed at any time it leaves the old file or the new.
func Compact(path string) (before, after int64, err error) {
	s, err := Open(Config{Path: path}) // brings it forward, and looks through it
	if err != nil {
		return 0, 0, err
	}
	tmp := path + ".compact"
	err = func() error {
		if err := s.halt(); err != nil {
			return err
		}
		if err := os.Remove(tmp); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		to, err := bbolt.Open(tmp, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
		if err != nil {
			return err
		}
		if err := guard(func() error { return bbolt.Compact(to, s.db, compactStep) }); err != nil {
			return errors.Join(err, to.Close())
		}
		return errors.Join(to.Sync(), to.Close())
	}()
	if err == nil {
		before, after, err = sizes(path, tmp)
	}
	if err == nil { // under the lock of the old one; what lies beside it is the new one's from now on
		err = errors.Join(os.Rename(tmp, path), syncDir(filepath.Dir(path)))
	}
	err = errors.Join(err, s.Close())
	if err != nil {
		_ = os.Remove(tmp) // the first error tells
		return 0, 0, fmt.Errorf("compact %s: %w", path, spaceError(err))
	}
	return before, after, nil
}

func sizes(a, b string) (sizeA, sizeB int64, err error) {
	infoA, err := os.Stat(a)
	if err != nil {
		return 0, 0, err
	}
	infoB, err := os.Stat(b)
	if err != nil {
		return 0, 0, err
	}
	return infoA.Size(), infoB.Size(), nil
}

// Restore puts a backup in the place of the store at a path, after it was
// looked through; what stood there is kept under the name that it returns, ""
// if nothing did. Nobody may have either open: ErrInUse. The backup is copied,
// not moved.
func Restore(backup, path string, now time.Time) (kept string, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	if f, err := os.Open(path); err == nil {
		defer f.Close()
		if err := hold(f, 0); err != nil { // until the end: whoever waits for it opens the new one
			return "", fmt.Errorf("restore %s: %w", path, err)
		}
	}
	tmp := path + ".restore"
	removeStore(tmp) // what one that was killed has left
	defer removeStore(tmp)
	if err := copyStoreFiles(backup, tmp); err != nil {
		return "", fmt.Errorf("the backup %s cannot be used: %w", backup, spaceError(err))
	}
	s, err := Open(Config{Path: tmp})
	if of := (*journalError)(nil); errors.As(err, &of) { // the journal that lies beside the backup
		err = &journalError{backup + strings.TrimPrefix(of.name, tmp), of.wrong}
	}
	if err != nil {
		return "", fmt.Errorf("the backup %s cannot be used: %w", backup, err)
	}
	err = s.Check()
	if err == nil { // the journal that lies beside the path is not of this one
		var replaced []byte // whose files are kept with the old store; the next to open this one lets go of them here
		for n := range journalEnds {
			replaced = append(replaced, journalIdentity(journalPath(path, n))...)
		}
		err = s.writeClean(context.Background(), "restore", func(t *tx) error {
			t.identify()
			t.put(bMeta, kReplaced, replaced)
			return nil
		})
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return "", fmt.Errorf("the backup %s is damaged: %w", backup, err)
	}
	if _, err := os.Stat(path); err == nil {
		kept = path + ".before-" + now.UTC().Format("20060102T150405Z")
		for _, end := range storeEnds {
			if err := os.Link(path+end, kept+end); err != nil && (end == "" || !errors.Is(err, os.ErrNotExist)) {
				return "", err
			}
		}
	}
	return kept, errors.Join(os.Rename(tmp, path), syncDir(filepath.Dir(path)))
}

// storeEnds are those of the names of a store's files.
var storeEnds = [...]string{"", journalEnds[0], journalEnds[1]}

// copyStoreFiles copies a store, with its journal if it was left with one; ErrInUse
// if somebody has it open.
func copyStoreFiles(from, to string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := hold(f, 0); err != nil {
		return err
	}
	for _, end := range storeEnds {
		if err := copyFile(from+end, to+end); err != nil && (end == "" || !errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	return nil
}

// removeStore removes what there is of a store.
func removeStore(path string) {
	for _, end := range storeEnds {
		_ = os.Remove(path + end)
	}
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// Problems gives the sentences of an error of Check.
func Problems(err error) (all []string) {
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		for _, e := range many.Unwrap() {
			all = append(all, Problems(e)...)
		}
		if len(all) > 0 {
			return all
		}
	}
	return append(all, err.Error())
}
