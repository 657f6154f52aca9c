package dialer

import (
	"encoding/json"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"
	"apel/media/browser"
	"apel/pacing"

	"go.uber.org/zap"
)

// seat is an operator as the service knows one: phone, wish to work, place.
type seat struct {
	name, team string
	bound      bool   // the phone is registered
	contact    string // ... there
	leg        *leg
	ready      bool // wants calls
	reason     string
	loop       *loop  // the campaign that has this operator
	state      string // as the floor says, "" without one
	since      time.Time
	calls      int
	wake       chan struct{} // call the phone now
	anew       chan struct{} // closed when the phone comes from elsewhere, or goes
	keeping    bool
	deaf       bool      // the leg is up and not heard: see watchSound
	headset    *Headset  // the last test of a browser's, nil: none that counts
	call       *call     // the customer, and the notes on one who has gone
	leaving    string    // the reason of a break after this call
	closed     bool      // its account is: see Service.Dismiss
	listens    bool      // the leg is lent to its owner, as a supervisor: see Service.Monitor
	guest      *loop     // lent for one conversation to that campaign; nil: to none
	lending    chan bool // the floor's answer to either; nil: it was given
	asks       int       // for that, so far: an answer to an earlier one comes too late
}

// desk holds the seats and keeps their legs up.
type desk struct {
	s     *Service
	mu    sync.Mutex // guards seats
	seats map[string]*seat
	loops []*loop
}

func newDesk(s *Service) *desk { return &desk{s: s, seats: map[string]*seat{}} }

// leg returns an operator's leg, nil if it is not up.
func (d *desk) leg(operator string) *leg {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.seats[operator]; s != nil {
		return s.leg
	}
	return nil
}

// seatOf finds or makes the seat of an account.
func (d *desk) seatOf(name, team string) *seat {
	s := d.seats[name]
	if s == nil {
		s = &seat{name: name, reason: "signed in", since: time.Now(), wake: make(chan struct{}, 1), anew: make(chan struct{})}
		d.seats[name] = s
	}
	s.team = team
	return s
}

// enter gives a seat its leg. With mu held.
func (d *desk) enter(s *seat, l *leg) {
	s.leg, s.deaf, s.headset, s.closed, s.guest = l, false, nil, d.s.closed(s.name), nil
	s.ready, s.reason, s.leaving, s.calls = false, "signed in", "", 0
	d.place(s)
}

// down takes a seat's leg away that has ended: a phone's, or that of page.
// False if another browser has the leg by now.
func (d *desk) down(s *seat, page *browser.Leg) bool {
	d.mu.Lock()
	if now, _ := s.leg.browser(); now != page {
		d.mu.Unlock()
		return false
	}
	s.leg, s.ready, s.reason, s.deaf, s.headset = nil, false, "phone is not connected", false, nil
	s.call = nil // the floor gives the customer to somebody else
	d.tell(s)
	s.loop, s.guest, s.state, s.since = nil, nil, "", time.Now()
	d.answer(s, false) // the floor may have let go of them before it heard of this, and says no more
	d.mu.Unlock()
	d.told(s.name, "offline")
	return true
}

// key is a key press: * asks for calls or for a break, by the same rules as a
// page or a command does; the rest is for the floor.
func (d *desk) key(s *seat, key byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if key != '*' {
		if s.loop != nil {
			s.loop.tell(floor.Input{Kind: floor.InKey, Operator: s.name, Key: key})
		}
		return
	}
	reason := ""
	if s.ready {
		reason = "break"
	}
	if err := d.wish(s, !s.ready, reason); err != nil {
		d.s.log.Info("a key does not make ready", zap.String("operator", s.name), zap.Error(err))
	}
}

// setReady is what the command line asks for.
func (d *desk) setReady(o contactdb.Operator, ready bool, reason string) (OperatorStatus, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seatOf(o.Name, o.Team)
	if s.leg == nil {
		if s.bound {
			d.call(s)
			return OperatorStatus{}, say(contactdb.ErrState, "phone-ringing", "the phone of %s is registered but not picked up; it is being called now: pick up, then try again", o.Name)
		}
		return OperatorStatus{}, say(contactdb.ErrState, "phone-unregistered", "the phone of %s is not registered; register it as user %s at %s", o.Name, o.Name, d.s.ua.Addr())
	}
	if err := d.wish(s, ready, reason); err != nil {
		return OperatorStatus{}, err
	}
	return d.status(s), nil
}

