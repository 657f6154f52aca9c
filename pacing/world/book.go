package world

import "time"

// Book keeps a list by rules of its own: who may be called at an instant, and
// what becomes of them afterwards. Without one a contact is called once.
type Book interface {
	// Next takes the next contact that may be called now, and says which
	// attempt it is; false if there is none.
	Next(now time.Time) (contact, attempt int, ok bool)
	// Left says how many may be called now, about; if none, when that changes
	// (zero: never) and whether legal hours are the reason.
	Left(now time.Time) (n int, next time.Time, closed bool)
	// Ended takes a call's end, in the words of call records.
	Ended(contact int, outcome string, now time.Time)
}

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

// fromBook takes the next contact of the book; its chance is the same at every attempt.
func (s *sim) fromBook() (waiting, int, bool) {
	contact, attempt, ok := s.c.Book.Next(Begin.Add(s.now))
	if !ok {
		return waiting{}, 0, false
	}
	return waiting{fate: s.c.drawAgain(contact, attempt, s.answers), since: s.now}, contact, true
}
