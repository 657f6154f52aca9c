package dialer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"apel/contactdb"
	"apel/contactdb/intake"
)

// Erase forgets a person: the recordings of their calls, then what the store
// knows. Killed between the two, it is to be done again: the recordings are
// looked for by the records, which stay until then. When it returns, none of
// the person's numbers is dialed, nor called by what was leased and not sent.
func (s *Service) Erase(ctx context.Context, e contactdb.Erasure) (gone contactdb.Erased, err error) {
	paths, err := s.store.Recordings(e.Phone)
	if err != nil {
		return gone, err
	}
	if err := s.removeRecordings(paths); err != nil {
		return gone, err
	}
	if gone, err = s.store.Erase(ctx, e); err != nil {
		return gone, err
	}
	if gone.Rejects, err = s.eraseRejects(gone.Phones); err != nil {
		return gone, err
	}
	s.gate.Lock()   // whoever was past the check has sent by now
	s.gate.Unlock() //nolint:staticcheck // to have held it is the point
	return gone, nil
}

// eraseRejects takes the rows with a person's numbers out of what imports refused.
func (s *Service) eraseRejects(phones []string) (rows int, err error) {
	files, err := filepath.Glob(filepath.Join(s.cfg.Data, "rejects", "*"))
	if err != nil {
		return 0, err
	}
	for _, path := range files {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			continue // gone already, or not ours
		}
		n, err := intake.ForgetRejects(path, phones)
		if rows += n; err != nil {
			return rows, fmt.Errorf("the person is erased, but not from rejected rows; remove the file and erase again: %w", err)
		}
	}
	return rows, nil
}

// recordings is the folder of recordings within the data directory.
const recordings = "recordings"

// removeRecordings removes recordings by their paths within the data directory,
// encrypted or not, and nothing outside of their folder. One that is gone
// already is no error.
func (s *Service) removeRecordings(paths []string) error {
	root, err := os.OpenRoot(filepath.Join(s.cfg.Data, recordings))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the recordings: %w", err)
	}
	defer root.Close()
	for _, path := range paths {
		inside, err := filepath.Rel(recordings, path)
		if err != nil {
			return fmt.Errorf("recording %s: %w", path, err)
		}
		plain := strings.TrimSuffix(inside, sealedSuffix)
		for _, name := range []string{plain, plain + sealedSuffix, plain + sealedSuffix + ".part"} { // an encryption that was cut off leaves two
			if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove a recording: %w", err)
			}
		}
	}
	return nil
}

// OpenRecording opens a recording as it is stored, by its path within the data
// directory.
func (s *Service) OpenRecording(path string) (*os.File, error) {
	root, err := os.OpenRoot(filepath.Join(s.cfg.Data, recordings))
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

// RecordingSealed says whether the recording of that name in a record is
// encrypted now: it may have been only after its record was made.
func (s *Service) RecordingSealed(path string) bool {
	if path == "" || strings.HasSuffix(path, sealedSuffix) {
		return path != ""
	}
	if _, err := os.Stat(filepath.Join(s.cfg.Data, path)); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, err := os.Stat(filepath.Join(s.cfg.Data, path+sealedSuffix))
	return err == nil
}
