package contactdb

import (
	"fmt"
	"iter"
	"testing"
	"time"
)

// manyPeople yields n contacts of about 400 bytes.
func manyPeople(n int) iter.Seq2[Contact, error] {
	return func(yield func(Contact, error) bool) {
		for i := range n {
			// Numbers come in no order, as in a file.
			c := person(i * 7919 % 100_000_000)
			c.FirstName, c.LastName, c.Email, c.City = "Maria Elena", "Constantinescu", fmt.Sprintf("maria%d@example.org", i), "Cluj-Napoca"
			c.Fields = map[string]string{"contract": fmt.Sprint(i), "product": "fibre 500", "since": "2021-04-01"}
			if !yield(c, nil) {
				return
			}
		}
	}
}

func benchStore(b *testing.B, contacts int) *Store {
	b.Helper()
	s, err := Open(Config{Path: b.TempDir() + "/store.db"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	mustApply(b, s, "c", "v1")
	if _, err := s.Import(bg, "a", monday, manyPeople(contacts)); err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkLease100 leases 100 contacts in one durable transaction.
func BenchmarkLease100(b *testing.B) {
	s := benchStore(b, 100*b.N)
	b.ResetTimer()
	for range b.N {
		if res := mustLease(b, s, request("c", 100, "a")); len(res.Attempts) != 100 {
			b.Fatalf("leased %d", len(res.Attempts))
		}
	}
	b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "leases/s")
}

// BenchmarkAhead50 looks at the next 50 contacts, 20 of which were tried before.
func BenchmarkAhead50(b *testing.B) {
	s := benchStore(b, 10_000)
	for _, a := range mustLease(b, s, request("c", 20, "a")).Attempts {
		if _, err := s.Settle(bg, ended(a, Busy, monday, monday)); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for range b.N {
		if next, err := s.Ahead(bg, request("c", 50, "a")); err != nil || len(next) != 50 {
			b.Fatal(len(next), err)
		}
	}
}

// BenchmarkSettle settles attempts from 64 callers at once.
func BenchmarkSettle(b *testing.B) {
	s := benchStore(b, b.N)
	attempts := mustLease(b, s, request("c", b.N, "a")).Attempts
	for len(attempts) < b.N {
		attempts = append(attempts, mustLease(b, s, request("c", b.N-len(attempts), "a")).Attempts...)
	}
	work := make(chan Attempt)
	done := make(chan error)
	b.ResetTimer()
	for range 64 {
		go func() {
			var failed error
			for a := range work {
				if _, err := s.Settle(bg, ended(a, Busy, monday, monday.Add(time.Hour))); err != nil {
					failed = err
				}
			}
			done <- failed
		}()
	}
	for _, a := range attempts {
		work <- a
	}
	close(work)
	for range 64 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "settled/s")
}

// BenchmarkImport imports 100,000 contacts, staged in parts, durable at the end.
func BenchmarkImport(b *testing.B) {
	const rows = 100_000
	for b.Loop() {
		benchStore(b, rows)
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkSuppressed looks a number up among 100,000 suppressed ones.
func BenchmarkSuppressed(b *testing.B) {
	s := benchStore(b, 0)
	const entries = 100_000
	_, err := s.Suppress(bg, func(yield func(Suppression, error) bool) {
		for i := range entries {
			if !yield(Suppression{Phone: person(i).Phone, Reason: "asked", AddedAt: monday}, nil) {
				return
			}
		}
	})
	if err != nil {
		b.Fatal(err)
	}
	i := 0
	for b.Loop() {
		i++
		if entry, err := s.Suppressed(Target{Phone: person(i % entries).Phone}, monday); err != nil || entry == nil {
			b.Fatal(entry, err)
		}
	}
}
