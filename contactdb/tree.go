package contactdb

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

// tree looks through the pages of the file as a transaction sees it, with
// plain reads that trust nothing. bbolt itself follows a spoilt page wherever
// it points, even in a circle for ever; so Open and Check look first.
//
// A page: its number (8 bytes), kind (2), count of elements (2), further pages
// (4); then elements of 16 bytes each. A branch's element: place of the key,
// its length (4 each), page (8). A leaf's: kind, place of the key, lengths of
// key and value (4 each). Places count from the element.
type tree struct {
	f        *os.File
	pageSize int
	seen     map[uint64]bool // pages that are in use
	shallow  bool            // do not go into buckets
}

const (
	pageHeader  = 16
	element     = 16
	kindBranch  = 1
	kindLeaf    = 2
	kindBucket  = 1 // of a leaf's element: the value is a bucket
	kindFree    = 16
	noFreelist  = 1<<64 - 1 // written by a tool; bbolt finds the free pages by itself
	manyFree    = 0xFFFF    // as count of a freelist: its first element is the count
	bucketValue = 16
)

func newTree(f *os.File, pageSize int) *tree {
	return &tree{f: f, pageSize: pageSize, seen: map[uint64]bool{0: true, 1: true}}
}

// checkTree reports the first page that is not what it must be.
func checkTree(btx *bbolt.Tx) error {
	f, err := os.Open(btx.DB().Path())
	if err != nil {
		return err
	}
	defer f.Close()
	t := newTree(f, btx.DB().Info().PageSize)
	return t.walk(uint64(btx.Cursor().Bucket().RootPage()), nil)
}

func (t *tree) bad(page uint64, problem string) error {
	return fmt.Errorf("%w: page %d of the file %s; restore a backup", ErrDamaged, page, problem)
}

// walk looks through a page and those below it; no key is less than low.
func (t *tree) walk(number uint64, low []byte) error {
	if t.seen[number] {
		return t.bad(number, "is in use twice")
	}
	t.seen[number] = true
	body, err := t.read(number)
	if err != nil {
		return err
	}
	return t.look(number, body, low)
}

// read reads a page with those that go on from it.
func (t *tree) read(number uint64) ([]byte, error) {
	body := make([]byte, t.pageSize)
	if _, err := t.f.ReadAt(body, int64(number)*int64(t.pageSize)); err != nil {
		return nil, t.bad(number, "is not there")
	}
	if binary.NativeEndian.Uint64(body) != number {
		return nil, t.bad(number, "bears another number")
	}
	further := binary.NativeEndian.Uint32(body[12:])
	for i := range uint64(further) {
		if t.seen[number+1+i] {
			return nil, t.bad(number+1+i, "is in use twice")
		}
		t.seen[number+1+i] = true
		next := make([]byte, t.pageSize)
		if _, err := t.f.ReadAt(next, int64(number+1+i)*int64(t.pageSize)); err != nil {
			return nil, t.bad(number, "goes on beyond the end")
		}
		body = append(body, next...)
	}
	return body, nil
}

// look goes through the elements of a page.
func (t *tree) look(number uint64, body, low []byte) error {
	kind, count := binary.NativeEndian.Uint16(body[8:]), int(binary.NativeEndian.Uint16(body[10:]))
	if kind != kindBranch && kind != kindLeaf || kind == kindBranch && count == 0 || pageHeader+count*element > len(body) {
		return t.bad(number, "is neither branch nor leaf")
	}
	for i := range count {
		at := pageHeader + i*element
		key, rest, ok := cutKey(body, at, kind)
		if !ok {
			return t.bad(number, "has an element that leads out of it")
		}
		if order := bytes.Compare(key, low); order < 0 || i > 0 && order == 0 {
			return t.bad(number, "has its keys in disorder")
		}
		low = key
		if err := t.below(number, body[at:], kind, key, rest); err != nil {
			return err
		}
	}
	return nil
}

// cutKey finds the key, and the value that follows it, of the element at a place.
func cutKey(body []byte, at int, kind uint16) (key, value []byte, ok bool) {
	e := body[at : at+element]
	place, keyLength, valueLength := binary.NativeEndian.Uint32(e), binary.NativeEndian.Uint32(e[4:]), uint32(0)
	if kind == kindLeaf {
		place, keyLength, valueLength = binary.NativeEndian.Uint32(e[4:]), binary.NativeEndian.Uint32(e[8:]), binary.NativeEndian.Uint32(e[12:])
	}
	from := uint64(at) + uint64(place)
	to := from + uint64(keyLength)
	if to+uint64(valueLength) > uint64(len(body)) {
		return nil, nil, false
	}
	return body[from:to], body[to : to+uint64(valueLength)], true
}

// below follows an element to its page or bucket.
func (t *tree) below(number uint64, e []byte, kind uint16, key, value []byte) error {
	if kind == kindBranch {
		return t.walk(binary.NativeEndian.Uint64(e[8:]), key)
	}
	if binary.NativeEndian.Uint32(e)&kindBucket == 0 || t.shallow {
		return nil
	}
	if len(value) < bucketValue {
		return t.bad(number, "has a bucket that is cut off")
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return t.walk(root, nil)
	}
	if len(value) < bucketValue+pageHeader {
		return t.bad(number, "has a bucket that is cut off")
	}
	return t.look(number, value[bucketValue:], nil)
}

// free looks through the list of free pages: one that is in use would be
// written over.
func (t *tree) free(number, end uint64) error {
	if number == noFreelist {
		return nil
	}
	body, err := t.read(number)
	if err != nil {
		return err
	}
	count, ids := uint64(binary.NativeEndian.Uint16(body[10:])), body[pageHeader:]
	if count == manyFree {
		count, ids = binary.NativeEndian.Uint64(ids), ids[8:]
	}
	if binary.NativeEndian.Uint16(body[8:]) != kindFree || count > uint64(len(ids)/8) {
		return t.bad(number, "is not the list of free pages")
	}
	t.seen[number] = true
	for i := range count {
		id := binary.NativeEndian.Uint64(ids[8*i:])
		if id >= end || t.seen[id] {
			return t.bad(id, "is free and in use")
		}
		t.seen[id] = true
	}
	return nil
}

// freePages counts the free pages of a file; 0 if they are not known.
func freePages(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	m, err := newestMeta(f)
	if err != nil || m.freelist == noFreelist {
		return 0
	}
	head := make([]byte, pageHeader+8)
	if _, err := f.ReadAt(head, int64(m.freelist)*int64(m.pageSize)); err != nil || binary.NativeEndian.Uint16(head[8:]) != kindFree {
		return 0
	}
	if n := binary.NativeEndian.Uint16(head[10:]); n != manyFree {
		return int(n)
	}
	return int(binary.NativeEndian.Uint64(head[pageHeader:]))
}
