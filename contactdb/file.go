package contactdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// openFile opens an existing file that looks whole.
func openFile(path string, wait time.Duration) (db *bbolt.DB, err error) {
	if err := inspect(path); err != nil {
		return nil, err
	}
	opts := &bbolt.Options{Timeout: wait, FreelistType: bbolt.FreelistMapType, NoStatistics: true}
	if runtime.GOOS != "windows" && ^uint(0)>>63 == 1 {
		opts.InitialMmapSize = mapped
	}
	err = guard(func() error {
		db, err = bbolt.Open(path, 0o600, opts)
		return err
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("%w: stop it, or use another data directory", ErrInUse)
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%w: %w; restore a backup", ErrDamaged, err)
	}
	return db, spaceError(err)
}

// guard runs f and makes ErrDamaged of the ways in which bbolt meets a damaged
// page: it panics, or reads outside of the mapped file. Other panics go on.
func guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if _, fault := r.(interface{ Addr() uintptr }); !fault && !fromBolt() {
			panic(r)
		}
		err = fmt.Errorf("%w: %v; restore a backup", ErrDamaged, r)
	}()
	return f()
}

// fromBolt says, in a deferred function, whether the panic began in bbolt.
func fromBolt() bool {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	panicking := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			panicking = true
		case panicking && !strings.HasPrefix(f.Function, "runtime."):
			return strings.HasPrefix(f.Function, "go.etcd.io/bbolt")
		}
		if !more {
			return false
		}
	}
}

// metaPage is what of bbolt's two meta pages is needed to know how long the
// file must be. Fields at fixed places after the page's header of 16 bytes:
// magic, version, page size, flags (4 bytes each), root (16), freelist, end,
// transaction, checksum (8 each).
const (
	metaHeader   = 16
	metaLength   = 64
	metaMagic    = 0xED0CDAED
	metaPageSize = metaHeader + 8
	metaEnd      = metaHeader + 40
	metaTxID     = metaHeader + 48
	metaSum      = metaHeader + 56
)

// inspect refuses what cannot be a whole store: a folder, an empty or foreign
// file, one whose end is missing.
func inspect(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%w: it is not a regular file", ErrDamaged)
	}
	need, err := neededSize(f)
	if err != nil {
		return err
	}
	if info.Size() < need {
		return fmt.Errorf("%w: %d of at least %d bytes are there; restore a backup", ErrDamaged, info.Size(), need)
	}
	return nil
}

// neededSize reads from the newest valid meta page how long the file must be.
func neededSize(f io.ReaderAt) (int64, error) {
	var newest, size uint64
	// The second meta page starts after the first page, whose size only the first names;
	// so each size that bbolt may have chosen is tried, smallest first.
	for _, at := range []int64{0, 1 << 10, 1 << 12, 1 << 13, 1 << 14, 1 << 16} {
		page := make([]byte, metaHeader+metaLength)
		if n, _ := f.ReadAt(page, at); n < len(page) || !validMeta(page) {
			continue
		}
		pageSize := uint64(binary.NativeEndian.Uint32(page[metaPageSize:]))
		if at != 0 && uint64(at) != pageSize {
			continue
		}
		if tx := binary.NativeEndian.Uint64(page[metaTxID:]); size == 0 || tx > newest {
			newest, size = tx, pageSize*binary.NativeEndian.Uint64(page[metaEnd:])
		}
	}
	if size == 0 {
		return 0, fmt.Errorf("%w: it is not a contact store; if nothing of worth is in it, move it away and a new one is made", ErrDamaged)
	}
	return int64(size), nil
}

func validMeta(page []byte) bool {
	if binary.NativeEndian.Uint32(page[metaHeader:]) != metaMagic {
		return false
	}
	sum := fnv.New64a()
	sum.Write(page[metaHeader:metaSum])
	return sum.Sum64() == binary.NativeEndian.Uint64(page[metaSum:])
}
