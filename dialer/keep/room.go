package keep

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"go.uber.org/zap"
)

// Room is an error while the disk of the data directory has less left than the
// rules want.
func (k *Keeper) Room() error {
	if k.rules.MinFree == 0 {
		return nil
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(k.dir, &disk); err != nil {
		return err
	}
	free := int64(disk.Bavail) * int64(disk.Bsize) //nolint:unconvert // their types differ by system
	if free >= k.rules.MinFree {
		return nil
	}
	return fmt.Errorf("the disk of %s has %d MB left, fewer than min-free (%d MB); make room first", k.dir, free/1e6, k.rules.MinFree/1e6)
}

// spareName is a file of the data directory that takes up room for nothing. It
// is given up when the store cannot be written: so the calls that go on then get
// their records, with what operators say of them, also if the service stops
// before somebody has made room.
const (
	spareName = "spare"
	spareSize = 1 << 20 // some hundred records
)

// Reserve makes the file, if it is not there. What it holds means nothing, and
// no file system can make it smaller.
func (k *Keeper) Reserve() {
	path := filepath.Join(k.dir, spareName)
	if info, err := os.Stat(path); err == nil && info.Size() == spareSize {
		return
	}
	room := make([]byte, spareSize)
	_, _ = rand.Read(room) // never fails
	if err := os.WriteFile(path, room, 0o600); err != nil {
		_ = os.Remove(path) // of half a spare nothing is expected
		k.log.Warn("no room can be kept in reserve", zap.Error(err))
	}
}

// Spend gives the reserve to the store.
func (k *Keeper) Spend() {
	if err := os.Remove(filepath.Join(k.dir, spareName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		k.log.Error("the room that was kept in reserve cannot be given up", zap.Error(err))
	}
}
