package keep

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"apel/contactdb"
)

// Folders within the data directory.
const (
	Rejects    = "rejects" // files of rows that imports refused
	recordings = "recordings"
)

// Recording is where a call's recording belongs, by the day (UTC) on which it was
// placed: its path within the data directory.
func Recording(placed time.Time, attempt string) string {
	return filepath.Join(recordings, placed.UTC().Format("2006/01/02"), attempt+".wav")
}

// OpenRecording opens a recording as it is stored, by its path within the data
// directory.
func (k *Keeper) OpenRecording(path string) (*os.File, error) {
	root, err := os.OpenRoot(filepath.Join(k.dir, recordings))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	inside, err := filepath.Rel(recordings, path)
	if err != nil {
		return nil, err
	}
	f, err := root.Open(inside)
	if errors.Is(err, fs.ErrNotExist) && !strings.HasSuffix(inside, sealedSuffix) { // encrypted later than its record was made
		f, err = root.Open(inside + sealedSuffix)
	}
	return f, err
}

// Sealed says whether the recording of that name in a record is
// encrypted now: it may have been only after its record was made.
func (k *Keeper) Sealed(path string) bool {
	if path == "" || strings.HasSuffix(path, sealedSuffix) {
		return path != ""
	}
	if _, err := os.Stat(filepath.Join(k.dir, path)); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, err := os.Stat(filepath.Join(k.dir, path+sealedSuffix))
	return err == nil
}

// OpenRejects opens a file of rows that an import refused, by its name.
func (k *Keeper) OpenRejects(name string) (*os.File, error) {
	root, err := os.OpenRoot(filepath.Join(k.dir, Rejects))
	if err != nil {
		return nil, kept(err)
	}
	defer root.Close()
	f, err := root.Open(name)
	return f, kept(err)
}

func kept(err error) error {
	if err != nil && os.IsNotExist(err) {
		return fmt.Errorf("%w: the file is not there; it may have been removed", contactdb.ErrNotFound)
	}
	if _, ok := err.(*fs.PathError); ok {
		return fmt.Errorf("%w: it is no file that is kept here", contactdb.ErrNotFound)
	}
	return err
}
