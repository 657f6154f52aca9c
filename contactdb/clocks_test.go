package contactdb

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

const berlin = "Europe/Berlin"

// homeAndMobile has a phone at home in Romania and a mobile of another zone.
func homeAndMobile(n int, mobile ...string) Contact {
	c := person(n)
	c.Numbers = []Number{{Phone: c.Phone, Kind: Home, Type: "fixed-line", Region: "RO", Zones: []string{bucharest}},
		{Phone: fmt.Sprintf("+4915112345%03d", n), Kind: Mobile, Type: "mobile", Region: "DE", Zones: mobile}}
	c.Zones = nil
	return c
}

func TestEachNumberHasItsOwnZones(t *testing.T) {
	for _, tt := range []struct {
		name   string
		c      Contact
		home   string // zones of the first number
		mobile string // ... and of the second
		all    string // of the contact
		clocks string // its class
	}{
		{"one number", person(1), "[Europe/Bucharest]", "[Europe/Bucharest]", "[Europe/Bucharest]", bucharest},
		{"two zones", homeAndMobile(1, berlin), "[Europe/Bucharest]", "[Europe/Berlin]", "[Europe/Berlin Europe/Bucharest]", "Europe/Berlin|Europe/Bucharest"},
		{"one zone", homeAndMobile(1, bucharest), "[Europe/Bucharest]", "[Europe/Bucharest]", "[Europe/Bucharest]", bucharest},
		{"one that may be in the other's zone too: open with the other at least", homeAndMobile(1, berlin, bucharest), "[Europe/Bucharest]", "[Europe/Berlin Europe/Bucharest]", "[Europe/Berlin Europe/Bucharest]", bucharest},
		{"where a number is nobody knows", homeAndMobile(1), "[Europe/Bucharest]", "[Europe/Bucharest]", "[Europe/Bucharest]", bucharest},
		{"said: one of the mobile's", living(homeAndMobile(1, berlin, chisinau), chisinau), "[Europe/Bucharest Europe/Chisinau]", "[Europe/Chisinau]", "[Europe/Bucharest Europe/Chisinau]", chisinau},
		{"said: abroad; the mobile went along, the phone at home did not", living(homeAndMobile(1, berlin), chisinau), "[Europe/Bucharest Europe/Chisinau]", "[Europe/Chisinau]", "[Europe/Bucharest Europe/Chisinau]", chisinau},
		{"said: home", living(homeAndMobile(1, berlin), bucharest), "[Europe/Bucharest]", "[Europe/Bucharest]", "[Europe/Bucharest]", bucharest},
		{"a zone that none explains holds for all", of(homeAndMobile(1, berlin), chisinau), "[Europe/Bucharest Europe/Chisinau]", "[Europe/Berlin Europe/Chisinau]", "[Europe/Berlin Europe/Bucharest Europe/Chisinau]", "Europe/Berlin,Europe/Chisinau|Europe/Bucharest,Europe/Chisinau"},
	} {
		c, err := tidyContact(tt.c)
		if err != nil {
			t.Fatal(err)
		}
		numbers := c.AllNumbers()
		home, mobile := c.ZonesOf(numbers[0].Phone), c.ZonesOf(numbers[len(numbers)-1].Phone)
		if fmt.Sprint(home) != tt.home || fmt.Sprint(mobile) != tt.mobile || fmt.Sprint(c.Zones) != tt.all || c.clocks() != tt.clocks {
			t.Errorf("%s: %v, %v; all %v; class %q", tt.name, home, mobile, c.Zones, c.clocks())
		}
		again, err := tidyContact(c)
		if err != nil || !again.equal(c) {
			t.Errorf("%s: kept again it is another: %v", tt.name, again)
		}
	}
}

func living(c Contact, zone string) Contact { c.Zone = zone; return c }
func of(c Contact, zones ...string) Contact { c.Zones = zones; return c }

// onlyIn is a rule by which one zone is open, and all others open in so many hours.
func onlyIn(zone string, hours map[string]int) func([]string) (bool, time.Time) {
	return func(zones []string) (bool, time.Time) {
		if slices.Equal(zones, []string{zone}) {
			return true, time.Time{}
		}
		return false, monday.Add(time.Duration(hours[zones[0]]) * time.Hour)
	}
}

