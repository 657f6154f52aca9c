package contactdb

import (
	"context"
	"fmt"
)

// Call records are a chain of sealed rows (seal.go), their members in the
// order of the export columns. The personal ones, which an erasure takes, are
// the number, the note and the answers to the script.

// append links a record to the chain and stores it; d is its draft.
func (t *tx) append(r *Record, d *draft) error {
	if t.get(bRecordIDs, []byte(r.ID)) != nil {
		return fmt.Errorf("%w: attempt %s has a record already", ErrState, r.ID)
	}
	h, err := t.head(&records)
	if err != nil {
		return err
	}
	stored, hash := d.close(h.Hash)
	place := h.Records + 1
	t.chained(&records, dayOf(r.EndedAt), head{place, hash}, stored)
	r.PrevHash, r.Hash = h.Hash, hash
	t.put(bRecordIDs, []byte(r.ID), be64(nil, place))
	t.put(bRecordPhones, recordPhoneKey(r.Phone, place), []byte{})
	return nil
}

// Verify walks the whole chain of call records and names the first place that
// does not fit: a record that was changed, dropped, added, doubled or moved,
// or an end that was cut off. The walk is one consistent view. Whoever can
// rewrite the whole file can make a new chain: keep Head elsewhere to see that.
func (s *Store) Verify(ctx context.Context) (Verification, error) { return s.verify(ctx, &records) }
