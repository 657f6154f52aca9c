package contactdb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"go.etcd.io/bbolt"
)

// Salvaged says what could be saved of one part of a damaged store.
type Salvaged struct {
	Name string   `json:"name"`
	Rows int      `json:"rows"`
	Lost []string `json:"lost,omitempty"` // pages that could not be read, and why; with each the rows in it and below it
}

// Salvage reads what can be read of a damaged store, page by page and trusting
// none, into a new store. Rows in pages that are spoilt are lost, and named by
// their pages; so is what is only found through them. Call records that are
// left verify up to the first that is missing. It never changes the damaged file.
func Salvage(path, to string) (parts []Salvaged, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := os.Lstat(to); err == nil {
		return nil, fmt.Errorf("%s: %w", to, ErrExists)
	}
	m, err := newestMeta(f)
	if err != nil {
		return nil, err
	}
	if err := fill(to); err != nil {
		return nil, spaceError(err)
	}
	db, err := bbolt.Open(to, 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		return nil, err
	}
	r := &rescue{tree: newTree(f, m.pageSize), db: db}
	err = r.all(m.root)
	if err == nil {
		err = r.journal(path)
	}
	err = errors.Join(err, db.Sync(), db.Close())
	return r.parts, err
}

// rescue is one Salvage.
type rescue struct {
	*tree
	db    *bbolt.DB
	parts []Salvaged
	rows  [][2][]byte // read and not yet written
	size  int
}

// all goes through the buckets that the root names.
func (r *rescue) all(root uint64) error {
	roots := map[string][]byte{}
	var lost []string
	r.leaves(root, &lost, func(kind uint32, key, value []byte) {
		if kind&kindBucket != 0 {
			roots[string(key)] = value
		}
	})
	if len(lost) > 0 {
		r.parts = append(r.parts, Salvaged{Name: "the list of parts", Lost: lost})
	}
	for _, name := range buckets {
		header, found := roots[string(name)]
		part := Salvaged{Name: string(name)}
		if !found || len(header) < bucketValue {
			part.Lost = append(part.Lost, "it is not found at all")
			r.parts = append(r.parts, part)
			continue
		}
		if err := r.bucket(name, header, &part); err != nil {
			return err
		}
		r.parts = append(r.parts, part)
	}
	return nil
}

// journal does what the journal of the damaged file says that is not in it.
func (r *rescue) journal(path string) error {
	part, l := Salvaged{Name: "the journal"}, newLayer()
	err := r.db.Update(func(btx *bbolt.Tx) error {
		t := &tx{file: btx}
		said := t.journaled()
		j, err := readJournal(path, said, func(b keptBatch) error { return l.replay(b.ops) })
		if err != nil {
			part.Lost = append(part.Lost, err.Error())
		} else {
			said.folded = j.next - 1
		}
		t.delete(bMeta, kJournaled)
		t.identify() // the journal stays with the damaged file
		return t.foldWhole(l, said.folded)
	})
	if part.Rows = l.rows.Len(); part.Rows > 0 || len(part.Lost) > 0 {
		r.parts = append(r.parts, part)
	}
	return err
}

// bucket copies the rows of one bucket.
func (r *rescue) bucket(name, header []byte, part *Salvaged) error {
	var failed error
	each := func(_ uint32, key, value []byte) {
		r.rows = append(r.rows, [2][]byte{slices.Clone(key), slices.Clone(value)})
		part.Rows++
		if r.size += len(key) + len(value); r.size > compactStep && failed == nil {
			failed = r.write(name, 0)
		}
	}
	if root := binary.NativeEndian.Uint64(header); root != 0 {
		r.leaves(root, &part.Lost, each)
	} else if !r.elements(header[bucketValue:], each) {
		part.Lost = append(part.Lost, "its only page is spoilt")
	}
	if failed != nil {
		return failed
	}
	return r.write(name, binary.NativeEndian.Uint64(header[8:]))
}

// write puts rows into the new store; sequence is the bucket's, if not 0.
func (r *rescue) write(name []byte, sequence uint64) error {
	err := r.db.Update(func(btx *bbolt.Tx) error {
		b := btx.Bucket(name)
		for _, row := range r.rows {
			if err := b.Put(row[0], row[1]); err != nil {
				return err
			}
		}
		if sequence != 0 {
			return b.SetSequence(sequence)
		}
		return nil
	})
	r.rows, r.size = r.rows[:0], 0
	return spaceError(err)
}

// leaves calls f for each element of the leaves at and below a page; pages that
// are not what they must be are left out and named.
func (r *rescue) leaves(number uint64, lost *[]string, f func(kind uint32, key, value []byte)) {
	if r.seen[number] {
		*lost = append(*lost, fmt.Sprintf("page %d is in use twice", number))
		return
	}
	r.seen[number] = true
	body, err := r.read(number)
	if err != nil {
		*lost = append(*lost, fmt.Sprintf("page %d cannot be read", number))
		return
	}
	switch kind := binary.NativeEndian.Uint16(body[8:]); kind {
	case kindLeaf:
		if !r.elements(body, f) {
			*lost = append(*lost, fmt.Sprintf("page %d is spoilt", number))
		}
	case kindBranch:
		count := int(binary.NativeEndian.Uint16(body[10:]))
		for i := range count {
			at := pageHeader + i*element
			if at+element > len(body) {
				*lost = append(*lost, fmt.Sprintf("page %d ends early", number))
				return
			}
			r.leaves(binary.NativeEndian.Uint64(body[at+8:]), lost, f)
		}
	default:
		*lost = append(*lost, fmt.Sprintf("page %d is neither branch nor leaf", number))
	}
}

// elements calls f for those elements of a leaf that lie in it, and says
// whether all did.
func (r *rescue) elements(body []byte, f func(kind uint32, key, value []byte)) bool {
	if len(body) < pageHeader || binary.NativeEndian.Uint16(body[8:]) != kindLeaf {
		return false
	}
	whole := true
	for i := range int(binary.NativeEndian.Uint16(body[10:])) {
		at := pageHeader + i*element
		if at+element > len(body) {
			return false
		}
		key, value, ok := cutKey(body, at, kindLeaf)
		if !ok || len(key) == 0 {
			whole = false
			continue
		}
		f(binary.NativeEndian.Uint32(body[at:]), key, value)
	}
	return whole
}