// place finds a running campaign for an operator. With mu held.
func (d *desk) place(s *seat) {
	if s.loop == nil && s.leg != nil {
		s.loop = d.campaignOf(s)
	}
	s.state, s.since = "", time.Now()
	d.tell(s)
}

// admits says whether a campaign's calls are for this operator.
func (r *rules) admits(s *seat) bool {
	if len(r.def.Teams) == 0 && len(r.def.Operators) == 0 {
		return true
	}
	for _, t := range r.def.Teams {
		if t == s.team {
			return true
		}
	}
	for _, o := range r.def.Operators {
		if o == s.name {
			return true
		}
	}
	return false
}

// tell lets the operator's floor know how things stand. With mu held.
func (d *desk) tell(s *seat) {
	if s.loop != nil {
		s.loop.tell(floor.Input{Kind: floor.InOperator, Operator: s.name, Present: s.leg != nil, Ready: s.ready && !s.deaf && s.guest == nil, Deaf: s.deaf, Lent: s.listens, Reason: s.why()})
	}
}

// tellDeaf is tell for a leg that sends, but has nothing to say. With mu held.
func (d *desk) tellDeaf(s *seat) {
	if s.loop != nil {
		s.loop.tell(floor.Input{Kind: floor.InOperator, Operator: s.name, Present: true, Deaf: true, Reason: s.why()})
	}
}

// opened gives a new floor the operators who have none.
func (d *desk) opened(l *loop) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.loops = append(d.loops, l)
	for _, s := range d.seats {
		if s.loop == nil && s.leg != nil {
			d.place(s)
		}
	}
	d.lend()
}

// startedKey is under which the order of the campaigns that are open is kept.
const startedKey = "started"

// keepOrder keeps it over a restart.
func (d *desk) keepOrder() {
	d.mu.Lock()
	var names []string
	for _, l := range d.loops {
		names = append(names, l.name)
	}
	d.mu.Unlock()
	kept, _ := json.Marshal(names) // strings: cannot fail
	if err := d.s.store.Remember(startedKey, kept); err != nil {
		d.s.log.Warn("the order of campaigns was not kept", zap.Error(err))
	}
}

// closed takes the operators of a floor that has ended to another.
func (d *desk) closed(l *loop) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.loops {
		if d.loops[i] == l {
			d.loops = append(d.loops[:i:i], d.loops[i+1:]...)
			break
		}
	}
	for _, s := range d.seats {
		if s.guest == l {
			s.guest = nil
		}
		if s.loop == l {
			s.loop = nil
			d.place(s)
		}
	}
}

// stateOf takes in what a floor says of an operator.
func (d *desk) stateOf(l *loop, operator, state string) {
	d.mu.Lock()
	s := d.seats[operator]
	if s != nil && s.loop != nil && s.loop != l { // they are another's by now
		d.mu.Unlock()
		return
	}
	if s != nil && s.loop == l {
		if state == floor.LentAway {
			d.lent(s)
			d.mu.Unlock()
			return
		}
		if state == pacing.NotReady.String() {
			d.goHome(s) // what they were lent for is over
		}
		if state == "talking" {
			s.calls++
		}
		s.state, s.since = state, time.Now()
	}
	d.mu.Unlock()
	d.told(operator, state)
}

func (d *desk) told(operator, state string) {
	d.s.events.publish(Event{Kind: "operator.state", Operator: operator, State: state})
}

// status is a seat for a supervisor. With mu held.
func (d *desk) status(s *seat) OperatorStatus {
	st := OperatorStatus{Name: s.name, Team: s.team, State: s.state, Reason: s.why(), ForMS: time.Since(s.since).Milliseconds(), Since: s.since, Calls: s.calls, Phone: "none"}
	if s.loop != nil {
		st.Campaign = s.loop.name
	}
	switch {
	case s.leg == nil:
		st.State = "offline"
	case s.state == "" && s.ready && !s.deaf:
		st.State = "ready"
	case s.state == "":
		st.State = "not-ready"
	}
	if st.State != "not-ready" && st.State != "offline" {
		st.Reason = ""
	}
	switch {
	case s.leg != nil:
		st.Phone = "leg-up"
	case s.bound:
		st.Phone = "registered"
	}
	return st
}

// all returns every account's status, those who never signed in too.
func (d *desk) all(accounts []contactdb.Operator) []OperatorStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := make([]OperatorStatus, 0, len(accounts))
	for _, o := range accounts {
		if s := d.seats[o.Name]; s != nil {
			list = append(list, d.status(s))
			continue
		}
		list = append(list, OperatorStatus{Name: o.Name, Team: o.Team, State: "offline", Phone: "none"})
	}
	return list
}
