package dialer

import (
	"fmt"
	"time"

	"apel/contactdb"
	"apel/dialer/floor"

	"go.uber.org/zap"
)

// learnHours reads what the campaign has learned of the hours of the day.
func (l *loop) learnHours() {
	h, err := l.s.store.Hours(l.name)
	if err != nil {
		l.log.Warn("what was learned of the hours of the day cannot be read", zap.Error(err))
		return
	}
	l.hours.Store(&h)
}

// promisesAhead is how far the floor is told of callbacks.
const promisesAhead = 10 * time.Minute

// rereadEvery is how often a campaign's promises, and what it has learned of
// the hours, are read again.
const rereadEvery = 30 * time.Second

// tellPromises tells the floor of the callbacks that named operators are to make.
func (l *loop) tellPromises(now time.Time) {
	all, err := l.s.store.Callbacks(l.name, "", now.Add(promisesAhead))
	if err != nil {
		l.log.Error("callbacks cannot be read", zap.Error(err))
		return
	}
	due := map[string]time.Time{}
	for _, c := range all {
		if at, known := due[c.Operator]; c.Operator != "" && (!known || dueOf(c).Before(at)) {
			due[c.Operator] = dueOf(c)
		}
	}
	l.tell(floor.Input{Kind: floor.InPromises, Promises: due})
}

// promisesChanged is tellPromises from outside of the loop.
func (l *loop) promisesChanged() { l.tellPromises(time.Now()) }

// unsentPause is how long after a callback that was not sent it is tried again.
const unsentPause = time.Minute

// soonAgain is when to try again after an attempt whose phone has not rung: at
// once, if it was to keep a promise.
func soonAgain(a contactdb.Attempt, retry, now time.Time) time.Time {
	if a.Promise == nil {
		return retry
	}
	return now.Add(unsentPause)
}

// dueOf is when a callback will be kept.
func dueOf(c contactdb.Callback) time.Time {
	if c.Due.After(c.At) {
		return c.Due
	}
	return c.At
}

// NewCallback is a promise that an operator or supervisor makes.
type NewCallback struct {
	Campaign string    `json:"campaign"`
	Phone    string    `json:"phone"`
	List     string    `json:"list,omitempty"` // if the number is in several of the campaign's lists
	At       time.Time `json:"at"`
	Operator string    `json:"operator,omitempty"` // who will call; "": anybody
	Note     string    `json:"note,omitempty"`
}

// PromiseCallback promises a contact of a campaign a call at a time, in the
// place of a promise made before. ErrRefused if it may not be called then.
func (s *Service) PromiseCallback(n NewCallback, by string) (contactdb.Callback, error) {
	r, err := s.load(n.Campaign, 0)
	if err != nil {
		return contactdb.Callback{}, err
	}
	contact, err := s.contactOf(r, n.Phone, n.List)
	if err != nil {
		return contactdb.Callback{}, err
	}
	if n.Operator != "" {
		if _, err := s.store.Operator(n.Operator); err != nil {
			return contactdb.Callback{}, err
		}
	}
	now := time.Now()
	if err := r.def.MayPromise(contact, n.At, now); err != nil {
		return contactdb.Callback{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	g := contactdb.Target{Phone: n.Phone, Contact: contact.ID, Campaign: n.Campaign, Client: r.def.Client}
	if e, err := s.store.Suppressed(g, n.At); err != nil || e != nil {
		if err == nil {
			err = fmt.Errorf("%w: %s is on the do-not-call list %q; a call there cannot be promised", ErrRefused, n.Phone, e.List)
		}
		return contactdb.Callback{}, err
	}
	made, err := s.store.PromiseCallback(n.Campaign, contact, *r.def.Promise(n.At, n.Operator, by, n.Note, now))
	s.callbackChanged(n.Campaign)
	return made, err
}

// CancelCallback takes a promise back.
func (s *Service) CancelCallback(campaign, phone, list string) (contactdb.Promise, error) {
	r, err := s.load(campaign, 0)
	if err != nil {
		return contactdb.Promise{}, err
	}
	contact, err := s.contactOf(r, phone, list)
	if err != nil {
		return contactdb.Promise{}, err
	}
	was, err := s.store.CancelCallback(campaign, contact)
	s.callbackChanged(campaign)
	return was, err
}

// contactOf is the contact of a campaign with a number.
func (s *Service) contactOf(r *rules, phone, list string) (contactdb.Contact, error) {
	all, err := s.store.ContactsByPhone(phone)
	if err != nil {
		return contactdb.Contact{}, err
	}
	var found []contactdb.Contact
	for _, c := range all {
		for _, l := range r.def.Lists {
			if l.Name == c.List && (list == "" || list == c.List) {
				found = append(found, c)
			}
		}
	}
	switch len(found) {
	case 0:
		return contactdb.Contact{}, fmt.Errorf("%w: no list of campaign %q has %s", contactdb.ErrNotFound, r.def.Name, phone)
	case 1:
		return found[0], nil
	}
	return contactdb.Contact{}, fmt.Errorf("%w: %s is in %d lists of campaign %q; say which", ErrInput, phone, len(found), r.def.Name)
}

// callbackChanged lets a running campaign know.
func (s *Service) callbackChanged(campaign string) {
	if l := s.floorOf(campaign); l != nil {
		l.tell(floor.Input{Kind: floor.InContacts})
		l.promisesChanged()
	}
}
