package contactdb

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// both is the store and the model side by side.
type both struct {
	*rapid.T
	path string
	s    *Store
	m    *model
	now  time.Time
	step int // rows of a transaction of an import
	fold int // bytes of a layer that is folded
}

func TestRandomSequencesDoWhatTheModelDoes(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		run, err := os.MkdirTemp(dir, "")
		if err != nil {
			rt.Fatal(err)
		}
		defer os.RemoveAll(run)
		b := &both{T: rt, path: filepath.Join(run, "store.db"), m: newModel(), now: monday, step: 4}
		b.fold = rapid.SampledFrom([]int{1, 2000, foldSize}).Draw(rt, "fold")
		b.open()
		defer func() { b.s.Close() }()
		b.apply("sale")
		b.importRows()
		rt.Repeat(map[string]func(*rapid.T){
			"":           func(*rapid.T) {},
			"import":     func(*rapid.T) { b.importRows() },
			"lease":      func(*rapid.T) { b.lease() },
			"lease more": func(*rapid.T) { b.lease() },
			"crash":      func(*rapid.T) { b.crash() },
			"freeze":     func(*rapid.T) { b.freeze() },
			"settle":     func(*rapid.T) { b.settle() },
			"note":       func(*rapid.T) { b.note() },
			"recover":    func(*rapid.T) { b.recover() },
			"suppress":   func(*rapid.T) { b.suppress() },
			"unsuppress": func(*rapid.T) { b.unsuppress() },
			"register":   func(*rapid.T) { b.register() },
			"callback":   func(*rapid.T) { b.callback() },
			"apply":      func(*rapid.T) { b.apply(b.campaign()) },
			"select":     func(*rapid.T) { b.selectVersion() },
			"rejudge":    func(*rapid.T) { b.rejudge() },
			"add":        func(*rapid.T) { b.addContact() },
			"edit":       func(*rapid.T) { b.editContact() },
			"remove":     func(*rapid.T) { b.removeList() },
			"wait":       func(*rapid.T) { b.now = b.now.Add(time.Duration(b.int("minutes", 1, 300)) * time.Minute) },
			"reopen":     func(*rapid.T) { b.reopen() },
		})
		b.compare()
	})
}

func (b *both) int(label string, from, to int) int {
	return rapid.IntRange(from, to).Draw(b.T, label)
}

func (b *both) campaign() string {
	return rapid.SampledFrom([]string{"sale", "survey"}).Draw(b.T, "campaign")
}

func (b *both) list() string {
	return rapid.SampledFrom([]string{"one", "two"}).Draw(b.T, "list")
}

func (b *both) phone() string { return person(b.int("phone", 0, 24)).Phone }

func (b *both) zones() []string { return rapid.SampledFrom(zoneSets).Draw(b.T, "zones") }

func (b *both) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// same fails if store and model differ.
func (b *both) same(what string, model, store any, opts ...cmp.Option) {
	b.Helper()
	if diff := cmp.Diff(model, store, append(opts, cmpopts.EquateEmpty())...); diff != "" {
		b.Fatalf("%s (-model +store):\n%s", what, diff)
	}
}

// fails says whether an operation that the model refuses was refused so.
func (b *both) fails(err, want error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Fatalf("got error %v, want %v", err, want)
	}
}

func (b *both) open() {
	var err error
	b.s, err = Open(Config{Path: b.path, foldSize: b.fold})
	b.must(err)
	b.s.importStep, b.s.importKeep = b.step, 3
}

func (b *both) reopen() {
	b.must(b.s.Close())
	b.open()
}

// wait returns when the notes in the queue are written.
func (b *both) wait() { b.must(b.s.update("wait", func(*tx) error { return nil })) }

// freeze begins a fold that does not come to its end before a crash, if one is next.
func (b *both) freeze() {
	b.wait() // it is to be alone
	b.must(b.s.update("freeze", func(*tx) error { b.s.freeze(); return nil }))
}

// crash opens what is on the disk, while nothing is folded, without a last fold.
func (b *both) crash() {
	b.wait() // else a note may be lost, which the model does not know
	btx, err := b.s.db.Begin(true)
	b.must(err)
	after := copyStore(b, b.path)
	b.must(btx.Rollback())
	b.must(b.s.Close())
	b.path = after
	b.open()
}

