package contactdb

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func withField(n int, value string) Contact {
	c := person(n)
	c.Fields = map[string]string{"balance": value}
	return c
}

func byField(campaign string, n int, order Order, lists ...string) LeaseRequest {
	req := request(campaign, n, lists...)
	for i := range req.Lists {
		req.Lists[i].Order = order
	}
	return req
}

// leaseAllOf leases in parts until nobody is left.
func leaseAllOf(t testing.TB, s *Store, req LeaseRequest) (order []string) {
	t.Helper()
	for {
		res := mustLease(t, s, req)
		for _, a := range res.Attempts {
			order = append(order, a.Contact.Fields["balance"])
		}
		if len(res.Attempts) == 0 && !res.More {
			return order
		}
	}
}

func TestAListIsWalkedInTheOrderOfAField(t *testing.T) {
	for order, want := range map[Order]string{
		"highest balance": "[1.000,5 30 7 -2 -10 n/a low ]",
		"lowest balance":  "[low n/a -10 -2 7 30 1.000,5 ]",
	} {
		s := newStore(t)
		mustApply(t, s, "c", "v1")
		far := withField(9, "30")
		far.Zones = []string{chisinau}
		mustImport(t, s, "a", withField(1, "7"), withField(2, "-10"), withField(3, "n/a"), withField(4, ""), withField(5, "1.000,5"), withField(6, "-2"), withField(7, "low"), far)
		if got := fmt.Sprint(leaseAllOf(t, s, byField("c", 3, order, "a"))); got != want {
			t.Errorf("%s: %s, want %s", order, got, want)
		}
	}
}

func TestWhoComesOrChangesDuringAWalkByAFieldIsInTurn(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", withField(1, "50"), withField(2, "40"), withField(3, "30"), withField(4, "20"))
	req := byField("c", 2, "highest balance", "a")
	first := mustLease(t, s, req)
	if got := phones(first.Attempts); !slices.Equal(got, numbers(1, 2)) {
		t.Fatalf("first %v", got)
	}
	mustImport(t, s, "a", withField(5, "90"), withField(6, "10"), withField(7, "25")) // before, after and in the rest
	c := collect(t, s.Contacts("a"))[3]
	c.Fields = map[string]string{"balance": "5"} // the one of 20 goes last
	if _, err := s.PutContact(c, monday); err != nil {
		t.Fatal(err)
	}
	var got []string
	req.Max = 1
	for range 6 {
		got = append(got, phones(mustLease(t, s, req).Attempts)...)
	}
	// Who was edited is considered at once: what kept it back may have changed.
	slices.Sort(got[:2])
	if want := append(numbers(4, 5), numbers(3, 7, 6)...); !slices.Equal(got, want) {
		t.Errorf("then %v, want %v", got, want)
	}
}

func TestArrangePutsAListInOrderBeforeItsFirstLease(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	var rows []Contact
	for i := range 3 * orderStep {
		rows = append(rows, withField(i, fmt.Sprint(i*7919%(3*orderStep))))
	}
	mustImport(t, s, "a", rows...)
	if err := s.Arrange(bg, "a", "highest balance"); err != nil {
		t.Fatal(err)
	}
	got := leaseAllOf(t, s, byField("c", 500, "highest balance", "a"))
	if len(got) != len(rows) || !slices.IsSortedFunc(got, func(a, b string) int { return cmp.Compare(FieldNumber(b), FieldNumber(a)) }) {
		t.Errorf("%d leased, of %d, and not in order", len(got), len(rows))
	}
	if err := s.Arrange(bg, "b", "highest balance"); !errors.Is(err, ErrNotFound) {
		t.Errorf("error %v, want %v", err, ErrNotFound)
	}
	if err := s.RemoveList("a"); !errors.Is(err, ErrState) { // its calls are live
		t.Errorf("error %v, want %v", err, ErrState)
	}
}

