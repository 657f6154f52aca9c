package world

import "time"

// Book keeps a list by rules of its own: who may be called at an instant, and
// what becomes of them afterwards. Without one a contact is called once.
type Book interface {
	// Ahead are the next contacts that may be called now, in order, up to n.
	// What is returned is read before the next call.
	Ahead(now time.Time, n int) []Turn
	// Next takes the one at this place of those ahead; false if there is none.
	Next(now time.Time, at int) (t Turn, ok bool)
	// Left says how many may be called now, about; if none, when that changes
	// (zero: never) and whether legal hours are the reason.
	Left(now time.Time) (n int, next time.Time, closed bool)
	// Ended takes a call's end, in the words of call records.
	Ended(contact int, outcome string, now time.Time)
}

// Turn is a contact's turn to be called.
type Turn struct{ Contact, Attempt int }

// outcomes are the words of call records for what becomes of a call.
var outcomes = map[kind]string{person: "human", machine: "machine", noAnswer: "no-answer", busy: "busy"}

// ended tells the book, if there is one.
func (s *sim) ended(c *call, outcome string) {
	if s.c.Book != nil {
		s.c.Book.Ended(c.contact, outcome, Begin.Add(s.now))
	}
}

// ahead says what the book has.
func (s *sim) ahead(h *Happening) {
	if s.c.Book == nil {
		return
	}
	closed := false
	h.Contacts, h.NextAt, closed = s.c.Book.Left(Begin.Add(s.now))
	h.Closed = h.Closed || closed
}

// fromBook takes the contact of the book at this place of those ahead.
func (s *sim) fromBook(at int) (waiting, int, bool) {
	t, ok := s.c.Book.Next(Begin.Add(s.now), at)
	if !ok {
		return waiting{}, 0, false
	}
	w := s.inSight(t)
	delete(s.sight, t.Contact)
	return w, t.Contact, true
}

// inSight is a contact of the book, whose fate is drawn when it comes into
// sight; its chance is the same at every attempt.
func (s *sim) inSight(t Turn) waiting {
	w, ok := s.sight[t.Contact]
	if !ok {
		w = waiting{fate: s.c.drawAgain(t.Contact, t.Attempt, s.answers), since: s.now}
		s.sight[t.Contact] = w
	}
	return w
}
