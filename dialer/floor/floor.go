// Package floor decides for one running campaign what each call and each
// operator does next. Pure: no goroutine, clock, socket or lock. What happened
// goes in with its time (Input), what is to be done comes out (Action); how many
// calls to place it asks package pacing. The service and the simulator drive
// the same floor.
package floor

import (
	"fmt"
	"slices"
	"time"

	"apel/contactdb"
	"apel/pacing"
)

// Floor is the running state of one campaign: its operators, its calls in
// flight, its decisions. A pure state machine: Step takes an input with its
// time and returns what is to be done. It has no goroutine, clock, socket or
// lock; one loop owns it.
type Floor struct {
	set   Settings
	pacer *pacing.Pacer
	state contactdb.CampaignState

	operators map[string]*operator
	calls     map[string]*call
	staff     []*operator          // operators, by name
	line      []*call              // calls, the oldest first
	in        [PhaseWrapUp + 1]int // of them, by phase
	snap      pacing.Snapshot      // its slices are used again
	asked     []*call              // the calls of snap, in its order
	turn      []*operator          // as snap
	leasing   int                  // contacts asked for and not yet given
	fulfilled bool                 // the last lease gave what was asked for
	missed    bool                 // something happened while it was on its way
	noneUntil time.Time            // the lists have nobody to dial before this
	exhausted bool                 // ... and never will under these rules
	stale     bool                 // that has changed while contacts were being asked for
	again     time.Time            // pacing wants to be asked again
	lines     int                  // further calls that trunks allow
	slow      bool                 // calls a second are what limits them
	live      int                  // live answers in the regulator's window, those without a record too
	abandoned int                  // of these
	worked    time.Duration        // of operators who have left
	waited    Waits                // of all operators since the floor began
	split     pacing.Waiting
	gone      map[string]Waits // of operators who have left, since TakeWaits
	last      pacing.Decision
	lastWhy   pacing.Grounds
	decided   int       // decisions taken
	horizon   time.Time // when the regulator's window, the schedule or the day's hours end; zero: not known
	closed    bool      // nobody may be called now: legal hours
	next      ahead
	promises  map[string]time.Time // operator → when the next callback is due
	asking    int                  // callbacks asked for and not yet given
	finished  bool
	wrong     error // the first move that the table does not know
	now       time.Time
	out       []Action
}

// Settings is what a floor goes by; it may change while it runs.
type Settings struct {
	Pacing pacing.Settings
	Within time.Duration // bridge within this time of the greeting's end
	WrapUp time.Duration // longest wrap-up
	// Countdown is how long an operator may look at a contact in preview; 0: a minute.
	Countdown time.Duration
}

type operator struct {
	name      string
	state     pacing.OperatorState
	since     time.Time // in this state
	readyFrom time.Time // its place in the queue of those who wait
	present   bool      // its phone is up
	wanted    bool      // elsewhere
	deaf      bool      // not heard
	leaving   bool      // not ready once this call is over
	reason    string    // of being not ready
	call      string
	aside     bool // a callback, or a number that was typed in, is being asked for
	lent      bool // the leg is its owner's, who listens to a colleague
	wrapBy    time.Time
	freeAt    time.Time // told end of the wrap-up; zero: not told
	bridges   int
	signedIn  time.Time
	worked    time.Duration // talking and in wrap-up
	waits     Waits
}

// New returns a floor in a state, with a pacer that may have learned before.
func New(set Settings, pacer *pacing.Pacer, state contactdb.CampaignState) *Floor {
	pacer.Configure(set.Pacing)
	return &Floor{set: set, pacer: pacer, state: state, operators: map[string]*operator{}, calls: map[string]*call{}}
}

// Step takes inputs of one instant and returns what is to be done, in order.
// The slice is good until the next Step.
func (f *Floor) Step(ins ...Input) []Action {
	f.out = f.out[:0]
	for _, in := range ins {
		f.advance(in.At)
		f.lines, f.slow = in.Lines, in.Slow
		f.take(in)
	}
	f.deadlines()
	f.match()
	f.letGo()
	f.keepPromises()
	f.pace()
	f.finish()
	return f.out
}

