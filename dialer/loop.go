package dialer

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/dialer/floor"
	"apel/pacing"

	"go.uber.org/zap"
)

// rules is a campaign's definition in one version, with what was read for it.
type rules struct {
	def     *campaign.Definition
	version int
	message []int16 // for an abandoned person
	drop    []int16 // left on machines; nil: none
	hold    []int16 // for customers on hold; nil: silence
}

func (r *rules) floor() floor.Settings {
	return floor.Settings{Pacing: r.def.Pacing, Within: r.def.Abandonment.Within, WrapUp: r.def.WrapUp, Countdown: r.def.Countdown}
}

// open says whether a number in these zones may be called now, by the call
// windows within the schedule, and if not, when; zero: never.
func (r *rules) open(zones []string, now time.Time) (bool, time.Time) {
	return r.scheduled(now, func(at time.Time) (bool, time.Time) { return r.def.Open(zones, at) })
}

// openTo says the same of a contact, who may be called on one of several numbers.
func (r *rules) openTo(c contactdb.Contact, now time.Time) (bool, time.Time) {
	return r.scheduled(now, func(at time.Time) (bool, time.Time) { return r.def.OpenTo(c, at) })
}

// scheduled puts windows within the schedule.
func (r *rules) scheduled(now time.Time, windows func(at time.Time) (bool, time.Time)) (bool, time.Time) {
	if r.over(now) {
		return false, time.Time{}
	}
	if start := r.def.Schedule.Start; now.Before(start) {
		_, next := windows(start)
		return false, next
	}
	return windows(now)
}

// over says whether the schedule has ended.
func (r *rules) over(now time.Time) bool {
	end := r.def.Schedule.End
	return !end.IsZero() && !now.Before(end)
}

// ask is when to ask again for contacts that are due at a time: at the end of
// the schedule at the latest, when there are none and the campaign is done.
func (r *rules) ask(due time.Time) time.Time {
	if end := r.def.Schedule.End; !end.IsZero() && due.After(end) {
		return end
	}
	return due
}

// loop owns the floor of one running campaign.
type loop struct {
	s     *Service
	rules atomic.Pointer[rules] // the version in force
	name  string
	log   *zap.Logger
	ctx   context.Context // ends when every call has ended
	wg    sync.WaitGroup  // calls and leases
	in    *inbox[floor.Input]
	ask   chan func(*floor.Floor) // to look at the floor from outside
	done  chan struct{}           // the loop has ended
	kept  atomic.Bool             // the campaign goes on after a restart: its state is not touched
	why   string                  // of the end; read after done

	hours   atomic.Pointer[contactdb.Hours] // what the campaign has learned of the hours of the day
	resting atomic.Bool                     // places no calls: paused or draining
	halted  atomic.Pointer[string]          // why it was paused although its state in the store is running; nil: it was not

	dialing sync.Map // operator → *dialing

	// Owned by the loop's goroutine.
	floor     *floor.Floor
	pacer     *pacing.Pacer // the floor's
	calls     map[string]*call
	decisions []DecisionLine
	window    time.Time // start of the regulator's window, as last counted
	looked    time.Time // when it was counted, and the horizon looked for
	waits     dayWaits  // not kept yet
	waitsAt   time.Time // until then they are
	learned   time.Time // when what pacing has learned was kept
	started   time.Time
	reread    time.Time // when hours and promises were last read
	glancing  bool      // the next contacts are being read
	glanced   time.Time // when that was last begun
}

// tell hands the floor an input; it never waits.
func (l *loop) tell(in floor.Input) {
	if in.At.IsZero() {
		in.At = time.Now()
	}
	l.in.push(in)
}

func (l *loop) publish(e Event) {
	e.Campaign = l.name
	l.s.events.publish(e)
}

// instant is how long the loop waits for what happens at the same time: within
// it, the order in which goroutines get to run decides nothing. In a bubble of
// synctest it is exactly what happens at one instant.
const instant = time.Nanosecond

