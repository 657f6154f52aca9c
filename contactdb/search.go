package contactdb

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// The search index. Each word of a contact's name and each value of its fields
// is a term of 64 bits: a word as its first twelve letters, five bits each, so
// that words with a common beginning lie together; a value as a hash. An import
// sorts the terms of its contacts, a hundred thousand at a time, and packs them
// into blocks: some five bytes a term. What is added or changed one by one has
// an entry of its own. Who is changed or erased leaves the index, with what was
// said of them. The index only proposes: each contact that is found is read and
// compared.

// runContacts is how many contacts' terms are sorted together; a smaller import
// than runLeast has entries like single contacts.
const (
	runContacts = 100_000
	runLeast    = 500
	blockBytes  = 1300 // three blocks with their keys fill a page of 4 KB
	// longestValue is how long a value may be to be found by, in bytes as written.
	longestValue = 100
)

// term is one term of a contact, by its place in the run.
type term struct {
	key   uint64
	local uint32
}

const (
	letterBits  = 5
	termLetters = 12
	valueTerm   = 1 << 63
)

// wordTerm packs a word; end is past the last word that begins so.
func wordTerm(word string) (key, end uint64) {
	n := 0
	for _, r := range word {
		if n == termLetters {
			break
		}
		code := uint64(28) // letters of other alphabets
		switch {
		case r >= 'a' && r <= 'z':
			code = uint64(r-'a') + 1
		case r >= '0' && r <= '9':
			code = 27
		}
		key = key<<letterBits | code
		n++
	}
	left := letterBits * (termLetters - n)
	return key << left, (key + 1) << left
}

func valueKey[T string | []byte](folded T) uint64 {
	return fnv1a(folded)>>28 | valueTerm // 36 bits: of a hundred thousand, few are alike
}

// terms calls f for each term of a contact; one may come twice.
func (c *Contact) terms(f func(uint64)) {
	var room [longestValue]byte
	b := room[:0]
	for _, name := range []string{c.Name, c.FirstName, c.LastName} {
		b = appendFold(b[:0], name)
		for word := range strings.FieldsSeq(string(b)) {
			key, _ := wordTerm(word)
			f(key)
		}
		if len(c.Name) == len(c.FirstName)+1+len(c.LastName) && c.Name == c.FirstName+" "+c.LastName { // the others say no more
			break
		}
	}
	value := func(v string) {
		if len(v) > longestValue || v == "" {
			return
		}
		if b = appendFold(b[:0], v); len(b) > 0 {
			f(valueKey(b))
		}
	}
	for _, v := range []string{c.Email, c.City, c.ExternalID, c.Client} {
		value(v)
	}
	for _, v := range c.Tags {
		value(v)
	}
	for _, v := range c.Fields {
		value(v)
	}
}

// termSet is a contact's terms, each once.
func (c *Contact) termSet() map[uint64]bool {
	set := map[uint64]bool{}
	c.terms(func(key uint64) { set[key] = true })
	return set
}

func looseKey(key uint64, seg uint32, id uint64) []byte { return be64(be32(be64(nil, key), seg), id) }

// indexTerms makes one contact found by its terms.
func (t *tx) indexTerms(c *Contact, seg uint32) {
	c.terms(func(key uint64) { t.put(bLoose, looseKey(key, seg, c.ID), []byte{}) })
}

// unindexTerms takes a contact's terms but some out of the index, from the run
// that it was imported with too: a name says something of its person by itself.
func (t *tx) unindexTerms(c *Contact, seg uint32, but map[uint64]bool) {
	t.unindexLoose(c, seg, but)
	run, first := t.runOf(seg, c.ID)
	if run == nil {
		return
	}
	c.terms(func(key uint64) {
		if !but[key] {
			t.takeTerm(run, term{key, uint32(c.ID - first)})
		}
	})
}

// unindexLoose takes out a contact's entries of its own.
func (t *tx) unindexLoose(c *Contact, seg uint32, but map[uint64]bool) {
	c.terms(func(key uint64) {
		if k := looseKey(key, seg, c.ID); !but[key] && t.get(bLoose, k) != nil {
			t.delete(bLoose, k)
		}
	})
}

