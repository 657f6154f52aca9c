package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"apel/contactdb"
)

// fewContacts is the small store that the large one is compared with.
const fewContacts = 10_000

// lease takes the next 100 contacts, again and again, while 500 calls a second
// are settled.
func lease(b *bench) ([]row, error) {
	s, err := b.store()
	if err != nil {
		return nil, err
	}
	many, err := leaseAll(s, 200, min(b.contacts/200, 500))
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	few := &leased100{}
	for i := range 5 {
		s, err := contactdb.Open(contactdb.Config{Path: filepath.Join(b.dir, fmt.Sprintf("few-%d.db", i))})
		if err == nil {
			err = fillStore(s, fewContacts)
		}
		var part *leased100
		if err == nil {
			part, err = leaseAll(s, 5, 80)
		}
		if err = errors.Join(err, s.Close()); err != nil {
			return nil, err
		}
		few.took, few.contacts = append(few.took, part.took...), few.contacts+part.contacts
	}
	slices.Sort(few.took)
	return []row{{what: fmt.Sprintf("lease the next 100 of %s, settling %d a second", thousands(b.contacts), callsASecond),
		floor: "10,000 contacts/s, p99 25 ms, 2× of 10,000 contacts", ours: many.String(), reference: fmt.Sprintf("own, of %s: %s", thousands(fewContacts), few)}}, nil
}

// leased100 is how long each lease took.
type leased100 struct {
	took     []time.Duration
	contacts int
}

func (l *leased100) sort() { slices.Sort(l.took) }

func (l *leased100) String() string {
	sum := time.Duration(0)
	for _, d := range l.took {
		sum += d
	}
	return fmt.Sprintf("%s, p50 %s, p99 %s", perSecond(l.contacts, sum), ms(quantile(l.took, .5)), ms(quantile(l.took, .99)))
}

// leaseAll leases so many times, after some attempts have been made for the settler.
func leaseAll(s *contactdb.Store, before, times int) (*leased100, error) {
	return leaseAllAs(s, before, times, request(100))
}

func leaseAllAs(s *contactdb.Store, before, times int, req contactdb.LeaseRequest) (*leased100, error) {
	l := &leased100{}
	settle := newSettler(s)
	defer func() { _ = settle.end() }() // where it counts it is asked
	for i := range before + times {
		start := time.Now()
		res, err := s.Lease(bg, req)
		if err != nil {
			return nil, err
		}
		if i >= before {
			l.took, l.contacts = append(l.took, time.Since(start)), l.contacts+len(res.Attempts)
		}
		settle.give(ids(res.Attempts))
	}
	l.sort()
	return l, settle.end()
}

// settler settles 500 attempts a second of those that it is given.
type settler struct {
	s    *contactdb.Store
	stop context.CancelFunc
	all  sync.WaitGroup

	mu   sync.Mutex // guards what follows
	live []string
	took []time.Duration
	err  error
}

func newSettler(s *contactdb.Store) *settler {
	ctx, stop := context.WithCancel(bg)
	r := &settler{s: s, stop: stop}
	r.all.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			for range callsASecond / 100 {
				r.one()
			}
		}
	})
	return r
}

func (r *settler) give(attempts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.live = append(r.live, attempts...)
}

func (r *settler) one() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.live) == 0 {
		return
	}
	a := r.live[0]
	r.live = r.live[1:]
	r.all.Go(func() {
		start := time.Now()
		_, err := r.s.Settle(bg, settlement(a, 1))
		r.mu.Lock()
		defer r.mu.Unlock()
		r.took, r.err = append(r.took, time.Since(start)), errors.Join(r.err, err)
	})
}

func (r *settler) end() error {
	r.stop()
	r.all.Wait()
	slices.Sort(r.took)
	return r.err
}

// suppression looks numbers up in a register of as many as the store has contacts.
func suppression(b *bench) ([]row, error) {
	path := filepath.Join(b.dir, "register.db")
	s, err := contactdb.Open(contactdb.Config{Path: path})
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.Remove(path) }()
	defer s.Close()
	phone := func(i int) string { return fmt.Sprintf("+40%09d", 200_000_000+i*79) }
	start := time.Now()
	if _, err := s.ReplaceRegister(bg, contactdb.Register{Name: "national"}, false, begin, func(yield func(string, error) bool) {
		for i := range b.contacts {
			if !yield(phone(i*7919%b.contacts), nil) {
				return
			}
		}
	}); err != nil {
		return nil, err
	}
	imported := time.Since(start)
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	const checks = 200_000
	took := make([]time.Duration, checks)
	for i := range took {
		n := rand.IntN(b.contacts)
		g := contactdb.Target{Phone: phone(n)}
		if i%2 == 1 {
			g.Phone = fmt.Sprintf("+40%09d", 200_000_000+n*79+1) // between two of them
		}
		start := time.Now()
		entry, err := s.Suppressed(g, begin)
		if took[i] = time.Since(start); err != nil || (entry != nil) != (i%2 == 0) {
			return nil, fmt.Errorf("%s: %+v, %w", g.Phone, entry, err)
		}
	}
	slices.Sort(took)
	return []row{{what: fmt.Sprintf("suppression check among %s", thousands(b.contacts)), floor: "p50 5 µs",
		ours: fmt.Sprintf("p50 %s, p99 %s", quantile(took, .5), quantile(took, .99))},
		{what: "a new issue of that register", ours: fmt.Sprintf("%s, file of %d MB", imported.Round(time.Millisecond), info.Size()>>20)}}, nil
}

// filtered applies a filter that one contact in a thousand meets, while calls
// are settled: how long until the first 100 are leased.
func filtered(b *bench) ([]row, error) {
	s, err := b.store()
	if err != nil {
		return nil, err
	}
	defer s.Close()
	settle := newSettler(s)
	defer func() { _ = settle.end() }() // where it counts it is asked
	live, err := leased(s, min(b.contacts/10, 10_000))
	if err != nil {
		return nil, err
	}
	settle.give(live)
	if _, err := s.ApplyCampaign("c", []byte(time.Now().String()), begin); err != nil {
		return nil, err
	}
	req := request(100)
	req.Judge = func(c contactdb.Candidate) contactdb.Verdict {
		if c.ID%1000 != 0 {
			return contactdb.Verdict{Kind: contactdb.Never, Reason: "filtered-out"}
		}
		return contactdb.Verdict{Kind: contactdb.Yes, Trunk: "carrier", CallerID: "+40210000000"}
	}
	start, got, looked, leases := time.Now(), 0, 0, 0
	for more := true; more && got < 100; leases++ {
		res, err := s.Lease(bg, req)
		if err != nil {
			return nil, err
		}
		got, looked, more = got+len(res.Attempts), looked+res.Examined, res.More
		req.Max = 100 - got
	}
	took := time.Since(start)
	if err := settle.end(); err != nil {
		return nil, err
	}
	return []row{{what: fmt.Sprintf("a changed filter that 1 in 1,000 of %s meet: the first %d", thousands(b.contacts), got),
		ours: fmt.Sprintf("%s, %s contacts looked at in %d leases; meanwhile a settle takes p99 %s", took.Round(time.Millisecond), thousands(looked), leases, ms(quantile(settle.took, .99)))}}, nil
}