func (f *Floor) do(a Action) { f.out = append(f.out, a) }

// take changes the state by what happened.
func (f *Floor) take(in Input) {
	switch in.Kind {
	case InLeased:
		f.leased(in)
	case InOperator:
		f.operatorChanged(in)
	case InKey:
		f.key(in)
	case InState:
		f.stateChanged(in.State)
	case InSettings:
		f.set = in.Settings
		if in.Settings.Pacing.Mode != pacing.Preview {
			f.skipAll(noPreview)
		}
		f.pacer.Configure(in.Settings.Pacing)
		f.next = ahead{since: f.next.since}
		f.fresh()
	case InContacts:
		f.fresh()
	case InStop:
		f.stop()
	case InWindow:
		f.recounted(in)
	case InPromises:
		f.promises = in.Promises
	case InAccept:
		f.accepted(in.Operator)
	case InSkip:
		f.skipped(in.Operator, in.Reason)
	case InReadyIn:
		if o := f.operators[in.Operator]; o != nil && o.state == pacing.WrapUp {
			f.readyIn(o, in.Until.Sub(f.now))
		}
	case InLend:
		f.lend(in.Operator, in.Ready)
	case InBorrow:
		f.borrow(in)
	case InDial:
		f.dial(in)
	case InListen:
		f.listen(in)
	case InAhead:
		f.next.see(in, f.pacer, f.now)
	default:
		if c := f.calls[in.Call]; c != nil {
			f.callChanged(c, in)
		}
	}
}

// recounted takes in what the records say of the regulator's window. Who has
// answered, or was abandoned, and has no record yet counts beside them.
func (f *Floor) recounted(in Input) {
	f.live, f.abandoned, f.horizon = in.Live, in.Abandoned, in.Horizon
	for _, c := range f.line {
		if c.live() {
			f.live++
		}
		if c.lost {
			f.abandoned++
		}
	}
}

// fresh forgets that the lists had nobody. An answer that is still on its way
// knows nothing of the change: it will be asked for again.
func (f *Floor) fresh() {
	f.noneUntil, f.exhausted, f.closed, f.stale = time.Time{}, false, false, f.leasing > 0
	f.next.at = time.Time{} // to be shown anew
}

// comesBack takes in when the contact of a settled call may be tried again:
// while it was in its call, the lists did not count it.
func (f *Floor) comesBack(at time.Time) {
	switch {
	case at.IsZero():
		return
	case f.exhausted:
		f.exhausted, f.noneUntil = false, at
	case at.Before(f.noneUntil):
		f.noneUntil = at
	}
	f.stale = f.leasing > 0
}

// free gives an operator back: ready, or on the break that was asked for.
// One who was only reserved keeps the place in the queue.
func (f *Floor) free(o *operator) {
	reserved := o.state == pacing.Reserved
	o.call, o.wrapBy, o.freeAt = "", time.Time{}, time.Time{}
	if o.leaving || !o.present {
		f.enter(o, pacing.NotReady)
		o.leaving = false
		return
	}
	if !reserved {
		o.readyFrom = f.now
	}
	f.enter(o, pacing.Ready)
}

// deadlines acts on what has run out: persons who waited, wrap-ups.
func (f *Floor) deadlines() {
	for _, c := range f.those(PhaseQueued) {
		if c.phase == PhaseQueued && !f.now.Before(c.deadline) && f.awaited(c) == nil && f.longestWaiting() == nil {
			f.release(c)
		}
	}
	f.countdowns()
	for _, o := range f.byName() {
		if o.state == pacing.WrapUp && !f.now.Before(o.wrapBy) {
			o.wrapBy = f.now.Add(time.Hour) // said once
			f.do(Action{Kind: DoEndWrap, Call: o.call, Operator: o.name})
		}
	}
}

