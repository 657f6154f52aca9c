package conformance

import (
	"errors"
	"slices"
	"time"

	"apel/contactdb"
)

// promises are all of them: their names are sentences.
var promises = []struct {
	promise string
	prove   func(*fixture)
}{
	{"fresh contacts come list by list as they were imported", inOrder},
	{"a list may be taken from its newest, and by a field", byOrder},
	{"lists with weights get their shares over all leases", byWeight},
	{"what is due comes before what is fresh, the earliest first", dueFirst},
	{"closed zones are passed over and say when they open", closedZones},
	{"a contact is looked at while one of its numbers is in open zones", zonesOfNumbers},
	{"who is never to be called is looked at again when rules change", again},
	{"what is ahead is what the next lease gives, and to look changes nothing", ahead},
	{"who is chosen is taken first, if they may be called", chosen},
	{"who alone is asked for is given before the time, if the rules allow it", only},
	{"no number is in two live attempts, whoever has it", oneAttempt},
	{"no caller ID is shown more often than it may", callerIDs},
	{"what a candidate shows is what the lease judges", sameView},
	{"an attempt is settled once, and its record is in the chain", settledOnce},
	{"what a crash leaves is recorded as interrupted, once", recovered},
	{"an import is all or nothing and counts every row", imports},
	{"a suppressed number is not given, whatever the rules say", suppressed},
	{"entries count in their scope and for their time", scopes},
	{"an issue of a register takes the place of the one before", registers},
	{"a register that is needed and missing or old holds everybody back", neededRegister},
	{"a callback comes first, for its operator, then for anybody", callbacks},
	{"a promise made during a call stands if it is settled so", promisedInCall},
}

func inOrder(f *fixture) {
	f.importList("a", people(1, 2)...)
	f.importList("b", people(3)...)
	f.importList("a", people(4)...)
	f.gives(request(3, "b", "missing", "a"), 3, 1, 2)
	if res := f.gives(request(3, "b", "a"), 4); !res.NextAt.IsZero() || res.More {
		f.Errorf("nobody is left: %+v", res)
	}
}

func byOrder(f *fixture) {
	f.importList("a", people(5, 9, 7)...)
	f.importList("b", people(1, 2)...)
	req := request(2, "b")
	req.Lists[0].Order = contactdb.Newest
	f.gives(req, 2, 1)
	f.importList("b", people(3)...)
	f.gives(req, 3)
	req = request(3, "a")
	req.Lists[0].Order = "highest n"
	f.gives(req, 9, 7, 5)
}

func byWeight(f *fixture) {
	for list, from := range map[string]int{"a": 100, "b": 200} {
		for n := range 20 {
			f.importList(list, person(from+n))
		}
	}
	count := map[string]int{}
	for range 12 {
		req := request(1, "a", "b")
		req.Lists[0].Weight, req.Lists[1].Weight = 3, 1
		for _, a := range f.lease(req).Attempts {
			count[a.Contact.List]++
		}
	}
	if count["a"] != 9 || count["b"] != 3 {
		f.Errorf("twelve leases with weights 3 and 1 gave %v", count)
	}
}

func dueFirst(f *fixture) {
	f.importList("a", people(1, 2, 3, 4)...)
	first := f.lease(request(2, "a")).Attempts
	f.settle(first[0], contactdb.Busy, monday, monday.Add(2*time.Hour))
	f.settle(first[1], contactdb.NoAnswer, monday, monday.Add(time.Hour))
	req := request(1, "a")
	req.Now = monday.Add(3 * time.Hour)
	f.gives(req, 2)
	f.gives(req, 1)
	f.gives(req, 3)
}

func closedZones(f *fixture) {
	far := person(1)
	far.Zones = []string{there}
	f.importList("a", far, person(2))
	req, opens := request(9, "a"), monday.Add(time.Hour)
	req.Open = func(zones []string) (bool, time.Time) { return zones[0] == here, opens }
	if res := f.gives(req, 2); res.Examined != 1 || !res.NextAt.Equal(opens) {
		f.Errorf("examined %d, next at %s", res.Examined, res.NextAt)
	}
}

func zonesOfNumbers(f *fixture) {
	two := person(1)
	two.Numbers = []contactdb.Number{{Phone: phone(1), Type: "fixed-line", Region: "RO", Zones: []string{here}}, {Phone: phone(9), Type: "mobile", Region: "RO", Zones: []string{there}}}
	either := person(2)
	either.Zones = []string{here, there} // one number, which may be in both
	f.importList("a", two, either)
	req, opens := request(9, "a"), monday.Add(time.Hour)
	req.Open = func([]string) (bool, time.Time) { return false, opens }
	if res := f.gives(req); res.Examined != 0 || !res.NextAt.Equal(opens) {
		f.Errorf("all closed: examined %d, next at %s", res.Examined, res.NextAt)
	}
	req.Open = func(zones []string) (bool, time.Time) { return slices.Equal(zones, []string{there}), opens }
	req.Judge = func(c contactdb.Candidate) contactdb.Verdict {
		for _, n := range c.AllNumbers() {
			if open, _ := req.Open(c.ZonesOf(n.Phone)); open {
				return contactdb.Verdict{Kind: contactdb.Yes, Phone: n.Phone}
			}
		}
		f.Errorf("contact %d was looked at, and none of its numbers is in open zones", c.ID)
		return contactdb.Verdict{Kind: contactdb.Later, When: opens}
	}
	f.gives(req, 9)
}

