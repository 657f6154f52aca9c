package intake

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

const (
	// mostTimes is how many times its own size a packed file may unpack to, and
	// freeBytes what it may unpack to in any case. Tables pack to a tenth or a
	// fiftieth; a bomb to a thousandth.
	mostTimes = 200
	freeBytes = 64 << 20
	// mostSpooled bounds an archive, which must be kept on the disk to be read.
	mostSpooled = 8 << 30
	// mostLayers bounds archives in archives.
	mostLayers = 3
)

// packed is what stays open while a file is read.
type packed struct {
	dir     string // for temporary files
	sheet   string // --sheet: the sheet, or file of an archive, to read
	closers []io.Closer
}

func (p *packed) Close() error {
	var all []error
	for _, c := range slices.Backward(p.closers) {
		all = append(all, c.Close())
	}
	p.closers = nil
	return errors.Join(all...)
}

// open takes the wrapping off: text, or a workbook.
func (p *packed) open(r io.Reader, layer int) (io.Reader, *workbook, error) {
	in := bufio.NewReaderSize(r, sampleSize)
	head, err := in.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, readError(err)
	}
	switch {
	case layer == mostLayers && (isGzip(head) || isZip(head)):
		return nil, nil, &FileError{Reason: "the file is an archive in an archive in an archive; unpack it and import what is inside"}
	case isGzip(head):
		text, err := openGzip(in)
		if err != nil {
			return nil, nil, err
		}
		return p.open(text, layer+1)
	case isZip(head):
		return p.archive(in, head, layer)
	}
	return in, nil, nil
}

func isGzip(head []byte) bool { return bytes.HasPrefix(head, []byte("\x1F\x8B")) }
func isZip(head []byte) bool  { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }

func readError(err error) error {
	if isFileError(err) {
		return err
	}
	return fmt.Errorf("read contact file: %w", err)
}

// counter counts what is read.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}

// unpacking reads what was packed and ends with a *FileError where it is
// damaged, or more than a table could be.
type unpacking struct {
	io.Reader
	out  int64
	from func() int64 // packed bytes so far
}

func (u *unpacking) Read(b []byte) (int, error) {
	n, err := u.Reader.Read(b)
	u.out += int64(n)
	if u.out > freeBytes && u.out > mostTimes*u.from() {
		return 0, &FileError{Reason: fmt.Sprintf("the file unpacks to more than %d times its size, as no contact list does; unpack it and look what is inside", mostTimes)}
	}
	if err != nil && !errors.Is(err, io.EOF) && !isFileError(err) {
		return n, &FileError{Reason: "the packed file is damaged or cut off; get it again from where it came"}
	}
	return n, err
}

func openGzip(in io.Reader) (io.Reader, error) {
	c := &counter{Reader: in}
	z, err := gzip.NewReader(c)
	if err != nil {
		return nil, &FileError{Reason: "the gzip file is damaged or cut off; get it again from where it came"}
	}
	return &unpacking{Reader: z, from: func() int64 { return c.n }}, nil
}

// archive opens a zip file: a workbook, or the one file inside.
func (p *packed) archive(in io.Reader, head []byte, layer int) (io.Reader, *workbook, error) {
	f, size, err := p.spool(in)
	if err != nil {
		return nil, nil, err
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		if what, todo := archive(head); what != "a zip archive" && what != xlsxName {
			return nil, nil, &FileError{Reason: fmt.Sprintf("this is %s, not a CSV, TSV or XLSX file; %s", what, todo)}
		}
		return nil, nil, &FileError{Reason: "the zip archive or workbook is damaged or cut off; get it again from where it came"}
	}
	if part(z, "xl/workbook.xml") != nil {
		book, err := openWorkbook(z, p)
		return nil, book, err
	}
	if what, todo := archive(head); what != "a zip archive" {
		return nil, nil, &FileError{Reason: fmt.Sprintf("this is %s, not a CSV, TSV or XLSX file; %s", what, todo)}
	}
	entry, err := p.choose(z)
	if err != nil {
		return nil, nil, err
	}
	r, err := openPart(entry)
	if err != nil {
		return nil, nil, err
	}
	p.closers = append(p.closers, r)
	return p.open(r, layer+1)
}

// choose finds the file of an archive that is meant.
func (p *packed) choose(z *zip.Reader) (*zip.File, error) {
	var all []*zip.File
	var names []string
	for _, f := range z.File {
		base := path.Base(f.Name)
		if f.FileInfo().IsDir() || strings.HasPrefix(base, ".") || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		if p.sheet != "" && (f.Name == p.sheet || base == p.sheet) {
			p.sheet = ""
			return f, nil
		}
		all = append(all, f)
		names = append(names, strconv.Quote(shorten(f.Name, 60)))
	}
	switch len(all) {
	case 0:
		return nil, &FileError{Reason: "the zip archive is empty; get it again from where it came"}
	case 1:
		return all[0], nil
	}
	return nil, &FileError{Reason: fmt.Sprintf("the archive holds %d files: %s; choose one with --sheet FILE", len(all), firstNames(names))}
}

// firstNames lists at most ten.
func firstNames(names []string) string {
	if more := len(names) - 10; more > 0 {
		names = append(slices.Clone(names[:10]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(names, ", ")
}

// spool keeps what must be read more than once in a file that has no name, so
// that nothing of it is left behind whatever happens.
func (p *packed) spool(in io.Reader) (*os.File, int64, error) {
	f, err := os.CreateTemp(p.dir, ".import-*")
	if err != nil {
		return nil, 0, fmt.Errorf("keep the archive while it is read: %w", err)
	}
	_ = os.Remove(f.Name())
	p.closers = append(p.closers, f)
	size, err := io.Copy(f, io.LimitReader(in, mostSpooled+1))
	if err != nil {
		return nil, 0, readError(err)
	}
	if size > mostSpooled {
		return nil, 0, &FileError{Reason: fmt.Sprintf("the archive is larger than %d GB; unpack it and import what is inside", mostSpooled>>30)}
	}
	return f, size, nil
}

// part finds a file of an archive, nil if it is not there.
func part(z *zip.Reader, name string) *zip.File {
	for _, f := range z.File {
		if strings.EqualFold(strings.TrimPrefix(strings.ReplaceAll(f.Name, "\\", "/"), "/"), name) {
			return f
		}
	}
	return nil
}

type partReader struct {
	unpacking
	io.Closer
}

// openPart opens a file of an archive for reading within bounds.
func openPart(f *zip.File) (io.ReadCloser, error) {
	r, err := f.Open()
	if err != nil {
		return nil, &FileError{Reason: fmt.Sprintf("%q in the archive cannot be unpacked (%v); pack it again without a password", shorten(f.Name, 60), err)}
	}
	size := int64(min(f.CompressedSize64, mostSpooled))
	return &partReader{unpacking{Reader: r, from: func() int64 { return size }}, r}, nil
}
