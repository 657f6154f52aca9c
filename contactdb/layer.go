package contactdb

import (
	"bytes"
	"encoding/binary"
	"maps"

	"github.com/tidwall/btree"
)

// A layer is rows that are in the journal and not yet in the file: what was
// put, and what was deleted. Layers lie over the file, the newest on top, and
// whoever reads sees through them. A layer that others may read is never changed: a
// transaction works on a copy, which shares with it whatever it leaves alone.
type layer struct {
	rows   *btree.BTreeG[layerRow]
	has    bucketSet       // buckets of which there are rows
	seqs   map[byte]uint64 // sequences of buckets that were counted up
	size   int             // bytes of what was put and deleted
	writes int
	slab   *slab // of the committer, as of all copies
}

// layerRow is a row in one piece: the length of its key (2 bytes), 1 if it is
// deleted (1), the key, which begins with the number of its bucket, and the value.
// Layers copy and compare rows all the time: this is less than half of two slices.
type layerRow []byte

const layerRowHead = 3

func appendRow(b []byte, bucket byte, key, value []byte, gone bool) layerRow {
	b = binary.BigEndian.AppendUint16(b, uint16(1+len(key)))
	if gone {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return append(append(append(b, bucket), key...), value...)
}

// layerKey is a row to look for, made in a room.
func layerKey(room []byte, bucket byte, key []byte) layerRow {
	return appendRow(room[:0], bucket, key, nil, false)
}

func (r layerRow) end() int             { return layerRowHead + int(binary.BigEndian.Uint16(r)) }
func (r layerRow) full() []byte         { return r[layerRowHead:r.end()] } // bucket and key
func (r layerRow) bucket() byte         { return r[layerRowHead] }
func (r layerRow) key() []byte          { n := r.end(); return r[layerRowHead+1 : n : n] }
func (r layerRow) value() []byte        { return r[r.end():len(r):len(r)] }
func (r layerRow) gone() bool           { return r[2] == 1 }
func (r layerRow) size() int            { return len(r) + rowCost }
func (r layerRow) less(s layerRow) bool { return bytes.Compare(r.full(), s.full()) < 0 }

// rowCost is what a row takes beside its bytes.
const rowCost = 64

func newLayer() *layer {
	return &layer{rows: btree.NewBTreeGOptions(layerRow.less, btree.Options{NoLocks: true, Degree: 16}), slab: &slab{}}
}

func (l *layer) copy() *layer {
	return &layer{rows: l.rows.Copy(), has: l.has, seqs: l.seqs, size: l.size, writes: l.writes, slab: l.slab}
}

func (l *layer) empty() bool { return l.rows.Len() == 0 && len(l.seqs) == 0 }

func (l *layer) put(bucket byte, key, value []byte) { l.set(l.slab.row(bucket, key, value, false)) }
func (l *layer) delete(bucket byte, key []byte)     { l.set(l.slab.row(bucket, key, nil, true)) }

func (l *layer) set(r layerRow) {
	l.rows.Set(r)
	l.has.add(r.bucket())
	l.writes++
	l.size += r.size()
}

// get gives the value under a key, nil if it is known to be deleted.
func (l *layer) get(key layerRow) (value []byte, known bool) {
	r, known := l.rows.Get(key)
	if !known || r.gone() {
		return nil, known
	}
	return r.value(), true
}

func (l *layer) count(bucket byte, seq uint64) {
	if l.seqs = maps.Clone(l.seqs); l.seqs == nil {
		l.seqs = map[byte]uint64{}
	}
	l.seqs[bucket] = seq
}

// bucketSet is a set of numbers of buckets: most layers have nothing of most buckets,
// and nobody need look for it.
type bucketSet [4]uint64

func (s *bucketSet) add(bucket byte)      { s[bucket/64] |= 1 << (bucket % 64) }
func (s *bucketSet) has(bucket byte) bool { return s[bucket/64]&(1<<(bucket%64)) != 0 }

// slab is memory for many rows: one piece, into which the collector of garbage need
// not look. It is only ever added to.
type slab struct{ b []byte }

const (
	slabLeast = 4 << 10
	slabMost  = 256 << 10
)

func (s *slab) row(bucket byte, key, value []byte, gone bool) layerRow {
	n := layerRowHead + 1 + len(key) + len(value)
	if n > slabMost/8 {
		return appendRow(make([]byte, 0, n), bucket, key, value, gone)
	}
	if cap(s.b)-len(s.b) < n {
		s.b = make([]byte, 0, max(n, min(max(2*cap(s.b), slabLeast), slabMost)))
	}
	at := len(s.b)
	s.b = appendRow(s.b, bucket, key, value, gone)
	return layerRow(s.b[at:len(s.b):len(s.b)])
}

// numbers of buckets in the keys of layers: of this run, they are not kept.
var bucketNumbers = func() map[string]byte {
	all := map[string]byte{}
	for i, name := range buckets {
		all[string(name)] = byte(i)
	}
	return all
}()
