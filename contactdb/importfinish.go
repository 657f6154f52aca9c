package contactdb

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// passes go over what was kept back in the order of an index, and fill it.
var passes = [kinds]func(im *importing, t *tx, segments []uint32, part []entry) error{
	externals: (*importing).indexExternals,
	firsts:    (*importing).indexFirsts,
	others:    (*importing).indexOthers,
}

// finish makes what was staged seen.
func (im *importing) finish() error {
	if err := im.indexAll(); err != nil {
		return err
	}
	if err := im.endRuns(); err != nil {
		return err
	}
	return im.write(func(t *tx, im *importing) error {
		if err := im.loose(t); err != nil {
			return err
		}
		t.delete(bTrash, be32(nil, im.info.Segment))
		return im.complete(t, []uint32{im.info.Segment})
	})
}

// indexAll indexes what was staged, and finds out who is in the list already.
func (im *importing) indexAll() error {
	im.info.Suppressed = 0
	dense, err := im.most()
	if err != nil {
		return err
	}
	for kind, do := range passes {
		err := im.alike(im.kept[kind], func(part []entry) error {
			return im.write(func(t *tx, im *importing) error {
				row, err := im.list(t)
				if err != nil {
					return err
				}
				t.dense = dense
				if err := do(im, t, row.Segments, part); err != nil {
					return err
				}
				t.save(bImports, be64(nil, im.info.ID), im.info)
				return nil
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// most says whether the import brings more than there is, so that its indexes are
// filled in order nearly; else full pages would be split for a few entries each.
func (im *importing) most() (bool, error) {
	there := 0
	lists, err := im.s.Lists()
	for _, l := range lists {
		there += l.Contacts
	}
	return there < im.info.Imported, err
}

// alike cuts sorted entries into parts; those with the same key stay together.
func (im *importing) alike(kept *keeper, f func([]entry) error) error {
	var part []entry
	for e, err := range kept.sorted() {
		if err != nil {
			return fmt.Errorf("%s: %w", im.what(), err)
		}
		if n := len(part); n >= indexStep*int(im.pace.Load()) && part[n-1].key != e.key {
			if err := f(part); err != nil {
				return err
			}
			part = part[:0]
		}
		part = append(part, e)
	}
	if len(part) == 0 {
		return nil
	}
	return f(part)
}

func (im *importing) id(e entry) uint64 { return im.info.First + uint64(e.local) }

// own says whether a contact came with this import.
func (im *importing) own(seg uint32, id uint64) bool {
	return seg == im.info.Segment && id >= im.info.First && id <= im.info.Last
}

// indexExternals: an id that the list has makes an update; of two rows with one
// id the first counts. A contact is read only where its hash is another's too.
func (im *importing) indexExternals(t *tx, segments []uint32, part []entry) error {
	in := func(seg uint32, id uint64) bool { return slices.Contains(segments, seg) && !im.own(seg, id) }
	var kept []Contact // with the same hash
	for i, e := range part {
		shared := i > 0 && part[i-1].key == e.key || i+1 < len(part) && part[i+1].key == e.key
		if !shared || part[max(0, i-1)].key != e.key {
			kept = kept[:0]
		}
		if im.gone.has(e.local) {
			continue
		}
		if !shared && !t.hashKnown(e.key, segments) {
			t.put(bExternals, be64(be32(be64(nil, e.key), im.info.Segment), im.id(e)), []byte{})
			continue
		}
		c, found, err := t.contact(im.info.Segment, im.id(e))
		if err != nil || !found {
			return cmp.Or(err, fmt.Errorf("%w: contact %d that was written is not there", ErrDamaged, im.id(e)))
		}
		if slices.ContainsFunc(kept, func(k Contact) bool { return k.ExternalID == c.ExternalID }) {
			im.drop(t, c)
			im.info.Duplicates++
			continue
		}
		seg, id, err := t.external(in, c.ExternalID)
		if err != nil {
			return err
		}
		if id != 0 {
			if err := im.update(t, seg, id, c); err != nil {
				return err
			}
			continue
		}
		kept = append(kept, c)
		t.put(bExternals, externalKey(c.ExternalID, im.info.Segment, c.ID), []byte{})
	}
	return nil
}

// hashKnown says whether a list that has segments may have an external id.
func (t *tx) hashKnown(hash uint64, segments []uint32) bool {
	if len(segments) == 0 {
		return false
	}
	prefix := be64(nil, hash)
	key, _ := t.cursor(bExternals).Seek(prefix)
	return bytes.HasPrefix(key, prefix)
}

// indexFirsts: who has a number first that another has first is the same
// person, unless both have external ids.
func (im *importing) indexFirsts(t *tx, segments []uint32, part []entry) error {
	var kept []entry // with the same number
	for i, e := range part {
		if i > 0 && part[i-1].key != e.key {
			kept = kept[:0]
		}
		if im.gone.has(e.local) {
			continue
		}
		phone, err := im.phone(t, e)
		if err != nil {
			return err
		}
		seg, same, err := im.sameFirst(t, segments, phone, e.rich)
		if err != nil {
			return err
		}
		twice := slices.ContainsFunc(kept, func(k entry) bool { return !k.rich || !e.rich })
		switch {
		case same != 0 && e.rich:
			c, _, err := t.contact(im.info.Segment, im.id(e))
			if err == nil {
				err = im.update(t, seg, same, c)
			}
			if err != nil {
				return err
			}
			continue
		case same != 0 || twice:
			if err := im.duplicate(t, e); err != nil {
				return err
			}
			continue
		}
		kept = append(kept, e)
		t.put(bPhones, phoneKey(phone, im.info.Segment, im.id(e)), holdsFirst)
		if err := im.countSuppressed(t, phone); err != nil {
			return err
		}
	}
	return nil
}

func (im *importing) countSuppressed(t *tx, phone string) error {
	entry, err := t.suppressed(Target{Phone: phone}, im.info.At)
	if entry != nil {
		im.info.Suppressed++
	}
	return err
}

// phone is the number of an entry; its contact is read only where it must be.
func (im *importing) phone(t *tx, e entry) (string, error) {
	if phone := entryPhone(e.key); phone != "" {
		return phone, nil
	}
	c, found, err := t.contact(im.info.Segment, im.id(e))
	if err != nil || !found || int(e.place) >= len(c.AllNumbers()) {
		return "", cmp.Or(err, fmt.Errorf("%w: contact %d that was written is not there", ErrDamaged, im.id(e)))
	}
	return c.AllNumbers()[e.place].Phone, nil
}

// entryPhone turns phoneHash around; "" for what is not E.164.
func entryPhone(key uint64) string {
	if key>>63 != 0 {
		return ""
	}
	digits := strconv.FormatUint(key>>4, 10)
	return "+" + digits[:key&15]
}

// sameFirst finds a contact that the list had before, is not told apart by an
// external id, and has the number as its first.
func (im *importing) sameFirst(t *tx, segments []uint32, phone string, rich bool) (seg uint32, same uint64, err error) {
	if len(segments) == 0 {
		return 0, 0, nil
	}
	err = t.firsts(phone, func(s uint32, id uint64) (bool, error) {
		if im.own(s, id) || !slices.Contains(segments, s) {
			return true, nil
		}
		if rich {
			if o, _, err := t.contact(s, id); err != nil || o.ExternalID != "" {
				return err == nil, err
			}
		}
		seg, same = s, id
		return false, nil
	})
	return seg, same, err
}

// indexOthers makes those who are left found by their further numbers.
func (im *importing) indexOthers(t *tx, _ []uint32, part []entry) error {
	for _, e := range part {
		if im.gone.has(e.local) {
			continue
		}
		phone, err := im.phone(t, e)
		if err != nil {
			return err
		}
		t.put(bPhones, phoneKey(phone, im.info.Segment, im.id(e)), numberPlace(int(e.place)))
	}
	return nil
}

func (im *importing) duplicate(t *tx, e entry) error {
	c, found, err := t.contact(im.info.Segment, im.id(e))
	if err != nil || !found {
		return err
	}
	im.drop(t, c)
	im.info.Duplicates++
	return nil
}

// drop takes a contact that was written out again.
func (im *importing) drop(t *tx, c Contact) {
	class := t.class(&c)
	t.unindexKeys(&c, im.info.Segment) // its terms are not written yet, or go with thinRuns
	t.delete(bContacts, contactKey(im.info.Segment, c.ID))
	t.delete(bFresh, freshKey(im.info.Segment, class, c.ID))
	im.row.count(class, c.clocks(), -1)
	im.info.Imported--
	im.gone.add(uint32(c.ID - im.info.First))
}

// update gives a contact of the list what a row says of the same person; what it
// was before is kept for UndoImport. A row that says nothing new is a duplicate.
func (im *importing) update(t *tx, seg uint32, id uint64, c Contact) error {
	old, found, err := t.contact(seg, id)
	if err != nil || !found {
		return err
	}
	im.drop(t, c)
	next := old.with(c)
	if next.equal(old) {
		im.info.Duplicates++
		return nil
	}
	before, after := t.encodeContact(&old), t.encodeContact(&next)
	im.info.Updated++
	t.put(bImportBefore, beforeKey(im.info.ID, seg, id), append(be64(nil, rowHash(after)), before...))
	row, err := im.list(t)
	if err != nil {
		return err
	}
	if err := t.replaceContact(&row, next); err != nil {
		return err
	}
	t.save(bLists, []byte(row.Name), row)
	return nil
}

// equal compares what is said of a person.
func (c Contact) equal(o Contact) bool { return reflect.DeepEqual(c, o) }

// with is a contact with what a later row says of the same person: what is
// empty there stays.
func (c Contact) with(later Contact) Contact {
	for _, f := range []struct {
		to   *string
		from string
	}{
		{&c.ExternalID, later.ExternalID}, {&c.Client, later.Client}, {&c.Name, later.Name}, {&c.FirstName, later.FirstName}, {&c.LastName, later.LastName},
		{&c.Email, later.Email}, {&c.City, later.City}, {&c.Zone, later.Zone}, {&c.Language, later.Language}, {&c.Notes, later.Notes},
		{&c.Phone, later.Phone}, {&c.NumberType, later.NumberType}, {&c.Region, later.Region},
	} {
		if f.from != "" {
			*f.to = f.from
		}
	}
	c.Numbers, c.Zones = later.Numbers, later.Zones
	if later.Zone == "" { // where the person lives it does not say
		c.GatherZones(c.Zones)
	}
	if later.Tags != nil {
		c.Tags = later.Tags
	}
	if later.Consent != nil {
		c.Consent = later.Consent
	}
	if len(later.Fields) > 0 {
		fields := maps.Clone(c.Fields)
		if fields == nil {
			fields = map[string]string{}
		}
		maps.Copy(fields, later.Fields)
		c.Fields = fields
	}
	return c
}

// gone is a set of contacts, by their place in the import. What a transaction
// adds counts once it is committed.
type gone struct {
	words []uint64
	added []uint32 // by the transaction
}

func (g *gone) has(n uint32) bool {
	return int(n/64) < len(g.words) && g.words[n/64]&(1<<(n%64)) != 0
}

func (g *gone) add(n uint32) {
	for int(n/64) >= len(g.words) {
		g.words = append(g.words, 0)
	}
	if !g.has(n) {
		g.added = append(g.added, n)
	}
	g.words[n/64] |= 1 << (n % 64)
}

// undo takes out what a transaction has added that runs again.
func (g *gone) undo() {
	for _, n := range g.added {
		g.words[n/64] &^= 1 << (n % 64)
	}
	g.added = g.added[:0]
}

func (g *gone) keep() { g.added = g.added[:0] }

func (g *gone) none() bool { return len(g.words) == 0 }
