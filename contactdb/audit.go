package contactdb

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"time"
)

// AuditEntry says who did, saw or took what. Entries are a chain like call
// records: none can be changed, dropped or moved unseen. The number, and what
// was before and after, are erased with the person whom they concern.
type AuditEntry struct {
	Seq      uint64            `json:"seq"` // place in the trail, from 1
	At       time.Time         `json:"at"`
	Who      string            `json:"who"`    // an account, "local:UID" for a user of this machine, "apel" for the service itself
	Verb     string            `json:"verb"`   // NOUN.VERB, as the command: "contact.edit", "record.export"
	Object   string            `json:"object"` // what it was about: "list/spring", "campaign/spring", "record/a000000000012"; empty for a person
	Phone    string            `json:"phone"`  // the person it was about, E.164; personal
	Detail   map[string]string `json:"detail"` // what was asked and what came of it; personal
	Before   map[string]string `json:"before"` // of a change: what changed, as it was; personal
	After    map[string]string `json:"after"`  // and as it is; personal
	PrevHash string            `json:"prev_hash"`
	Hash     string            `json:"hash"`
}

// AuditFilter chooses audit entries; zero fields do not filter.
type AuditFilter struct {
	Who, Verb, Object, Phone string
	From, To                 time.Time // From <= At < To
	NoLookups                bool      // leave out who looked at a list or the trail: *.ls
}

func (f AuditFilter) match(e AuditEntry) bool {
	return (f.Who == "" || f.Who == e.Who) && (f.Verb == "" || f.Verb == e.Verb) &&
		!(f.NoLookups && strings.HasSuffix(e.Verb, ".ls")) && (f.Object == "" || f.Object == e.Object) && (f.Phone == "" || f.Phone == e.Phone) &&
		(f.From.IsZero() || !e.At.Before(f.From)) && (f.To.IsZero() || e.At.Before(f.To))
}

// Kinds of keys in the index of the trail.
const (
	byPhone  = "p"
	byObject = "o"
	byWho    = "w"
)

func auditKey(kind, value string, place uint64) []byte {
	return be64(append([]byte(kind+value), 0), place)
}

// Audit adds an entry to the trail; it is durable when Audit returns. Seq and
// the hashes are the store's.
func (s *Store) Audit(ctx context.Context, e AuditEntry) (AuditEntry, error) {
	err := s.write(ctx, "audit", func(t *tx) error { return t.audit(&e) })
	return e, err
}

func (t *tx) audit(e *AuditEntry) error {
	for _, word := range []string{e.Who, e.Verb, e.Object, e.Phone} {
		if len(word) > 1000 || bytes.IndexByte([]byte(word), 0) >= 0 {
			return fmt.Errorf("audit %s: a name has at most 1000 characters and no zero", e.Verb)
		}
	}
	e.At = e.At.UTC()
	if hidden, err := t.forgotten(e.Phone); err != nil {
		return err
	} else if hidden != "" {
		e.Phone = hidden
	}
	place, hash, err := t.link(&auditTrail, dayOf(e.At), func(place uint64, prev string) (any, error) {
		e.Seq, e.PrevHash, e.Hash = place, prev, ""
		return e, nil
	})
	if err != nil {
		return err
	}
	e.Hash = hash
	for _, k := range [][2]string{{byPhone, e.Phone}, {byObject, e.Object}, {byWho, e.Who}} {
		if k[1] != "" && !(k[0] == byPhone && strings.HasPrefix(k[1], erasedText)) {
			t.put(bAuditIndex, auditKey(k[0], k[1], place), []byte{})
		}
	}
	return nil
}

// AuditTrail walks audit entries, oldest first. A number, an object and a
// person are looked up in an index. The walk does not hold the store.
func (s *Store) AuditTrail(f AuditFilter) iter.Seq2[AuditEntry, error] {
	return func(yield func(AuditEntry, error) bool) {
		var days span
		err := s.view("audit trail", func(t *tx) (err error) {
			days, err = t.days(bAuditDays, f.From, f.To)
			return err
		})
		if err != nil {
			yield(AuditEntry{}, err)
			return
		}
		for e, err := range s.trailIn(f, days) {
			if !yield(e, err) {
				return
			}
		}
	}
}

// trailIn walks the entries of a span that the filter lets through.
func (s *Store) trailIn(f AuditFilter, days span) iter.Seq2[AuditEntry, error] {
	kind, value := "", ""
	switch {
	case f.Phone != "":
		kind, value = byPhone, f.Phone
	case f.Object != "":
		kind, value = byObject, f.Object
	case f.Who != "":
		kind, value = byWho, f.Who
	}
	if kind == "" {
		var says []byte // what an entry of the verb has in it: not each is worth reading
		if f.Verb != "" {
			says = fmt.Appendf(nil, "%q", f.Verb)
		}
		return pages[AuditEntry]{
			store: s, bucket: bAudit, from: be64(nil, days.first), until: be64(nil, days.last),
			read: func(_ *tx, _, row []byte) (e AuditEntry, keep bool, err error) {
				if !bytes.Contains(row, says) {
					return e, false, nil
				}
				err = decode(bAudit, row, &e)
				return e, f.match(e), err
			},
		}.all()
	}
	from := auditKey(kind, value, days.first)
	return pages[AuditEntry]{
		store: s, bucket: bAuditIndex, prefix: from[:len(from)-8], from: from, until: auditKey(kind, value, days.last),
		read: func(t *tx, key, _ []byte) (e AuditEntry, keep bool, err error) {
			found, err := t.load(bAudit, key[len(key)-8:], &e)
			if err == nil && !found {
				err = fmt.Errorf("%w: the index of the audit trail names an entry that is not there", ErrDamaged)
			}
			return e, f.match(e), err
		},
	}.all()
}

// VerifyAudit walks the whole audit trail as Verify does the call records.
func (s *Store) VerifyAudit(ctx context.Context) (Verification, error) {
	return s.verify(ctx, &auditTrail)
}

// eraseAudit takes a number, and what was said of its person, out of the trail.
func (t *tx) eraseAudit(phone string) (entries int, err error) {
	from := auditKey(byPhone, phone, 0)
	var keys [][]byte
	err = t.each(bAuditIndex, from[:len(from)-8], func(key, _ []byte) (bool, error) {
		keys = append(keys, bytes.Clone(key))
		return true, nil
	})
	if err != nil {
		return 0, err
	}
	for _, key := range keys {
		erased, err := t.erase(&auditTrail, binary.BigEndian.Uint64(key[len(key)-8:]), nil)
		if err != nil {
			return entries, err
		}
		if erased {
			entries++
		}
		t.delete(bAuditIndex, key)
	}
	return entries, nil
}
