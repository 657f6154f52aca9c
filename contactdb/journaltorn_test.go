package contactdb

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// tornFile is a file of a journal on a disk that may lose any sector of what was
// not synced.
type tornFile struct {
	seen, durable []byte
	before        func() // a sync
}

func (f *tornFile) WriteAt(b []byte, at int64) (int, error) {
	if more := int(at) + len(b) - len(f.seen); more > 0 {
		f.seen = append(f.seen, make([]byte, more)...)
	}
	return copy(f.seen[at:], b), nil
}

func (f *tornFile) Sync() error {
	if f.before != nil {
		f.before()
	}
	f.durable = bytes.Clone(f.seen)
	return nil
}

func (f *tornFile) Close() error { return nil }

// after gives what a power cut leaves: of each sector what was written, or what was
// durable.
func (f *tornFile) after(r *rand.Rand) []byte {
	const sector = 512
	b := bytes.Clone(f.seen)
	for at := 0; at < len(b); at += sector {
		if r.IntN(2) == 0 {
			end := min(at+sector, len(b))
			clear(b[at:end])
			if at < len(f.durable) {
				copy(b[at:end], f.durable[at:])
			}
		}
	}
	return b
}

// tornJournal writes batches into a journal, whose files are folded and written
// again, and looks at what a power cut or a spoilt byte would leave.
type tornJournal struct {
	*testing.T
	r     *rand.Rand
	files [2]*tornFile
	said  journalSaid
	acked uint64
}

func (j *tornJournal) read(path string, files [2][]byte) (last uint64, err error) {
	for n, b := range files {
		if err := os.WriteFile(journalPath(path, n), b, 0o600); err != nil {
			j.Fatal(err)
		}
	}
	last = j.said.folded
	_, err = readJournal(path, j.said, func(b keptBatch) error { last = b.number; return nil })
	return last, err
}

func TestAPowerCutIsToldFromASpoiltBatchInAJournalThatIsWrittenAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	path := filepath.Join(t.TempDir(), "x.db")
	for run := range 5 {
		j := tornJournal{T: t, r: r, said: journalSaid{id: bytes.Repeat([]byte{7}, identity), named: true}}
		log := &journal{path: path, id: j.said.id, next: 1, named: true}
		for n := range j.files {
			j.files[n] = &tornFile{}
			log.files[n], log.at[n] = j.files[n], int64(journalHead)
			_, _ = j.files[n].WriteAt(append([]byte(journalMark), j.said.id...), 0)
			_ = j.files[n].Sync()
			j.files[n].before = func() {
				if last, err := j.read(path, [2][]byte{j.files[0].after(r), j.files[1].after(r)}); err != nil || last < j.acked {
					t.Fatalf("run %d: a power cut at batch %d: read up to %d of %d, %v", run, log.next, last, j.acked, err)
				}
			}
		}
		frozen := uint64(0)
		for range 40 {
			b := newJournalBatch(nil)
			b.put(bMeta, fmt.Appendf(nil, "k%d", log.next), bytes.Repeat([]byte{byte(log.next)}, 1+r.IntN([]int{20, 2000, 6000}[r.IntN(3)])))
			if err := log.append(b); err != nil {
				t.Fatal(err)
			}
			j.acked = log.next - 1
			j.spoil(path, log)
			switch {
			case frozen > 0 && r.IntN(3) == 0:
				j.said.folded, frozen = frozen, 0
			case frozen == 0 && r.IntN(4) == 0:
				frozen = log.next - 1
				log.other()
			}
		}
	}
}

// spoil flips a byte among the batches that are not in the store's file yet: nothing
// of what was acknowledged may be missed without a word.
func (j *tornJournal) spoil(path string, log *journal) {
	j.Helper()
	for n := range j.files {
		files := [2][]byte{j.files[0].seen, j.files[1].seen}
		all, _, err := func() ([]keptBatch, journalKind, error) {
			if err := os.WriteFile(journalPath(path, n), files[n], 0o600); err != nil {
				return nil, journalNone, err
			}
			return readJournalFile(journalPath(path, n), j.said.id)
		}()
		if err != nil {
			j.Fatal(err)
		}
		at := journalHead
		for _, b := range all {
			begin := at
			if at = int(b.end); b.spoilt || b.number <= j.said.folded {
				continue
			}
			files[n] = bytes.Clone(j.files[n].seen)
			place := begin + j.r.IntN(at-begin)
			files[n][place] ^= 1 << j.r.IntN(8)
			if last, err := j.read(path, files); err == nil && last < j.acked || err != nil && !errors.Is(err, ErrDamaged) {
				j.Fatalf("batch %d of file %d spoilt at %d: read up to %d of %d, %v", b.number, n, place, last, j.acked, err)
			}
		}
	}
}

// A disk that loses the whole of an acknowledged write leaves what was there before:
// an older batch, as whole. One that came after it, in its very place, tells.
func TestABatchThatALostOneLeavesAGapBeforeIsMissed(t *testing.T) {
	id := bytes.Repeat([]byte{7}, identity)
	batch := func(number uint64) []byte {
		b := newJournalBatch(nil)
		b.put(bMeta, []byte("k"), []byte("value"))
		return b.close(number, seedOf(id))
	}
	path := filepath.Join(t.TempDir(), "x.db")
	files := [2][]byte{append([]byte(journalMark), id...), append([]byte(journalMark), id...)}
	for _, n := range []uint64{1, 6} { // batch 5 was written over 1, and the disk has lost it
		files[0] = append(files[0], batch(n)...)
	}
	for n := range files {
		if err := os.WriteFile(journalPath(path, n), files[n], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var read []uint64
	_, err := readJournal(path, journalSaid{id: id, named: true, folded: 4}, func(b keptBatch) error { read = append(read, b.number); return nil })
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("read %v, %v", read, err)
	}
}