func TestAContactIsLeasedWhileOneOfItsNumbersIsOpen(t *testing.T) {
	s := newStore(t)
	mustApply(t, s, "c", "v1")
	both := person(3)
	both.Zones = []string{berlin, bucharest} // one number that may be in either
	mustImport(t, s, "a", homeAndMobile(1, berlin), person(2), both)
	list, err := s.List("a")
	if err != nil || fmt.Sprint(list.Zones) != "[{[Europe/Berlin Europe/Bucharest] [] 1} {[Europe/Berlin Europe/Bucharest] [[Europe/Berlin] [Europe/Bucharest]] 1} {[Europe/Bucharest] [] 1}]" {
		t.Errorf("the list's zones: %v %v", list.Zones, err)
	}
	req := request("c", 10, "a")
	req.Open = onlyIn("Nowhere", map[string]int{bucharest: 2, berlin: 1})
	res := mustLease(t, s, req)
	if res.Examined != 0 || !res.NextAt.Equal(monday.Add(time.Hour)) {
		t.Errorf("all closed: %d examined, next %v", res.Examined, res.NextAt)
	}
	req.Open = onlyIn(berlin, map[string]int{bucharest: 2})
	req.Judge = func(c Candidate) Verdict {
		for _, n := range c.AllNumbers() {
			if open, _ := req.Open(c.ZonesOf(n.Phone)); open {
				return Verdict{Kind: Yes, Phone: n.Phone}
			}
		}
		t.Errorf("contact %d was looked at, and none of its numbers is open", c.ID)
		return Verdict{Kind: Later, When: monday.Add(time.Hour)}
	}
	if got := fmt.Sprint(phones(mustLease(t, s, req).Attempts)); got != "[+4915112345001]" {
		t.Errorf("leased in Berlin's hours: %s", got)
	}
}

// schema6.db.gz was written by the program of schema 6: ten contacts with a phone
// at home and a mobile of Berlin, five with one number that may be in both zones,
// five of Bucharest; of the first six one is final, one has a callback, one is in
// a call, three wait; another campaign has begun from the highest balance.
func TestContactsOfSchema6ArePutIntoTheClassesOfTheirNumbers(t *testing.T) {
	for steps := range 7 { // of four contacts, before a kill
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			path := kept(t, "schema6.db.gz")
			rezoneInPart(t, path, steps)
			lookRezoned(t, openStore(t, path)) // checked at the end
		})
	}
}

// rezoneInPart does what opening a file of schema 6 begins with, and no more of it.
func rezoneInPart(t *testing.T, path string, steps int) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s := &Store{db: db}
	if err := s.migrate(); err != nil {
		t.Fatal(err)
	}
	var next []byte
	for step := range steps {
		if err := db.Update(func(btx *bbolt.Tx) (err error) {
			next, err = (&tx{file: btx, dnc: &s.dnc, words: &s.words}).rezone(next, 4)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if next == nil && step < 3 {
			t.Fatalf("it was done in %d steps", step+1)
		}
	}
}

func lookRezoned(t *testing.T, s *Store) {
	t.Helper()
	list, err := s.List("a")
	if want := "[{[Europe/Berlin Europe/Bucharest] [] 5} {[Europe/Berlin Europe/Bucharest] [[Europe/Berlin] [Europe/Bucharest]] 10} {[Europe/Bucharest] [] 5}]"; err != nil || fmt.Sprint(list.Zones) != want {
		t.Errorf("the list's zones: %v %v", list.Zones, err)
	}
	live, err := s.Live()
	if err != nil || len(live) != 1 {
		t.Fatal(live, err)
	}
	mustSettle(t, s, ended(live[0], Busy, monday, monday.Add(time.Hour)))
	req := request("c", 99, "a")
	req.Now, req.Open = monday.Add(3*time.Hour), onlyIn(berlin, nil)
	if got := len(mustLease(t, s, req).Attempts); got != 9 { // the callback, three that waited and the one of the call, four fresh; not who is final
		t.Errorf("leased %d in Berlin's hours", got)
	}
	req = byField("ordered", 99, "highest balance", "a")
	req.Now, req.Open = monday.Add(3*time.Hour), onlyIn(bucharest, nil)
	if got := len(mustLease(t, s, req).Attempts); got != 6 { // the others are in calls
		t.Errorf("leased %d in Bucharest's hours", got)
	}
}