// runOf is the run that a contact was imported with, nil if it has none.
func (t *tx) runOf(seg uint32, id uint64) (run []byte, first uint64) {
	c := t.cursor(bRuns)
	at, _ := c.Seek(runKey(seg, id+1))
	key, last := c.Prev()
	if at == nil {
		key, last = c.Last()
	}
	if len(key) != 12 || len(last) != 8 || binary.BigEndian.Uint32(key) != seg || binary.BigEndian.Uint64(last) < id {
		return nil, 0
	}
	return bytes.Clone(key), binary.BigEndian.Uint64(key[4:])
}

// takeTerm packs the block that has a term anew without it.
func (t *tx) takeTerm(run []byte, gone term) {
	c := t.cursor(bTerms)
	want := termKey(run, gone)
	key, block := c.Seek(want)
	if !bytes.Equal(key, want) { // it begins before the term
		last := key == nil
		if key, block = c.Prev(); last {
			key, block = c.Last()
		}
	}
	if !bytes.HasPrefix(key, run) || len(key) != len(run)+12 {
		return
	}
	var left []term
	found := false
	_, err := unpackTerms(binary.BigEndian.Uint64(key[len(run):]), block, func(e term) bool {
		if e == gone {
			found = true
		} else {
			left = append(left, e)
		}
		return true
	})
	if err != nil {
		t.err = err
	}
	if err != nil || !found {
		return
	}
	t.delete(bTerms, bytes.Clone(key))
	t.putTerms(run, left)
}

func runKey(seg uint32, first uint64) []byte { return be64(be32(nil, seg), first) }

func termKey(run []byte, e term) []byte { return be32(be64(bytes.Clone(run), e.key), e.local) }

// putTerms writes sorted terms of a run in blocks.
func (t *tx) putTerms(run []byte, terms []term) {
	for len(terms) > 0 {
		packed, n := packTerms(terms)
		t.put(bTerms, termKey(run, terms[0]), packed)
		terms = terms[n:]
	}
}

// packTerms packs sorted terms into a block: each as what its key is more than
// the last one's, then its contact, or of the same key how much more.
func packTerms(terms []term) (block []byte, n int) {
	key, local := terms[0].key, uint32(0)
	for ; n < len(terms) && len(block) < blockBytes; n++ {
		next := terms[n]
		if next.key != key {
			local = 0
		}
		block = binary.AppendUvarint(block, next.key-key)
		block = binary.AppendUvarint(block, uint64(next.local-local))
		key, local = next.key, next.local
	}
	return block, n
}

// unpackTerms calls f for the terms of a block until it returns false.
func unpackTerms(key uint64, block []byte, f func(term) bool) (more bool, err error) {
	local := uint32(0)
	for len(block) > 0 {
		delta, n := binary.Uvarint(block)
		if n <= 0 {
			return false, errKeys(bTerms)
		}
		add, m := binary.Uvarint(block[n:])
		if m <= 0 {
			return false, errKeys(bTerms)
		}
		block = block[n+m:]
		if delta > 0 {
			local = 0
		}
		key, local = key+delta, local+uint32(add)
		if !f(term{key, local}) {
			return false, nil
		}
	}
	return true, nil
}

// inRun calls f for the places of a run whose terms lie between two, until it
// returns false.
func (t *tx) inRun(run []byte, from, end uint64, f func(local uint32) bool) error {
	c := t.cursor(bTerms)
	begin := be64(bytes.Clone(run), from)
	at, _ := c.Seek(begin)
	k, v := c.Prev() // the block before may reach into the range
	if at == nil {
		k, v = c.Last()
	}
	if !bytes.HasPrefix(k, run) {
		k, v = c.Seek(begin)
	}
	for ; k != nil && bytes.HasPrefix(k, run) && len(k) == len(run)+12; k, v = c.Next() {
		first := binary.BigEndian.Uint64(k[len(run):])
		if first >= end {
			return nil
		}
		more, err := unpackTerms(first, v, func(e term) bool {
			return e.key < end && (e.key < from || f(e.local))
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}
