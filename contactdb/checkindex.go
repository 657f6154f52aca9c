package contactdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/maphash"
)

// sum is a number of keys, and what their hashes add up to: of two sets of keys it is
// the same if they are the same, and else with a chance of one in 2^64.
type sum struct {
	keys   int
	hashes uint64
}

var sumSeed = maphash.MakeSeed()

func (s *sum) add(key []byte) {
	s.keys++
	s.hashes += maphash.Bytes(sumSeed, key)
}

// indexes compares each index with what belongs into it: what one finds in the order
// in which it lies on the disk adds up alike, if all is well. Only else, entries
// and contacts are followed to each other, which takes many times as long.
func (c *checking) indexes() error {
	for bucket, want := range c.belong {
		var got sum
		if err := c.each([]byte(bucket), nil, func(key, _ []byte) (bool, error) { got.add(key); return true, nil }); err != nil {
			return err
		}
		if got != *want {
			had := len(c.problems)
			err := errors.Join(c.follow(), c.followBack())
			if err == nil && len(c.problems) == had {
				c.bad("%s: %d entries, %d belong there", bucket, got.keys, want.keys)
			}
			return err
		}
	}
	return nil
}

// follow follows each contact to its entries.
func (c *checking) follow() error {
	said := map[string]string{string(bPhones): "is not found by its number", string(bExternals): "is not found by its external id", string(bFresh): "is not among those of its zones"}
	return c.each(bContacts, nil, func(key, value []byte) (bool, error) {
		row, _, err := readContact(c.tx, key, value)
		if err != nil {
			return false, err
		}
		unseen := c.get(bTrash, key[:4]) != nil // staged: its number comes later
		c.entriesOf(&row, binary.BigEndian.Uint32(key), c.classOf(row), func(bucket, key []byte) {
			if (!unseen || bytes.Equal(bucket, bFresh)) && c.get(bucket, key) == nil {
				c.bad("contact %d %s", row.ID, said[string(bucket)])
			}
		})
		return true, nil
	})
}

// followBack follows each entry back to its contact.
func (c *checking) followBack() error {
	err := c.each(bPhones, nil, func(key, _ []byte) (bool, error) {
		phone, rest := key[:len(key)-13], key[len(key)-12:]
		row, found, err := c.contact(binary.BigEndian.Uint32(rest), binary.BigEndian.Uint64(rest[4:]))
		if err == nil && (!found || !row.HasNumber(string(phone))) {
			c.bad("the number index names contact %d, which does not have the number", binary.BigEndian.Uint64(rest[4:]))
		}
		return true, err
	})
	if err != nil {
		return err
	}
	err = c.each(bExternals, nil, func(key, _ []byte) (bool, error) {
		id := binary.BigEndian.Uint64(key[12:])
		row, found, err := c.contact(binary.BigEndian.Uint32(key[8:]), id)
		if err == nil && (!found || !bytes.Equal(externalHash(row.ExternalID), key[:8])) {
			c.bad("the index of external ids names contact %d, which has another", id)
		}
		return true, err
	})
	if err != nil {
		return err
	}
	return c.each(bFresh, nil, func(key, _ []byte) (bool, error) {
		id := binary.BigEndian.Uint64(key[8:])
		row, found, err := c.contact(binary.BigEndian.Uint32(key), id)
		if err == nil && (!found || c.classOf(row) != binary.BigEndian.Uint32(key[4:])) {
			c.bad("the zone index names contact %d, which is not of these zones", id)
		}
		return true, err
	})
}

// entriesOf names a contact's entries in the indexes.
func (c *checking) entriesOf(row *Contact, seg, class uint32, f func(bucket, key []byte)) {
	for _, n := range row.AllNumbers() {
		f(bPhones, phoneKey(n.Phone, seg, row.ID))
	}
	if row.ExternalID != "" {
		f(bExternals, externalKey(row.ExternalID, seg, row.ID))
	}
	f(bFresh, freshKey(seg, class, row.ID))
}