// copyStore copies a store's files into a new folder beside it, as a kill leaves them.
func copyStore(t interface{ Fatal(...any) }, path string) string {
	dir, err := os.MkdirTemp(filepath.Dir(path), "")
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "store.db")
	for _, end := range []string{"", journalEnds[0], journalEnds[1]} {
		content, err := os.ReadFile(path + end)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+end, content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func (b *both) importRows() {
	list := b.list()
	var rows []Contact
	for range b.int("rows", 0, 11) {
		rows = append(rows, Contact{Phone: b.phone(), Zones: b.zones()})
	}
	if b.int("broken", 0, 5) == 0 {
		broken := func(yield func(Contact, error) bool) {
			rowsOf(rows...)(yield)
			yield(Contact{}, errors.New("broken"))
		}
		if _, err := b.s.Import(context.Background(), list, b.now, iter.Seq2[Contact, error](broken)); err == nil {
			b.Fatal("a broken import succeeded")
		}
		b.skipIDs(rows)
		return
	}
	got, err := b.s.Import(context.Background(), list, b.now, rowsOf(rows...))
	b.must(err)
	b.same("import", b.m.importRows(list, rows, b.step, b.now), got)
}

// skipIDs: an undone import has used up ids for the parts that it had staged.
func (b *both) skipIDs(rows []Contact) {
	b.must(b.s.view("ids", func(t *tx) error {
		b.m.nextID = t.sequence(bContacts)
		return nil
	}))
}

func (b *both) lease() {
	name := b.campaign()
	camp := b.m.camps[name]
	req := LeaseRequest{
		Viewpoint: Viewpoint{Campaign: name, Client: "bank", Now: b.now}, Version: 1, Max: b.int("max", 0, 6), Owner: fmt.Sprintf("owner%d", b.int("owner", 1, 2)), TTL: time.Hour,
		For: rapid.SampledFrom([]string{"", "", "", "ana", "ion"}).Draw(b.T, "for"),
	}
	for _, list := range rapid.SampledFrom([][]string{{"one"}, {"two", "one"}, {"one", "two"}, {"none", "two"}}).Draw(b.T, "lists") {
		req.Lists = append(req.Lists, Source{List: list, Weight: b.int("weight", 0, 3), Order: map[string]Order{"two": Newest}[list]})
	}
	if camp == nil {
		_, err := b.s.Lease(context.Background(), req)
		b.fails(err, ErrNotFound)
		_, err = b.s.Ahead(context.Background(), req)
		b.fails(err, ErrNotFound)
		return
	}
	var judged []Candidate
	req.Open = func(zones []string) (bool, time.Time) { return opening(zones, b.now) }
	req.Judge = func(c Candidate) Verdict {
		judged = append(judged, c)
		return rules(camp.salt, c, b.now)
	}
	req.Chosen = b.choice(req)
	next, err := b.s.Ahead(context.Background(), req)
	b.must(err)
	judged = nil
	got, err := b.s.Lease(context.Background(), req)
	b.must(err)
	b.same("ahead", idsOf(next, func(c Candidate) uint64 { return c.ID }), idsOf(got.Attempts, func(a Attempt) uint64 { return a.Contact.ID }))
	l := &mLease{m: b.m, req: req, camp: camp, res: LeaseResult{Passed: map[string]int{}}}
	l.run()
	b.same("candidates", l.judged, judged)
	b.same("lease", l.res, got, cmpopts.IgnoreFields(Attempt{}, "ID", "SIPCallID"))
	for i, a := range got.Attempts {
		b.m.live[len(b.m.live)-len(got.Attempts)+i].ID = a.ID
		b.m.live[len(b.m.live)-len(got.Attempts)+i].SIPCallID = a.SIPCallID
	}
}

// choice is some of those who are next, in another order, and some others.
func (b *both) choice(req LeaseRequest) (chosen []uint64) {
	req.Max = 9
	next, err := b.s.Ahead(context.Background(), req)
	b.must(err)
	for range b.int("chosen", 0, 2) {
		chosen = append(chosen, uint64(b.int("anybody", 0, int(b.m.nextID)+1)))
		if len(next) > 0 {
			chosen = append(chosen, next[b.int("next", 0, len(next)-1)].ID)
		}
	}
	return chosen
}

func idsOf[T any](all []T, id func(T) uint64) (ids []uint64) {
	for _, a := range all {
		ids = append(ids, id(a))
	}
	return ids
}

func (b *both) settle() {
	if len(b.m.live) == 0 {
		_, err := b.s.Settle(context.Background(), Settlement{Record: Record{ID: fmt.Sprintf("a%012d", b.int("settled", 0, 9))}})
		b.fails(err, ErrState)
		return
	}
	a := rapid.SampledFrom(b.m.live).Draw(b.T, "attempt")
	st := Settlement{Promised: b.int("promised", 0, 1) == 0, Owed: b.int("owed", 0, 1) == 0, Record: Record{
		ID: a.ID, SIPCallID: a.SIPCallID, PlacedAt: b.now, EndedAt: b.now.Add(time.Minute), EndedBy: "customer",
		Outcome: rapid.SampledFrom(Outcomes).Draw(b.T, "outcome"), TalkMS: int64(b.int("talk", 0, 99)),
		Operator: rapid.SampledFrom([]string{"", "ana", "ion"}).Draw(b.T, "operator"),
	}}
	switch b.int("next", 0, 4) {
	case 4:
		p := b.promise()
		st.Promise = &p
	case 0:
		st.Final = "sold"
	case 1:
		st.Callback = true
		fallthrough
	default:
		st.NextTry = b.now.Add(time.Duration(b.int("retry", 0, 40)) * time.Hour)
	}
	if b.int("dnc", 0, 5) == 0 {
		st.Suppress = &Suppression{Phone: a.Contact.Phone, Reason: "asked", Source: "call", AddedAt: b.now}
	}
	if b.int("answered", 0, 1) == 0 {
		st.Record.AnsweredAt = b.now.Add(time.Second)
	}
	_, err := b.s.Settle(context.Background(), st)
	b.must(err)
	b.m.settle(a, st)
	_, err = b.s.Settle(context.Background(), st)
	b.fails(err, ErrState)
}

func (b *both) note() {
	if len(b.m.live) == 0 {
		b.must(b.s.Note("a000000000000", Notes{PlacedAt: b.now}))
		return
	}
	a := rapid.SampledFrom(b.m.live).Draw(b.T, "attempt")
	n := rapid.SampledFrom([]Notes{
		{PlacedAt: b.now}, {AnsweredAt: b.now, Dialog: "dialog"}, {BridgedAt: b.now, Operator: "ana"}, {RingingAt: b.now},
	}).Draw(b.T, "notes")
	b.must(b.s.Note(a.ID, n))
	a.Notes = a.Notes.with(n)
}

func (b *both) recover() {
	owner := rapid.SampledFrom([]string{"", "owner1", "owner2"}).Draw(b.T, "owner")
	next := func(a Attempt) (time.Time, string) {
		if a.Number > 2 {
			return time.Time{}, "used up"
		}
		return b.now.Add(time.Hour), ""
	}
	got, err := b.s.Recover(context.Background(), owner, b.now, next)
	b.must(err)
	var want []Attempt
	for _, a := range slices.Clone(b.m.live) {
		if owner != "" && a.Owner != owner {
			continue
		}
		want = append(want, a.Attempt)
		rec := interrupted(a.Notes, a.ID, b.now)
		rec.SIPCallID = a.SIPCallID
		at, final := next(a.Attempt)
		b.m.settle(a, Settlement{Record: rec, NextTry: at, Final: final, Promised: true, Owed: final == "" && a.Notes.BridgedAt.IsZero()})
	}
	b.same("recovered", want, got)
}

// entry is a do-not-call entry of any kind, list and scope.
func (b *both) entry() Suppression {
	e := Suppression{
		List:  rapid.SampledFrom([]string{OwnList, OwnList, "clients"}).Draw(b.T, "dnc list"),
		Scope: rapid.SampledFrom([]string{"", "", "client:bank", "client:other", "campaign:sale"}).Draw(b.T, "scope"),
	}
	switch b.int("kind", 0, 5) {
	case 0:
		e.Prefix = rapid.SampledFrom([]string{"+4070000000", "+40700000001", "+40700000002"}).Draw(b.T, "prefix")
	case 1:
		e.Contact = uint64(b.int("contact", 1, 30))
	default:
		e.Phone = b.phone()
	}
	return e
}

// register replaces a register, or removes it.
func (b *both) register() {
	name := rapid.SampledFrom([]string{"national", "robinson"}).Draw(b.T, "register")
	old, was := b.m.regs[name]
	if b.int("removed", 0, 4) == 0 {
		err := b.s.RemoveRegister(name)
		if !was {
			b.fails(err, ErrNotFound)
			return
		}
		b.must(err)
		delete(b.m.regs, name)
		b.m.resetScope(old.Scope)
		return
	}
	r := mRegister{phones: map[string]bool{}, Register: Register{Name: name, ImportedAt: b.now}}
	r.Scope = rapid.SampledFrom([]string{"", "client:bank", "campaign:survey"}).Draw(b.T, "scope")
	var rows []string
	for range b.int("numbers", 0, 12) {
		rows = append(rows, b.phone())
		r.phones[rows[len(rows)-1]] = true
	}
	r.Numbers = len(r.phones)
	got, err := b.s.ReplaceRegister(context.Background(), Register{Name: name, Scope: r.Scope}, false, b.now, func(yield func(string, error) bool) {
		for _, phone := range rows {
			if !yield(phone, nil) {
				return
			}
		}
	})
	b.must(err)
	b.same("register", r.Register, got)
	b.m.regs[name] = r
	if was {
		b.m.resetScope(old.Scope)
	}
}

func (b *both) promise() Promise {
	p := Promise{At: b.now.Add(time.Duration(b.int("promised for", 1, 40)) * 20 * time.Minute), By: "dan", MadeAt: b.now}
	if p.Operator = rapid.SampledFrom([]string{"", "ana", "ion"}).Draw(b.T, "operator"); p.Operator != "" && b.int("deputy", 0, 2) > 0 {
		p.Deputy = p.At.Add(time.Duration(b.int("deputy after", 0, 60)) * time.Minute)
	}
	return p
}

// callback promises a call to a contact, or takes a promise back.
func (b *both) callback() {
	if len(b.m.contacts) == 0 {
		return
	}
	c, name := rapid.SampledFrom(b.m.contacts).Draw(b.T, "contact"), b.campaign()
	p, cancel := b.promise(), b.int("cancel", 0, 3) == 0
	if b.m.camps[name] == nil {
		_, err := b.s.PromiseCallback(name, c.Contact, p)
		b.fails(err, ErrNotFound)
		return
	}
	st := c.state[name]
	if cancel {
		_, err := b.s.CancelCallback(name, c.Contact)
		if st == nil || st.Promise == nil {
			b.fails(err, ErrNotFound)
			return
		}
		b.must(err)
		st.Promise, st.owed, st.Rescheduled, st.NextTry = nil, time.Time{}, false, time.Time{}
		if !st.live {
			st.due, st.ruled = revived, true
		}
		return
	}
	_, err := b.s.PromiseCallback(name, c.Contact, p)
	b.must(err)
	if st == nil {
		st = &mState{}
		c.state[name] = st
	}
	st.Promise, st.NextTry, st.Final, st.Rescheduled, st.due, st.ruled = &p, p.At, "", true, time.Time{}, false
	if st.owed = (time.Time{}); !st.live {
		st.owed = p.At
	}
}

func (b *both) suppress() {
	entry := b.entry()
	entry.Reason, entry.Source, entry.AddedAt = "asked", "file", b.now
	if b.int("for a time", 0, 3) == 0 {
		entry.Expires = b.now.Add(time.Duration(b.int("valid", 1, 30)) * time.Hour)
	}
	added, err := b.s.Suppress(context.Background(), func(yield func(Suppression, error) bool) { yield(entry, nil) })
	b.must(err)
	b.same("added", b.m.suppress(entry), added)
}

func (b *both) unsuppress() {
	entry := b.entry()
	_, err := b.s.Unsuppress(entry)
	if _, ok := b.m.dnc[string(dncKey(entry))]; !ok {
		b.fails(err, ErrNotFound)
		return
	}
	b.must(err)
	delete(b.m.dnc, string(dncKey(entry)))
	if entry.Phone == "" {
		b.m.resetScope(entry.Scope)
		return
	}
	for _, c := range b.m.contacts {
		if c.Phone == entry.Phone {
			b.m.again(c, c.group())
		}
	}
}

func (b *both) apply(name string) {
	source := fmt.Sprintf("salt %d", b.int("salt", 0, 5))
	got, err := b.s.ApplyCampaign(name, []byte(source), b.now)
	b.must(err)
	c := b.m.camps[name]
	if c == nil {
		c = &mCampaign{credit: map[string]int{}}
		b.m.camps[name] = c
	}
	if c.inForce == 0 || c.sources[c.inForce-1] != source {
		c.sources = append(c.sources, source)
		c.inForce, c.salt = len(c.sources), source
		b.m.reset(name)
	}
	b.same("version in force", c.inForce, got.Version)
}

func (b *both) selectVersion() {
	name, version := b.campaign(), b.int("version", 1, 4)
	_, err := b.s.SelectVersion(name, version, b.now)
	c := b.m.camps[name]
	if c == nil || version > len(c.sources) {
		b.fails(err, ErrNotFound)
		return
	}
	b.must(err)
	if c.inForce != version {
		c.inForce, c.salt = version, c.sources[version-1]
		b.m.reset(name)
	}
}

func (b *both) rejudge() {
	name := b.campaign()
	err := b.s.Rejudge(name)
	if b.m.camps[name] == nil {
		b.fails(err, ErrNotFound)
		return
	}
	b.must(err)
	b.m.reset(name)
}

func (b *both) addContact() {
	c := Contact{List: b.list(), Phone: b.phone(), Zones: b.zones()}
	got, err := b.s.PutContact(c, b.now)
	l := b.m.lists[c.List]
	switch {
	case l == nil:
		b.fails(err, ErrNotFound)
	case b.m.holds(c.List, c.Phone):
		b.fails(err, ErrExists)
	default:
		b.must(err)
		b.same("contact", b.m.add(c.List, l.segs[len(l.segs)-1], c, b.now), got)
	}
}

func (b *both) editContact() {
	if len(b.m.contacts) == 0 {
		return
	}
	c := rapid.SampledFrom(b.m.contacts).Draw(b.T, "contact")
	edited := c.Contact
	edited.Name, edited.Phone = "edited", b.phone()
	if c.List != "two" { // of a walk from the newest, only ids that it has seen are known
		edited.Zones = b.zones()
	}
	_, err := b.s.PutContact(edited, b.now)
	if edited.Phone != c.Phone && b.m.holds(c.List, edited.Phone) {
		b.fails(err, ErrExists)
		return
	}
	b.must(err)
	from := c.group()
	c.Contact = edited
	b.m.again(c, from)
}

func (b *both) removeList() {
	if b.int("really", 0, 2) > 0 {
		return
	}
	name := b.list()
	err := b.s.RemoveList(name)
	switch {
	case b.m.lists[name] == nil:
		b.fails(err, ErrNotFound)
	case b.m.listInUse(name):
		b.fails(err, ErrState)
	default:
		b.must(err)
		b.m.removeList(name)
	}
}

// compare looks at everything that can be asked.
func (b *both) compare() {
	b.wait()
	b.must(b.s.Check())
	live, err := b.s.Live()
	b.must(err)
	var wantLive []Attempt
	for _, a := range b.m.live {
		wantLive = append(wantLive, a.Attempt)
	}
	b.same("live", wantLive, live)
	for _, c := range b.m.contacts {
		for name := range b.m.camps {
			p, err := b.s.Progress(name, c.ID)
			b.must(err)
			b.same("progress", b.m.state(name, c).Progress, p)
		}
	}
	var records []Record
	for r, err := range b.s.Records(RecordFilter{}) {
		b.must(err)
		records = append(records, r)
	}
	b.same("records", b.m.records, records, cmpopts.IgnoreFields(Record{}, "PrevHash", "Hash"))
	b.compareLists()
	b.compareTallies()
}

func (b *both) compareLists() {
	lists, err := b.s.Lists()
	b.must(err)
	b.same("lists", len(b.m.lists), len(lists))
	for _, l := range lists {
		var got, want []Contact
		for c, err := range b.s.Contacts(l.Name) {
			b.must(err)
			got = append(got, c)
		}
		all := b.m.of(l.Name)
		slices.SortStableFunc(all, func(x, y *mContact) int { return x.seg - y.seg })
		counts := map[string]int{}
		for _, c := range all {
			want = append(want, c.Contact)
			counts[strings.Join(c.Zones, ",")]++
		}
		b.same("contacts of "+l.Name, want, got)
		said := map[string]int{}
		for _, z := range l.Zones {
			said[strings.Join(z.Zones, ",")] = z.Contacts
		}
		b.same("counts of "+l.Name, counts, said)
		b.same("count of "+l.Name, len(all), l.Contacts)
	}
}

func (b *both) compareTallies() {
	for _, name := range []string{"sale", "survey"} {
		got, err := b.s.Tally(name, time.Time{}, time.Time{})
		b.must(err)
		b.same("tally of "+name, b.m.tally(name, ""), got)
	}
	for _, campaign := range []string{"", "sale"} {
		got, err := b.s.OperatorTally("ana", campaign, time.Time{}, time.Time{})
		b.must(err)
		b.same("tally of ana", b.m.tally(campaign, "ana"), got)
	}
}
