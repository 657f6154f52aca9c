package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"time"
)

// retainStep is how many rows one transaction of a retention looks at.
const retainStep = 1000

// Forgotten says what a step of a retention took, for the audit trail.
type Forgotten struct {
	Rows        int    // from which something was taken
	First, Last uint64 // call records that were looked at, by place; 0: none
	More        bool   // there may be more: ask again
}

// Kinds of what is taken from call records as they grow old.
var (
	// NotesOnly takes notes and answers.
	NotesOnly = map[string]bool{"note": true, "script_answers": true}
	// Personal takes the number too: the record says then only what happened.
	Personal map[string]bool
)

// ForgetInRecords takes members (NotesOnly, or Personal for all personal ones)
// from the call records that ended before a time, oldest first, a step at a
// time; where it has come to is kept under what. The chain verifies as before.
func (s *Store) ForgetInRecords(ctx context.Context, what string, members map[string]bool, before time.Time) (f Forgotten, err error) {
	key := []byte("forgotten:" + what)
	err = s.write(ctx, "forget "+what, func(t *tx) error {
		f = Forgotten{}
		at := uint64(0)
		if v := t.get(bMeta, key); len(v) == 8 {
			at = binary.BigEndian.Uint64(v)
		}
		var rows []Record
		f.First = at + 1
		err := t.eachFrom(bRecords, be64(nil, at+1), func(k, v []byte) (bool, error) {
			var r Record
			if err := decode(bRecords, v, &r); err != nil {
				return false, err
			}
			if !r.EndedAt.Before(before) {
				return false, nil
			}
			rows = append(rows, r)
			f.More = len(rows) == retainStep
			return !f.More, nil
		})
		if err != nil || len(rows) == 0 {
			f.First = 0
			return err
		}
		for i, r := range rows {
			f.Last = at + 1 + uint64(i)
			erased, err := t.erase(&records, f.Last, members)
			if err != nil {
				return err
			}
			if erased {
				f.Rows++
				if members == nil {
					t.delete(bRecordPhones, recordPhoneKey(r.Phone, f.Last))
				}
			}
		}
		t.put(bMeta, key, be64(nil, f.Last))
		return nil
	})
	return f, err
}

// eachFrom walks the keys of a bucket from one on.
func (t *tx) eachFrom(bucket, from []byte, f func(key, value []byte) (bool, error)) error {
	c := t.cursor(bucket)
	for k, v := c.Seek(from); k != nil; k, v = c.Next() {
		if more, err := f(k, v); err != nil || !more {
			return err
		}
	}
	return nil
}

// contactsLooked is how many contacts are looked at in one view: some 50 ms.
const contactsLooked = 20_000

// ForgetContacts removes contacts that were imported before a time and not
// tried since, a step at a time: from is where to go on, nil at the beginning;
// next is nil at the end. Who waits for a try that was promised stays.
func (s *Store) ForgetContacts(ctx context.Context, before time.Time, from []byte) (lists map[string]int, next []byte, err error) {
	var stale [][]byte
	err = s.view("forget contacts", func(t *tx) error {
		n := 0
		return t.eachFrom(bContacts, from, func(k, v []byte) (bool, error) {
			if n++; n > contactsLooked || len(stale) == retainStep {
				next = bytes.Clone(k)
				return false, nil
			}
			c, _, err := readContact(t, k, v)
			if err != nil {
				return false, err
			}
			old, err := t.stale(k, c, before)
			if old {
				stale = append(stale, bytes.Clone(k))
			}
			return true, err
		})
	})
	if err != nil || len(stale) == 0 {
		return nil, next, err
	}
	err = s.write(ctx, "forget contacts", func(t *tx) error {
		lists = map[string]int{}
		for _, k := range stale {
			seg := binary.BigEndian.Uint32(k)
			c, found, err := t.contact(seg, binary.BigEndian.Uint64(k[4:]))
			if err != nil || !found {
				return err
			}
			old, err := t.stale(k, c, before) // it may have been called meanwhile
			if err != nil {
				return err
			}
			if old {
				if err := t.removeContact(seg, c); err != nil {
					return err
				}
				lists[c.List]++
			}
		}
		return nil
	})
	return lists, next, err
}

// stale says that nothing was done with a contact since a time.
func (t *tx) stale(key []byte, c Contact, before time.Time) (bool, error) {
	if !c.ImportedAt.Before(before) || t.get(bTrash, key[:4]) != nil || t.get(bCalling, []byte(c.Phone)) != nil {
		return false, nil
	}
	camps, err := t.campaignIDs()
	if err != nil {
		return false, err
	}
	for _, camp := range camps {
		st, found, err := t.state(camp, c.ID)
		if err != nil || found && (st.Live != "" || st.Rescheduled || !st.LastAt.Before(before)) {
			return false, err
		}
	}
	return true, nil
}