func again(f *fixture) {
	f.importList("a", people(1)...)
	never := request(1, "a")
	never.Judge = func(contactdb.Candidate) contactdb.Verdict {
		return contactdb.Verdict{Kind: contactdb.Never, Reason: "rule"}
	}
	if res := f.gives(never); res.Passed["rule"] != 1 {
		f.Errorf("passed over: %v", res.Passed)
	}
	f.gives(request(1, "a"))
	f.must(f.s.Rejudge("c"))
	f.gives(never)
	f.apply("c", "v2")
	f.gives(request(1, "a"), 1)
}

// shown fails unless these are ahead, in this order.
func (f *fixture) shown(req contactdb.LeaseRequest, want ...int) []contactdb.Candidate {
	f.Helper()
	next, err := f.s.Ahead(bg, req)
	f.must(err)
	var got, wanted []string
	for _, c := range next {
		got = append(got, c.Phone)
	}
	for _, n := range want {
		wanted = append(wanted, phone(n))
	}
	if !slices.Equal(got, wanted) {
		f.Fatalf("ahead are %v, want %v", got, wanted)
	}
	return next
}

func ahead(f *fixture) {
	f.importList("a", people(1, 2, 3, 4, 5, 6)...)
	f.importList("b", people(5, 7)...)
	f.suppress(contactdb.Suppression{Phone: phone(4)})
	first := f.lease(request(2, "a", "b")).Attempts
	f.settle(first[0], contactdb.Busy, monday, monday.Add(time.Hour))
	_, err := f.s.PromiseCallback("c", f.contacts("b")[1], contactdb.Promise{At: monday.Add(2 * time.Hour)})
	f.must(err)
	req := request(9, "a", "b")
	req.Now = monday.Add(2 * time.Hour)
	for range 2 { // 7 was promised, 1 is due, 2 is in a call, 4 must not be called, 5 of list b has the number of another
		next := f.shown(req, 7, 1, 3, 5, 6)
		if p := next[1].Progress; p.Attempts != 1 || p.LastOutcome != contactdb.Busy || len(next[1].NumberTries) != 1 {
			f.Errorf("the second: %+v", next[1])
		}
	}
	few := req
	few.Max = 2
	f.shown(few, 7, 1)
	f.gives(req, 7, 1, 3, 5, 6)
	f.shown(req)
}

func chosen(f *fixture) {
	f.importList("a", people(1, 2, 3, 4, 5, 6)...)
	first := f.lease(request(1, "a")).Attempts
	f.settle(first[0], contactdb.Busy, monday, monday.Add(time.Hour))
	all := f.contacts("a")
	req := request(3, "a")
	f.suppress(contactdb.Suppression{Phone: phone(4)})
	req.Chosen = []uint64{all[4].ID, all[0].ID, all[3].ID, 999, all[4].ID} // 1 is not due yet, 4 must not be called
	f.shown(req, 5, 2, 3)
	f.gives(req, 5, 2, 3)
	req.Chosen, req.Now = []uint64{all[5].ID, all[0].ID}, monday.Add(time.Hour)
	f.gives(req, 6, 1)
	f.gives(req)
}

func only(f *fixture) {
	f.importList("a", people(1, 2, 3)...)
	all := f.contacts("a")
	a := f.gives(request(1, "a"), 1).Attempts[0]
	f.settle(a, contactdb.Busy, monday, monday.Add(time.Hour))
	req := request(9, "a")
	req.Only, req.Now = all[0].ID, monday.Add(2*time.Minute) // due in an hour, and free again
	f.gives(req, 1)
	f.gives(req) // in its call
	f.suppress(contactdb.Suppression{Phone: phone(3)})
	if req.Only = all[2].ID; f.gives(req).Passed["do-not-call"] != 1 {
		f.Errorf("a suppressed number that alone was asked for was not passed over")
	}
	if req.Only = 999; len(f.gives(req).Attempts) != 0 {
		f.Errorf("somebody was given for a contact that is not there")
	}
	f.gives(request(9, "a"), 2)
}

func oneAttempt(f *fixture) {
	f.apply("d", "v1")
	two := person(1)
	two.Numbers = []contactdb.Number{{Phone: phone(1), Region: "RO", Zones: two.Zones}, {Phone: phone(2), Region: "RO", Zones: two.Zones}}
	f.importList("a", two)
	f.importList("b", people(2)...)
	second := request(9, "a")
	second.Judge = func(contactdb.Candidate) contactdb.Verdict {
		return contactdb.Verdict{Kind: contactdb.Yes, Phone: phone(2)}
	}
	a := f.gives(second, 2).Attempts[0]
	other := request(9, "b")
	other.Campaign = "d"
	if res := f.gives(other); res.Passed["in-call"] != 1 {
		f.Errorf("passed over: %v", res.Passed)
	}
	f.settle(a, contactdb.Busy, monday, monday.Add(time.Hour))
	other.Now = monday.Add(2 * time.Minute)
	f.gives(other, 2)
}

