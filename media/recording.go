package media

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// finish gives a recording its final header and name, durably, and hashes it.
// It closes the file in any case.
func finish(f *os.File, path string, frames int64) (Recording, error) {
	sum, err := seal(f, frames)
	if err = errors.Join(err, f.Close()); err != nil {
		return Recording{}, fmt.Errorf("recording %s: %w", path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return Recording{}, fmt.Errorf("recording %s: %w", path, err)
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return Recording{}, fmt.Errorf("recording %s: %w", path, err)
	}
	return Recording{Path: path, SHA256: sum, Duration: timeOf(frames)}, nil
}

// seal makes the file exactly its header and frames, on the disk, and returns its hash.
func seal(f *os.File, frames int64) (string, error) {
	if _, err := f.WriteAt(wavHeader(2, frames), 0); err != nil {
		return "", err
	}
	if err := f.Truncate(wavHeaderSize + frames*4); err != nil {
		return "", err
	}
	if err := f.Sync(); err != nil {
		return "", err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// syncFolder makes a rename in it durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// FinishRecording completes a recording whose recorder was killed: path is its
// final name, what is there under it with ".part" is kept to the last whole
// sample. One that was finished already is only read again. The error wraps
// os.ErrNotExist when there is neither.
func FinishRecording(path string) (Recording, error) {
	f, err := os.OpenFile(path+partSuffix, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return readRecording(path)
	}
	if err != nil {
		return Recording{}, fmt.Errorf("recording %s: %w", path, err)
	}
	frames, err := framesIn(f)
	if err != nil {
		return Recording{}, errors.Join(err, f.Close())
	}
	return finish(f, path, frames)
}

// framesIn counts the whole stereo frames behind the header.
func framesIn(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return min(max(info.Size()-wavHeaderSize, 0)/4, maxWAVFrames), nil
}

// readRecording describes a finished recording.
func readRecording(path string) (Recording, error) {
	f, err := os.Open(path)
	if err != nil {
		return Recording{}, fmt.Errorf("recording: %w", err)
	}
	defer f.Close()
	frames, err := framesIn(f)
	if err != nil {
		return Recording{}, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Recording{}, fmt.Errorf("recording %s: %w", path, err)
	}
	return Recording{Path: path, SHA256: hex.EncodeToString(h.Sum(nil)), Duration: timeOf(frames)}, nil
}
