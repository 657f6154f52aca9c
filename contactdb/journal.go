package contactdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// What is done in small steps is written to a journal first: one write and one
// fdatasync serve everything that waits, and then it is acknowledged. What it
// says lies as layers over the file until it is folded in, in large steps, in
// the order of its keys. The journal is two files, written by turns from their
// beginnings: while one is folded into the store, the other is written.
//
// A journal's file begins with what it is and the identity of the store's file.
// Then come batches: number (8 bytes), length (4), CRC-32C of what follows (4),
// CRC-32C of these sixteen bytes (4), and operations. Numbers count up over both
// files: what lies behind the last batch is older, or torn, and does not follow.
// The sums go on from that of the identity: no other store's batch is ever ours.
//
// Behind the last batch, once it is durable, comes an empty one, which the next is
// written over: what is spoilt before it was acknowledged, and is missed. Nobody
// waits for it to be on the disk: a power cut within seconds may take it away.
//
// There it ends. A disk that loses the whole of the last acknowledged writes, and with
// them the empty batch, leaves older ones in their place, as a power cut before them
// does: nothing here misses them, nor a last batch that is spoilt once its empty one
// is gone. An anchor of the chains that was taken later and is kept elsewhere does.
//
// As long as something may be in the journal alone, the store's file says that it
// has one (kJournaled): then both files must be there, and be its own.
const (
	journalMark = "apel-journal-2\r\n"
	journalOld  = "apel-journal-1\r\n" // sums began at nothing, and the store's file did not tell
	identity    = 16                   // bytes
	journalHead = len(journalMark) + identity
	batchHead   = 20
)

// operations of a batch.
const (
	opPut = iota + 1
	opDelete
	opCount
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// journalBatch is what one transaction writes, with room for its head.
type journalBatch struct{ b []byte }

func newJournalBatch(room []byte) *journalBatch {
	return &journalBatch{append(room[:0], make([]byte, batchHead)...)}
}

func (b *journalBatch) empty() bool { return len(b.b) == batchHead }

func (b *journalBatch) op(op byte, bucket, key []byte) {
	b.b = append(b.b, op, byte(len(bucket)))
	b.b = append(b.b, bucket...)
	b.b = append(binary.AppendUvarint(b.b, uint64(len(key))), key...)
}

func (b *journalBatch) put(bucket, key, value []byte) {
	b.op(opPut, bucket, key)
	b.b = append(binary.AppendUvarint(b.b, uint64(len(value))), value...)
}

func (b *journalBatch) delete(bucket, key []byte) { b.op(opDelete, bucket, key) }

func (b *journalBatch) count(bucket []byte, n uint64) {
	b.op(opCount, bucket, nil)
	b.b = binary.AppendUvarint(b.b, n)
}

// close writes the head and gives the batch as it is kept.
func (b *journalBatch) close(number uint64, seed uint32) []byte {
	putBatchHead(b.b, number, b.b[batchHead:], seed)
	return b.b
}

func putBatchHead(head []byte, number uint64, body []byte, seed uint32) {
	binary.BigEndian.PutUint64(head, number)
	binary.BigEndian.PutUint32(head[8:], uint32(len(body)))
	binary.BigEndian.PutUint32(head[12:], crc32.Update(seed, castagnoli, body))
	binary.BigEndian.PutUint32(head[16:], crc32.Update(seed, castagnoli, head[:16]))
}

// journal is the two files as they are written. Only the committer uses it.
type journal struct {
	path  string // of the store
	id    []byte
	files [2]journalFile // nil: not made, or not open
	at    [2]int64       // where the next batch goes
	size  [2]int64       // how far they have been written
	turn  int            // the one that is written
	next  uint64         // number of the next batch
	named bool           // the store's file says that it has this journal
	old   bool           // a file is of the former kind: it is not gone on with
	mark  [batchHead]byte

	create func(name string) (journalFile, error) // opens a file, or makes it
}

func seedOf(id []byte) uint32 { return crc32.Checksum(id, castagnoli) }

type journalFile interface {
	io.WriterAt
	Sync() error
	Close() error
}

func createJournalFile(name string) (journalFile, error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	return diskFile{f}, err
}

var journalEnds = [2]string{".journal-a", ".journal-b"}

func journalPath(path string, n int) string { return path + journalEnds[n] }

// append makes a batch durable. An error leaves the journal as it was.
func (j *journal) append(b *journalBatch) error {
	kept := b.close(j.next, seedOf(j.id))
	f, end := j.files[j.turn], j.at[j.turn]+int64(len(kept))
	if err := j.grow(f, end); err != nil {
		return err
	}
	if _, err := f.WriteAt(kept, j.at[j.turn]); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return syncError{err}
	}
	j.at[j.turn] = end
	j.next++
	j.acknowledge()
	return nil
}

