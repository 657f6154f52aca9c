package contactdb

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Call records are a chain: each is hashed together with the hash before it.
// A record's hash is SHA-256, in hex, of its prev_hash as text followed by its
// JSON in the order of the export columns with an empty "hash" (which is the
// last). The first prev_hash is 64 zeros. The stored bytes are the hashed
// bytes, so a later version with more columns verifies what this one wrote.

const (
	firstHash = "0000000000000000000000000000000000000000000000000000000000000000"
	hashOpen  = `"hash":"`
	hashEnd   = `"}`
)

// head is the end of the chain.
type head struct {
	Records uint64 `json:"records"`
	Hash    string `json:"hash"`
}

func (t *tx) head() (head, error) {
	h := head{Hash: firstHash}
	_, err := t.load(bMeta, kHead, &h)
	return h, err
}

// append links a record to the chain and stores it.
func (t *tx) append(r *Record) error {
	h, err := t.head()
	if err != nil {
		return err
	}
	r.PrevHash, r.Hash = h.Hash, ""
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("record %s: %w", r.ID, err)
	}
	r.Hash = chainHash(r.PrevHash, body)
	// What was hashed is what is stored: the hash goes into its empty place.
	body = append(body[:len(body)-len(hashEnd)], r.Hash+hashEnd...)
	if t.get(bRecordIDs, []byte(r.ID)) != nil {
		return fmt.Errorf("%w: attempt %s has a record already", ErrState, r.ID)
	}
	h = head{h.Records + 1, r.Hash}
	seq := be64(nil, h.Records)
	t.put(bRecords, seq, body)
	t.put(bRecordIDs, []byte(r.ID), seq)
	t.put(bRecordPhones, recordPhoneKey(r.Phone, h.Records), []byte{})
	d := be32(nil, dayOf(r.EndedAt))
	t.put(bRecordDays, d, readSpan(t.get(bRecordDays, d)).with(h.Records).bytes())
	t.save(bMeta, kHead, h)
	return nil
}

func chainHash(prev string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(prev))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// Verification is the result of Verify.
type Verification struct {
	Records int    `json:"records"`
	Head    string `json:"head"` // hash of the last record
	OK      bool   `json:"ok"`
	BadID   string `json:"bad_id,omitempty"` // the first record that does not fit
	BadAt   int    `json:"bad_at,omitempty"` // its place in the chain, from 1
	Problem string `json:"problem,omitempty"`
}

// Verify walks the whole chain of call records and names the first place that
// does not fit: a record that was changed, dropped, added, doubled or moved,
// or an end that was cut off. The walk is one consistent view. Whoever can
// rewrite the whole file can make a new chain: keep Head elsewhere to see that.
func (s *Store) Verify(ctx context.Context) (Verification, error) {
	var v Verification
	err := s.view("verify", func(t *tx) error {
		v = Verification{Head: firstHash}
		h, err := t.head()
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		err = t.each(bRecords, nil, func(key, value []byte) (bool, error) {
			if v.Records%1000 == 0 && ctx.Err() != nil {
				return false, ctx.Err()
			}
			v.Records++
			v.check(key, value, seen)
			return v.Problem == "", nil
		})
		if err == nil && v.Problem == "" {
			v.checkEnd(h)
		}
		v.OK = err == nil && v.Problem == ""
		return err
	})
	return v, err
}

// check looks at the record that must be number v.Records of the chain.
func (v *Verification) check(key, value []byte, seen map[string]bool) {
	r, body, err := parseRecord(value)
	switch {
	case len(key) != 8 || binary.BigEndian.Uint64(key) != uint64(v.Records):
		v.fail(r.ID, "a record is missing before this one")
	case err != nil:
		v.fail(r.ID, err.Error())
	case seen[r.ID]:
		v.fail(r.ID, "this attempt has two records")
	case r.PrevHash != v.Head:
		v.fail(r.ID, "it does not follow the record before it")
	case chainHash(r.PrevHash, body) != r.Hash:
		v.fail(r.ID, "its content was changed")
	default:
		seen[r.ID] = true
		v.Head = r.Hash
	}
}

func (v *Verification) checkEnd(h head) {
	if h.Records > uint64(v.Records) {
		v.Records++
		v.fail("", fmt.Sprintf("the last records are missing: %d were written", h.Records))
		v.Records--
	} else if h.Records < uint64(v.Records) || h.Hash != v.Head {
		v.fail("", fmt.Sprintf("the end does not fit the store's note of it: %d records, hash %.12s", h.Records, h.Hash))
	}
}

func (v *Verification) fail(id, problem string) {
	v.BadID, v.BadAt, v.Problem = id, v.Records, problem
}

// parseRecord reads a stored record; body is what was hashed.
func parseRecord(value []byte) (r Record, body []byte, err error) {
	if err := json.Unmarshal(value, &r); err != nil {
		return r, nil, errors.New("it cannot be read")
	}
	at := len(value) - len(hashEnd) - len(firstHash)
	if at < len(hashOpen) || !bytes.HasSuffix(value, []byte(hashEnd)) || string(value[at-len(hashOpen):at]) != hashOpen {
		return r, nil, errors.New("it does not end with its hash")
	}
	return r, append(bytes.Clone(value[:at]), hashEnd...), nil
}
