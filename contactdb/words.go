package contactdb

import (
	"encoding/binary"
	"maps"
	"slices"
	"sync/atomic"
)

// Words are texts that many rows share: names of lists, zones and free fields,
// types of number. A row names a word by its number. Words are only added, so
// that what was read once may be kept; those that a transaction has added are
// not known to be there before it is committed.
type words struct {
	text atomic.Pointer[[]string]          // by number; "" where it was not read yet
	ids  atomic.Pointer[map[string]uint64] // of committed words
}

// mostWords bounds what is kept in memory; further texts stand in the row
// itself.
const mostWords = 4096

// word gives the number of a text, a new one if need be; 0 if there are too
// many words.
func (t *tx) word(text string) uint64 {
	if ids := t.words.ids.Load(); ids != nil {
		if id, ok := (*ids)[text]; ok {
			return id
		}
	}
	if id, ok := t.ownWords[text]; ok {
		return id
	}
	key := append([]byte{'='}, text...)
	id := uint64(0)
	if value := t.get(bWords, key); len(value) == 8 {
		id = binary.BigEndian.Uint64(value)
	} else if n := t.sequence(bWords) + 1; n < mostWords && len(text) < 256 {
		id = t.next(bWords)
		t.put(bWords, key, be64(nil, id))
		t.put(bWords, be64([]byte{'#'}, id), []byte(text))
	}
	if t.ownWords == nil {
		t.ownWords = map[string]uint64{}
	}
	t.ownWords[text] = id
	return id
}

// value gives no number to a value of a single contact: who shares it with how
// many others only an import can tell.
func (t *tx) value(string) uint64 { return 0 }

// wordText is the text of a word.
func (t *tx) wordText(id uint64) (string, bool) {
	if all := t.words.text.Load(); all != nil && id < uint64(len(*all)) && (*all)[id] != "" {
		return (*all)[id], true
	}
	if text, ok := t.ownTexts[id]; ok {
		return text, true
	}
	value := t.get(bWords, be64([]byte{'#'}, id))
	if value == nil {
		return "", false
	}
	text := string(value)
	if !t.writes() {
		t.words.learn(id, text)
		return text, true
	}
	if t.ownTexts == nil { // it may be the transaction's own, and not be there later
		t.ownTexts = map[uint64]string{}
	}
	t.ownTexts[id] = text
	return text, true
}

// learn keeps a committed word. Of two at once one may be lost, and is learned
// again.
func (w *words) learn(id uint64, text string) {
	if id >= mostWords {
		return
	}
	var all []string
	if old := w.text.Load(); old != nil {
		all = slices.Clone(*old)
	}
	for uint64(len(all)) <= id {
		all = append(all, "")
	}
	all[id] = text
	w.text.Store(&all)
	ids := map[string]uint64{}
	if old := w.ids.Load(); old != nil {
		ids = maps.Clone(*old)
	}
	ids[text] = id
	w.ids.Store(&ids)
}
