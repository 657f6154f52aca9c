package campaign

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"apel/contactdb"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What plan and why say of a campaign's contacts adds up to its lists, and is
// what the lease does at that instant: it takes exactly those who are dialable
// now.
func TestTheReasonsAddUpToTheListsAndAreThoseOfTheLease(t *testing.T) {
	dir, runs := t.TempDir(), 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		s, err := contactdb.Open(contactdb.Config{Path: filepath.Join(dir, fmt.Sprint(runs))})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		now := genInstant().Draw(rt, "now")
		d := Default("spring")
		d.Lists = []List{{Name: "a", Order: contactdb.Newest, Weight: 2}, {Name: "b"}}
		d.Lists[1].Filter, _ = parseFilter(`"vip" in tags or balance >= 0`)
		d.Filter, _ = parseFilter(`city != "Cluj"`)
		d.Consent.Required, d.Country = rapid.Bool().Draw(rt, "consent"), "RO"
		d.Windows = []Window{{Days: [7]bool{true, true, true, true, true, true, true}, From: 6 * time.Hour, To: 22 * time.Hour}}
		f := filling{rt, s, d, now}
		f.fill()

		view := contactdb.Viewpoint{Campaign: "spring", Now: now}
		want, kinds := map[uint64]bool{}, map[string]int{}
		for _, l := range d.Lists {
			n := 0
			for c, err := range s.Candidates(view, []string{l.Name}) {
				if err != nil {
					rt.Fatal(err)
				}
				v := d.Judge(c, now)
				if (v.Reason == "") != (v.Kind == contactdb.Yes) {
					rt.Fatalf("contact %d: %+v has no reason", c.ID, v)
				}
				if n++; v.Kind == contactdb.Yes {
					want[c.ID] = true
				}
				kinds[l.Name+" "+v.Reason]++
			}
			list, err := s.List(l.Name)
			if err != nil {
				rt.Fatal(err)
			}
			if n != list.Contacts {
				rt.Fatalf("the reasons of list %s add up to %d, and it has %d contacts", l.Name, n, list.Contacts)
			}
		}
		if diff := cmp.Diff(want, f.lease()); diff != "" {
			rt.Fatalf("(-dialable now +leased): %s\n%v", diff, maps.Collect(maps.All(kinds)))
		}
	})
}

// filling fills a store with contacts in all states.
type filling struct {
	*rapid.T
	s   *contactdb.Store
	d   *Definition
	now time.Time
}

func (f filling) fill() {
	bg, draw := context.Background(), func(what string, n int) int { return rapid.IntRange(0, n-1).Draw(f.T, what) }
	if _, err := f.s.ApplyCampaign("spring", []byte("v1"), f.now); err != nil {
		f.Fatal(err)
	}
	next := 0
	for _, l := range f.d.Lists {
		var rows []contactdb.Contact
		for range draw("contacts", 12) {
			next++
			c := contactdb.Contact{Phone: fmt.Sprintf("+40712%06d", next), Region: []string{"RO", "RO", "RO", "MD"}[draw("region", 4)],
				Zones: [][]string{{"Europe/Bucharest"}, {"Europe/Bucharest"}, {"America/New_York", "Europe/Bucharest"}, {"Nowhere"}}[draw("zones", 4)],
				City:  []string{"Cluj", "Iași", ""}[draw("city", 3)], Fields: map[string]string{"balance": fmt.Sprint(draw("balance", 3) - 1)}}
			if draw("consent", 3) > 0 {
				c.Consent = &contactdb.Consent{Kind: []string{"marketing", "withdrawn"}[draw("kind", 2)], Expires: f.now.Add(time.Duration(draw("expires", 3)-1) * time.Hour)}
			}
			if draw("numbers", 2) == 0 { // a second one, perhaps by another clock
				c.Numbers = []contactdb.Number{{Phone: c.Phone, Region: c.Region, Zones: c.Zones},
					{Phone: fmt.Sprintf("+40213%06d", next), Region: "RO", Type: "mobile", Zones: [][]string{{"Asia/Tokyo"}, {"America/New_York"}}[draw("its zone", 2)]}}
				c.Zones, c.Zone = nil, []string{"", "", "America/New_York"}[draw("lives", 3)]
			}
			rows = append(rows, c)
		}
		if _, err := f.s.Import(bg, l.Name, f.now, func(yield func(contactdb.Contact, error) bool) {
			for _, c := range rows {
				if !yield(c, nil) {
					return
				}
			}
		}); err != nil {
			f.Fatal(err)
		}
	}
	if _, err := f.s.Suppress(bg, func(yield func(contactdb.Suppression, error) bool) {
		_ = yield(contactdb.Suppression{Phone: "+40712000003", AddedAt: f.now}, nil) && yield(contactdb.Suppression{Prefix: "+4071200001", Scope: "campaign:spring", AddedAt: f.now}, nil)
	}); err != nil {
		f.Fatal(err)
	}
	f.past()
	if err := f.s.Rejudge("spring"); err != nil { // who was passed over then was so by other rules
		f.Fatal(err)
	}
}

// past lets some contacts have been called two hours ago.
func (f filling) past() {
	req := f.request(rapid.IntRange(0, 6).Draw(f.T, "called before"), f.now.Add(-2*time.Hour))
	req.Open = func([]string) (bool, time.Time) { return true, time.Time{} }
	req.Judge = func(contactdb.Candidate) contactdb.Verdict { return contactdb.Verdict{Kind: contactdb.Yes} }
	res, err := f.s.Lease(context.Background(), req)
	if err != nil {
		f.Fatal(err)
	}
	for _, a := range res.Attempts {
		outcome := rapid.SampledFrom([]string{"", contactdb.Busy, contactdb.NoAnswer, contactdb.Human}).Draw(f.T, "outcome")
		if outcome == "" {
			continue // still in its call
		}
		st := contactdb.Settlement{Record: contactdb.Record{ID: a.ID, Outcome: outcome, EndedAt: req.Now}}
		st.NextTry, st.Final = f.d.NextTry(a, outcome, "", req.Now)
		if _, err := f.s.Settle(context.Background(), st); err != nil {
			f.Fatal(err)
		}
	}
}

func (f filling) request(n int, now time.Time) contactdb.LeaseRequest {
	req := contactdb.LeaseRequest{Viewpoint: contactdb.Viewpoint{Campaign: "spring", Now: now}, Version: 1, Max: n, Owner: "test", TTL: time.Hour}
	for _, l := range f.d.Lists {
		req.Lists = append(req.Lists, contactdb.Source{List: l.Name, Weight: l.Weight, Order: l.Order})
	}
	return req
}

// lease takes everybody whom the rules give.
func (f filling) lease() map[uint64]bool {
	got := map[uint64]bool{}
	for {
		req := f.request(3, f.now)
		req.Open = func(zones []string) (bool, time.Time) { return f.d.Open(zones, f.now) }
		req.Judge = func(c contactdb.Candidate) contactdb.Verdict { return f.d.Judge(c, f.now) }
		res, err := f.s.Lease(context.Background(), req)
		if err != nil {
			f.Fatal(err)
		}
		for _, a := range res.Attempts {
			got[a.Contact.ID] = true
		}
		if len(res.Attempts) == 0 && !res.More {
			return got
		}
	}
}
