package keep

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

// Erase forgets a person: the recordings of their calls, what the store knows, and
// rows of theirs that imports refused. Killed on the way it is to be done again:
// the recordings are looked for by the records, which stay until they are gone. An INVITE that was past the
// check may leave until a moment later.
func (k *Keeper) Erase(ctx context.Context, e contactdb.Erasure) (gone contactdb.Erased, err error) {
	paths, err := k.store.Recordings(e.Phone)
	if err != nil {
		return gone, err
	}
	if err := k.removeRecordings(paths); err != nil {
		return gone, err
	}
	if gone, err = k.store.Erase(ctx, e); err != nil {
		return gone, err
	}
	gone.Rejects, err = k.eraseRejects(gone.Phones)
	return gone, err
}

// eraseRejects takes the rows with a person's numbers out of what imports refused.
func (k *Keeper) eraseRejects(phones []string) (rows int, err error) {
	files, err := filepath.Glob(filepath.Join(k.dir, Rejects, "*"))
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

// removeRecordings removes recordings by their paths within the data directory,
// encrypted or not, and nothing outside of their folder. One that is gone
// already is no error.
func (k *Keeper) removeRecordings(paths []string) error {
	root, err := os.OpenRoot(filepath.Join(k.dir, recordings))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the recordings: %w", err)
	}
	defer root.Close()
	k.moving.Lock()
	defer k.moving.Unlock()
	for _, path := range paths {
		inside, err := filepath.Rel(recordings, path)
		if err != nil {
			return fmt.Errorf("recording %s: %w", path, err)
		}
		plain := strings.TrimSuffix(inside, sealedSuffix)
		// What a full disk has cut off, a recording or its encryption, ends in ".part".
		for _, name := range []string{plain, plain + ".part", plain + sealedSuffix, plain + sealedSuffix + ".part"} {
			if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove a recording: %w", err)
			}
		}
	}
	return nil
}
