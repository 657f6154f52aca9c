package contactdb

import (
	"bytes"
	"iter"
	"slices"
)

// page is how many rows an iterator reads in one transaction before it hands
// them out: the caller's loop runs outside, so it may call the store and may
// take its time. At most pageKeys keys are looked at meanwhile.
const (
	page     = 500
	pageKeys = 20 * page
)

// pages walks the keys of a bucket from one on, in pages.
type pages[T any] struct {
	store  *Store
	bucket []byte
	prefix []byte // only keys with it
	from   []byte // begin here; nil: at the prefix
	until  []byte // the last key; nil: to the end
	read   func(t *tx, key, value []byte) (row T, keep bool, err error)
}

func (p pages[T]) all() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		at := p.from
		if at == nil {
			at = append([]byte{}, p.prefix...)
		}
		for at != nil {
			rows, next, err := p.page(at)
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if err != nil {
				yield(none, err)
				return
			}
			at = next
		}
	}
}

// page reads the rows from a key on; next is where to go on, nil at the end.
func (p pages[T]) page(at []byte) (rows []T, next []byte, err error) {
	err = p.store.view(string(p.bucket), func(t *tx) error {
		c := t.cursor(p.bucket)
		n := 0
		for k, v := c.Seek(at); k != nil && bytes.HasPrefix(k, p.prefix); k, v = c.Next() {
			if p.until != nil && bytes.Compare(k, p.until) > 0 {
				return nil
			}
			if n++; n > pageKeys || len(rows) == page {
				if next = slices.Clone(k); bytes.Compare(next, at) <= 0 { // it would never end
					return errKeys(p.bucket)
				}
				return nil
			}
			row, keep, err := p.read(t, k, v)
			if err != nil {
				return err
			}
			if keep {
				rows = append(rows, row)
			}
		}
		return nil
	})
	return rows, next, err
}
