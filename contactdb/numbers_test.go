package contactdb

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Contacts share numbers and have several. Rules choose any of a contact's
// numbers; whatever they do, and whenever it crashes, no number and no contact
// is in two live attempts, and no suppressed number is given.
func TestNoChoiceOfNumbersBreaksALease(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, err := Open(Config{Path: t.TempDir() + "/store.db"})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		for _, name := range []string{"c", "d"} {
			if _, err := s.ApplyCampaign(name, []byte("v1"), monday); err != nil {
				rt.Fatal(err)
			}
		}
		for _, list := range []string{"a", "b"} {
			var rows []Contact
			for i := range rapid.IntRange(1, 8).Draw(rt, "contacts") {
				c := person(i*10 + int(list[0])*1000)
				for range rapid.IntRange(0, 3).Draw(rt, "more numbers") {
					n := person(rapid.IntRange(1, 9).Draw(rt, "shared"))
					if len(c.Numbers) == 0 {
						c.Numbers = []Number{{Phone: c.Phone, Type: "mobile", Region: "RO", Zones: c.Zones}}
					}
					c.Numbers = append(c.Numbers, Number{Phone: n.Phone, Type: "fixed-line", Region: "RO", Zones: n.Zones})
				}
				rows = append(rows, c)
			}
			if _, err := s.Import(bg, list, monday, rowsOf(rows...)); err != nil {
				rt.Fatal(err)
			}
		}
		now, blocked := monday, map[string]bool{}
		var live []Attempt
		for step := range rapid.IntRange(1, 40).Draw(rt, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(rt, "minutes")) * time.Minute)
			switch rapid.IntRange(0, 4).Draw(rt, "do") {
			case 0:
				if len(live) > 0 {
					i := rapid.IntRange(0, len(live)-1).Draw(rt, "attempt")
					mustSettleOne(rt, s, ended(live[i], rapid.SampledFrom([]string{Busy, InvalidNumber, NoAnswer}).Draw(rt, "outcome"), now, now.Add(time.Hour)))
					live = slices.Delete(live, i, i+1)
				}
			case 1:
				phone := person(rapid.IntRange(1, 9).Draw(rt, "blocked")).Phone
				if _, err := s.Suppress(bg, oneEntry(phone)); err != nil {
					rt.Fatal(err)
				}
				blocked[phone] = true
			default:
				req := request(rapid.SampledFrom([]string{"c", "d"}).Draw(rt, "campaign"), 4, "a", "b")
				req.Now = now
				which := rapid.IntRange(0, 3).Draw(rt, "which")
				req.Judge = func(c Candidate) Verdict {
					v := Verdict{Kind: Yes, Trunk: "carrier"}
					if which > 0 && which <= len(c.Others) {
						v.Phone = c.Others[which-1].Phone
					}
					return v
				}
				res, err := s.Lease(bg, req)
				if err != nil {
					rt.Fatal(err)
				}
				for _, a := range res.Attempts {
					if blocked[a.Contact.Phone] {
						rt.Fatalf("step %d: suppressed %s was leased", step, a.Contact.Phone)
					}
				}
				live = append(live, res.Attempts...)
			}
			numbers, contacts := map[string]bool{}, map[uint64]string{}
			for _, a := range live {
				if numbers[a.Contact.Phone] {
					rt.Fatalf("step %d: %s is in two live attempts", step, a.Contact.Phone)
				}
				numbers[a.Contact.Phone] = true
				key := cmp.Or(contacts[a.Contact.ID], a.Campaign)
				if contacts[a.Contact.ID] == a.Campaign {
					rt.Fatalf("step %d: contact %d is twice in campaign %s", step, a.Contact.ID, key)
				}
				contacts[a.Contact.ID] = a.Campaign
			}
		}
		if err := s.Check(); err != nil {
			rt.Fatal(err)
		}
	})
}

func mustSettleOne(rt *rapid.T, s *Store, st Settlement) {
	if _, err := s.Settle(bg, st); err != nil {
		rt.Fatal(err)
	}
}

func TestTheProgressOfAContactNamesEachOfItsNumbers(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	c := person(1)
	c.Numbers = []Number{{Phone: c.Phone, Type: "mobile", Region: "RO", Zones: c.Zones}, {Phone: person(2).Phone, Type: "fixed-line", Region: "RO", Zones: c.Zones}}
	mustImport(t, s, "a", c)
	now := monday
	for i, want := range []string{"1 0", "1 1", "2 1"} {
		req := request("c", 1, "a")
		req.Now = now
		req.Judge = func(c Candidate) Verdict {
			return Verdict{Kind: Yes, Phone: []string{c.Phone, c.Others[0].Phone, ""}[i]}
		}
		a := mustLease(t, s, req).Attempts[0]
		if want := []string{person(1).Phone, person(2).Phone, person(1).Phone}[i]; a.Contact.Phone != want {
			t.Errorf("attempt %d is on %s, want %s", i, a.Contact.Phone, want)
		}
		now = now.Add(time.Hour)
		mustSettle(t, s, ended(a, Busy, now, now))
		p, err := s.Progress("c", a.Contact.ID)
		if err != nil {
			t.Fatal(err)
		}
		tries := map[string]int{}
		for _, n := range p.Numbers {
			tries[n.Phone] = n.Attempts
		}
		if got := fmt.Sprint(tries[person(1).Phone], " ", tries[person(2).Phone]); got != want {
			t.Errorf("after attempt %d: %s tries, want %s", i, got, want)
		}
	}
}
