package contactdb

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// runs are the terms of an import on their way into the search index: gathered,
// then sorted and packed beside the next part, then written with it.
type runs struct {
	first  uint64 // contact of the terms
	terms  []term
	sealed []*run
}

// run is the terms of some contacts, packed.
type run struct {
	first, last uint64
	blocks      []termBlock
	done        chan struct{} // closed when blocks are there
}

// termBlock is some terms as the index has them.
type termBlock struct {
	first term
	bytes []byte
}

func (r *runs) add(key, id uint64) {
	if len(r.terms) == 0 {
		r.first = id
	}
	r.terms = append(r.terms, term{key, uint32(id - r.first)})
}

// cut seals what was gathered up to a contact if it is enough, or for the end.
func (r *runs) cut(last uint64, end bool) {
	n := int(last - r.first + 1)
	if len(r.terms) == 0 || n < runContacts && !end || n <= runLeast {
		return
	}
	sealed := &run{first: r.first, last: last, done: make(chan struct{})}
	r.sealed = append(r.sealed, sealed)
	terms := r.terms
	r.terms = make([]term, 0, len(terms)+len(terms)/16)
	go func() {
		defer close(sealed.done)
		sealed.blocks = packRun(terms)
	}()
}

// packRun sorts terms of a run, whose places only grow, and packs them.
func packRun(terms []term) (blocks []termBlock) {
	sortByKey(terms, func(e *term) uint64 { return e.key })
	for terms = slices.Compact(terms); len(terms) > 0; {
		packed, n := packTerms(terms)
		blocks = append(blocks, termBlock{terms[0], packed})
		terms = terms[n:]
	}
	return blocks
}

// ready are the runs that were sealed, packed.
func (r *runs) ready() []*run {
	for _, s := range r.sealed {
		<-s.done
	}
	return r.sealed
}

// written forgets the first n of them.
func (r *runs) written(n int) { r.sealed = slices.Clone(r.sealed[n:]) }

// close waits for those that are being packed.
func (r *runs) close() { r.ready() }

// putRun writes a run.
func (t *tx) putRun(seg uint32, r *run) {
	key := runKey(seg, r.first)
	t.put(bRuns, key, be64(nil, r.last))
	out := t.puts(bTerms)
	for _, b := range r.blocks {
		out.put(termKey(key, b.first), b.bytes)
	}
}

// indexTerms makes the contacts of a part that was written as a whole found by
// their terms.
func (im *importing) indexTerms(t *tx, p *part) error {
	var all []term
	from := uint32(0)
	for _, b := range p.batches {
		for _, e := range b.terms {
			if e.local += from; !im.gone.has(e.local) {
				all = append(all, e)
			}
		}
		from += uint32(len(b.contacts))
	}
	if p.n > runLeast {
		t.putRun(im.info.Segment, &run{first: im.info.First, last: im.info.Last, blocks: packRun(all)})
		return nil
	}
	for _, e := range all {
		t.put(bLoose, looseKey(e.key, im.info.Segment, im.info.First+uint64(e.local)), []byte{})
	}
	return nil
}

// endRuns writes the runs that are left, and takes those out of all runs who
// were taken out of the import.
func (im *importing) endRuns() error {
	im.runs.cut(im.info.Last, true)
	if last := im.runs.ready(); len(last) > 0 {
		err := im.write(func(t *tx, im *importing) error {
			for _, r := range last {
				t.putRun(im.info.Segment, r)
			}
			return nil
		})
		if err != nil {
			return err
		}
		im.runs.written(len(last))
	}
	return im.thinRuns()
}

// thinRuns packs the runs anew whose contacts were taken out in part.
func (im *importing) thinRuns() error {
	if im.gone.none() {
		return nil
	}
	all, err := im.s.runsOf(im.info.Segment)
	for i := 0; i < len(all) && err == nil; i++ {
		first := binary.BigEndian.Uint64(all[i][4:])
		if first < im.info.First {
			continue
		}
		from := uint32(first - im.info.First)
		err = im.write(func(t *tx, im *importing) error {
			return t.thin(all[i], func(local uint32) bool { return im.gone.has(from + local) })
		})
	}
	return err
}

// runsOf are the keys of a segment's runs.
func (s *Store) runsOf(seg uint32) (all [][]byte, err error) {
	err = s.view("imports", func(t *tx) error {
		return t.each(bRuns, be32(nil, seg), func(run, _ []byte) (bool, error) {
			if len(run) != 12 {
				return false, errKeys(bRuns)
			}
			all = append(all, bytes.Clone(run))
			return true, nil
		})
	})
	return all, err
}

// thin packs a run anew without the terms of those who are gone.
func (t *tx) thin(run []byte, gone func(local uint32) bool) error {
	var left []term
	had := 0
	err := t.each(bTerms, run, func(key, packed []byte) (bool, error) {
		if len(key) != len(run)+12 {
			return false, errKeys(bTerms)
		}
		_, err := unpackTerms(binary.BigEndian.Uint64(key[len(run):]), packed, func(e term) bool {
			if had++; !gone(e.local) {
				left = append(left, e)
			}
			return true
		})
		return true, err
	})
	if err != nil || len(left) == had {
		return err
	}
	t.clear(bTerms, run, 0)
	t.putTerms(run, left)
	if len(left) == 0 {
		t.delete(bRuns, run)
	}
	return nil
}

// loose makes the contacts found that were too few for a run.
func (im *importing) loose(t *tx) error {
	if len(im.runs.terms) == 0 {
		return nil
	}
	for id := im.runs.first; id <= im.info.Last; id++ {
		c, found, err := t.contact(im.info.Segment, id)
		if err != nil {
			return err
		}
		if found {
			t.indexTerms(&c, im.info.Segment)
		}
	}
	return nil
}
