package dialer

import (
	"encoding/json"
	"sync"
	"time"

	"apel/contactdb"
	"apel/dialer/ua"
	"apel/media/browser"
	"apel/pacing"

	"go.uber.org/zap"
)

const (
	// deafAfter is how long an operator's phone may send nothing before its leg
	// counts as lost. Phones send 50 packets a second; those that suppress
	// silence send at least one each second or so.
	deafAfter = 4 * time.Second
	// keepAlive is how often a leg is sent silence between customers.
	keepAlive = time.Second
	// answerPhone is how long an operator's phone may ring.
	answerPhone = 40 * time.Second
	// redial is the pause before a lost leg is called again.
	redial = 3 * time.Second
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
	keeping    bool
	deaf       bool      // the leg is up and not heard: see watchSound
	headset    *Headset  // the last test of a browser's, nil: none that counts
	call       *call     // the customer, and the notes on one who has gone
	leaving    string    // the reason of a break after this call
	closed     bool      // its account is: see Service.Dismiss
	listens    bool      // the leg is lent to its owner, as a supervisor: see Service.Monitor
	guest      *loop     // lent for one conversation to that campaign; nil: to none
	lending    chan bool // the floor's answer to either; nil: it was given
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
		s = &seat{name: name, reason: "signed in", since: time.Now(), wake: make(chan struct{}, 1)}
		d.seats[name] = s
	}
	s.team = team
	return s
}

