package dialer

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"go.uber.org/zap"
)

// spareName is a file of the data directory that takes up room for nothing. It
// is given up when the store cannot be written: so the calls that go on then get
// their records, with what operators say of them, also if the service stops
// before somebody has made room.
const (
	spareName = "spare"
	spareSize = 1 << 20 // some hundred records
)

// keepSpare makes the file, if it is not there. What it holds means nothing, and
// no file system can make it smaller.
func (s *Service) keepSpare() {
	path := filepath.Join(s.cfg.Data, spareName)
	if info, err := os.Stat(path); err == nil && info.Size() == spareSize {
		return
	}
	room := make([]byte, spareSize)
	_, _ = rand.Read(room) // never fails
	if err := os.WriteFile(path, room, 0o600); err != nil {
		_ = os.Remove(path) // of half a spare nothing is expected
		s.log.Warn("no room can be kept in reserve", zap.Error(err))
	}
}

// spendSpare gives the room to the store.
func (s *Service) spendSpare() {
	if err := os.Remove(filepath.Join(s.cfg.Data, spareName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Error("the room that was kept in reserve cannot be given up", zap.Error(err))
	}
}
