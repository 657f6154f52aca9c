package console

import (
	"cmp"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"apel/contactdb"
)

// NewSuppressions is the body of a request that adds do-not-call entries.
type NewSuppressions struct {
	Phones   []string  `json:"phones,omitempty"`
	Prefixes []string  `json:"prefixes,omitempty"` // as "+4021": every number that begins so
	Contacts []uint64  `json:"contacts,omitempty"` // ids: all numbers of these persons
	Country  string    `json:"country,omitempty"`
	List     string    `json:"list,omitempty"`  // default: own
	Scope    string    `json:"scope,omitempty"` // client:NAME or campaign:NAME; default: every call
	Reason   string    `json:"reason,omitempty"`
	Source   string    `json:"source,omitempty"`
	Expires  time.Time `json:"expires,omitzero"`
}

// entries are what the body asks for.
func (b NewSuppressions) entries(now time.Time) (all []contactdb.Suppression, err error) {
	if err := checkScope(b.Scope); err != nil {
		return nil, err
	}
	if !b.Expires.IsZero() && !now.Before(b.Expires) {
		return nil, problem(Usage, "the entry would have expired at %s already; give a time to come, or none", b.Expires.Format(time.RFC3339))
	}
	e := contactdb.Suppression{List: b.List, Scope: b.Scope, Reason: b.Reason, Source: b.Source, AddedAt: now, Expires: b.Expires}
	for _, p := range b.Phones {
		phone, err := parsePhone(p, b.Country)
		if err != nil {
			return nil, err
		}
		one := e
		one.Phone = phone
		all = append(all, one)
	}
	for _, p := range b.Prefixes {
		one := e
		if one.Prefix, err = parsePrefix(p); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	for _, id := range b.Contacts {
		one := e
		one.Contact = id
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, problem(Usage, "no number is given; name one or more")
	}
	return all, nil
}

var prefix = regexp.MustCompile(`^\+[1-9][0-9]{0,13}$`)

func parsePrefix(text string) (string, error) {
	text = strings.TrimSuffix(text, "*")
	if !prefix.MatchString(text) {
		return "", problem(Input, "%q is no prefix of numbers; write + and its digits, for example +4021", text)
	}
	return text, nil
}

func checkScope(scope string) error {
	if err := contactdb.ParseScope(scope); err != nil {
		return problem(Usage, "%v", err)
	}
	return nil
}

// SuppressionsAdded says what became of them: Given = Added + Known.
type SuppressionsAdded struct {
	Given int `json:"given"`
	Added int `json:"added"`
	Known int `json:"known"` // were there already
}

func (a *api) addSuppressions(r *http.Request) (any, error) {
	var body NewSuppressions
	if err := readJSON(r, &body); err != nil {
		return nil, err
	}
	entries, err := body.entries(time.Now())
	if err != nil {
		return nil, err
	}
	added, err := a.svc.Suppress(r.Context(), entries)
	t := traceOf(r)
	t.Phone = entries[0].Phone
	said := body
	said.Phones = nil // they are the subjects
	t.change(nil, said)
	for _, e := range entries[1:] {
		more := t.AuditEntry
		more.Phone = e.Phone
		t.others = append(t.others, more)
	}
	return SuppressionsAdded{len(entries), added, len(entries) - added}, err
}

// SuppressionCheck says by which entries of which lists a number is covered,
// and whether any of them is in force for every call.
type SuppressionCheck struct {
	Phone      string                  `json:"phone"`
	Suppressed bool                    `json:"suppressed"` // for every call; with campaign in the query: for that one's
	Entry      *contactdb.Suppression  `json:"entry,omitempty"`
	Entries    []contactdb.Suppression `json:"entries"` // of all lists and scopes, those that have expired too
}

func (a *api) suppressed(r *http.Request) (any, error) {
	phone, err := pathPhone(r)
	if err != nil {
		return nil, err
	}
	target := contactdb.Target{Phone: phone}
	if name := r.URL.Query().Get("campaign"); name != "" {
		if target.Campaign, target.Client, err = a.svc.ClientOf(name); err != nil {
			return nil, a.missingCampaign(err, name)
		}
	}
	c := SuppressionCheck{Phone: phone}
	if c.Entries, err = a.svc.Store().SuppressedBy(phone); err != nil {
		return nil, err
	}
	c.Entry, err = a.svc.Store().Suppressed(target, time.Now())
	c.Suppressed = c.Entry != nil
	return c, err
}

// unsuppress removes the entry of a number, or of a prefix: its path ends in *.
func (a *api) unsuppress(r *http.Request) (any, error) {
	q := r.URL.Query()
	e, name := contactdb.Suppression{List: q.Get("list"), Scope: q.Get("scope")}, r.PathValue("phone")
	if err := checkScope(e.Scope); err != nil {
		return nil, err
	}
	var err error
	if strings.HasSuffix(name, "*") {
		e.Prefix, err = parsePrefix(name)
	} else {
		e.Phone, err = pathPhone(r)
		name = e.Phone
	}
	if err != nil {
		return nil, err
	}
	before, err := a.svc.Unsuppress(e)
	if errors.Is(err, contactdb.ErrNotFound) {
		return nil, a.notAdded(e, name)
	}
	traceOf(r).change(before, nil)
	return Removed{name}, err
}

// notAdded says where else a number is, if it is not where it was to be removed.
func (a *api) notAdded(e contactdb.Suppression, name string) error {
	if e.Phone != "" {
		if all, err := a.svc.Store().SuppressedBy(e.Phone); err == nil && len(all) > 0 {
			return problem(NotFound, "%s is not in the list %q itself, but covered by list %q; see: apel dnc check %s",
				name, cmp.Or(e.List, contactdb.OwnList), all[0].List, name)
		}
	}
	return problem(NotFound, "%s is not on the do-not-call list; nothing was changed", name)
}

// DNCList is a do-not-call list: a register with its issue, or one whose
// entries were added one by one.
type DNCList struct {
	contactdb.Register
	Expired bool `json:"expired"` // a newer issue should be there
}

func (a *api) registers(*http.Request) (any, error) {
	all, err := a.svc.Store().Registers()
	if err != nil {
		return nil, err
	}
	added := map[string]int{contactdb.OwnList: 0}
	for e, err := range a.svc.Store().AddedSuppressions() {
		if err != nil {
			return nil, err
		}
		added[e.List]++
	}
	lists := []DNCList{}
	for _, r := range all {
		r.Numbers += added[r.Name]
		delete(added, r.Name)
		lists = append(lists, DNCList{r, r.Expired(time.Now())})
	}
	for _, name := range slices.Sorted(maps.Keys(added)) {
		lists = append(lists, DNCList{Register: contactdb.Register{Name: name, Numbers: added[name]}})
	}
	return lists, nil
}

func (a *api) removeRegister(r *http.Request) (any, error) {
	name := r.PathValue("list")
	err := a.svc.RemoveRegister(name)
	if errors.Is(err, contactdb.ErrNotFound) {
		return nil, problem(NotFound, "there is no register %q; see: apel dnc ls", name)
	}
	return Removed{name}, err
}
