package contactdb

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// Each order of a walk, stopped after every number of contacts: who was called
// and may be again, and who was not called yet, is left.
func TestWhoIsLeftIsCountedByZoneAndHour(t *testing.T) {
	const people = 12
	for _, order := range []Order{Oldest, Newest, "highest balance"} {
		for calls := range people + 1 {
			s := newStore(t)
			mustApply(t, s, "c", "v1")
			var all []Contact
			for n := range people {
				c := withField(n, fmt.Sprint(n*7%5))
				if n%3 == 0 {
					c.Zones = []string{chisinau}
				}
				all = append(all, c)
			}
			mustImport(t, s, "a", all[:people/2]...)
			mustImport(t, s, "a", all[people/2:]...)
			if order == Newest {
				mustLease(t, s, byField("c", 0, order, "a"))
			}
			left := map[string]int{bucharest: 8, chisinau: 4}
			waiting := 0
			if calls > 0 {
				for i, a := range mustLease(t, s, byField("c", calls, order, "a")).Attempts {
					switch i % 4 {
					case 0:
						mustSettle(t, s, ended(a, Busy, monday, monday.Add(time.Hour)))
						waiting++
					case 1:
						mustSettle(t, s, ended(a, Human, monday, time.Time{}))
						left[a.Contact.Zones[0]]--
					case 2:
						st := ended(a, NoAnswer, monday, time.Time{})
						st.Promise = &Promise{At: monday.Add(3 * time.Hour)}
						mustSettle(t, s, st)
						waiting++
					default:
						left[a.Contact.Zones[0]]-- // in a call
					}
				}
			}
			for _, again := range []bool{false, true} {
				if again {
					mustApply(t, s, "c", "v2") // the walk begins anew
				}
				got, err := s.Left("c", byField("c", 1, order, "a").Lists)
				if err != nil {
					t.Fatal(err)
				}
				waits := 0
				for _, z := range got {
					if z.Contacts != left[z.Zones[0]] {
						t.Errorf("%q, %d calls, again %v: %d left in %s, want %d", order, calls, again, z.Contacts, z.Zones, left[z.Zones[0]])
					}
					sum := z.Fresh
					for _, h := range z.Waiting {
						sum += h.Contacts
						waits += h.Contacts
						if !h.At.Equal(monday.Add(time.Hour)) && !h.At.Equal(monday.Add(3*time.Hour)) {
							t.Errorf("%d wait from %v", h.Contacts, h.At)
						}
					}
					if sum != z.Contacts {
						t.Errorf("%d are not the sum of %+v", z.Contacts, z)
					}
				}
				if waits != waiting {
					t.Errorf("%q, %d calls, again %v: %d wait, want %d", order, calls, again, waits, waiting)
				}
			}
		}
	}
}

func TestWhomTheRulesRefuseIsNotLeft(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	mustImport(t, s, "a", people(0, 6)...)
	req := request("c", 10, "a")
	req.Judge = func(c Candidate) Verdict {
		switch c.ID % 3 {
		case 0:
			return Verdict{Kind: Never, Reason: "filtered-out"}
		case 1:
			return Verdict{Kind: Later, When: monday.Add(2 * time.Hour), Reason: "outside-hours"}
		}
		return yes(c)
	}
	mustLease(t, s, req)
	got, err := s.Left("c", req.Lists)
	if want := fmt.Sprint([]Left{{ZoneSet{Zones: []string{bucharest}, Contacts: 2}, 0, []HourOf{{monday.Add(2 * time.Hour), 2}}}}); err != nil || fmt.Sprint(got) != want {
		t.Errorf("left: %v %v, want %s", got, err, want)
	}
	mustApply(t, s, "c", "v2") // who waits by a rule is asked anew
	got, err = s.Left("c", req.Lists)
	if want := fmt.Sprint([]Left{{ZoneSet{Zones: []string{bucharest}, Contacts: 4}, 4, nil}}); err != nil || fmt.Sprint(got) != want {
		t.Errorf("after a new version: %v %v, want %s", got, err, want)
	}
	if _, err := s.Left("nowhere", nil); !errors.Is(err, ErrNotFound) {
		t.Errorf("of a campaign that is not there: %v", err)
	}
}
