package contactdb

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
)

// ledger is a bucket of sealed rows, each hashed together with the hash before
// it (see seal.go). Places in it count from 1. There are two: call records,
// and the audit trail.
type ledger struct {
	what     string // one row, for errors
	rows     []byte // bucket: place → row
	head     []byte // key in meta: the end of the chain
	days     []byte // bucket: day → first and last place
	personal map[string]bool
}

var (
	records    = ledger{"call record", bRecords, kHead, bRecordDays, map[string]bool{"phone": true, "note": true, "script_answers": true}}
	auditTrail = ledger{"audit entry", bAudit, kAuditHead, bAuditDays, map[string]bool{"phone": true, "detail": true, "before": true, "after": true}}
)

// head is the end of a chain.
type head struct {
	Records uint64 `json:"records"`
	Hash    string `json:"hash"`
}

func (t *tx) head(l *ledger) (head, error) {
	if h, known := t.late.heads[l]; known {
		return h, nil
	}
	h := head{Hash: firstHash}
	_, err := t.load(bMeta, l.head, &h)
	return h, err
}

// chained stores a sealed row as the new end of a chain.
func (t *tx) chained(l *ledger, day uint32, end head, row []byte) {
	t.put(l.rows, be64(nil, end.Records), row)
	t.late.end(t, l, end, day)
}

// link seals a row to the end of a chain. made gives the row, its JSON ending
// with prev_hash and an empty hash, for its place and the hash before it.
func (t *tx) link(l *ledger, day uint32, made func(place uint64, prev string) (any, error)) (place uint64, hash string, err error) {
	h, err := t.head(l)
	if err != nil {
		return 0, "", err
	}
	place = h.Records + 1
	row, err := made(place, h.Hash)
	if err != nil {
		return 0, "", err
	}
	body, err := json.Marshal(row)
	if err != nil {
		return 0, "", fmt.Errorf("%s %d: %w", l.what, place, err)
	}
	stored, hash, err := seal(h.Hash, body, l.personal)
	if err != nil {
		return 0, "", fmt.Errorf("%s %d: %w", l.what, place, err)
	}
	t.chained(l, day, head{place, hash}, stored)
	return place, hash, nil
}

// erase replaces members of a row by their digests (all personal ones if none
// is named) and says whether there was anything to erase.
func (t *tx) erase(l *ledger, place uint64, names map[string]bool) (bool, error) {
	key := be64(nil, place)
	s, err := openSeal(t.get(l.rows, key), nil)
	if err != nil {
		return false, fmt.Errorf("%w: %s %d: %w", ErrDamaged, l.what, place, err)
	}
	row, erased := s.erase(names)
	if erased {
		t.put(l.rows, key, row)
	}
	return erased, nil
}

// Verification is the result of walking a chain.
type Verification struct {
	Records int    `json:"records"` // rows that were looked at
	Erased  int    `json:"erased"`  // of them, with a member that was erased: its digest still fits
	Head    string `json:"head"`    // hash of the last
	OK      bool   `json:"ok"`
	BadID   string `json:"bad_id,omitempty"` // the first that does not fit
	BadAt   int    `json:"bad_at,omitempty"` // its place in the chain, from 1
	Problem string `json:"problem,omitempty"`
}

// verify walks a chain in one consistent view.
func (s *Store) verify(ctx context.Context, l *ledger) (v Verification, err error) {
	err = s.view("verify", func(t *tx) error {
		v = Verification{Head: firstHash}
		h, err := t.head(l)
		if err != nil {
			return err
		}
		room := make([]member, 0, 64)
		err = t.each(l.rows, nil, func(key, row []byte) (bool, error) {
			if v.Records%1000 == 0 && ctx.Err() != nil {
				return false, ctx.Err()
			}
			v.Records++
			v.check(t, l, key, row, room)
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

// check looks at the row that must be number v.Records of the chain.
func (v *Verification) check(t *tx, l *ledger, key, row []byte, room []member) {
	s, err := openSeal(row, room)
	id := s.id()
	switch {
	case len(key) != 8 || binary.BigEndian.Uint64(key) != uint64(v.Records):
		v.fail(id, "a "+l.what+" is missing before this one")
	case err != nil:
		v.fail(id, err.Error())
	case s.prev != v.Head:
		v.fail(id, "it does not follow the "+l.what+" before it")
	case s.sum() != s.text() || !s.whole():
		v.fail(id, "its content was changed")
	case l == &records && !slices.Equal(t.get(bRecordIDs, []byte(id)), key):
		v.fail(id, "the index of attempts does not know it at this place: it was added, or its attempt has two records")
	default:
		v.Head = s.text()
		if s.erased(l.personal) {
			v.Erased++
		}
	}
}

func (v *Verification) checkEnd(h head) {
	if h.Records > uint64(v.Records) {
		v.Records++
		v.fail("", fmt.Sprintf("the last ones are missing: %d were written", h.Records))
		v.Records--
	} else if h.Records < uint64(v.Records) || h.Hash != v.Head {
		v.fail("", fmt.Sprintf("the end does not fit the store's note of it: %d were written, the last with hash %.12s", h.Records, h.Hash))
	}
}

func (v *Verification) fail(id, problem string) {
	v.BadID, v.BadAt, v.Problem = id, v.Records, problem
}
