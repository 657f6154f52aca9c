//go:build !linux

package contactdb

import "os"

// diskFile is a journal's file.
type diskFile struct{ *os.File }