// registered takes in that a phone has come, moved or gone, and keeps it over a restart.
func (d *desk) registered(b ua.Binding) {
	o, err := d.s.store.Operator(b.User)
	if err != nil {
		return
	}
	if d.s.closed(b.User) { // it came before the account was closed, perhaps in another life
		b.Contact = ""
	}
	var kept []byte
	if b.Contact != "" {
		kept, _ = json.Marshal(b) // strings and times: cannot fail
	}
	if err := d.s.store.Remember("phone/"+b.User, kept); err != nil {
		d.s.log.Warn("a phone's registration was not kept", zap.Error(err))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.seatOf(b.User, o.Team)
	moved := !s.bound || s.contact != b.Contact
	s.bound, s.contact = b.Contact != "", b.Contact
	if s.bound && moved {
		d.call(s)
	}
}

// call has the phone called, by its keeper if it has one. With mu held.
func (d *desk) call(s *seat) {
	if s.keeping {
		if s.leg != nil {
			return
		}
		select {
		case s.wake <- struct{}{}:
		default:
		}
		return
	}
	if d.s.callCtx.Err() != nil || d.s.stopping() || s.leg != nil {
		return
	}
	s.keeping = true
	d.s.wg.Go(func() { d.keep(s) })
}

// keep calls a phone and keeps the leg up until the operator hangs up or the
// phone is gone for good.
func (d *desk) keep(s *seat) {
	select {
	case <-d.s.ready:
	case <-d.s.callCtx.Done():
		return
	}
	d.sweep(s.name)
	for again := true; again && !d.taken(s); {
		call, err := d.s.ua.DialPhone(d.s.callCtx, s.name)
		if err != nil {
			d.s.log.Info("phone cannot be called", zap.String("operator", s.name), zap.Error(err))
			again = d.waitFor(s, nil, 10*redial)
			continue
		}
		if d.taken(s) {
			call.Hangup()
			break
		}
		if !d.pickedUp(call) {
			again = !d.s.stopping() && call.Ending().Status != 603 && d.waitFor(s, nil, 10*redial)
			continue
		}
		if !d.up(s, call) {
			call.Hangup()
			break
		}
		byPhone := d.watch(s, call)
		d.keepLeg(s.name, nil)
		d.down(s, nil)
		if byPhone {
			break // the operator has gone; a new registration or "ready" calls again
		}
		again = d.waitFor(s, call.Parted(), redial)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.keeping = false
	select {
	case <-s.wake: // asked for as we were leaving
		d.call(s)
	default:
	}
}

// sweep ends the leg that a former life has left up, when the phone is known again.
func (d *desk) sweep(operator string) {
	var l ua.LeftBehind
	if !d.recall("leg/"+operator, &l) {
		return
	}
	select {
	case <-d.s.ua.EndLeg(l):
		d.keepLeg(operator, nil)
	case <-d.s.stop:
	}
}

// waitFor waits before another try, until the phone is free (nil: it is) and a
// pause is over, or it has registered anew; false if there is no use in one.
func (d *desk) waitFor(s *seat, free <-chan struct{}, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for waiting := true; waiting; {
		over := timer.C
		if free != nil {
			over = nil
		}
		select {
		case <-free:
			free = nil
		case <-over:
			waiting = false
		case <-s.wake:
			waiting = false
		case <-d.s.stop:
			return false
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return s.bound
}

// pickedUp waits until the phone is answered.
func (d *desk) pickedUp(call *ua.Call) bool {
	timer := time.NewTimer(answerPhone)
	defer timer.Stop()
	for {
		select {
		case p, ok := <-call.Progress():
			if !ok {
				return false
			}
			if p.Step == ua.Answered {
				return true
			}
		case <-timer.C:
			call.Hangup()
		case <-d.s.stop:
			call.Hangup() // its end is the UA's to wait for: a phone that is gone says nothing for 32 s
			return false
		}
	}
}

// up makes an answered phone its operator's leg; false if a browser has become
// it while the phone rang.
func (d *desk) up(s *seat, call *ua.Call) bool {
	call.Media().KeepAlive(keepAlive)
	d.keepLeg(s.name, &ua.LeftBehind{Phone: s.name, CallID: call.ID(), Dialog: call.Dialog()})
	if !d.sit(s, &leg{operator: s.name, team: s.team, sound: call.Media(), s: d.s}) {
		d.keepLeg(s.name, nil)
		return false
	}
	d.told(s.name, "not-ready")
	return true
}

// sit is enter for a seat that nobody has taken meanwhile.
func (d *desk) sit(s *seat, l *leg) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-s.wake: // it is up: nobody waits for it any more
	default:
	}
	if s.leg != nil {
		return false
	}
	d.enter(s, l)
	return true
}

// enter gives a seat its leg. With mu held.
func (d *desk) enter(s *seat, l *leg) {
	s.leg, s.deaf, s.headset, s.closed, s.guest = l, false, nil, d.s.closed(s.name), nil
	s.ready, s.reason, s.leaving, s.calls = false, "signed in", "", 0
	d.place(s)
}

// keepLeg remembers a leg over a restart, so that it can be ended and called anew.
func (d *desk) keepLeg(operator string, l *ua.LeftBehind) {
	var kept []byte
	if l != nil {
		kept, _ = json.Marshal(l) // strings: cannot fail
	}
	if err := d.s.store.Remember("leg/"+operator, kept); err != nil {
		d.s.log.Warn("an operator's leg was not kept", zap.Error(err))
	}
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
	d.mu.Unlock()
	d.told(s.name, "offline")
	return true
}

// watch serves a leg's keys and notices its end, or that it has gone deaf; it
// says whether the operator has hung up.
func (d *desk) watch(s *seat, call *ua.Call) (byPhone bool) {
	from := time.Now()
	tick := time.NewTicker(soundTick)
	defer tick.Stop()
	var sound steadiness
	stop := d.s.legsDown
	for {
		select {
		case key, ok := <-call.Media().Digits():
			if ok {
				d.key(s, key)
				continue
			}
			<-call.Ended()
			return call.Ending().By == ua.Customer
		case <-call.Ended():
			return call.Ending().By == ua.Customer
		case <-tick.C:
			d.deafened(s, sound.broken(call.Media(), time.Now()))
			if d.dismissed(s) {
				call.Hangup()
				<-call.Ended()
				return true
			}
			if time.Since(laterOf(call.Media().LastHeard(), from)) > deafAfter {
				d.s.log.Warn("operator's phone is silent; its leg is given up", zap.String("operator", s.name))
				call.Hangup()
				<-call.Ended()
				return false
			}
		case <-stop:
			stop = nil
			call.Hangup()
		}
	}
}

// key is a key press: * asks for calls or for a break, by the same rules as a
// page or a command does; the rest is for the floor.
func (d *desk) key(s *seat, key byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if key != '*' {
		if s.loop != nil {
			s.loop.tell(Input{Kind: InKey, Operator: s.name, Key: key})
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
		s.loop.tell(Input{Kind: InOperator, Operator: s.name, Present: s.leg != nil, Ready: s.ready && !s.deaf && s.guest == nil, Deaf: s.deaf, Lent: s.listens, Reason: s.why()})
	}
}

// tellDeaf is tell for a leg that sends, but has nothing to say. With mu held.
func (d *desk) tellDeaf(s *seat) {
	if s.loop != nil {
		s.loop.tell(Input{Kind: InOperator, Operator: s.name, Present: true, Deaf: true, Reason: s.why()})
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
		if state == lentAway {
			d.lent(s)
			d.mu.Unlock()
			return
		}
		if state == operatorStates[pacing.NotReady] {
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

// restore takes up the phones that were registered in a former life: they come
// back by themselves only when half their time is up.
func (d *desk) restore() error {
	accounts, err := d.s.store.Operators()
	if err != nil {
		return err
	}
	var bindings []ua.Binding
	for _, o := range accounts {
		var b ua.Binding
		if d.recall("phone/"+o.Name, &b) {
			bindings = append(bindings, b)
		}
	}
	d.s.ua.Restore(bindings)
	return nil
}

func (d *desk) recall(key string, to any) bool {
	kept, err := d.s.store.Recall(key)
	return err == nil && kept != nil && json.Unmarshal(kept, to) == nil
}
