package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"apel/contactdb"
)

var bg = context.Background()

// begin is when the bench happens; nothing in the store has a clock of its own.
var begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// fillStore imports contacts of about 400 bytes in no order of their numbers.
func fillStore(s *contactdb.Store, n int) error {
	if _, err := s.ApplyCampaign("c", []byte("v1"), begin); err != nil {
		return err
	}
	_, err := s.Import(bg, "a", begin, func(yield func(contactdb.Contact, error) bool) {
		for i := range n {
			if !yield(someone(i), nil) {
				return
			}
		}
	})
	return err
}

// someone is the i-th contact.
func someone(i int) contactdb.Contact {
	return contactdb.Contact{
		Phone: fmt.Sprintf("+407%08d", i*7919%100_000_000), NumberType: "mobile", Region: "RO", Zones: []string{"Europe/Bucharest"},
		Name: fmt.Sprintf("Maria Elena Constantinescu %d", i), FirstName: "Maria Elena", LastName: "Constantinescu",
		Email: fmt.Sprintf("maria%d@example.org", i), City: "Cluj-Napoca",
		Fields: map[string]string{"contract": fmt.Sprint(i), "product": "fibre 500", "since": "2021-04-01"},
	}
}

// request leases n contacts under rules that always say yes.
func request(n int) contactdb.LeaseRequest {
	return contactdb.LeaseRequest{
		Viewpoint: contactdb.Viewpoint{Campaign: "c", Now: begin}, Version: 1, Lists: []contactdb.Source{{List: "a"}}, Max: n, Owner: "bench", TTL: time.Hour,
		Open: func([]string) (bool, time.Time) { return true, time.Time{} },
		Judge: func(contactdb.Candidate) contactdb.Verdict {
			return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "carrier", CallerID: "+40210000000"}
		},
	}
}

// settlement ends an attempt as most end: nobody answers, again tomorrow. Every
// fourth is a talk with a note.
func settlement(id string, i int) contactdb.Settlement {
	at := begin.Add(time.Duration(i) * time.Millisecond)
	r := contactdb.Record{ID: id, PlacedAt: at, RingingAt: at.Add(2 * time.Second), EndedAt: at.Add(22 * time.Second),
		Outcome: contactdb.NoAnswer, SIPStatus: 487, EndedBy: "dialer"}
	if i%4 == 0 {
		r.Outcome, r.SIPStatus, r.Q850Cause, r.EndedBy = contactdb.Human, 200, 16, "customer"
		r.AnsweredAt, r.DetectedAt, r.BridgedAt = at.Add(8*time.Second), at.Add(9*time.Second), at.Add(9100*time.Millisecond)
		r.DetectorVerdict, r.DetectorMS, r.Operator, r.Team, r.TalkMS, r.WrapMS = "human", 1000, "ana", "south", 12900, 8000
		r.Disposition, r.Note = "callback", "asked for the offer by e-mail; wants to hear of the price again in spring"
		r.ScriptAnswers = map[string]string{"contract": "yes", "price": "too high"}
	}
	return contactdb.Settlement{Record: r, NextTry: begin.Add(24 * time.Hour)}
}

// leased gives n live attempts, by their ids: a centre has some hundreds of calls at
// once, and a hundred thousand contacts in memory would be work for the collector of
// garbage that no store causes.
func leased(s *contactdb.Store, n int) (all []string, err error) {
	for len(all) < n {
		res, err := s.Lease(bg, request(min(1000, n-len(all))))
		if err != nil {
			return nil, err
		}
		if len(res.Attempts) == 0 && !res.More {
			return nil, fmt.Errorf("the list has only %d contacts for %d calls", len(all), n)
		}
		all = append(all, ids(res.Attempts)...)
	}
	return all, nil
}

func ids(attempts []contactdb.Attempt) (all []string) {
	for _, a := range attempts {
		all = append(all, a.ID)
	}
	return all
}

// settleAll settles attempts from some callers at once and says how long each took.
func settleAll(s *contactdb.Store, attempts []string, callers int) ([]time.Duration, error) {
	took := make([]time.Duration, len(attempts))
	errs := make([]error, callers)
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for i := c; i < len(attempts) && errs[c] == nil; i += callers {
				start := time.Now()
				_, errs[c] = s.Settle(bg, settlement(attempts[i], i))
				took[i] = time.Since(start)
			}
		})
	}
	all.Wait()
	slices.Sort(took)
	return took, errors.Join(errs...)
}

