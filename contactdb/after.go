package contactdb

import (
	"encoding/binary"
	"fmt"
)

// Placed is a record and its place in the chain, from 1.
type Placed struct {
	Place uint64
	Record
}

// RecordsAfter returns up to limit records that come after a place in the
// chain, as they were written, corrections too, the oldest first. Whoever keeps
// the place of the last has each of them over any restart; 0 begins with the first.
func (s *Store) RecordsAfter(place uint64, limit int) (all []Placed, err error) {
	err = s.view("records after a place", func(t *tx) error {
		if limit <= 0 {
			return nil
		}
		return t.eachFrom(bRecords, be64(nil, place+1), func(key, value []byte) (bool, error) {
			if len(key) != 8 {
				return false, fmt.Errorf("%w: a call record has a key of %d bytes", ErrDamaged, len(key))
			}
			p := Placed{Place: binary.BigEndian.Uint64(key)}
			err := decode(bRecords, value, &p.Record)
			all = append(all, p)
			return len(all) < limit, err
		})
	})
	return all, err
}
