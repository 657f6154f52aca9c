package dialer

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"apel/contactdb"
)

// OpenKept opens a file that the service keeps in its data directory: a
// recording by the path that its record has, or a file of rejected rows. No
// path leads out of the folder it belongs to.
func (s *Service) OpenKept(folder, path string) (*os.File, error) {
	root, err := os.OpenRoot(filepath.Join(s.cfg.Data, folder))
	if err != nil {
		return nil, kept(err)
	}
	defer root.Close()
	f, err := root.Open(path)
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
