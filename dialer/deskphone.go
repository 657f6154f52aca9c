package dialer

import (
	"encoding/json"
	"time"

	"apel/dialer/ua"

	"go.uber.org/zap"
)

// Operators' phones: where they are registered, and the leg that is kept up to each.

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
	if moved || !s.bound {
		close(s.anew)
		s.anew = make(chan struct{})
	}
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
		contact, anew := d.whereabouts(s)
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
		if up, declined := d.pickedUp(call, anew); !up {
			again = !declined && !d.s.stopping() && d.waitFor(s, nil, 10*redial)
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
		held := call.Parted()
		if now, _ := d.whereabouts(s); now != contact {
			held = nil // the phone has come anew, and knows nothing of the old leg
		}
		again = d.waitFor(s, held, redial)
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

// whereabouts is where an operator's phone has registered from, and what is closed
// when that holds no more.
func (d *desk) whereabouts(s *seat) (contact string, anew <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return s.contact, s.anew
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

// pickedUp waits until the phone is answered, or is not any more where it rings.
func (d *desk) pickedUp(call *ua.Call, anew <-chan struct{}) (up, declined bool) {
	timer := time.NewTimer(answerPhone)
	defer timer.Stop()
	for {
		select {
		case p, ok := <-call.Progress():
			if !ok {
				return false, call.Ending().Status == 603
			}
			if p.Step == ua.Answered {
				return true, false
			}
		case <-timer.C:
			call.Hangup()
		case <-anew:
			call.Hangup() // its end is the UA's to wait for: a phone that is gone says nothing for 32 s
			return false, false
		case <-d.s.stop:
			call.Hangup()
			return false, false
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
