package contactdb

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
)

func (t *tx) suppressed(phone string) (*Suppression, error) {
	var entry Suppression
	found, err := t.load(bDNC, []byte(phone), &entry)
	if !found || err != nil {
		return nil, err
	}
	return &entry, nil
}

// suppress adds an entry and says whether it is new; an earlier one stays as
// the evidence of when the wish was first known.
func (t *tx) suppress(entry Suppression) bool {
	if t.get(bDNC, []byte(entry.Phone)) != nil {
		return false
	}
	entry.AddedAt = entry.AddedAt.UTC()
	t.save(bDNC, []byte(entry.Phone), entry)
	return true
}

// suppressStep is how many entries one transaction adds.
const suppressStep = 10_000

// Suppress adds do-not-call entries; when it returns, no lease gives these
// numbers. added counts the new ones; an entry that is there already is kept as
// it is. A large file goes in by parts: after an error the parts before it stay.
func (s *Store) Suppress(ctx context.Context, entries iter.Seq2[Suppression, error]) (added int, err error) {
	var part []Suppression
	flush := func() error {
		n, err := s.suppressPart(ctx, part)
		added, part = added+n, part[:0]
		return err
	}
	for entry, err := range entries {
		if err == nil && (entry.Phone == "" || len(entry.Phone) > 64) {
			err = fmt.Errorf("suppress %q: a phone number has 1 to 64 characters", entry.Phone)
		}
		if err != nil {
			return added, err
		}
		if part = append(part, entry); len(part) == suppressStep {
			if err := flush(); err != nil {
				return added, err
			}
		}
	}
	return added, flush()
}

// suppressPart adds entries in the order of their keys: neighbours share pages.
func (s *Store) suppressPart(ctx context.Context, part []Suppression) (added int, err error) {
	if len(part) == 0 {
		return 0, ctx.Err()
	}
	slices.SortStableFunc(part, func(a, b Suppression) int { return cmp.Compare(a.Phone, b.Phone) })
	err = s.write(ctx, "suppress", func(t *tx) error {
		added = 0
		for _, entry := range part {
			if t.suppress(entry) {
				added++
			}
		}
		return nil
	})
	if err != nil {
		added = 0
	}
	return added, err
}

// Unsuppress removes an entry; ErrNotFound. Campaigns that passed over the
// number's contacts consider them again.
func (s *Store) Unsuppress(phone string) error {
	return s.update("unsuppress", func(t *tx) error {
		if t.get(bDNC, []byte(phone)) == nil {
			return fmt.Errorf("do-not-call entry: %w", ErrNotFound)
		}
		t.delete(bDNC, []byte(phone))
		return t.visible(phone, func(seg uint32, id uint64) error {
			c, found, err := t.contact(seg, id)
			if err != nil || !found {
				return err
			}
			class := t.class(c.Zones)
			return t.replaced(place{seg, class, id}, class)
		})
	})
}

// Suppressed returns the entry that covers a number, nil if there is none.
func (s *Store) Suppressed(phone string) (entry *Suppression, err error) {
	err = s.view("suppressed", func(t *tx) (err error) {
		entry, err = t.suppressed(phone)
		return err
	})
	return entry, err
}

// Suppressions walks all entries by number.
func (s *Store) Suppressions() iter.Seq2[Suppression, error] {
	read := func(_ *tx, _, value []byte) (entry Suppression, keep bool, err error) {
		err = decode(bDNC, value, &entry)
		return entry, true, err
	}
	return pages[Suppression]{store: s, bucket: bDNC, read: read}.all()
}
