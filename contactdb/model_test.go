package contactdb

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"
)

// model is the store as its contract describes it, in plain slices: no index,
// no cursor, no file. The model test plays the same operations on both.
type model struct {
	contacts []*mContact // all lists, by id
	lists    map[string]*mList
	camps    map[string]*mCampaign
	dnc      map[string]Suppression // by key
	regs     map[string]mRegister
	tries    map[string][]time.Time
	live     []*mAttempt // oldest first
	records  []Record    // hashes left out
	nextID   uint64
	nextSeg  int
	attempts int
}

type mContact struct {
	Contact
	seg   int
	state map[string]*mState
}

type mList struct{ segs []int }

type mCampaign struct {
	salt    string
	sources []string
	inForce int
	cursors map[mGroup]uint64 // how far the walk over fresh contacts has come
	seen    map[uint64]bool   // contacts of a list from the newest that it has seen
	credit  map[string]int    // of lists with weights
}

// mGroup is the contacts of one part of a list that share their zones.
type mGroup struct {
	seg   int
	zones string
}

func (c *mContact) group() mGroup { return mGroup{c.seg, strings.Join(c.Zones, ",")} }

type mState struct {
	Progress
	due   time.Time // zero: does not wait
	owed  time.Time // when its promise is due; zero: none, or in a call
	ruled bool
	live  bool
}

func (s *mState) taken() bool {
	return !s.due.IsZero() && !s.ruled || s.live || s.Final != "" || s.Promise != nil
}

type mAttempt struct {
	Attempt
	c *mContact
}

func newModel() *model {
	return &model{lists: map[string]*mList{}, camps: map[string]*mCampaign{}, dnc: map[string]Suppression{}, regs: map[string]mRegister{}, tries: map[string][]time.Time{}}
}

// at once, as a time of the due index.
var revived = time.Unix(0, reviveTime).UTC()

// zoneSets are the sets of zones that the model's contacts live in.
var zoneSets = [][]string{{bucharest}, {chisinau}, {bucharest, chisinau}, {"Asia/Nowhere"}}

// opening opens each set of zones two hours in three; Nowhere never opens.
func opening(zones []string, now time.Time) (bool, time.Time) {
	if zones[0] == "Asia/Nowhere" {
		return false, time.Time{}
	}
	h := now.Unix()/3600 + int64(len(zones)+len(zones[0]))
	if h%3 != 0 {
		return true, time.Time{}
	}
	return false, now.Truncate(time.Hour).Add(time.Hour)
}

func number(s ...string) uint32 {
	h := fnv.New32a()
	h.Write([]byte(strings.Join(s, "|")))
	return h.Sum32()
}

// rules is the Judge of the model test.
func rules(salt string, c Candidate, now time.Time) Verdict {
	n := number(salt, c.Phone, c.Zones[0])
	day := 0
	for _, at := range c.NumberTries {
		if now.Sub(at) < 24*time.Hour {
			day++
		}
	}
	later := monday.Add(time.Duration(n/8%30) * time.Hour)
	switch {
	case c.Suppressed != nil && n%2 == 0: // else the store must refuse by itself
		return Verdict{Kind: Never, Reason: "listed"}
	case c.Progress.Attempts >= 4:
		return Verdict{Kind: Never, Reason: "attempts-used-up"}
	case n%8 == 0:
		return Verdict{Kind: Never, Reason: "salted"}
	case n%8 == 1 && now.Before(later):
		return Verdict{Kind: Later, When: later, Reason: "early"}
	case day >= 3:
		return Verdict{Kind: Later, When: now.Add(6 * time.Hour), Reason: "day-full"}
	case n%8 == 2 && c.Progress.Attempts == 1:
		return Verdict{Kind: Later, When: now.Add(-time.Hour), Reason: "hasty"}
	}
	return Verdict{Kind: Yes, Trunk: "carrier", CallerID: "+40210000000"}
}

func (m *model) state(camp string, c *mContact) *mState {
	if st := c.state[camp]; st != nil {
		return st
	}
	return &mState{}
}

func (m *model) of(list string) (all []*mContact) {
	for _, c := range m.contacts {
		if c.List == list {
			all = append(all, c)
		}
	}
	return all
}

func (m *model) holds(list, phone string) bool {
	return slices.ContainsFunc(m.of(list), func(c *mContact) bool { return c.Phone == phone })
}

