package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"apel/contactdb"
)

// beside does something while 500 calls a second are leased, ten times a second, and settled, and says how long it took and how long those took.
func beside(s *contactdb.Store, do func() error) (took time.Duration, meanwhile string, err error) {
	live, err := leased(s, 5_000)
	if err != nil {
		return 0, "", err
	}
	settle := newSettler(s)
	settle.give(live)
	done := make(chan error, 1)
	start := time.Now()
	go func() { done <- do() }()
	l := &leased100{}
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for more := true; more; {
		select {
		case err = <-done:
			took, more = time.Since(start), false
		case <-tick.C:
			begun := time.Now()
			res, e := s.Lease(bg, request(callsASecond/10))
			if e != nil {
				return 0, "", errors.Join(e, settle.end(), <-done)
			}
			l.took = append(l.took, time.Since(begun))
			settle.give(ids(res.Attempts))
		}
	}
	l.sort()
	err = cmp.Or(err, settle.end())
	return took, fmt.Sprintf("meanwhile a lease of 50 takes p50 %s, p99 %s, a settle p99 %s", ms(quantile(l.took, .5)), ms(quantile(l.took, .99)), ms(quantile(settle.took, .99))), err
}

// keeping looks through the store and backs it up while calls go on, and writes it
// anew without its free pages.
func keeping(b *bench) (rows []row, _ error) {
	s, err := b.store()
	if err != nil {
		return nil, err
	}
	defer s.Close() // where it counts it is closed below
	size := func(path string) int64 {
		info, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	path, copied := b.path(), filepath.Join(b.dir, "backup.db")
	defer func() { _ = os.Remove(copied) }()
	took, meanwhile, err := beside(s, func() error {
		f, err := os.Create(copied)
		if err != nil {
			return err
		}
		w := bufio.NewWriterSize(f, 1<<20)
		_, err = s.Backup(bg, w)
		return errors.Join(err, w.Flush(), f.Close())
	})
	if err != nil {
		return rows, err
	}
	rows = append(rows, row{what: fmt.Sprintf("backup of %s contacts while calls go on", thousands(b.contacts)), floor: "lease p99 25 ms, settle p99 20 ms",
		ours: fmt.Sprintf("%s, %d MB; %s", took.Round(time.Millisecond), size(copied)>>20, meanwhile)})
	if took, meanwhile, err = beside(s, s.Check); err != nil {
		return rows, err
	}
	rows = append(rows, row{what: "check of all of it while calls go on", floor: "lease p99 25 ms, settle p99 20 ms", ours: fmt.Sprintf("%s; %s", took.Round(time.Millisecond), meanwhile)})
	if err := s.Close(); err != nil {
		return rows, err
	}
	memory, start := watchMemory(), time.Now()
	before, after, err := contactdb.Compact(path)
	peak := memory()
	if err != nil {
		return rows, err
	}
	return append(rows, row{what: "compact", ours: fmt.Sprintf("%s, %d to %d MB, memory %d MB at most", time.Since(start).Round(time.Millisecond), before>>20, after>>20, peak>>20)}), nil
}

// best leases in the order of the chance that somebody answers.
func best(b *bench) ([]row, error) {
	s, err := b.store()
	if err != nil {
		return nil, err
	}
	req := request(100)
	req.Lists[0].Order = contactdb.Best
	req.Score = func([]string) float64 { return .3 }
	l, err := leaseAllAs(s, 20, min(b.contacts/200, 200), req)
	if err = errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	return []row{{what: fmt.Sprintf("the next 100 of %s, best chance first, settling %d a second", thousands(b.contacts), callsASecond), floor: "10,000 contacts/s, p99 25 ms", ours: l.String()}}, nil
}
