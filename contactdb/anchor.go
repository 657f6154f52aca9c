package contactdb

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"
)

// Heads is how far both chains had come at an instant: an anchor, once it is
// kept where whoever can write the store cannot. Chains that were cut off or
// made anew later do not go through it.
type Heads struct {
	At        time.Time `json:"at"`
	Store     string    `json:"store"`   // tells stores apart
	Records   uint64    `json:"records"` // call records
	Head      string    `json:"head"`    // hash of the last
	Entries   uint64    `json:"audit_entries"`
	AuditHead string    `json:"audit_head"`
}

// anchorVerb marks the entries of the audit trail that are anchors.
const anchorVerb = "record.anchor"

// anchorObject is what they are about, for the index.
const anchorObject = "anchor"

// Heads gives the heads as they are at now.
func (s *Store) Heads(now time.Time) (h Heads, err error) {
	err = s.view("heads", func(t *tx) error {
		h, err = t.heads(s, now)
		return err
	})
	return h, err
}

func (t *tx) heads(s *Store, now time.Time) (Heads, error) {
	r, err := t.head(&records)
	if err != nil {
		return Heads{}, err
	}
	a, err := t.head(&auditTrail)
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("store"))
	return Heads{now.UTC(), fmt.Sprintf("%x", mac.Sum(nil)[:6]), r.Records, r.Hash, a.Records, a.Hash}, err
}

// Anchor gives the heads to keep elsewhere, and notes in the audit trail that
// it did and where they went.
func (s *Store) Anchor(ctx context.Context, who, where string, now time.Time) (h Heads, err error) {
	err = s.write(ctx, "anchor", func(t *tx) error {
		if h, err = t.heads(s, now); err != nil {
			return err
		}
		return t.audit(&AuditEntry{At: now, Who: who, Verb: anchorVerb, Object: anchorObject, Detail: map[string]string{
			"store": h.Store, "records": strconv.FormatUint(h.Records, 10), "head": h.Head,
			"audit_entries": strconv.FormatUint(h.Entries, 10), "audit_head": h.AuditHead, "where": where,
		}})
	})
	return h, err
}

// Anchors gives the last anchors that were made, oldest first.
func (s *Store) Anchors(limit int) (last []Heads, err error) {
	for e, err := range s.AuditTrail(AuditFilter{Object: anchorObject, Verb: anchorVerb}) {
		if err != nil {
			return nil, err
		}
		h := Heads{At: e.At, Store: e.Detail["store"], Head: e.Detail["head"], AuditHead: e.Detail["audit_head"]}
		h.Records, _ = strconv.ParseUint(e.Detail["records"], 10, 64) // zero then: it proves nothing
		h.Entries, _ = strconv.ParseUint(e.Detail["audit_entries"], 10, 64)
		if last = append(last, h); len(last) > 2*limit+100 {
			last = append(last[:0], last[len(last)-limit:]...)
		}
	}
	return last[max(0, len(last)-limit):], nil
}

// CheckAnchor says what does not fit between an anchor and the chains; "" if
// they go through it. Only what the anchor names is looked at: Verify walks the
// rest.
func (s *Store) CheckAnchor(h Heads) (problem string, err error) {
	err = s.view("anchor", func(t *tx) error {
		have, err := t.heads(s, h.At)
		if err == nil && h.Store != have.Store {
			problem = fmt.Sprintf("it is of another store, %s; this one is %s", h.Store, have.Store)
			return nil
		}
		if err != nil {
			return err
		}
		problem = cmp.Or(t.through(&records, h.Records, h.Head, have.Records), t.through(&auditTrail, h.Entries, h.AuditHead, have.Entries))
		return nil
	})
	return problem, err
}

// through says how a chain of some length misses a place and its hash.
func (t *tx) through(l *ledger, place uint64, hash string, length uint64) string {
	if place == 0 {
		return ""
	}
	if place > length {
		return fmt.Sprintf("there were %d %ss then, now there are %d: the last ones were cut off", place, l.what, length)
	}
	s, err := openSeal(t.get(l.rows, be64(nil, place)), nil)
	if err != nil || s.text() != hash {
		return fmt.Sprintf("%s %d had the hash %.12s… then: it was changed, or the chain was made anew", l.what, place, hash)
	}
	return ""
}