// inFlight is how many callers settle at once: the clients of the reference.
const inFlight = 64

func settle(b *bench) ([]row, error) {
	s, err := b.store()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	attempts, err := leased(s, min(b.contacts/2, 150_000))
	if err != nil {
		return nil, err
	}
	start := time.Now()
	took, err := settleAll(s, attempts, inFlight)
	if err != nil {
		return nil, err
	}
	r := row{what: "durable settles, 64 in flight", floor: "15,000/s, p99 10 ms",
		ours: fmt.Sprintf("%s, p50 %s, p99 %s", perSecond(len(took), time.Since(start)), ms(quantile(took, .5)), ms(quantile(took, .99)))}
	if b.pg != nil {
		r.reference, err = settleReference(b.pg)
	}
	return []row{r}, err
}

// settleReference inserts one row of the size of a call record a commit.
func settleReference(pg *postgres) (string, error) {
	if err := pg.do("create table if not exists settled (id bigserial primary key, phone text, outcome text, body text)"); err != nil {
		return "", err
	}
	const period = 10 * time.Second
	n, took, err := pg.run("insert into settled (phone, outcome, body) values ('+40722000000', 'no-answer', repeat('x', 700));\n", inFlight, period)
	return fmt.Sprintf("%s, p50 %s, p99 %s (a row a commit)", perSecond(n, period), ms(quantile(took, .5)), ms(quantile(took, .99))), err
}

// callsASecond is the load of a large centre.
const callsASecond = 500

// calls leases and settles 500 calls a second: contacts are leased ten times a
// second, noted when they ring, and settled one to three seconds later.
func calls(b *bench) ([]row, error) {
	s, err := b.store()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	if most := b.contacts / 2 / callsASecond; b.period > time.Duration(most)*time.Second {
		return nil, fmt.Errorf("%s contacts are not enough for %s; give more -contacts or fewer -minutes", thousands(b.contacts), b.period)
	}
	c := &centre{s: s}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	for range int(b.period / (100 * time.Millisecond)) {
		<-tick.C
		c.all.Go(c.lease)
	}
	c.all.Wait()
	slices.Sort(c.leases)
	slices.Sort(c.settles)
	if len(c.settles) == 0 || c.err != nil {
		return nil, cmp.Or(c.err, errors.New("no call was settled"))
	}
	return []row{{what: fmt.Sprintf("%d calls a second, lease to settled, for %s", callsASecond, b.period), floor: "p99 20 ms a step",
		ours: fmt.Sprintf("%s; lease p50 %s, p99 %s; settle p50 %s, p99 %s", perSecond(len(c.settles), time.Since(start)),
			ms(quantile(c.leases, .5)), ms(quantile(c.leases, .99)), ms(quantile(c.settles, .5)), ms(quantile(c.settles, .99)))}}, nil
}

type centre struct {
	s   *contactdb.Store
	all sync.WaitGroup

	mu              sync.Mutex // guards what follows
	leases, settles []time.Duration
	err             error
}

func (c *centre) lease() {
	start := time.Now()
	res, err := c.s.Lease(bg, request(callsASecond/10))
	c.keep(&c.leases, time.Since(start), err)
	for i, a := range res.Attempts {
		c.all.Go(func() {
			time.Sleep(500 * time.Millisecond)
			if err := c.s.Note(a.ID, contactdb.Notes{PlacedAt: begin, RingingAt: begin}); err != nil {
				c.keep(nil, 0, err)
			}
			time.Sleep(time.Duration(500+rand.IntN(2000)) * time.Millisecond)
			start := time.Now()
			_, err := c.s.Settle(bg, settlement(a.ID, i))
			c.keep(&c.settles, time.Since(start), err)
		})
	}
}

func (c *centre) keep(into *[]time.Duration, took time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if into != nil {
		*into = append(*into, took)
	}
	c.err = cmp.Or(c.err, err)
}

// open closes and opens the store again.
func open(b *bench) ([]row, error) {
	s, err := b.store()
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	start := time.Now()
	if s, err = b.store(); err != nil {
		return nil, err
	}
	took := time.Since(start)
	return []row{{what: fmt.Sprintf("open at %s contacts", thousands(b.contacts)), floor: "3 s at 10 M", ours: ms(took)}}, s.Close()
}
