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
	ruled bool
	live  bool
}

func (s *mState) taken() bool { return !s.due.IsZero() && !s.ruled || s.live || s.Final != "" }

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
	if len(rows) > step || len(l.segs) == 0 {
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
	cand := Candidate{Contact: c.Contact, Progress: m.state(camp, c).Progress, Leased: m.calling(c.Phone)}
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
}

func (l *mLease) open(c *mContact) bool { open, _ := opening(c.Zones, l.req.Now); return open }

// run is the contract of Lease: what is due, then what is fresh, in order.
func (l *mLease) run() {
	for len(l.res.Attempts) < l.req.Max {
		c := l.firstDue()
		if c == nil {
			break
		}
		l.examine(c)
	}
	for _, list := range l.req.Lists {
		for len(l.res.Attempts) < l.req.Max {
			c := l.firstFresh(list)
			if c == nil {
				break
			}
			l.camp.cursors[c.group()] = c.ID
			l.examine(c)
		}
	}
	l.findNext()
}

func (l *mLease) waiting() (all []*mContact) {
	for _, list := range l.req.Lists {
		for _, c := range l.m.of(list) {
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
func (l *mLease) heads(list string, want func(*mContact) bool) (all []*mContact) {
	done := map[mGroup]bool{}
	for _, c := range l.m.of(list) {
		g := c.group()
		if l.camp.cursors[g] >= c.ID || done[g] || !want(c) {
			continue
		}
		if l.m.state(l.req.Campaign, c).taken() {
			l.camp.cursors[g] = c.ID
			continue
		}
		done[g] = true
		all = append(all, c)
	}
	return all
}

func (l *mLease) firstFresh(list string) *mContact {
	if heads := l.heads(list, l.open); len(heads) > 0 {
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
	st.due = time.Time{}
	switch v.Kind {
	case Yes:
		l.take(c, st, v)
		return
	case Later:
		if st.due = v.When; st.due.Before(l.req.Now.Add(time.Second)) {
			st.due = l.req.Now.Add(time.Second)
		}
	}
	st.ruled = v.Kind == Later
	l.res.Passed[v.Reason]++
}

func (l *mLease) take(c *mContact, st *mState, v Verdict) {
	l.m.attempts++
	st.Attempts++
	st.live, st.ruled = true, false
	a := &mAttempt{c: c, Attempt: Attempt{
		Campaign: l.req.Campaign, Version: l.req.Version, Number: st.Attempts, Contact: c.Contact, Trunk: v.Trunk, CallerID: v.CallerID,
		LeasedAt: l.req.Now, Owner: l.req.Owner, Expires: l.req.Now.Add(l.req.TTL),
	}}
	l.m.live = append(l.m.live, a)
	tries := append(l.m.candidate(l.req.Campaign, c, l.req.Now).NumberTries, l.req.Now)
	l.m.tries[c.Phone] = tries[max(0, len(tries)-triesKept):]
	l.res.Attempts = append(l.res.Attempts, a.Attempt)
}

func (l *mLease) findNext() {
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
	for _, list := range l.req.Lists {
		for _, c := range l.heads(list, func(c *mContact) bool { return c.Zones[0] != "Asia/Nowhere" }) {
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
	if p.Final != "" {
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
		known := st != nil && (st.Attempts > 0 || !st.due.IsZero())
		if st == nil {
			st = &mState{}
		}
		if !st.taken() && (known || camp.cursors[c.group()] >= c.ID || camp.cursors[from] >= c.ID) {
			st.due, st.ruled = revived, true
			c.state[name] = st
		}
	}
}

func (m *model) reset(camp string) { m.camps[camp].cursors = map[mGroup]uint64{} }

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
			sum.add(r)
		}
	}
	return sum
}