// acknowledge writes the empty batch behind the last one, which is durable. Without
// it nothing is lost but that a spoilt last batch is known.
func (j *journal) acknowledge() {
	putBatchHead(j.mark[:], j.next, nil, seedOf(j.id))
	_, _ = j.files[j.turn].WriteAt(j.mark[:], j.at[j.turn])
}

// A file that is written where it was written before has nothing to tell the
// file system, and is durable four times as fast as one that becomes longer: so
// it becomes longer in steps, the larger the more it holds.
const (
	growLeast = 64 << 10
	growMost  = 1 << 20
)

// grow makes room for a batch that ends at a place, and for some more.
func (j *journal) grow(f journalFile, end int64) error {
	size := j.size[j.turn]
	if end <= size {
		return nil
	}
	more := make([]byte, min(max(size, growLeast), growMost))
	if _, err := f.WriteAt(more, end); err != nil {
		return err
	}
	j.size[j.turn] = end + int64(len(more))
	return nil
}

// syncError: nobody knows what the disk holds, not even if the disk is full: where
// blocks are only given when they are written back, a sync says so.
type syncError struct{ error }

func (e syncError) Unwrap() error { return e.error }

// make makes the files that are not there. What lies in their place is in the
// store's file: it is gone. After an error it may be tried again.
func (j *journal) make() error {
	for n := range j.files {
		if j.files[n] != nil {
			continue
		}
		name := journalPath(j.path, n)
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		f, err := j.create(name)
		if err != nil {
			return err
		}
		if _, err = f.WriteAt(append([]byte(journalMark), j.id...), 0); err == nil {
			err = f.Sync()
		}
		if err != nil {
			return errors.Join(err, f.Close())
		}
		j.files[n], j.at[n], j.size[n] = f, int64(journalHead), 0
	}
	return syncDir(filepath.Dir(j.path))
}

// other turns to the other file, whose batches are in the store's file.
func (j *journal) other() {
	j.turn = 1 - j.turn
	j.at[j.turn] = int64(journalHead)
}

// clear begins anew, without the files, whose batches are in the store's file: they
// keep what they held until it is written over.
func (j *journal) clear() error {
	err := j.close(true)
	j.files, j.at, j.size, j.named, j.old = [2]journalFile{}, [2]int64{}, [2]int64{}, false, false
	return errors.Join(err, syncDir(filepath.Dir(j.path)))
}

// remove takes away files that a kill has left when all of them was in the store's
// file: it may have been an erasure that was killed.
func (j *journal) remove() error {
	for n := range j.files {
		if _, err := os.Lstat(journalPath(j.path, n)); err == nil {
			return j.clear()
		}
	}
	return nil
}

// close ends the journal; folded says that all of it is in the store's file, so
// that it can go.
func (j *journal) close(folded bool) (err error) {
	for n, f := range j.files {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
		if folded {
			if e := os.Remove(journalPath(j.path, n)); !errors.Is(e, os.ErrNotExist) {
				err = errors.Join(err, e)
			}
		}
	}
	return err
}

// journalSaid is what a store's file says of its journal.
type journalSaid struct {
	id       []byte // which it must bear
	folded   uint64 // up to which batch it is in the file
	named    bool   // it must be there
	replaced []byte // identities of what stood in the file's place before, one behind the other
}