func callerIDs(f *fixture) {
	f.importList("a", people(1, 2, 3, 4, 5)...)
	req := request(9, "a")
	req.Callers = []contactdb.CallerCap{{Number: "+40211", PerDay: 2}, {Number: "+40212", PerDay: 1}}
	res := f.gives(req, 1, 2, 3)
	var shown []string
	for _, a := range res.Attempts {
		shown = append(shown, a.CallerID)
	}
	if want := []string{"+40211", "+40212", "+40211"}; !slices.Equal(shown, want) || res.Held != contactdb.NoCallerID {
		f.Errorf("shown %v, held by %q", shown, res.Held)
	}
	if res.NextAt.Before(monday.Add(24 * time.Hour)) {
		f.Errorf("a number may be shown again at %s", res.NextAt)
	}
	req.Now = res.NextAt
	f.gives(req, 4, 5)
}

func sameView(f *fixture) {
	f.importList("a", people(1, 2)...)
	f.settle(f.lease(request(1, "a")).Attempts[0], contactdb.Busy, monday, monday)
	req := request(9, "a")
	req.Now = monday.Add(time.Hour)
	judged, seen := map[string]contactdb.Candidate{}, map[string]contactdb.Candidate{}
	req.Judge = func(c contactdb.Candidate) contactdb.Verdict {
		judged[c.Phone] = c
		return contactdb.Verdict{Kind: contactdb.Never, Reason: "look"}
	}
	for c, err := range f.s.Candidates(req.Viewpoint, []string{"a"}) {
		f.must(err)
		seen[c.Phone] = c
	}
	f.lease(req)
	if len(seen) != 2 || len(judged) != 2 {
		f.Fatalf("%d seen, %d judged", len(seen), len(judged))
	}
	for p, c := range seen {
		j := judged[p]
		if c.Progress.Attempts != j.Progress.Attempts || c.Progress.LastOutcome != j.Progress.LastOutcome || !slices.EqualFunc(c.NumberTries, j.NumberTries, time.Time.Equal) || c.Leased != j.Leased {
			f.Errorf("%s: seen %+v, judged %+v", p, c, j)
		}
	}
}

func settledOnce(f *fixture) {
	f.importList("a", people(1, 2)...)
	live := f.lease(request(2, "a")).Attempts
	for _, a := range live {
		f.settle(a, contactdb.Abandoned, monday, time.Time{})
	}
	if _, err := f.s.Settle(bg, contactdb.Settlement{Final: "x", Record: contactdb.Record{ID: live[0].ID, Outcome: contactdb.Busy}}); !errors.Is(err, contactdb.ErrState) {
		f.Errorf("settled twice: %v", err)
	}
	n := 0
	for r, err := range f.s.Records(contactdb.RecordFilter{Campaign: "c"}) {
		f.must(err)
		if n++; r.Outcome != contactdb.Abandoned || r.Hash == "" {
			f.Errorf("record %+v", r)
		}
	}
	v, err := f.s.Verify(bg)
	if err != nil || !v.OK || n != 2 {
		f.Errorf("%d records, chain %+v, %v", n, v, err)
	}
	y, err := f.s.Tally("c", time.Time{}, time.Time{})
	if err != nil || y.Attempts != 2 || y.Abandoned != 2 || y.LiveAnswers != 2 {
		f.Errorf("tally %+v, %v", y, err)
	}
}

func recovered(f *fixture) {
	f.importList("a", people(1, 2)...)
	f.lease(request(2, "a"))
	retry := monday.Add(4 * time.Hour)
	for i, want := range []int{2, 0} {
		got, err := f.s.Recover(bg, "", monday, func(contactdb.Attempt) (time.Time, string) { return retry, "" })
		if err != nil || len(got) != want {
			f.Errorf("time %d: recovered %d, %v", i, len(got), err)
		}
	}
	if live, err := f.s.Live(); err != nil || len(live) != 0 {
		f.Errorf("live: %v, %v", live, err)
	}
	for r, err := range f.s.Records(contactdb.RecordFilter{}) {
		f.must(err)
		if r.Outcome != contactdb.Interrupted {
			f.Errorf("record %+v", r)
		}
	}
	req := request(9, "a")
	req.Now = retry
	f.gives(req, 1, 2)
}

func imports(f *fixture) {
	res := f.importList("a", people(1, 2, 1)...)
	if res.Rows != 3 || res.Imported != 2 || res.Duplicates != 1 {
		f.Errorf("import %+v", res)
	}
	broken := func(yield func(contactdb.Contact, error) bool) {
		_ = yield(person(9), nil) && yield(contactdb.Contact{}, errors.New("row 2"))
	}
	if _, err := f.s.Import(bg, "a", monday, broken); err == nil {
		f.Error("a broken import was taken")
	}
	f.gives(request(9, "a"), 1, 2)
}
