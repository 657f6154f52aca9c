package contactdb

import (
	"bytes"
	"maps"

	"github.com/tidwall/btree"
)

// A layer is rows that are in the journal and not yet in the file: what was
// put, and what was deleted. Layers lie over the file, the newest on top, and
// whoever reads sees through them. A layer that others may read is never changed: a
// transaction works on a copy, which shares with it whatever it leaves alone.
type layer struct {
	rows   *btree.BTreeG[layerRow]
	seqs   map[byte]uint64 // sequences of buckets that were counted up
	size   int             // bytes of what was put and deleted
	writes int
}

// layerRow is a row under its bucket's number and its key.
type layerRow struct {
	key   []byte
	value []byte
	gone  bool
}

func newLayer() *layer {
	less := func(a, b layerRow) bool { return bytes.Compare(a.key, b.key) < 0 }
	return &layer{rows: btree.NewBTreeGOptions(less, btree.Options{NoLocks: true, Degree: 16})}
}

func (l *layer) copy() *layer {
	return &layer{rows: l.rows.Copy(), seqs: l.seqs, size: l.size, writes: l.writes}
}

func (l *layer) empty() bool { return l.rows.Len() == 0 && len(l.seqs) == 0 }

func (l *layer) set(e layerRow) {
	l.rows.Set(e)
	l.writes++
	l.size += len(e.key) + len(e.value) + rowCost
}

// rowCost is what an layerRow takes beside its bytes.
const rowCost = 64

func (l *layer) count(bucket byte, seq uint64) {
	if l.seqs = maps.Clone(l.seqs); l.seqs == nil {
		l.seqs = map[byte]uint64{}
	}
	l.seqs[bucket] = seq
}

// numbers of buckets in the keys of layers: of this run, they are not kept.
var bucketNumbers = func() map[string]byte {
	all := map[string]byte{}
	for i, name := range buckets {
		all[string(name)] = byte(i)
	}
	return all
}()

func layerKey(room []byte, bucket byte, key []byte) []byte {
	return append(append(room[:0], bucket), key...)
}
