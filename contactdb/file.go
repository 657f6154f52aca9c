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
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// openFile opens an existing file that looks whole. While it waited for the lock,
// another may have come into its place, as of a restored backup: then it opens that.
func openFile(path string, wait time.Duration) (*bbolt.DB, error) {
	for {
		db, f, err := openOnce(path, wait)
		if err != nil {
			return nil, err
		}
		if inPlace(f, path) {
			return db, nil
		}
		if err := db.Close(); err != nil {
			return nil, err
		}
	}
}

// inPlace says whether a path still leads to an open file.
func inPlace(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(opened, there)
}

func openOnce(path string, wait time.Duration) (db *bbolt.DB, f *os.File, err error) {
	if err := inspect(path, wait); err != nil {
		return nil, nil, err
	}
	opts := &bbolt.Options{Timeout: wait, FreelistType: bbolt.FreelistMapType, NoStatistics: true}
	opts.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		f, err = os.OpenFile(name, flag&^os.O_CREATE, mode)
		return f, err
	}
	if runtime.GOOS != "windows" && ^uint(0)>>63 == 1 {
		opts.InitialMmapSize = mapped
	}
	err = guard(func() error {
		db, err = bbolt.Open(path, 0o600, opts)
		return err
	})
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return nil, nil, errInUse
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrChecksum), errors.Is(err, berrors.ErrVersionMismatch):
		return nil, nil, fmt.Errorf("%w: %w; restore a backup", ErrDamaged, err)
	}
	return db, f, spaceError(err)
}

var errInUse = fmt.Errorf("%w: stop it, or use another data directory", ErrInUse)

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

// lookedThrough is up to which size a file is looked through when it is opened:
// some 50 ms. Of a larger one only the top is; Check does the rest.
const lookedThrough = 64 << 20

// inspect refuses what cannot be a whole store: a folder, an empty or foreign
// file, one whose end is missing or whose pages are spoilt.
func inspect(path string, wait time.Duration) error {
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
	if err := hold(f, wait); err != nil {
		return err
	}
	if !inPlace(f, path) {
		return inspect(path, wait)
	}
	m, err := newestMeta(f)
	if err != nil {
		return err
	}
	if info.Size() < m.size() {
		return fmt.Errorf("%w: %d of at least %d bytes are there; restore a backup", ErrDamaged, info.Size(), m.size())
	}
	t := newTree(f, m.pageSize)
	t.shallow = m.size() > lookedThrough
	if err := t.walk(m.root, nil); err != nil || t.shallow {
		return err
	}
	return t.free(m.freelist, m.end)
}

// hold locks the file as bbolt does, so that nobody writes while it is looked
// at; closing the file lets go.
func hold(f *os.File, wait time.Duration) error {
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return fmt.Errorf("lock: %w", err)
		case time.Since(begun) >= wait:
			return errInUse
		}
	}
}

// meta is what a bbolt file says of itself, in its first and its second page;
// the newer that is whole counts. Fields at fixed places after the page's
// header: magic, version, page size, flags (4 bytes each), root bucket (16),
// freelist, end, transaction, checksum (8 each).
type meta struct {
	pageSize                  int
	root, freelist, end, txID uint64
}

const (
	metaLength = 64
	metaSum    = 56
	metaMagic  = 0xED0CDAED
)

func (m meta) size() int64 { return int64(m.end) * int64(m.pageSize) }

// newestMeta tries each place where the second page may begin: only the first
// names the page size, and it may be the one that is spoilt.
func newestMeta(f io.ReaderAt) (newest meta, err error) {
	for _, at := range []int{0, 1 << 9, 1 << 10, 1 << 11, 1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16} {
		page := make([]byte, pageHeader+metaLength)
		if n, _ := f.ReadAt(page, int64(at)); n < len(page) {
			break
		}
		m, ok := readMeta(page[pageHeader:])
		if ok && (at == 0 || at == m.pageSize) && (newest.pageSize == 0 || m.txID > newest.txID) {
			newest = m
		}
	}
	if newest.pageSize == 0 {
		return meta{}, fmt.Errorf("%w: it is no contact store; if nothing of worth is in it, move it away and a new one is made", ErrDamaged)
	}
	return newest, nil
}

func readMeta(b []byte) (m meta, ok bool) {
	sum := fnv.New64a()
	sum.Write(b[:metaSum])
	m = meta{
		pageSize: int(binary.NativeEndian.Uint32(b[8:])), root: binary.NativeEndian.Uint64(b[16:]),
		freelist: binary.NativeEndian.Uint64(b[32:]), end: binary.NativeEndian.Uint64(b[40:]), txID: binary.NativeEndian.Uint64(b[48:]),
	}
	power := m.pageSize >= 1<<9 && m.pageSize <= 1<<16 && m.pageSize&(m.pageSize-1) == 0
	whole := binary.NativeEndian.Uint32(b) == metaMagic && sum.Sum64() == binary.NativeEndian.Uint64(b[metaSum:])
	return m, power && whole && m.end < 1<<40
}
