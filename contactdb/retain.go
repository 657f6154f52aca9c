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

// AuditTexts are what audit entries say of a person beside the number.
var AuditTexts = map[string]bool{"detail": true, "before": true, "after": true}

// ForgetInRecords takes members (NotesOnly, or Personal for all personal ones)
// from the call records that ended before a time, oldest first, a step at a
// time; where it has come to is kept under what. The chain verifies as before.
func (s *Store) ForgetInRecords(ctx context.Context, what string, members map[string]bool, before time.Time) (f Forgotten, err error) {
	return s.forgetIn(ctx, what, &records, members, func(row []byte) (old, about bool, index []byte, err error) {
		var r Record
		err = decode(bRecords, row, &r)
		return r.EndedAt.Before(before), true, append([]byte(r.Phone), 0), err
	})
}

// ForgetInAudit does the same (with AuditTexts, or Personal) for entries of the
// audit trail that are about a person; who did what, and when, stays.
func (s *Store) ForgetInAudit(ctx context.Context, what string, members map[string]bool, before time.Time) (f Forgotten, err error) {
	return s.forgetIn(ctx, "audit "+what, &auditTrail, members, func(row []byte) (old, about bool, index []byte, err error) {
		var e AuditEntry
		err = decode(bAudit, row, &e)
		return e.At.Before(before), e.Phone != "" || e.Verb == "record.correct", append([]byte(byPhone+e.Phone), 0), err
	})
}

// forgetIn looks at the rows of a chain from where it had come to: look says
// whether one is old, whether it is about a person, and how its keys begin in the
// index of numbers.
func (s *Store) forgetIn(ctx context.Context, what string, l *ledger, members map[string]bool,
	look func(row []byte) (old, about bool, index []byte, err error)) (f Forgotten, err error) {
	key := []byte("forgotten:" + what)
	byNumber := map[*ledger][]byte{&records: bRecordPhones, &auditTrail: bAuditIndex}[l]
	err = s.writeClean(ctx, "forget "+what, func(t *tx) error {
		f = Forgotten{}
		at := uint64(0)
		if v := t.get(bMeta, key); len(v) == 8 {
			at = binary.BigEndian.Uint64(v)
		}
		type found struct {
			place uint64
			index []byte
		}
		var rows []found
		last, n := at, 0
		err := t.eachFrom(l.rows, be64(nil, at+1), func(k, row []byte) (bool, error) {
			old, about, index, err := look(row)
			if err != nil || !old {
				return false, err
			}
			if last = binary.BigEndian.Uint64(k); about {
				rows = append(rows, found{last, index})
			}
			n++
			f.More = n == retainStep
			return !f.More, nil
		})
		if err != nil || n == 0 {
			return err
		}
		f.First, f.Last = at+1, last
		for _, row := range rows {
			erased, err := t.erase(l, row.place, members)
			if err != nil {
				return err
			}
			if erased {
				f.Rows++
				if members == nil {
					t.delete(byNumber, be64(row.index, row.place))
				}
			}
		}
		t.put(bMeta, key, be64(nil, last))
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
	lists, err = s.forgetStale(ctx, stale, before)
	return lists, next, err
}

// forgetStale removes the contacts under some keys that are stale still.
func (s *Store) forgetStale(ctx context.Context, keys [][]byte, before time.Time) (lists map[string]int, err error) {
	err = s.writeClean(ctx, "forget contacts", func(t *tx) error {
		lists = map[string]int{}
		for _, k := range keys {
			seg := binary.BigEndian.Uint32(k)
			c, found, err := t.contact(seg, binary.BigEndian.Uint64(k[4:]))
			if err != nil {
				return err
			}
			if !found { // removed meanwhile
				continue
			}
			old, err := t.stale(k, c, before) // it may have been called meanwhile
			if err != nil {
				return err
			}
			if !old {
				continue
			}
			if err := t.removeContact(seg, c); err != nil {
				return err
			}
			lists[c.List]++
		}
		return nil
	})
	return lists, err
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
