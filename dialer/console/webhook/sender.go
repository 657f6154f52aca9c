package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"apel/contactdb"

	"go.uber.org/zap"
)

const (
	atOnce     = 4           // requests of one hook
	maxWaiting = 64          // deliveries that wait; further records stay where they are, in the chain
	maxDead    = 200         // that are kept
	probeEvery = time.Minute // while the receiver is away, so that its return is noticed
)

// look is how often a sender looks for what is new.
var look = time.Second

// pauses before each further try. After the last, a delivery is dead.
var pauses = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 16 * time.Hour, 16 * time.Hour}

// sender is one hook's goroutine. It alone changes the hook's state.
type sender struct {
	b     *Book
	hook  kept
	stop  context.CancelFunc
	asks  chan ask
	ended chan struct{}

	probed time.Time // while nothing is delivered: when the oldest was tried out of turn
}

// ask is a change of the state that somebody else wants. While deliveries are
// under way it may add some, but moves none that wait.
type ask struct {
	f    func(*State)
	done chan error
}

func (s *sender) run(ctx context.Context) {
	defer close(s.ended)
	log := s.b.cfg.Log.With(zap.String("webhook", s.hook.Name))
	st, err := s.b.state(s.hook.Name)
	if err != nil {
		log.Error("a webhook's state cannot be read; it tells nothing", zap.Error(err))
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case a := <-s.asks:
			s.answer(a, &st)
			timer.Reset(0)
		case <-timer.C:
			again, err := s.round(ctx, &st)
			if err != nil && ctx.Err() == nil {
				log.Error("a webhook's round failed", zap.Error(err))
			}
			timer.Reset(map[bool]time.Duration{true: 0, false: look}[again && err == nil])
		}
	}
}

func (s *sender) answer(a ask, st *State) {
	a.f(st)
	a.done <- s.b.remember(stateKey+s.hook.Name, *st)
}

// round takes up what is new, tries what is due, and writes both down; again
// says that there is more to do at once.
func (s *sender) round(ctx context.Context, st *State) (again bool, err error) {
	fresh, err := s.takeUp(st)
	if err != nil {
		return false, err
	}
	tried := s.try(ctx, st, time.Now())
	if ctx.Err() != nil {
		return false, nil // what was not written down is done again
	}
	if fresh || tried > 0 {
		err = s.b.remember(stateKey+s.hook.Name, st)
	}
	return tried > 0 && st.Problem == "", err
}

// takeUp makes deliveries of the records and happenings since the last round.
func (s *sender) takeUp(st *State) (fresh bool, err error) {
	records, err := s.b.cfg.Store.RecordsAfter(st.Place, maxWaiting-len(st.Waiting))
	if err != nil {
		return false, err
	}
	for _, r := range records {
		event := CallEnded
		if _, is := r.Corrects(); is {
			event = CallCorrected
		}
		if s.hook.wants(event, r.Campaign) {
			st.Waiting = append(st.Waiting, Delivery{ID: event + ":" + r.ID, Event: event, At: r.EndedAt, Place: r.Place})
		}
		st.Place, fresh = r.Place, true
	}
	campaigns, err := s.b.cfg.Campaigns()
	if err != nil {
		return fresh, err
	}
	for _, c := range campaigns {
		for _, h := range happenings(c) {
			if st.Told[h.key] == h.told {
				continue
			}
			if st.Told == nil {
				st.Told = map[string]string{}
			}
			st.Told[h.key], fresh = h.told, true
			if h.happened && s.hook.wants(h.event, c.Name) {
				data, err := json.Marshal(c)
				if err != nil {
					return fresh, err
				}
				st.Waiting = append(st.Waiting, Delivery{ID: h.event + ":" + c.Name + ":" + h.told, Event: h.event, At: h.at, Data: data})
			}
		}
	}
	return fresh, nil
}

// happening is something about a campaign that is told when it changes.
type happening struct {
	event, key, told string
	happened         bool
	at               time.Time
}

func happenings(c Campaign) []happening {
	now := time.Now()
	done := happening{event: CampaignDone, key: CampaignDone + ":" + c.Name, happened: c.State == string(contactdb.Done), at: c.ChangedAt}
	if done.happened {
		done.told = c.ChangedAt.UTC().Format(time.RFC3339Nano)
	}
	over := happening{event: AbandonedOver, key: AbandonedOver + ":" + c.Name, happened: c.Limit > 0 && c.Abandonment > c.Limit, at: now}
	if over.happened {
		over.told = now.UTC().Format("2006-01-02") // once a day, as long as it lasts
	}
	return []happening{done, over}
}

