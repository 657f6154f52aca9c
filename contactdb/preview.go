package contactdb

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"time"
)

// PreviewImport counts what Import would do with the rows, and does nothing. It
// knows of the list what is there now.
func (s *Store) PreviewImport(ctx context.Context, list string, now time.Time, rows iter.Seq2[Contact, error]) (ImportResult, error) {
	p := &preview{now: now.UTC(), list: list, numbers: map[uint64]bool{}, externals: map[uint64]bool{}, res: ImportResult{List: list}}
	var part []Contact
	look := func() error {
		err := s.view("preview import", func(t *tx) error { return p.look(t, part) })
		part = part[:0]
		if err == nil {
			err = ctx.Err()
		}
		return err
	}
	for c, err := range rows {
		if err == nil {
			c, err = tidyContact(c)
		}
		if err != nil {
			return p.res, fmt.Errorf("row %d: %w", p.res.Rows+len(part)+1, err)
		}
		if part = append(part, c); len(part) == page {
			if err := look(); err != nil {
				return p.res, err
			}
		}
	}
	return p.res, look()
}

// preview remembers by hash what the file has brought.
type preview struct {
	now       time.Time
	list      string
	numbers   map[uint64]bool // first numbers; true if one of those who have it has no external id
	externals map[uint64]bool
	res       ImportResult
}

func (p *preview) look(t *tx, part []Contact) error {
	row := listRow{Name: p.list}
	if _, err := t.load(bLists, []byte(p.list), &row); err != nil {
		return err
	}
	for _, c := range part {
		if err := p.one(t, row, c); err != nil {
			return err
		}
	}
	return nil
}

func (p *preview) one(t *tx, row listRow, c Contact) error {
	p.res.Rows++
	in := func(seg uint32, _ uint64) bool { return slices.Contains(row.Segments, seg) }
	number, key := phoneHash(c.Phone), uint64(0)
	if c.ExternalID != "" {
		key = binary.BigEndian.Uint64(externalHash(c.ExternalID))
		if p.externals[key] {
			p.res.Duplicates++
			return nil
		}
		p.externals[key] = true
		seg, id, err := t.external(in, c.ExternalID)
		if err != nil {
			return err
		}
		if id != 0 {
			return p.update(t, seg, id, c)
		}
	}
	im := importing{} // of which nothing is in the list
	seg, id, err := im.sameFirst(t, row.Segments, c.Phone, c.ExternalID != "")
	if err != nil {
		return err
	}
	bare, known := p.numbers[number]
	switch {
	case id != 0 && c.ExternalID != "":
		return p.update(t, seg, id, c)
	case id != 0, known && (bare || c.ExternalID == ""):
		p.res.Duplicates++
		return nil
	}
	p.numbers[number] = bare || c.ExternalID == ""
	p.res.Imported++
	entry, err := t.suppressed(Target{Phone: c.Phone}, p.now)
	if entry != nil {
		p.res.Suppressed++
	}
	return err
}

func (p *preview) update(t *tx, seg uint32, id uint64, c Contact) error {
	old, _, err := t.contact(seg, id)
	if err != nil {
		return err
	}
	if old.with(c).equal(old) {
		p.res.Duplicates++
	} else {
		p.res.Updated++
	}
	return nil
}
