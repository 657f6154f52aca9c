package dialer

import (
	"errors"

	"apel/contactdb"

	"go.uber.org/zap"
)

// Dismiss sends an operator home whose account was disabled or removed: no
// further calls from this instant, and the leg ends as soon as no customer is
// on it. The store must say so already, so that nobody comes back in between.
func (s *Service) Dismiss(operator string) {
	d := s.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	st := d.seats[operator]
	if st == nil || !s.closed(operator) {
		return
	}
	s.sendHome(st, "account is closed")
}

// SignOff sends an operator home who is one no more, though the account lives
// on: as Dismiss does, from this instant. A seat that is taken anew later is a
// new one.
func (s *Service) SignOff(operator string) {
	d := s.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	if st := d.seats[operator]; st != nil {
		s.sendHome(st, "signed off")
	}
}

// sendHome is what Dismiss and SignOff do. With the desk's mu held.
func (s *Service) sendHome(st *seat, reason string) {
	if err := s.store.Remember("phone/"+st.name, nil); err != nil {
		s.log.Warn("a phone's registration was not forgotten", zap.Error(err))
	}
	st.bound, st.closed = false, true
	st.ready, st.reason = false, reason
	if st.leg != nil {
		s.desk.tell(st)
	}
}

// closed says whether an operator may not work any more.
func (s *Service) closed(operator string) bool {
	if _, err := s.store.Operator(operator); errors.Is(err, contactdb.ErrNotFound) {
		return true
	}
	a, err := s.store.Account(operator)
	return err == nil && a.Disabled
}

// dismissed says whether a seat is to be given up now: its account is closed
// and it has no customer.
func (d *desk) dismissed(s *seat) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return s.closed && s.state != "talking" && s.state != "reserved"
}