// run is the loop: what has happened, then what the floor wants done.
func (l *loop) run() {
	defer close(l.done)
	timer, rest := time.NewTimer(0), time.NewTimer(0)
	defer timer.Stop()
	defer rest.Stop()
	due := time.Now()            // for a tick
	latest := due.Add(tickEvery) // ... however much happens meanwhile
	for over := false; !over; {
		select {
		case f := <-l.ask:
			f(l.floor)
			continue
		case <-l.in.ready:
		case <-timer.C:
		}
		rest.Reset(instant)
		l.attend(rest.C)
		if now := time.Now(); now.Before(due) {
			over = l.step(l.happened()...)
		} else {
			over = l.tick(now)
			latest = time.Now().Add(tickEvery)
		}
		due = sooner(time.Now().Add(l.untilTick()), latest)
		timer.Reset(time.Until(due))
	}
}

// attend lets look at the floor who asks, until the instant is over: a lease
// that enters its calls is not held up by what else happens.
func (l *loop) attend(over <-chan time.Time) {
	for {
		select {
		case f := <-l.ask:
			f(l.floor)
		case <-over:
			return
		}
	}
}

// tick takes in, beside what has happened, that time has passed.
func (l *loop) tick(now time.Time) (over bool) {
	l.recount(now)
	over = l.step(append(l.happened(), floor.Input{Kind: floor.InTick, At: now})...)
	l.keepWaits(now, over)
	return over
}

// happened are the inputs that have come in, by time; those of one instant in
// an order of their own. What is told of one call, or of one operator, keeps
// its order; a lease comes before what its calls report.
func (l *loop) happened() []floor.Input {
	ins := l.in.take()
	slices.SortStableFunc(ins, func(a, b floor.Input) int {
		order := cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Call, b.Call))
		if order != 0 || a.Call != "" {
			return order
		}
		if order = cmp.Compare(a.Operator, b.Operator); order != 0 || a.Operator != "" {
			return order
		}
		return cmp.Compare(a.Kind, b.Kind)
	})
	return ins
}

// tickEvery is the longest time between ticks: the window of the abandonment
// rule moves on.
const tickEvery = time.Minute

func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (l *loop) untilTick() time.Duration {
	next := l.floor.Next()
	if next.IsZero() {
		return tickEvery
	}
	return min(max(time.Until(next), 0), tickEvery)
}

// step gives the floor what has happened and carries out its answer; true: all is over.
func (l *loop) step(ins ...floor.Input) (over bool) {
	if len(ins) == 0 {
		return false
	}
	lines, slow := l.s.freeLines(l.rules.Load().def.Trunks)
	for i := range ins {
		ins[i].Lines, ins[i].Slow = lines, slow
	}
	at := ins[len(ins)-1].At
	for _, a := range l.floor.Step(ins...) {
		over = l.perform(a, at) || over
	}
	for _, in := range ins {
		switch in.Kind {
		case floor.InSettled:
			delete(l.calls, in.Call)
		case floor.InAhead:
			l.glancing = false
		}
	}
	l.glance(at)
	if l.s.inspect != nil {
		l.s.inspect(l.floor)
	}
	return over
}

func (l *loop) perform(a floor.Action, at time.Time) (over bool) {
	switch a.Kind {
	case floor.DoLease:
		r := l.rules.Load()
		l.wg.Go(func() { l.lease(r, a.N, a.Contacts, a.Operator, byHand{}) })
	case floor.DoDial:
		l.dialFor(a)
	case floor.DoDecision:
		why, _ := l.floor.Grounds()
		l.decided(why, at)
	case floor.DoPreview:
		l.show(a)
	case floor.DoLend:
		l.s.desk.answered(a)
	case floor.DoAway:
		l.s.desk.away(a.Operator, a.Why)
	case floor.DoOperator:
		l.s.desk.stateOf(l, a.Operator, a.Why)
	case floor.DoFinished:
		l.why = a.Why
		if l.rules.Load().over(at) {
			l.why = "its schedule has ended"
		}
		return true
	default:
		if c := l.calls[a.Call]; c != nil {
			c.order(a)
		}
	}
	return false
}