func TestAnUnarrangedListIsCalledWhileItIsPutInOrder(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	var rows []Contact
	for i := range 2*orderStep + 10 {
		rows = append(rows, withField(i, fmt.Sprint(i)))
	}
	mustImport(t, s, "a", rows...)
	if got := len(leaseAllOf(t, s, byField("c", 700, "lowest balance", "a"))); got != len(rows) {
		t.Errorf("%d leased, of %d", got, len(rows))
	}
}

// Whatever is imported, edited, removed and leased in between, everybody is
// leased once, and a walk without changes gives its list in order.
func TestNoChangeLosesAContactOfAWalkByAField(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, err := Open(Config{Path: t.TempDir() + "/store.db"})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		if _, err := s.ApplyCampaign("c", []byte("v1"), monday); err != nil {
			rt.Fatal(err)
		}
		value := func() string {
			return rapid.SampledFrom([]string{"", "x", "yy", "-1", "0", "3", "4.5", "1000"}).Draw(rt, "value")
		}
		next, now, leasedOnce := 0, monday, map[uint64]int{}
		order := rapid.SampledFrom([]Order{"highest balance", "lowest balance"}).Draw(rt, "order")
		imported := map[uint64]bool{}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			now = now.Add(time.Minute)
			switch rapid.IntRange(0, 3).Draw(rt, "do") {
			case 0:
				var rows []Contact
				for range rapid.IntRange(1, 6).Draw(rt, "rows") {
					next++
					c := withField(next, value())
					if rapid.IntRange(0, 3).Draw(rt, "far") == 0 {
						c.Zones = []string{chisinau}
					}
					rows = append(rows, c)
				}
				if _, err := s.Import(bg, "a", now, rowsOf(rows...)); err != nil {
					rt.Fatal(err)
				}
			case 1:
				var all []Contact
				for c, err := range s.Contacts("a") {
					if err != nil {
						break
					}
					all = append(all, c)
				}
				if len(all) > 0 {
					c := rapid.SampledFrom(all).Draw(rt, "edited")
					c.Fields = map[string]string{"balance": value()}
					c.Zones = []string{rapid.SampledFrom([]string{bucharest, chisinau}).Draw(rt, "zone")}
					if _, err := s.PutContact(c, now); err != nil {
						rt.Fatal(err)
					}
				}
			default:
				req := byField("c", rapid.IntRange(1, 4).Draw(rt, "max"), order, "a")
				req.Now = now
				res, err := s.Lease(bg, req)
				if err != nil {
					rt.Fatal(err)
				}
				for _, a := range res.Attempts {
					leasedOnce[a.Contact.ID]++
				}
			}
		}
		for more := true; more; {
			req := byField("c", 5, order, "a")
			req.Now = now.Add(time.Hour)
			res, err := s.Lease(bg, req)
			if err != nil {
				rt.Fatal(err)
			}
			for _, a := range res.Attempts {
				leasedOnce[a.Contact.ID]++
			}
			more = len(res.Attempts) > 0 || res.More
		}
		for c, err := range s.Contacts("a") {
			if err != nil {
				break
			}
			imported[c.ID] = true
			if leasedOnce[c.ID] != 1 {
				rt.Fatalf("contact %d (%q) was leased %d times", c.ID, c.Fields["balance"], leasedOnce[c.ID])
			}
		}
		if len(imported) != len(leasedOnce) {
			rt.Fatalf("%d contacts, %d leased", len(imported), len(leasedOnce))
		}
		if err := s.Check(); err != nil {
			rt.Fatal(err)
		}
	})
}

func TestNumbersAreReadAsTheyAreWritten(t *testing.T) {
	for text, want := range map[string]float64{"1234.5": 1234.5, "1.234,5": 1234.5, "1 234,50": 1234.5, "1,234.5": 1234.5, "12,5": 12.5, "1.234.567": 1234567, "-3": -3, "1'000": 1000, "": math.NaN(), "abc": math.NaN()} {
		if got := FieldNumber(text); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}
