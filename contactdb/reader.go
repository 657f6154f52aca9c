package contactdb

import "encoding/binary"

// reader takes what rows and batches of the journal are made of from bytes. After
// the first thing that is not there it is bad, and gives nothing more.
type reader struct {
	b   []byte // what is left
	bad bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if !r.skip(size) {
		return 0
	}
	return n
}

func (r *reader) signed() int64 {
	n, size := binary.Varint(r.b)
	if !r.skip(size) {
		return 0
	}
	return n
}

// skip moves on behind a number of some bytes, if it was there.
func (r *reader) skip(size int) bool {
	if r.bad = r.bad || size <= 0; !r.bad {
		r.b = r.b[size:]
	}
	return !r.bad
}

func (r *reader) byte() byte {
	if b := r.bytes(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

// bytes are the next n; they share what is read.
func (r *reader) bytes(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return nil
	}
	taken := r.b[:n]
	r.b = r.b[n:]
	return taken
}
