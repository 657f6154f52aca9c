package contactdb

import (
	"encoding/binary"
	"fmt"
	"time"
)

// state is a campaign's row for one contact. A contact that was never tried
// and is not waiting has none.
type state struct {
	Progress
	Due   int64  `json:"due,omitempty"`   // its time in the due index, in ns since 1970; 0: not there
	Ruled bool   `json:"ruled,omitempty"` // Due is what a rule said (Later), not what an attempt led to
	Live  string `json:"live,omitempty"`  // its live attempt

	PromiseDue int64 `json:"promise_due,omitempty"` // when its promise is due, in ns since 1970; 0: it has none, or is in a call
}

// taken says that the walk over fresh contacts has no business with it: it
// waits for its next try, is in a live attempt, or final. What waits because
// of a rule is not taken: when rules have changed, the walk asks again.
func (s *state) taken() bool {
	return s.Due != 0 && !s.Ruled || s.Live != "" || s.Final != "" || s.Promise != nil
}

// place is where a contact is found in the indexes.
type place struct {
	seg, class uint32
	id         uint64
}

// reviveTime in the due index means: at once.
const reviveTime = 1

func dueKey(camp uint32, p place, due int64) []byte {
	return be64(be64(be32(be32(be32(nil, camp), p.seg), p.class), uint64(due)), p.id)
}

func (t *tx) state(camp uint32, contact uint64) (st state, found bool, err error) {
	row := t.get(bProgress, progressKey(camp, contact))
	if row == nil {
		return st, false, nil
	}
	st, err = readState(row)
	return st, true, err
}

// setDue moves a contact to a time in the due index (0: out of it), because of
// a rule or not, and writes its row, or removes it when there is nothing to say.
func (t *tx) setDue(camp uint32, p place, st *state, due int64, ruled bool) {
	if st.Due != 0 {
		t.delete(bDue, dueKey(camp, p, st.Due))
	}
	st.Due, st.Ruled = due, ruled && due != 0
	if due != 0 {
		t.put(bDue, dueKey(camp, p, due), []byte{})
	}
	key := progressKey(camp, p.id)
	if st.Attempts == 0 && st.Due == 0 && st.Promise == nil {
		t.delete(bProgress, key)
		return
	}
	row, err := st.bytes()
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("%s: %w", bProgress, err)
	}
	t.put(bProgress, key, row)
}

// dueTime is a time as the due index keeps it; at least reviveTime.
func dueTime(at time.Time) int64 {
	if at.Before(time.Unix(0, reviveTime)) {
		return reviveTime
	}
	return at.UnixNano()
}

// reset makes a campaign's walk begin anew.
func (t *tx) reset(camp uint32) { t.clear(bCursors, be32(nil, camp), 0) }

// Rejudge makes the next leases of a campaign consider again every contact
// that rules passed over with Never: call it when rules have changed. (A new
// version of the campaign and a removed do-not-call entry do so by themselves.)
func (s *Store) Rejudge(campaign string) error {
	return s.update("rejudge", func(t *tx) error {
		camp, err := t.campaign(campaign)
		if err == nil {
			t.reset(camp.ID)
		}
		return err
	})
}

// Attempts on a number are kept as times in ns, 8 bytes each, oldest first.
const (
	triesKept = 64
	triesFor  = 30 * 24 * time.Hour
)

// recentTries are the attempts on a number in the last 30 days.
func recentTries(row []byte, now time.Time) []time.Time {
	var all []time.Time
	for ; len(row) >= 8; row = row[8:] {
		at := time.Unix(0, int64(binary.BigEndian.Uint64(row))).UTC()
		if now.Sub(at) <= triesFor {
			all = append(all, at)
		}
	}
	return all
}

// addTry remembers an attempt on a number.
func (t *tx) addTry(phone string, now time.Time) {
	var row []byte
	tries := append(recentTries(t.get(bTries, []byte(phone)), now), now)
	for _, at := range tries[max(0, len(tries)-triesKept):] {
		row = be64(row, uint64(at.UnixNano()))
	}
	t.put(bTries, []byte(phone), row)
}