// order hands a call an order. Keys beyond what it can take in are dropped,
// the floor's own orders never: there are few of them in a call's life.
func (c *call) order(a floor.Action) {
	if a.Kind == floor.DoDispose && len(c.orders) > cap(c.orders)/2 {
		return
	}
	select {
	case c.orders <- a:
	default:
		c.l.log.Error("an order was lost", zap.String("attempt", c.a.ID), zap.Uint8("order", uint8(a.Kind)))
	}
}

func (l *loop) decided(on pacing.Grounds, at time.Time) {
	why := on.String()
	keep := at.Add(-time.Hour)
	for len(l.decisions) > 0 && (l.decisions[0].At.Before(keep) || len(l.decisions) >= 10_000) {
		l.decisions = l.decisions[1:]
	}
	l.decisions = append(l.decisions, DecisionLine{At: at, Why: why, Grounds: on})
	l.publish(Event{Kind: "pacing.decision", Detail: why})
}

// recount tells the floor how the regulator's window stands when a new one has begun.
func (l *loop) recount(now time.Time) {
	if now.Sub(l.reread) >= rereadEvery {
		l.reread = now
		l.learnHours()
		l.tellPromises(now)
	}
	from := windowStart(now, l.rules.Load().def.Abandonment.Window)
	if from.Equal(l.window) && now.Sub(l.looked) < time.Hour {
		return
	}
	l.looked = now
	t, err := l.s.store.Tally(l.name, from, time.Time{})
	if err != nil {
		l.log.Error("abandonment could not be counted", zap.Error(err))
		return
	}
	l.window = from
	l.step(floor.Input{Kind: floor.InWindow, At: now, Live: t.LiveAnswers, Abandoned: t.Abandoned, Horizon: l.horizon(now)})
}

// windowStart is the first day that counts: windows are whole days, in UTC, as
// the store's tallies are.
func windowStart(now time.Time, window time.Duration) time.Time {
	days := max(int((window+24*time.Hour-1)/(24*time.Hour)), 1)
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1-days)
}

// look runs f on the floor, in the loop; false if the loop has ended.
func (l *loop) look(f func(*floor.Floor)) bool {
	ran := make(chan struct{})
	select {
	case l.ask <- func(fl *floor.Floor) { f(fl); close(ran) }:
		<-ran
		return true
	case <-l.done:
		return false
	}
}

// finish waits for what is left of the calls after the floor is done, and
// keeps what pacing has learned.
func (l *loop) finish() {
	<-l.done
	l.wg.Wait()
	l.keepWaits(time.Now(), true)
	l.learned = time.Time{}
	l.keepLearned(time.Now())
}

// newLoop makes the loop of a campaign; run starts it.
func (s *Service) newLoop(c contactdb.Campaign, r *rules) *loop {
	l := &loop{s: s, name: c.Name, log: s.log.With(zap.String("campaign", c.Name)), ctx: s.callCtx,
		in: newInbox[floor.Input](), ask: make(chan func(*floor.Floor)), done: make(chan struct{}), calls: map[string]*call{}, started: time.Now(), waits: dayWaits{}, waitsAt: time.Now(), learned: time.Now()}
	l.rules.Store(r)
	l.resting.Store(restsIn(c.State))
	l.hours.Store(&contactdb.Hours{})
	p := pacing.New(r.def.Pacing)
	if b, err := s.store.Recall("pacing/" + c.Name); err == nil && b != nil {
		if err := p.Load(b); err != nil {
			l.log.Warn("pacing starts without what it had learned", zap.Error(err))
		}
	}
	l.pacer, l.floor = p, floor.New(r.floor(), p, c.State)
	return l
}

// inbox is a queue without a limit: whoever puts in never waits for the one who takes out.
type inbox[T any] struct {
	ready chan struct{} // has an element while there are items
	mu    sync.Mutex    // guards items
	items []T
}

func newInbox[T any]() *inbox[T] { return &inbox[T]{ready: make(chan struct{}, 1)} }

func (b *inbox[T]) push(v T) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.items = append(b.items, v)
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

func (b *inbox[T]) take() []T {
	b.mu.Lock()
	defer b.mu.Unlock()
	items := b.items
	b.items = nil
	select {
	case <-b.ready:
	default:
	}
	return items
}
