package intake

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// sharedStrings are a workbook's texts, which its cells name by number. A few
// are held in memory; many lie in a file without a name that is mapped.
type sharedStrings struct {
	data []byte
	ends []uint32 // where each text ends in data
}

const (
	// heldStrings is how many bytes of texts are held in memory.
	heldStrings = 16 << 20
	mostStrings = 1<<32 - 1
	// mostStringCount bounds ends: 400 MB, twenty times what a sheet of a million
	// rows has.
	mostStringCount = 100 << 20
)

func (s *sharedStrings) get(i int) (string, bool) {
	if s == nil || i < 0 || i >= len(s.ends) {
		return "", false
	}
	from := uint32(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	return string(s.data[from:s.ends[i]]), true
}

// stringsWriter collects texts and spills what is too much to hold.
type stringsWriter struct {
	into *sharedStrings
	p    *packed
	file *os.File
	size uint64
}

func (w *stringsWriter) add(text []byte) error {
	w.size += uint64(len(text))
	if w.size > mostStrings || len(w.into.ends) == mostStringCount {
		return &FileError{Reason: "the workbook has more text than can be read; split it, or save it as CSV UTF-8"}
	}
	w.into.data = append(w.into.data, text...)
	w.into.ends = append(w.into.ends, uint32(w.size))
	if len(w.into.data) < heldStrings {
		return nil
	}
	return w.spill()
}

func (w *stringsWriter) spill() (err error) {
	if w.file == nil {
		if w.file, err = os.CreateTemp(w.p.dir, ".import-*"); err != nil {
			return fmt.Errorf("keep the workbook's texts while it is read: %w", err)
		}
		_ = os.Remove(w.file.Name())
		w.p.closers = append(w.p.closers, w.file)
	}
	if _, err := w.file.Write(w.into.data); err != nil {
		return fmt.Errorf("keep the workbook's texts while it is read: %w", err)
	}
	w.into.data = w.into.data[:0]
	return nil
}

// done maps what was spilled.
func (w *stringsWriter) done() error {
	if w.file == nil {
		return nil
	}
	if err := w.spill(); err != nil {
		return err
	}
	data, err := syscall.Mmap(int(w.file.Fd()), 0, int(w.size), syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map the workbook's texts: %w", err)
	}
	w.into.data = data
	w.p.closers = append(w.p.closers, unmap{w.into})
	return nil
}

type unmap struct{ s *sharedStrings }

func (u unmap) Close() error {
	data := u.s.data
	u.s.data, u.s.ends = nil, nil
	return syscall.Munmap(data)
}

func readSharedStrings(z *zip.Reader, p *packed) (*sharedStrings, error) {
	f := part(z, "xl/sharedStrings.xml")
	if f == nil {
		return nil, nil
	}
	r, err := openPart(f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	w := &stringsWriter{into: &sharedStrings{}, p: p}
	m, inText, phonetic := newMarkup(r), false, false
	var text []byte
	for {
		e, before, err := m.next(inText && !phonetic)
		if errors.Is(err, io.EOF) {
			return w.into, w.done()
		}
		if err != nil {
			return nil, damaged(err)
		}
		switch string(e.name) {
		case "t":
			if e.close && inText && !phonetic {
				text = append(text, before...)
			}
			inText = e.opens && !e.close
		case "rPh":
			phonetic = e.opens && !e.close
		case "si":
			if e.close {
				if err := w.add(unescaped(text)); err != nil {
					return nil, err
				}
				text = text[:0]
			}
		}
		if len(text) > mostText {
			return nil, damagedBook()
		}
	}
}

// unescaped replaces _x000D_ and its like, by which spreadsheets write
// characters that XML has not.
func unescaped(text []byte) []byte {
	s := string(text)
	i := strings.Index(s, "_x")
	if i < 0 {
		return text
	}
	var b strings.Builder
	for ; i >= 0; i = strings.Index(s, "_x") {
		b.WriteString(s[:i])
		s = s[i:]
		var n rune
		if len(s) >= 7 && s[6] == '_' {
			if _, err := fmt.Sscanf(s[2:6], "%04x", &n); err == nil && n != 0 {
				b.WriteRune(n)
				s = s[7:]
				continue
			}
		}
		b.WriteString("_x")
		s = s[2:]
	}
	b.WriteString(s)
	return []byte(b.String())
}
