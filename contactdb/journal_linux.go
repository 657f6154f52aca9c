package contactdb

import (
	"os"
	"syscall"
)

// diskFile is a journal's file. Its times need not be on the disk: fdatasync,
// where a file is written again from its beginning, is one write of the disk.
type diskFile struct{ *os.File }

func (f diskFile) Sync() error { return syscall.Fdatasync(int(f.Fd())) }
