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
	if err := s.store.Remember("phone/"+operator, nil); err != nil {
		s.log.Warn("a phone's registration was not forgotten", zap.Error(err))
	}
	st.bound, st.closed = false, true
	st.ready, st.reason = false, "account is closed"
	if st.leg != nil {
		d.tell(st)
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
