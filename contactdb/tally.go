package contactdb

import (
	"encoding/binary"
	"encoding/json"
	"time"
)

const day = 24 * time.Hour

// dayOf counts UTC calendar days since 1970.
func dayOf(at time.Time) uint32 {
	return uint32(max(0, at.Unix()) / int64(day/time.Second))
}

func tallyKey(campaign string, d uint32) []byte { return be32(text(nil, campaign), d) }

func opTallyKey(operator, campaign string, d uint32) []byte {
	return be32(text(text(nil, operator), campaign), d)
}

// Add counts one record. A live answer is a call that a person answered: human
// or abandoned. An interrupted call that was answered and never bridged is
// counted as both live answer and abandoned, because nobody knows better.
func (y *Tally) Add(r *Record) {
	if y.Outcomes == nil {
		y.Outcomes = map[string]int{}
	}
	lost := r.Lost()
	y.Attempts++
	y.Outcomes[r.Outcome]++
	if lost || r.Outcome == Abandoned {
		y.Abandoned++
	}
	if lost || r.Outcome == Abandoned || r.Outcome == Human {
		y.LiveAnswers++
	}
	if !r.BridgedAt.IsZero() {
		y.Bridged++
	}
	y.TalkMS += r.TalkMS
	y.WrapMS += r.WrapMS
}

// Lost says that a call was answered and cut off before anybody was there for it:
// to the law it was abandoned.
func (r *Record) Lost() bool {
	return r.Outcome == Interrupted && !r.AnsweredAt.IsZero() && r.BridgedAt.IsZero()
}

// Merge adds another tally.
func (y *Tally) Merge(o Tally) {
	if y.Outcomes == nil {
		y.Outcomes = map[string]int{}
	}
	for name, n := range o.Outcomes {
		y.Outcomes[name] += n
	}
	y.Attempts += o.Attempts
	y.LiveAnswers += o.LiveAnswers
	y.Abandoned += o.Abandoned
	y.Bridged += o.Bridged
	y.TalkMS += o.TalkMS
	y.WrapMS += o.WrapMS
}

// tally counts a record on the day on which it ended.
func (t *tx) tally(r *Record) error {
	d := dayOf(r.EndedAt)
	if err := t.count(bTallies, tallyKey(r.Campaign, d), r); err != nil || r.Operator == "" {
		return err
	}
	return t.count(bOpTallies, opTallyKey(r.Operator, r.Campaign, d), r)
}

func (t *tx) count(bucket, key []byte, r *Record) error {
	y, err := t.late.tally(t, bucket, key)
	if err == nil {
		y.Add(r)
	}
	return err
}

// Tally sums the tallies of a campaign over days from <= day < to, days being
// calendar days in UTC; zero times do not limit.
func (s *Store) Tally(campaign string, from, to time.Time) (Tally, error) {
	return s.sum(bTallies, text(nil, campaign), from, to)
}

// OperatorTally is Tally for one operator, or all campaigns if campaign is "".
func (s *Store) OperatorTally(operator, campaign string, from, to time.Time) (Tally, error) {
	prefix := text(nil, operator)
	if campaign != "" {
		prefix = text(prefix, campaign)
	}
	return s.sum(bOpTallies, prefix, from, to)
}

func (s *Store) sum(bucket, prefix []byte, from, to time.Time) (Tally, error) {
	sum := Tally{Outcomes: map[string]int{}}
	err := s.view("tally", func(t *tx) error {
		return t.each(bucket, prefix, func(key, value []byte) (bool, error) {
			if !within(key[len(key)-4:], from, to) {
				return true, nil
			}
			var y Tally
			err := json.Unmarshal(value, &y)
			sum.Merge(y)
			return true, err
		})
	})
	return sum, err
}

// within says whether a key's day is in from <= day < to.
func within(key []byte, from, to time.Time) bool {
	start := time.Unix(int64(binary.BigEndian.Uint32(key))*int64(day/time.Second), 0)
	return (from.IsZero() || !start.Before(from.UTC().Truncate(day))) && (to.IsZero() || start.Before(to))
}