func (m *model) calling(phone string) bool {
	return slices.ContainsFunc(m.live, func(a *mAttempt) bool { return a.Contact.Phone == phone })
}

func (m *model) add(list string, seg int, c Contact, now time.Time) Contact {
	m.nextID++
	c.ID, c.List, c.ImportedAt = m.nextID, list, now
	m.contacts = append(m.contacts, &mContact{Contact: c, seg: seg, state: map[string]*mState{}})
	return c
}

// importRows is Import with step rows a transaction.
func (m *model) importRows(list string, rows []Contact, step int, now time.Time) ImportResult {
	res := ImportResult{List: list, Rows: len(rows)}
	l := m.lists[list]
	if l == nil {
		l = &mList{}
		m.lists[list] = l
	}
	if len(rows) >= step || len(l.segs) == 0 {
		m.nextSeg++
		l.segs = append(l.segs, m.nextSeg)
	}
	for _, c := range rows {
		if m.holds(list, c.Phone) {
			res.Duplicates++
			m.nextID++ // ids are given before numbers are compared
			continue
		}
		m.add(list, l.segs[len(l.segs)-1], c, now)
		res.Imported++
		if m.suppressed(Target{Phone: c.Phone}, now) != nil {
			res.Suppressed++
		}
	}
	return res
}

func (m *model) candidate(camp string, c *mContact, now time.Time) Candidate {
	cand := Candidate{Contact: c.Contact, Progress: m.state(camp, c).Progress, Leased: m.calling(c.Phone) || m.state(camp, c).live}
	cand.Suppressed = m.suppressed(Target{c.Phone, c.ID, camp, "bank"}, now)
	for _, at := range m.tries[c.Phone] {
		if now.Sub(at) <= triesFor {
			cand.NumberTries = append(cand.NumberTries, at)
		}
	}
	return cand
}

// mLease is a lease of the model: what it gave and whom it judged.
type mLease struct {
	m      *model
	req    LeaseRequest
	camp   *mCampaign
	res    LeaseResult
	judged []Candidate
	chosen map[uint64]bool // those of the request's choice that were judged
}

func (l *mLease) open(c *mContact) bool { open, _ := opening(c.Zones, l.req.Now); return open }

// run is the contract of Lease: what is due, then what is fresh, in order.
func (l *mLease) run() {
	for _, c := range l.owed() {
		if len(l.res.Attempts) == l.req.Max {
			break
		}
		l.examine(c)
	}
	if l.req.For != "" {
		return
	}
	l.takeChosen()
	for len(l.res.Attempts) < l.req.Max {
		c := l.firstDue()
		if c == nil {
			break
		}
		l.examine(c)
	}
	l.takeFresh()
	l.findNext()
}

// takeChosen: who is fresh, due, or promised a call that anybody may make now.
func (l *mLease) takeChosen() {
	l.chosen = map[uint64]bool{}
	for _, id := range l.req.Chosen {
		if len(l.res.Attempts) == l.req.Max {
			return
		}
		for _, c := range l.inLists() {
			st := l.m.state(l.req.Campaign, c)
			if c.ID != id || l.chosen[id] || !l.open(c) || st.live || st.Final != "" || st.Promise == nil && st.due.After(l.req.Now) {
				continue
			}
			if st.Promise != nil && (anybody(st).IsZero() || anybody(st).After(l.req.Now)) {
				continue
			}
			before, fresh := len(l.res.Attempts), st.due.IsZero() && st.Promise == nil
			l.examine(c)
			l.chosen[id] = true
			if fresh && len(l.res.Attempts) > before {
				l.pay(l.req.Lists, c.List)
			}
		}
	}
}

// pay moves the turns of lists with weights on: who is served pays what the others gain.
func (l *mLease) pay(left []Source, served string) {
	if !slices.ContainsFunc(l.req.Lists, func(s Source) bool { return s.Weight > 0 }) {
		return
	}
	for _, s := range left {
		l.camp.credit[s.List] += max(s.Weight, 1)
		l.camp.credit[served] -= max(s.Weight, 1)
	}
}

