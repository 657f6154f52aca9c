package dialer

import (
	"encoding/json"
	"fmt"
	"time"

	"apel/dialer/floor"

	"go.uber.org/zap"
)

// What operators have waited is kept by campaign and day, in UTC as the
// tallies: a restart loses a minute of it at most.

// dayWaits are the waits of a campaign's operators on a day.
type dayWaits map[string]floor.Waits

func waitKey(campaign string, day time.Time) string {
	return "waiting/" + day.UTC().Format(time.DateOnly) + "/" + campaign
}

// keepWaits writes down what was waited since the last time, if that was a
// while ago, a day has ended, or the floor has.
func (l *loop) keepWaits(now time.Time, over bool) {
	if !over && now.Sub(l.waitsAt) < time.Minute && now.UTC().Day() == l.waitsAt.UTC().Day() {
		return
	}
	l.keepLearned(now)
	day := l.waitsAt
	l.waitsAt = now
	l.waits.add(l.floor.TakeWaits())
	if l.waits.total() < time.Millisecond {
		return
	}
	sum, err := l.s.waitsOf(l.name, day)
	if err == nil {
		sum.add(l.waits)
		var kept []byte
		if kept, err = json.Marshal(sum); err == nil {
			err = l.s.store.Remember(waitKey(l.name, day), kept)
		}
	}
	if err != nil { // added to the next
		l.log.Warn("operators' waiting time was not kept", zap.Error(err))
		return
	}
	clear(l.waits)
	for name, w := range sum { // what is not a whole millisecond was not kept
		l.waits[name] = w.Minus(w.Whole())
	}
}

// waitsOf reads a day of a campaign's.
func (s *Service) waitsOf(campaign string, day time.Time) (dayWaits, error) {
	sum := dayWaits{}
	kept, err := s.store.Recall(waitKey(campaign, day))
	if err != nil || kept == nil {
		return sum, err
	}
	if err := json.Unmarshal(kept, &sum); err != nil {
		return dayWaits{}, fmt.Errorf("waiting time of campaign %q on %s: %w", campaign, day.UTC().Format(time.DateOnly), err)
	}
	return sum, nil
}

// Waited is what each operator has waited for a campaign, by cause, on the days
// from from to to, in UTC; zero: since the campaign's first version, until now.
func (s *Service) Waited(campaign string, from, to time.Time) (map[string]floor.Waits, error) {
	first, err := s.store.CampaignVersion(campaign, 1)
	if err != nil {
		return nil, err
	}
	from = laterOf(from, first.AppliedAt)
	if soon := time.Now().Add(time.Minute); to.IsZero() || to.After(soon) {
		to = soon
	}
	sum := dayWaits{}
	kept := func() {
		for day := from.UTC().Truncate(24 * time.Hour); err == nil && day.Before(to); day = day.AddDate(0, 0, 1) {
			var d dayWaits
			d, err = s.waitsOf(campaign, day)
			sum.add(d)
		}
	}
	// In the loop, so that nothing is kept between the two looks.
	l := s.floorOf(campaign)
	if l == nil || !l.look(func(f *floor.Floor) {
		kept()
		if now := time.Now(); !to.Before(now) {
			sum.add(f.Waits(now))
			sum.add(l.waits)
		}
	}) {
		kept()
	}
	return sum, err
}

func (d dayWaits) total() (sum time.Duration) {
	for _, w := range d {
		sum += w.Total()
	}
	return sum
}

func (d dayWaits) add(more map[string]floor.Waits) {
	for name, w := range more {
		d[name] = d[name].Plus(w)
	}
}

// learnedEvery is how much of what pacing learns a crash may lose.
const learnedEvery = 5 * time.Minute

// keepLearned keeps what pacing has learned, if the last time was a while ago.
func (l *loop) keepLearned(now time.Time) {
	if now.Sub(l.learned) < learnedEvery {
		return
	}
	l.learned = now
	b, err := l.pacer.Save()
	if err == nil {
		err = l.s.store.Remember("pacing/"+l.name, b)
	}
	if err != nil {
		l.log.Error("what pacing has learned was not kept", zap.Error(err))
	}
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
