package simulate

import (
	"container/heap"
	"fmt"
	"slices"
	"time"

	"apel/campaign"
	"apel/contactdb"
	"apel/pacing/world"
)

// Book is a list of alike contacts who are called by a campaign's rules, for
// Shift: windows, attempts and retries. What the rules ask of a contact's
// own fields (filters, consent, do-not-call lists) does not count, and the
// schedule does not either.
type Book struct {
	def   *campaign.Definition
	all   []bookContact
	fresh int // next that was never called
	due   dues
	head  []int // who may be called now, the next first
	turns []world.Turn
	air   int       // in calls
	last  time.Time // when the last call began
}

// alike is the zone of all contacts: the time of the simulator is their own.
var alike = []string{"UTC"}

type bookContact struct {
	progress contactdb.Progress
	tries    []time.Time
}

// NewBook returns contacts for a campaign; the time is their own.
func NewBook(def *campaign.Definition, contacts int) *Book {
	d := *def
	d.Schedule, d.Filter, d.Consent, d.Registers = campaign.Schedule{}, nil, campaign.Consent{}, nil
	d.Lists = nil
	for _, l := range def.Lists {
		l.Filter = nil
		d.Lists = append(d.Lists, l)
	}
	return &Book{def: &d, all: make([]bookContact, contacts)}
}

// candidate is a contact as the rules see it.
func (b *Book) candidate(i int) contactdb.Candidate {
	c := &b.all[i]
	list := ""
	if len(b.def.Lists) > 0 {
		list = b.def.Lists[0].Name
	}
	return contactdb.Candidate{Contact: contactdb.Contact{ID: uint64(i + 1), List: list, Phone: fmt.Sprintf("+%010d", i+1), Region: b.def.Country, NumberType: "mobile", Zones: alike},
		Progress: c.progress, NumberTries: c.tries}
}

// look finds up to n who may be called now, and says whether there is one.
func (b *Book) look(now time.Time, n int) bool {
	if open, _ := b.def.Open(alike, now); !open {
		return false
	}
	for len(b.head) < n {
		var i int
		switch {
		case len(b.due) > 0 && !b.due[0].at.After(now):
			i = heap.Pop(&b.due).(dueContact).contact
		case b.fresh < len(b.all):
			i = b.fresh
			b.fresh++
		default:
			return len(b.head) > 0
		}
		switch v := b.def.Judge(b.candidate(i), now); v.Kind {
		case contactdb.Yes:
			b.head = append(b.head, i)
		case contactdb.Later:
			heap.Push(&b.due, dueContact{notBefore(v.When, now.Add(time.Second)), i})
		}
	}
	return true
}

// Ahead are the next who may be called.
func (b *Book) Ahead(now time.Time, n int) []world.Turn {
	b.turns = b.turns[:0]
	if b.look(now, n) {
		for _, i := range b.head {
			b.turns = append(b.turns, world.Turn{Contact: i, Attempt: b.all[i].progress.Attempts + 1})
		}
	}
	return b.turns
}

// Next takes the one at this place of those who may be called.
func (b *Book) Next(now time.Time, at int) (t world.Turn, ok bool) {
	if !b.look(now, at+1) {
		return t, false
	}
	at = min(at, len(b.head)-1)
	i := b.head[at]
	b.head = slices.Delete(b.head, at, at+1)
	b.air++
	b.last = now
	c := &b.all[i]
	c.progress.Attempts++
	c.tries = append(c.tries, now)
	return world.Turn{Contact: i, Attempt: c.progress.Attempts}, true
}

// Left counts who may be called now, about.
func (b *Book) Left(now time.Time) (n int, next time.Time, closed bool) {
	if b.look(now, 1) {
		return len(b.head) + len(b.all) - b.fresh, time.Time{}, false
	}
	open, opens := b.def.Open(alike, now)
	if !open && (len(b.head) > 0 || b.fresh < len(b.all) || len(b.due) > 0) {
		return 0, opens, true
	}
	if len(b.due) > 0 {
		next = b.due[0].at
	}
	if soon := now.Add(time.Minute); b.air > 0 && (next.IsZero() || soon.Before(next)) {
		next = soon // who is in a call now may be called again
	}
	return 0, next, false
}

// Ended takes in what became of a call.
func (b *Book) Ended(contact int, outcome string, now time.Time) {
	b.air--
	c := &b.all[contact]
	at, final := b.def.NextTry(contactdb.Attempt{Contact: b.candidate(contact).Contact, Number: c.progress.Attempts}, outcome, "", now)
	c.progress.LastOutcome, c.progress.LastAt, c.progress.NextTry, c.progress.Final = outcome, now, at, final
	if final == "" {
		heap.Push(&b.due, dueContact{at, contact})
	}
}

// done says whether nobody will ever be called again.
func (b *Book) done() bool {
	return len(b.head) == 0 && b.air == 0 && b.fresh == len(b.all) && len(b.due) == 0
}

// dues are contacts that wait, the earliest first.
type dues []dueContact

type dueContact struct {
	at      time.Time
	contact int
}

func (d dues) Len() int           { return len(d) }
func (d dues) Less(i, j int) bool { return d[i].at.Before(d[j].at) }
func (d dues) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *dues) Push(x any)        { *d = append(*d, x.(dueContact)) }
func (d *dues) Pop() any {
	old := *d
	last := old[len(old)-1]
	*d = old[:len(old)-1]
	return last
}

var _ world.Book = (*Book)(nil)