// try sends what is due, some at once, and says how many it tried. Who asks for
// a change meanwhile does not wait for receivers that take their time.
func (s *sender) try(ctx context.Context, st *State, now time.Time) int {
	due := s.due(st, now)
	failed, sending := make([]error, len(due)), make([]Delivery, len(due))
	for n, i := range due {
		st.Waiting[i].Tries++
		sending[n] = st.Waiting[i]
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		turns, wait := make(chan struct{}, atOnce), sync.WaitGroup{}
		for n, d := range sending {
			turns <- struct{}{}
			wait.Go(func() {
				_, failed[n] = s.b.send(ctx, s.hook, d)
				<-turns
			})
		}
		wait.Wait()
	}()
	for over := false; !over; {
		select {
		case <-sent:
			over = true
		case a := <-s.asks:
			s.answer(a, st)
		}
	}
	if ctx.Err() != nil || len(due) == 0 {
		return 0
	}
	st.settle(due, failed)
	return len(due)
}

// due are those whose time has come; while the receiver is away, now and then
// the oldest.
func (s *sender) due(st *State, now time.Time) (due []int) {
	for i, d := range st.Waiting {
		if !now.Before(d.Next) {
			due = append(due, i)
		}
	}
	if st.Problem == "" || len(st.Waiting) == 0 || len(due) > 0 {
		s.probed = now
		return due
	}
	if now.Sub(s.probed) < probeEvery {
		return nil
	}
	s.probed = now
	st.Waiting[0].Tries-- // it costs none of its own
	return []int{0}
}

// settle takes in what came of the tries. Once something has got through again,
// all that wait are tried.
func (st *State) settle(due []int, failed []error) {
	away := st.Problem != ""
	st.Problem = ""
	rest, n := st.Waiting[:0:0], 0
	for i, d := range st.Waiting {
		if n == len(due) || due[n] != i {
			rest = append(rest, d)
			continue
		}
		err := failed[n]
		n++
		switch {
		case err == nil:
			st.Delivered++
			st.LastAt = time.Now().UTC()
		case d.Tries > len(pauses):
			st.bury(d, err)
		default:
			d.Problem, st.Problem = err.Error(), err.Error()
			pause := pauses[max(d.Tries-1, 0)]
			d.Next = time.Now().Add(pause + time.Duration(rand.Int64N(int64(pause)/5))).UTC() // not all at once
			rest = append(rest, d)
		}
	}
	if away && len(rest) < len(st.Waiting) && st.Problem == "" {
		for i := range rest {
			rest[i].Next = time.Time{}
		}
	}
	st.Waiting = rest
}

// bury puts a delivery with the dead; of too many the oldest are forgotten, and counted.
func (st *State) bury(d Delivery, err error) {
	d.Problem, st.Problem = err.Error(), err.Error()
	d.Next = time.Now().UTC()
	st.Dead = append(st.Dead, d)
	if more := len(st.Dead) - maxDead; more > 0 {
		st.Dead, st.Forgotten = append([]Delivery(nil), st.Dead[more:]...), st.Forgotten+more
	}
}

// Body is what a receiver gets.
type Body struct {
	ID    string    `json:"id"`
	Event string    `json:"event"`
	At    time.Time `json:"at"`   // when it happened
	Data  any       `json:"data"` // a call record, a campaign
}

var errGone = errors.New("its call record is not there any more")

// body is made anew for each try.
func (b *Book) body(h Hook, d Delivery) ([]byte, error) {
	v := Body{ID: d.ID, Event: d.Event, At: d.At, Data: d.Data}
	if d.Place > 0 {
		records, err := b.cfg.Store.RecordsAfter(d.Place-1, 1)
		if err != nil {
			return nil, err
		}
		if len(records) == 0 || records[0].Place != d.Place {
			return nil, fmt.Errorf("%s: %w", d.ID, errGone)
		}
		v.Data = records[0].Record
	}
	body, err := json.Marshal(v)
	if err == nil && !h.Numbers {
		body = b.cfg.Mask(body)
	}
	return body, err
}