// owed are the callbacks that this lease may keep, by their time.
func (l *mLease) owed() (all []*mContact) {
	for _, c := range l.inLists() {
		st := l.m.state(l.req.Campaign, c)
		if st.owed.IsZero() || st.owed.After(l.req.Now) {
			continue
		}
		forAll := anybody(st)
		if l.req.For != "" && st.Promise.Operator == l.req.For || l.req.For == "" && !forAll.IsZero() && !forAll.After(l.req.Now) {
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b *mContact) int {
		return cmp.Or(l.m.state(l.req.Campaign, a).owed.Compare(l.m.state(l.req.Campaign, b).owed), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// anybody is when a promise may be kept by anybody; zero: never.
func anybody(st *mState) time.Time {
	at := st.Promise.At
	if st.Promise.Operator != "" {
		at = st.Promise.Deputy
	}
	if !at.IsZero() && at.Before(st.owed) {
		at = st.owed
	}
	return at
}

// inLists are the contacts of the lists of the request.
func (l *mLease) inLists() (all []*mContact) {
	for _, src := range l.req.Lists {
		all = append(all, l.m.of(src.List)...)
	}
	return all
}

// takeFresh: the first list that has somebody; with weights, the list that is
// owed most, who is served paying what the others gain.
func (l *mLease) takeFresh() {
	left := slices.Clone(l.req.Lists)
	weighted := slices.ContainsFunc(left, func(s Source) bool { return s.Weight > 0 })
	gain := func(s Source) int { return max(s.Weight, 1) }
	for len(l.res.Attempts) < l.req.Max && len(left) > 0 {
		next := left[0]
		for _, s := range left[1:] {
			if weighted && l.camp.credit[s.List]+gain(s) > l.camp.credit[next.List]+gain(next) {
				next = s
			}
		}
		before := len(l.res.Attempts)
		for len(l.res.Attempts) == before {
			c := l.firstFresh(next)
			if c == nil {
				break
			}
			l.pass(next, c)
			l.examine(c)
		}
		if len(l.res.Attempts) == before {
			left = slices.DeleteFunc(left, func(s Source) bool { return s.List == next.List })
			continue
		}
		l.pay(left, next.List)
	}
}

func (l *mLease) pass(src Source, c *mContact) {
	if src.Order == Newest {
		l.camp.seen[c.ID] = true
		return
	}
	l.camp.cursors[c.group()] = c.ID
}

func (l *mLease) waiting() (all []*mContact) {
	for _, src := range l.req.Lists {
		for _, c := range l.m.of(src.List) {
			if !l.m.state(l.req.Campaign, c).due.IsZero() {
				all = append(all, c)
			}
		}
	}
	slices.SortFunc(all, func(a, b *mContact) int {
		return cmp.Or(l.m.state(l.req.Campaign, a).due.Compare(l.m.state(l.req.Campaign, b).due), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func (l *mLease) firstDue() *mContact {
	for _, c := range l.waiting() {
		if l.open(c) && !l.m.state(l.req.Campaign, c).due.After(l.req.Now) {
			return c
		}
	}
	return nil
}

// heads are the first fresh contacts of a list by segment and zones; the walk
// goes past those that are taken.
func (l *mLease) heads(src Source, want func(*mContact) bool) (all []*mContact) {
	done := map[mGroup]bool{}
	contacts := l.m.of(src.List)
	if src.Order == Newest {
		slices.Reverse(contacts)
	}
	for _, c := range contacts {
		g := c.group()
		if src.Order == Newest && l.camp.seen[c.ID] || src.Order != Newest && l.camp.cursors[g] >= c.ID || done[g] || !want(c) {
			continue
		}
		if l.m.state(l.req.Campaign, c).taken() || l.chosen[c.ID] {
			l.pass(src, c)
			continue
		}
		done[g] = true
		all = append(all, c)
	}
	return all
}

func (l *mLease) firstFresh(src Source) *mContact {
	if heads := l.heads(src, l.open); len(heads) > 0 {
		return heads[0]
	}
	return nil
}

func (l *mLease) examine(c *mContact) {
	st := c.state[l.req.Campaign]
	if st == nil {
		st = &mState{}
		c.state[l.req.Campaign] = st
	}
	cand := l.m.candidate(l.req.Campaign, c, l.req.Now)
	l.judged = append(l.judged, cand)
	l.res.Examined++
	v := rules(l.camp.salt, cand, l.req.Now)
	if v.Kind == Yes && cand.Suppressed != nil {
		v = Verdict{Kind: Never, Reason: "do-not-call"}
	}
	if v.Kind == Yes && cand.Leased {
		v = Verdict{Kind: Later, Reason: "in-call", When: l.req.Now.Add(time.Minute)}
	}
	st.due, st.owed = time.Time{}, time.Time{}
	when := v.When
	if when.Before(l.req.Now.Add(time.Second)) {
		when = l.req.Now.Add(time.Second)
	}
	switch {
	case v.Kind == Yes:
		l.take(c, st, v)
		return
	case v.Kind == Later && st.Promise != nil:
		st.owed = when
	case v.Kind == Later:
		st.due, st.ruled = when, true
	default:
		if st.Promise != nil {
			st.NextTry, st.Rescheduled = time.Time{}, false
		}
		st.Promise, st.ruled = nil, false
	}
	l.res.Passed[v.Reason]++
}

func (l *mLease) take(c *mContact, st *mState, v Verdict) {
	l.m.attempts++
	st.Attempts++
	promise := st.Promise
	st.live, st.ruled, st.Promise, st.Rescheduled = true, false, nil, false
	a := &mAttempt{c: c, Attempt: Attempt{
		Campaign: l.req.Campaign, Version: l.req.Version, Number: st.Attempts, Contact: c.Contact, Trunk: v.Trunk, CallerID: v.CallerID,
		LeasedAt: l.req.Now, Owner: l.req.Owner, Expires: l.req.Now.Add(l.req.TTL),
		For: l.req.For, Promise: promise,
	}}
	l.m.live = append(l.m.live, a)
	tries := append(l.m.candidate(l.req.Campaign, c, l.req.Now).NumberTries, l.req.Now)
	l.m.tries[c.Phone] = tries[max(0, len(tries)-triesKept):]
	l.res.Attempts = append(l.res.Attempts, a.Attempt)
}

func notBefore(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

func (l *mLease) findNext() {
	var owed []time.Time
	defer func() { // callbacks do not wait for zones: the rules move them on
		for _, at := range owed {
			if l.res.NextAt.IsZero() || at.Before(l.res.NextAt) {
				l.res.NextAt = at
			}
		}
	}()
	add := func(c *mContact, at time.Time) {
		if open, next := opening(c.Zones, l.req.Now); !open {
			if next.IsZero() {
				return
			}
			if at.Before(next) {
				at = next
			}
		}
		if at.Before(l.req.Now) {
			at = l.req.Now
		}
		if l.res.NextAt.IsZero() || at.Before(l.res.NextAt) {
			l.res.NextAt = at
		}
	}
	for _, c := range l.waiting() {
		add(c, l.m.state(l.req.Campaign, c).due)
	}
	for _, c := range l.inLists() {
		if st := l.m.state(l.req.Campaign, c); !st.owed.IsZero() {
			switch at := anybody(st); {
			case !at.IsZero():
				owed = append(owed, notBefore(at, l.req.Now))
			case st.owed.Before(l.req.Now): // its operator's for ever, who is not there
				owed = append(owed, l.req.Now.Add(inCall))
			default:
				owed = append(owed, st.owed)
			}
		}
	}
	for _, src := range l.req.Lists {
		for _, c := range l.heads(src, func(c *mContact) bool { return c.Zones[0] != "Asia/Nowhere" }) {
			add(c, l.req.Now)
		}
	}
}

// settle ends a live attempt.
func (m *model) settle(a *mAttempt, st Settlement) {
	m.live = slices.DeleteFunc(m.live, func(o *mAttempt) bool { return o == a })
	p := a.c.state[a.Campaign]
	p.live = false
	p.LastOutcome, p.LastAt = st.Record.Outcome, st.Record.EndedAt
	p.Outcomes = append(slices.Clone(p.Outcomes), st.Record.Outcome)
	p.NextTry, p.Final, p.Rescheduled, p.due, p.ruled = st.NextTry, st.Final, st.Callback, st.NextTry, false
	kept, from := st.Promise, time.Time{}
	switch {
	case kept != nil:
		from = kept.At
	case st.Promised && p.Promise != nil:
		kept, from = p.Promise, p.Promise.At
	case st.Owed && a.Promise != nil:
		kept, from = a.Promise, notBefore(a.Promise.At, st.NextTry)
	}
	p.Promise = kept
	switch {
	case kept != nil:
		p.NextTry, p.Final, p.Rescheduled, p.due, p.owed = from, "", true, time.Time{}, from
	case p.Final != "":
		p.NextTry, p.Rescheduled, p.due = time.Time{}, false, time.Time{}
	}
	if st.Suppress != nil {
		m.suppress(*st.Suppress)
	}
	r := st.Record
	r.Campaign, r.CampaignVersion, r.Attempt, r.Trunk, r.CallerID = a.Campaign, a.Version, a.Number, a.Trunk, a.CallerID
	r.List, r.ContactID, r.Phone = a.Contact.List, a.Contact.ID, a.Contact.Phone
	m.records = append(m.records, r)
}

func (m *model) suppress(e Suppression) int {
	if e.List == "" {
		e.List = OwnList
	}
	key := string(dncKey(e))
	if old, ok := m.dnc[key]; ok && (old.Expires.IsZero() || e.AddedAt.Before(old.Expires)) {
		return 0
	}
	m.dnc[key] = e
	return 1
}

// mRegister is a register of the model.
type mRegister struct {
	Register
	phones map[string]bool
}

// suppressed is the first entry that covers a call: those of the number, of
// the contact, of prefixes from the shortest, of registers by name.
func (m *model) suppressed(g Target, now time.Time) *Suppression {
	rank := func(e Suppression) int {
		switch {
		case e.Phone == g.Phone:
			return 0
		case e.Contact != 0 && e.Contact == g.Contact:
			return 1
		case e.Prefix != "" && strings.HasPrefix(g.Phone, e.Prefix):
			return 1 + len(e.Prefix)
		}
		return -1
	}
	var found []Suppression
	for _, e := range m.dnc {
		inScope := e.Scope == "" || e.Scope == "campaign:"+g.Campaign || e.Scope == "client:"+g.Client
		if rank(e) >= 0 && inScope && (e.Expires.IsZero() || now.Before(e.Expires)) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b Suppression) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(string(dncKey(a)), string(dncKey(b))))
	})
	for _, name := range slices.Sorted(maps.Keys(m.regs)) {
		r := m.regs[name]
		if r.phones[g.Phone] && (r.Scope == "" || r.Scope == "campaign:"+g.Campaign || r.Scope == "client:"+g.Client) {
			found = append(found, Suppression{Phone: g.Phone, List: name, Scope: r.Scope, Reason: "register", AddedAt: r.ImportedAt})
		}
	}
	if len(found) == 0 {
		return nil
	}
	return &found[0]
}

// resetScope makes the campaigns of a scope begin anew.
func (m *model) resetScope(scope string) {
	for name := range m.camps {
		if !strings.HasPrefix(scope, "campaign:") || scope == "campaign:"+name {
			m.reset(name)
		}
	}
}

// again makes every campaign consider a contact again that was in the group from.
func (m *model) again(c *mContact, from mGroup) {
	for name, camp := range m.camps {
		st := c.state[name]
		known := st != nil && (st.Attempts > 0 || !st.due.IsZero() || st.Promise != nil)
		if st == nil {
			st = &mState{}
		}
		if !st.taken() && (known || camp.cursors[c.group()] >= c.ID || camp.cursors[from] >= c.ID || camp.seen[c.ID]) {
			st.due, st.ruled = revived, true
			c.state[name] = st
		}
	}
}

func (m *model) reset(camp string) {
	m.camps[camp].cursors, m.camps[camp].seen = map[mGroup]uint64{}, map[uint64]bool{}
}

func (m *model) removeList(name string) {
	delete(m.lists, name)
	m.contacts = slices.DeleteFunc(m.contacts, func(c *mContact) bool { return c.List == name })
}

func (m *model) listInUse(name string) bool {
	return slices.ContainsFunc(m.live, func(a *mAttempt) bool { return a.Contact.List == name || m.holds(name, a.Contact.Phone) })
}

func (m *model) tally(campaign, operator string) Tally {
	sum := Tally{Outcomes: map[string]int{}}
	for _, r := range m.records {
		if (campaign == "" || r.Campaign == campaign) && (operator == "" || r.Operator == operator) {
			sum.Add(&r)
		}
	}
	return sum
}