// readJournal reads the journal of a file. Batches up to one are in the file; those
// behind are given to f in their order. ErrDamaged if one is missing or spoilt that
// was acknowledged, if the whole is, or if it is another store's. Nothing is written
// before resume.
func readJournal(path string, said journalSaid, f func(b keptBatch) error) (*journal, error) {
	j := &journal{path: path, id: said.id, next: said.folded + 1, named: said.named, create: createJournalFile}
	var parts [2][]keptBatch
	for n := range j.files {
		part, kind, err := readJournalFile(journalPath(path, n), said.id)
		if err != nil {
			return nil, err
		}
		if err := said.check(journalPath(path, n), kind); err != nil {
			return nil, err
		}
		for len(part) > 0 && part[0].number <= said.folded {
			part = part[1:]
		}
		if len(part) > 0 && kind == journalOurs && !said.named {
			return nil, &journalError{journalPath(path, n), "goes on from a later state of the store than this file is; if a backup was copied over it, move the journal away, or put the store's own file back"}
		}
		parts[n], j.old = part, j.old || len(part) > 0 && kind == journalFormer
		if said.named {
			j.at[n] = int64(journalHead)
		}
	}
	first := 0
	if len(parts[0]) == 0 || len(parts[1]) > 0 && parts[1][0].number < parts[0][0].number {
		first = 1
	}
	for _, n := range []int{first, 1 - first} {
		for _, b := range parts[n] {
			if b.file = n; b.number != j.next || b.spoilt {
				return nil, &journalError{journalPath(path, n), fmt.Sprintf("is spoilt or not whole: its part %d was acknowledged and is not there; if the store's file was put there by hand, take away the journal, else restore a backup", j.next)}
			}
			if err := f(b); err != nil {
				return nil, err
			}
			j.next++
			j.turn, j.at[n] = n, b.end
		}
	}
	return j, nil
}

// check says whether a file of a kind may lie where the journal's is.
func (said journalSaid) check(name string, kind journalKind) error {
	switch {
	case kind == journalForeign:
		return &journalError{name, "is the journal of another store, or none; if that store is kept somewhere, put it beside it, else move it away"}
	case said.named && kind == journalNone:
		return &journalError{name, "is missing or spoilt, and with it what was done last; put it back, or restore a backup, or save what is there with apel db salvage"}
	}
	return nil
}

// journalError says what is wrong with a file of the journal: ErrDamaged.
type journalError struct{ name, wrong string }

func (e *journalError) Error() string {
	return fmt.Sprintf("%v: its journal %s %s", ErrDamaged, e.name, e.wrong)
}
func (e *journalError) Unwrap() error { return ErrDamaged }

// resume goes on in the files, if they are in use. What was read of the one that
// was written last need not be on the disk: its writer may have been killed before
// the sync, or the sync have failed. So it is written again.
func (j *journal) resume() error {
	for n := range j.files {
		if j.at[n] == 0 || j.old {
			continue
		}
		name := journalPath(j.path, n)
		f, err := j.create(name)
		if err != nil {
			return err
		}
		j.files[n] = f // closed with the journal
		if n != j.turn {
			continue
		}
		kept, err := os.ReadFile(name)
		if err == nil {
			_, err = f.WriteAt(kept[:j.at[n]], 0)
		}
		if err == nil {
			err = f.Sync()
		}
		if err == nil {
			err = syncDir(filepath.Dir(name))
		}
		if err == nil && j.at[n] > int64(journalHead) {
			j.acknowledge()
		}
		if err != nil {
			return errors.Join(err, j.close(false))
		}
	}
	return nil
}

type keptBatch struct {
	file   int // in which it is
	number uint64
	ops    []byte
	end    int64
	spoilt bool // it is only known that it was there, and with it all before it
}

// journalKind is what lies where a file of the journal may be.
type journalKind int

const (
	journalNone    journalKind = iota // nothing, or what a kill left when it was made
	journalOurs                       // with batches, or without
	journalFormer                     // ours, of the kind before
	journalForeign                    // something else
)

// journalIdentity is the identity that a file of a journal bears; nil if it is none.
func journalIdentity(name string) []byte {
	f, err := os.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, journalHead)
	if _, err := io.ReadFull(f, head); err != nil {
		return nil
	}
	if mark := string(head[:len(journalMark)]); mark != journalMark && mark != journalOld {
		return nil
	}
	return head[len(journalMark):]
}

