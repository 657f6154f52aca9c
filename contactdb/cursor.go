package contactdb

import (
	"bytes"
	"slices"

	"github.com/tidwall/btree"
	"go.etcd.io/bbolt"
)

// cursor walks the rows of a bucket in the order of their keys, through the
// layers. As one of bbolt it must not be used across writes to its bucket.
type cursor struct {
	sources []source // the newest first
	room    [1]source
	back    bool   // the way in which the sources lie ahead
	at      []byte // where it stands; nil: nowhere
}

// Seek moves to the first key from one on; nil if there is none.
func (c *cursor) Seek(key []byte) (k, v []byte) {
	return c.turn(false, key)
}

// First moves to the first key.
func (c *cursor) First() (k, v []byte) { return c.turn(false, nil) }

// Last moves to the last key.
func (c *cursor) Last() (k, v []byte) { return c.turn(true, nil) }

// Next moves to the key behind; nil at the end.
func (c *cursor) Next() (k, v []byte) {
	switch {
	case c.at == nil:
		return nil, nil
	case c.back:
		return c.turn(false, append(slices.Clip(c.at), 0))
	}
	return c.move()
}

// Prev moves to the key before; nil at the beginning.
func (c *cursor) Prev() (k, v []byte) {
	switch {
	case c.at == nil:
		return nil, nil
	case !c.back:
		return c.turn(true, c.at)
	}
	return c.move()
}

// turn looks at the sources anew: from a key on, or back from before it.
func (c *cursor) turn(back bool, key []byte) (k, v []byte) {
	c.back = back
	for i := range c.sources {
		s := &c.sources[i]
		if back {
			s.head = s.before(key)
		} else {
			s.head = s.from(key)
		}
	}
	return c.move()
}

// move gives the nearest row that lies ahead and was not deleted. Of one that
// several sources have, the newest counts.
func (c *cursor) move() (k, v []byte) {
	for {
		var next *rowAhead
		for i := range c.sources {
			h := &c.sources[i].head
			if h.key != nil && (next == nil || (bytes.Compare(h.key, next.key) < 0) != c.back && !bytes.Equal(h.key, next.key)) {
				next = h
			}
		}
		if next == nil {
			c.at = nil
			return nil, nil
		}
		e := *next
		for i := range c.sources {
			if s := &c.sources[i]; bytes.Equal(s.head.key, e.key) {
				s.head = s.step(c.back)
			}
		}
		if !e.gone {
			c.at = e.key
			return e.key, e.value
		}
	}
}

// source is one layer's, or the file's, rows of a bucket. What it gives has no
// key past the end.
type source struct {
	file   *bbolt.Cursor // nil: a layer's
	layer  *layer
	rows   btree.IterG[layerRow]
	writes int // of the layer, when rows came to where it is
	bucket byte
	head   rowAhead // what lies ahead
}

// rowAhead is a row as a source gives it.
type rowAhead struct {
	key, value []byte
	gone       bool
}

// from is the first row from a key on.
func (s *source) from(key []byte) rowAhead {
	if s.file != nil {
		return ofFile(s.file.Seek(key))
	}
	s.writes = s.layer.writes
	return s.ofLayer(s.rows.Seek(layerKey(nil, s.bucket, key)))
}

// before is the last row before a key; nil: the last of all.
func (s *source) before(key []byte) rowAhead {
	if s.file != nil {
		if key != nil {
			if k, _ := s.file.Seek(key); k != nil {
				return ofFile(s.file.Prev())
			}
		}
		return ofFile(s.file.Last())
	}
	s.writes = s.layer.writes
	end := layerKey(nil, s.bucket+1, nil)
	if key != nil {
		end = layerKey(nil, s.bucket, key)
	}
	if s.rows.Seek(end) {
		return s.ofLayer(s.rows.Prev())
	}
	return s.ofLayer(s.rows.Last())
}

// step is the row behind the head. All buckets of a layer are one tree: a write to
// any of them may have moved what rows stands on, which is then looked for anew.
func (s *source) step(back bool) rowAhead {
	switch {
	case s.file != nil && back:
		return ofFile(s.file.Prev())
	case s.file != nil:
		return ofFile(s.file.Next())
	case s.writes != s.layer.writes && back:
		return s.before(s.head.key)
	case s.writes != s.layer.writes:
		return s.from(append(slices.Clip(s.head.key), 0))
	case back:
		return s.ofLayer(s.rows.Prev())
	}
	return s.ofLayer(s.rows.Next())
}

func ofFile(key, value []byte) rowAhead { return rowAhead{key: key, value: value} }

func (s *source) ofLayer(found bool) rowAhead {
	if !found {
		return rowAhead{}
	}
	r := s.rows.Item()
	if r.bucket() != s.bucket {
		return rowAhead{}
	}
	return rowAhead{key: r.key(), value: r.value(), gone: r.gone()}
}
