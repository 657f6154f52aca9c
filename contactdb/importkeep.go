package contactdb

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"os"
)

// importKeep is how many entries of a kind an import keeps in memory, 16 bytes
// each; more lie on the disk, sorted so many at a time.
const importKeep = 1 << 19

// keeper holds entries of an import until they can be looked at in the order of
// their keys, in memory that does not grow with the file.
type keeper struct {
	dir    string // for a file without a name
	most   int    // in memory
	memory []entry
	file   *os.File
	runs   []int64 // how many entries each sorted piece of the file has
	size   int64   // of the file
}

const entryBytes = 14

func (k *keeper) add(all []entry) error {
	for len(all) > 0 {
		n := min(len(all), k.most-len(k.memory))
		k.memory, all = append(k.memory, all[:n]...), all[n:]
		if len(k.memory) == k.most {
			if err := k.spill(); err != nil {
				return spaceError(err)
			}
		}
	}
	return nil
}

// spill writes what is in memory to the file.
func (k *keeper) spill() (err error) {
	if len(k.memory) == 0 {
		return nil
	}
	if k.file == nil {
		if k.file, err = os.CreateTemp(k.dir, ".import-*"); err != nil {
			return err
		}
		_ = os.Remove(k.file.Name()) // now: a kill leaves nothing; where an open file stays, close does it
	}
	sortByKey(k.memory, entryKey)
	w := bufio.NewWriterSize(io.NewOffsetWriter(k.file, k.size), 1<<18)
	var b [entryBytes]byte
	for _, e := range k.memory {
		binary.BigEndian.PutUint64(b[:], e.key)
		binary.BigEndian.PutUint32(b[8:], e.local)
		b[12], b[13] = e.place, 0
		if e.rich {
			b[13] = 1
		}
		_, _ = w.Write(b[:]) // an error stays in w
	}
	if err := w.Flush(); err != nil {
		return err
	}
	k.runs, k.size = append(k.runs, int64(len(k.memory))), k.size+int64(len(k.memory))*entryBytes
	k.memory = k.memory[:0]
	return nil
}

// sorted gives the entries in the order of their keys, and those with the same
// in the order in which they came.
func (k *keeper) sorted() iter.Seq2[entry, error] {
	if k.file == nil {
		sortByKey(k.memory, entryKey)
		return func(yield func(entry, error) bool) {
			for _, e := range k.memory {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
	return func(yield func(entry, error) bool) {
		if err := k.merge(func(e entry) bool { return yield(e, nil) }); err != nil {
			yield(entry{}, err)
		}
	}
}

// merge reads the sorted pieces beside each other.
func (k *keeper) merge(f func(entry) bool) error {
	if err := k.spill(); err != nil {
		return spaceError(err)
	}
	var all []*piece
	at := int64(0)
	for _, n := range k.runs {
		p := &piece{r: bufio.NewReaderSize(io.NewSectionReader(k.file, at, n*entryBytes), 1<<16)}
		at += n * entryBytes
		if err := p.next(); err != nil {
			return err
		}
		all = append(all, p)
	}
	for {
		var first *piece
		for _, p := range all {
			if !p.over && (first == nil || p.head.key < first.head.key) {
				first = p
			}
		}
		if first == nil || !f(first.head) {
			return nil
		}
		if err := first.next(); err != nil {
			return err
		}
	}
}

func (k *keeper) close() {
	if k.file != nil {
		_ = k.file.Close()
		_ = os.Remove(k.file.Name()) // it is gone already as a rule
	}
	*k = keeper{}
}

// piece is a sorted piece of the file.
type piece struct {
	r    *bufio.Reader
	head entry
	over bool
}

func (p *piece) next() error {
	var b [entryBytes]byte
	switch _, err := io.ReadFull(p.r, b[:]); {
	case errors.Is(err, io.EOF):
		p.over = true
		return nil
	case err != nil:
		return err
	}
	p.head = entry{key: binary.BigEndian.Uint64(b[:]), local: binary.BigEndian.Uint32(b[8:]), place: b[12], rich: b[13] == 1}
	return nil
}