// match gives those who wait, the longest first, to the operators who wait, the longest first.
func (f *Floor) match() {
	for _, c := range f.those(PhaseQueued) {
		if c.phase != PhaseQueued {
			continue
		}
		o := f.awaited(c)
		if o == nil {
			o = f.longestWaiting()
		}
		if o == nil {
			continue
		}
		if own := f.operators[c.operator]; own != nil && own != o && own.call == c.id { // not heard when it mattered
			own.call, own.leaving = "", false
			f.enter(own, pacing.NotReady)
		}
		f.move(c, PhaseReserved)
		c.operator, o.call = o.name, c.id
		f.enter(o, pacing.Reserved)
		f.do(Action{Kind: DoConnect, Call: c.id, Operator: o.name})
	}
}

func (f *Floor) longestWaiting() *operator {
	var best *operator
	for _, o := range f.staff {
		if o.state == pacing.Ready && !o.away() && (best == nil || o.readyFrom.Before(best.readyFrom) || o.readyFrom.Equal(best.readyFrom) && o.name < best.name) {
			best = o
		}
	}
	return best
}

// finish says when a draining campaign, or one without contacts, is over.
func (f *Floor) finish() {
	if len(f.calls) > 0 || f.leasing > 0 || f.asking > 0 {
		return
	}
	why := ""
	switch {
	case f.finished:
	case f.state == contactdb.Done:
		why = "stopped"
	case f.state == contactdb.Draining:
		why = "drained"
	case f.state == contactdb.Running && f.exhausted:
		why = "every contact has been dealt with"
	}
	if why != "" {
		f.state, f.finished = contactdb.Done, true
		f.do(Action{Kind: DoFinished, Why: why})
	}
}

// Next is when the floor wants a tick although nothing happens; zero: never.
func (f *Floor) Next() time.Time {
	next := f.again
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	if f.state == contactdb.Running && f.now.Before(f.noneUntil) {
		sooner(f.noneUntil)
	}
	sooner(f.nextPromise())
	for _, c := range f.those(PhaseQueued) {
		if c.phase == PhaseQueued {
			sooner(c.deadline)
		}
	}
	for _, c := range f.those(PhasePreview) {
		sooner(c.decideBy)
	}
	for _, o := range f.staff {
		if o.state == pacing.WrapUp {
			sooner(o.wrapBy)
		}
	}
	return next
}

// byName are the operators. Only to be read, and not while they come and go.
func (f *Floor) byName() []*operator { return f.staff }

// without removes an element, keeping the order.
func without[T comparable](all []T, one T) []T {
	if at := slices.Index(all, one); at >= 0 {
		return slices.Delete(all, at, at+1)
	}
	return all
}

// Check proves what must hold between steps: an operator and a call belong to
// each other or not at all, and nobody waits in a state that nothing ends.
func (f *Floor) Check() error {
	if f.wrong != nil {
		return f.wrong
	}
	in := f.in
	for _, c := range f.calls {
		in[c.phase]--
		o := f.operators[c.operator]
		switch c.phase {
		case PhaseReserved, PhaseBridged:
			if o == nil || o.call != c.id {
				return fmt.Errorf("call %s is %s with operator %q, who has call %v", c.id, c.phase, c.operator, o)
			}
			if second := f.operators[c.second]; c.second != "" && (second == nil || second.call != c.id) {
				return fmt.Errorf("call %s has the second operator %q, who has call %v", c.id, c.second, second)
			}
		}
	}
	if in != [len(in)]int{} {
		return fmt.Errorf("calls by phase are counted wrong, by %v", in)
	}
	for _, o := range f.operators {
		c := f.calls[o.call]
		busy := o.state == pacing.Reserved || o.state == pacing.Talking || o.state == pacing.WrapUp
		if busy != (o.call != "") {
			return fmt.Errorf("operator %s is %s with call %q", o.name, o.state.String(), o.call)
		}
		if busy && (c == nil || c.operator != o.name && c.second != o.name) {
			return fmt.Errorf("operator %s is %s with call %q, which is not theirs", o.name, o.state.String(), o.call)
		}
	}
	return nil
}