// readJournalFile reads the batches of one file that follow each other.
func readJournalFile(name string, id []byte) (all []keptBatch, kind journalKind, err error) {
	b, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, journalNone, nil
	}
	if err != nil {
		return nil, journalNone, err
	}
	head := b[:min(len(b), journalHead)]
	seed := seedOf(id)
	switch {
	case string(head) == journalMark+string(id):
		kind = journalOurs
	case string(head) == journalOld+string(id):
		kind, seed = journalFormer, 0
	case len(bytes.Trim(head, "\x00")) == 0 || strings.HasPrefix(journalMark+string(id), string(head)):
		return nil, journalNone, nil
	default:
		return nil, journalForeign, nil
	}
	for at := journalHead; ; {
		kept, ok := readBatch(b[at:], seed)
		if !ok || len(kept.ops) == 0 || len(all) > 0 && kept.number != all[len(all)-1].number+1 {
			later := laterBatch(b[at:], seed, all)
			if ok && len(kept.ops) > 0 && len(all) > 0 && kept.number > all[len(all)-1].number { // whole, and what came before it is not there
				later = kept.number
			}
			if later != 0 {
				all = append(all, keptBatch{number: later, spoilt: true})
			}
			return all, kind, nil
		}
		at += batchHead + len(kept.ops)
		kept.end = int64(at)
		all = append(all, kept)
	}
}

// readBatch reads a batch that is whole.
func readBatch(b []byte, seed uint32) (kept keptBatch, ok bool) {
	number, length, sum, ok := readBatchHead(b, seed)
	if !ok || length > len(b)-batchHead {
		return kept, false
	}
	ops := b[batchHead : batchHead+length]
	return keptBatch{number: number, ops: ops}, crc32.Update(seed, castagnoli, ops) == sum
}

// laterBatch looks behind the last batch of a file for one that came after it: then
// what lies between was acknowledged, and is spoilt. Else the first of what lies there
// is torn, or none, and the others are older. It gives the number of one that was
// acknowledged; 0 if there is none. An empty batch speaks of the one before it: it may
// be left of an earlier use of the file, and its number be that of a batch elsewhere.
func laterBatch(b []byte, seed uint32, all []keptBatch) uint64 {
	next := uint64(1)
	if len(all) > 0 {
		next = all[len(all)-1].number + 1
	}
	for at := 1; at <= len(b)-batchHead; at++ {
		if number := binary.BigEndian.Uint64(b[at:]); number < next || number >= 1<<48 { // cheap: few bytes are past this
			continue
		}
		number, length, _, ok := readBatchHead(b[at:], seed)
		if length == 0 {
			number--
		}
		if ok && number >= next {
			return number
		}
	}
	return 0
}

func readBatchHead(b []byte, seed uint32) (number uint64, length int, sum uint32, ok bool) {
	if len(b) < batchHead || crc32.Update(seed, castagnoli, b[:16]) != binary.BigEndian.Uint32(b[16:]) {
		return 0, 0, 0, false
	}
	return binary.BigEndian.Uint64(b), int(binary.BigEndian.Uint32(b[8:])), binary.BigEndian.Uint32(b[12:]), true
}

var errBatch = fmt.Errorf("%w: its journal cannot be read; restore a backup", ErrDamaged)

// replay does what a batch says to a layer.
func (l *layer) replay(ops []byte) error {
	for len(ops) > 0 {
		r := reader{b: ops[1:]}
		op, name := ops[0], r.bytes(uint64(r.byte()))
		bucket, known := bucketNumbers[string(name)]
		key := r.bytes(r.number())
		switch {
		case r.bad || !known:
			return errBatch
		case op == opPut:
			l.put(bucket, key, r.bytes(r.number()))
		case op == opDelete:
			l.delete(bucket, key)
		case op == opCount:
			l.count(bucket, r.number())
		default:
			return errBatch
		}
		if r.bad {
			return errBatch
		}
		ops = r.b
	}
	return nil
}
